//! `read_file`.

use octi_sdk::fs::{self, Kind, Reader};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::window::{Lines, Window};
use crate::{nearest, path, text};

/// Bytes returned when no number of lines was asked for: about what a model is shown of one result.
const BYTES_DEFAULT: usize = 12 * 1024;
/// Bytes returned at most.
const BYTES_MAX: usize = 256 * 1024;
/// Lines returned at most.
const LINES_MAX: u64 = 10_000;

#[data]
struct ReadFile {
    /// The file, relative to the workspace.
    path: String,
    /// The first line to return, from 1. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    offset: Option<u64>,
    /// How many lines to return, at most 10000. Default: as many as fit in 12 KiB.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<u64>,
    /// Puts the number of each line before it.
    #[serde(default)]
    line_numbers: bool,
}

#[data]
struct FileText {
    path: String,
    content: String,
    /// The first and the last line in `content`; `last_line` is smaller when there is none.
    first_line: u64,
    last_line: u64,
    /// Lines of the file; left out when its end was not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_lines: Option<u64>,
    /// The `offset` that goes on; left out at the end of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<u64>,
    /// Bytes of the file.
    size: u64,
    /// Something to know about `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Reads a text file of the workspace. Long files come in parts: when the answer has `next_offset`, call again with it as `offset`.
#[tool]
fn read_file(args: ReadFile) -> Result<Output<FileText>, ToolError> {
    let path = path::clean_inside(&args.path)?;
    let first = args.offset.unwrap_or(1);
    if first == 0 {
        return Err(ToolError::BadInput("argument `offset`: lines are counted from 1".to_owned()));
    }
    let bytes_max = if args.limit.is_some() { BYTES_MAX } else { BYTES_DEFAULT };
    let mut window = Window::new(first, args.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX), bytes_max);
    let reader = open(&path)?;
    let size = reader.size();
    fill(&mut window, &reader, &path, size)?;
    let lines = window.finish();
    if let Some(total) = lines.total
        && first > total.max(1)
    {
        let total = text::count(total, "line");
        return Err(ToolError::BadInput(format!("argument `offset`: line {first} is past the end, `{path}` has {total}")));
    }
    let summary = summary(&path, first, &lines);
    Ok(Output::new(file_text(path, first, size, lines, args.line_numbers)).summary(summary))
}

fn open(path: &str) -> Result<Reader, ToolError> {
    let dir = fs::workspace()?;
    match dir.open(path) {
        Ok(reader) => Ok(reader),
        Err(error) if is_directory(&dir, path, &error) => {
            Err(ToolError::BadInput(format!("`{path}` is a directory; `list_directory` shows what is in it")))
        }
        Err(error) => Err(nearest::explain(&dir, path, error)),
    }
}

fn is_directory(dir: &fs::Dir, path: &str, error: &HostError) -> bool {
    !error.is_not_found() && dir.stat(path).is_ok_and(|entry| entry.kind == Kind::Directory)
}

fn fill(window: &mut Window, reader: &Reader, path: &str, size: u64) -> Result<(), ToolError> {
    let mut chunk = reader.read()?;
    if text::is_binary(&chunk) {
        return Err(ToolError::Failed(format!("`{path}` is a binary file of {}, not text", text::count(size, "byte"))));
    }
    while !chunk.is_empty() && !window.feed(&chunk) {
        chunk = reader.read()?;
    }
    Ok(())
}

fn file_text(path: String, first: u64, size: u64, lines: Lines, line_numbers: bool) -> FileText {
    let content = String::from_utf8_lossy(&lines.bytes);
    let note = if lines.cut {
        Some(format!("line {first} is longer than what is returned at once; its rest is left out"))
    } else if matches!(content, std::borrow::Cow::Owned(_)) {
        Some("the file is not UTF-8; `\u{FFFD}` stands for what could not be read".to_owned())
    } else {
        None
    };
    FileText {
        path,
        content: if line_numbers { numbered(&content, first) } else { content.into_owned() },
        first_line: first,
        last_line: lines.last,
        total_lines: lines.total,
        next_offset: lines.next,
        size,
        note,
    }
}

fn numbered(content: &str, first: u64) -> String {
    let lines = content.split_inclusive('\n').zip(first..);
    lines.map(|(line, number)| format!("{number:>5}\t{line}")).collect()
}

fn summary(path: &str, first: u64, lines: &Lines) -> String {
    match (lines.total, lines.next) {
        (Some(total), _) if first == 1 => format!("read {path} ({})", text::count(total, "line")),
        (Some(total), _) => format!("read lines {first} to {} of {total} of {path}", lines.last),
        (None, _) => format!("read lines {first} to {} of {path}", lines.last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], cut: bool) -> Lines {
        Lines { bytes: bytes.to_vec(), last: 4, next: None, total: Some(4), cut }
    }

    #[test]
    fn numbers_stand_before_each_line() {
        assert_eq!(numbered("a\nb", 9), "    9\ta\n   10\tb");
        assert_eq!(numbered("", 1), "");
    }

    #[test]
    fn what_is_not_utf_8_is_shown_with_a_note() {
        let shown = file_text("a".to_owned(), 1, 3, lines(b"a\xffb", false), false);
        assert_eq!(shown.content, "a\u{FFFD}b");
        assert!(shown.note.is_some_and(|note| note.contains("not UTF-8")));
    }

    #[test]
    fn a_cut_line_is_said_to_be_cut() {
        let shown = file_text("a".to_owned(), 3, 3, lines(b"aaa", true), false);
        assert!(shown.note.is_some_and(|note| note.contains("line 3 is longer")));
    }

    #[test]
    fn the_summary_says_which_lines() {
        assert_eq!(summary("a.txt", 1, &lines(b"", false)), "read a.txt (4 lines)");
        assert_eq!(summary("a.txt", 3, &lines(b"", false)), "read lines 3 to 4 of 4 of a.txt");
    }
}
