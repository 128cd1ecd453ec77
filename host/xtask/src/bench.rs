//! `cargo xtask bench`: numbers of the release build, each beside a baseline of the same run.

use crate::step::{self, Steps};
use crate::wasm;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// Builds what is measured and measures it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::new(3);
    let bundle = steps.step("Building the plugins", || wasm::run(&wasm::Options { release: true }))?;
    steps.step("Building octi and the benchmark", || {
        step::run(&mut step::cargo(&["build", "--release", "--package", "octi-cli", "--package", "octi-tests", "--bins"]))
    })?;
    let release = step::target_dir()?.join("release");
    steps.step("Measuring", || {
        let mut command = std::process::Command::new(release.join("octi-bench"));
        command.env("OCTI_PLUGIN_BUNDLE", &bundle).env("OCTI_BINARY", release.join("octi"));
        if options.json {
            command.arg("--json");
        }
        step::run(&mut command)
    })
}
