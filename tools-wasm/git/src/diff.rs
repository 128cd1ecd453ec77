//! `diff`: which files differ, by how many lines, and the lines.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument;
use crate::repo::Repo;
use crate::text::count;

/// Bytes of the patch that are returned.
const PATCH_BYTES_MAX: usize = 64 * 1024;
/// Files that are returned.
const FILES_MAX: usize = 500;
const CONTEXT_DEFAULT: u32 = 3;
/// Options of every diff: no programs of the repository, no looking into submodules.
const OPTIONS: [&str; 6] =
    ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short"];

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Changed {
    /// Relative to the repository.
    path: String,
    /// Lines added; left out for binary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    added: Option<u64>,
    /// Lines deleted; left out for binary files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted: Option<u64>,
    /// Its name before it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    original_path: Option<String>,
}

#[data]
struct Diff {
    files: Vec<Changed>,
    /// The differences as a unified diff.
    patch: String,
    /// Some files or a part of the patch are left out; name fewer `files`.
    truncated: bool,
}

#[data]
struct Asked {
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// Compare what is staged instead of what is not staged.
    #[serde(default)]
    staged: bool,
    /// Compare with this branch, tag or commit, or compare both ends of a range such as `main..feature`.
    #[serde(default)]
    from: Option<String>,
    /// With `from`: compare that with this branch, tag or commit instead of the files.
    #[serde(default)]
    to: Option<String>,
    /// Only these files or directories, relative to the repository.
    #[serde(default)]
    files: Vec<String>,
    /// Lines to show around each change, at most 50. Default: 3.
    #[serde(default)]
    #[schemars(range(max = 50))]
    context: Option<u32>,
}

/// Shows differences: of the files to what is staged, of what is staged to the last commit, or between two commits.
#[tool]
fn diff(args: Asked) -> Result<Output<Diff>, ToolError> {
    let repo = Repo::open(args.path.as_deref())?;
    if args.to.is_some() && args.from.is_none() {
        return Err(ToolError::BadInput("argument `to` needs `from`".to_owned()));
    }
    if args.to.is_some() && args.staged {
        return Err(ToolError::BadInput("argument `staged` compares with the index; leave out `to`".to_owned()));
    }
    let mut what = Vec::new();
    if args.staged {
        what.push("--cached");
    }
    for (name, revision) in [("from", &args.from), ("to", &args.to)] {
        if let Some(revision) = revision {
            what.push(argument::revision(name, revision)?);
        }
    }
    let files = argument::files("files", &args.files)?;
    what.push("--");
    what.extend(files.iter().map(String::as_str));
    let numbers = repo.run(&[&OPTIONS[..], &["--numstat", "-z"], &what].concat())?;
    let (files, cut) = parse(&numbers.stdout);
    let context = format!("--unified={}", args.context.unwrap_or(CONTEXT_DEFAULT).min(50));
    let answer = repo.run(&[&OPTIONS[..], &["--patch", &context], &what].concat())?;
    let whole = answer.stdout.len() <= PATCH_BYTES_MAX;
    let patch = if whole { answer.stdout } else { shown(&answer.stdout) };
    let summary = count(files.len(), "file differs", "files differ");
    let truncated = cut || numbers.truncated || answer.truncated || !whole;
    Ok(Output::new(Diff { files, patch, truncated }).summary(summary))
}

/// As many whole lines as fit.
fn shown(patch: &str) -> String {
    let cut = &patch[..patch.floor_char_boundary(PATCH_BYTES_MAX)];
    cut.rfind('\n').map_or(cut, |end| &cut[..=end]).to_owned()
}

/// `added TAB deleted TAB path NUL`, and for a renamed file `added TAB deleted TAB NUL old NUL new NUL`.
fn parse(listing: &str) -> (Vec<Changed>, bool) {
    let mut entries = listing.split('\0');
    let mut files = Vec::new();
    while let Some(entry) = entries.next() {
        let mut parts = entry.splitn(3, '\t');
        let (Some(added), Some(deleted), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (original_path, path) =
            if path.is_empty() { (entries.next().map(str::to_owned), entries.next().unwrap_or_default()) } else { (None, path) };
        if files.len() == FILES_MAX {
            return (files, true);
        }
        files.push(Changed { path: path.to_owned(), added: added.parse().ok(), deleted: deleted.parse().ok(), original_path });
    }
    (files, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_binary_and_renamed_files_are_told_apart() {
        let (files, cut) = parse("3\t1\ta b\0-\t-\timage\x000\t0\t\0old\0new\0");
        let file = |path: &str, added, deleted, original: Option<&str>| Changed {
            path: path.to_owned(),
            added,
            deleted,
            original_path: original.map(str::to_owned),
        };
        let expected =
            [file("a b", Some(3), Some(1), None), file("image", None, None, None), file("new", Some(0), Some(0), Some("old"))];
        assert_eq!((files.as_slice(), cut), (&expected[..], false));
        let (files, cut) = parse(&"1\t1\ta\0".repeat(FILES_MAX + 1));
        assert_eq!((files.len(), cut), (FILES_MAX, true));
    }

    #[test]
    fn a_long_patch_ends_with_a_line() {
        let patch = "+ä line\n".repeat(PATCH_BYTES_MAX);
        let cut = shown(&patch);
        assert!(cut.len() <= PATCH_BYTES_MAX && cut.ends_with("line\n"));
    }
}
