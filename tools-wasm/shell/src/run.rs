//! `run` and `which`.

use std::collections::BTreeMap;
use std::time::Duration;

use octi_sdk::shell::{self, Command, Finished};
use octi_sdk::{Output, ToolError, data, tool};

use crate::meaning;
use crate::report::{Ended, exit_code, in_words, shown};

/// The host's profile: one shell line, in the workspace.
pub(crate) const PROFILE: &str = "workspace-shell";
/// Milliseconds a command may take when nothing is asked for.
const TIMEOUT_MS_DEFAULT: u64 = 30_000;
/// Milliseconds a command may take: a little less than the call, so that a timeout is an answer and not the end of the call.
const TIMEOUT_MS_MAX: u64 = 590_000;

#[data]
struct Run {
    /// A command line of `/bin/sh`, with pipes and redirections where needed.
    command: String,
    /// The directory to run it in, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    cwd: Option<String>,
    /// Milliseconds until it is ended, at most 590000. Default: 30000.
    #[serde(default)]
    #[schemars(range(min = 1, max = 590_000))]
    timeout_ms: Option<u64>,
    /// Variables to add to its environment, by name.
    #[serde(default)]
    env: BTreeMap<String, String>,
}

#[data]
struct Ran {
    /// How it ended.
    ended: Ended,
    /// 0 is success. Left out when it did not end by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    /// What the ending means, when it is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
    stdout: String,
    stderr: String,
    /// Some of the output was left out.
    truncated: bool,
}

#[data]
struct Place {
    program: String,
    /// Where it is; left out when it is not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// Runs a shell command in the workspace to its end and returns what it wrote and its exit code. It has no terminal, no input and no
/// network. For servers and other long-running programs use `run_background`.
#[tool]
fn run(args: Run) -> Result<Output<Ran>, ToolError> {
    let line = check_line(&args.command)?;
    let mut command = command(line, args.cwd.as_deref())?;
    command = command.timeout(Duration::from_millis(args.timeout_ms.unwrap_or(TIMEOUT_MS_DEFAULT).clamp(1, TIMEOUT_MS_MAX)));
    for (name, value) in args.env {
        command = command.env(name, value);
    }
    let Finished { ending, stdout, stderr, truncated } = command.run()?;
    let ((stdout, cut_stdout), (stderr, cut_stderr)) = (shown(&stdout), shown(&stderr));
    let ran = Ran {
        ended: ending.into(),
        exit_code: exit_code(ending),
        meaning: meaning::of(line, ending),
        stdout,
        stderr,
        truncated: truncated || cut_stdout || cut_stderr,
    };
    Ok(Output::new(ran).summary(format!("{}: {}", title(line), in_words(ending))))
}

/// Says where a program is, or that it is not installed.
#[tool]
fn which(
    /// The program's name, such as `git`.
    program: String,
) -> Result<Output<Place>, ToolError> {
    if program.is_empty() || program.contains(['/', '\0']) || program.contains(char::is_whitespace) {
        return Err(ToolError::BadInput("argument `program`: pass one name without a directory, such as `git`".to_owned()));
    }
    let path = shell::which(PROFILE, &program)?;
    let summary = match &path {
        Some(path) => format!("{program} is {path}"),
        None => format!("{program} is not installed"),
    };
    Ok(Output::new(Place { program, path }).summary(summary))
}

/// A command of the profile that runs the line.
pub(crate) fn command(line: &str, cwd: Option<&str>) -> Result<Command, ToolError> {
    let command = Command::new(PROFILE).arg(line);
    Ok(match check_cwd(cwd.unwrap_or_default())? {
        Some(cwd) => command.cwd(cwd),
        None => command,
    })
}

/// A line that a shell can read at all.
pub(crate) fn check_line(line: &str) -> Result<&str, ToolError> {
    if line.trim().is_empty() {
        return Err(ToolError::BadInput("argument `command` is empty; pass a command line such as `ls -l`".to_owned()));
    }
    if line.contains('\0') {
        return Err(ToolError::BadInput("argument `command` contains a NUL character, which no command line may".to_owned()));
    }
    Ok(line)
}

/// The directory, or none for the workspace itself. The host confines it; this says how to write it.
fn check_cwd(cwd: &str) -> Result<Option<&str>, ToolError> {
    let problem = if cwd.starts_with('/') {
        "is absolute; name a directory relative to the workspace, without the leading `/`"
    } else if cwd.split('/').any(|part| part == "..") {
        "goes up with `..`; name a directory from the workspace's root"
    } else {
        return Ok(Some(cwd).filter(|cwd| !cwd.is_empty() && *cwd != "."));
    };
    Err(ToolError::BadInput(format!("argument `cwd`: `{}` {problem}", cwd.escape_debug())))
}

/// The line, short enough for one line of text.
pub(crate) fn title(line: &str) -> String {
    const CHARS_MAX: usize = 80;
    let first = line.trim().lines().next().unwrap_or_default();
    let cut: String = first.chars().take(CHARS_MAX).collect();
    if cut.len() < line.trim().len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_cannot_be_run_are_explained() {
        for (line, part) in [("", "is empty"), (" \n", "is empty"), ("a\0b", "NUL")] {
            assert!(matches!(check_line(line), Err(ToolError::BadInput(message)) if message.contains(part)), "{line:?}");
        }
        assert_eq!(check_line("ls"), Ok("ls"));
    }

    #[test]
    fn directories_outside_are_explained() {
        for (cwd, part) in [("/tmp", "is absolute"), ("../x", "goes up"), ("a/..", "goes up")] {
            assert!(matches!(check_cwd(cwd), Err(ToolError::BadInput(message)) if message.contains(part)), "{cwd}");
        }
        assert_eq!((check_cwd(""), check_cwd("."), check_cwd("src")), (Ok(None), Ok(None), Ok(Some("src"))));
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(title("ls -l"), "`ls -l`");
        assert_eq!(title("ls\nrm x"), "`ls…`");
        assert_eq!(title(&"x".repeat(100)).chars().count(), 83);
    }
}
