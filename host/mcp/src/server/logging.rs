//! What a call says while it runs: how far it is, and what its plugin logs, to the client that made it.

#![expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way to read what plugins log")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::limits;
use octi_extension::tool::{LogLevel, ProgressSink};
use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProgressToken};
use rmcp::{Peer, RoleServer, ServiceError};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// From which level on a session wants to read what plugins log; nothing before it has said so.
#[derive(Debug, Default)]
pub(super) struct Wanted(Mutex<Option<LoggingLevel>>);

impl Wanted {
    pub(super) fn set(&self, level: LoggingLevel) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
    }

    pub(super) fn get(&self) -> Option<LoggingLevel> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One thing said.
pub(super) enum Said {
    Progress(Option<f32>, String),
    Line(LoggingLevel, String),
}

/// Where a call says it. What finds no room is left out: a call never waits for who listens.
pub(super) struct Listener {
    sender: mpsc::Sender<Said>,
    from: Option<LoggingLevel>,
    shows_progress: bool,
    left_out: AtomicU64,
}

impl Listener {
    /// One for a client that reads lines from this level on, and progress or not.
    pub(super) fn new(from: Option<LoggingLevel>, shows_progress: bool) -> (Arc<Self>, mpsc::Receiver<Said>) {
        let room = if from.is_some() { limits::MCP_LOG_LINES_WAITING_MAX } else { limits::MCP_QUEUE_MAX };
        let (sender, said) = mpsc::channel(room);
        (Arc::new(Self { sender, from, shows_progress, left_out: AtomicU64::new(0) }), said)
    }

    /// Lines that the client did not get because it reads too slowly.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }
}

impl ProgressSink for Listener {
    fn progress(&self, fraction: Option<f32>, message: String) {
        if self.shows_progress {
            let _left_out = self.sender.try_send(Said::Progress(fraction, message));
        }
    }

    fn hears(&self, level: LogLevel) -> bool {
        self.from.is_some_and(|from| rank(shown(level)) >= rank(from))
    }

    fn log(&self, level: LogLevel, line: &str) {
        if self.hears(level) && self.sender.try_send(Said::Line(shown(level), line.to_owned())).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

const fn shown(level: LogLevel) -> LoggingLevel {
    match level {
        LogLevel::Trace | LogLevel::Debug => LoggingLevel::Debug,
        LogLevel::Info => LoggingLevel::Info,
        LogLevel::Warn => LoggingLevel::Warning,
        LogLevel::Error => LoggingLevel::Error,
    }
}

/// As RFC 5424 orders them, the least severe first.
const fn rank(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}

/// Tells the client.
pub(super) struct Teller<'a> {
    peer: &'a Peer<RoleServer>,
    /// The plugin whose lines they are.
    logger: &'a str,
    token: Option<ProgressToken>,
    reached: f64,
    /// It did not read, and is told nothing more: a call is not held up twice by whoever listens.
    is_deaf: bool,
}

impl<'a> Teller<'a> {
    pub(super) const fn new(peer: &'a Peer<RoleServer>, logger: &'a str, token: Option<ProgressToken>) -> Self {
        Self { peer, logger, token, reached: 0.0, is_deaf: false }
    }

    pub(super) async fn tell(&mut self, said: Said) {
        match said {
            Said::Progress(fraction, message) => self.progress(fraction, message).await,
            Said::Line(level, line) => self.line(level, line).await,
        }
    }

    async fn progress(&mut self, fraction: Option<f32>, message: String) {
        let Some(token) = self.token.clone() else { return };
        // The protocol wants numbers that grow, and tools may go back, or not know.
        self.reached = fraction.map_or(self.reached, |fraction| f64::from(fraction).max(self.reached));
        let mut progress = ProgressNotificationParam::new(token, self.reached).with_message(message);
        if fraction.is_some() {
            progress = progress.with_total(1.0);
        }
        let peer = self.peer;
        self.sent(peer.notify_progress(progress)).await;
    }

    async fn line(&mut self, level: LoggingLevel, line: String) {
        let message = LoggingMessageNotificationParam::new(level, Value::from(line)).with_logger(self.logger);
        let peer = self.peer;
        self.sent(peer.notify_logging_message(message)).await;
    }

    async fn sent(&mut self, sending: impl Future<Output = Result<(), ServiceError>>) {
        if self.is_deaf {
            return;
        }
        let sent = timeout(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX), sending).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!("a client does not read what its call says");
            self.is_deaf = true;
        }
    }

    /// Says how many lines are missing, if any are.
    pub(super) async fn end(&mut self, left_out: u64) {
        if left_out > 0 {
            let text = format!("{left_out} more lines were not sent: they came faster than they were read");
            self.line(LoggingLevel::Warning, text).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_level_and_above_and_no_more_than_there_is_room_for() {
        let (listener, mut said) = Listener::new(Some(LoggingLevel::Notice), false);
        listener.log(LogLevel::Info, "too quiet");
        listener.progress(Some(0.5), "not asked for".to_owned());
        listener.log(LogLevel::Warn, "loud enough");
        assert!(matches!(said.try_recv(), Ok(Said::Line(LoggingLevel::Warning, line)) if line == "loud enough"));
        assert!(said.try_recv().is_err());
        for _ in 0..limits::MCP_LOG_LINES_WAITING_MAX + 3 {
            listener.log(LogLevel::Error, "again");
        }
        assert_eq!(listener.left_out(), 3);
        let (silent, mut said) = Listener::new(None, true);
        silent.log(LogLevel::Error, "nobody asked");
        assert!(said.try_recv().is_err());
    }
}
