//! One line for each plugin, the busiest first.

use octi_api::v1::plugin_health::{PluginHealth, PluginsHealth};
use octi_api::v1::plugins::{PluginIncidentKind, PluginState};

/// What the cells of a row are.
pub const COLUMNS: [&str; 9] = ["plugin", "state", "calls/s", "calls", "err", "p50", "p95", "mem", "net"];

/// One plugin. Everything but the calls of a second is of the last hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub plugin: String,
    pub state: &'static str,
    /// Whether its newest version runs as it should.
    pub is_well: bool,
    /// Since it was asked before; none at first.
    pub calls_a_second: Option<f64>,
    pub calls: u64,
    pub errors: u64,
    pub p50_us: Option<u64>,
    pub p95_us: Option<u64>,
    pub memory_peak_bytes: u64,
    /// Sent and received.
    pub net_bytes: u64,
    /// What is wrong, and the way back.
    pub trouble: Option<String>,
}

impl Row {
    /// The row as text, one cell for each of [`COLUMNS`].
    #[must_use]
    pub fn cells(&self) -> [String; 9] {
        [
            self.plugin.clone(),
            self.state.to_owned(),
            self.calls_a_second.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}")),
            self.calls.to_string(),
            self.errors.to_string(),
            self.p50_us.map_or_else(|| "-".to_owned(), time),
            self.p95_us.map_or_else(|| "-".to_owned(), time),
            size(self.memory_peak_bytes),
            size(self.net_bytes),
        ]
    }
}

/// The rows of what a server says, with what it said before for how much happened since.
#[must_use]
pub fn rows(before: Option<&PluginsHealth>, now: &PluginsHealth) -> Vec<Row> {
    let mut rows: Vec<Row> = now.items.iter().map(|plugin| row(before, now, plugin)).collect();
    let busy = |row: &Row| (row.calls_a_second.unwrap_or_default(), row.calls);
    rows.sort_by(|a, b| {
        let ((a_rate, a_calls), (b_rate, b_calls)) = (busy(a), busy(b));
        b_rate.total_cmp(&a_rate).then(b_calls.cmp(&a_calls)).then_with(|| a.plugin.cmp(&b.plugin))
    });
    rows
}

fn row(before: Option<&PluginsHealth>, now: &PluginsHealth, plugin: &PluginHealth) -> Row {
    let hour = &plugin.last_hour;
    let trouble = plugin.incident.as_ref().map(|incident| format!("{}: {}; {}", plugin.plugin, incident.reason, incident.remedy));
    Row {
        plugin: plugin.plugin.clone(),
        state: state(plugin),
        is_well: plugin.state == PluginState::Running,
        calls_a_second: before.and_then(|before| rate(before, now, plugin)),
        calls: hour.calls,
        errors: hour.failed(),
        p50_us: hour.p50_us,
        p95_us: hour.p95_us,
        memory_peak_bytes: hour.memory_peak_bytes,
        net_bytes: hour.sent_bytes.saturating_add(hour.received_bytes),
        trouble,
    }
}

/// None when the server started anew in between.
fn rate(before: &PluginsHealth, now: &PluginsHealth, plugin: &PluginHealth) -> Option<f64> {
    if before.since != now.since {
        return None;
    }
    let earlier = before.items.iter().find(|earlier| earlier.plugin == plugin.plugin)?;
    let calls = u32::try_from(plugin.total.calls.checked_sub(earlier.total.calls)?).unwrap_or(u32::MAX);
    let seconds = (now.at - before.at).as_seconds_f64();
    (seconds > 0.0).then(|| f64::from(calls) / seconds)
}

fn state(plugin: &PluginHealth) -> &'static str {
    let is_revoked = plugin.incident.as_ref().is_some_and(|incident| incident.kind == PluginIncidentKind::Revoked);
    match plugin.state {
        PluginState::Quarantined if is_revoked => "revoked",
        PluginState::Quarantined => "quarantined",
        PluginState::RolledBack => "rolled back",
        PluginState::Broken => "broken",
        PluginState::Running => "running",
    }
}

/// Microseconds in at most six columns.
fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros}µs"),
        1_000..10_000 => format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{}ms", micros / 1_000),
        1_000_000..100_000_000 => format!("{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000),
        _ => format!("{}min", micros / 60_000_000),
    }
}

/// Bytes in at most six columns.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "K", "M", "G", "T"];
    let (mut tenths, mut unit) = (bytes.saturating_mul(10), 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1_024, unit + 1);
    }
    match (bytes, unit) {
        (0, _) => "-".to_owned(),
        (_, 0) => format!("{bytes}B"),
        _ if tenths >= 1_000 => format!("{}{}", tenths / 10, UNITS[unit]),
        _ => format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit]),
    }
}
