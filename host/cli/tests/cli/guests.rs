//! Plugin files made by the tests: small guests in WebAssembly's text format, and a bundled plugin under another version.

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::support::Octi;

/// The packages of the contract, each after the ones it uses.
const CONTRACT: [(&str, &str); 7] = [
    ("types.wit", include_str!("../../../../wit/types/types.wit")),
    ("log.wit", include_str!("../../../../wit/log/log.wit")),
    ("kv.wit", include_str!("../../../../wit/kv/kv.wit")),
    ("fs.wit", include_str!("../../../../wit/fs/fs.wit")),
    ("shell.wit", include_str!("../../../../wit/shell/shell.wit")),
    ("http.wit", include_str!("../../../../wit/http/http.wit")),
    ("plugin.wit", include_str!("../../../../wit/plugin/plugin.wit")),
];

/// Places in the guest's memory: what `describe` returns, its one tool, and that tool's texts.
const LIST: usize = 16;
const RECORD: usize = 4096;
const TEXTS: usize = 4200;

/// A core module with one tool `run` that does what `body` says and then answers `{}`.
fn core(body: &str) -> Vec<u8> {
    let (name, description, schema) = ("run", "Misbehaves.", r#"{"type":"object"}"#);
    let mut at = TEXTS;
    let mut record = Vec::new();
    for text in [name, description, schema] {
        record.extend([at, text.len()]);
        at += text.len();
    }
    let text = format!(
        r#"(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (data (i32.const {LIST}) "{list}")
  (data (i32.const 1024) "{{}}")
  (data (i32.const {RECORD}) "{record}")
  (data (i32.const {TEXTS}) "{texts}")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.and (i32.const -8) (i32.add (i32.const 7) (i32.add (local.get $at) (local.get 3)))))
    (local.get $at))
  (func (export "octi:plugin/tools@0.1.0#describe") (result i32) (i32.const {LIST}))
  (func (export "octi:plugin/tools@0.1.0#call") (param i32 i32 i32 i32) (result i32)
    {body}
    (i32.store (i32.const 36) (i32.const 1024))
    (i32.store (i32.const 40) (i32.const 2))
    (i32.const 32)))"#,
        list = words(&[RECORD, 1]),
        record = words(&record),
        texts = escaped(format!("{name}{description}{schema}").as_bytes()),
    );
    wat::parse_str(text).expect("valid text format")
}

fn words(numbers: &[usize]) -> String {
    numbers.iter().map(|number| escaped(&u32::try_from(*number).expect("small").to_le_bytes())).collect()
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A file of the plugin `acme/<name>`, whose tool `run` does what `body` says.
pub(crate) fn guest(octi: &Octi, name: &str, limits: &str, body: &str) -> PathBuf {
    let mut resolve = Resolve::default();
    let mut package = None;
    for (path, text) in CONTRACT {
        package = Some(resolve.push_str(path, text).expect("the contract can be read"));
    }
    let world = resolve.select_world(&[package.expect("a package")], Some("tool-plugin")).expect("the world of tools");
    let mut core = core(body);
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).expect("the world fits");
    let component = ComponentEncoder::default().validate(true).module(&core).expect("a module").encode().expect("a component");
    let manifest = format!(
        "id = 'acme/{name}'\nversion = '1.0.0'\nwit = '0.1'\ndescription = 'A guest of the tests.'\nkinds = ['tool']\n\
         [limits]\n{limits}\n[tools.run]\npermission = 'allow'\n"
    );
    pack(octi, name, &manifest, &component)
}

/// The bundled shell tool under that version.
pub(crate) fn shell(octi: &Octi, version: &str) -> PathBuf {
    let manifest = include_str!("../../../../tools-wasm/shell/plugin.toml");
    let (before, after) = manifest.split_once("version = \"").expect("a version");
    let (_, after) = after.split_once('"').expect("the version's end");
    let packed = fs::read(bundle().join("shell.wasm")).expect("the bundle: run `cargo xtask wasm`");
    pack(octi, "shell", &format!("{before}version = \"{version}\"{after}"), without_manifest(&packed))
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the plugins are")]
fn bundle() -> PathBuf {
    let target = Path::new(env!("CARGO_BIN_EXE_octi")).ancestors().nth(2).expect("octi is in <target>/<profile>");
    std::env::var_os("OCTI_PLUGIN_BUNDLE").map_or_else(|| target.join("octi-plugins"), PathBuf::from)
}

/// A packed plugin as the compiler made it: the manifest is its last section.
fn without_manifest(packed: &[u8]) -> &[u8] {
    let name = b"\x0docti:manifest";
    let payload = packed.windows(name.len()).rposition(|window| window == name).expect("a manifest");
    // In front of the payload stand its length, seven bits a byte, and the 0 of a custom section.
    let length = packed.len() - payload;
    let length_bytes = (usize::BITS - length.leading_zeros()).div_ceil(7) as usize;
    let start = payload - length_bytes - 1;
    assert_eq!(packed[start], 0, "a custom section begins here");
    &packed[..start]
}

fn pack(octi: &Octi, name: &str, manifest: &str, component: &[u8]) -> PathBuf {
    let folder = octi.home.path().join("made").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("plugin.toml"), manifest).expect("a file");
    fs::write(folder.join("component.wasm"), component).expect("a file");
    let (from, to) = (folder.join("component.wasm"), folder.with_extension("wasm"));
    let text = |path: &Path| path.display().to_string();
    let said = octi.run(&["plugin", "pack", &text(&folder), "--component", &text(&from), "-o", &text(&to)]);
    assert_eq!(said.code, Some(0), "{said:?}");
    to
}

/// Puts a plugin file into the folder of plugins in one step, as a careful person does.
pub(crate) fn drop_in(octi: &Octi, file: &Path) -> PathBuf {
    let place = octi.home.path().join("plugins").join(file.file_name().expect("a name"));
    fs::rename(file, &place).expect("the folder of plugins");
    place
}
