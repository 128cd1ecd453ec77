//! What a model can do with the list.

use octi_sdk::{Output, ToolError, clock, data, tool};

use crate::book::{Change, NOTES_CHARS_MAX, Status, TITLE_CHARS_MAX, Task};
use crate::date;
use crate::shelf::{self, Host, Shelf as _};

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Open,
    Done,
    All,
}

#[data]
struct Tasks {
    /// Those due first stand first.
    tasks: Vec<Task>,
    /// How many there are of each, shown or not.
    open: usize,
    done: usize,
}

#[data]
struct Update {
    /// The number of the to-do, as `list` shows it.
    id: u32,
    /// A new title.
    #[serde(default)]
    title: Option<String>,
    /// New notes; empty to remove them.
    #[serde(default)]
    notes: Option<String>,
    /// A new due date such as `2026-12-24` or `2026-12-24T18:00`; empty to remove it.
    #[serde(default)]
    due: Option<String>,
    /// Opens it again, or marks it done.
    #[serde(default)]
    status: Option<Status>,
}

/// Adds a to-do to the person's list and returns it with its number.
#[tool]
fn add(
    /// What is to be done, in a few words, at most 200 characters.
    title: String,
    /// Anything more to remember about it, at most 2000 characters.
    notes: Option<String>,
    /// The day it is due, such as `2026-12-24`, or with a time `2026-12-24T18:00`.
    due: Option<String>,
) -> Result<Output<Task>, ToolError> {
    let change = checked(Change { title: Some(title), notes, due, status: None })?;
    let task = shelf::change(&mut Host, |book| book.add(&change, clock::now()))?;
    Ok(told("added", task))
}

/// Lists the person's to-dos with their numbers, those due first.
#[tool]
fn list(
    /// Which ones: `open`, `done` or `all`. Default: `open`.
    status: Option<Which>,
) -> Result<Output<Tasks>, ToolError> {
    let book = Host.load()?.value;
    let status = match status.unwrap_or(Which::Open) {
        Which::Open => Some(Status::Open),
        Which::Done => Some(Status::Done),
        Which::All => None,
    };
    let (open, done) = (book.count(Status::Open), book.count(Status::Done));
    let summary = format!("{open} open, {done} done");
    Ok(Output::new(Tasks { tasks: book.list(status), open, done }).summary(summary))
}

/// Changes a to-do: its title, notes, due date or status. What is left out stays as it is.
#[tool]
fn update(args: Update) -> Result<Output<Task>, ToolError> {
    let Update { id, title, notes, due, status } = args;
    if title.is_none() && notes.is_none() && due.is_none() && status.is_none() {
        return Err(ToolError::BadInput("nothing to change; pass `title`, `notes`, `due` or `status`".to_owned()));
    }
    let change = checked(Change { title, notes, due, status })?;
    let task = shelf::change(&mut Host, |book| book.change(id, &change, clock::now()))?;
    Ok(told("changed", task))
}

/// Marks a to-do as done.
#[tool]
fn complete(
    /// The number of the to-do, as `list` shows it.
    id: u32,
) -> Result<Output<Task>, ToolError> {
    let change = Change { status: Some(Status::Done), ..Change::default() };
    let task = shelf::change(&mut Host, |book| book.change(id, &change, clock::now()))?;
    Ok(told("done", task))
}

/// Deletes a to-do for good. To keep a record that it was done, use `complete`.
#[tool]
fn delete(
    /// The number of the to-do, as `list` shows it.
    id: u32,
) -> Result<Output<Task>, ToolError> {
    let task = shelf::change(&mut Host, |book| book.delete(id))?;
    Ok(told("deleted", task))
}

fn told(verb: &str, task: Task) -> Output<Task> {
    let summary = format!("{verb}: {} ({})", task.title, task.id);
    Output::new(task).summary(summary)
}

/// The texts of a change within their bounds, without spaces around them.
fn checked(change: Change) -> Result<Change, ToolError> {
    let title = change.title.map(|title| bounded("title", &title, TITLE_CHARS_MAX)).transpose()?;
    if title.as_deref() == Some("") {
        return Err(ToolError::BadInput("argument `title` is empty; say what is to be done".to_owned()));
    }
    let notes = change.notes.map(|notes| bounded("notes", &notes, NOTES_CHARS_MAX)).transpose()?;
    let due = change.due.map(|due| if due.trim().is_empty() { Ok(String::new()) } else { date::check(&due) }).transpose()?;
    Ok(Change { title, notes, due, status: change.status })
}

fn bounded(argument: &str, text: &str, chars_max: usize) -> Result<String, ToolError> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(ToolError::BadInput(format!(
            "argument `{argument}`: {chars} characters are more than the {chars_max} allowed"
        )));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: Change) -> String {
        checked(change).map_or_else(|error| error.to_string(), |change| format!("accepted: {change:?}"))
    }

    #[test]
    fn texts_are_bounded() {
        let title = |text: &str| Change { title: Some(text.to_owned()), ..Change::default() };
        assert!(problem(title(" \n")).contains("`title` is empty"));
        assert!(problem(title(&"ä".repeat(TITLE_CHARS_MAX))).starts_with("accepted"));
        assert!(problem(title(&"ä".repeat(TITLE_CHARS_MAX + 1))).contains("201 characters are more than the 200"));
        let notes = Change { notes: Some("n".repeat(NOTES_CHARS_MAX + 1)), ..Change::default() };
        assert!(problem(notes).contains("more than the 2000"));
    }

    #[test]
    fn an_empty_date_takes_it_away_and_a_wrong_one_is_refused() {
        let due = |text: &str| Change { due: Some(text.to_owned()), ..Change::default() };
        assert_eq!(checked(due(" ")).unwrap().due.as_deref(), Some(""));
        assert!(problem(due("soon")).contains("is not a date"));
    }
}
