//! `octi chat`: a question as an argument, from a pipe, or a conversation at the keyboard.

mod files;
pub(crate) mod place;
pub(crate) mod prompt;
mod questions;
mod talk;
mod view;

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use octi_api::error::ErrorCode;
use octi_api::page::PageQuery;
use octi_api::v1::sessions::CreateSession;
use octi_client::{Client, ClientError};
use octi_config::env::Environment;
use octi_domain::ids::SessionId;
use octi_domain::limits;
use uuid::Uuid;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, DIM, shorten};
use talk::Talk;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to ask; without it, standard input, or a conversation
    question: Vec<String>,
    /// Run everything in this process instead of talking to a server
    #[arg(long)]
    local: bool,
    /// Go on with this conversation
    #[arg(long, value_name = "ID")]
    session: Option<Uuid>,
    /// Go on with the last conversation, or that of `--session`, and with its turn if that was interrupted
    #[arg(long = "continue")]
    resume: bool,
    /// Model to use instead of the default
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Give the first message a file; may be repeated
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: place::PlaceOptions,
    /// Answer every permission question with "once"
    #[arg(long)]
    yes: bool,
}

impl Options {
    /// In a private server the person at the keyboard opens the folder that they name, unless the database says what is open.
    pub(crate) fn set(&self, environment: &mut Environment) -> Outcome {
        if self.local { self.place.open(environment) } else { Ok(()) }
    }
}

/// Talks.
pub(crate) async fn run(context: &Context, options: Options) -> Outcome {
    let question = question(&options)?;
    if question.is_none() && !options.resume && context.printer.is_json() {
        return Err(Failure::user("`--json` needs a question").hint("give it as an argument or on standard input"));
    }
    let files = files::read(&options.files)?;
    let want = if options.local { Want::Local } else { Want::Running };
    let connection = Connection::open(context, want).await.map_err(|failure| no_server(failure, &options))?;
    let outcome = talk(context, &connection, &options, question, files).await;
    connection.close().await;
    outcome
}

fn no_server(failure: Failure, options: &Options) -> Failure {
    if options.local { failure } else { failure.hint("`octi chat --local` needs no server") }
}

/// The question, or none for a conversation.
fn question(options: &Options) -> Outcome<Option<String>> {
    let mut text = options.question.join(" ");
    if text.is_empty() && !options.resume && !std::io::stdin().is_terminal() {
        let read = std::io::stdin().take(limits::MESSAGE_BYTES_MAX as u64 + 1).read_to_string(&mut text);
        read.map_err(|error| Failure::user("the question cannot be read from standard input").because(&error))?;
        if text.trim().is_empty() {
            return Err(Failure::user("the question is empty").hint("give it as an argument or on standard input"));
        }
    }
    if text.len() > limits::MESSAGE_BYTES_MAX {
        return Err(Failure::user(format!("the question is longer than {} bytes", limits::MESSAGE_BYTES_MAX))
            .hint("put long text into a file in the workspace and ask about the file"));
    }
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

async fn talk(
    context: &Context,
    connection: &Connection,
    options: &Options,
    question: Option<String>,
    files: Vec<files::Given>,
) -> Outcome {
    let client = &connection.client;
    let session: SessionId = match options.session {
        Some(id) => options.place.go(client, client.session(id.into()).await?.id.into()).await?,
        None if options.resume => options.place.go(client, last(client).await?).await?,
        None => {
            let title = question.as_deref().map(|text| shorten(text, 60));
            let place = options.place.named(client).await?;
            let wanted = CreateSession { title, workspace_id: place.workspace, project_path: place.project };
            client.create_session(&wanted).await?.id.into()
        }
    };
    let mut talk = Talk::open(context.printer, client, session, options.model.clone(), options.yes).await?;
    talk.files = files::give(client, session, files).await?;
    let outcome = match question {
        Some(question) => talk.ask(&question).await,
        None if options.resume => go_on(context, client, &mut talk, session).await,
        None => converse(context, &mut talk, session).await,
    };
    talk.close().await;
    outcome
}

/// The conversation in which something was said last.
async fn last(client: &Client) -> Outcome<SessionId> {
    let newest = client.list_sessions(&PageQuery { limit: Some(1), ..PageQuery::default() }).await?;
    let newest = newest.items.first().map(|session| session.id.into());
    newest.ok_or_else(|| Failure::user("there is no conversation to go on with").hint("`octi chat` begins one"))
}

/// Ends the turn that was interrupted; at a keyboard the conversation goes on, with or without one.
async fn go_on(context: &Context, client: &Client, talk: &mut Talk, session: SessionId) -> Outcome {
    let at_keyboard = std::io::stdin().is_terminal() && !context.printer.is_json();
    match client.continue_session(session).await {
        Ok(run) => talk.follow_run(run).await?,
        Err(ClientError::Server { code: Some(ErrorCode::Conflict), .. }) if at_keyboard => {}
        Err(error) => return Err(error.into()),
    }
    if at_keyboard { converse(context, talk, session).await } else { Ok(()) }
}

/// Reads lines until the person has had enough.
async fn converse(context: &Context, talk: &mut Talk, session: SessionId) -> Outcome {
    let printer = context.printer;
    printer.note(&format!("{BOLD}octi{BOLD:#} {DIM}conversation {session}; /help for commands, Ctrl-D to leave{DIM:#}"));
    let mut reader = prompt::Reader::new(&context.config.home)?;
    loop {
        let Some(line) = reader.line().await? else { return Ok(()) };
        let line = line.trim();
        let outcome = match line.strip_prefix('/') {
            _ if line.is_empty() => Ok(()),
            Some("exit" | "quit" | "q") => return Ok(()),
            Some(command) => talk.command(command).await,
            None => talk.ask(line).await,
        };
        if let Err(failure) = outcome {
            // A conversation outlives a failed turn, but not a lost server.
            if failure.blame == crate::failure::Blame::External && !talk.is_open() {
                return Err(failure);
            }
            failure.report(printer);
        }
    }
}
