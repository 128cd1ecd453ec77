//! Text of guests, made safe to show: bounded, and without what a terminal obeys.

use octi_security::guard;

/// At most `bytes_max` bytes of the text, cleaned.
///
/// Not for what a call gives: that is cut after the secrets in it were blacked out, for half a secret is not found.
pub(crate) fn clean(text: &str, bytes_max: usize) -> String {
    cut(guard::clean(text), bytes_max)
}

/// A line for the log: cleaned, without the secrets that `redact` knows, and in one piece whatever the guest wrote.
pub(crate) fn log_line(text: &str, redact: &dyn Fn(&str) -> String) -> String {
    let line = redact(&guard::clean(text)).replace('\n', "\\n");
    cut(line, octi_domain::limits::GUEST_LOG_LINE_BYTES_MAX)
}

fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max - '…'.len_utf8()));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_gone() {
        assert_eq!(clean("a\u{1b}[31mred\tb\n", 100), "ared\tb\n");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let cut = clean(&"ä".repeat(100), 20);
        assert!(cut.len() <= 20 && cut.ends_with('…'), "{cut}");
        assert_eq!(clean("as long as allowed", 18), "as long as allowed");
    }

    #[test]
    fn a_log_line_cannot_look_like_two() {
        let line = log_line("done\r\n2026-01-01 INFO forged k\u{1b}[0mey", &|text| text.replace("key", "***"));
        assert_eq!(line, "done\\n2026-01-01 INFO forged ***");
    }

    #[test]
    fn secrets_are_gone_before_a_line_is_cut() {
        let text = format!("{}secret", "x".repeat(octi_domain::limits::GUEST_LOG_LINE_BYTES_MAX - 6));
        let line = log_line(&text, &|text| text.replace("secret", "***"));
        assert!(!line.contains("sec") && line.len() <= octi_domain::limits::GUEST_LOG_LINE_BYTES_MAX, "{line}");
    }
}
