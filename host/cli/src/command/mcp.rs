//! `octi mcp`: the Model Context Protocol.

mod server;
mod show;

use clap::Subcommand;

use crate::command::Context;
use crate::failure::Outcome;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Servers whose tools agents may use: list, set, remove, test, tools, restart, reset, accept, withdraw
    #[command(subcommand)]
    Server(server::Verb),
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    match verb {
        Verb::Server(verb) => server::run(context, verb).await,
    }
}
