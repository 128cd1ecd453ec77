//! Splitting `<think>` blocks off an answer's text, while it streams in.
//!
//! Models served without a reasoning parser put their thoughts in front of the answer, between `<think>` and `</think>`.
//! Only blocks at the beginning are thoughts: an answer that talks about the tag later on stays text. However the text is
//! cut into pieces, the result is the same.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A piece of the answer, told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Reasoning(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing but white space and whole blocks so far.
    Front,
    Block,
    Body,
}

/// Splits one answer.
#[derive(Debug)]
pub struct Splitter {
    place: Place,
    /// What cannot be told yet; never longer than a tag, but for white space in front.
    held: String,
    after_block: bool,
}

impl Default for Splitter {
    fn default() -> Self {
        Self { place: Place::Front, held: String::new(), after_block: false }
    }
}

impl Splitter {
    /// Takes in the next piece of text and gives what is certain by now.
    #[must_use]
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        let mut pieces = Vec::new();
        while self.advance(&mut pieces) {}
        pieces
    }

    /// Gives what was held back, once no more text will come.
    #[must_use]
    pub fn finish(&mut self) -> Option<Piece> {
        let held = std::mem::take(&mut self.held);
        let piece = match self.place {
            Place::Block => Piece::Reasoning(held),
            Place::Front if self.after_block => Piece::Text(held.trim_start().to_owned()),
            Place::Front | Place::Body => Piece::Text(held),
        };
        match &piece {
            Piece::Text(text) | Piece::Reasoning(text) if text.is_empty() => None,
            _ => Some(piece),
        }
    }

    /// One step; true when another one may be possible.
    fn advance(&mut self, pieces: &mut Vec<Piece>) -> bool {
        match self.place {
            Place::Front => self.leave_front(),
            Place::Block => self.read_block(pieces),
            Place::Body => {
                if !self.held.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut self.held)));
                }
                false
            }
        }
    }

    fn leave_front(&mut self) -> bool {
        let trimmed = self.held.trim_start();
        if let Some(rest) = trimmed.strip_prefix(OPEN) {
            self.held = rest.to_owned();
            self.place = Place::Block;
            return true;
        }
        if OPEN.starts_with(trimmed) {
            return false;
        }
        if self.after_block {
            self.held = trimmed.to_owned();
        }
        self.place = Place::Body;
        true
    }

    fn read_block(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let closed = self.held.find(CLOSE);
        let end = closed.unwrap_or_else(|| self.held.len() - open_end(&self.held));
        if end > 0 {
            pieces.push(Piece::Reasoning(self.held[..end].to_owned()));
        }
        match closed {
            Some(at) => {
                self.held.drain(..at + CLOSE.len());
                self.place = Place::Front;
                self.after_block = true;
                true
            }
            None => {
                self.held.drain(..end);
                false
            }
        }
    }
}

/// How many bytes at the end of the text may be the beginning of the closing tag.
fn open_end(text: &str) -> usize {
    (1..CLOSE.len()).rev().find(|&length| text.ends_with(&CLOSE[..length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Splits the chunks and joins neighbours of the same kind.
    fn split<'a>(chunks: impl IntoIterator<Item = &'a str>) -> (String, String) {
        let mut splitter = Splitter::default();
        let mut pieces: Vec<Piece> = chunks.into_iter().flat_map(|chunk| splitter.push(chunk)).collect();
        pieces.extend(splitter.finish());
        let (mut text, mut reasoning) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Reasoning(piece) => reasoning.push_str(&piece),
            }
        }
        (text, reasoning)
    }

    #[test]
    fn thoughts_in_front_are_split_off() {
        assert_eq!(split(["<think>hm, 2</think>\n\n4"]), ("4".into(), "hm, 2".into()));
        assert_eq!(split(["\n<th", "ink>a</th", "ink><think>b</think>c"]), ("c".into(), "ab".into()));
    }

    #[test]
    fn a_tag_inside_the_answer_stays() {
        let text = "write <think>x</think> in front";
        assert_eq!(split([text]), (text.into(), String::new()));
    }

    #[test]
    fn a_block_that_never_ends_is_all_thought() {
        assert_eq!(split(["<think>and then </thi"]), (String::new(), "and then </thi".into()));
    }

    #[test]
    fn what_looks_like_a_tag_at_the_end_is_given_back() {
        assert_eq!(split(["<thi"]), ("<thi".into(), String::new()));
        assert_eq!(split(["  indented"]), ("  indented".into(), String::new()));
    }

    proptest! {
        #[test]
        fn where_the_text_is_cut_does_not_matter(
            parts in prop::collection::vec(prop_oneof!["<think>", "</think>", "<", "think>", "</", "[ a-zäß\n]{0,6}"], 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let whole = parts.concat();
            let ends: Vec<usize> = whole.char_indices().map(|(at, _)| at).chain([whole.len()]).collect();
            let mut places: Vec<usize> = cuts.iter().map(|cut| ends[cut.index(ends.len())]).collect();
            places.extend([0, whole.len()]);
            places.sort_unstable();
            let chunks: Vec<&str> = places.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(chunks), split([whole.as_str()]));
        }

        #[test]
        fn a_text_without_a_block_in_front_is_unchanged(text in "[a-z<>/ ]{0,40}") {
            prop_assume!(!text.trim_start().starts_with("<think>"));
            prop_assert_eq!(split([text.as_str()]), (text.clone(), String::new()));
        }
    }
}
