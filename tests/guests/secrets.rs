//! Guests that know the person's secret and try to tell it to somebody, in whatever writing.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use octi_testkit::guests::Guest;

use crate::host::SECRET;
use crate::row::{Row, Seen};
use crate::words::{failing, saying};

const HIDDEN: &str = "[REDACTED_SECRET]";

pub(crate) fn rows() -> Vec<Row> {
    writings().iter().flat_map(|writing| [told(writing), failed(writing)]).chain([in_two_fields(), as_a_field()]).collect()
}

/// The secret in some writing, and the parts of it that would give it away.
struct Writing {
    name: &'static str,
    text: String,
    parts: Vec<String>,
}

impl Writing {
    /// A writing that has to be read as a whole; its beginning and its end are enough to tell.
    fn whole(name: &'static str, text: String) -> Self {
        let parts = vec![text[..8].to_owned(), text[text.len() - 8..].to_owned()];
        Self { name, text, parts }
    }

    /// A writing in which each word of the secret can be read.
    fn words(name: &'static str, text: String) -> Self {
        let parts = ["Zebra7", "Quokka9", "Lynx4", "Heron2"].map(str::to_owned).into();
        Self { name, text, parts }
    }
}

fn writings() -> Vec<Writing> {
    let bytes = SECRET.as_bytes();
    let hex = |upper: bool| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _written = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
            text
        })
    };
    let every = |count: usize, between: &str| {
        let chars: Vec<char> = SECRET.chars().collect();
        chars.chunks(count).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(between)
    };
    let within = STANDARD.encode(format!("the token is {SECRET}, keep it"));
    let escapes: String = SECRET.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let backwards: String = SECRET.chars().rev().collect();
    let hiding = |what: [&str; 3]| format!("Zebra7/{}Quokka9+{}Lynx4\"{}Heron2", what[0], what[1], what[2]);
    let url: String = url::form_urlencoded::byte_serialize(bytes).collect();
    vec![
        Writing::words("plain", SECRET.to_owned()),
        Writing::whole("base64", STANDARD.encode(bytes)),
        Writing {
            parts: vec![within[20..28].to_owned(), within[40..48].to_owned()],
            ..Writing::whole("base64_in_a_text", within)
        },
        Writing::whole("base64url", URL_SAFE_NO_PAD.encode(bytes)),
        Writing::whole("hex", hex(false)),
        Writing::whole("upper_case_hex", hex(true)),
        Writing::words("url", url),
        Writing::whole("reversed", backwards),
        Writing { parts: vec!["Zeb ra7".into(), "Her on2".into()], ..Writing::words("spaces", every(3, " ")) },
        Writing { parts: vec!["Zebra".into(), "Lynx4".into()], ..Writing::words("newlines", every(5, "\n")) },
        Writing { parts: vec!["u005a".into(), "u0048".into()], ..Writing::whole("json_escapes", escapes) },
        Writing::words("colours", hiding(["\u{1b}[31m", "\u{1b}[0m", "\u{1b}[1;4m"])),
        Writing::words("eight_bit_colours", hiding(["\u{9b}31m", "\u{9b}0m", "\u{9b}1m"])),
        Writing::words("titles", hiding(["\u{1b}]0;x\u{7}", "\u{1b}]8;;http://x\u{1b}\\", "\u{1b}]8;;\u{1b}\\"])),
        Writing::words("unseen_characters", hiding(["\u{202e}", "\u{e0041}", "\u{200f}"])),
        Writing::words("nulls", hiding(["\0", "\u{8}", "\u{7f}"])),
    ]
}

/// Logs it, shows it as progress, and returns it as a result and as the line about the result.
fn told(writing: &Writing) -> Row {
    let guest = saying(&writing.text, &serde_json::json!({ "told": writing.text }).to_string());
    let parts = writing.parts.clone();
    Row::of(&format!("told_in_{}", writing.name), "", &guest).answers(HIDDEN).and(move |seen| {
        keeps(seen, &parts);
        assert!(seen.summary.contains(HIDDEN) && seen.preview.contains(HIDDEN), "{seen:#?}");
        assert!(seen.progress.len() == 1 && seen.progress[0].contains(HIDDEN), "{seen:#?}");
    })
}

/// Fails with it.
fn failed(writing: &Writing) -> Row {
    let parts = writing.parts.clone();
    Row::of(&format!("failed_in_{}", writing.name), "", &failing(&writing.text))
        .ends("failed", HIDDEN)
        .and(move |seen| keeps(seen, &parts))
}

/// One half in each of two fields.
fn in_two_fields() -> Row {
    let (one, two) = SECRET.split_at(SECRET.len() / 2);
    let guest = Guest::default().answers(&serde_json::json!({ "one": one, "two": two }).to_string());
    let parts = [one.to_owned(), two.to_owned()];
    Row::of("told_in_two_fields", "", &guest).answers(HIDDEN).and(move |seen| keeps(seen, &parts))
}

fn as_a_field() -> Row {
    let guest = Guest::default().answers(&serde_json::json!({ SECRET: true }).to_string());
    Row::of("told_as_a_field", "", &guest).answers(HIDDEN).and(|seen| keeps(seen, &["Zebra7".to_owned(), "Heron2".to_owned()]))
}

/// No part of it is anywhere that somebody looks.
fn keeps(seen: &Seen, parts: &[String]) {
    for text in seen.shown().into_iter().chain([seen.model.content.as_str(), seen.logs.as_str()]) {
        for part in parts {
            assert!(!text.contains(part.as_str()), "`{part}` is in `{text}`: {seen:#?}");
        }
    }
}
