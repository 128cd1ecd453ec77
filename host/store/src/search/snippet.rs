//! The piece of a message that shows why it was found.

use super::words;

/// Bytes shown before the first word that was found.
const BEFORE: usize = 60;
/// Bytes shown in all.
const ALL: usize = 240;

/// A piece of a snippet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// It is one of the words that were looked for.
    pub is_hit: bool,
}

/// The text around the first hit, on one line, with the hits marked.
pub(super) fn around(text: &str, wanted: &[String]) -> Vec<Piece> {
    let hits = || words::spans(text).filter(|(_, word)| wanted.iter().any(|wanted| word.starts_with(wanted.as_str())));
    let first = hits().next().map_or(0, |(span, _)| span.start);
    let start = text.ceil_char_boundary(first.saturating_sub(BEFORE));
    // A word is not begun in its middle.
    let space = text[start..first].char_indices().find(|(_, c)| c.is_whitespace());
    let start = space.filter(|_| start > 0).map_or(start, |(at, space)| start + at + space.len_utf8());
    let end = text.floor_char_boundary(start + ALL);
    let mut pieces = Pieces(Vec::new());
    if start > 0 {
        pieces.push("…", false);
    }
    let mut at = start;
    for (span, _) in hits().skip_while(|(span, _)| span.start < start).take_while(|(span, _)| span.end <= end) {
        pieces.push(&text[at..span.start], false);
        pieces.push(&text[span.clone()], true);
        at = span.end;
    }
    pieces.push(&text[at..end], false);
    if end < text.len() {
        pieces.push("…", false);
    }
    pieces.0
}

struct Pieces(Vec<Piece>);

impl Pieces {
    fn push(&mut self, text: &str, is_hit: bool) {
        if text.is_empty() {
            return;
        }
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
            if c != ' ' || !line.ends_with(' ') {
                line.push(c);
            }
        }
        match self.0.last_mut() {
            Some(last) if last.is_hit == is_hit => last.text.push_str(&line),
            _ => self.0.push(Piece { text: line, is_hit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, wanted: &[&str]) -> String {
        let wanted: Vec<_> = wanted.iter().map(|&word| word.to_owned()).collect();
        let pieces = around(text, &wanted);
        pieces.iter().map(|piece| if piece.is_hit { format!("[{}]", piece.text) } else { piece.text.clone() }).collect()
    }

    #[test]
    fn every_hit_that_is_shown_is_marked() {
        assert_eq!(shown("The Café is\n\n open; cafés close", &["cafe"]), "The [Café] is open; [cafés] close");
        assert_eq!(shown("nothing here", &["x"]), "nothing here");
    }

    #[test]
    fn a_long_text_is_shown_around_its_first_hit() {
        let text = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = shown(&text, &["needle"]);
        assert!(shown.starts_with("…hay ") && shown.contains(" [needle] straw") && shown.ends_with('…'), "{shown}");
        assert!(shown.len() < ALL + 20, "{}", shown.len());
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_cut_inside_a_character(text in ".{0,400}", word in "[a-zé]{1,3}") {
            around(&text, &[word]);
        }
    }
}
