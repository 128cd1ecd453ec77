//! The command line: one file a command.

mod chat;
mod checks;
mod doctor;
mod hidden;
mod mcp;
mod model;
mod notification;
mod org;
mod permission;
mod plugin;
mod reference;
mod registry;
mod secret;
mod serve;
mod settings;
mod skill;
mod token;
mod tui;
pub(crate) mod version;
mod workspace;

use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand};
use octi_config::Config;
use octi_config::env::Environment;

use crate::failure::{Failure, Outcome};
use crate::output::Printer;
use crate::telemetry::{self, Logs};

/// What libraries say of an error in lines of their own, octi says again in words that help.
const QUIET: &str = "genai=off,rmcp=warn,rustls_platform_verifier=off";

/// A self-hosted agent platform whose tools are sandboxed WebAssembly components
#[derive(Debug, Parser)]
#[command(name = "octi", version, max_term_width = 100, propagate_version = false)]
pub(crate) struct Arguments {
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder of octi's data [env: OCTI_HOME, default: ~/.octi]
    #[arg(long, global = true, value_name = "FOLDER")]
    home: Option<PathBuf>,
    /// Server to talk to [env: OCTI_URL, default: http://127.0.0.1:3005]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Talk to an agent
    Chat(chat::Options),
    /// Talk to an agent on a whole screen
    Tui(tui::Options),
    /// Run the server
    Serve(serve::Options),
    /// Tools and roles: list, inspect, review, install, upgrade, remove, call; and writing them: new, build, test, dev
    #[command(subcommand)]
    Plugin(plugin::Verb),
    /// Texts that turns are given when they help: list, show, enable, disable
    #[command(subcommand)]
    Skill(skill::Verb),
    /// A registry of plugins that is yours: init, add, yank, revoke, sign, list
    #[command(subcommand)]
    Registry(registry::Verb),
    /// Language models: list, add, test, default, remove
    #[command(subcommand)]
    Model(model::Verb),
    /// The Model Context Protocol: octi for others (serve, config), and servers of others (server)
    #[command(subcommand)]
    Mcp(mcp::Verb),
    /// API tokens: create, list, revoke
    #[command(subcommand)]
    Token(token::Verb),
    /// Keys and passwords that tools may send and never see: set, list, remove
    #[command(subcommand)]
    Secret(secret::Verb),
    /// What holds for everybody on this host: list, get, set, reset
    #[command(subcommand)]
    Settings(settings::Verb),
    /// What tools may do without asking: list, set, remove
    #[command(subcommand)]
    Permission(permission::Verb),
    /// What you were told of while you looked elsewhere: list, read
    #[command(subcommand)]
    Notification(notification::Verb),
    /// The folders your agents work in: list, create, rename, default, remove
    #[command(subcommand)]
    Workspace(workspace::Verb),
    /// Organisations, whose people are let use a plugin together: list, create, show, add, remove, delete
    #[command(subcommand)]
    Org(org::Verb),
    /// Check this installation and say what to mend
    Doctor,
    /// Print the version
    Version,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a generated reference page
    #[command(name = "__reference", hide = true)]
    Reference(reference::Options),
}

/// What every command is given.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    pub(crate) printer: Printer,
    pub(crate) logs: Logs,
}

/// Runs one command.
///
/// # Errors
/// [`Failure`] with what to do next.
pub(crate) async fn run(arguments: Arguments, printer: Printer) -> Outcome {
    match &arguments.verb {
        Verb::Completions { shell } => return completions(*shell, printer),
        Verb::Version => return version::run(printer),
        Verb::Reference(options) => return reference::run(options, printer),
        _ => {}
    }
    let context = context(&arguments, printer)?;
    match arguments.verb {
        Verb::Chat(options) => Box::pin(chat::run(&context, options)).await,
        Verb::Tui(options) => tui::run(&context, &options).await,
        Verb::Serve(_) => serve::run(&context).await,
        Verb::Plugin(verb) => Box::pin(plugin::run(&context, verb)).await,
        Verb::Skill(verb) => skill::run(&context, verb).await,
        Verb::Registry(verb) => Box::pin(registry::run(&context, verb)).await,
        Verb::Model(verb) => model::run(&context, verb).await,
        Verb::Mcp(verb) => Box::pin(mcp::run(&context, verb)).await,
        Verb::Token(verb) => token::run(&context, verb).await,
        Verb::Secret(verb) => secret::run(&context, verb).await,
        Verb::Settings(verb) => settings::run(&context, verb).await,
        Verb::Permission(verb) => permission::run(&context, verb).await,
        Verb::Notification(verb) => notification::run(&context, verb).await,
        Verb::Workspace(verb) => workspace::run(&context, verb).await,
        Verb::Org(verb) => org::run(&context, verb).await,
        Verb::Doctor => doctor::run(&context).await,
        Verb::Completions { .. } | Verb::Version | Verb::Reference(_) => Ok(()),
    }
}

fn context(arguments: &Arguments, printer: Printer) -> Outcome<Context> {
    let mut environment = Environment::process();
    if let Some(home) = &arguments.home {
        environment.set(octi_config::env::OCTI_HOME, &home.to_string_lossy());
    }
    if let Some(url) = &arguments.url {
        environment.set(octi_config::env::OCTI_URL, url);
    }
    match &arguments.verb {
        Verb::Serve(options) => options.set(&mut environment),
        Verb::Chat(options) => options.set(&mut environment)?,
        _ => {}
    }
    let config = Config::load(&environment).map_err(|error| {
        Failure::user(error.to_string())
            .hint("docs/reference/environment.md lists every variable; `octi doctor` checks an installation")
    })?;
    let level = match &arguments.verb {
        Verb::Serve(_) => "info",
        Verb::Plugin(verb) => verb.log_level(),
        _ => "error",
    };
    let logs = telemetry::start(&config, &format!("{level},{QUIET}"))?;
    Ok(Context { config, environment, printer, logs })
}

fn completions(shell: clap_complete::Shell, printer: Printer) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "octi", &mut script);
    printer.out(&String::from_utf8_lossy(&script));
    Ok(())
}
