//! `octi mcp`: the Model Context Protocol, octi for other programs and other programs for octi.

mod config;
mod server;
mod show;
mod sign_in;

use std::path::PathBuf;

use clap::Subcommand;
use octi_mcp::bridge::{self, BridgeError};
use secrecy::SecretString;

use crate::command::Context;
use crate::connection;
use crate::failure::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve a program that started this one, through standard input and output, from the octi that runs
    Serve {
        /// File with the token to use
        #[arg(long, value_name = "FILE")]
        token_file: Option<PathBuf>,
    },
    /// Print what connects a program with octi; `--write` also makes its token
    Config(config::Options),
    /// Servers whose tools agents may use: list, set, remove, test, tools, restart, reset, sign-in, sign-out, accept, withdraw
    #[command(subcommand)]
    Server(server::Verb),
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    match verb {
        Verb::Serve { token_file } => serve(context, token_file).await,
        Verb::Config(options) => config::run(context, options).await,
        Verb::Server(verb) => server::run(context, verb).await,
    }
}

async fn serve(context: &Context, token_file: Option<PathBuf>) -> Outcome {
    let token = token_file.map(|path| read_token(&path)).transpose()?;
    let (url, token) = connection::credentials(context, token).await?;
    let url = url.join("mcp").map_err(|error| Failure::us("the address of the server cannot be extended").because(&error))?;
    // The command line has no door of its own to the network: what it talks to is the one server that the person named.
    #[expect(clippy::disallowed_methods, reason = "the server that the person named, as `octi-client` reaches it")]
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let client = client.map_err(|error| Failure::us("no HTTP client can be had").because(&error))?;
    match bridge::over_stdio(client, url.as_str(), &token).await {
        Ok(()) => Ok(()),
        Err(error @ BridgeError::Far) => Err(Failure::external(error.to_string()).hint("`octi serve` starts it")),
        Err(error @ BridgeError::Near(_)) => Err(Failure::user(error.to_string())),
    }
}

fn read_token(path: &PathBuf) -> Outcome<SecretString> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::user(format!("the token in `{}` cannot be read", path.display()))
            .because(&error)
            .hint("`octi mcp config --write` makes it")
    })?;
    Ok(SecretString::from(text.trim()))
}
