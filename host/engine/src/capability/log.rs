//! `octi:log`: lines for the operator, progress for the person. What a guest writes to its standard output and error
//! becomes log lines too, from the same budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use octi_domain::limits;
use octi_extension::tool::{LogLevel, ProgressSink, Redact};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::bindings::tool::octi::log::log::{Host, Level};
use crate::rights::Rights;
use crate::state::{CallState, Caller};
use crate::text;

/// A call counts as given up this long before its deadline, so that a guest can still end in order.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// The log lines of one call.
pub(crate) struct LogBudget {
    grant: Arc<Rights>,
    call: Arc<str>,
    redact: Redact,
    /// Whoever made the call may read along.
    listener: Arc<dyn ProgressSink>,
    lines_max: u64,
    written: AtomicU64,
    dropped: AtomicU64,
    /// Bytes as the guest gave them, which are searched for secrets before a line is cut.
    bytes: AtomicU64,
}

impl LogBudget {
    pub(crate) fn new(grant: Arc<Rights>, caller: &Caller, lines_max: u64) -> Self {
        let (call, redact, listener) = (caller.call.clone(), caller.redact.clone(), caller.progress.clone());
        let [written, dropped, bytes] = [(); 3].map(|()| AtomicU64::new(0));
        Self { grant, call, redact, listener, lines_max, written, dropped, bytes }
    }

    /// Lines written, and lines dropped because there were too many or too long ones.
    pub(crate) fn count(&self) -> (u64, u64) {
        (self.written.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    /// Writes what a guest printed, line by line.
    pub(crate) fn print(&self, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).lines().filter(|line| !line.trim().is_empty()) {
            self.write(Level::Debug, line, &[]);
        }
    }

    fn write(&self, level: Level, message: &str, fields: &[(String, String)]) {
        let bytes = message.len() + fields.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
        let bytes_before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let is_over = bytes_before > self.lines_max * limits::GUEST_LOG_LINE_BYTES_MAX as u64;
        if is_over || self.written.load(Ordering::Relaxed) >= self.lines_max {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.written.fetch_add(1, Ordering::Relaxed);
        let mut line = String::with_capacity(bytes);
        line.push_str(message);
        for (name, value) in fields {
            line.extend([" ", name, "=", value]);
        }
        let line = text::log_line(&line, &*self.redact);
        let (plugin, call_id) = (self.grant.plugin(), &*self.call);
        if self.listener.hears(heard(level)) {
            self.listener.log(heard(level), &line);
        }
        match level {
            Level::Trace => tracing::trace!(target: "octi::plugin", plugin, call_id, "{line}"),
            Level::Debug => tracing::debug!(target: "octi::plugin", plugin, call_id, "{line}"),
            Level::Info => tracing::info!(target: "octi::plugin", plugin, call_id, "{line}"),
            Level::Warn => tracing::warn!(target: "octi::plugin", plugin, call_id, "{line}"),
            Level::Error => tracing::error!(target: "octi::plugin", plugin, call_id, "{line}"),
        }
    }
}

const fn heard(level: Level) -> LogLevel {
    match level {
        Level::Trace => LogLevel::Trace,
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
    }
}

impl Host for CallState {
    fn log(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.log.write(level, &message, &fields);
        Ok(())
    }

    fn progress(&mut self, fraction: Option<f32>, message: String) -> wasmtime::Result<()> {
        if !self.quotas.progress() {
            return Ok(());
        }
        let fraction = fraction.filter(|f| f.is_finite()).map(|f| f.clamp(0.0, 1.0));
        self.caller.progress.progress(fraction, message);
        Ok(())
    }

    fn cancelled(&mut self) -> wasmtime::Result<bool> {
        Ok(self.time_left() < LAST_MOMENTS)
    }
}

/// Standard output or error of a guest: each write is a line.
#[derive(Clone)]
pub(crate) struct Capture(Arc<LogBudget>);

impl Capture {
    pub(crate) const fn new(budget: Arc<LogBudget>) -> Self {
        Self(budget)
    }
}

impl IsTerminal for Capture {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Capture {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Capture {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.print(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(limits::FS_CHUNK_BYTES_MAX)
    }
}

#[async_trait::async_trait]
impl Pollable for Capture {
    async fn ready(&mut self) {}
}
