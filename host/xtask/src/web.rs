//! Building the browser's pages, which `host/cli/build.rs` puts into the binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;

use crate::step::{self, Steps};

/// The oldest Node.js that the tools of the pages run on.
const NODE_MAJOR_MIN: u32 = 20;

/// Installs what the pages are built with, as their lock file says and without running anything of it, and builds them; returns the
/// folder.
pub(crate) fn run() -> anyhow::Result<PathBuf> {
    let mut steps = Steps::new(3);
    install(&mut steps)?;
    let out = web_dir()?;
    let folder = out.to_string_lossy().into_owned();
    steps.step("Building the pages", || {
        step::run(&mut npm(&["run", "--silent", "build", "--", "--outDir", &folder, "--emptyOutDir"]))
    })?;
    Ok(out)
}

/// Checks the pages as their own tools do: format, lints, types, tests.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut steps = Steps::new(3);
    install(&mut steps)?;
    steps.step("Checking and testing the pages", || step::run(&mut npm(&["run", "--silent", "check"])))
}

fn install(steps: &mut Steps) -> anyhow::Result<()> {
    steps.step("Checking Node.js", check_node)?;
    steps.step("Installing what the pages are built with", || {
        step::run(&mut npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))
    })
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(step::root().join("web"));
    command
}

/// Where the pages go.
pub(crate) fn web_dir() -> anyhow::Result<PathBuf> {
    Ok(step::target_dir()?.join("octi-web"))
}

fn check_node() -> anyhow::Result<()> {
    let hint = format!("the pages are built with Node.js {NODE_MAJOR_MIN} or later, from https://nodejs.org");
    let version = step::output(Command::new("node").arg("--version")).with_context(|| hint.clone())?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    anyhow::ensure!(major.is_some_and(|major| major >= NODE_MAJOR_MIN), "`node` is {}; {hint}", version.trim());
    Ok(())
}
