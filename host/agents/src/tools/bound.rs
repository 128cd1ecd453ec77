//! How much of a result the model and the person see.

use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use serde_json::{Value, json};

/// Bytes of the beginning of a result in events.
const PREVIEW_BYTES_MAX: usize = 2 * 1024;
/// Bytes of the line for the person watching.
const SUMMARY_BYTES_MAX: usize = 200;
/// Bytes kept free for the handle and its explanation.
const HANDLE_BYTES: usize = 512;
const KEPT: &str = "the result is too large to show; this is its beginning, and the person can open the whole of it; \
                    ask for a smaller part if you need more";
const NOT_KEPT: &str = "the result is too large to show, and the rest was not kept; ask for a smaller part if you need more";

/// The beginning of a text, at most this long, never ending inside a character.
#[must_use]
pub fn head(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Whether a result is too large to be part of the conversation.
#[must_use]
pub const fn is_large(content: &str) -> bool {
    content.len() > limits::RESULT_INLINE_BYTES_MAX
}

/// What the model sees in place of a large result: where it is, if it could be kept, how large, and its beginning.
#[must_use]
pub fn handle(content: &str, artifact: Option<ArtifactId>) -> String {
    let note = if artifact.is_some() { KEPT } else { NOT_KEPT };
    let mut bytes = limits::RESULT_INLINE_BYTES_MAX - HANDLE_BYTES;
    loop {
        let preview = head(content, bytes);
        let text = json!({
            "artifact": artifact.map(|id| id.to_string()),
            "bytes": content.len(),
            "note": note,
            "preview": preview,
        })
        .to_string();
        // Quotes and line ends grow when they are written as JSON, so the preview may have to shrink.
        if !is_large(&text) || bytes == 0 {
            return text;
        }
        bytes -= (text.len() - limits::RESULT_INLINE_BYTES_MAX).min(bytes);
    }
}

/// The beginning of a result, for the people watching.
#[must_use]
pub fn preview(content: &str) -> String {
    head(content, PREVIEW_BYTES_MAX).to_owned()
}

/// One line about a result: the tool's own, or the beginning of what it gave.
#[must_use]
pub fn summary(own: Option<&str>, content: &str) -> String {
    let text = own.unwrap_or(content);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let short = head(line, SUMMARY_BYTES_MAX);
    if short.len() < line.len() { format!("{short}…") } else { short.to_owned() }
}

/// A result as text: what a model reads and an artifact holds.
#[must_use]
pub fn render(content: &Value) -> String {
    content.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn artifact() -> ArtifactId {
        "018f4e5a-7c1d-7b3a-9f00-0123456789ab".parse().unwrap()
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(head("aé", 2), "a");
        assert_eq!(head("aé", 3), "aé");
        assert_eq!(head("aé", 99), "aé");
    }

    #[test]
    fn the_limit_itself_is_not_too_large() {
        assert!(!is_large(&"x".repeat(limits::RESULT_INLINE_BYTES_MAX)));
        assert!(is_large(&"x".repeat(limits::RESULT_INLINE_BYTES_MAX + 1)));
    }

    #[test]
    fn a_handle_is_json_that_names_the_artifact() {
        let text = handle(&"line\n".repeat(10_000), Some(artifact()));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["artifact"], artifact().to_string());
        assert_eq!(value["bytes"], 50_000);
        assert!(value["preview"].as_str().unwrap().starts_with("line\nline\n"));
    }

    #[test]
    fn a_summary_is_one_short_line() {
        assert_eq!(summary(None, "\n  first\nsecond"), "first");
        assert_eq!(summary(Some("read 3 lines"), "x"), "read 3 lines");
        assert_eq!(summary(None, &"é".repeat(500)), format!("{}…", "é".repeat(100)));
    }

    proptest! {
        #[test]
        fn a_handle_always_fits(content in "[a\"\\\\\n\u{1}é😀]{0,6000}", times in 1_usize..8) {
            let content = content.repeat(times);
            prop_assert!(handle(&content, Some(artifact())).len() <= limits::RESULT_INLINE_BYTES_MAX);
        }
    }
}
