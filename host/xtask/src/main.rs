//! Repository tasks, run as `cargo xtask <task>`: set up and start octi, test it, check the repository.
//!
//! Nothing here may depend on the host's crates, so that a task starts within a minute of a fresh clone.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a task runner starts programs, reads its environment and talks to the person at the terminal"
)]

mod bench;
mod ci;
mod codegen;
mod corpus;
mod e2e;
mod extism;
mod freeze;
mod fuzz;
mod peers;
mod step;
mod test;
mod tidy;
mod toolchain;
mod up;
mod wasm;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Repository tasks of octi", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set everything up, build octi and start it
    Up(up::Options),
    /// Set everything up and run the tests
    Test(test::Options),
    /// Try the pages in a real browser against the real program
    E2e(e2e::Options),
    /// What continuous integration runs: formatting, clippy, tidy, dependencies, tests, browser, fuzzing
    Ci,
    /// Check licences and banned dependencies
    Deny,
    /// Build the plugins that ship inside the binary
    Wasm(wasm::Options),
    /// Build the program that modules of Extism run in, and put it beside the `octi` built here
    Extism,
    /// Build the browser's pages that ship inside the binary
    Web,
    /// Measure calls, start, memory and turns of an optimised build
    Bench(bench::Options),
    /// Feed the parsers of what strangers write with what a fuzzer thinks of
    Fuzz(fuzz::Options),
    /// Write the generated reference pages and contract hashes anew
    Codegen(codegen::Options),
    /// Publish a version of the contract: copies of its packages that never change
    Freeze(freeze::Options),
    /// Build the plugins that later hosts are tested with, for a minor version of the contract
    Corpus(corpus::Options),
    /// Check what no compiler checks: dependency directions, contract hashes, file sizes, docs
    Tidy,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Up(options) => up::run(&options),
        Task::Test(options) => test::run(&options),
        Task::E2e(options) => e2e::run(&options),
        Task::Ci => ci::run(),
        Task::Deny => ci::deny(),
        Task::Wasm(options) => wasm::run(&options).map(|_| ()),
        Task::Extism => extism::run(),
        Task::Web => web::run().map(|_| ()),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Codegen(options) => codegen::run(&options),
        Task::Freeze(options) => freeze::run(&options),
        Task::Corpus(options) => corpus::run(&options),
        Task::Tidy => tidy::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
