//! One word of a command: what it says, and how sure that is.

/// A word after quotes were taken off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    /// As written, quotes included.
    pub(super) raw: String,
    /// Without quotes; expansions as written.
    pub(super) text: String,
    /// `text` with what is known of variables and `$(echo …)` filled in. For refusals and deny rules only: it may be wrong.
    pub(super) guess: String,
    /// Only a running shell knows the value.
    pub(super) dynamic: bool,
    /// An expansion stands outside quotes, so the value may be several words.
    pub(super) splits: bool,
    /// Holds an unquoted glob, brace or tilde, which a shell replaces.
    pub(super) pattern: bool,
    /// That pattern can change which program a command name means.
    pub(super) unsure: bool,
}

impl Word {
    /// A word that is exactly this text.
    pub(super) fn literal(text: &str) -> Self {
        Self { raw: quoted(text), text: text.to_owned(), guess: text.to_owned(), ..Self::default() }
    }

    /// A word that only the running command will know, such as what `xargs` reads.
    pub(super) fn unknown(shown: &str) -> Self {
        Self { raw: shown.to_owned(), text: shown.to_owned(), dynamic: true, splits: true, ..Self::default() }
    }

    /// The text, when it is certain.
    pub(super) fn certain(&self) -> Option<&str> {
        (!self.dynamic && !self.unsure).then_some(self.text.as_str())
    }

    /// The word as it stands in rules and questions: quoted only where it must be, expansions as written.
    pub(super) fn canonical(&self) -> String {
        if self.dynamic || self.pattern { self.raw.clone() } else { quoted(&self.text) }
    }

    /// The guess, as the words a shell would make of it.
    pub(super) fn guesses(&self) -> Vec<String> {
        let words: Vec<String> =
            if self.splits { self.guess.split_whitespace().map(str::to_owned).collect() } else { vec![self.guess.clone()] };
        if self.pattern { words.iter().flat_map(|word| braces(word)).collect() } else { words }
    }
}

/// Quotes a text with `'` unless every character of it is harmless.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,^".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Whether unquoted text has a brace list or range.
pub(super) fn has_braces(text: &str) -> bool {
    text.find('{').is_some_and(|open| {
        text[open..].find('}').is_some_and(|close| {
            let inner = &text[open..open + close];
            inner.contains(',') || inner.contains("..")
        })
    })
}

/// The members of a word's first brace list, each with what stands around it; bounded, and enough for refusals.
fn braces(word: &str) -> Vec<String> {
    let Some((before, rest)) = word.split_once('{') else { return vec![word.to_owned()] };
    let Some((inner, after)) = rest.split_once('}') else { return vec![word.to_owned()] };
    if !inner.contains(',') {
        return vec![word.to_owned()];
    }
    inner.split(',').take(64).map(|member| format!("{before}{member}{after}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_be_quoted_is() {
        for (text, expected) in [("a/b.c", "a/b.c"), ("a b", "'a b'"), ("", "''"), ("it's", "'it'\\''s'"), ("*", "'*'")] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_brace_list_is_all_its_members() {
        assert_eq!(braces("/{etc,usr}/x"), ["/etc/x", "/usr/x"]);
        assert!(has_braces("{rm,-rf}") && has_braces("a{1..3}") && !has_braces("{}") && !has_braces("a}b{"));
    }
}
