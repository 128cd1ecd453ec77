//! Programs that whoever started them talks with: their streams go to the caller, everything else stays with the door.

use std::sync::Arc;
use std::time::Duration;

use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio_util::sync::DropGuard;

use super::job::Job;
use super::types::{Ending, ProcessError};

/// A running program and its three streams, which the caller bounds. Dropping it ends the program and everything it started.
#[derive(Debug)]
pub struct Piped {
    /// What the program reads; taken by whoever writes it.
    pub stdin: Option<ChildStdin>,
    /// What it writes; a program whose output nobody reads stands still.
    pub stdout: Option<ChildStdout>,
    /// Its errors, to be read like its output.
    pub stderr: Option<ChildStderr>,
    pub(super) job: Arc<Job>,
    pub(super) _ended_with_this: DropGuard,
}

impl Piped {
    /// Waits at most `wait` for its end.
    pub async fn ended(&self, wait: Duration) -> Option<Ending> {
        let end = self.job.until(|state| state.over.then_some(state.ending.unwrap_or(Ending::Signalled(0))));
        tokio::time::timeout(wait, end).await.ok().flatten()
    }

    /// Why the program did not run, when the launcher has said so.
    #[must_use]
    pub fn failure(&self) -> Option<ProcessError> {
        self.job.state().failure.clone()
    }
}
