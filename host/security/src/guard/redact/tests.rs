//! Every form is found, nothing around it is lost, and ordinary text is left alone.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const KEY: &str = "sk-Proj_9f3Kq7/Zx+2LmT8w==";
const ODD: &str = "s3cr&t/va ue\"?";

fn redactor(value: &str) -> Redactor {
    Redactor::new([("key".to_owned(), SecretString::from(value))])
}

fn hex(value: &str, between: &str) -> String {
    value.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn percent(value: &str) -> String {
    value
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// What tools, terminals and clumsy thieves make of a value.
fn forms(value: &str) -> Vec<(&'static str, String)> {
    let reversed: String = value.chars().rev().collect();
    let (first, second) = value.split_at(value.ceil_char_boundary(value.len() / 2));
    vec![
        ("plain", value.to_owned()),
        ("base64", STANDARD.encode(value)),
        ("base64 without padding", STANDARD_NO_PAD.encode(value)),
        ("base64url", URL_SAFE.encode(value)),
        ("base64url without padding", URL_SAFE_NO_PAD.encode(value)),
        ("hex", hex(value, "")),
        ("HEX", hex(value, "").to_uppercase()),
        ("hex with colons", hex(value, ":")),
        ("hex with spaces", hex(value, " ")),
        ("hex with dashes", hex(value, "-")),
        ("bytes in C", format!("0x{}", hex(value, ", 0x"))),
        ("escaped bytes", format!("\\x{}", hex(value, "\\x"))),
        ("escaped characters", value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()),
        ("decimal bytes", value.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")),
        ("URL", percent(value)),
        ("form", percent(value).replace("%20", "+")),
        ("URL, every byte", format!("%{}", hex(value, "%"))),
        ("JSON", json!(value).to_string().trim_matches('"').to_owned()),
        ("JSON in JSON", json!(json!(value).to_string()).to_string()),
        ("backwards", reversed.clone()),
        ("backwards in base64", STANDARD.encode(&reversed)),
        ("two lines", format!("{first}\n{second}")),
        ("two strings", format!("\"{first}\" + \"{second}\"")),
        ("two strings on two lines", format!("'{first}' .\n  '{second}'")),
        ("letter by letter", value.chars().map(|c| format!("{c} ")).collect()),
        ("invisible characters", value.chars().map(|c| format!("{c}\u{200b}")).collect()),
        ("colours", value.chars().map(|c| format!("{c}\u{1b}[31m")).collect()),
        ("colours in eight bits", value.chars().map(|c| format!("{c}\u{9b}0;1m")).collect()),
        ("window titles", value.chars().map(|c| format!("{c}\u{1b}]0;title\u{7}")).collect()),
        ("hidden tags", value.chars().map(|c| format!("{c}\u{e0041}")).collect()),
    ]
}

#[test]
fn every_form_is_found() {
    for value in [KEY, ODD, "correct horse battery", "pässwörter-2026", "a8Fk2L9x"] {
        for (name, text) in forms(value) {
            let shown = redactor(value).redact(&format!("before {text} after")).into_owned();
            assert!(shown.contains(REDACTED), "{name} of {value}: {shown}");
            assert!(shown.starts_with("before ") && shown.ends_with(" after"), "{name} of {value}: {shown}");
            // What the form was of is gone, but for quotes, padding and the like at its ends.
            let rest = shown.replace(REDACTED, "").replace("before ", "").replace(" after", "");
            assert!(rest.chars().filter(|c| c.is_alphanumeric()).count() <= 2, "{name} of {value}: {shown}");
        }
    }
}

#[test]
fn a_value_inside_longer_encoded_text_is_found() {
    for value in [KEY, "a8Fk2L9x"] {
        for before in ["", "u", "us", "user:"] {
            let text = format!("{before}{value}@host");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text), hex(&text, ""), hex(&text, ":")] {
                assert!(redactor(value).redact(&encoded).contains(REDACTED), "{encoded}");
            }
        }
    }
    let wrapped = STANDARD.encode(format!("some text and then {KEY} and more text"));
    let lines: Vec<&str> = wrapped.as_bytes().chunks(24).map(|line| std::str::from_utf8(line).unwrap()).collect();
    assert!(redactor(KEY).redact(&lines.join("\r\n")).contains(REDACTED));
}

#[test]
fn nothing_but_the_secret_goes() {
    assert_eq!(redactor(KEY).redact(&format!("a={KEY};b")), format!("a={REDACTED};b"));
    assert_eq!(redactor(KEY).redact(&format!("{KEY}{KEY} é {KEY}")), format!("{REDACTED}{REDACTED} é {REDACTED}"));
    assert!(matches!(redactor(KEY).redact("nothing here"), Cow::Borrowed(_)));
}

#[test]
fn secrets_that_overlap_all_go() {
    let all = [("a", "abcdef12"), ("b", "xxabcdef12xx"), ("c", "f12xxtail9")];
    let redactor = Redactor::new(all.map(|(name, value)| (name.to_owned(), SecretString::from(value))));
    assert_eq!(redactor.redact("xxabcdef12xx, abcdef12"), format!("{REDACTED}, {REDACTED}"));
    assert_eq!(redactor.redact("<xxabcdef12xxtail9>"), format!("<{REDACTED}>"));
}

#[test]
fn a_short_value_does_not_black_out_everything() {
    assert_eq!(redactor("a").redact("banana"), "banana");
    assert_eq!(redactor("").redact("banana"), "banana");
}

#[test]
fn a_word_or_a_number_is_hidden_as_it_stands_only() {
    assert_eq!(redactor("database").redact("a data base in a database"), format!("a data base in a {REDACTED}"));
    assert_eq!(redactor("12345678").redact("12 345 678 rows, 12345678"), format!("12 345 678 rows, {REDACTED}"));
}

#[test]
fn one_line_of_a_key_is_enough() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHh4\nQWxsIHlvdXIga2V5cyBhcmUg\n-----END PRIVATE KEY-----";
    assert_eq!(redactor(key).redact("line: QWxsIHlvdXIga2V5cyBhcmUg."), format!("line: {REDACTED}."));
    assert_eq!(redactor(key).redact("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
    assert_eq!(redactor(key).redact(&format!("<{key}>")), format!("<{REDACTED}>"));
    assert!(redactor(key).redact(&STANDARD.encode(key)).contains(REDACTED));
}

#[test]
fn a_long_value_goes_as_a_whole() {
    let value: String = (0..3_000_u32).map(|at| char::from(b'!' + (at * 7_919 % 251 % 90) as u8)).collect();
    let shown = redactor(&value).redact(&format!("<{value}>")).into_owned();
    assert_eq!(shown, format!("<{REDACTED}>"));
}

#[test]
fn values_are_never_shown() {
    assert_eq!(format!("{:?}", redactor("correct horse")), "Redactor { names: [\"key\"], .. }");
}

#[test]
fn every_place_of_a_value_is_looked_at() {
    let (first, second) = KEY.split_at(9);
    let shown = redactor(KEY).redact_value(json!({
        "whole": [format!("KEY={KEY}"), 1, true, null],
        KEY: "as a name",
        "halves": { "a": first, "b": second },
        "elsewhere": "stays",
    }));
    assert_eq!(
        shown,
        json!({
            "whole": [format!("KEY={REDACTED}"), 1, true, null],
            REDACTED: "as a name",
            "halves": { "a": REDACTED, "b": format!("{REDACTED}==") },
            "elsewhere": "stays",
        })
    );
    let letters: Vec<String> = KEY.chars().map(String::from).collect();
    assert!(!redactor(KEY).redact_value(json!(letters)).to_string().contains("\"P\",\"r\",\"o\""));
    let bytes = json!({ "bytes": KEY.as_bytes() });
    assert!(redactor(KEY).redact_value(bytes).to_string().contains(REDACTED));
    assert_eq!(redactor("40061234567890123").redact_value(json!([40061234567890123_u64, 7])), json!([REDACTED, 7]));
}

#[test]
fn the_secret_that_was_found_is_named() {
    let secrets = [("one", "first-value-1"), ("two", "second-value-2")];
    let redactor = Redactor::new(secrets.map(|(name, value)| (name.to_owned(), SecretString::from(value))));
    assert_eq!(redactor.find(&json!({ "a": ["x", { "b": "=second-value-2" }] })), Some("two"));
    assert_eq!(redactor.find(&json!({ "first-value-1": 1 })), Some("one"));
    assert_eq!(redactor.find(&json!({ "a": hex("first-value-1", ":") })), Some("one"));
    assert_eq!(redactor.find(&json!({ "a": "{{secret:one}}", "b": 2 })), None);
    assert_eq!(Redactor::empty().find(&json!({ "a": "first-value-1" })), None);
}

/// Secrets as people have them.
static EVERYDAY: LazyLock<Redactor> = LazyLock::new(everyday);

fn everyday() -> Redactor {
    let key = |at: u32| {
        (0..40)
            .map(|i| {
                char::from(
                    b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[((at * 31 + i * i * 17 + i * 7) % 56) as usize],
                )
            })
            .collect::<String>()
    };
    let fixed = [
        "octi_8Jm2vQ0aXr5cT1nLw9ZyKd4sBf7hGp3uEe6iOj-RkAx",
        "correct horse battery staple",
        "hunter2hunter2",
        "550e8400-e29b-41d4-a716-446655440000",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://ann:open-Sesame9@db.example:5432/octi",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHh4\nQWxsIHlvdXIga2V5cyBhcmUg\n-----END PRIVATE KEY-----",
    ];
    let all = fixed.into_iter().map(str::to_owned).chain((0..40).map(key)).enumerate();
    Redactor::new(all.map(|(at, value)| (format!("s{at}"), SecretString::from(value))))
}

#[test]
fn ordinary_text_is_left_alone() {
    for text in [
        include_str!("forms.rs"),
        include_str!("../../../../../docs/ARCHITECTURE.md"),
        include_str!("../../../../../Cargo.lock"),
        include_str!("../../../../../docs/reference/openapi.json"),
        "commit 963edff0c2b7a5d4e1f8a9b3c6d7e8f901234567\nAuthor: Ann <ann@example.org>\nDate: 2026-11-25T01:47:01Z",
        "The horse was correct, the battery low, and hunter 2 hunted.",
        "550e8400-e29b-41d4-a716-446655440001 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "-----BEGIN PRIVATE KEY-----",
        "table\n12 | 34\n56 | 78\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA 0000000000000000 ffffffffffffffff",
    ] {
        assert_eq!(EVERYDAY.redact(text), text);
    }
}

proptest! {
    // Each case makes a redactor of its own, which takes its time without optimisation.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_secret_survives(value in "[ -~]{6,40}", before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let value = value.trim();
        prop_assume!(value.len() >= VALUE_BYTES_MIN && !REDACTED.contains(value));
        let shown = redactor(value).redact(&format!("{before}{value}{after}")).into_owned();
        prop_assert!(shown.contains(REDACTED));
        prop_assert!(!shown.contains(value));
    }

    #[test]
    fn base64_around_a_secret_hides_it(value in "[ -~]{8,40}", before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
        let value = value.trim();
        prop_assume!(value.len() >= 8);
        // A value of which base64 makes mostly `+` and `/` is not told from chance among the letters.
        prop_assume!(STANDARD.encode(value).chars().filter(|c| c.is_alphanumeric()).count() > 10);
        let encoded = STANDARD.encode(format!("{before}{value}{after}"));
        prop_assert!(redactor(value).redact(&encoded).contains(REDACTED));
    }

    #[test]
    fn the_screen_holds_nothing_back(value in "[ -~é]{6,20}", parts in prop::collection::vec((0..4_usize, any::<prop::sample::Index>(), "[ -~é]{0,6}"), 0..4)) {
        let screened = redactor(&value);
        let open = Redactor { screen: Screen::none(), ..redactor(&value) };
        let forms = forms(value.trim());
        for (kind, form, noise) in parts {
            let form = &forms[form.index(forms.len())].1;
            let text = match kind {
                0 => format!("{noise}{form}{noise}"),
                1 => form.to_uppercase(),
                2 => form.chars().flat_map(|c| [c.to_string(), noise.clone()]).collect(),
                _ => form.replace(|c: char| !c.is_alphanumeric(), &noise),
            };
            prop_assert_eq!(screened.redact(&text), open.redact(&text), "{}", text);
            prop_assert_eq!(screened.find(&json!(text)), open.find(&json!(text)));
        }
    }

    #[test]
    fn a_value_keeps_its_shape(value in "[a-zA-Z0-9]{16,24}", texts in prop::collection::vec("[ -~é]{0,30}", 0..6), at in 0_usize..6) {
        let mut parts = texts.clone();
        parts.insert(at.min(parts.len()), value.clone());
        let shown = redactor(&value).redact_value(json!(parts));
        let shown: Vec<&str> = shown.as_array().unwrap().iter().map(|part| part.as_str().unwrap()).collect();
        prop_assert_eq!(shown.len(), parts.len());
        prop_assert_eq!(shown[at.min(texts.len())], REDACTED);
    }

}

proptest! {
    #[test]
    fn ids_hashes_and_numbers_pass(bytes in prop::collection::vec(any::<u8>(), 4..200), numbers in prop::collection::vec(any::<u32>(), 0..50)) {
        for text in [
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
            bytes.chunks(16).map(|id| format!("{}-{}", hex(&String::from_utf8_lossy(id), ""), id.len())).collect::<Vec<_>>().join(" "),
            STANDARD.encode(&bytes),
            numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
            format!("{bytes:?}"),
        ] {
            prop_assert_eq!(EVERYDAY.redact(&text), text.as_str());
        }
    }

    #[test]
    fn words_pass(words in prop::collection::vec("[A-Za-z]{1,9}", 0..60)) {
        let text = words.join(" ");
        prop_assert_eq!(EVERYDAY.redact(&text), text.as_str());
    }
}
