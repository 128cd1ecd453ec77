//! What a shell line would run, found without running it. No line here is ever run.

use std::thread;

use octi_domain::limits::{SHELL_COMMANDS_MAX, SHELL_LINE_BYTES_MAX};

use crate::security::permissions::command::{CommandError, Script};
use crate::security::permissions::refusal;

/// The stack of a thread of the host; what recurses must fit.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Why a line within a line within a line is not followed.
const TOO_DEEP: &str = "it is nested too deeply to be followed";

/// A line. Nothing in it hides what stands on the next line or the one before, nor what is never allowed, and a shell within a shell
/// runs what the line runs.
pub fn run(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || check(line));
        match worker.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(())) => {}
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("no thread: {error}"),
        }
    });
}

fn check(line: &str) {
    let read = Script::read(line);
    let first_line = format!("touch marker\n{line}");
    // The text of a here-document is not run; an open backslash joins two lines.
    let is_open = line.contains("<<") || line.ends_with('\\');
    if let Ok(script) = &read {
        assert!(script.commands.len() <= SHELL_COMMANDS_MAX);
        assert!(script.commands.iter().all(|command| !command.text.is_empty()), "{script:?}");
        sees_marker(&first_line);
        if !is_open {
            sees_marker(&format!("{line}\ntouch marker"));
            is_same_within(line, script);
        }
    }
    if line.len() + 10 < SHELL_LINE_BYTES_MAX && !is_open {
        let destructive = format!("{line}\nrm -rf /");
        assert!(refusal(&destructive).is_some(), "{destructive:?}: {:?}", Script::read(&destructive));
    }
}

fn sees_marker(line: &str) {
    match Script::read(line) {
        Ok(script) => {
            let seen = script.commands.iter().any(|command| command.text == "touch marker");
            assert!(seen, "{line:?}: {script:?}");
        }
        Err(error) => assert!(is_limit(&error), "{line:?}: {error}"),
    }
}

fn is_same_within(line: &str, outside: &Script) {
    // An option of the shell within.
    if line.starts_with(['-', '+']) {
        return;
    }
    let quoted = format!("sh -c '{}'", line.replace('\'', "'\\''"));
    match Script::read(&quoted) {
        Ok(within) if within.commands.iter().any(|command| command.opaque == Some(TOO_DEEP)) => {}
        Ok(within) => {
            let has = |text: &str| within.commands.iter().any(|command| command.text == text);
            let missed = outside.commands.iter().find(|command| command.opaque.is_none() && !has(&command.text));
            assert_eq!(missed, None, "{quoted:?}: {within:?}");
            assert_eq!(outside.refusal.is_some(), within.refusal.is_some(), "{quoted:?}");
        }
        Err(error) => assert!(is_limit(&error), "{quoted:?}: {error}"),
    }
}

const fn is_limit(error: &CommandError) -> bool {
    matches!(error, CommandError::TooLong { .. } | CommandError::TooNested | CommandError::TooMany)
}
