//! What a build needs beyond Rust itself.

use std::process::Command;

use anyhow::bail;

use crate::step;

/// What guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Makes sure that plugins can be compiled.
pub(crate) fn ensure_wasm_target() -> anyhow::Result<()> {
    if installed()? {
        return Ok(());
    }
    eprintln!("      adding the compilation target {TARGET}");
    if step::run(Command::new("rustup").args(["target", "add", TARGET])).is_ok() && installed()? {
        return Ok(());
    }
    bail!(
        "the Rust target {TARGET} is missing and `rustup target add {TARGET}` did not bring it; \
         docs/CONTRIBUTING.md tells how to build it from Debian's second toolchain"
    )
}

fn installed() -> anyhow::Result<bool> {
    let sysroot = step::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib").is_dir())
}
