//! How alike two texts are, to say "did you mean".

use std::collections::HashMap;

use octi_sdk::fs::Dir;
use octi_sdk::{HostError, ToolError};

use crate::path;

/// Names of a directory looked at for a suggestion.
const NAMES_MAX: u32 = 500;
/// Below this, two names have nothing to do with each other.
const LIKENESS_MIN: f64 = 0.4;

/// From 0 to 1: the share of pairs of neighbouring characters, the ends included, that both have, without regard to case.
pub(crate) fn likeness(left: &str, right: &str) -> f64 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let (left, right) = (pairs(left), pairs(right));
    let total: usize = left.values().sum::<usize>() + right.values().sum::<usize>();
    let common: usize = left.iter().map(|(pair, count)| right.get(pair).copied().unwrap_or(0).min(*count)).sum();
    2.0 * common as f64 / total as f64
}

/// The pairs with how often each occurs; `None` stands for what is before the first and after the last character.
fn pairs(text: &str) -> HashMap<(Option<char>, Option<char>), usize> {
    let mut pairs = HashMap::new();
    let mut last = None;
    for character in text.chars().flat_map(char::to_lowercase).map(Some).chain([None]) {
        *pairs.entry((last, character)).or_insert(0) += 1;
        last = character;
    }
    pairs
}

/// The most alike of the candidates, if any is alike enough.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (likeness(name, candidate), candidate));
    scored.filter(|(score, _)| *score >= LIKENESS_MIN).max_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, name)| name)
}

/// Turns "not found" into an answer that names what is there instead.
pub(crate) fn explain(dir: &Dir, wanted: &str, error: HostError) -> ToolError {
    if !error.is_not_found() {
        return error.into();
    }
    let parent = path::parent_of(wanted);
    let Ok(entries) = dir.list(parent, None, NAMES_MAX) else {
        return ToolError::Failed(format!("`{wanted}` does not exist: there is no directory `{parent}`; see `list_directory`"));
    };
    let names: Vec<&str> = entries.iter().map(|entry| path::name_of(&entry.path)).collect();
    ToolError::Failed(match nearest(path::name_of(wanted), names.into_iter()) {
        Some(name) => format!("`{wanted}` does not exist; did you mean `{}`?", path::join(parent, name)),
        None => format!("`{wanted}` does not exist; `list_directory` or `search_files` show what does"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_most_alike_and_strangers_are_not() {
        assert!((likeness("notes.md", "Notes.md") - 1.0).abs() < f64::EPSILON);
        assert!(likeness("notes.md", "note.md") > 0.7);
        assert!(likeness("notes.md", "build.rs") < LIKENESS_MIN);
        assert!(likeness("", "").abs() < f64::EPSILON);
    }

    #[test]
    fn a_misspelt_name_finds_its_neighbour() {
        assert_eq!(nearest("reamde.md", ["Cargo.toml", "README.md", "src"].into_iter()), Some("README.md"));
        assert_eq!(nearest("dosc", ["a.txt", "docs"].into_iter()), Some("docs"));
        assert_eq!(nearest("zzz", ["Cargo.toml", "src"].into_iter()), None);
    }
}
