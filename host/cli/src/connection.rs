//! Where a command finds its server: the one that runs, or one inside this process.

use octi_client::{Client, ClientError};
use secrecy::SecretString;
use url::Url;

use crate::command::Context;
use crate::compose::{self, Host};
use crate::failure::{Blame, Failure, Outcome};

/// Which server is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// The one that runs.
    Running,
    /// One inside this process.
    Local,
    /// The one that runs, else one inside this process.
    Either,
}

/// A client, and the server behind it when it is ours.
pub(crate) struct Connection {
    pub(crate) client: Client,
    local: Option<LocalServer>,
}

struct LocalServer {
    host: Host,
    stop: tokio_util::sync::CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Connection {
    /// Finds a server and the credentials for it.
    ///
    /// # Errors
    /// When none runs and none may be started, or the credentials are not good.
    pub(crate) async fn open(context: &Context, want: Want) -> Outcome<Self> {
        if want == Want::Local {
            return Self::local(context, want).await;
        }
        match Self::running(context).await {
            Err(failure) if want == Want::Either && failure.blame == Blame::External => Self::local(context, want).await,
            other => other,
        }
    }

    async fn running(context: &Context) -> Outcome<Self> {
        let (url, token) = credentials(context, None).await?;
        Ok(Self { client: Client::new(url, token)?, local: None })
    }

    async fn local(context: &Context, want: Want) -> Outcome<Self> {
        let host = compose::build(&context.config, &context.environment, &context.logs, compose::Mode::Local).await?;
        if let Some(first) = &host.first_password {
            context.printer.note(&compose::first_sign_in(first));
        }
        // Who talks to an agent wants to know which model answers; who lists tokens does not.
        let notes = if want == Want::Local { host.notes.as_slice() } else { &[] };
        for note in notes {
            context.printer.note(note);
        }
        let (client, stop, task) = host.serve_privately().await?;
        Ok(Self { client, local: Some(LocalServer { host, stop, task }) })
    }

    /// Ends the server inside this process, if there is one, after its turns.
    pub(crate) async fn close(self) {
        if let Some(local) = self.local {
            local.stop.cancel();
            let _ = local.task.await;
            local.host.shutdown().await;
        }
    }
}

/// The server that runs and a token that it takes: this one, else the one of the environment, else this machine's own.
///
/// # Errors
/// When none runs, or the token is not good.
pub(crate) async fn credentials(context: &Context, token: Option<SecretString>) -> Outcome<(Url, SecretString)> {
    let url = address(&context.config.url)?;
    Client::anonymous(url.clone())?.health().await?;
    let token = match token.or_else(|| context.config.token.clone()) {
        Some(token) => token,
        None => local_token(context)?,
    };
    Client::new(url.clone(), token.clone())?.me().await?;
    Ok((url, token))
}

fn address(text: &str) -> Outcome<Url> {
    Url::parse(text).map_err(|error| {
        Failure::user(format!("`{text}` is not the address of a server"))
            .because(&error)
            .hint("write it like `http://127.0.0.1:3005` in `--url` or `OCTI_URL`")
    })
}

fn local_token(context: &Context) -> Outcome<SecretString> {
    let path = context.config.home.join("local-token");
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::user(format!("a server answers at {}, but there are no credentials for it", context.config.url))
            .because(&error)
            .hint("set `OCTI_TOKEN` to a token of that server (`octi token create NAME` makes one there)")
    })?;
    Ok(SecretString::from(text.trim()))
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let message = error.to_string();
        let mut failure = match &error {
            ClientError::Server { status, .. } if *status >= 500 => Self::external(message),
            ClientError::Unreachable { .. } | ClientError::Closed { .. } | ClientError::Protocol { .. } => {
                Self::external(message)
            }
            ClientError::Server { .. } | ClientError::Refused(_) | ClientError::Address { .. } | ClientError::Name { .. } => {
                Self::user(message)
            }
        };
        if let ClientError::Server { path: Some(path), .. } = &error {
            failure = failure.hint(format!("the field is `{path}`"));
        }
        if let (Some(id), Blame::External) = (error.request_id(), failure.blame) {
            failure = failure.hint(format!("the server's log has more under request `{id}`"));
        }
        failure
    }
}
