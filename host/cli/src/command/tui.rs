//! `octi tui`: a conversation on a whole screen.

use std::io::IsTerminal;

use octi_config::env;
use octi_domain::ambient::Ambient;
use octi_domain::ids::SessionId;
use octi_tui::{GlyphSet, KeyMap, Settings, TuiError};
use uuid::Uuid;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Go on with this conversation
    #[arg(long, value_name = "ID")]
    session: Option<Uuid>,
}

/// Talks on the whole screen.
pub(crate) async fn run(context: &Context, options: &Options) -> Outcome {
    let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if context.printer.is_json() || !is_terminal {
        return Err(no_terminal());
    }
    // What is wrong with a file or a variable is said before the screen is taken over.
    let keys = KeyMap::load(&context.config.home)
        .map_err(|error| Failure::user(error.to_string()).hint("without the file, every action has its ordinary keys"))?;
    let glyphs = glyphs(context)?;
    let connection = Connection::open(context, Want::Running).await?;
    let client = connection.client.clone();
    let session = match options.session {
        Some(id) => Some(SessionId::from(client.session(id.into()).await?.id)),
        None => None,
    };
    let ended = octi_tui::run(Settings { client, session, keys, glyphs, ambient: Ambient::system() }).await;
    connection.close().await;
    match ended {
        Ok(Some(session)) => {
            context.printer.note(&format!("`octi tui --session {session}` goes on with this conversation"));
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(TuiError::NoTerminal) => Err(no_terminal()),
        Err(error) => Err(Failure::us(error.to_string())),
    }
}

fn no_terminal() -> Failure {
    Failure::user("`octi tui` needs a terminal on both standard input and standard output")
        .hint("`octi chat` talks through pipes, and with `--json` to programs")
}

fn glyphs(context: &Context) -> Outcome<GlyphSet> {
    let Some(value) = context.environment.get(env::OCTI_TUI_ICONS) else { return Ok(GlyphSet::default()) };
    GlyphSet::parse(value).ok_or_else(|| {
        Failure::user(format!("`{}` is `{value}`, which is no set of signs", env::OCTI_TUI_ICONS))
            .hint("use `unicode`, `ascii` or `emoji`")
    })
}
