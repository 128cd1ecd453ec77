//! Numbers and values as a person says them.

use chrono::TimeDelta;
use octi_domain::text::clean;
use serde_json::Value;

use crate::wrap::shorten;

/// Columns of one argument on a line.
const ARGUMENT_COLUMNS_MAX: usize = 48;

/// A time in milliseconds.
pub(crate) fn milliseconds(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// How long something has taken so far, in whole seconds.
pub(crate) fn elapsed(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {} s", seconds / 60, seconds % 60) }
}

/// How long ago something was.
pub(crate) fn ago(time: TimeDelta) -> String {
    match time.num_minutes() {
        ..1 => "now".to_owned(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1_440 => format!("{} h ago", minutes / 60),
        minutes => format!("{} d ago", minutes / 1_440),
    }
}

/// A size in bytes.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A number of tokens.
pub(crate) fn tokens(tokens: u64) -> String {
    match tokens {
        0..1_000 => format!("{tokens} tokens"),
        1_000..1_000_000 => format!("{:.1}k tokens", tokens as f64 / 1e3),
        _ => format!("{:.1}M tokens", tokens as f64 / 1e6),
    }
}

/// The skills of a turn: `skills(1) technical-writing`.
pub(crate) fn skills(names: &[String]) -> String {
    format!("skills({}) {}", names.len(), names.join(", "))
}

/// Arguments on one line.
pub(crate) fn arguments(arguments: &Value, columns: usize, ellipsis: &str) -> String {
    let Some(fields) = arguments.as_object() else { return shorten(&clean(&arguments.to_string()), columns, ellipsis) };
    let words: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", clean(name), shorten(&self::value(value), ARGUMENT_COLUMNS_MAX, ellipsis)))
        .collect();
    shorten(&words.join(" "), columns, ellipsis)
}

/// A value as text: a string as it is, anything else as JSON.
pub(crate) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        other => clean(&serde_json::to_string_pretty(other).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_their_unit() {
        assert_eq!([4, 2_803, 65_000].map(milliseconds), ["4 ms", "2.8 s", "1 min 5 s"]);
        assert_eq!([999, 1_234, 2_500_000].map(tokens), ["999 tokens", "1.2k tokens", "2.5M tokens"]);
        assert_eq!([12, 2_048].map(bytes), ["12 B", "2.0 KiB"]);
        assert_eq!([20, 7_200, 180_000].map(|s| ago(TimeDelta::seconds(s))), ["now", "2 h ago", "2 d ago"]);
    }

    #[test]
    fn arguments_fit_a_line_and_obey_no_terminal() {
        let given = serde_json::json!({"path": "a\u{1b}[2Jb", "lines": [1, 2]});
        assert_eq!(arguments(&given, 40, "…"), "path=ab lines=[ 1, 2 ]");
        assert_eq!(arguments(&given, 10, "…"), "path=ab l…");
    }
}
