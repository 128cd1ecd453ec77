//! One running program, from the host's side: its output, its end, and the task that watches over it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use octi_domain::limits;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::process::ChildStdin;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::launcher::spec::Report;
use super::start::Started;
use super::types::{Ending, Owner, ProcessError, Reached};

/// How long the launcher may take to end what it started, before it is killed itself.
const GRACE: Duration = Duration::from_secs(10);

/// Which part of too much output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Latest,
}

/// Output that nobody has taken yet.
#[derive(Debug, Default)]
pub(super) struct Stream {
    bytes: VecDeque<u8>,
    lost: bool,
}

impl Stream {
    fn push(&mut self, chunk: &[u8], keep: Keep, max: usize) {
        let room = max.saturating_sub(self.bytes.len());
        match keep {
            Keep::First => self.bytes.extend(&chunk[..chunk.len().min(room)]),
            Keep::Latest => {
                self.bytes.extend(chunk);
                let over = self.bytes.len().saturating_sub(max);
                self.bytes.drain(..over);
            }
        }
        self.lost |= chunk.len() > room;
    }

    pub(super) fn take(&mut self, max: usize) -> Vec<u8> {
        let count = self.bytes.len().min(max);
        self.bytes.drain(..count).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether something was dropped since this was last asked.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }
}

/// What is known about the program.
#[derive(Debug, Default)]
pub(super) struct State {
    pub out: Stream,
    pub err: Stream,
    pub reached: Option<Reached>,
    pub failure: Option<ProcessError>,
    pub ending: Option<Ending>,
    /// Nothing more will happen.
    pub over: bool,
    drained: u64,
}

/// A program and what is known about it.
#[derive(Debug)]
pub(super) struct Job {
    pub id: String,
    pub title: String,
    pub owner: Option<Owner>,
    pub stop: CancellationToken,
    pub stdin: tokio::sync::Mutex<Option<ChildStdin>>,
    keep: Keep,
    /// Bytes kept of each stream.
    output_bytes_max: usize,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

impl Job {
    /// A job of nobody, with the usual bound on its output.
    pub(super) fn new(id: String, title: String, keep: Keep, stop: CancellationToken) -> Self {
        Self {
            id,
            title,
            owner: None,
            stop,
            stdin: tokio::sync::Mutex::new(None),
            keep,
            output_bytes_max: limits::PROCESS_OUTPUT_BYTES_MAX,
            state: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }

    pub(super) fn owned_by(self, owner: Owner) -> Self {
        Self { owner: Some(owner), ..self }
    }

    pub(super) fn output_max(self, output_bytes_max: usize) -> Self {
        Self { output_bytes_max, ..self }
    }

    /// Adds a line of the host to the program's errors.
    pub(super) fn say(&self, text: &str) {
        let line = format!("octi: {text}\n");
        self.change(|state| state.err.push(line.as_bytes(), self.keep, self.output_bytes_max));
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Waits until the answer is there, looking again after every change.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = look(&mut self.state()) {
                return Some(found);
            }
            changes.changed().await.ok()?;
        }
    }

    /// Marks a program that never started.
    pub(super) fn give_up(&self) {
        self.change(|state| state.over = true);
    }

    /// Watches over the program until nothing of it is left.
    pub(super) async fn supervise(&self, mut started: Started, time_max: Duration) {
        let deadline = Instant::now() + time_max;
        let (reports, control) = started.control.into_split();
        let (out, err) = (started.child.stdout.take(), started.child.stderr.take());
        let too_much = CancellationToken::new();
        let streams = async {
            tokio::join!(
                self.pump(out, |state| &mut state.out, &too_much),
                self.pump(err, |state| &mut state.err, &too_much),
                self.listen(reports),
            );
        };
        tokio::pin!(streams);
        let cause = tokio::select! {
            () = &mut streams => None,
            () = tokio::time::sleep_until(deadline) => Some(Ending::TimedOut),
            () = too_much.cancelled() => Some(Ending::OutputLimit),
            () = self.stop.cancelled() => Some(Ending::Signalled(Signal::SIGKILL as i32)),
        };
        // The launcher takes the closed socket as the order to end everything.
        drop(control);
        if cause.is_some() {
            let _in_time = tokio::time::timeout(GRACE, streams).await;
        }
        if tokio::time::timeout(GRACE, started.child.wait()).await.is_err() {
            tracing::warn!(id = %self.id, "the launcher did not end in time and is killed");
            if let Some(group) = started.child.id().and_then(|id| i32::try_from(id).ok()) {
                let _sent = killpg(Pid::from_raw(group), Signal::SIGKILL);
            }
            let _status = started.child.kill().await;
        }
        self.stdin.lock().await.take();
        self.change(|state| {
            state.ending = cause.or(state.ending);
            if state.ending.is_none() && state.failure.is_none() {
                state.failure = Some(ProcessError::Failed("the launcher ended without saying why".to_owned()));
            }
            state.over = true;
        });
    }

    /// Reads until the end, also what is not kept: a program whose output nobody reads would stand still.
    async fn pump<R: AsyncRead + Unpin>(
        &self,
        source: Option<R>,
        stream: impl Fn(&mut State) -> &mut Stream,
        too_much: &CancellationToken,
    ) {
        let Some(mut source) = source else { return };
        let mut chunk = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = source.read(&mut chunk).await {
            let drained = self.change(|state| {
                stream(state).push(&chunk[..count], self.keep, self.output_bytes_max);
                state.drained = state.drained.saturating_add(count as u64);
                state.drained
            });
            // A background program may go on for ever; its older output is forgotten instead.
            if self.keep == Keep::First && drained > limits::PROCESS_DRAIN_BYTES_MAX {
                too_much.cancel();
            }
        }
    }

    async fn listen(&self, reports: OwnedReadHalf) {
        let mut lines = BufReader::new(reports.take(64 * 1024)).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match serde_json::from_str(&line) {
                Ok(report) => self.change(|state| state.note(report)),
                Err(error) => tracing::warn!(%error, "the launcher said something that cannot be understood"),
            }
        }
    }
}

impl State {
    fn note(&mut self, report: Report) {
        let failure = match report {
            Report::Reached(reached) => return self.reached = Some(reached),
            Report::Ended(ending) => return self.ending = Some(ending),
            Report::Refused(text) => ProcessError::Refused(text),
            Report::NotFound(text) => ProcessError::NotFound(text),
            Report::Failed(text) => ProcessError::Failed(text),
        };
        tracing::debug!(%failure, "the launcher reports a failure");
        self.failure.get_or_insert(failure);
    }
}
