//! Ends an answer before the first of the texts that the client named. Done here and not by providers: some of them have no
//! such option, and some refuse the whole request for it.

/// The texts, and what may be the beginning of one of them.
#[derive(Debug, Default)]
pub(super) struct Stops {
    texts: Vec<String>,
    held: String,
}

impl Stops {
    pub(super) const fn new(texts: Vec<String>) -> Self {
        Self { texts, held: String::new() }
    }

    /// What of the answer can be shown after `more` came in, and whether it ends there.
    pub(super) fn push(&mut self, more: &str) -> (String, bool) {
        self.held.push_str(more);
        if let Some(end) = self.texts.iter().filter_map(|text| self.held.find(text.as_str())).min() {
            self.held.truncate(end);
            return (std::mem::take(&mut self.held), true);
        }
        let begins = |place: &usize| self.texts.iter().any(|text| text.starts_with(&self.held[*place..]));
        let longest = self.texts.iter().map(String::len).max().unwrap_or_default();
        let from = self.held.len().saturating_sub(longest);
        let places = self.held.char_indices().map(|(place, _)| place).filter(|place| *place >= from);
        let keep = places.into_iter().find(begins).unwrap_or(self.held.len());
        let rest = self.held.split_off(keep);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back, now that nothing more can come.
    pub(super) fn flush(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(texts: &[&str], pieces: &[&str]) -> (String, bool) {
        let mut stops = Stops::new(texts.iter().map(|text| (*text).to_owned()).collect());
        let mut shown = String::new();
        for piece in pieces {
            let (text, ended) = stops.push(piece);
            shown.push_str(&text);
            if ended {
                return (shown, true);
            }
        }
        shown.push_str(&stops.flush());
        (shown, false)
    }

    #[test]
    fn an_answer_ends_before_the_first_of_its_stops_however_it_is_cut() {
        assert_eq!(run(&["END", "\n\n"], &["one EN", "D two"]), ("one ".to_owned(), true));
        assert_eq!(run(&["END", "\n\n"], &["a\n", "\nb END"]), ("a".to_owned(), true));
        assert_eq!(run(&["END"], &["E", "N", "D"]), (String::new(), true));
        assert_eq!(run(&["aab"], &["aa", "ab"]), ("a".to_owned(), true));
        assert_eq!(run(&["é!"], &["caf", "é", "!"]), ("caf".to_owned(), true));
    }

    #[test]
    fn what_only_looked_like_a_stop_is_shown() {
        assert_eq!(run(&["END"], &["EN", "TER the E"]), ("ENTER the E".to_owned(), false));
        assert_eq!(run(&[], &["any", "thing"]), ("anything".to_owned(), false));
        assert_eq!(Stops::new(vec!["END".to_owned()]).push("free text"), ("free text".to_owned(), false));
    }
}
