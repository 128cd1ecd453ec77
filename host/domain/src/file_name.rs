//! Names and types of files that somebody gives: what is shown must be what it looks like.

use crate::limits;

/// What is not known to be anything else.
pub const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Characters of a media type.
const TYPE_CHARS_MAX: usize = 100;

/// The name without the folders it came from and without what would not be seen where it is shown; none when nothing is left.
#[must_use]
pub fn plain(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let seen = last.chars().filter(|c| !c.is_control() && !is_unseen(*c));
    let name: String = seen.take(limits::ATTACHMENT_NAME_CHARS_MAX).collect();
    let name = name.trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// `type/subtype` in lower case, without parameters; none when it is not a media type.
#[must_use]
pub fn media_type(declared: &str) -> Option<String> {
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    let is_type = essence.len() <= TYPE_CHARS_MAX && essence.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub));
    is_type.then_some(essence)
}

/// Characters that turn the direction of a line, or have no width: they make one name look like another.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_no_folder_and_nothing_unseen() {
        assert_eq!(plain("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(plain("C:\\Users\\me\\Ünï .txt").as_deref(), Some("Ünï .txt"));
        assert_eq!(plain("a\u{202e}gpj\n.exe").as_deref(), Some("agpj.exe"));
        assert_eq!(plain(&"x".repeat(1_000)).map(|name| name.len()), Some(limits::ATTACHMENT_NAME_CHARS_MAX));
        for none in ["", "/", "..", "a/..", " \u{200b} "] {
            assert_eq!(plain(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_media_type_is_two_words_and_nothing_else() {
        assert_eq!(media_type("image/PNG").as_deref(), Some("image/png"));
        assert_eq!(media_type("text/html; charset=utf-8").as_deref(), Some("text/html"));
        assert_eq!(media_type("application/vnd.ms-excel+xml").as_deref(), Some("application/vnd.ms-excel+xml"));
        for none in ["", "png", "image/", "/png", "image/png\r\nX-Evil: 1", "a/b/c", "image/p ng"] {
            assert_eq!(media_type(none), None, "{none:?}");
        }
        assert_eq!(media_type(&format!("a/{}", "x".repeat(TYPE_CHARS_MAX))), None);
    }
}
