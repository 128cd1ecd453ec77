//! `edit_file`: exact replacement.

mod hint;

use octi_sdk::fs::{self, Dir, Entry, Existing};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::{nearest, path, text};

/// Bytes of a file that can be edited.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Lines shown before and after the change.
const CONTEXT_LINES: usize = 2;
/// Lines shown of a change.
const SHOWN_LINES_MAX: usize = 24;
/// Characters shown of a line.
const SHOWN_CHARS_MAX: usize = 200;

#[data]
struct EditFile {
    /// The file, relative to the workspace.
    path: String,
    /// The text to replace, exactly as it stands in the file, with its spaces and line breaks. It must occur once, unless `replace_all`.
    old: String,
    /// The text to put in its place; empty to delete.
    new: String,
    /// Replaces every occurrence.
    #[serde(default)]
    replace_all: bool,
}

#[data]
struct Edited {
    path: String,
    /// Occurrences replaced.
    replacements: usize,
    /// The line of the first change.
    line: usize,
    /// The changed lines and those around them, as they are now.
    excerpt: String,
}

/// Replaces text in a file of the workspace, exactly. Read the file first and copy `old` from it, with enough of the text around the
/// change to make it occur once.
#[tool]
fn edit_file(args: EditFile) -> Result<Output<Edited>, ToolError> {
    let path = path::clean_inside(&args.path)?;
    let dir = fs::workspace()?;
    let before = dir.stat(&path).map_err(|error| nearest::explain(&dir, &path, error))?;
    let text = dir.read_text(&path, FILE_BYTES_MAX)?;
    let edit =
        replace(&text, &args.old, &args.new, args.replace_all).map_err(|problem| problem.in_words(&path, &text, &args.old))?;
    save(&dir, &path, &before, &edit.text)?;
    let replaced = text::count(edit.replacements as u64, "replacement");
    let summary = format!("edited {path}: {replaced}, line {}", edit.line);
    let excerpt = excerpt(&edit.text, edit.line, edit.new_lines);
    Ok(Output::new(Edited { path, replacements: edit.replacements, line: edit.line, excerpt }).summary(summary))
}

/// Writes the new text unless the file changed since it was read.
fn save(dir: &Dir, path: &str, before: &Entry, text: &str) -> Result<(), ToolError> {
    let writer = dir.create(path, Existing::Replace)?;
    writer.write(text.as_bytes())?;
    match dir.stat(path) {
        Ok(now) if (now.size, now.modified) == (before.size, before.modified) => {}
        Ok(_) | Err(HostError::NotFound(_)) => {
            return Err(ToolError::Failed(format!(
                "`{path}` was changed by someone else meanwhile and was left alone; read it again"
            )));
        }
        Err(error) => return Err(error.into()),
    }
    writer.commit()?;
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Edit {
    text: String,
    replacements: usize,
    /// Of the first change, from 1.
    line: usize,
    /// Lines of the text put in.
    new_lines: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Same,
    Missing,
    /// It begins on these lines.
    Ambiguous(Vec<usize>),
}

fn replace(text: &str, old: &str, new: &str, all: bool) -> Result<Edit, Problem> {
    if old.is_empty() {
        return Err(Problem::Empty);
    }
    if old == new {
        return Err(Problem::Same);
    }
    // Models write `\n`; in a file of Windows that is `\r\n`.
    let (old, new) = if !text.contains(old) && text.contains("\r\n") && !old.contains('\r') {
        (old.replace('\n', "\r\n"), new.replace("\r\n", "\n").replace('\n', "\r\n"))
    } else {
        (old.to_owned(), new.to_owned())
    };
    let places: Vec<usize> = text.match_indices(&old).map(|(place, _)| place).collect();
    let line_of = |place: usize| text[..place].bytes().filter(|byte| *byte == b'\n').count() + 1;
    match places.as_slice() {
        [] => Err(Problem::Missing),
        [_, _, ..] if !all => Err(Problem::Ambiguous(places.iter().map(|place| line_of(*place)).collect())),
        [first, ..] => Ok(Edit {
            text: text.replace(&old, &new),
            replacements: places.len(),
            line: line_of(*first),
            new_lines: new.lines().count().max(1),
        }),
    }
}

impl Problem {
    fn in_words(&self, path: &str, text: &str, old: &str) -> ToolError {
        ToolError::BadInput(match self {
            Self::Empty => "argument `old` is empty; `append_file` adds at the end, `write_file` writes a whole file".to_owned(),
            Self::Same => "arguments `old` and `new` are the same, so nothing would change".to_owned(),
            Self::Missing => format!("`old` does not occur in `{path}`. {}", hint::for_missing(text, old)),
            Self::Ambiguous(lines) => format!(
                "`old` occurs {} times in `{path}`, on {}; include more of the text around the one you mean, or pass `replace_all: true`",
                lines.len(),
                hint::lines_in_words(lines)
            ),
        })
    }
}

fn excerpt(text: &str, line: usize, new_lines: usize) -> String {
    let first = line.saturating_sub(CONTEXT_LINES).max(1);
    let count = (line + new_lines + CONTEXT_LINES - first).min(SHOWN_LINES_MAX);
    let lines = text.lines().enumerate().skip(first - 1).take(count);
    lines.map(|(index, line)| format!("{:>5}\t{}\n", index + 1, text::cut(line, SHOWN_CHARS_MAX))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, old: &str, new: &str, all: bool) -> Result<String, Problem> {
        replace(text, old, new, all).map(|edit| edit.text)
    }

    #[test]
    fn one_occurrence_is_replaced() {
        let edit = replace("a\nb\nc\n", "b\n", "x\ny\n", false);
        assert_eq!(edit, Ok(Edit { text: "a\nx\ny\nc\n".to_owned(), replacements: 1, line: 2, new_lines: 2 }));
    }

    #[test]
    fn several_occurrences_need_to_be_asked_for() {
        assert_eq!(edited("a\nb\na\n", "a", "x", false), Err(Problem::Ambiguous(vec![1, 3])));
        assert_eq!(edited("a\nb\na\n", "a", "x", true), Ok("x\nb\nx\n".to_owned()));
    }

    #[test]
    fn windows_line_breaks_are_kept() {
        assert_eq!(edited("a\r\nb\r\nc\r\n", "a\nb", "x\ny", false), Ok("x\r\ny\r\nc\r\n".to_owned()));
        assert_eq!(edited("a\r\nb\r\n", "b", "c", false), Ok("a\r\nc\r\n".to_owned()));
    }

    #[test]
    fn edits_without_sense_are_refused() {
        assert_eq!(edited("a", "", "x", false), Err(Problem::Empty));
        assert_eq!(edited("a", "a", "a", false), Err(Problem::Same));
        assert_eq!(edited("a", "b", "c", true), Err(Problem::Missing));
    }

    #[test]
    fn every_problem_says_how_to_go_on() {
        for (problem, part) in [
            (Problem::Empty, "`append_file`"),
            (Problem::Same, "nothing would change"),
            (Problem::Missing, "read the file"),
            (Problem::Ambiguous(vec![1, 3]), "2 times in `f`, on lines 1 and 3"),
        ] {
            let ToolError::BadInput(message) = problem.in_words("f", "", "old") else { panic!("{problem:?}") };
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_excerpt_shows_the_change_and_its_surroundings() {
        assert_eq!(excerpt("a\nb\nc\nd\ne\nf\n", 4, 1), "    2\tb\n    3\tc\n    4\td\n    5\te\n    6\tf\n");
        assert_eq!(excerpt("a\n", 1, 1), "    1\ta\n");
        assert_eq!(excerpt("", 1, 1), "");
    }
}
