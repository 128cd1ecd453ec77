//! How a secret is named, and how a text says "here goes a secret" without holding it.

use std::ops::Range;

/// What a name is made of, for errors.
pub const NAME_RULE: &str = "1 to 64 letters, digits, `_`, `-` and `.`";

/// Characters of a name.
const NAME_CHARS_MAX: usize = 64;
const OPEN: &str = "{{secret:";
const CLOSE: &str = "}}";

/// Whether a secret may have this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// What stands for the secret of that name: `{{secret:NAME}}`. Models and guests see this and never the value.
#[must_use]
pub fn placeholder(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// The placeholders of a text: where each stands, and the name in it. What only resembles one is ordinary text.
pub fn placeholders(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.match_indices(OPEN).filter_map(move |(start, _)| {
        let rest = &text[start + OPEN.len()..];
        let name = &rest[..rest.find(CLOSE)?];
        is_name(name).then(|| (start..start + OPEN.len() + name.len() + CLOSE.len(), name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        placeholders(text).map(|(_, name)| name).collect()
    }

    #[test]
    fn a_placeholder_is_found_where_it_stands() {
        let text = format!("Bearer {} and {}", placeholder("weather_key"), placeholder("a.b-C9"));
        let found: Vec<_> = placeholders(&text).collect();
        assert_eq!(found.iter().map(|(_, name)| *name).collect::<Vec<_>>(), ["weather_key", "a.b-C9"]);
        for (range, name) in found {
            assert_eq!(text[range], placeholder(name));
        }
    }

    #[test]
    fn what_only_resembles_a_placeholder_is_text() {
        for text in [
            "",
            "{{secret:}}",
            "{{secret:two words}}",
            "{{secret:open",
            "{{Secret:a}}",
            "{{ secret:a }}",
            "{secret:a}",
            "{{secret:a}",
            "{{secret:naïve}}",
        ] {
            assert_eq!(names(text), Vec::<&str>::new(), "{text}");
        }
        assert_eq!(names("{{secret:{{secret:inner}}}}"), ["inner"]);
        assert_eq!(names(&placeholder(&"a".repeat(64))).len(), 1);
        assert_eq!(names(&placeholder(&"a".repeat(65))).len(), 0);
    }
}
