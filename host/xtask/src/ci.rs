//! `cargo xtask ci`: what must pass before a change lands.

use std::path::PathBuf;
use std::process::Command;

use crate::bench::callgrind;
use crate::step::{self, Steps};
use crate::{e2e, fuzz, test, tidy};

const DENY_VERSION: &str = "0.20.2";

/// Formatting, clippy, tidy, dependency rules, tests, the pages in a browser, a
/// little fuzzing, and where there is valgrind the instructions of a call.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut steps = Steps::new(8);
    steps.step("Checking the formatting", || step::run(&mut step::cargo(&["fmt", "--all", "--check"])))?;
    steps.step("Running clippy", || {
        step::run(&mut step::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    })?;
    steps.step("Checking the repository", tidy::run)?;
    steps.step("Checking licences and banned dependencies", deny)?;
    steps.step("Testing", || test::run(&test::Options::default()))?;
    steps.step("Trying the pages in a browser", || e2e::run(&e2e::Options::default()))?;
    steps.step("Fuzzing", || fuzz::run(&fuzz::Options::brief()))?;
    steps.step("Counting the instructions of a call", || {
        if callgrind::is_possible() {
            return callgrind::run(false, false);
        }
        eprintln!("      left out: valgrind is not installed");
        Ok(())
    })?;
    eprintln!("All checks passed after {}", steps.elapsed());
    Ok(())
}

/// Licences, bans, and one wasmtime.
pub(crate) fn deny() -> anyhow::Result<()> {
    let root = step::cache_dir().join("tools");
    let installed: PathBuf = root.join("bin").join("cargo-deny");
    if !installed.is_file() {
        eprintln!("      compiling cargo-deny {DENY_VERSION} once into {}", root.display());
        let version = format!("cargo-deny@{DENY_VERSION}");
        step::run(step::cargo(&["install", "--locked", &version, "--root"]).arg(&root))?;
    }
    let mut command = Command::new(installed);
    step::run(command.current_dir(step::root()).args(["--log-level", "error", "check", "licenses", "bans"]))
}
