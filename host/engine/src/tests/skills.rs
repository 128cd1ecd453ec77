//! Skills on the real engine: packed from text, with code of their own, and hostile ones.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use octi_domain::limits;
use octi_extension::manifest::{Kind, Manifest};
use octi_extension::registry::{PluginState, Registry};
use octi_extension::skill::Skill;
use octi_extension::tool::{Containment, ToolError};
use octi_testkit::guests::{FOREVER, Guest, component, manifest, with_manifest};
use serde_json::json;

use super::guests::{Gate, call, generation, host, host_on};
use super::manager::{Home, status, until};
use crate::generation::Generation;
use crate::install;
use crate::loader;
use crate::pack::{pack_role, pack_skill, pack_tool, texts_of};
use crate::skill::WasmSkill;
use crate::state::Caller;

const TOML: &str = "id = 'acme/reviews'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Reviews'\n";
const FRONT: &str = "---\nname: code-review\ndescription: How to review ä change\nlicense: MIT\ntriggers: [review this]\ntopics: [code]\n\
                     experts: [reviewer]\n---\n";

fn folder(toml: &str, text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plugin.toml"), toml).expect("written");
    std::fs::write(folder.path().join("SKILL.md"), text).expect("written");
    folder
}

fn packed(text: &str) -> Vec<u8> {
    pack_skill(folder(TOML, &format!("{FRONT}{text}")).path()).expect("a skill")
}

