//! `cargo xtask extism`: the program that modules of Extism run in.
//!
//! It is a workspace of its own with an engine of its own, so it has its own folder below Cargo's output, and it is always built
//! optimised: an engine without optimisation compiles modules for seconds.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;

use crate::step;

/// The program.
const NAME: &str = "octi-extism-bridge";

/// Builds it, and puts it beside every `octi` that was built here.
pub(crate) fn run() -> anyhow::Result<()> {
    let built = build()?;
    eprintln!("built {}", built.display());
    let target = step::target_dir()?;
    let folders = ["debug", "release"].map(|profile| target.join(profile));
    for folder in folders.into_iter().filter(|folder| folder.join("octi").is_file()) {
        let beside = folder.join(NAME);
        // Written anew under its name: one that runs is not changed below it.
        let new = folder.join(format!("{NAME}.new"));
        fs::copy(&built, &new)
            .and_then(|_| fs::rename(&new, &beside))
            .with_context(|| format!("cannot write `{}`", beside.display()))?;
        eprintln!("put beside octi: {}", beside.display());
    }
    Ok(())
}

/// Builds it; where it is.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let target = step::target_dir()?.join("extism");
    // Its engine asks for a newer compiler than this repository does, and does not need it.
    let mut cargo = step::cargo(&["build", "--release", "--locked", "--ignore-rust-version"]);
    step::run(cargo.current_dir(folder()).env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release").join(NAME))
}

/// Its own tests, and what the formatter says of it.
pub(crate) fn check() -> anyhow::Result<()> {
    let target = step::target_dir()?.join("extism");
    let cargo = |arguments: &[&str]| {
        let mut command = step::cargo(arguments);
        command.current_dir(folder()).env("CARGO_TARGET_DIR", &target);
        command
    };
    step::run(&mut cargo(&["fmt", "--check"]))?;
    step::run(&mut cargo(&["test", "--release", "--locked", "--ignore-rust-version"]))
}

fn folder() -> PathBuf {
    step::root().join("plugins").join("extism-bridge")
}
