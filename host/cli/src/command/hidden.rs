//! Reading what must not be seen: from a pipe, or from a prompt that shows nothing. On a command line it would stay in the
//! shell's history and in the list of processes.

use std::io::{self, Read};

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use octi_domain::limits;

use crate::command::Context;

/// The text somebody types or pipes in. `ask` stands before the cursor.
///
/// # Errors
/// When standard input cannot be read.
pub(crate) fn read(context: &Context, ask: &str) -> io::Result<String> {
    let mut text = String::new();
    if context.printer.can_ask() {
        context.printer.err(ask);
        let hidden = hide_input();
        let read = io::stdin().read_line(&mut text);
        drop(hidden);
        context.printer.note("");
        read?;
    } else {
        // One more byte than a secret may have, so that a longer one is refused and not cut.
        io::stdin().take(limits::SECRET_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    }
    Ok(text)
}

/// Turns the terminal's echo off until it is dropped.
fn hide_input() -> Option<HiddenInput> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).ok()?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSANOW, &silent).ok()?;
    Some(HiddenInput(before))
}

struct HiddenInput(Termios);

impl Drop for HiddenInput {
    fn drop(&mut self) {
        // A terminal that went away needs no echo.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}
