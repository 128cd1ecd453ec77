//! The `octi` program: parses the command line, runs one command, reports how it ended.
//!
//! This is the composition root. Nothing depends on it, and no rule of the platform lives here.

mod acting;
mod bundle;
mod command;
mod compose;
mod connection;
mod distribution;
mod failure;
mod lifecycle;
mod mcp;
mod models;
mod output;
mod plugins;
mod profiles;
mod programs;
mod registries;
mod secrets;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::command::Arguments;
use crate::failure::Failure;
use crate::output::Printer;

fn main() -> ExitCode {
    // The launcher of sandboxed processes, and the compiler of plugins, which is one of them: single-threaded, before anything else
    // has started.
    match std::env::args_os().nth(1) {
        Some(word) if word == "__sandbox" => return octi_security::sandbox::process::launcher_main(),
        Some(word) if word == octi_engine::COMPILER_COMMAND => return octi_engine::compiler_main(),
        _ => {}
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let printer = Printer::new(arguments.json);
    // Only fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::us("the async runtime cannot start").because(&error).report(printer),
    };
    let outcome = runtime.block_on(command::run(arguments, printer));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(printer),
    }
}

/// Help and version are no failures; anything else is the person's to mend.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The arguments could not be read, so that nobody knows yet who reads the answer.
    let for_machines = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    if !for_machines {
        let _ = error.print();
        return ExitCode::from(1);
    }
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let message = first.trim_start_matches("error: ").split_whitespace().collect::<Vec<_>>().join(" ");
    Failure::user(message).hint("`octi help` lists the commands and `octi help COMMAND` its options").report(Printer::new(true))
}
