//! `octi serve`.

use std::net::SocketAddr;

use octi_config::env::{self, Environment};
use tokio::net::TcpListener;

use crate::bundle;
use crate::command::Context;
use crate::command::version::VERSION;
use crate::compose::{self, Mode};
use crate::failure::{Failure, Outcome};
use crate::lifecycle::{self, StopSignals};
use crate::output::{BOLD, HINT, OK};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Address to listen on [env: OCTI_HOST, default: 127.0.0.1]
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on [env: OCTI_PORT, default: 3005]
    #[arg(long)]
    port: Option<u16>,
}

impl Options {
    /// They count as the variables they stand for, so that whoever lists the settings sees what holds.
    pub(crate) fn set(&self, environment: &mut Environment) {
        if let Some(host) = &self.host {
            environment.set(env::OCTI_HOST, host);
        }
        if let Some(port) = self.port {
            environment.set(env::OCTI_PORT, &port.to_string());
        }
    }
}

/// Serves until asked to stop.
pub(crate) async fn run(context: &Context) -> Outcome {
    let mut signals = StopSignals::listen()?;
    lifecycle::raise_open_files();
    // The port first: a second server must not touch the first one's data.
    let listener = listen(&context.config.host, context.config.port).await?;
    let host = tokio::select! {
        host = compose::build(&context.config, &context.environment, &context.logs, Mode::Serve) => host?,
        () = signals.next() => return Ok(()),
    };
    let local = listener.local_addr().map_err(|error| Failure::us("the listener has no address").because(&error))?;
    announce(context, &host, local);

    let stop = tokio_util::sync::CancellationToken::new();
    let gateway = host.gateway.clone();
    let serving = {
        let stop = stop.clone();
        async move { gateway.serve(listener, stop).await }
    };
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        () = signals.next() => {
            context.printer.note("stopping; running turns have ten seconds, press Ctrl-C again to stop at once");
            stop.cancel();
            tokio::select! {
                served = &mut serving => served,
                () = signals.next() => Ok(()),
            }
        }
    };
    host.shutdown().await;
    served.map_err(|error| Failure::us("the server stopped").because(&error))
}

async fn listen(address: &str, port: u16) -> Outcome<TcpListener> {
    TcpListener::bind((address, port)).await.map_err(|error| {
        let failure = Failure::user(format!("cannot listen on {address}:{port}")).because(&error);
        match error.kind() {
            std::io::ErrorKind::AddrInUse => {
                failure.hint("another program has that port, perhaps another octi; choose one with `--port` or `OCTI_PORT`")
            }
            std::io::ErrorKind::PermissionDenied => {
                failure.hint("ports below 1024 need privileges; choose a higher one with `--port`")
            }
            _ => failure.hint("`--host` must be an address of this machine, such as `127.0.0.1` or `0.0.0.0`"),
        }
    })
}

fn announce(context: &Context, host: &compose::Host, address: SocketAddr) {
    let printer = context.printer;
    if printer.is_json() {
        let password = host
            .first_password
            .as_ref()
            .map(|first| serde_json::json!({ "username": first.username, "password": first.password() }));
        printer.json_line(
            &serde_json::json!({ "listening": format!("http://{address}"), "version": VERSION, "firstSignIn": password }),
        );
        return;
    }
    for note in &host.notes {
        printer.note(note);
    }
    printer.note(&format!("{OK}octi {VERSION}{OK:#} is listening on {BOLD}http://{address}{BOLD:#}"));
    if let Some(first) = &host.first_password {
        printer.note("");
        if !bundle::WEB.is_empty() {
            let code = first.password();
            printer.note(&format!("  set up      {BOLD}http://{address}/setup#code={code}{BOLD:#}   (shown this once)"));
        }
        printer.note(&format!("  sign in as  {BOLD}{}{BOLD:#}", first.username));
        printer.note(&format!("  password    {BOLD}{}{BOLD:#}   (shown this once)", first.password()));
        printer.note("");
    }
    printer.note(&format!("  data        {HINT}{}{HINT:#}", context.config.home.display()));
    printer.note(&format!("  try         {HINT}octi chat \"write a file hello.md with a greeting and read it back\"{HINT:#}"));
}
