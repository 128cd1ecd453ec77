//! What an upgrade changes in the texts of a plugin, as a person decides by it.

use std::collections::{BTreeMap, BTreeSet};

use octi_domain::limits;
use octi_domain::text::clean;
use similar::TextDiff;

/// Lines around a change that are shown too.
const CONTEXT_LINES: usize = 3;

/// The difference between the texts of two versions in the unified format, by what each text is called; empty when they are the
/// same. Texts that came or went are shown whole. It is cleaned, and the part that is too long is counted.
#[must_use]
pub fn difference(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> String {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut told = String::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old == new {
            continue;
        }
        let text = |text: Option<&String>| text.map(|text| clean(text)).unwrap_or_default();
        let side = |text: Option<&String>, when: &str| match text {
            Some(_) => format!("{name} ({when})"),
            None => format!("no {name} ({when})"),
        };
        let (old_text, new_text) = (text(old), text(new));
        let diff = TextDiff::from_lines(&old_text, &new_text);
        let mut unified = diff.unified_diff();
        unified.context_radius(CONTEXT_LINES).header(&side(old, "before"), &side(new, "after"));
        let shown = unified.to_string();
        if shown.is_empty() {
            // Something was changed that a person cannot see, which is worth saying.
            told.push_str(&format!("{name}: only characters that cannot be seen differ\n"));
        } else {
            told.push_str(&shown);
        }
    }
    cut(told)
}

fn cut(mut told: String) -> String {
    if told.len() <= limits::TEXT_DIFFERENCE_BYTES_MAX {
        return told;
    }
    let end = told[..told.floor_char_boundary(limits::TEXT_DIFFERENCE_BYTES_MAX)].rfind('\n').map_or(0, |at| at + 1);
    let left = told[end..].lines().count();
    told.truncate(end);
    told.push_str(&format!("… {left} more lines differ\n"));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn what_changed_is_shown_line_by_line() {
        let before = texts(&[("prompt", "You help.\nYou are kind.\nAsk first.\n"), ("short prompt", "Help.\n")]);
        let after = texts(&[("prompt", "You help.\nYou are kind.\nNever ask.\n"), ("skill text", "Run `ls`.\n")]);
        insta::assert_snapshot!(difference(&before, &after), @r"
        --- prompt (before)
        +++ prompt (after)
        @@ -1,3 +1,3 @@
         You help.
         You are kind.
        -Ask first.
        +Never ask.
        --- short prompt (before)
        +++ no short prompt (after)
        @@ -1 +0,0 @@
        -Help.
        --- no skill text (before)
        +++ skill text (after)
        @@ -0,0 +1 @@
        +Run `ls`.
        ");
        assert_eq!(difference(&before, &before), "");
    }

    #[test]
    fn what_cannot_be_seen_is_told_and_commands_nothing() {
        let (before, after) = (texts(&[("prompt", "Ask.\n")]), texts(&[("prompt", "Ask.\u{200e}\u{e0041}\u{1b}[8m\n")]));
        let told = difference(&before, &after);
        assert!(!told.is_empty() && !told.contains('\u{1b}'), "{told:?}");
    }

    #[test]
    fn a_difference_that_is_too_long_is_cut_and_counted() {
        let long = "a line of some length\n".repeat(10_000);
        let told = difference(&texts(&[]), &texts(&[("prompt", &long)]));
        assert!(told.len() < limits::TEXT_DIFFERENCE_BYTES_MAX + 100, "{}", told.len());
        assert!(told.ends_with(" more lines differ\n"), "{}", &told[told.len() - 100..]);
    }
}
