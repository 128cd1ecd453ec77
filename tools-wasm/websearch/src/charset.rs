//! Bytes of a page as text.

use encoding_rs::{Encoding, UTF_8};

/// How far into a page its own word about its encoding is looked for, as browsers do.
const HEAD_BYTES: usize = 1024;

/// The text, by the byte order mark, the header's word, the page's own word, or as UTF-8.
pub(crate) fn text(bytes: &[u8], content_type: &str) -> String {
    let said = after(content_type, "charset=").or_else(|| {
        let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]).to_ascii_lowercase();
        head.contains("<meta").then(|| after(&head, "charset=")).flatten()
    });
    let encoding = said.and_then(|label| Encoding::for_label(label.as_bytes())).unwrap_or(UTF_8);
    encoding.decode(bytes).0.into_owned()
}

/// The word after a key, without quotes.
fn after(text: &str, key: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let rest = lower[lower.find(key)? + key.len()..].trim_start_matches(['"', '\'', ' ']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c))).unwrap_or(rest.len());
    Some(rest[..end].to_owned()).filter(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_taken_from_wherever_it_is_said() {
        assert_eq!(text("größe".as_bytes(), "text/html"), "größe");
        assert_eq!(text(b"gr\xf6\xdfe", "text/html; charset=ISO-8859-1"), "größe");
        assert_eq!(text(b"gr\xf6\xdfe", "text/html; charset=\"windows-1252\"; x=y"), "größe");
        assert_eq!(text(b"<meta charset='latin1'>\xf6", "text/html"), "<meta charset='latin1'>ö");
        assert_eq!(
            text(b"<META http-equiv=x content='text/html; charset=Shift_JIS'>\x93\xfa", "text/html").chars().last(),
            Some('日')
        );
        assert_eq!(text(b"\xef\xbb\xbfok", "text/plain; charset=latin1"), "ok");
        assert_eq!(text(b"a\xffb", "text/plain; charset=no-such-thing"), "a\u{fffd}b");
    }
}
