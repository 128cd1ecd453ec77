//! `status`, from `--porcelain=v2`.

use octi_sdk::{Output, ToolError, data, tool};

use crate::repo::Repo;
use crate::text::count;

/// Files that are returned.
const FILES_MAX: usize = 500;

/// What happened to a file, in the index or in the work tree.
#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Modified,
    Deleted,
    Renamed,
    Copied,
    TypeChanged,
    /// Both sides of a merge changed it; edit it, then `add` it.
    Conflicted,
    /// Git does not know it yet.
    Untracked,
}

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// Relative to the repository.
    pub(crate) path: String,
    /// What the next commit will hold of it. Left out when nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) staged: Option<Change>,
    /// What happened since it was staged. Left out when nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unstaged: Option<Change>,
    /// Its name before it was renamed or copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) original_path: Option<String>,
}

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// The repository, relative to the workspace.
    pub(crate) path: String,
    /// Left out when no branch is checked out, only a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) branch: Option<String>,
    /// Left out before the first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// The branch that `pull` and `push` use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<String>,
    /// Commits that the upstream does not have, as of the last exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<u32>,
    /// Commits of the upstream that are not here, as of the last exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<u32>,
    /// Nothing is changed and nothing is untracked.
    pub(crate) clean: bool,
    pub(crate) files: Vec<File>,
    /// There are more files than are returned.
    pub(crate) truncated: bool,
}

/// Shows what is changed, staged and untracked in a repository, and how its branch stands to its upstream.
#[tool]
fn status(
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    path: Option<String>,
) -> Result<Output<Status>, ToolError> {
    let status = read(&Repo::open(path.as_deref())?)?;
    let branch = status.branch.clone().unwrap_or_else(|| "no branch".to_owned());
    let summary = if status.clean {
        format!("{branch}: clean")
    } else {
        format!("{branch}: {}", count(status.files.len(), "file", "files"))
    };
    Ok(Output::new(status).summary(summary))
}

/// The status of a repository.
pub(crate) fn read(repo: &Repo) -> Result<Status, ToolError> {
    let answer =
        repo.run(&["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=dirty"])?;
    let mut status = parse(repo.path(), &answer.stdout);
    status.truncated |= answer.truncated;
    Ok(status)
}

fn parse(path: &str, listing: &str) -> Status {
    let mut status = Status {
        path: path.to_owned(),
        branch: None,
        commit: None,
        upstream: None,
        ahead: None,
        behind: None,
        clean: true,
        files: Vec::new(),
        truncated: false,
    };
    let mut entries = listing.split('\0');
    while let Some(entry) = entries.next() {
        if let Some(header) = entry.strip_prefix("# ") {
            read_header(&mut status, header);
            continue;
        }
        let Some(mut file) = read_file(entry) else { continue };
        if entry.starts_with("2 ") {
            file.original_path = entries.next().map(str::to_owned);
        }
        status.clean = false;
        if status.files.len() < FILES_MAX {
            status.files.push(file);
        } else {
            status.truncated = true;
        }
    }
    status
}

fn read_header(status: &mut Status, header: &str) {
    let Some((name, value)) = header.split_once(' ') else { return };
    let known = Some(value.to_owned()).filter(|value| !value.starts_with('('));
    match name {
        "branch.oid" => status.commit = known,
        "branch.head" => status.branch = known,
        "branch.upstream" => status.upstream = known,
        "branch.ab" => {
            let mut numbers = value.split(' ').map(|number| number.trim_start_matches(['+', '-']).parse().ok());
            status.ahead = numbers.next().flatten();
            status.behind = numbers.next().flatten();
        }
        _ => {}
    }
}

/// One entry: its kind, then as many fields as the kind has, then a path that may hold spaces.
fn read_file(entry: &str) -> Option<File> {
    let (kind, rest) = entry.split_once(' ')?;
    let fields_before_path = match kind {
        "1" => 7,
        "2" => 8,
        "u" => 9,
        "?" => 0,
        _ => return None,
    };
    let mut fields = rest.splitn(fields_before_path + 1, ' ');
    let letters = if fields_before_path == 0 { "" } else { fields.next()? };
    let path = fields.last()?.to_owned();
    let (staged, unstaged) = match kind {
        "?" => (None, Some(Change::Untracked)),
        "u" => (None, Some(Change::Conflicted)),
        _ => {
            let mut letters = letters.chars();
            (change(letters.next()?), change(letters.next()?))
        }
    };
    Some(File { path, staged, unstaged, original_path: None })
}

const fn change(letter: char) -> Option<Change> {
    match letter {
        'A' => Some(Change::Added),
        'M' => Some(Change::Modified),
        'D' => Some(Change::Deleted),
        'R' => Some(Change::Renamed),
        'C' => Some(Change::Copied),
        'T' => Some(Change::TypeChanged),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_entry_is_read() {
        let zero = "0000000000000000000000000000000000000000";
        let listing = [
            "# branch.oid 1234".to_owned(),
            "# branch.head feature/x".to_owned(),
            "# branch.upstream origin/feature/x".to_owned(),
            "# branch.ab +2 -1".to_owned(),
            format!("1 .M N... 100644 100644 100644 {zero} {zero} with space.txt"),
            format!("1 A. N... 000000 100644 100644 {zero} {zero} new"),
            format!("2 R. N... 100644 100644 100644 {zero} {zero} R100 to\0from here"),
            format!("u UU N... 100644 100644 100644 100644 {zero} {zero} {zero} both"),
            "? un known".to_owned(),
            String::new(),
        ];
        let status = parse("repo", &listing.join("\0"));
        assert_eq!((status.branch.as_deref(), status.upstream.as_deref()), (Some("feature/x"), Some("origin/feature/x")));
        assert_eq!((status.ahead, status.behind, status.clean, status.truncated), (Some(2), Some(1), false, false));
        let file = |path: &str, staged, unstaged| File { path: path.to_owned(), staged, unstaged, original_path: None };
        let expected = [
            file("with space.txt", None, Some(Change::Modified)),
            file("new", Some(Change::Added), None),
            File { original_path: Some("from here".to_owned()), ..file("to", Some(Change::Renamed), None) },
            file("both", None, Some(Change::Conflicted)),
            file("un known", None, Some(Change::Untracked)),
        ];
        assert_eq!(status.files, expected);
    }

    #[test]
    fn before_the_first_commit_there_is_none() {
        let status = parse(".", "# branch.oid (initial)\0# branch.head main\0");
        assert_eq!((status.commit, status.branch.as_deref(), status.clean), (None, Some("main"), true));
        assert_eq!(parse(".", "# branch.oid 12\0# branch.head (detached)\0").branch, None);
    }

    #[test]
    fn too_many_files_are_cut() {
        let listing = "? a\0".repeat(FILES_MAX + 1);
        let status = parse(".", &listing);
        assert_eq!((status.files.len(), status.truncated), (FILES_MAX, true));
    }
}
