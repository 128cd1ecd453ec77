//! Known secrets in what leaves a tool.

use std::fmt::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;
use serde_json::json;

use crate::security::guard::{REDACTED, Redactor};

/// Secrets as they are issued, and one as people think of. Getting ready to look for one takes longer than looking.
const SECRETS: [&str; 6] = [
    "sk-Proj_9f3Kq7Zx2LmT8wYb4N",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIAIOSFODNN7EXAMPLE/wJalrXUtnFEMI+K7MDENG",
    "9f86d081884c7d659a2feaa0c55ad015",
    "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "correct-Horse7battery!Staple",
];

static REDACTORS: LazyLock<Vec<(&str, Redactor)>> = LazyLock::new(|| {
    SECRETS.iter().map(|secret| (*secret, Redactor::new([("key".to_owned(), SecretString::from(*secret))]))).collect()
});

/// The first byte chooses a secret, the second tells where the rest is broken in two: before it and after it. No encoding of the three
/// together gets past.
pub fn run(data: &[u8]) {
    let Some(([which, at], around)) = data.split_first_chunk() else { return };
    let Some((secret, redactor)) = REDACTORS.get(usize::from(*which) % SECRETS.len()) else { return };
    let (before, after) = around.split_at(usize::from(*at).min(around.len()));
    let name = |text: &str| redactor.find(&json!({ "a": text })).map(str::to_owned);

    let (front, back) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let plain = format!("{front}{secret}{back}");
    let shown = redactor.redact(&plain);
    assert!(!shown.contains(secret), "the secret is in {shown:?}");
    assert_eq!(name(&plain).as_deref(), Some("key"), "{plain:?}");
    let value = redactor.redact_value(json!({ "a": [front, secret, back], "n": 1 })).to_string();
    assert!(!value.contains(secret), "the secret is in {value}");

    let all = [before, secret.as_bytes(), after].concat();
    let backwards: String = secret.chars().rev().collect();
    let percent = secret.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
    for encoded in [STANDARD.encode(&all), URL_SAFE_NO_PAD.encode(&all), hex(&all), hex(&all).to_uppercase()] {
        let shown = redactor.redact(&encoded);
        assert!(shown.contains(REDACTED), "{encoded} passes");
        assert_eq!(name(&encoded).as_deref(), Some("key"), "{encoded} is found");
    }
    for form in [backwards, percent] {
        let shown = redactor.redact(&format!("{front} {form} {back}")).into_owned();
        assert!(!shown.contains(&form), "{form} is in {shown:?}");
    }

    // Whatever the text is, this does not panic, and what is found is what is blacked out.
    let text = String::from_utf8_lossy(around);
    assert_eq!(redactor.redact(&text) != text, name(&text).is_some(), "{text:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}
