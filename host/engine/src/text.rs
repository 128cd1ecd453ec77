//! Text of guests, made safe to show: bounded, and without characters that command a terminal.

/// At most `bytes_max` bytes of the text, without control characters other than line breaks and tabs.
pub(crate) fn clean(text: &str, bytes_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(bytes_max));
    for character in text.chars() {
        let shown = if character.is_control() && character != '\n' && character != '\t' { '\u{fffd}' } else { character };
        if out.len() + shown.len_utf8() + '…'.len_utf8() > bytes_max {
            out.push('…');
            break;
        }
        out.push(shown);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_lose_their_meaning() {
        assert_eq!(clean("a\u{1b}[31mred\tb\n", 100), "a\u{fffd}[31mred\tb\n");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let cut = clean(&"ä".repeat(100), 20);
        assert!(cut.len() <= 20 && cut.ends_with('…'), "{cut}");
    }
}
