//! Blacks out known secrets, also when they were encoded on the way.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED_SECRET]";

/// Shorter values are not searched for: they would black out half of every text.
const SECRET_BYTES_MIN: usize = 6;
/// A line of a secret of several lines (a private key) is searched for on its own from this length.
const LINE_BYTES_MIN: usize = 16;

/// Finds the values it was made with and what common encodings make of them: base64 and base64url (also in the middle of
/// a longer encoded text), hexadecimal, percent-encoding and JSON escapes.
pub struct Redactor {
    /// Longest first, so that a part never spoils the whole.
    forms: Vec<Zeroizing<String>>,
    names: Vec<String>,
}

impl Redactor {
    /// A redactor for these secrets.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        let mut forms: Vec<Zeroizing<String>> = Vec::new();
        let mut names = Vec::new();
        for (name, secret) in secrets {
            let value = secret.expose_secret().trim();
            if value.len() < SECRET_BYTES_MIN {
                tracing::warn!(%name, "a secret of fewer than {SECRET_BYTES_MIN} bytes cannot be kept out of tool results");
                continue;
            }
            forms.extend(forms_of(value));
            if value.contains('\n') {
                let lines =
                    value.lines().map(str::trim).filter(|line| line.len() >= LINE_BYTES_MIN && !line.starts_with("-----"));
                forms.extend(lines.flat_map(forms_of));
            }
            names.push(name);
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms, names }
    }

    /// A redactor that knows no secret.
    #[must_use]
    pub const fn empty() -> Self {
        Self { forms: Vec::new(), names: Vec::new() }
    }

    /// The text with every known secret blacked out.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), REDACTED));
            }
        }
        text
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("names", &self.names).finish_non_exhaustive()
    }
}

fn forms_of(value: &str) -> Vec<Zeroizing<String>> {
    let bytes = value.as_bytes();
    let mut forms = vec![
        value.to_owned(),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hex(bytes, "0123456789abcdef"),
        hex(bytes, "0123456789ABCDEF"),
        percent(bytes, "0123456789ABCDEF", false),
        percent(bytes, "0123456789abcdef", false),
        percent(bytes, "0123456789ABCDEF", true),
    ];
    forms
        .extend((0..3).flat_map(|offset| [embedded(bytes, offset, &STANDARD_NO_PAD), embedded(bytes, offset, &URL_SAFE_NO_PAD)]));
    let json = serde_json::Value::from(value).to_string();
    forms.push(json.trim_matches('"').to_owned());
    forms.retain(|form| form.len() >= SECRET_BYTES_MIN);
    forms.into_iter().map(Zeroizing::new).collect()
}

/// The characters that a secret becomes inside a longer base64 text, when `offset` bytes (modulo 3) stand before it:
/// without the characters at both ends, which its neighbours share.
fn embedded(bytes: &[u8], offset: usize, engine: &impl Engine) -> String {
    let mut padded = Zeroizing::new(vec![0; offset]);
    padded.extend_from_slice(bytes);
    let encoded = Zeroizing::new(engine.encode(padded.as_slice()));
    // 8 bits of the neighbour reach one character further than its own bytes do.
    let start = (offset * 8).div_ceil(6);
    let end = padded.len() * 8 / 6;
    let inner = encoded.get(start..end).unwrap_or_default();
    // A short middle would be found in innocent texts.
    if inner.len() >= 2 * SECRET_BYTES_MIN { inner.to_owned() } else { String::new() }
}

fn hex(bytes: &[u8], digits: &str) -> String {
    bytes.iter().flat_map(|byte| pair(*byte, digits)).collect()
}

fn percent(bytes: &[u8], digits: &str, plus_for_space: bool) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(*byte)),
            b' ' if plus_for_space => out.push('+'),
            byte => {
                out.push('%');
                out.extend(pair(*byte, digits));
            }
        }
    }
    out
}

fn pair(byte: u8, digits: &str) -> [char; 2] {
    let digit = |value: u8| char::from(digits.as_bytes().get(usize::from(value)).copied().unwrap_or(b'0'));
    [digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redactor(value: &str) -> Redactor {
        Redactor::new([("key".to_owned(), SecretString::from(value))])
    }

    #[test]
    fn every_form_is_found() {
        let value = "s3cr&t/va ue\"?";
        for text in [
            value.to_owned(),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
            STANDARD.encode(format!("user:{value}")),
            STANDARD.encode(format!("u:{value}@host")),
            "7333637226742f7661207565223f".to_owned(),
            "7333637226742F7661207565223F".to_owned(),
            "s3cr%26t%2Fva%20ue%22%3F".to_owned(),
            "s3cr%26t%2fva%20ue%22%3f".to_owned(),
            "s3cr%26t%2Fva+ue%22%3F".to_owned(),
            serde_json::json!({ "a": value }).to_string(),
        ] {
            let shown = redactor(value).redact(&format!("before {text} after")).into_owned();
            assert!(shown.contains(REDACTED) && shown.starts_with("before ") && shown.ends_with(" after"), "{text}: {shown}");
        }
    }

    #[test]
    fn text_without_secrets_is_not_copied() {
        assert!(matches!(redactor("correct horse").redact("nothing here"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_secret_inside_another_does_not_spoil_it() {
        let secrets = [("a".to_owned(), SecretString::from("abcdef")), ("b".to_owned(), SecretString::from("xxabcdefxx"))];
        assert_eq!(Redactor::new(secrets).redact("xxabcdefxx abcdef"), format!("{REDACTED} {REDACTED}"));
    }

    #[test]
    fn a_short_value_does_not_black_out_everything() {
        assert_eq!(redactor("a").redact("banana"), "banana");
        assert_eq!(redactor("").redact("banana"), "banana");
    }

    #[test]
    fn one_line_of_a_key_is_enough() {
        let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHh4\nQWxsIHlvdXIga2V5cyBhcmUg\n-----END PRIVATE KEY-----";
        assert_eq!(redactor(key).redact("line: QWxsIHlvdXIga2V5cyBhcmUg."), format!("line: {REDACTED}."));
        assert_eq!(redactor(key).redact("-----BEGIN PRIVATE KEY-----"), "-----BEGIN PRIVATE KEY-----");
    }

    #[test]
    fn values_are_never_shown() {
        assert_eq!(format!("{:?}", redactor("correct horse")), "Redactor { names: [\"key\"], .. }");
    }

    proptest! {
        #[test]
        fn no_secret_survives(value in "[ -~]{6,40}", before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
            let value = value.trim();
            prop_assume!(value.len() >= SECRET_BYTES_MIN && !REDACTED.contains(value));
            let shown = redactor(value).redact(&format!("{before}{value}{after}")).into_owned();
            prop_assert!(shown.contains(REDACTED));
        }

        #[test]
        fn base64_around_a_secret_hides_it(value in "[ -~]{16,40}", before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
            let value = value.trim();
            prop_assume!(value.len() >= 16);
            let encoded = STANDARD.encode(format!("{before}{value}{after}"));
            prop_assert!(redactor(value).redact(&encoded).contains(REDACTED));
        }
    }
}
