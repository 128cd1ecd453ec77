//! `octi plugin dev`: build at every change, and swap into the server that runs.

use std::time::{Duration, Instant};

use clap::Args;
use octi_api::v1::plugins::{InstallQuery, Plugin};
use octi_author::{Changes, Earlier, Project};
use octi_client::Client;
use url::Url;

use super::build::Source;
use super::test;
use crate::command::{Context, serve};
use crate::connection::{Connection, Want};
use crate::failure::{Blame, Failure, Outcome};
use crate::output::{DIM, OK, human_time};

/// How long a server that starts here may take.
const START_MAX: Duration = Duration::from_secs(60);
/// It is asked this often.
const ASK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    /// Swap it in only when its cases pass
    #[arg(long)]
    test: bool,
}

/// Works until it is interrupted. Where no server runs, this command is one.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let project = Project::open(&options.source.folder)?;
    match Connection::open(context, Want::Running).await {
        Ok(connection) => {
            context
                .printer
                .note(&format!("swapping into the octi at {}, whose log has what the plugin says", context.config.url));
            work(context, options, &project, &connection.client).await
        }
        Err(failure) if failure.blame == Blame::External && is_here(&context.config.url, context.config.port) => {
            context.printer.note("no octi runs here, so this command is one until it ends");
            let working = async {
                let connection = appeared(context).await?;
                work(context, options, &project, &connection.client).await
            };
            tokio::select! {
                served = Box::pin(serve::run(context)) => served,
                ended = Box::pin(working) => ended,
            }
        }
        Err(failure) => Err(failure),
    }
}

/// Whether a server that starts here, on that port, would be the one of that address.
fn is_here(url: &str, port: u16) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_of_this_machine = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
    is_of_this_machine && url.port_or_known_default() == Some(port)
}

/// The server that this command starts.
async fn appeared(context: &Context) -> Outcome<Connection> {
    let begun = Instant::now();
    loop {
        match Connection::open(context, Want::Running).await {
            Err(failure) if failure.blame == Blame::External && begun.elapsed() < START_MAX => {
                tokio::time::sleep(ASK_EVERY).await
            }
            other => return other,
        }
    }
}

async fn work(context: &Context, options: &Options, project: &Project, client: &Client) -> Outcome {
    let (mut changes, mut earlier) = (Changes::of(project)?, Earlier::default());
    loop {
        // What fails is told, and mended in the editor; this goes on.
        if let Err(failure) = Box::pin(round(context, options, client, &mut earlier)).await {
            let _code = failure.report(context.printer);
        }
        if !context.printer.is_json() {
            context.printer.note(&format!("{DIM}watching {}; Ctrl-C ends{DIM:#}", project.folder().display()));
        }
        changes.next().await?;
    }
}

/// Builds once, and swaps.
async fn round(context: &Context, options: &Options, client: &Client, earlier: &mut Earlier) -> Outcome {
    let begun = Instant::now();
    let project = Project::open(&options.source.folder)?;
    if !context.printer.is_json() {
        context.printer.note(&format!("{DIM}building {} {}{DIM:#}", project.manifest().id, project.manifest().version));
    }
    let built = octi_author::build_again(&project, &options.source.profile, earlier).await?;
    let built_in = begun.elapsed();
    if options.test {
        test::passing(context, &project, &built.bytes).await?;
    }
    let begun = Instant::now();
    let file_name = project.packed().file_name().map(|name| name.to_string_lossy().into_owned());
    let plugin =
        client.install_plugin(built.bytes, &InstallQuery { file_name, ..InstallQuery::default() }).await.map_err(|error| {
            let is_refused = error.code() == Some(octi_api::error::ErrorCode::Forbidden);
            let failure = Failure::from(error);
            if is_refused { failure.hint("set `OCTI_TOKEN` to a token of an administrator") } else { failure }
        })?;
    context.printer.data(&plugin, |printer| printer.note(&swapped(&plugin, built_in, begun.elapsed())));
    Ok(())
}

/// What the author waited for: their compiler, the one that makes native code of it, and everything else.
fn swapped(plugin: &Plugin, built_in: Duration, swapped_in: Duration) -> String {
    let time = |time: Duration| human_time(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let Plugin { id, version, generation, compiled_ms, .. } = plugin;
    let (compiled, others) = match compiled_ms.map(Duration::from_millis) {
        Some(took) => (format!(", compiled in {}", time(took)), swapped_in.saturating_sub(took)),
        None => (String::new(), swapped_in),
    };
    format!(
        "{OK}{id} {version}{OK:#} runs (generation {generation}): built in {}{compiled}, swapped in {}",
        time(built_in),
        time(others)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_server_that_is_asked_is_started_here() {
        for (url, here) in [
            ("http://127.0.0.1:3005", true),
            ("http://localhost:3005", true),
            ("http://[::1]:3005", true),
            ("http://127.0.0.1:3006", false),
            ("https://octi.example.com", false),
            ("127.0.0.1:3005", false),
        ] {
            assert_eq!(is_here(url, 3005), here, "{url}");
        }
    }
}
