//! Short texts with one spelling: digests, names, versions, times.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// Characters of a stranger's text that an error repeats.
const SHOWN_CHARS_MAX: usize = 100;
/// Characters of a library's error.
const EXPLAINED_CHARS_MAX: usize = 400;

/// A text that is not what it should be, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not {expected}")]
pub struct TextError {
    found: String,
    expected: &'static str,
}

impl TextError {
    pub(crate) fn new(found: &str, expected: &'static str) -> Self {
        Self { found: shown(found), expected }
    }
}

/// The text without what commands a terminal, and not much of it: nobody has looked at it yet.
pub(crate) fn shown(text: &str) -> String {
    cut(text, SHOWN_CHARS_MAX)
}

/// What somebody else's error says, which may repeat what it was given.
pub(crate) fn explained(error: &dyn std::fmt::Display) -> String {
    cut(&error.to_string(), EXPLAINED_CHARS_MAX)
}

/// Whether it is the first line of a format, of some version.
pub(crate) fn is_numbered(line: &str, format: &str) -> bool {
    line.strip_prefix(format).is_some_and(|version| version.parse::<u32>().is_ok())
}

fn cut(text: &str, chars_max: usize) -> String {
    let plain = |c: char| matches!(c, '"' | '\'' | '\\');
    let escaped = text.chars().take(chars_max).flat_map(|c| {
        let (kept, escaped) = if plain(c) { (Some(c), None) } else { (None, Some(c.escape_debug())) };
        kept.into_iter().chain(escaped.into_iter().flatten())
    });
    escaped.collect()
}

/// Serde by `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use serde_as_text;

const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The time in UTC, to the second.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.trunc_subsecs(0).format(TIME_FORMAT).to_string()
}

/// Reads what [`time`] wrote, and nothing else.
pub(crate) fn parse_time(text: &str) -> Result<DateTime<Utc>, TextError> {
    NaiveDateTime::parse_from_str(text, TIME_FORMAT)
        .ok()
        .map(|naive| naive.and_utc())
        .filter(|read| time(*read) == text)
        .ok_or_else(|| TextError::new(text, "a time such as `2026-11-29T10:42:21Z`"))
}

/// Times in JSON, for `#[serde(with = …)]`.
pub(crate) mod serde_time {
    use super::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de};
    use std::borrow::Cow;

    pub(crate) fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::time(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        super::parse_time(&Cow::<'de, str>::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling() {
        assert_eq!(parse_time("2026-11-29T10:42:21Z").map(time).as_deref(), Ok("2026-11-29T10:42:21Z"));
        for other in ["2026-11-29T10:42:21.0Z", "2026-11-29T10:42:21+00:00", "2026-11-29 10:42:21Z", "+2026-11-29T10:42:21Z", ""]
        {
            assert!(parse_time(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_error_does_not_command_the_terminal_of_who_reads_it() {
        let error = TextError::new(&format!("\u{1b}[2J\u{202e}\n{}", "x".repeat(1_000)), "a name").to_string();
        assert!(error.starts_with("`\\u{1b}[2J\\u{202e}\\nxxx") && error.len() < 200, "{error}");
    }
}
