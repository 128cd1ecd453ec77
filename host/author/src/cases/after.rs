//! What is in the workspace when the steps are over.

use std::io::{self, Read as _};

use cap_std::fs::Dir;
use octi_domain::limits;

use super::case::Content;

/// Looks at one path without leaving the workspace, whatever the plugin or the case made of it.
pub(super) fn check_after(workspace: &Dir, path: &str, expected: Option<&Content>) -> Result<(), String> {
    match expected {
        None if workspace.symlink_metadata(path).is_ok() => Err(format!("`{path}` is there afterwards")),
        None => Ok(()),
        Some(Content::Directory { directory }) if *directory == workspace.is_dir(path) => Ok(()),
        Some(Content::Directory { .. }) => Err(format!("`{path}` is not the directory it should be")),
        Some(content) => match read_after(workspace, path) {
            Ok(bytes) if Some(&bytes) == content.bytes().as_ref() => Ok(()),
            Ok(bytes) => {
                let end = bytes.len().min(limits::CASE_SHOWN_BYTES_MAX);
                let shown = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
                Err(format!("`{path}` holds {shown:?} afterwards ({} bytes)", bytes.len()))
            }
            Err(error) => Err(format!("`{path}` cannot be read afterwards: {error}")),
        },
    }
}

fn read_after(workspace: &Dir, path: &str) -> io::Result<Vec<u8>> {
    if !workspace.metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    workspace.open(path)?.take(limits::CASE_CONTENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
