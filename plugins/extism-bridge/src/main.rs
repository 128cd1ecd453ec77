//! Serves the exports of one Extism module as MCP tools over standard input and output.
//!
//! octi starts it in the process sandbox, a process for each module, so what the `extism` crate and its engine may do wrong stays
//! there. It reads one file, whose digest it is told, and reaches no host but those it is told, through the proxy of that sandbox.

mod module;
mod server;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// Serves the exports of an Extism module as MCP tools over standard input and output
#[derive(Debug, Parser)]
#[command(name = "octi-extism-bridge", version)]
struct Options {
    /// The module
    module: PathBuf,
    /// SHA-256 that its file must have, in hex
    #[arg(long, value_name = "HEX")]
    sha256: String,
    /// What it is called; default its file's name
    #[arg(long)]
    name: Option<String>,
    /// Host that it may send requests to; `*` stands for any part of a name
    #[arg(long = "allow-host", value_name = "HOST")]
    hosts: Vec<String>,
    /// MiB of memory of one call
    #[arg(long, value_name = "MIB", default_value_t = 64)]
    memory_mb: u32,
    /// Milliseconds of one call
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    time_ms: u64,
    /// Bytes of output of one call
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    output_bytes: usize,
}

/// Variables of these names hold one `KEY=VALUE` of the module's configuration each: values may be secrets, and arguments are
/// seen by whoever lists processes.
const CONFIG: &str = "OCTI_EXTISM_CONFIG_";

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("octi-extism-bridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> anyhow::Result<()> {
    let bounds = module::Bounds {
        memory_mb: options.memory_mb,
        time: Duration::from_millis(options.time_ms),
        output_bytes: options.output_bytes,
    };
    let file = &options.module;
    let name = options.name.or_else(|| Some(file.file_stem()?.to_string_lossy().into_owned())).unwrap_or_default();
    // What is wrong with the module is said to whoever wants to use it, and the program does what it was started for: it answers.
    let loaded = module::Module::load(name, (file, &options.sha256), (options.hosts, config()), bounds).and_then(tools::of);
    // One thread speaks; each call has one of its own, and there are never more than `CALLS_MAX`.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(server::CALLS_MAX + 2).build()?;
    let served = runtime.block_on(async {
        match loaded {
            Ok((module, tools)) => server::serve(module, tools).await,
            Err(error) => server::refuse(format!("{error:#}")).await,
        }
    });
    // A call that is still under way is for nobody.
    runtime.shutdown_background();
    served
}

fn config() -> Vec<(String, String)> {
    let of_module = std::env::vars().filter(|(name, _)| name.starts_with(CONFIG));
    of_module.filter_map(|(_, pair)| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}
