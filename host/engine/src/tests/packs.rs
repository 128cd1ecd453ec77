//! Plugin files that the packer makes.

use std::path::Path;

use octi_extension::manifest::Kind;
use octi_extension::role::Role;

use super::guests::{generation, host, wat};
use crate::loader;
use crate::pack::{Earlier, PackError, pack_role, pack_tool, pack_tool_in};
use crate::role::WasmRole;

const ROLE: &str = "id = 'octi/general'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Does anything'\n
[role]\nname = 'general'\npurpose = 'Help with änything'\ntools = ['filesystem', 'shell']\ncore_tools = ['filesystem']\n";

fn role_folder(prompt: &str, lite: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("plugin.toml", ROLE);
    write("prompt.md", prompt);
    if let Some(lite) = lite {
        write("prompt.lite.md", lite);
    }
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_says_through_the_engine_what_its_files_say() {
    let long = format!("You are ünusual. {}", "x".repeat(100_000));
    let folder = role_folder(&long, Some("Short."));
    let bytes = pack_role(folder.path()).expect("a role");
    let guest = generation(&host(), bytes);
    assert_eq!(guest.manifest().kinds, [Kind::Role]);
    let role = WasmRole::new(&guest, guest.manifest().role.clone().expect("a role"));
    assert_eq!(role.prompt(false).await, Ok(long));
    assert_eq!(role.prompt(true).await, Ok("Short.".to_owned()));
    let ready = guest.ready().await.expect("it runs");
    let setup = guest.setup(crate::state::Caller::host("test"), std::time::Duration::from_secs(5));
    let described = ready.role.as_ref().expect("a role").spec(setup).await;
    let spec = described.0.expect("a description");
    assert_eq!((spec.name.as_str(), spec.purpose.as_str()), ("general", "Help with änything"));
    assert_eq!((spec.tools, spec.core_tools), (vec!["filesystem".into(), "shell".into()], vec!["filesystem".into()]));
    assert_eq!((spec.topic.as_str(), spec.read_only), ("chat", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_without_a_short_prompt_uses_its_only_one_and_stays_small() {
    let folder = role_folder("You help.", None);
    let bytes = pack_role(folder.path()).expect("a role");
    assert!(bytes.len() < 4 * 1024, "{} bytes", bytes.len());
    assert_eq!(loader::inspect(&bytes).expect("a plugin").imports, Vec::<String>::new());
    let guest = generation(&host(), bytes);
    let role = WasmRole::new(&guest, guest.manifest().role.clone().expect("a role"));
    assert_eq!(role.prompt(true).await, Ok("You help.".to_owned()));
}

#[test]
fn what_prompts_and_documents_name_stands_in_the_plugin() {
    let folder = role_folder("You help.", None);
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
    let declare = |tables: &str| write("plugin.toml", format!("{ROLE}{tables}").as_bytes());
    let tables =
        "[prompts.begin]\ndescription = 'Begin'\nfile = 'begin.md'\nattach = { picture = 'dot.png', media_type = 'image/png' }\n
        [[prompts.begin.arguments]]\nname = 'what'\n
        [documents.rules]\nuri = 'octi-x://rules'\ntitle = 'Rules'\nmedia_type = 'text/plain'\nfile = 'rules.txt'\n";
    declare(tables);
    write("begin.md", b"Begin with {{what}}.");
    write("dot.png", &[0x89, b'P', b'N', b'G', 0xff]);
    write("rules.txt", b"Be kind.");
    let manifest = loader::inspect(&pack_role(folder.path()).expect("a role")).expect("a plugin").manifest;
    let begin = &manifest.prompts["begin"];
    assert_eq!((begin.text.as_deref(), &begin.file), (Some("Begin with {{what}}."), &None));
    assert_eq!(begin.attach.as_ref().and_then(|attach| attach.data.as_deref()), Some("iVBOR/8="));
    assert_eq!(manifest.documents["rules"].text.as_deref(), Some("Be kind."));

    let refused = || pack_role(folder.path()).expect_err("no plugin").to_string();
    write("begin.md", b"Begin with {{that}}.");
    assert!(refused().contains("`prompts.begin.text`: `{{that}}`"), "{}", refused());
    write("begin.md", &vec![b'x'; octi_domain::limits::OFFERED_BYTES_MAX + 1]);
    assert!(refused().contains("begin.md") && refused().contains("are allowed"), "{}", refused());
    for (outside, told) in
        [("../rules.txt", "within the plugin's folder"), ("/etc/hosts", "within the plugin's folder"), ("none.md", "none.md")]
    {
        declare(&tables.replace("begin.md", outside));
        assert!(refused().contains(told), "{}", refused());
    }
}

#[test]
fn an_empty_or_missing_prompt_is_named() {
    assert!(pack_role(role_folder(" \n", None).path()).is_err_and(|error| error.to_string().contains("a prompt has 1 to")));
    let missing = pack_role(Path::new("/nonexistent"));
    assert!(missing.is_err_and(|error| error.to_string().contains("plugin.toml")));
}

/// A component that describes one tool `run` (its record lies at 128, its texts from 256).
fn describing(top: &str) -> Vec<u8> {
    let schema = r#"{"type":"object","properties":{"a":{}}}"#;
    let escaped: String = schema.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let data = format!(
        r#"(data (i32.const 16) "\80\00\00\00\01\00\00\00")
           (data (i32.const 128) "\00\01\00\00\03\00\00\00\10\01\00\00\04\00\00\00\20\01\00\00\{:02x}\00\00\00")
           (data (i32.const 256) "run")
           (data (i32.const 272) "Runs")
           (data (i32.const 288) "{escaped}")
           (data (i32.const 1024)"#,
        schema.len()
    );
    let text = wat(top, "", "{}").replace("(data (i32.const 1024)", &data);
    octi_testkit::guests::component(wat::parse_str(text).expect("valid text format"), "", "")
}

const TOOL: &str = "id = 'acme/run'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Runs'\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_come_from_the_code() {
    let toml = format!("{TOOL}[tools.run]\npermission = 'allow'\nsubject = 'a'\n");
    let bytes = pack_tool(&describing(""), &toml).await.expect("a plugin");
    let manifest = loader::inspect(&bytes).expect("a plugin").manifest;
    let tool = manifest.tools.get("run").expect("a tool");
    assert_eq!(tool.description, "Runs");
    assert_eq!(tool.input_schema, Some(serde_json::json!({ "type": "object", "properties": { "a": {} } })));
    let again = pack_tool(&bytes, &toml).await;
    assert!(again.is_err_and(|error| error.to_string().contains("section already")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packing_a_large_plugin_leaves_something_for_its_next_version() {
    let (folder, mut earlier) = (tempfile::tempdir().expect("a folder"), Earlier::default());
    for (memory_mb, leaves) in [(32, false), (128, true), (128, true)] {
        let toml = format!("{TOOL}[tools.run]\n[limits]\nmemory_mb = {memory_mb}\n");
        let packed = pack_tool_in(folder.path(), &describing(""), &toml, Some(&mut earlier)).await.expect("a plugin");
        assert_eq!(packed, pack_tool(&describing(""), &toml).await.expect("a plugin"), "the plugin is the same");
        assert_eq!(!earlier.0.is_empty(), leaves, "{memory_mb} MiB");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_and_plugin_toml_must_name_the_same_tools() {
    let component = describing("");
    let refusal = |toml: String| {
        let component = &component;
        async move { pack_tool(component, &toml).await.map_err(|error| error.to_string()).expect_err("a mismatch") }
    };
    let more = refusal(format!("{TOOL}[tools.run]\n[tools.walk]\n")).await;
    assert!(more.contains("a tool `walk` that the component does not describe"), "{more}");
    let less = refusal(format!("{TOOL}[tools]\n")).await;
    assert!(less.contains("describes a tool `run` that plugin.toml does not have"), "{less}");
    let subject = refusal(format!("{TOOL}[tools.run]\nsubject = 'b'\n")).await;
    assert!(subject.contains("no such argument"), "{subject}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_plugin_toml_does_not_ask_for_is_refused_by_name() {
    let component = describing(r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#);
    let refusal = pack_tool(&component, &format!("{TOOL}[tools.run]\n")).await;
    assert!(
        matches!(&refusal, Err(PackError::Component(error)) if error.to_string().contains("`octi:kv/store@1.0.0`") && error.to_string().contains("add `kv`")),
        "{refusal:?}"
    );
}
