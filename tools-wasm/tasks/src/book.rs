//! The to-do list itself, without where it is kept.

use octi_sdk::clock::Timestamp;
use octi_sdk::serde::{Deserialize, Serialize};
use octi_sdk::{ToolError, data};

/// To-dos in one list.
pub(crate) const TASKS_MAX: usize = 500;
/// Characters of a title.
pub(crate) const TITLE_CHARS_MAX: usize = 200;
/// Characters of notes.
pub(crate) const NOTES_CHARS_MAX: usize = 2_000;

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Done,
}

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) id: u32,
    pub(crate) title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notes: Option<String>,
    /// A day, `2026-12-24`, or a day and a time, `2026-12-24T18:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<String>,
    pub(crate) status: Status,
    /// When it was added, UTC.
    pub(crate) created: String,
    /// When it was done, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) completed: Option<String>,
}

/// What may be changed of a task; none leaves it, an empty text takes it away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) title: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) due: Option<String>,
    pub(crate) status: Option<Status>,
}

/// All tasks of a person, as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "octi_sdk::serde")]
pub(crate) struct Book {
    next_id: u32,
    tasks: Vec<Task>,
}

impl Default for Book {
    fn default() -> Self {
        Self { next_id: 1, tasks: Vec::new() }
    }
}

impl Book {
    /// Adds a task with texts that were checked.
    pub(crate) fn add(&mut self, change: &Change, now: Timestamp) -> Result<Task, ToolError> {
        if self.tasks.len() >= TASKS_MAX {
            return Err(ToolError::Failed(format!("the list is full with {TASKS_MAX} to-dos; delete those that are done")));
        }
        let mut task = Task {
            id: self.next_id,
            title: String::new(),
            notes: None,
            due: None,
            status: Status::Open,
            created: now.to_string(),
            completed: None,
        };
        task.apply(change, now);
        // Numbers are never used twice, so that "number 3" stays the same task in a conversation.
        self.next_id += 1;
        self.tasks.push(task.clone());
        Ok(task)
    }

    /// Changes a task.
    pub(crate) fn change(&mut self, id: u32, change: &Change, now: Timestamp) -> Result<Task, ToolError> {
        let place = self.place(id)?;
        let task = &mut self.tasks[place];
        task.apply(change, now);
        Ok(task.clone())
    }

    /// Takes a task out.
    pub(crate) fn delete(&mut self, id: u32) -> Result<Task, ToolError> {
        let place = self.place(id)?;
        Ok(self.tasks.remove(place))
    }

    /// The tasks with that status, or all: those due first, then by number.
    pub(crate) fn list(&self, status: Option<Status>) -> Vec<Task> {
        let mut tasks: Vec<Task> =
            self.tasks.iter().filter(|task| status.is_none_or(|status| task.status == status)).cloned().collect();
        tasks.sort_by(|left, right| (left.due.is_none(), &left.due, left.id).cmp(&(right.due.is_none(), &right.due, right.id)));
        tasks
    }

    /// How many tasks have that status.
    pub(crate) fn count(&self, status: Status) -> usize {
        self.tasks.iter().filter(|task| task.status == status).count()
    }

    fn place(&self, id: u32) -> Result<usize, ToolError> {
        const SHOWN_MAX: usize = 20;
        self.tasks.iter().position(|task| task.id == id).ok_or_else(|| {
            let open: Vec<String> =
                self.list(Some(Status::Open)).iter().take(SHOWN_MAX).map(|task| task.id.to_string()).collect();
            let known = if open.is_empty() { "none is open".to_owned() } else { format!("open are {}", open.join(", ")) };
            ToolError::Failed(format!("there is no to-do {id}; {known}"))
        })
    }
}

impl Task {
    fn apply(&mut self, change: &Change, now: Timestamp) {
        let kept = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        if let Some(title) = &change.title {
            self.title.clone_from(title);
        }
        if let Some(notes) = &change.notes {
            self.notes = kept(notes);
        }
        if let Some(due) = &change.due {
            self.due = kept(due);
        }
        match change.status {
            Some(Status::Done) if self.status == Status::Open => self.completed = Some(now.to_string()),
            Some(Status::Open) => self.completed = None,
            _ => {}
        }
        self.status = change.status.unwrap_or(self.status);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_763_888_400_000);
    const LATER: Timestamp = Timestamp(1_763_888_460_000);

    fn titled(title: &str) -> Change {
        Change { title: Some(title.to_owned()), ..Change::default() }
    }

    fn book(tasks: &[(&str, Option<&str>)]) -> Book {
        let mut book = Book::default();
        for (title, due) in tasks {
            let change = Change { due: due.map(str::to_owned), ..titled(title) };
            book.add(&change, NOW).unwrap();
        }
        book
    }

    fn ids(tasks: &[Task]) -> Vec<u32> {
        tasks.iter().map(|task| task.id).collect()
    }

    #[test]
    fn numbers_are_never_used_twice() {
        let mut book = book(&[("a", None), ("b", None)]);
        book.delete(2).unwrap();
        assert_eq!(book.add(&titled("c"), NOW).map(|task| task.id), Ok(3));
    }

    #[test]
    fn what_is_due_first_stands_first() {
        let book = book(&[("a", None), ("b", Some("2026-12-02")), ("c", Some("2026-12-01T10:00")), ("d", Some("2026-12-01"))]);
        assert_eq!(ids(&book.list(None)), [4, 3, 2, 1]);
    }

    #[test]
    fn a_done_task_remembers_when_and_forgets_when_opened_again() {
        let mut book = book(&[("a", None)]);
        let done = Change { status: Some(Status::Done), ..Change::default() };
        assert_eq!(book.change(1, &done, NOW).unwrap().completed.as_deref(), Some("2025-11-23T09:00:00Z"));
        assert_eq!(book.change(1, &done, LATER).unwrap().completed.as_deref(), Some("2025-11-23T09:00:00Z"));
        assert_eq!((book.count(Status::Open), book.count(Status::Done)), (0, 1));
        let open = Change { status: Some(Status::Open), ..Change::default() };
        assert_eq!(book.change(1, &open, LATER).unwrap().completed, None);
    }

    #[test]
    fn empty_texts_take_away_and_missing_ones_leave() {
        let mut book = book(&[("a", Some("2026-12-01"))]);
        let change = Change { notes: Some("n".to_owned()), ..Change::default() };
        let task = book.change(1, &change, NOW).unwrap();
        assert_eq!((task.notes.as_deref(), task.due.as_deref(), task.title.as_str()), (Some("n"), Some("2026-12-01"), "a"));
        let change = Change { notes: Some(String::new()), due: Some(String::new()), ..Change::default() };
        let task = book.change(1, &change, NOW).unwrap();
        assert_eq!((task.notes, task.due), (None, None));
    }

    #[test]
    fn an_unknown_number_is_answered_with_the_known_ones() {
        let mut book = book(&[("a", None), ("b", None)]);
        assert_eq!(book.delete(9), Err(ToolError::Failed("there is no to-do 9; open are 1, 2".to_owned())));
        assert_eq!(Book::default().delete(1), Err(ToolError::Failed("there is no to-do 1; none is open".to_owned())));
    }

    #[test]
    fn the_list_has_an_end() {
        let mut book = Book::default();
        for _ in 0..TASKS_MAX {
            book.add(&titled("a"), NOW).unwrap();
        }
        assert!(matches!(book.add(&titled("b"), NOW), Err(ToolError::Failed(text)) if text.contains("full with 500")));
    }
}
