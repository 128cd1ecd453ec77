//! `cargo xtask e2e`: the browser's pages in a real browser against the real program.

use std::process::Command;

use crate::step::{self, Steps};
use crate::{peers, wasm, web};

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Passed on to `web/e2e/run.mjs`, such as `--only reconnect` or `--shots FOLDER`
    #[arg(last = true)]
    run: Vec<String>,
}

/// Builds octi as the tests do, with its plugins and pages inside, and runs every story of `web/e2e/stories` against it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut steps = Steps::new(5);
    let bundle = steps.step("Building the plugins", || wasm::run(&wasm::Options { release: false }))?;
    steps.step("Building the pages", web::run)?;
    let browser = steps.step("Finding a browser", || peers::one("chromium.sh", "Chromium"))?;
    // All bins, as the tests have them: asked for fewer packages, cargo would compile dependencies with other features.
    steps.step("Building octi", || {
        step::run(step::cargo(&["build", "--workspace", "--bin", "octi"]).env("OCTI_PLUGIN_BUNDLE", &bundle))
    })?;
    let octi = step::target_dir()?.join("debug").join("octi");
    steps.step("Running the stories", || {
        let mut command = Command::new("npm");
        command.args(["run", "--silent", "e2e", "--"]).arg(&octi).args(&options.run);
        command.env("OCTI_PLUGIN_BUNDLE", &bundle);
        step::run(command.current_dir(step::root().join("web")).envs(browser))
    })?;
    eprintln!("All stories passed after {}", steps.elapsed());
    Ok(())
}
