//! `octi tui`: a conversation on a whole screen.

use std::io::IsTerminal;

use octi_api::v1::sessions::PatchSession;
use octi_client::Client;
use octi_config::env;
use octi_domain::ambient::Ambient;
use octi_domain::ids::SessionId;
use octi_tui::{GlyphSet, KeyMap, Project, Settings, TuiError};
use url::Host;
use uuid::Uuid;

use crate::command::Context;
use crate::command::chat::place;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Go on with this conversation
    #[arg(long, value_name = "ID")]
    session: Option<Uuid>,
    /// Folder to work in: one of the workspace such as `site`, or one of the server's machine such as `/srv/site` or `./site`;
    /// default the folder octi is started in, when the server is on this machine and opens it
    #[arg(long, value_name = "PATH")]
    project: Option<String>,
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
    let named = options.project.as_deref().map(place::project).transpose()?;
    let connection = Connection::open(context, Want::Running).await?;
    let client = connection.client.clone();
    let session = match (options.session, &named) {
        (Some(id), Some(path)) => {
            let patch = PatchSession { project_path: Some(path.clone()), ..PatchSession::default() };
            Some(SessionId::from(client.patch_session(id.into(), &patch).await?.id))
        }
        (Some(id), None) => Some(SessionId::from(client.session(id.into()).await?.id)),
        (None, _) => None,
    };
    let project = named.map(|path| Project { path, is_named: true }).or_else(|| here(&client));
    let ended = octi_tui::run(Settings { client, session, project, keys, glyphs, ambient: Ambient::system() }).await;
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

/// The folder octi was started in, when it is one of the server's machine too.
fn here(client: &Client) -> Option<Project> {
    let is_near = match client.base().host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let folder = std::env::current_dir().ok()?.canonicalize().ok()?;
    let path = folder.to_str().filter(|_| is_near)?.to_owned();
    Some(Project { path, is_named: false })
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
