//! `cargo xtask test`: from a clone to passed tests.

use std::process::Command;

use crate::step::{self, Steps};
use crate::{extism, peers, wasm, web};

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Passed on to the test runner, such as the name of a test
    #[arg(last = true)]
    filter: Vec<String>,
}

/// Builds the plugins, starts the programs octi is tested against, runs every test.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::new(5);
    let bundle = steps.step("Building the plugins", || wasm::run(&wasm::Options { release: false }))?;
    let bridge = steps.step("Building the program of Extism modules", || {
        let bridge = extism::build()?;
        extism::check()?;
        Ok(bridge)
    })?;
    steps.step("Checking the pages", web::check)?;
    let peers = steps.step("Installing and starting the programs octi is tested against", peers::start)?;
    steps.step("Running the tests", || {
        let mut command = runner();
        command.env("OCTI_PLUGIN_BUNDLE", &bundle).env("OCTI_TEST_EXTISM_BRIDGE", &bridge);
        for (name, value) in &peers.environment {
            command.env(name, value);
        }
        step::run(command.args(&options.filter))
    })?;
    eprintln!("All tests passed after {}", steps.elapsed());
    Ok(())
}

/// nextest where it is installed (a process for each test), cargo's own runner elsewhere.
fn runner() -> Command {
    if step::works("cargo", &["nextest", "--version"]) {
        step::cargo(&["nextest", "run", "--workspace"])
    } else {
        step::cargo(&["test", "--workspace"])
    }
}
