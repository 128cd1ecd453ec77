//! What lies over the conversation for a moment: lists to choose from, the keys, a password.

use uuid::Uuid;

use crate::keys::Action;

/// Characters of a filter or a password.
pub(crate) const FIELD_CHARS_MAX: usize = 200;

#[derive(Debug)]
pub(crate) enum Overlay {
    Picker(Picker),
    /// The keys, from this line on.
    Shortcuts {
        scroll: usize,
    },
    SignIn(SignIn),
    /// The form of the question with this id.
    Form(Uuid),
}

/// A list with a filter.
#[derive(Debug)]
pub(crate) struct Picker {
    pub(crate) title: &'static str,
    pub(crate) filter: String,
    entries: Vec<Entry>,
    at: usize,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// What it is or does, beside it.
    pub(crate) hint: String,
    pub(crate) choice: Choice,
}

/// What choosing a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    Act(Action),
    /// Runs a command without arguments.
    Run(String),
    /// Writes the beginning of a command, whose arguments are missing.
    Write(String),
    Session(Uuid),
    /// By its word.
    Workspace(String),
}

/// A password being typed.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub(crate) username: String,
    pub(crate) password: secrecy::SecretString,
    /// The server is being asked.
    pub(crate) busy: bool,
    pub(crate) problem: Option<String>,
}

impl Picker {
    pub(crate) fn new(title: &'static str, entries: Vec<Entry>) -> Self {
        Self { title, filter: String::new(), entries, at: 0 }
    }

    /// The lines that the filter leaves: those that begin with it, then those that contain it.
    pub(crate) fn found(&self) -> Vec<&Entry> {
        let wanted = self.filter.to_lowercase();
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let text = |entry: &Entry| format!("{} {}", entry.name, entry.hint).to_lowercase();
        let has = |entry: &&Entry| words.iter().all(|word| text(entry).contains(word));
        let mut found: Vec<&Entry> = self.entries.iter().filter(has).collect();
        found.sort_by_key(|entry| !entry.name.trim_start_matches('/').to_lowercase().starts_with(wanted.trim()));
        found
    }

    /// Which of them is chosen.
    pub(crate) fn at(&self) -> usize {
        self.at.min(self.found().len().saturating_sub(1))
    }

    pub(crate) fn chosen(&self) -> Option<Choice> {
        self.found().get(self.at()).map(|entry| entry.choice.clone())
    }

    /// Moves the choice; the end of the list is its beginning.
    pub(crate) fn step(&mut self, by: isize) {
        let count = isize::try_from(self.found().len()).unwrap_or(1).max(1);
        let at = isize::try_from(self.at()).unwrap_or(0);
        self.at = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
    }

    pub(crate) fn write(&mut self, c: char) {
        if self.filter.chars().count() < FIELD_CHARS_MAX {
            self.filter.push(c);
            self.at = 0;
        }
    }

    pub(crate) fn erase(&mut self) {
        self.filter.pop();
        self.at = 0;
    }

    /// Takes other lines, and keeps the filter.
    pub(crate) fn fill(&mut self, entries: Vec<Entry>) {
        self.entries = entries;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker() -> Picker {
        let entry = |name: &str| Entry { name: name.to_owned(), hint: String::new(), choice: Choice::Run(name.to_owned()) };
        Picker::new("commands", ["/version", "/clear", "/cost", "/diff"].map(entry).to_vec())
    }

    #[test]
    fn a_filter_prefers_what_begins_with_it() {
        let mut picker = picker();
        picker.write('c');
        picker.write('O');
        let names: Vec<&str> = picker.found().iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["/cost"]);
        picker.erase();
        assert_eq!(picker.found()[0].name, "/clear");
    }

    #[test]
    fn the_choice_goes_round() {
        let mut picker = picker();
        picker.step(-1);
        assert_eq!(picker.chosen(), Some(Choice::Run("/diff".to_owned())));
        picker.step(1);
        assert_eq!(picker.chosen(), Some(Choice::Run("/version".to_owned())));
        picker.write('#');
        assert_eq!(picker.chosen(), None);
    }
}
