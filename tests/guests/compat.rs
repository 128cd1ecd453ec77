//! Files that are no plugin, or not one for this host, or that say something else than they are.

use octi_domain::limits;
use octi_extension::manifest::SECTION;
use octi_testkit::guests::{Guest, manifest, with_manifest, with_section};
use serde_json::{Value, json};

use crate::row::Row;

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = files();
    rows.extend(imports());
    rows.extend(manifests());
    rows.extend(schemas());
    rows
}

fn files() -> Vec<Row> {
    let core = wat::parse_str("(module)").expect("valid text format");
    let whole = with_manifest(Guest::default().component(), &manifest("acme/cut_off", "1.0.0", ""));
    let mut flipped = with_manifest(Guest::default().component(), &manifest("acme/flipped", "1.0.0", ""));
    flipped[40..60].fill(0xff);
    vec![
        Row::file("nothing", Vec::new()).refused("it does not start with the WebAssembly header"),
        Row::file("text", b"#!/bin/sh\nrm -rf /\n".to_vec()).refused("it does not start with the WebAssembly header"),
        Row::file("core_module", core.clone()).refused("it is a core module; build it with"),
        Row::file("core_module_with_a_manifest", with_manifest(core, &manifest("acme/core", "1.0.0", "")))
            .refused("it is a core module; build it with"),
        Row::file("native_code", native()).refused("it is native code compiled from a component, which is never accepted"),
        Row::file("cut_off", whole[..60].to_vec()).refused("this component is not valid"),
        Row::file("flipped", flipped).refused("this component is not valid"),
        Row::file("too_large", vec![0; limits::PLUGIN_BYTES_MAX + 1]).refused("bytes are more than the"),
        Row::file("without_a_manifest", Guest::default().component()).refused("it has no `octi:manifest` section"),
        Row::file("deep_component", deep_component()).refused("it does not start"),
        Row::file("names_that_command", commanding()).refused("duplicate export name"),
        Row::file("forbidden_feature", forbidden()).refused("uses a WebAssembly feature that is off"),
    ]
}

/// How a file of `wasmtime compile` begins: the header of an object file of wasmtime's own kind.
fn native() -> Vec<u8> {
    let mut object = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    object.resize(64, 0);
    // A relocatable object for x86-64, which says of itself that it is a component.
    (object[16], object[18], object[20], object[48], object[52]) = (1, 62, 1, 2, 64);
    object
}

/// Components in each other.
fn deep_component() -> Vec<u8> {
    let empty = wat::parse_str("(component)").expect("valid text format");
    let (header, mut inner) = (empty[..8].to_vec(), empty);
    for _ in 0..1_000 {
        // Section 4 is a component; its length stands in front of it, here in five bytes.
        let length = u32::try_from(inner.len()).expect("it is short");
        let spread =
            (0..5).map(|at| u8::try_from(length >> (7 * at) & 0x7f).expect("seven bits") | if at < 4 { 0x80 } else { 0 });
        inner = [header.clone(), vec![4], spread.collect(), inner].concat();
    }
    let tools = r#"(component (instance $tools) (export "octi:plugin/tools@1.0.0" (instance $tools)))"#;
    let tools = wat::parse_str(tools).expect("valid text format");
    let inner = [inner.as_slice(), &tools[8..]].concat();
    with_manifest(inner, &manifest("acme/deep_component", "1.0.0", ""))
}

/// The validator repeats the name in its complaint.
fn commanding() -> Vec<u8> {
    let text = r#"(component (core module (memory 1) (export "\1b[31mred" (memory 0)) (export "\1b[31mred" (memory 0))))"#;
    with_manifest(wat::parse_str(text).expect("valid text format"), &manifest("acme/names_that_command", "1.0.0", ""))
}

/// Shared memory is for threads, which there are none of.
fn forbidden() -> Vec<u8> {
    let text = "(component (core module (memory 1 1 shared)))";
    with_manifest(wat::parse_str(text).expect("valid text format"), &manifest("acme/forbidden_feature", "1.0.0", ""))
}

