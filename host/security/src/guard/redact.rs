//! Blacks out known secrets, also when they were encoded or broken up on the way.
//!
//! A text is looked at as it stands, and as the letters and digits in it. The second look finds a value whatever was put
//! between its parts: line ends, quotes, concatenation signs, the colons of a hex dump, the borders of two fields. Where
//! there are escapes (`%2F`, `\u002f`), both looks are taken again at what they stand for.

mod escapes;
mod forms;
mod search;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use escapes::Unescaped;
use forms::{Forms, VALUE_BYTES_MIN};
use search::{Screen, Search, merge, spread};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED_SECRET]";

/// Between the texts of two fields: no letter and no digit, in no secret, and not left out as control characters are.
const BORDER: char = '\u{ffff}';

/// Finds the values it was made with and what common encodings make of them: base64 and base64url (also in the middle of
/// a longer encoded text), hexadecimal and decimal bytes, percent-encoding, JSON escapes, backwards, and in parts.
pub struct Redactor {
    screen: Screen,
    exact: Search,
    bare: Search,
    folded: Search,
    names: Vec<String>,
    /// Bytes of the shortest form. A text with fewer needs no search, and no look at a text is longer than the text.
    shortest: usize,
}

impl Redactor {
    /// A redactor for these secrets.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = (String, SecretString)>) -> Self {
        let mut names = Vec::new();
        let (mut exact, mut bare, mut folded, mut shortest) = (Vec::new(), Vec::new(), Vec::new(), usize::MAX);
        for (name, secret) in secrets {
            let value = secret.expose_secret().trim();
            if value.len() < VALUE_BYTES_MIN {
                tracing::warn!(%name, "a secret of fewer than {VALUE_BYTES_MIN} bytes cannot be kept out of tool results");
                continue;
            }
            let (forms, of) = (Forms::of(value), names.len());
            let all = forms.exact.iter().chain(&forms.bare).chain(&forms.folded);
            shortest = all.map(|form| form.len()).min().unwrap_or_default().min(shortest);
            exact.extend(forms.exact.into_iter().map(|form| (form, of)));
            bare.extend(forms.bare.into_iter().map(|form| (form, of)));
            folded.extend(forms.folded.into_iter().map(|form| (form, of)));
            names.push(name);
        }
        let screen = Screen::new(exact.iter().chain(&bare).chain(&folded).map(|(form, _)| form));
        let [exact, bare] = [exact, bare].map(|forms| Search::new(forms, false));
        Self { screen, exact, bare, folded: Search::new(folded, true), names, shortest }
    }

    /// A redactor that knows no secret.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            screen: Screen::none(),
            exact: Search::none(),
            bare: Search::none(),
            folded: Search::none(),
            names: Vec::new(),
            shortest: usize::MAX,
        }
    }

    /// The text with every known secret blacked out.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let places = self.places(text);
        if places.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(black_out(text, 0, &places)) }
    }

    /// The value with every known secret blacked out in its texts, numbers and field names, also one whose parts stand in
    /// fields next to each other.
    #[must_use]
    pub fn redact_value(&self, mut value: Value) -> Value {
        let (texts, names) = self.places_in(&value);
        if !texts.is_empty() || !names.is_empty() {
            let mut at = (0, 0);
            redact_parts(&mut value, &mut at, (&texts, &names));
        }
        value
    }

    /// The name of a secret that the value holds in some form.
    #[must_use]
    pub fn find(&self, value: &Value) -> Option<&str> {
        if self.names.is_empty() {
            return None;
        }
        let mut parts = Parts::default();
        parts.add(value);
        [&parts.texts, &parts.names].into_iter().find_map(|text| self.first(text))
    }

    fn first(&self, text: &str) -> Option<&str> {
        if text.len() < self.shortest {
            return None;
        }
        let of = self.first_as_it_stands(text).or_else(|| self.first_as_it_stands(&Unescaped::of(text)?.text))?;
        self.names.get(of).map(String::as_str)
    }

    fn first_as_it_stands(&self, text: &str) -> Option<usize> {
        let bare = forms::bare(text);
        if !self.screen.lets_through(&bare) {
            return None;
        }
        self.exact.first(text).or_else(|| self.bare.first(&bare)).or_else(|| self.folded.first(&bare))
    }

    /// Where secrets are, in order and without overlaps.
    fn places(&self, text: &str) -> Vec<Range<usize>> {
        if text.len() < self.shortest {
            return Vec::new();
        }
        let found = self.places_as_it_stands(text);
        let Some(unescaped) = Unescaped::of(text) else { return found };
        let behind = self.places_as_it_stands(&unescaped.text);
        merge(found.into_iter().chain(behind.into_iter().map(|place| unescaped.place(&place))))
    }

    fn places_as_it_stands(&self, text: &str) -> Vec<Range<usize>> {
        let bare = forms::bare(text);
        if !self.screen.lets_through(&bare) {
            return Vec::new();
        }
        let within = merge(self.bare.places(&bare).into_iter().chain(self.folded.places(&bare)));
        merge(self.exact.places(text).into_iter().chain(spread(text, &within)))
    }

    /// Where secrets are in the texts of a value, and in its field names, each taken as one long text.
    fn places_in(&self, value: &Value) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        if self.names.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let mut parts = Parts::default();
        parts.add(value);
        (self.places(&parts.texts), self.places(&parts.names))
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("names", &self.names).finish_non_exhaustive()
    }
}

/// The texts and the field names of a value, each as one text with a [`BORDER`] after every part.
#[derive(Default)]
struct Parts {
    texts: String,
    names: String,
}

impl Parts {
    fn add(&mut self, value: &Value) {
        match value {
            Value::String(text) => add_part(&mut self.texts, text),
            Value::Number(number) => add_part(&mut self.texts, &number.to_string()),
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    add_part(&mut self.names, name);
                    self.add(field);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

fn add_part(all: &mut String, part: &str) {
    all.push_str(part);
    all.push(BORDER);
}

/// Blacks the places out of a value's texts and names; `at` is how much of each was seen. The order is that of [`Parts`].
fn redact_parts(value: &mut Value, at: &mut (usize, usize), places: (&[Range<usize>], &[Range<usize>])) {
    match value {
        Value::String(text) => {
            if let Some(shown) = part(text, &mut at.0, places.0) {
                *text = shown;
            }
        }
        Value::Number(number) => {
            if let Some(shown) = part(&number.to_string(), &mut at.0, places.0) {
                *value = Value::String(shown);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_parts(item, at, places)),
        Value::Object(fields) => {
            *fields = std::mem::take(fields)
                .into_iter()
                .map(|(name, mut field)| {
                    let shown = part(&name, &mut at.1, places.1).unwrap_or(name);
                    redact_parts(&mut field, at, places);
                    (shown, field)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// One part with its places blacked out; none when it has none.
fn part(text: &str, at: &mut usize, places: &[Range<usize>]) -> Option<String> {
    let (start, end) = (*at, *at + text.len());
    *at = end + BORDER.len_utf8();
    let first = places.partition_point(|place| place.end <= start);
    let mine = &places[first..places.partition_point(|place| place.start < end)];
    (!mine.is_empty()).then(|| black_out(text, start, mine))
}

/// A text that stands at `start` of what the places are places in.
fn black_out(text: &str, start: usize, places: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        shown.push_str(&text[at..place.start.saturating_sub(start)]);
        shown.push_str(REDACTED);
        at = (place.end - start).min(text.len());
    }
    shown.push_str(&text[at..]);
    shown
}
