//! How a text is cut into words: the same for both databases, and for what is looked for.

use std::collections::HashSet;

use octi_domain::limits;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a word; what follows is not looked at.
const WORD_CHARS_MAX: usize = 64;

/// The different words of a text in the order they come, in small letters and without accents.
pub(super) fn of(text: &str) -> Vec<String> {
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    for (_, word) in spans(text) {
        if found.len() == limits::SEARCH_INDEXED_WORDS_MAX {
            break;
        }
        if seen.insert(word.clone()) {
            found.push(word);
        }
    }
    found
}

/// Every word with where it stands in the text.
pub(super) fn spans(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, String)> + '_ {
    let mut rest = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = rest.find(|(_, c)| c.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        while !stands_alone(first)
            && let Some(&(at, c)) = rest.peek()
            && (c.is_alphanumeric() || is_combining_mark(c))
            && !stands_alone(c)
        {
            end = at + c.len_utf8();
            rest.next();
        }
        Some((start..end, plain(&text[start..end])))
    })
    .filter(|(_, word)| !word.is_empty())
}

/// Scripts without spaces between words: each of their signs is found by itself.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn plain(word: &str) -> String {
    let letters = word.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).take(WORD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_signs_make_no_difference() {
        assert_eq!(of("Café, CAFÉ cafe\u{301}! src/main.rs"), ["cafe", "src", "main", "rs"]);
        assert_eq!(of("snake_case 'quoted':* \"x\" & | ()"), ["snake", "case", "quoted", "x"]);
        assert_eq!(of("東京 Tower"), ["東", "京", "tower"]);
        assert!(of("… — !?").is_empty());
    }

    #[test]
    fn the_number_and_the_length_of_words_are_bounded() {
        let many: String = (0..limits::SEARCH_INDEXED_WORDS_MAX + 10).map(|n| format!("w{n} ")).collect();
        assert_eq!(of(&many).len(), limits::SEARCH_INDEXED_WORDS_MAX);
        assert_eq!(of(&"x".repeat(10_000))[0].len(), WORD_CHARS_MAX);
    }

    #[test]
    fn a_word_knows_where_it_stands() {
        let text = "Ünder the Sea";
        let all: Vec<_> = spans(text).map(|(span, word)| (&text[span], word)).collect();
        assert_eq!(all, [("Ünder", "under".to_owned()), ("the", "the".to_owned()), ("Sea", "sea".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_words_of_letters_and_digits_only(text in ".{0,200}") {
            for (span, word) in spans(&text) {
                assert!(text.get(span).is_some() && word.chars().all(char::is_alphanumeric), "{word:?}");
            }
        }
    }
}
