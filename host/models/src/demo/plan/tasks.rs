//! The clauses about to-dos.

use super::{Step, words};

const NOUNS: [&str; 10] = ["to-dos", "to-do", "todos", "todo", "to dos", "to do", "tasks", "task", "reminders", "reminder"];

/// True when the clause is about to-dos rather than about files.
pub(super) fn about_tasks(clause: &str) -> bool {
    // What is quoted is content, not what the clause is about; a name such as `todo.md` is a file.
    words::path(clause).is_none() && noun(&words::without_quotes(clause)).is_some()
}

pub(super) fn step(verb: &str, rest: &str) -> Vec<Step> {
    match verb {
        "mark" | "tick" | "complete" | "finish" => complete(rest),
        "list" | "show" | "read" | "print" | "display" => vec![Step::ListTasks],
        "add" | "create" | "make" | "write" | "put" | "save" => {
            let title = title(rest);
            if title.is_empty() { Vec::new() } else { vec![Step::AddTask { title }] }
        }
        _ => Vec::new(),
    }
}

fn complete(rest: &str) -> Vec<Step> {
    let number = rest.split_whitespace().find_map(|word| {
        let digits = word.trim_matches(|c: char| !c.is_ascii_digit());
        (!digits.is_empty()).then(|| digits.to_owned())
    });
    let which = words::quoted(rest).or(number).unwrap_or_else(|| {
        let rest = rest.trim().strip_prefix("off ").unwrap_or(rest);
        let rest =
            [" as done", " as complete", " done", " complete"].iter().find_map(|end| rest.strip_suffix(end)).unwrap_or(rest);
        let rest = words::strip_articles(rest);
        let named = noun(rest).filter(|(at, _)| *at == 0).map_or(rest, |(_, noun)| &rest[noun.len()..]);
        words::bare(named.trim_start_matches([':', ' ']))
    });
    if which.is_empty() { Vec::new() } else { vec![Step::LookUpTasks, Step::CompleteTask { which }] }
}

/// What is to be done: quoted, behind a colon, behind "a to-do to", or in front of "to my to-dos".
fn title(rest: &str) -> String {
    if let Some(quoted) = words::quoted(rest) {
        return quoted;
    }
    if let Some((_, title)) = rest.split_once(": ") {
        return title.trim().to_owned();
    }
    if let Some((head, tail)) = words::rsplit_once_outside(rest, " to ")
        && noun(tail).is_some()
    {
        return words::bare(head);
    }
    let Some((at, noun)) = noun(rest) else { return String::new() };
    let tail = rest[at + noun.len()..].trim_start();
    let tail = ["to ", "for ", "called ", "named "].iter().find_map(|word| tail.strip_prefix(word)).unwrap_or(tail);
    words::bare(tail)
}

/// The first word for a to-do, and where it is.
fn noun(text: &str) -> Option<(usize, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let whole = |at: usize, noun: &str| {
        let before = lower[..at].chars().next_back();
        let after = lower[at + noun.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(|c| c.is_alphanumeric() || c == '.')
    };
    NOUNS.iter().find_map(|noun| lower.find(noun).filter(|at| whole(*at, noun)).map(|at| (at, *noun)))
}
