//! Paths as models write them. The host refuses what leads out of the workspace; checking here first gives an answer that says how to
//! write the path instead.

use octi_sdk::fs::{Dir, Kind};
use octi_sdk::{HostError, ToolError};

/// The workspace's own directory.
pub(crate) const ROOT: &str = ".";

/// The path with `.`, doubled and trailing slashes taken out; [`ROOT`] for the workspace itself.
///
/// # Errors
/// [`ToolError::BadInput`] says what to write instead.
pub(crate) fn clean(path: &str) -> Result<String, ToolError> {
    let shown = path.escape_debug();
    let problem = if path.starts_with('/') {
        "is absolute; paths are relative to the workspace: leave out the leading `/`"
    } else if path == "~" || path.starts_with("~/") {
        "begins with `~`; paths are relative to the workspace: leave out the `~/`"
    } else if path.contains('\\') {
        "contains a `\\`; separate directories with `/`"
    } else if path.chars().any(char::is_control) {
        "contains a control character, which no path may"
    } else if path.split('/').any(|part| part == "..") {
        "goes up with `..`; name the path from the workspace's root, without `..`"
    } else {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        return Ok(if parts.is_empty() { ROOT.to_owned() } else { parts.join("/") });
    };
    Err(ToolError::BadInput(format!("`{shown}` {problem}")))
}

/// [`clean`] for a path that must name something in the workspace, not the workspace itself.
///
/// # Errors
/// [`ToolError::BadInput`] says what to write instead.
pub(crate) fn clean_inside(path: &str) -> Result<String, ToolError> {
    let path = clean(path)?;
    if path == ROOT {
        return Err(ToolError::BadInput("the path names the workspace itself; name a file or directory in it".to_owned()));
    }
    Ok(path)
}

/// The last part of a path.
pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The directory a path is in.
pub(crate) fn parent_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(ROOT, |(parent, _)| parent)
}

/// A path below a directory.
pub(crate) fn join(directory: &str, name: &str) -> String {
    if directory == ROOT { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Makes a directory and those above it; true if it was not there.
///
/// # Errors
/// [`ToolError::Failed`] when a file is in the way.
pub(crate) fn make_dirs(dir: &Dir, path: &str) -> Result<bool, ToolError> {
    if path == ROOT {
        return Ok(false);
    }
    match dir.stat(path) {
        Ok(entry) if entry.kind == Kind::Directory => Ok(false),
        Ok(_) => Err(ToolError::Failed(format!("`{path}` is not a directory, so nothing can be put in it"))),
        Err(HostError::NotFound(_)) => {
            make_dirs(dir, parent_of(path))?;
            match dir.make_dir(path) {
                // Someone made it between the two calls.
                Err(error) if error.is_conflict() => Ok(false),
                other => Ok(other.map(|()| true)?),
            }
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_spellings_mean_the_same() {
        for (text, path) in
            [("a/b", "a/b"), ("./a//b/", "a/b"), ("a/./b", "a/b"), ("", "."), (".", "."), ("./", "."), ("..a", "..a")]
        {
            assert_eq!(clean(text), Ok(path.to_owned()));
        }
    }

    #[test]
    fn ways_out_are_answered_with_the_right_way() {
        for (text, part) in [
            ("/etc/passwd", "leave out the leading `/`"),
            ("../secret", "goes up"),
            ("a/../../b", "goes up"),
            ("~/notes", "leave out the `~/`"),
            ("a\\b", "separate directories with `/`"),
            ("a\0b", "control character"),
        ] {
            let Err(ToolError::BadInput(message)) = clean(text) else { panic!("{text:?} was accepted") };
            assert!(message.contains(part), "{message}");
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }

    #[test]
    fn the_workspace_itself_is_no_file() {
        assert!(matches!(clean_inside("./"), Err(ToolError::BadInput(message)) if message.contains("workspace itself")));
    }

    #[test]
    fn paths_come_apart_and_together() {
        assert_eq!((name_of("a/b"), parent_of("a/b"), name_of("a"), parent_of("a")), ("b", "a", "a", "."));
        assert_eq!((join(".", "a"), join("a", "b")), ("a".to_owned(), "a/b".to_owned()));
    }
}
