//! `write_file` and `append_file`.

use octi_sdk::fs::{self, Dir, Existing, Kind};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::{path, text};

/// Bytes that one append may add: the host adds them in one step, so that appends do not interleave.
const APPEND_BYTES_MAX: usize = 64 * 1024;

#[data]
struct WriteFile {
    /// The file, relative to the workspace. Missing directories are made.
    path: String,
    /// All of the file's text.
    content: String,
    /// Replaces the file if it exists. Default: a file that exists is an error.
    #[serde(default)]
    overwrite: bool,
}

#[data]
struct Written {
    path: String,
    /// Bytes of the file now.
    size: u64,
    /// The file did not exist before.
    created: bool,
}

/// Writes a whole text file in the workspace. To change part of a file use `edit_file`; to add at its end, `append_file`.
#[tool]
fn write_file(args: WriteFile) -> Result<Output<Written>, ToolError> {
    let path = path::clean_inside(&args.path)?;
    let dir = fs::workspace()?;
    let exists = is_file(&dir, &path)?;
    if exists && !args.overwrite {
        return Err(taken(&path));
    }
    path::make_dirs(&dir, path::parent_of(&path))?;
    let existing = if args.overwrite { Existing::Replace } else { Existing::Keep };
    let entry = dir.write(&path, args.content.as_bytes(), existing).map_err(|error| match error {
        HostError::Conflict(_) => taken(&path),
        other => other.into(),
    })?;
    let verb = if exists { "replaced" } else { "wrote" };
    let summary = format!("{verb} {path} ({})", text::count(entry.size, "byte"));
    Ok(Output::new(Written { path, size: entry.size, created: !exists }).summary(summary))
}

/// Adds text at the end of a file of the workspace, exactly as given: begin with a line break if one is missing. Makes the file if it
/// does not exist.
#[tool]
fn append_file(
    /// The file, relative to the workspace. Missing directories are made.
    path: String,
    /// The text to add, at most 64 KiB.
    content: String,
) -> Result<Output<Written>, ToolError> {
    let path = path::clean_inside(&path)?;
    let added = content.len();
    if added > APPEND_BYTES_MAX {
        return Err(ToolError::BadInput(format!(
            "argument `content`: {added} bytes are more than the {APPEND_BYTES_MAX} of one append; append in several calls"
        )));
    }
    let dir = fs::workspace()?;
    let exists = is_file(&dir, &path)?;
    path::make_dirs(&dir, path::parent_of(&path))?;
    let entry = dir.append(&path, content.as_bytes())?;
    let summary = format!("added {} to {path}", text::count(added as u64, "byte"));
    Ok(Output::new(Written { path, size: entry.size, created: !exists }).summary(summary))
}

/// Whether a file is there; a directory in its place is an error.
fn is_file(dir: &Dir, path: &str) -> Result<bool, ToolError> {
    match dir.stat(path) {
        Ok(entry) if entry.kind == Kind::Directory => {
            Err(ToolError::BadInput(format!("`{path}` is a directory; name a file, such as `{path}/notes.md`")))
        }
        Ok(_) => Ok(true),
        Err(HostError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn taken(path: &str) -> ToolError {
    ToolError::Failed(format!(
        "`{path}` exists already and was left as it is; pass `overwrite: true` to replace it, or change part of it with `edit_file`"
    ))
}
