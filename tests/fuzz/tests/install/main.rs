//! Files that are no plugins, on the way that plugins are installed.
//!
//! Each is refused in words, or runs. None of them ends the host, hangs it, or takes the plugin away that was there.

#![expect(clippy::expect_used, reason = "the helpers of these tests are tests too")]

mod damage;
mod host;
mod smith;

use std::path::{Path, PathBuf};

/// A tool that ships, as `cargo xtask wasm` packed it.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the plugins are")]
fn tool() -> Vec<u8> {
    let here = std::env::current_exe().expect("this program's path");
    let target = here.ancestors().nth(3).map(Path::to_owned).expect("this program is in <target>/<profile>/deps");
    let bundle = std::env::var_os("OCTI_PLUGIN_BUNDLE").map_or_else(|| target.join("octi-plugins"), PathBuf::from);
    let file = bundle.join("shell.wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask wasm`", file.display()))
}
