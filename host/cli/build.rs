//! Puts the packed first-party plugins and the browser's pages into the binary.
//!
//! `cargo xtask wasm` and `cargo xtask web` make them. A build without them works too: the binary then says what it lacks, and
//! how to build it.
#![expect(clippy::disallowed_methods, reason = "a build script is told where things are by its environment")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let is_plugin = |path: &Path| path.extension().is_some_and(|extension| extension == "wasm");
    embed(&out, "OCTI_PLUGIN_BUNDLE", "octi-plugins", "bundle.rs", is_plugin)?;
    embed(&out, "OCTI_WEB_BUNDLE", "octi-web", "web.rs", |_| true)
}

/// Writes a list of the files of a folder and their bytes, as Rust: the folder that the variable names, or else the one of that
/// name beside cargo's output.
fn embed(out: &Path, variable: &str, name: &str, list: &str, wanted: impl Fn(&Path) -> bool) -> io::Result<()> {
    println!("cargo::rerun-if-env-changed={variable}");
    let mut text = String::from("&[\n");
    if let Some(folder) = folder(out, variable, name) {
        println!("cargo::rerun-if-changed={}", folder.display());
        for path in files(&folder)?.into_iter().filter(|path| wanted(path)) {
            println!("cargo::rerun-if-changed={}", path.display());
            let below = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
            let copy = out.join(name).join(&below);
            fs::create_dir_all(copy.parent().unwrap_or(out))?;
            fs::copy(&path, copy)?;
            let _ = writeln!(text, "    ({below:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}/{below}\"))),");
        }
    }
    text.push_str("]\n");
    fs::write(out.join(list), text)
}

fn folder(out: &Path, variable: &str, name: &str) -> Option<PathBuf> {
    if let Some(folder) = env::var_os(variable) {
        return Some(PathBuf::from(folder));
    }
    // OUT_DIR is `<target>/<profile>/build/octi-cli-<hash>/out`.
    Some(out.ancestors().nth(4)?.join(name))
}

/// Every file in it, in the order of their names; none when there is no such folder.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
