//! What is told of every call of a plugin: one span for the log, and the metrics.
//!
//! The numbers count as soon as a call begins and until it ends in whatever way, a dropped one included.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{Counter, Histogram};
use octi_domain::telemetry;
use octi_extension::health::Health;
use octi_extension::tool::{CallContext, Containment, ToolError};
use tracing::Span;
use tracing::field::Empty;

use crate::generation::Generation;
use crate::usage::Usage;

/// Handles of one tool's busiest metrics, looked up once.
pub(crate) struct Meters {
    plugin: String,
    tool: String,
    ok: Counter,
    seconds: Histogram,
}

impl Meters {
    /// Of a tool, or of a plugin's role or skill under the name `role` or `skill`.
    pub(crate) fn new(plugin: &str, tool: &str) -> Self {
        Self {
            plugin: plugin.to_owned(),
            tool: tool.to_owned(),
            ok: outcome(plugin, tool, "ok"),
            seconds: metrics::histogram!(telemetry::PLUGIN_CALL_SECONDS.name, "plugin" => plugin.to_owned()),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

fn outcome(plugin: &str, tool: &str, code: &'static str) -> Counter {
    let (plugin, tool) = (plugin.to_owned(), tool.to_owned());
    metrics::counter!(telemetry::PLUGIN_CALLS.name, "plugin" => plugin, "tool" => tool, "outcome" => code)
}

/// A call that has begun.
pub(crate) struct Observed<'a> {
    meters: &'a Meters,
    health: Arc<Health>,
    span: Span,
    began: Instant,
    code: &'static str,
}

impl<'a> Observed<'a> {
    /// Begins a call; `context` is missing when the host itself makes it.
    pub(crate) fn begin(meters: &'a Meters, generation: &Generation, context: Option<&CallContext>, bytes_in: usize) -> Self {
        let manifest = generation.manifest();
        let span = tracing::info_span!(
            target: "octi::plugin",
            "plugin_call",
            plugin = manifest.id,
            version = manifest.version,
            generation = generation.number(),
            digest = generation.inspection.digest.get(..8),
            tool = meters.tool,
            call_id = context.map(|context| tracing::field::display(context.call_id)),
            user_id = context.and_then(|context| context.principal.user_id()).map(tracing::field::display),
            origin = context.map_or("host", |context| context.origin.as_str()),
            bytes_in,
            bytes_out = Empty,
            outcome = Empty,
            total_us = Empty,
            store_us = Empty,
            instantiate_us = Empty,
            guest_us = Empty,
            host_us = Empty,
            ticks = Empty,
            memory_peak = Empty,
            host_calls = Empty,
            refused = Empty,
            log_lines = Empty,
            log_dropped = Empty,
        );
        metrics::gauge!(telemetry::PLUGIN_ACTIVE.name).increment(1);
        // What ends without an end was dropped by its caller.
        let health = generation.grant.health().clone();
        health.begin();
        Self { meters, health, span, began: Instant::now(), code: Containment::Cancelled.code() }
    }

    /// The span that the call's work belongs into.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Takes note of what the sandbox measured, on success and failure alike; the log has it for whoever looks closely.
    pub(crate) fn used(&self, usage: &Usage) {
        self.health.used(&usage.summed());
        if !tracing::enabled!(target: "octi::plugin", tracing::Level::DEBUG) {
            return;
        }
        let host_calls: Vec<String> = usage.host_calls().map(|(capability, count)| format!("{capability}={count}")).collect();
        self.span.record("store_us", micros(usage.times.store));
        self.span.record("instantiate_us", micros(usage.times.instantiate));
        self.span.record("guest_us", micros(usage.times.guest));
        self.span.record("host_us", micros(usage.times.host));
        self.span.record("ticks", usage.ticks);
        self.span.record("memory_peak", usage.memory_peak);
        self.span.record("host_calls", host_calls.join(" "));
        self.span.record("refused", usage.refused);
        self.span.record("bytes_out", usage.bytes_out);
        self.span.record("log_lines", usage.log_lines);
        self.span.record("log_dropped", usage.log_dropped);
    }

    /// Ends the call.
    pub(crate) fn end(mut self, result: Result<(), &ToolError>) {
        self.code = result.map_or_else(ToolError::code, |()| "ok");
        if let Err(ToolError::Contained(containment)) = result {
            let plugin = self.meters.plugin.clone();
            metrics::counter!(telemetry::PLUGIN_TRAPS.name, "plugin" => plugin, "code" => containment.code()).increment(1);
        }
    }
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        self.health.end(self.code, self.began, took);
        self.span.record("outcome", self.code);
        self.span.record("total_us", micros(took));
        let Meters { plugin, tool, ok, seconds } = self.meters;
        seconds.record(took.as_secs_f64());
        if self.code == "ok" {
            ok.increment(1)
        } else {
            outcome(plugin, tool, self.code).increment(1)
        }
        metrics::gauge!(telemetry::PLUGIN_ACTIVE.name).decrement(1);
        self.span.in_scope(|| tracing::debug!(target: "octi::plugin", "a plugin's call ended"));
    }
}
