//! A publisher's words where a person decides by what they read.

use octi_domain::limits::PLUGIN_REVIEW_CHARS_MAX;

/// The text on one line, cut to what a review shows. What cannot be seen, moves a terminal's cursor, or looks like another letter is
/// written as its number.
pub(crate) fn harmless(text: &str) -> String {
    let shown = visible(text);
    if shown.chars().count() <= PLUGIN_REVIEW_CHARS_MAX {
        return shown;
    }
    shown.chars().take(PLUGIN_REVIEW_CHARS_MAX - 1).chain(['…']).collect()
}

/// The same of a text of many lines, all of it: what tells models what to do is read whole.
pub(crate) fn readable(text: &str) -> String {
    text.split('\n').map(|line| visible(line.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

fn visible(text: &str) -> String {
    let mut shown = String::new();
    let is_foreign_text = text.chars().any(|c| is_foreign(c) && !looks_latin(c));
    for word in text.split_inclusive(char::is_whitespace) {
        let is_disguised = is_disguised(word, is_foreign_text);
        for c in word.chars() {
            match c {
                ' ' => shown.push(' '),
                _ if c.is_whitespace() && !c.is_control() => shown.push(' '),
                _ if is_unseen(c) || (is_disguised && c.is_alphabetic() && !c.is_ascii()) => shown.extend(c.escape_unicode()),
                _ => shown.push(c),
            }
        }
    }
    shown
}

/// Controls, marks of direction, and characters without a shape or width.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
        // Marks that pile up on a letter and cover the line above.
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

/// Whether a word passes itself off as another one: letters of two alphabets, of which one is Latin, or letters that look Latin only in
/// a text that has no others.
fn is_disguised(word: &str, is_foreign_text: bool) -> bool {
    let is_latin = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{c0}'..='\u{24f}');
    let has_strangers = word.chars().any(is_foreign);
    has_strangers && (!is_foreign_text || word.chars().any(is_latin))
}

/// Letters of the alphabets that have some like Latin ones.
const fn is_foreign(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{58f}' | '\u{10a0}'..='\u{10ff}' | '\u{13a0}'..='\u{13ff}' | '\u{1f00}'..='\u{1fff}'
        | '\u{250}'..='\u{2af}' | '\u{2100}'..='\u{214f}' | '\u{2c80}'..='\u{2cff}' | '\u{a640}'..='\u{a69f}'
        | '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}

/// Letters of other alphabets that look like a Latin one in most fonts.
fn looks_latin(c: char) -> bool {
    const CYRILLIC: &str = "аАВеЕЅѕіІјЈКМНоОрРсСТуУхХҮүһԁԛԜԝӏӀєЄ";
    const GREEK: &str = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυχι";
    CYRILLIC.contains(c) || GREEK.contains(c) || matches!(c, '\u{ff21}'..='\u{ff5a}' | '\u{1d400}'..='\u{1d7ff}')
}

/// An error and everything behind it, as one line.
pub(crate) fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_of_every_language_stay() {
        for plain in ["read forecasts", "Wetterberichte für München lesen", "читает о погоде", "天気予報を読む", "diagnóstico"]
        {
            assert_eq!(harmless(plain), plain);
        }
    }

    #[test]
    fn what_deceives_is_written_as_its_number() {
        for (text, shown) in [
            ("send to \u{430}pi.example", "send to \\u{430}pi.example"),
            ("\u{440}\u{430}\u{443}\u{440}\u{430}", "\\u{440}\\u{430}\\u{443}\\u{440}\\u{430}"),
            ("read\u{200b}only", "read\\u{200b}only"),
            ("safe \u{202e}evil", "safe \\u{202e}evil"),
            ("one\ntwo", "one\\u{a}two"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{ff47}ithub", "\\u{ff47}ithub"),
            ("e\u{301}\u{301}\u{301}", "e\\u{301}\\u{301}\\u{301}"),
            ("a\u{2003}b", "a b"),
        ] {
            assert_eq!(harmless(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(harmless(&"x".repeat(PLUGIN_REVIEW_CHARS_MAX + 1)).chars().count(), PLUGIN_REVIEW_CHARS_MAX);
    }
}
