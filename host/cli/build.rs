//! Puts the packed first-party plugins into the binary.
//!
//! `cargo xtask wasm` makes them. A build without them works too: the binary then says, when it is started, that its bundle
//! is empty and how to fill it.
#![expect(clippy::disallowed_methods, reason = "a build script is told where things are by its environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=OCTI_PLUGIN_BUNDLE");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut list = String::from("&[\n");
    if let Some(folder) = bundle(&out) {
        println!("cargo::rerun-if-changed={}", folder.display());
        for file in plugins(&folder)? {
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            fs::copy(&file, out.join(&name))?;
            let _ = writeln!(list, "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\"))),");
        }
    }
    list.push_str("]\n");
    fs::write(out.join("bundle.rs"), list)
}

/// The folder `cargo xtask wasm` writes, found beside cargo's output.
fn bundle(out: &Path) -> Option<PathBuf> {
    if let Some(folder) = env::var_os("OCTI_PLUGIN_BUNDLE") {
        return Some(PathBuf::from(folder));
    }
    // OUT_DIR is `<target>/<profile>/build/octi-cli-<hash>/out`.
    Some(out.ancestors().nth(4)?.join("octi-plugins"))
}

fn plugins(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
