//! The benchmark: what octi adds to wasmtime, how fast it starts, what it needs. `cargo xtask bench` builds and runs it.
//!
//! Everything is measured in one run on one machine, so that numbers can be compared with each other; a slow machine makes
//! all of them slow. What is said to the person goes to standard error, the result to standard output.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark starts the program it measures and reads the variables that name its peers"
)]

mod bare;
mod connections;
mod counted;
mod density;
mod egress;
mod fresh;
mod hosted;
mod installed;
mod kill;
mod load;
mod machine;
mod mcp;
mod plugins;
mod server;
mod swaps;
mod throughput;
mod tiny;
mod turns;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use octi_tests::report::{Report, Skipped};

const NO_BINARY: &str = "no `octi` binary was named with `--octi`";

#[derive(Parser)]
struct Arguments {
    /// What is measured
    #[arg(default_value = "all")]
    what: What,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Fewer samples: a look, not a result
    #[arg(long)]
    quick: bool,
    /// Folder of the bundled plugins
    #[arg(long)]
    plugins: PathBuf,
    /// Folder with `bench.wasm`; compiled code is kept there
    #[arg(long)]
    work: PathBuf,
    /// The `octi` binary whose start is measured
    #[arg(long)]
    octi: Option<PathBuf>,
    /// The program of an MCP server with a tool `echo`
    #[arg(long, env = "OCTI_TEST_MCP_SERVER")]
    mcp: Option<PathBuf>,
    /// The program that modules of Extism run in
    #[arg(long, env = "OCTI_TEST_EXTISM_BRIDGE")]
    bridge: Option<PathBuf>,
    /// Only make this many calls on that path, for an instruction counter
    #[arg(long, requires = "calls")]
    counted: Option<counted::Path>,
    #[arg(long)]
    calls: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
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

/// Where everything is.
pub(crate) struct Paths {
    pub(crate) plugins: PathBuf,
    pub(crate) work: PathBuf,
    pub(crate) octi: Option<PathBuf>,
    pub(crate) mcp: Option<PathBuf>,
    pub(crate) bridge: Option<PathBuf>,
    /// Where tools work; it has a small file `note.txt`.
    pub(crate) workspace: PathBuf,
}

impl Paths {
    /// The benchmark's own guest.
    pub(crate) fn guest(&self) -> PathBuf {
        self.work.join("bench.wasm")
    }

    /// The bundled tool that calls are made to.
    pub(crate) fn filesystem(&self) -> PathBuf {
        self.plugins.join("filesystem.wasm")
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) quick: bool,
}

impl Effort {
    /// `full` samples, or a tenth of them.
    pub(crate) const fn samples(self, full: usize) -> usize {
        if self.quick { full.div_ceil(10) } else { full }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(&arguments)));
    match result {
        Ok(text) => {
            // Whoever reads may have gone away.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<String> {
    let workspace = tempfile::tempdir()?;
    std::fs::write(workspace.path().join("note.txt"), "One line of a note that somebody wrote.\n".repeat(10))?;
    std::fs::create_dir_all(&arguments.work)?;
    let paths = Paths {
        plugins: arguments.plugins.clone(),
        work: arguments.work.clone(),
        octi: arguments.octi.clone(),
        mcp: arguments.mcp.clone(),
        bridge: arguments.bridge.clone(),
        workspace: workspace.path().to_path_buf(),
    };
    if let (Some(path), Some(calls)) = (arguments.counted, arguments.calls) {
        counted::run(&paths, path, calls).await?;
        return Ok(String::new());
    }
    let effort = Effort { quick: arguments.quick };
    let begun = machine::Processors::now();
    let mut report = Report { machine: machine::facts(), groups: Vec::new(), skipped: Vec::new() };
    if matches!(arguments.what, What::Engine | What::All) {
        engine(&paths, effort, &mut report).await?;
    }
    if matches!(arguments.what, What::Plugins | What::All) {
        let (group, skipped) = step("each kind of tool", Box::pin(plugins::measure(&paths, effort))).await?;
        report.groups.push(group);
        report.skipped.extend(skipped);
    }
    if matches!(arguments.what, What::Host | What::All) {
        host(&paths, effort, &mut report).await?;
    }
    if matches!(arguments.what, What::Connections | What::All) {
        many_connections(&paths, effort, &mut report).await?;
    }
    report.machine.stolen_percent = machine::Processors::now().stolen_percent_since(begun);
    Ok(if arguments.json { format!("{}\n", serde_json::to_string_pretty(&report)?) } else { report.table() })
}

async fn engine(paths: &Paths, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    report.groups.push(step("fresh calls", Box::pin(fresh::measure(paths, effort))).await?);
    report.groups.push(step("loading", async { load::measure(paths, effort) }).await?);
    report.groups.push(step("calls each second", Box::pin(throughput::measure(paths, effort))).await?);
    report.groups.push(step("live instances", density::measure(paths)).await?);
    match &paths.mcp {
        Some(server) => {
            report.groups.push(step("an MCP server", async { mcp::measure(server, effort) }).await?);
        }
        None => report.skipped.push(Skipped {
            what: "an MCP server".to_owned(),
            reason: "`OCTI_TEST_MCP_SERVER` names none; tests/peers/mcp-everything.sh installs one".to_owned(),
        }),
    }
    report.groups.push(step("endless loops", Box::pin(kill::measure(paths, effort))).await?);
    report.groups.push(step("the egress check", Box::pin(egress::measure(effort))).await?);
    report.groups.push(step("swaps", Box::pin(swaps::measure(paths, effort))).await?);
    Ok(())
}

async fn host(paths: &Paths, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    match &paths.octi {
        Some(octi) => {
            report.groups.extend(step("the server's start and memory", async { server::measure(paths, octi, effort) }).await?);
        }
        None => report.skipped.push(Skipped { what: "start and idle memory".to_owned(), reason: NO_BINARY.to_owned() }),
    }
    let (group, skipped) = step("turns", Box::pin(turns::measure(paths, effort))).await?;
    report.groups.push(group);
    report.skipped.extend(skipped);
    Ok(())
}

async fn many_connections(paths: &Paths, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let Some(octi) = &paths.octi else {
        report.skipped.push(Skipped { what: "many connections".to_owned(), reason: NO_BINARY.to_owned() });
        return Ok(());
    };
    let (groups, skipped) = step("many connections", Box::pin(connections::measure(paths, octi, effort))).await?;
    report.groups.extend(groups);
    report.skipped.extend(skipped);
    Ok(())
}

async fn step<T>(what: &str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    say(&format!("      measuring {what}"));
    let begun = Instant::now();
    let done = work.await.map_err(|error| error.context(format!("measuring {what} failed")))?;
    say(&format!("      … {:.1} s", begun.elapsed().as_secs_f32()));
    Ok(done)
}

/// A line to the person.
pub(crate) fn say(line: &str) {
    // Nothing is left to do when even this cannot be shown.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Times a piece of work so often.
pub(crate) async fn timed(
    samples: &mut Vec<Duration>,
    count: usize,
    mut work: impl AsyncFnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for _ in 0..count {
        let begun = Instant::now();
        work().await?;
        samples.push(begun.elapsed());
    }
    Ok(())
}
