//! `list_directory` and `file_info`.

use std::collections::VecDeque;

use octi_sdk::fs::{self, Dir, Entry, Kind};
use octi_sdk::{Output, ToolError, data, tool};

use crate::{nearest, path, text};

/// Entries returned when no number was asked for.
const ENTRIES_DEFAULT: u32 = 200;
/// Entries returned at most; also what the host lists at once.
const ENTRIES_MAX: u32 = 1_000;
/// Directories a recursive listing goes down.
const DEPTH_MAX: usize = 16;

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    File,
    Directory,
    Symlink,
    Other,
}

#[data]
pub(crate) struct Item {
    path: String,
    kind: What,
    /// Bytes of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

#[data]
struct ListDirectory {
    /// The directory, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: String,
    /// Also lists the directories in it, nearest first.
    #[serde(default)]
    recursive: bool,
    /// How many entries to return, at most 1000. Default: 200.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<u32>,
    /// Goes on after this name, the last one of a listing that was truncated. Not with `recursive`.
    #[serde(default)]
    after: Option<String>,
}

#[data]
struct Listing {
    path: String,
    entries: Vec<Item>,
    /// There are more entries than were returned.
    truncated: bool,
}

#[data]
struct Info {
    path: String,
    kind: What,
    /// Bytes.
    size: u64,
    /// When it was last changed, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
}

/// Lists the files and directories in a directory of the workspace, with their sizes. To find files by name or content, use `search_files`.
#[tool]
fn list_directory(args: ListDirectory) -> Result<Output<Listing>, ToolError> {
    let path = path::clean(&args.path)?;
    let limit = args.limit.unwrap_or(ENTRIES_DEFAULT).clamp(1, ENTRIES_MAX);
    if args.recursive && args.after.is_some() {
        return Err(ToolError::BadInput(
            "argument `after` does not go with `recursive`; list the directories one by one".to_owned(),
        ));
    }
    let dir = fs::workspace()?;
    let top = list(&dir, &path, args.after.as_deref(), limit)?;
    let (mut entries, mut truncated) = first_of(top, limit);
    if args.recursive {
        truncated |= descend(&dir, &mut entries, limit)?;
    }
    let summary = format!("{} in {}", text::count(entries.len() as u64, "entry").replace("entrys", "entries"), shown(&path));
    let entries = entries.into_iter().map(Item::from).collect();
    Ok(Output::new(Listing { path, entries, truncated }).summary(summary))
}

/// Says what is at a path of the workspace: whether it is a file or a directory, its size, and when it was changed.
#[tool]
fn file_info(
    /// The file or directory, relative to the workspace.
    path: String,
) -> Result<Output<Info>, ToolError> {
    let path = path::clean(&path)?;
    let dir = fs::workspace()?;
    let entry = dir.stat(&path).map_err(|error| nearest::explain(&dir, &path, error))?;
    let kind = What::from(entry.kind);
    let summary = format!("{} is a {}", shown(&path), kind.in_words());
    let modified = entry.modified.map(|time| time.to_string());
    Ok(Output::new(Info { path, kind, size: entry.size, modified }).summary(summary))
}

/// One entry more than asked for, when the host gives so many, tells that there are more.
fn list(dir: &Dir, path: &str, after: Option<&str>, limit: u32) -> Result<Vec<Entry>, ToolError> {
    dir.list(path, after, limit.saturating_add(1).min(ENTRIES_MAX)).map_err(|error| match dir.stat(path) {
        Ok(entry) if entry.kind == Kind::File => {
            ToolError::BadInput(format!("`{path}` is not a directory; `read_file` shows a file, `file_info` its size"))
        }
        _ => nearest::explain(dir, path, error),
    })
}

/// The entries within the limit, and whether there may be more.
fn first_of(mut entries: Vec<Entry>, limit: u32) -> (Vec<Entry>, bool) {
    let full = entries.len() >= ENTRIES_MAX as usize;
    let over = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    (entries, over || full)
}

/// Adds what is in the directories found, level by level; true when something was left out.
fn descend(dir: &Dir, entries: &mut Vec<Entry>, limit: u32) -> Result<bool, ToolError> {
    let directories = |found: &[Entry], depth| -> Vec<(String, usize)> {
        found.iter().filter(|entry| entry.kind == Kind::Directory).map(|entry| (entry.path.clone(), depth)).collect()
    };
    let mut queue = VecDeque::from(directories(entries, 1));
    while let Some((path, depth)) = queue.pop_front() {
        let room = limit - entries.len() as u32;
        if room == 0 || depth > DEPTH_MAX {
            return Ok(true);
        }
        let (found, over) = first_of(list(dir, &path, None, room)?, room);
        queue.extend(directories(&found, depth + 1));
        entries.extend(found);
        if over {
            return Ok(true);
        }
    }
    Ok(false)
}

fn shown(path: &str) -> &str {
    if path == path::ROOT { "the workspace" } else { path }
}

impl What {
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symbolic link",
            Self::Other => "special file",
        }
    }
}

impl From<Kind> for What {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::File,
            Kind::Directory => Self::Directory,
            Kind::Symlink => Self::Symlink,
            Kind::Other => Self::Other,
        }
    }
}

impl From<Entry> for Item {
    fn from(entry: Entry) -> Self {
        let size = (entry.kind == Kind::File).then_some(entry.size);
        Self { path: entry.path, kind: entry.kind.into(), size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|number| Entry { path: format!("{number}"), kind: Kind::File, size: 1, modified: None }).collect()
    }

    #[test]
    fn one_entry_too_many_means_truncated() {
        for (count, limit, kept, truncated) in [(3, 3, 3, false), (4, 3, 3, true), (0, 3, 0, false), (1_000, 1_000, 1_000, true)]
        {
            let (found, over) = first_of(entries(count), limit);
            assert_eq!((found.len(), over), (kept, truncated), "{count} of {limit}");
        }
    }

    #[test]
    fn only_files_have_a_size() {
        let of = |kind| Item::from(Entry { path: "a".to_owned(), kind, size: 7, modified: None }).size;
        assert_eq!((of(Kind::File), of(Kind::Directory)), (Some(7), None));
    }
}
