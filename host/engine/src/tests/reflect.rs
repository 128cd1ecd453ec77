//! Components that know nothing of octi, called by their types.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_domain::permission::Level;
use octi_extension::registry::{PluginState, Registry};
use octi_extension::tool::{Containment, Tool, ToolError, ToolOutput};
use octi_testkit::guests::{FOREVER, typed, typed_wat, with_section};
use serde_json::{Value, json};

use super::guests::{context, host};
use super::manager::{Home, status};
use crate::generation::{Code, Generation};
use crate::install::{self, InstallError};
use crate::loader::{self, Inspection};
use crate::places::Places;

/// Every type there is, in a list: what is lowered for a list is what a list gives back, wherever its items point to.
const ECHO: &str = "package acme:types@1.2.0;
interface echo {
    record point { x: s32, y: s32, label: option<string> }
    variant drawing { circle(f64), box(point), dot }
    enum colour { red, green }
    flags rights { read, write, run }
    record everything {
        yes: bool, tiny: s8, byte: u8, short: s16, word: u16, long: s32, dword: u32, huge: s64, qword: u64,
        single: f32, double: f64, letter: char, text: string, bytes: list<u8>, pair: tuple<string, point>,
        maybe: option<option<bool>>, drawing: drawing, colour: colour, rights: rights,
        outcome: result<point, string>, done: result,
    }
    all: func(x: list<everything>) -> list<everything>;
}
world guest { export echo; }";

const GIVE_BACK: &str = r#"(func (export "acme:types/echo@1.2.0#all") (param i32 i32) (result i32)
    (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))"#;

/// Functions of a few kinds. `check` fails for nought, and `after` crashes when what it returned is given back.
const FEW: &str = "package acme:few;
interface handles {
    resource file { read: func() -> string; }
    open: func(name: string) -> file;
    close: func(files: list<borrow<file>>);
    size: func(name: string) -> u64;
}
world guest {
    export check: func(number: u32, note: option<string>) -> result<u32, string>;
    export nothing: func();
    export after: func() -> string;
    export crash: func();
    export spin: func();
    export large: func() -> list<u8>;
    export many: func() -> list<bool>;
    export endless: func() -> list<f64>;
    export handles;
}";

fn few() -> Vec<u8> {
    let items = format!(
        r#"(data (i32.const 1024) "nought is no number")
        (func (export "check") (param i32 i32 i32 i32) (result i32)
            (if (i32.eqz (local.get 0))
                (then (i32.store8 (i32.const 32) (i32.const 1)) (i32.store (i32.const 36) (i32.const 1024)) (i32.store (i32.const 40) (i32.const 19)))
                (else (i32.store8 (i32.const 32) (i32.const 0)) (i32.store (i32.const 36) (local.get 0))))
            (i32.const 32))
        (func (export "nothing"))
        (func (export "after") (result i32) (i32.store (i32.const 16) (i32.const 1024)) (i32.store (i32.const 20) (i32.const 6)) (i32.const 16))
        (func (export "cabi_post_after") (param i32) unreachable)
        (func (export "crash") unreachable)
        (func (export "spin") {FOREVER})
        (func (export "large") (result i32) (drop (memory.grow (i32.const 900)))
            (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 59000000)) (i32.const 16))
        (func (export "many") (result i32) (drop (memory.grow (i32.const 20)))
            (i32.store (i32.const 16) (i32.const 65536)) (i32.store (i32.const 20) (i32.const {many})) (i32.const 16))
        (func (export "endless") (result i32) (f64.store (i32.const 2048) (f64.const inf))
            (i32.store (i32.const 16) (i32.const 2048)) (i32.store (i32.const 20) (i32.const 1)) (i32.const 16))
        (func (export "acme:few/handles#[method]file.read") (param i32) (result i32) (i32.const 16))
        (func (export "acme:few/handles#open") (param i32 i32) (result i32) (i32.const 0))
        (func (export "acme:few/handles#close") (param i32 i32))
        (func (export "acme:few/handles#size") (param i32 i32) (result i64) (i64.extend_i32_u (local.get 1)))"#,
        many = limits::REFLECT_VALUES_MAX,
    );
    typed(FEW, &typed_wat(&items))
}

fn inspected(bytes: &[u8], file: &str) -> Inspection {
    let inspection = loader::inspect_file(bytes, file).expect("a component with functions");
    install::check(&inspection).expect("it may be installed");
    inspection
}

