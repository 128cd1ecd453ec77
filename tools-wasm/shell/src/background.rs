//! `run_background`, `read_output` and `stop`.

use std::time::Duration;

use octi_sdk::shell::{self, Child, News};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::meaning;
use crate::report::{Ended, exit_code, in_words, shown};
use crate::run::{check_line, title};

/// Bytes read at once.
const READ_BYTES_MAX: u32 = 64 * 1024;
/// Milliseconds a reader may wait.
const WAIT_MS_MAX: u64 = 30_000;
/// How long a program that was told to end is waited for.
const STOP_WAIT: Duration = Duration::from_secs(3);

#[data]
struct Started {
    /// For `read_output` and `stop`.
    id: String,
    command: String,
}

#[data]
struct Progress {
    id: String,
    command: String,
    running: bool,
    /// What it wrote since the last call.
    stdout: String,
    stderr: String,
    /// Some of the output was left out.
    truncated: bool,
    /// How it ended; left out while it runs, and while there is more output to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Ended>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// What the ending means, when it is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

/// Starts a shell command in the workspace and leaves it running, such as a server. Returns the `id` for `read_output` and `stop`.
/// It is ended after 30 minutes, and when octi ends.
#[tool]
fn run_background(
    /// A command line of `/bin/sh`, without `&` at its end.
    command: String,
    /// The directory to run it in, relative to the workspace. Default: the workspace itself.
    cwd: Option<String>,
) -> Result<Output<Started>, ToolError> {
    let line = check_line(&command)?;
    let child = crate::run::command(line, cwd.as_deref())?.spawn()?;
    let summary = format!("started {}", title(line));
    Ok(Output::new(Started { id: child.id(), command }).summary(summary))
}

/// Returns what a background command wrote since the last call, and whether it still runs.
#[tool]
fn read_output(
    /// The `id` that `run_background` returned.
    id: String,
    /// Milliseconds to wait for new output, at most 30000. Default: 0, do not wait.
    #[schemars(range(max = 30_000))]
    wait_ms: Option<u64>,
) -> Result<Output<Progress>, ToolError> {
    let child = find(&id)?;
    let news = child.read(READ_BYTES_MAX, Duration::from_millis(wait_ms.unwrap_or_default().min(WAIT_MS_MAX)))?;
    Ok(report(&id, child.title(), news))
}

/// Ends a background command and everything it started, and returns its last output.
#[tool]
fn stop(
    /// The `id` that `run_background` returned.
    id: String,
) -> Result<Output<Progress>, ToolError> {
    let child = find(&id)?;
    child.kill();
    child.wait(STOP_WAIT)?;
    let news = child.read(READ_BYTES_MAX, Duration::ZERO)?;
    Ok(report(&id, child.title(), news))
}

fn find(id: &str) -> Result<Child, ToolError> {
    shell::attach(id).map_err(|error| match error {
        HostError::NotFound(_) => ToolError::Failed(format!(
            "no background command `{}` is known: the id is another, or it ended long ago; `run_background` starts one",
            id.escape_debug()
        )),
        other => other.into(),
    })
}

fn report(id: &str, command: String, news: News) -> Output<Progress> {
    let News { stdout, stderr, truncated, ending } = news;
    let ((stdout, cut_stdout), (stderr, cut_stderr)) = (shown(&stdout), shown(&stderr));
    let state = ending.map_or_else(|| "running".to_owned(), in_words);
    let summary = format!("{}: {state}", title(&command));
    let progress = Progress {
        id: id.to_owned(),
        running: ending.is_none(),
        stdout,
        stderr,
        truncated: truncated || cut_stdout || cut_stderr,
        ended: ending.map(Ended::from),
        exit_code: ending.and_then(exit_code),
        meaning: ending.and_then(|ending| meaning::of(&command, ending)),
        command,
    };
    Output::new(progress).summary(summary)
}

#[cfg(test)]
mod tests {
    use octi_sdk::shell::Ending;

    use super::*;

    fn news(ending: Option<Ending>) -> News {
        News { stdout: b"ready\n".to_vec(), stderr: Vec::new(), truncated: false, ending }
    }

    #[test]
    fn a_running_command_has_no_ending() {
        let output = report("7", "serve".to_owned(), news(None));
        let progress = output.content();
        assert!(progress.running && progress.ended.is_none() && progress.exit_code.is_none());
        assert_eq!(progress.stdout, "ready\n");
    }

    #[test]
    fn an_ended_command_says_how_and_what_it_means() {
        let output = report("7", "grep x a".to_owned(), news(Some(Ending::Exited(1))));
        let progress = output.content();
        assert_eq!((progress.running, progress.ended, progress.exit_code), (false, Some(Ended::Exited), Some(1)));
        assert!(progress.meaning.as_deref().is_some_and(|meaning| meaning.contains("no line matched")));
    }
}
