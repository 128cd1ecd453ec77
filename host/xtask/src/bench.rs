//! `cargo xtask bench`: what octi adds to wasmtime, how fast it starts, what it needs.
//!
//! The measuring is in `tests/bench`; this builds what is measured, optimised, and runs it. Progress goes to standard
//! error and the result to standard output. A goal that was missed is shown and is never a failure; only instructions, which
//! do not depend on how busy the machine is, are a gate ([`callgrind`]).

pub(crate) mod callgrind;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::step::{self, Steps};
use crate::{extism, peers, wasm};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is measured
    #[arg(default_value = "all")]
    what: What,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Fewer samples: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Count the instructions of one call with valgrind instead of measuring times; fails when they are too many
    #[arg(long, conflicts_with_all = ["what", "quick"])]
    callgrind: bool,
    /// Make what is counted the new baseline
    #[arg(long, requires = "callgrind")]
    accept: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Calls, loading, memory, limits
    Engine,
    /// A call of each kind of tool, side by side
    Plugins,
    /// Start, idle memory, turns
    Host,
    /// Many connections to a server
    Connections,
    /// Everything
    All,
}

/// What the benchmark is run with.
struct Built {
    benchmark: PathBuf,
    plugins: PathBuf,
    /// Holds the benchmark's own guest and what is compiled of it.
    work: PathBuf,
}

/// Builds everything and measures.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.callgrind {
        return callgrind::run(options.json, options.accept);
    }
    let mut steps = Steps::new(if matches!(options.what, What::Plugins | What::All) { 5 } else { 4 });
    let plugins = steps.step("Building the plugins", || wasm::run(&wasm::Options { release: true }))?;
    let work = step::target_dir()?.join("octi-bench");
    steps.step("Building the benchmark's own plugin", || {
        fs::create_dir_all(&work).with_context(|| format!("cannot create `{}`", work.display()))?;
        let packer = step::target_dir()?.join("release").join("octi-pack");
        wasm::pack_guest(&packer, Path::new("tests/guests/bench"), "octi-guest-bench", &work.join("bench.wasm"))
    })?;
    steps.step("Building octi and the benchmark", build)?;
    let built = Built { benchmark: step::target_dir()?.join("release").join("octi-bench"), plugins, work };
    if matches!(options.what, What::Plugins | What::All) {
        steps.step("Building a plugin of each template", || templates::build(&built.work))?;
    }
    steps.step("Measuring; leave the machine alone meanwhile", || measure(&built, options))?;
    eprintln!("Done after {}", steps.elapsed());
    Ok(())
}

fn measure(built: &Built, options: &Options) -> anyhow::Result<()> {
    let mut command = Command::new(&built.benchmark);
    command.arg("--plugins").arg(&built.plugins).arg("--work").arg(&built.work);
    command.arg(match options.what {
        What::Engine => "engine",
        What::Plugins => "plugins",
        What::Host => "host",
        What::Connections => "connections",
        What::All => "all",
    });
    if matches!(options.what, What::Engine | What::Plugins | What::All) {
        command.envs(mcp_server());
    }
    if matches!(options.what, What::Plugins | What::All) {
        command.env("OCTI_TEST_EXTISM_BRIDGE", extism::build()?);
    }
    if options.what != What::Engine {
        command.arg("--octi").arg(step::target_dir()?.join("release").join("octi"));
    }
    for (flag, given) in [("--json", options.json), ("--quick", options.quick)] {
        if given {
            command.arg(flag);
        }
    }
    step::run(&mut command)
}

/// The server that octi's own tools are compared with; the benchmark says so when there is none.
fn mcp_server() -> Vec<(String, String)> {
    peers::one("mcp-everything.sh", "the reference MCP server").unwrap_or_else(|error| {
        eprintln!("      left out: {error:#}");
        Vec::new()
    })
}

/// Together with octi, whatever is measured: then the benchmark is made of the same compiled crates.
fn build() -> anyhow::Result<()> {
    let mut command = step::cargo(&["build", "--bin", "octi", "--bin", "octi-bench", "--package", "octi-bench"]);
    step::run(command.args(step::SHIPPED))
}
