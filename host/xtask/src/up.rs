//! `cargo xtask up`: from a clone to octi listening.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;

use crate::step::{self, Steps};
use crate::{wasm, web};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build everything, but do not start octi
    #[arg(long)]
    build_only: bool,
    /// Passed on to `octi serve`
    #[arg(last = true)]
    serve: Vec<String>,
}

/// Builds the optimised binary with its plugins inside and becomes `octi serve`.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::new(4);
    eprintln!("Setting up octi; the first time takes 10 to 30 minutes on two cores, later runs seconds");
    steps.step("Building the plugins", || wasm::run(&wasm::Options { release: true }))?;
    steps.step("Building the pages", pages)?;
    steps.step("Building octi", || step::run(step::cargo(&["build", "--bin", "octi"]).args(step::SHIPPED)))?;
    let octi = step::target_dir()?.join("release").join("octi");
    steps.step("Checking the binary", || {
        eprint!("      {}", step::output(Command::new(&octi).arg("version"))?);
        Ok(())
    })?;
    eprintln!("Ready after {}: {}", steps.elapsed(), octi.display());
    if options.build_only {
        return Ok(());
    }
    eprintln!("Starting `octi serve`; Ctrl-C ends it");
    let error = Command::new(&octi).arg("serve").args(&options.serve).exec();
    Err(error).with_context(|| format!("cannot start `{}`", octi.display()))
}

/// Whoever has no Node.js gets everything but the pages, and a page that says so.
fn pages() -> anyhow::Result<()> {
    if !step::works("npm", &["--version"]) {
        eprintln!(
            "      npm is not there, so octi gets no pages for the browser; install Node.js and run this again to have them"
        );
        return Ok(());
    }
    web::run().map(|_| ())
}
