//! Text of strangers, made safe to show: without what a terminal obeys and a person cannot see.

use std::iter::Peekable;
use std::str::CharIndices;

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// The text without terminal escape sequences (ECMA-48), control characters, direction overrides and hidden tag
/// characters. Line breaks become `\n`; tabs stay.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    while let Some((_, c)) = chars.next() {
        if skip(c, &mut chars) {
            continue;
        }
        match c {
            // A lone carriage return overwrites the line on a terminal; here it starts a new one.
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
            '\r' => out.push('\n'),
            c => out.push(c),
        }
    }
    out
}

/// Bytes at the beginning of the text that [`clean`] leaves out as one: a sequence, a control or a hidden character.
#[must_use]
pub fn left_out(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    let (_, c) = chars.next()?;
    skip(c, &mut chars).then(|| chars.peek().map_or(text.len(), |(at, _)| *at))
}

/// Whether the character is left out; what belongs to it is skipped then.
fn skip(c: char, chars: &mut Peekable<CharIndices<'_>>) -> bool {
    match c {
        ESCAPE => skip_sequence(chars),
        '\u{9b}' => skip_control(chars),
        '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(chars),
        '\n' | '\t' | '\r' => return false,
        c => return c.is_control() || is_hidden(c),
    }
    true
}

/// Characters that reorder what is shown, or that are there but never shown.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// What follows an escape character.
fn skip_sequence(chars: &mut Peekable<CharIndices<'_>>) {
    match chars.peek().map(|(_, c)| *c) {
        Some('[') => {
            chars.next();
            skip_control(chars);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            chars.next();
            skip_string(chars);
        }
        Some(' '..='/') => {
            while chars.next_if(|(_, c)| (' '..='/').contains(c)).is_some() {}
            chars.next_if(|(_, c)| ('0'..='~').contains(c));
        }
        Some('0'..='~') => {
            chars.next();
        }
        _ => {}
    }
}

/// Parameters, intermediates and the final character of a control sequence.
fn skip_control(chars: &mut Peekable<CharIndices<'_>>) {
    while chars.next_if(|(_, c)| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|(_, c)| ('@'..='~').contains(c));
}

/// A string such as a window title, up to its terminator. It ends with the line at the latest, so that a broken one does
/// not swallow the rest.
fn skip_string(chars: &mut Peekable<CharIndices<'_>>) {
    while let Some((_, c)) = chars.next_if(|(_, c)| *c != '\n' && *c != '\r') {
        match c {
            BELL | '\u{9c}' => return,
            ESCAPE => {
                chars.next_if(|(_, c)| *c == '\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_readable_text_is_left() {
        for (text, expected) in [
            ("plain ünïcode 🦑\n\ttab", "plain ünïcode 🦑\n\ttab"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[1;1Hx", "x"),
            ("\u{9b}31mred", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}]0;never ended\nnext", "\nnext"),
            ("\u{1b}(Bx\u{1b}=y\u{1b}7z", "xyz"),
            ("a\r\nb\rc", "a\nb\nc"),
            ("a\u{0}b\u{8}c\u{7f}d\u{85}e", "abcde"),
            ("user\u{202e}gpj.exe", "usergpj.exe"),
            ("hi\u{e0068}\u{e0069}", "hi"),
            ("end\u{1b}", "end"),
            ("end\u{1b}[", "end"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_a_terminal_obeys_survives(text in "[\u{0}-\u{a0}\u{202a}-\u{202e}a-z\\[\\]0-9;]{0,80}") {
            let cleaned = clean(&text);
            prop_assert!(!cleaned.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || is_hidden(c)));
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
        }
    }
}