fn skill(guest: &Arc<Generation>) -> WasmSkill {
    WasmSkill::new(guest, guest.manifest().skill.clone().expect("a skill"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_says_through_the_engine_what_its_file_says() {
    let long = format!("# Ünusual\n\n{}", "x".repeat(50_000));
    let bytes = packed(&long);
    let guest = generation(&host(), bytes.clone());
    assert_eq!((guest.manifest().kinds.as_slice(), guest.manifest().license.as_deref()), (&[Kind::Skill][..], Some("MIT")));
    let skill = skill(&guest);
    assert_eq!(skill.text("").await, Ok(format!("{long}\n")));
    assert_eq!(skill.fits("review this").await, Ok(false), "the host compares words, nobody asks the text");
    let ready = guest.ready().await.expect("it runs");
    let setup = |job| guest.setup(Caller::host(job), Duration::from_secs(5));
    let packed = ready.skill.as_ref().expect("a skill");
    let said = "s".repeat(limits::SKILL_SAID_BYTES_MAX);
    assert_eq!(packed.fits(setup("test"), &said).await.0, Ok(false), "it takes as much as a host ever gives it");
    let spec = packed.spec(setup("test")).await.0.expect("a description");
    assert_eq!((spec.name.as_str(), spec.description.as_str()), ("code-review", "How to review ä change"));
    assert_eq!(
        (spec.triggers, spec.topics, spec.roles),
        (vec!["review this".into()], vec!["code".into()], vec!["reviewer".into()])
    );
    assert_eq!((spec.always, spec.dynamic), (false, false));
}

#[test]
fn a_packed_skill_is_a_few_kilobytes_and_the_same_bytes_each_time() {
    let text = "# Reviewing\n\nRead the change first.\n";
    let bytes = packed(text);
    assert!(bytes.len() < 4 * 1024, "{} bytes", bytes.len());
    assert_eq!(packed(text), bytes);
    assert_eq!(loader::inspect(&bytes).expect("a plugin").imports, Vec::<String>::new());
}

#[test]
fn what_cannot_be_packed_is_named() {
    let refused = |toml: &str, text: &str| pack_skill(folder(toml, text).path()).expect_err("no skill").to_string();
    let broken = refused(TOML, "---\nname: a\ndescription: ''\n---\nx");
    assert!(broken.contains("SKILL.md`: line 3: `description`"), "{broken}");
    let twice = refused(&format!("{TOML}[skill]\nname = 'a'\ndescription = 'b'\n"), &format!("{FRONT}x"));
    assert!(twice.contains("so remove the table"), "{twice}");
    let tools = refused(&format!("{TOML}[tools.run]\n"), &format!("{FRONT}x"));
    assert!(tools.contains("cannot have `[tools]`"), "{tools}");
    let large = refused(TOML, &format!("{FRONT}{}", "x".repeat(limits::SKILL_BYTES_MAX)));
    assert!(large.contains("more than the 65536 allowed"), "{large}");
    assert!(pack_skill(Path::new("/nonexistent")).is_err_and(|error| error.to_string().contains("SKILL.md")));
}

/// What the code of a skill does; both have the place and the length of what was said.
struct Code {
    fits: &'static str,
    render: &'static str,
}

/// Gives back what was said.
const ECHO: &str = "(i32.store (i32.const 4064) (local.get 0)) (i32.store (i32.const 4068) (local.get 1)) (i32.const 4064)";
/// Gives back so many bytes of whatever is in memory.
const HUGE: &str =
    "(i32.store (i32.const 4064) (i32.const 8192)) (i32.store (i32.const 4068) (i32.const 100000)) (i32.const 4064)";
const KV: &str = r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#;
const MAY_REMEMBER: &str = "[capabilities]\nkv = { bytes_max = 1000 }";

fn of_code(version: &str, extra: &str, guest: Guest, code: &Code) -> Vec<u8> {
    let text = "name = 'by-code'\ndescription = 'Decides itself'\ndynamic = true";
    let manifest = manifest("acme/by-code", version, &format!("{extra}\n[skill]\n{text}"));
    let wat = guest.items(&format!(
        r#"(func (export "octi:plugin/skill@1.0.0#describe") (result i32) (i32.const 4096))
           (func (export "octi:plugin/skill@1.0.0#fits") (param i32 i32) (result i32) {})
           (func (export "octi:plugin/skill@1.0.0#render") (param i32 i32) (result i32) {})"#,
        code.fits, code.render
    ));
    let core = wat::parse_str(wat.wat()).expect("valid text format");
    with_manifest(component(core, "", "export octi:plugin/skill@1.0.0;"), &manifest)
}

fn both(version: &str, code: &Code) -> Vec<u8> {
    of_code(version, "", Guest::default().answers(r#"{"tool":true}"#), code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_has_tools_and_a_skill_whose_code_decides_and_writes() {
    // It helps with whatever has an even number of bytes.
    let fits = "(i32.eqz (i32.and (local.get 1) (i32.const 1)))";
    let guest = generation(&host(), both("1.0.0", &Code { fits, render: ECHO }));
    assert_eq!(call(&guest, json!({})).await.expect("its tool works").content, json!({ "tool": true }));
    let skill = skill(&guest);
    assert_eq!((skill.fits("even").await, skill.fits("odd").await), (Ok(true), Ok(false)));
    assert_eq!(skill.text("what was said").await, Ok("what was said".to_owned()));
    assert_eq!(skill.text("and again").await, Ok("and again".to_owned()), "it writes for each message");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_code_of_a_skill_reaches_nothing_though_the_tools_beside_it_may() {
    let gate = Arc::new(Gate::default());
    // What the host answers is at 64: 1 is a refusal.
    let deletes = "(call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) (i32.load8_u (i32.const 64))";
    let body = "(call $delete (i32.const 1024) (i32.const 2) (i32.const 64))";
    let bytes = of_code("1.0.0", MAY_REMEMBER, Guest::default().imports(KV).does(body), &Code { fits: deletes, render: ECHO });
    let guest = generation(&host_on(gate.clone()), bytes);
    assert_eq!(skill(&guest).fits("x").await, Ok(true), "it is told that it may not");
    let reached = tokio::time::timeout(Duration::from_millis(100), gate.entered.notified()).await;
    assert!(reached.is_err(), "its call came to nobody");
    gate.open.notify_one();
    assert!(call(&guest, json!({})).await.is_ok());
    tokio::time::timeout(Duration::from_secs(10), gate.entered.notified()).await.expect("the tool's call came through");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_that_never_ends_or_says_too_much_is_contained_and_then_quarantined() {
    let endless = format!("{FOREVER} (i32.const 1)").leak();
    for (code, expected) in [
        (Code { fits: endless, render: ECHO }, Containment::Time { ms_max: limits::SKILL_MS_MAX }),
        (Code { fits: "unreachable", render: ECHO }, Containment::Trap),
        (Code { fits: "(i32.const 1)", render: HUGE }, Containment::Output { bytes_max: limits::SKILL_BYTES_MAX as u64 }),
    ] {
        let guest = generation(&host(), both("1.0.0", &code));
        let skill = skill(&guest);
        let ask = async || match skill.fits("x").await {
            Ok(_) => skill.text("x").await.map(drop),
            Err(error) => Err(error),
        };
        guest.ready().await.expect("it starts");
        for _ in 0..limits::PLUGIN_CRASHES_MAX {
            let begun = Instant::now();
            assert_eq!(ask().await, Err(ToolError::Contained(expected)));
            assert!(begun.elapsed() < Duration::from_millis(limits::SKILL_MS_MAX * 3), "{:?}", begun.elapsed());
        }
        let Err(ToolError::Unavailable(told)) = ask().await else { panic!("it is not called any more: {expected:?}") };
        assert!(told.contains("quarantined") && told.contains(expected.code()), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skill_is_swapped_rolled_back_and_kept_by_the_turn_that_has_it() {
    let home = Home::new();
    let manager = home.start(vec![packed("One.")]).await;
    let text = async || {
        let found = manager.snapshot().skills.get("code-review").cloned().expect("the skill");
        found.text("").await.expect("its text")
    };
    assert_eq!(text().await, "One.\n");
    let held = manager.snapshot();
    let newer = |text: &str, version: &str| {
        let toml = TOML.replace("1.0.0", version);
        pack_skill(folder(&toml, &format!("{FRONT}{text}")).path()).expect("a skill")
    };
    let installed = manager.install(newer("Two.", "2.0.0"), "reviews.wasm").await.expect("installed");
    assert_eq!(installed.skill.as_deref(), Some("code-review"));
    assert_eq!(text().await, "Two.\n");
    assert_eq!(held.skills["code-review"].text("").await, Ok("One.\n".to_owned()));
    manager.install(newer("Three.", "3.0.0"), "reviews.wasm").await.expect("installed");
    manager.rollback("acme/reviews").await.expect("rolled back");
    assert_eq!(text().await, "Two.\n");
    let stranger = pack_skill(folder(&TOML.replace("acme", "other"), &format!("{FRONT}x")).path()).expect("a skill");
    let clash = manager.install(stranger, "other.wasm").await.expect_err("a name belongs to one plugin");
    assert_eq!(
        clash.to_string(),
        "the skill `code-review` belongs to plugin `acme/reviews` already; remove that one first, or rename this one"
    );
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_skill_that_keeps_crashing_gives_way_to_the_version_before_it() {
    let good = Code { fits: "(i32.const 1)", render: ECHO };
    let bad = Code { fits: "unreachable", render: ECHO };
    let home = Home::new();
    let manager = home.start(vec![both("1.0.0", &good)]).await;
    manager.install(both("2.0.0", &bad), "by-code.wasm").await.expect("installed");
    let ask = async || manager.snapshot().skills["by-code"].fits("x").await;
    for _ in 0..limits::PLUGIN_CRASHES_MAX {
        assert!(ask().await.is_err());
    }
    until("the old version runs", || status(&manager, "acme/by-code").is_some_and(|s| s.state == PluginState::RolledBack)).await;
    assert_eq!(ask().await, Ok(true));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_promises_a_skill_must_have_one_and_say_what_its_code_says() {
    let guest = Guest::default().component();
    let toml = "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n[skill]\nname = 'x'\ndescription = 'y'\n";
    let mut promised: Manifest = manifest("acme/x", "1.0.0", "");
    promised.skill = Manifest::from_toml(toml).expect("valid").skill;
    let inspection = loader::inspect(&with_manifest(guest, &promised)).expect("a plugin");
    let missing = install::check(&inspection).expect_err("it has none");
    assert!(
        missing.to_string().contains("says that it is a skill plugin, but it does not export `octi:plugin/skill@1.0.0`"),
        "{missing}"
    );
    let code = Code { fits: "(i32.const 1)", render: ECHO };
    let wat = Guest::default().items(&format!(
        r#"(func (export "octi:plugin/skill@1.0.0#describe") (result i32) (i32.const 4096))
           (func (export "octi:plugin/skill@1.0.0#fits") (param i32 i32) (result i32) {})
           (func (export "octi:plugin/skill@1.0.0#render") (param i32 i32) (result i32) {})"#,
        code.fits, code.render
    ));
    let core = wat::parse_str(wat.wat()).expect("valid text format");
    let differs = pack_tool(&component(core, "", "export octi:plugin/skill@1.0.0;"), toml).await.expect_err("they differ");
    assert!(differs.to_string().contains("`skill.name` of plugin.toml is not what the component's `describe` says"), "{differs}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_texts_of_a_plugin_can_be_compared_before_it_is_upgraded() {
    let (old, new) = (texts_of(&packed("Read first.")).await, texts_of(&packed("Run everything.")).await);
    let told = octi_skills::difference(&old.expect("texts"), &new.expect("texts"));
    assert!(told.contains("-Read first.\n+Run everything.\n"), "{told}");
    let role = folder(
        "id = 'octi/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n[role]\nname = 'x'\npurpose = 'y'\ntools = []\n",
        "unused",
    );
    std::fs::write(role.path().join("prompt.md"), "You help.").expect("written");
    let texts = texts_of(&pack_role(role.path()).expect("a role")).await.expect("texts");
    assert_eq!(texts["prompt"], "You help.");
    let none = texts_of(&super::guests::answering("acme/x", "1.0.0", "{}")).await;
    assert!(none.expect("no texts").is_empty());
}