fn imports() -> Vec<Row> {
    let importing = |name: &str, import: &str| {
        let text = format!("(component (import \"{import}\" (instance)))");
        let component = wat::parse_str(text).expect("valid text format");
        Row::file(name, with_manifest(component, &manifest(&format!("acme/{name}"), "1.0.0", "")))
    };
    let fs = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32");
    let exporting = |name: &str, export: &str| {
        let component = wat::parse_str(format!(r#"(component (instance $i) (export "{export}" (instance $i)))"#));
        let component = component.expect("valid text format");
        Row::file(name, with_manifest(component, &manifest(&format!("acme/{name}"), "1.0.0", "")))
    };
    vec![
        Row::of("not_in_the_manifest", "", &fs).refused("add `fs` to `[capabilities]` of plugin.toml"),
        Row::of("another_one_in_the_manifest", "[capabilities]\nkv = { bytes_max = 10 }", &fs)
            .refused("it imports `octi:fs/files@1.0.0`, but its manifest does not ask for it"),
        importing("sockets", "wasi:sockets/tcp@0.2.6").refused("a plugin opens no connections of its own"),
        importing("wasi_http", "wasi:http/outgoing-handler@0.2.6").refused("a plugin makes no requests of its own"),
        importing("contract_of_tomorrow", "octi:browser/page@1.0.0")
            .refused("the contract has no such package; check its name, or update octi"),
        importing("unknown_import", "acme:secret/door@1.0.0").refused("which this host does not offer"),
        Row::file("import_of_the_next_major", next_import())
            .refused("it imports `octi:log/log@9.0.0`: built for contract 9.0, this octi serves"),
        exporting("export_of_the_next_major", "octi:plugin/tools@9.0.0")
            .refused("it exports `octi:plugin/tools@9.0.0`: built for contract 9.0, this octi serves"),
        exporting("export_in_name_only", "octi:plugin/tools@1.0.0").refused("it does not start"),
    ]
}

/// A package of the contract in a version that this host does not have.
fn next_import() -> Vec<u8> {
    let text = r#"(component
        (import "octi:log/log@9.0.0" (instance $log (export "log" (func))))
        (core func $log (canon lower (func $log "log")))
        (instance $tools) (export "octi:plugin/tools@1.0.0" (instance $tools)))"#;
    let component = wat::parse_str(text).expect("valid text format");
    with_manifest(component, &manifest("acme/import_of_the_next_major", "1.0.0", ""))
}

/// A good component whose manifest was changed.
fn changed(name: &str, change: impl FnOnce(&mut Value)) -> Row {
    let mut manifest = serde_json::to_value(manifest(&format!("acme/{name}"), "1.0.0", "")).expect("JSON");
    change(&mut manifest);
    Row::file(name, with_section(Guest::default().component(), SECTION, manifest.to_string().as_bytes()))
}

fn manifests() -> Vec<Row> {
    let section = |name: &str, data: &[u8]| Row::file(name, with_section(Guest::default().component(), SECTION, data));
    let twice = with_manifest(Guest::default().component(), &manifest("acme/two_manifests", "1.0.0", ""));
    let twice = with_manifest(twice, &manifest("octi/filesystem", "1.0.0", ""));
    let tools = |manifest: &mut Value, count: usize| {
        let tool = manifest["tools"]["run"].clone();
        manifest["tools"] = (0..count).map(|number| (format!("run{number}"), tool.clone())).collect();
    };
    vec![
        section("damaged_manifest", b"{\"id\": \"acme/dam").refused("manifest is not valid"),
        section("manifest_that_is_no_text", &[0xff; 64]).refused("manifest is not valid"),
        section("huge_manifest", &vec![b' '; limits::MANIFEST_BYTES_MAX + 1]).refused("bytes are more than the"),
        section("deep_manifest", "[".repeat(100_000).as_bytes()).refused("manifest is not valid"),
        Row::file("two_manifests", twice).refused("it has more than one `octi:manifest` section"),
        changed("next_contract", |manifest| manifest["wit"] = json!("9.0"))
            .refused("built for contract 9.0, this octi serves 1.0; update octi"),
        changed("unknown_field", |manifest| manifest["admin"] = json!(true)).refused("unknown field `admin`"),
        changed("id_of_a_path", |manifest| manifest["id"] = json!("../../etc")).refused("is not `publisher/name`"),
        changed("id_that_commands", |manifest| manifest["id"] = json!("acme/\u{1b}[31mred")).refused("is not `publisher/name`"),
        changed("many_tools", |manifest| tools(manifest, 1_000)).refused("tools are more than the"),
        changed("long_name", |manifest| {
            let tool = manifest["tools"]["run"].clone();
            manifest["tools"] = json!({ "n".repeat(64): tool });
        })
        .refused("shorten it"),
        changed("name_of_another", |manifest| manifest["id"] = json!("evil/good"))
            .refused("belongs to plugin `acme/good` already"),
        changed("wildcard_of_addresses", |manifest| {
            manifest["capabilities"] = json!({ "http": [{ "host": "*.0.0.1", "methods": ["GET"], "reason": "try" }] });
        })
        .refused("capabilities.http"),
    ]
}

/// A tool whose arguments are described so.
fn taking(name: &str, schema: Value) -> Row {
    changed(name, |manifest| manifest["tools"]["run"]["input_schema"] = schema)
}

fn schemas() -> Vec<Row> {
    let nested = |levels: usize| {
        (0..levels).fold(json!({ "type": "object" }), |inner, _| json!({ "type": "object", "properties": { "a": inner } }))
    };
    let wide = |fields: usize| -> Value {
        let fields: serde_json::Map<_, _> = (0..fields).map(|at| (format!("f{at}"), json!({ "type": "string" }))).collect();
        json!({ "type": "object", "properties": fields })
    };
    let says = "a schema of tool `run` is not valid";
    let twice = json!([{ "$ref": "#" }, { "$ref": "#" }]);
    let argument = (0..22).fold(json!({}), |inner, _| json!({ "a": inner }));
    vec![
        taking("deep_schema", nested(50)).refused(says),
        taking("deeper_schema", nested(200)).refused("manifest is not valid"),
        taking("wide_schema", wide(1_000)).answers("{}"),
        taking("wider_schema", wide(10_000)).refused(says),
        taking("schema_that_is_none", json!({ "type": 7 })).refused(says),
        taking("schema_from_elsewhere", json!({ "$ref": "http://169.254.169.254/latest/" })).refused(says),
        taking("schema_from_a_file", json!({ "$ref": "file:///etc/passwd" })).refused(says),
        taking("schema_that_doubles", doubling(18)).refused(says),
        taking("schema_in_a_circle", json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } })).refused(says),
        taking("schema_that_doubles_arguments", json!({ "properties": { "a": { "allOf": twice } } }))
            .given(argument)
            .ends("bad_input", "too much to check"),
        taking("pattern_that_goes_back", json!({ "properties": { "a": { "pattern": "^(a+)+(?=b)$" } } })).refused(says),
        taking("pattern_that_grows", json!({ "properties": { "a": { "pattern": "((a{100}){100}){100}" } } })).refused(says),
        taking("pattern", json!({ "properties": { "a": { "pattern": "^(a+)+$" } } }))
            .given(json!({ "a": format!("{}b", "a".repeat(100_000)) }))
            .ends("bad_input", "are not valid"),
        changed("answer_that_doubles", |manifest| manifest["tools"]["run"]["output_schema"] = doubling(18)).refused(says),
    ]
}

/// Each part refers to the next one twice, so that following the references takes 2^`parts` steps.
fn doubling(parts: usize) -> Value {
    let part = |at: usize| {
        let next = json!({ "$ref": format!("#/$defs/d{}", at + 1) });
        (format!("d{at}"), json!({ "allOf": [next, next] }))
    };
    let mut defs: serde_json::Map<_, _> = (0..parts).map(part).collect();
    defs.insert(format!("d{parts}"), json!(true));
    json!({ "$ref": "#/$defs/d0", "$defs": defs })
}
