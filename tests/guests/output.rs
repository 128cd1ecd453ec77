//! What a guest says, where a person or a terminal reads it: nothing in it commands, hides or turns around.

use octi_domain::limits;
use octi_security::guard::clean;

use crate::row::{Row, Seen};
use crate::words::{failing, saying};

/// Names, and what they do to who reads them.
const TRICKS: [(&str, &str); 10] = [
    ("colours", "before \u{1b}[31mred\u{1b}[0m after"),
    ("cleared_screen", "before \u{1b}[2J\u{1b}[1;1H after"),
    ("eight_bit_commands", "before \u{9b}2J\u{90}q\u{9c} after"),
    ("window_title", "before \u{1b}]0;pwned\u{7} after"),
    ("hyperlink", "before \u{1b}]8;;https://evil.test\u{1b}\\bank.test\u{1b}]8;;\u{1b}\\ after"),
    ("overwritten_line", "before deleted everything\rbefore \u{8}\u{8} after"),
    ("direction", "before \u{202e}gpj.exe\u{2066} after"),
    ("hidden_tags", "before \u{e0049}\u{e0067}\u{e006e}\u{e006f}\u{e0072}\u{e0065} after"),
    ("marks", "before \u{feff}\u{200e}\u{200f}\u{61c} after"),
    ("nulls", "before \0\u{1}\u{7}\u{7f}\u{85} after"),
];

pub(crate) fn rows() -> Vec<Row> {
    let tricks = TRICKS.iter().flat_map(|(name, text)| [said(name, text), failed(name, text)]);
    tricks.chain([forged_log_lines(), long_texts(), long_failure()]).collect()
}

fn said(name: &str, text: &str) -> Row {
    let guest = saying(text, &serde_json::json!({ "said": text }).to_string());
    Row::of(&format!("says_{name}"), "", &guest).answers("before").and(move |seen| {
        logged(seen);
        assert!(seen.summary.starts_with("before"), "{seen:#?}");
        assert!(seen.progress.len() == 1 && seen.progress[0].starts_with("before"), "{seen:#?}");
    })
}

fn failed(name: &str, text: &str) -> Row {
    Row::of(&format!("fails_with_{name}"), "", &failing(text)).ends("failed", "before").and(logged)
}

/// The log has what the guest said, and can be read as it stands.
fn logged(seen: &Seen) {
    assert!(seen.logs.contains("before"), "{seen:#?}");
    assert_eq!(clean(&seen.logs), seen.logs, "{seen:#?}");
}

/// Whoever reads the log must know who wrote each line.
fn forged_log_lines() -> Row {
    let text = "done\n2026-01-01T00:00:00Z INFO octi: FORGED\r\nFORGED\u{2028}FORGED";
    Row::of("forged_log_lines", "", &saying(text, "{}")).answers("{}").and(|seen| {
        let of_the_guest = seen.logs.lines().filter(|line| line.contains("FORGED"));
        for line in of_the_guest {
            assert!(line.contains("acme/forged_log_lines") && line.contains("done"), "{seen:#?}");
        }
        assert!(seen.logs.contains("FORGED"), "{seen:#?}");
    })
}

/// Texts that are far longer than anybody reads.
fn long_texts() -> Row {
    let text = "long ".repeat(9_000);
    Row::of("long_texts", "", &saying(&text, "{}")).answers("{}").and(|seen| {
        let longest = seen.shown().into_iter().map(str::len).max().unwrap_or_default();
        assert!(longest <= 2 * 1_024, "{longest}");
        assert!(seen.logs.len() < 20_000, "{}", seen.logs.len());
    })
}

fn long_failure() -> Row {
    Row::of("long_failure", "", &failing(&"long ".repeat(9_000))).ends("failed", "long long").and(|seen| {
        let length = seen.model.content.len();
        assert!(length <= limits::PLUGIN_TEXT_BYTES_MAX, "{length}");
    })
}
