//! Reading a plain request: a list of steps, found by pattern. Pure, and the same for the same text.

mod clause;
mod tasks;
mod words;

use clause::clauses;

/// One thing the demo model can do with one tool call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    WriteFile {
        path: String,
        content: String,
        /// "Write" may replace a file, "create" may not.
        overwrite: bool,
    },
    ReadFile {
        path: String,
    },
    AppendFile {
        path: String,
        content: String,
    },
    EditFile {
        path: String,
        old: String,
        new: String,
    },
    ListDirectory {
        path: String,
    },
    /// Files whose content has the text.
    SearchContent {
        text: String,
    },
    /// Files whose name fits.
    SearchName {
        name: String,
    },
    DeleteFile {
        path: String,
    },
    FileInfo {
        path: String,
    },
    CreateDirectory {
        path: String,
    },
    Run {
        command: String,
    },
    AddTask {
        title: String,
    },
    ListTasks,
    /// Looks the to-dos up without reporting them, because the next step needs their ids.
    LookUpTasks,
    /// The to-do with that number in the list, or that title.
    CompleteTask {
        which: String,
    },
}

/// The steps a text asks for, in order; empty when nothing in it is understood.
#[must_use]
pub fn plan(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for clause in clauses(text) {
        let last = steps.iter().rev().find_map(path_of).map(str::to_owned);
        steps.extend(step(&clause, last.as_deref()));
    }
    steps
}

/// The file a step is about, for a later "it".
fn path_of(step: &Step) -> Option<&str> {
    match step {
        Step::WriteFile { path, .. }
        | Step::ReadFile { path }
        | Step::AppendFile { path, .. }
        | Step::EditFile { path, .. }
        | Step::FileInfo { path } => Some(path),
        _ => None,
    }
}

/// The steps one clause asks for; `last` is the file that was talked about before.
fn step(clause: &str, last: Option<&str>) -> Vec<Step> {
    let Some((verb, rest)) = words::verb(clause) else { return Vec::new() };
    if tasks::about_tasks(clause) || matches!(verb, "mark" | "tick" | "complete" | "finish") {
        return tasks::step(verb, rest);
    }
    let path = || words::path(rest).or_else(|| last.filter(|_| words::means_last(rest)).map(str::to_owned));
    let one = match verb {
        "write" | "create" | "make" | "save" | "put" => write(rest, last, !matches!(verb, "create" | "make")),
        "append" | "add" => append(rest, last),
        "read" | "show" | "open" | "print" | "cat" | "display" => match list(rest).filter(|_| words::means_many(rest)) {
            Some(list) => Some(list),
            None => path().map(|path| Step::ReadFile { path }).or_else(|| list(rest)),
        },
        "list" => list(rest).or_else(|| Some(Step::ListDirectory { path: ".".into() })),
        "replace" | "change" => replace(rest, last),
        "search" | "find" | "grep" | "look" => search(rest),
        "run" | "execute" => {
            let command = words::quoted(rest)
                .unwrap_or_else(|| words::after_any(rest, &["the command ", "command "]).unwrap_or(rest).trim().to_owned());
            (!command.is_empty()).then_some(Step::Run { command })
        }
        "delete" | "remove" => path().map(|path| Step::DeleteFile { path }),
        "inspect" | "stat" => path().map(|path| Step::FileInfo { path }),
        _ => None,
    };
    one.into_iter().collect()
}

/// Anything that asks for the names of files rather than for one file.
fn list(rest: &str) -> Option<Step> {
    let lower = rest.to_lowercase();
    let asks = ["file", "folder", "director", "workspace", "everything"].iter().any(|word| lower.contains(word));
    let place = words::after_any(rest, &[" in ", " of ", " under ", "in ", "of "]).map(words::strip_articles);
    let path = place.and_then(|place| words::path(place).or_else(|| words::folder(place)));
    (asks || path.is_some()).then(|| Step::ListDirectory { path: path.unwrap_or_else(|| ".".into()) })
}

fn write(rest: &str, last: Option<&str>, overwrite: bool) -> Option<Step> {
    let lower = rest.to_lowercase();
    if lower.contains("folder") || lower.contains("directory") {
        let path = words::quoted(rest)
            .or_else(|| words::named(rest))
            .or_else(|| words::path(rest))
            .or_else(|| words::last_word(rest))?;
        return Some(Step::CreateDirectory { path });
    }
    // The content comes behind the name ("a file x with y") or in front of it ("y to x").
    for mark in
        [" with the text ", " with the content ", " with content ", " containing ", " that says ", " saying ", " with ", ": "]
    {
        if let Some((head, tail)) = words::split_once_outside(rest, mark)
            && let Some(path) = words::path(head).or_else(|| words::named(head)).or_else(|| words::file_word(head))
        {
            return Some(Step::WriteFile { path, content: words::content(tail), overwrite });
        }
    }
    for mark in [" into ", " to ", " in "] {
        if let Some((head, tail)) = words::rsplit_once_outside(rest, mark)
            && let Some(path) = words::path(tail).or_else(|| last.filter(|_| words::means_last(tail)).map(str::to_owned))
        {
            return Some(Step::WriteFile { path, content: words::content(head), overwrite });
        }
    }
    words::path(rest).or_else(|| words::named(rest)).map(|path| Step::WriteFile { path, content: String::new(), overwrite })
}

fn append(rest: &str, last: Option<&str>) -> Option<Step> {
    let target = |text: &str| words::path(text).or_else(|| last.filter(|_| words::means_last(text)).map(str::to_owned));
    if let Some(tail) = rest.strip_prefix("to ")
        && let Some((head, tail)) = words::split_once_outside(tail, ":").or_else(|| words::split_once_outside(tail, " "))
    {
        return target(head).map(|path| Step::AppendFile { path, content: words::content(tail) });
    }
    let (head, tail) = words::rsplit_once_outside(rest, " to ")?;
    target(tail).map(|path| Step::AppendFile { path, content: words::content(head) })
}

fn replace(rest: &str, last: Option<&str>) -> Option<Step> {
    let (change, place) = words::rsplit_once_outside(rest, " in ")?;
    let path = words::path(place).or_else(|| last.filter(|_| words::means_last(place)).map(str::to_owned))?;
    let (old, new) = [" with ", " by ", " to "].iter().find_map(|mark| words::split_once_outside(change, mark))?;
    Some(Step::EditFile { path, old: words::bare(old), new: words::bare(new) })
}

fn search(rest: &str) -> Option<Step> {
    if let Some(name) = words::after_any(rest, &["files named ", "file named ", "files called ", "file called "]) {
        return Some(Step::SearchName { name: words::bare(name) });
    }
    let text = words::quoted(rest).or_else(|| {
        let text = words::after_any(rest, &["for the text ", "for the word ", "for ", "containing "]).unwrap_or(rest);
        let text = [" in ", " inside "].iter().find_map(|mark| text.split_once(mark)).map_or(text, |(text, _)| text);
        Some(words::bare(text)).filter(|text| !text.is_empty())
    })?;
    Some(if text.contains('*') { Step::SearchName { name: text } } else { Step::SearchContent { text } })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