fn generation(bytes: Vec<u8>, file: &str) -> Arc<Generation> {
    let inspection = inspected(&bytes, file);
    Arc::new(Generation::new(&host(), inspection, Code::Bundled(bytes.leak()), Places::default()))
}

async fn call(generation: &Arc<Generation>, tool: &str, arguments: Value) -> Result<ToolOutput, ToolError> {
    let entry = generation.manifest().tools.get(tool).cloned().expect("a tool");
    let tool = crate::tool::WasmTool::new(generation, tool, &entry);
    tool.call(context("/nonexistent".into(), Duration::from_secs(20)), arguments).await
}

fn everything(number: i64) -> Value {
    json!({
        "yes": true, "tiny": -128, "byte": 255, "short": -32768, "word": 65535, "long": number, "dword": 4_294_967_295_u32,
        "huge": i64::MIN, "qword": u64::MAX, "single": 0.1, "double": 1e300, "letter": "🦀", "text": "ä\"\\\u{0}",
        "bytes": [0, 1, 255], "pair": ["left", { "x": 1, "y": 2, "label": null }], "maybe": { "some": null },
        "drawing": { "tag": "box", "value": { "x": -1, "y": 0, "label": "here" } }, "colour": "green",
        "rights": ["read", "run"], "outcome": { "error": "no" }, "done": { "ok": null },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_of_every_type_come_back_as_they_were_sent() {
    let guest = generation(typed(ECHO, &typed_wat(GIVE_BACK)), "types.wasm");
    let manifest = guest.manifest();
    assert_eq!((manifest.id.as_str(), manifest.version.as_str()), ("local/types", "1.2.0"));
    assert_eq!(manifest.capabilities.lines(), Vec::<String>::new());
    for given in [json!([]), json!([everything(7)]), Value::Array((0..100).map(everything).collect())] {
        let output = call(&guest, "all", json!({ "x": given })).await.expect("an answer");
        assert_eq!(output.content, given);
    }
    // Left out is the same as nothing.
    let mut without = everything(7);
    without.as_object_mut().and_then(|fields| fields.remove("maybe"));
    let output = call(&guest, "all", json!({ "x": [without] })).await.expect("an answer");
    assert_eq!(output.content[0]["maybe"], Value::Null);
    let refused = call(&guest, "all", json!({ "x": [everything(1 << 40)] })).await.expect_err("it does not fit");
    let says = "an argument does not fit: at `/x/0/long`: expected an integer from -2147483648 to 2147483647 (s32), found `1099511627776`";
    assert_eq!(refused, ToolError::BadInput(says.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_function_gives_and_how_it_fails_is_what_its_types_say() {
    let guest = generation(few(), "few.wasm");
    assert_eq!(call(&guest, "check", json!({ "number": 7 })).await.map(|output| output.content), Ok(json!(7)));
    let failed = call(&guest, "check", json!({ "number": 0, "note": "try" })).await;
    assert_eq!(failed, Err(ToolError::Failed("nought is no number".to_owned())));
    assert_eq!(call(&guest, "nothing", json!({})).await.map(|output| output.content), Ok(Value::Null));
    assert_eq!(call(&guest, "size", json!({ "name": "four" })).await.map(|output| output.content), Ok(json!(4)));
    let entry = &guest.manifest().tools["check"];
    assert_eq!(Level::from(entry.permission), Level::Ask);
    assert_eq!(entry.output_schema, Some(json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })));
    let input = entry.input_schema.as_ref().expect("a schema");
    assert_eq!((&input["required"], &input["properties"]["note"]["type"]), (&json!(["number"]), &json!(["string", "null"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_holds_for_functions_as_it_does_for_tools() {
    let guest = generation(few(), "few.wasm");
    let ended = async |tool| call(&guest, tool, json!({})).await.expect_err("it is stopped");
    assert_eq!(ended("crash").await, ToolError::Contained(Containment::Trap));
    assert_eq!(ended("after").await, ToolError::Contained(Containment::Trap), "what was returned is given back to the guest");
    let bytes_max = limits::ARTIFACT_BYTES_MAX as u64;
    assert_eq!(ended("large").await, ToolError::Contained(Containment::Output { bytes_max }));
    let endless = ended("endless").await;
    let says = "`few__endless` returned what JSON cannot hold: at `/0`: expected a number that JSON can write, found `inf`";
    assert_eq!(endless, ToolError::Internal(says.to_owned()));
    let many = ended("many").await.to_string();
    assert!(many.contains("at most 250000 values altogether"), "{many}");
    assert_eq!(call(&guest, "check", json!({ "number": 7 })).await.map(|output| output.content), Ok(json!(7)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_that_never_ends_is_ended() {
    let mut inspection = inspected(&few(), "few.wasm");
    inspection.manifest.limits.cpu_ms = 50;
    let guest = Arc::new(Generation::new(&host(), inspection, Code::Bundled(few().leak()), Places::default()));
    assert_eq!(call(&guest, "spin", json!({})).await, Err(ToolError::Contained(Containment::Cpu { ms_max: 50 })));
}

#[test]
fn functions_that_take_or_give_handles_are_left_out_by_name() {
    let inspection = inspected(&few(), "few.wasm");
    let tools: Vec<&str> = inspection.manifest.tools.keys().map(String::as_str).collect();
    assert_eq!(tools, ["after", "check", "crash", "endless", "large", "many", "nothing", "size", "spin"]);
    let told = inspection.left_out();
    assert_eq!(told.len(), 3, "{told:#?}");
    let is_told = |part: &str| assert!(told.iter().any(|line| line.contains(part)), "{part}: {told:#?}");
    is_told("`acme:few/handles#open`: at `result`: a handle of a resource means nothing outside of the component's instance");
    is_told("`acme:few/handles#close`: at `files[]`: a handle of a resource");
    is_told("`acme:few/handles#[method]file.read`: it belongs to a resource");
}

#[test]
fn a_component_without_a_usable_function_is_refused_and_told_why() {
    let wit = "package acme:none; interface files { resource file; open: func() -> file; } world guest { export files; }";
    let items = r#"(func (export "acme:none/files#open") (result i32) (i32.const 0))"#;
    let refused = loader::inspect_file(&typed(wit, &typed_wat(items)), "none.wasm").expect_err("no function").to_string();
    let begins = "it has no `octi:manifest` section, and it exports no function that could be a tool without one\n- `acme:none/files#open`: at `result`:";
    assert!(refused.starts_with(begins), "{refused}");
    let empty = loader::inspect_file(b"\0asm\x0d\0\x01\0", "none.wasm").expect_err("nothing");
    assert_eq!(empty, InstallError::NothingUsable { left_out: Vec::new() });
}

#[test]
fn functions_of_the_same_name_have_their_interfaces_before_it() {
    let wit = "package acme:two@1.0.0;
        interface sums { run: func(); only: func(); }
        interface words { run: func(); }
        world guest { export sums; export words; export top-LEVEL: func(); }";
    let names = ["acme:two/sums@1.0.0#run", "acme:two/sums@1.0.0#only", "acme:two/words@1.0.0#run", "top-LEVEL"];
    let items: String = names.iter().map(|name| format!("(func (export \"{name}\"))")).collect();
    let inspection = inspected(&typed(wit, &typed_wat(&items)), "two.wasm");
    let tools: Vec<&str> = inspection.manifest.tools.keys().map(String::as_str).collect();
    assert_eq!(tools, ["only", "sums-run", "top-level", "words-run"]);
    // A name of a file that leaves no room is said to be the reason.
    let long = format!("{}.wasm", "x".repeat(61));
    let refused = loader::inspect_file(&typed(wit, &typed_wat(&items)), &long).expect_err("too long").to_string();
    assert!(refused.contains("has more than 64 characters; shorten it or the file's name"), "{refused}");
}

#[test]
fn what_a_component_says_of_itself_reaches_the_model() {
    let docs = json!({ "interfaces": { "echo": {
        "funcs": { "all": "Gives back what it is given." },
        "types": {
            "point": { "docs": "A place.", "items": { "x": "To the right." } },
            "colour": { "items": { "red": "Like blood." } },
        },
    } } });
    let section = [&b"\0"[..], docs.to_string().as_bytes()].concat();
    let component = with_section(typed(ECHO, &typed_wat(GIVE_BACK)), "package-docs", &section);
    let component = with_section(with_section(component, "version", b"2.0.0"), "description", b"Echoes");
    let manifest = inspected(&component, "types.wasm").manifest;
    assert_eq!((manifest.version.as_str(), manifest.description.as_str()), ("2.0.0", "Echoes"));
    let tool = &manifest.tools["all"];
    assert_eq!(tool.description, "Gives back what it is given.");
    let fields = &tool.input_schema.as_ref().expect("a schema")["properties"]["x"]["items"]["properties"];
    assert_eq!(fields["colour"]["description"], "- `red`: Like blood.");
    let point = &fields["pair"]["prefixItems"][1];
    assert_eq!((&point["description"], &point["properties"]["x"]["description"]), (&json!("A place."), &json!("To the right.")));
    let silent = inspected(&typed(ECHO, &typed_wat(GIVE_BACK)), "types.wasm").manifest;
    assert_eq!(silent.tools["all"].description, "Calls `acme:types/echo@1.2.0#all` of a component that says no more of it.");
}

/// A component whose function `f` takes the last type of a chain; its parameter takes so many words.
fn chained(count: usize, next: impl Fn(usize) -> String, words: usize) -> Inspection {
    let types: String = (1..=count).map(|at| format!("type t{at} = {};", next(at - 1))).collect();
    let wit = format!(
        "package acme:deep; interface deep {{ type t0 = u8; {types} f: func(x: t{count}); ok: func(); }} world guest {{ export deep; }}"
    );
    let words = "i32 ".repeat(words);
    let items = format!(r#"(func (export "acme:deep/deep#f") (param {words})) (func (export "acme:deep/deep#ok"))"#);
    inspected(&typed(&wit, &typed_wat(&items)), "deep.wasm")
}

#[test]
fn types_that_grow_without_end_are_refused_before_they_do() {
    let says = |inspection: &Inspection, part: &str| {
        let told = inspection.left_out();
        assert!(told.len() == 1 && told[0].starts_with("`acme:deep/deep#f`") && told[0].contains(part), "{part}: {told:?}");
    };
    assert_eq!(chained(20, |below| format!("list<t{below}>"), 2).left_out(), [""; 0]);
    says(&chained(40, |below| format!("list<t{below}>"), 2), "more than 32 types are inside of each other");
    says(&chained(12, |below| format!("tuple<list<t{below}>, list<t{below}>>"), 4), "more than 2000 types");
}

#[test]
fn names_are_paid_for_wherever_their_type_is_used() {
    let wide = |names: usize, bytes: usize, uses: usize| {
        let names: Vec<String> = (0..names).map(|at| format!("n{at}-{}", "x".repeat(bytes))).collect();
        let uses: Vec<String> = (0..uses).map(|at| format!("f{at}: e")).collect();
        let wit = format!(
            "package acme:wide; interface wide {{ enum e {{ {} }} record r {{ {} }} ok: func(); f: func(x: r); }}
             world guest {{ export wide; }}",
            names.join(", "),
            uses.join(", ")
        );
        let types = "i32 ".repeat(uses.len());
        let items = format!(r#"(func (export "acme:wide/wide#ok")) (func (export "acme:wide/wide#f") (param {types}))"#);
        inspected(&typed(&wit, &typed_wat(&items)), "wide.wasm").left_out().join("\n")
    };
    assert_eq!(wide(10, 100, 8), "");
    let told = wide(10, 2_000, 8);
    assert!(told.starts_with("`acme:wide/wide#f`") && told.contains("more than 131072 bytes"), "{told}");
    let told = wide(300, 1, 8);
    assert!(told.contains("more than 2000 types"), "{told}");
}

#[test]
fn there_is_an_end_to_tools_and_to_what_is_told_of_the_others() {
    let many = |count: usize, result: &str| {
        let functions: String = (0..count).map(|at| format!("g{at}: func(){result};")).collect();
        let wit =
            format!("package acme:many; interface many {{ resource r; {functions} ok: func(); }} world guest {{ export many; }}");
        let core = if result.is_empty() { "" } else { "(result i32) (i32.const 0)" };
        let items = (0..count).map(|at| format!(r#"(func (export "acme:many/many#g{at}") {core})"#)).collect::<String>();
        let items = format!(r#"{items} (func (export "acme:many/many#ok"))"#);
        inspected(&typed(&wit, &typed_wat(&items)), "many.wasm")
    };
    let inspection = many(limits::REFLECT_LEFT_OUT_MAX + 8, " -> r");
    assert_eq!(inspection.manifest.tools.keys().collect::<Vec<_>>(), ["ok"]);
    assert_eq!(inspection.left_out().len(), limits::REFLECT_LEFT_OUT_MAX + 1);
    assert_eq!(inspection.left_out().last().map(String::as_str), Some("and 8 more functions"));
    let inspection = many(limits::MANIFEST_TOOLS_MAX, "");
    assert_eq!(inspection.manifest.tools.len(), limits::MANIFEST_TOOLS_MAX);
    assert_eq!(inspection.left_out(), ["`acme:many/many#ok`: a plugin has at most 128 tools; split the component"]);
}

#[test]
fn what_is_for_a_later_engine_is_named() {
    let component = wat::parse_str(
        r#"(component
            (core module $m (func (export "f") (param i32)))
            (core instance $i (instantiate $m))
            (type $s (stream u8))
            (func $f (param "bytes" $s) (canon lift (core func $i "f")))
            (export "drain" (func $f)))"#,
    );
    let refused = loader::inspect_file(&component.expect("valid text format"), "later.wasm").expect_err("no streams").to_string();
    assert!(refused.contains("`drain`: at `bytes`: a stream outlives no call; take and give a list"), "{refused}");
}

#[test]
fn a_component_without_a_manifest_is_granted_nothing() {
    let importing = |import: &str| {
        let text = format!(
            r#"(component (import "{import}" (instance))
                (core module $m (func (export "f"))) (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f"))) (export "run" (func $f)))"#
        );
        let component = wat::parse_str(text).expect("valid text format");
        let inspection = loader::inspect_file(&component, "greedy.wasm").expect("a component with a function");
        install::check(&inspection).map_err(|error| error.to_string())
    };
    let refused = importing("octi:fs/files@1.0.0").expect_err("no grant");
    assert!(
        refused.starts_with("it imports `octi:fs/files@1.0.0`, but a component without a manifest is granted nothing"),
        "{refused}"
    );
    assert!(importing("wasi:sockets/tcp@0.2.6").expect_err("never").contains("opens no connections"));
    assert!(importing("acme:secret/door@1.0.0").expect_err("never").contains("which this host does not offer"));
    assert_eq!(importing("wasi:clocks/monotonic-clock@0.2.6"), Ok(()));
    // Only the host names somebody "local".
    let claimed = super::guests::answering("local/few", "1.0.0", "{}");
    let refused = install::check(&loader::inspect(&claimed).expect("a plugin")).expect_err("it is not").to_string();
    assert!(refused.contains("stands for components without a manifest"), "{refused}");
    let claimed = super::guests::answering("extism/few", "1.0.0", "{}");
    let refused = install::check(&loader::inspect(&claimed).expect("a plugin")).expect_err("it is not").to_string();
    assert!(refused.contains("stands for modules of Extism"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_in_the_folder_is_a_plugin_under_the_name_of_its_file() {
    let home = Home::new();
    std::fs::write(home.file("Few-1.0.0.wasm"), few()).expect("written");
    let manager = home.start(vec![]).await;
    let listed = status(&manager, "local/few").expect("it is listed");
    assert_eq!(listed.state, PluginState::Running);
    assert!(listed.tools.contains(&"few__check".to_owned()), "{:?}", listed.tools);
    let tool = manager.snapshot().tools.get("few__check").cloned().expect("the tool");
    assert_eq!(tool.spec().permission, Level::Ask);
    let output = tool.call(context("/nonexistent".into(), Duration::from_secs(20)), json!({ "number": 3 })).await;
    assert_eq!(output.map(|output| output.content), Ok(json!(3)));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_of_a_component_is_one_whatever_its_file_is_called_afterwards() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    let versioned = |version: &str| with_section(few(), "version", version.as_bytes());
    // The name cannot be that of a file in the folder, so the file is named after the plugin.
    assert_eq!(manager.install(versioned("1.0.0"), "my few.wasm").await.map(|plugin| plugin.id), Ok("local/my-few".to_owned()));
    assert!(home.file("local.my-few.wasm").exists());
    let upgraded = manager.install(versioned("2.0.0"), "my-few.wasm").await.expect("installed");
    assert_eq!((upgraded.version.as_str(), upgraded.previous.as_deref()), ("2.0.0", Some("1.0.0")));
    manager.shutdown().await;
    let manager = home.start(vec![]).await;
    let before = status(&manager, "local/my-few").expect("it is there after a restart");
    assert_eq!((before.version.as_str(), before.previous.as_deref()), ("2.0.0", Some("1.0.0")));
    assert_eq!(manager.rollback("local/my-few").await.map(|plugin| plugin.version), Ok("1.0.0".to_owned()));
    manager.shutdown().await;
    let manager = home.start(vec![]).await;
    let after = status(&manager, "local/my-few").expect("it is there after a rollback and a restart");
    assert_eq!((after.state, after.version.as_str()), (PluginState::RolledBack, "1.0.0"));
    manager.shutdown().await;
}
