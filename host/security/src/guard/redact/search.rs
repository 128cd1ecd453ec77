//! One pass over a text for all forms of all secrets, and one that tells that no other is needed.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::forms::{Form, bare};

/// Forms to search for, each with the number of the secret it belongs to.
///
/// The automaton holds the values in a shape of its own, which is not wiped when it is dropped; the forms it was made of
/// are.
pub(super) struct Search {
    automaton: Option<AhoCorasick>,
    of: Vec<usize>,
}

impl Search {
    /// A search that finds nothing.
    pub(super) const fn none() -> Self {
        Self { automaton: None, of: Vec::new() }
    }

    /// A search for these forms; `folded` finds them in upper and lower case.
    pub(super) fn new(forms: Vec<(Form, usize)>, folded: bool) -> Self {
        if forms.is_empty() {
            return Self::none();
        }
        // Without the search for rare letters first: it is fast on most texts and ten times slower on some, such as base64.
        let built = AhoCorasick::builder()
            .ascii_case_insensitive(folded)
            .prefilter(false)
            // The smallest that is not slow: few texts come through the screen.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(forms.iter().map(|(form, _)| form.as_bytes()));
        match built {
            Ok(automaton) => Self { automaton: Some(automaton), of: forms.iter().map(|(_, of)| *of).collect() },
            // It takes more than two thousand million characters; the limits on secrets leave room for a few million.
            Err(error) => {
                tracing::error!(%error, "the secrets cannot be searched for");
                Self::none()
            }
        }
    }

    /// Where the forms are, in order and without overlaps.
    pub(super) fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        // Overlapping: the end of one secret may be the beginning of another, and both must go. Ends come in order.
        for found in self.automaton.iter().flat_map(|automaton| automaton.find_overlapping_iter(text)) {
            let mut start = found.start();
            while let Some(last) = places.pop_if(|last| last.end > found.start()) {
                start = start.min(last.start);
            }
            places.push(start..found.end());
        }
        places
    }

    /// The number of the first secret found.
    pub(super) fn first(&self, text: &str) -> Option<usize> {
        let found = self.automaton.as_ref()?.find(text)?;
        self.of.get(found.pattern().as_usize()).copied()
    }
}

/// Tells of nearly every text, by its letters and digits, that no search finds anything in it.
///
/// What a form is found in holds the letters and digits of the form one after the other, whatever else either of them has.
pub(super) struct Screen(Option<AhoCorasick>);

impl Screen {
    /// A screen that lets every text through.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// A screen before searches for these forms.
    pub(super) fn new<'a>(forms: impl Iterator<Item = &'a Form>) -> Self {
        let forms: Vec<Form> = forms.map(|form| bare(form)).collect();
        // A form that has none may stand in any text.
        if forms.iter().any(|form| form.is_empty()) {
            return Self::none();
        }
        let built =
            AhoCorasick::builder().ascii_case_insensitive(true).prefilter(false).build(forms.iter().map(|form| form.as_bytes()));
        Self(built.ok())
    }

    /// Whether a text with these letters and digits has to be searched.
    pub(super) fn lets_through(&self, bare: &str) -> bool {
        self.0.as_ref().is_none_or(|automaton| automaton.is_match(bare))
    }
}

/// Places in order, those that overlap as one. Those that only touch stay two: what stands between their parts is no secret.
pub(super) fn merge(places: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match merged.last_mut().filter(|last| last.end > place.start) {
            Some(last) => last.end = last.end.max(place.end),
            None => merged.push(place),
        }
    }
    merged
}

/// Places among the letters and digits of a text as places in the text.
pub(super) fn spread(text: &str, within: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut places = Vec::with_capacity(within.len());
    let (mut at, mut start) = (0, 0);
    let mut wanted = within.iter().peekable();
    for (offset, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let Some(place) = wanted.peek() else { break };
        if at == place.start {
            start = offset;
        }
        at += c.len_utf8();
        if at == place.end {
            places.push(start..offset + c.len_utf8());
            wanted.next();
        }
    }
    places
}
