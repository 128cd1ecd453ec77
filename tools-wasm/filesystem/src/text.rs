//! Text from files, made fit for an answer.

/// Bytes looked at to tell text from binary data.
const PROBE_BYTES: usize = 8 * 1024;

/// Whether the first bytes of a file are those of a binary file.
pub(crate) fn is_binary(first: &[u8]) -> bool {
    first.iter().take(PROBE_BYTES).any(|byte| *byte == 0)
}

/// The text, cut to so many characters; `…` marks the cut.
pub(crate) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A count with its noun: `1 line`, `2 lines`.
pub(crate) fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!((cut("äöü", 2), cut("äöü", 3)), ("äö…".to_owned(), "äöü".to_owned()));
    }

    #[test]
    fn a_nul_byte_means_binary() {
        assert!(is_binary(b"\x7fELF\0") && !is_binary("grüße\n".as_bytes()));
    }

    #[test]
    fn one_is_singular() {
        assert_eq!((count(1_u64, "line"), count(0_u64, "line")), ("1 line".to_owned(), "0 lines".to_owned()));
    }
}
