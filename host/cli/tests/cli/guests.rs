//! Plugin files made by the tests: small guests in WebAssembly's text format, and a bundled plugin under another version.

use std::fs;
use std::path::{Path, PathBuf};

use octi_testkit::guests::{Guest, manifest, with_manifest};

use crate::support::Octi;

/// A file of the plugin `acme/<name>`, whose tool `run` does what `body` says.
pub(crate) fn guest(octi: &Octi, name: &str, limits: &str, body: &str) -> PathBuf {
    let manifest = manifest(&format!("acme/{name}"), "1.0.0", &format!("[limits]\n{limits}"));
    let folder = octi.home.path().join("made");
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(name).with_extension("wasm");
    fs::write(&file, with_manifest(Guest::default().does(body).component(), &manifest)).expect("a file");
    file
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
