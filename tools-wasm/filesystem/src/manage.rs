//! `create_directory`, `copy_file`, `move_file` and `delete_file`.

use octi_sdk::fs::{self, Dir, Existing, Kind};
use octi_sdk::{HostError, Output, ToolError, data, tool};

use crate::list::What;
use crate::{nearest, path};

#[data]
struct Created {
    path: String,
    /// It did not exist before.
    created: bool,
}

#[data]
struct Transfer {
    /// What to take, relative to the workspace.
    source: String,
    /// Where to put it, relative to the workspace; an existing directory keeps the name. Missing directories are made.
    target: String,
    /// Replaces the target if it exists. Default: a target that exists is an error.
    #[serde(default)]
    overwrite: bool,
}

#[data]
struct Transferred {
    source: String,
    /// Where it is now.
    target: String,
}

#[data]
struct Deleted {
    path: String,
    kind: What,
}

/// Makes a directory in the workspace, with those above it. It is no error if it exists.
#[tool]
fn create_directory(
    /// The directory, relative to the workspace.
    path: String,
) -> Result<Output<Created>, ToolError> {
    let path = path::clean_inside(&path)?;
    let created = path::make_dirs(&fs::workspace()?, &path)?;
    let summary = if created { format!("made {path}") } else { format!("{path} exists already") };
    Ok(Output::new(Created { path, created }).summary(summary))
}

/// Copies a file of the workspace.
#[tool]
fn copy_file(args: Transfer) -> Result<Output<Transferred>, ToolError> {
    let dir = fs::workspace()?;
    let plan = Plan::of(&dir, &args)?;
    if plan.kind == Kind::Directory {
        let source = &plan.source;
        return Err(ToolError::BadInput(format!("`{source}` is a directory; copy its files one by one, see `list_directory`")));
    }
    plan.carry_out(&dir, Dir::copy)?;
    let summary = format!("copied {} to {}", plan.source, plan.target);
    Ok(Output::new(plan.into_result()).summary(summary))
}

/// Moves or renames a file or directory of the workspace.
#[tool]
fn move_file(args: Transfer) -> Result<Output<Transferred>, ToolError> {
    let dir = fs::workspace()?;
    let plan = Plan::of(&dir, &args)?;
    plan.carry_out(&dir, Dir::rename)?;
    let summary = format!("moved {} to {}", plan.source, plan.target);
    Ok(Output::new(plan.into_result()).summary(summary))
}

/// Deletes a file of the workspace, or a directory. This cannot be undone.
#[tool]
fn delete_file(
    /// The file or directory, relative to the workspace.
    path: String,
    /// Deletes a directory with everything in it. Default: only an empty directory is deleted.
    #[serde(default)]
    recursive: bool,
) -> Result<Output<Deleted>, ToolError> {
    let path = path::clean_inside(&path)?;
    let dir = fs::workspace()?;
    let entry = dir.stat(&path).map_err(|error| nearest::explain(&dir, &path, error))?;
    if entry.kind == Kind::Directory && recursive {
        dir.remove_all(&path)?;
    } else if entry.kind == Kind::Directory && !dir.list(&path, None, 1)?.is_empty() {
        return Err(ToolError::Failed(format!(
            "`{path}` is a directory that is not empty; pass `recursive: true` to delete all of it"
        )));
    } else {
        dir.remove(&path)?;
    }
    let kind = What::from(entry.kind);
    let summary = format!("deleted the {} {path}", kind.in_words());
    Ok(Output::new(Deleted { path, kind }).summary(summary))
}

/// A copy or move whose paths were checked.
struct Plan {
    source: String,
    target: String,
    kind: Kind,
    existing: Existing,
}

impl Plan {
    fn of(dir: &Dir, args: &Transfer) -> Result<Self, ToolError> {
        let source = path::clean_inside(&args.source)?;
        let kind = dir.stat(&source).map_err(|error| nearest::explain(dir, &source, error))?.kind;
        let mut target = path::clean(&args.target)?;
        if args.target.ends_with('/') || is_directory(dir, &target)? {
            target = path::join(&target, path::name_of(&source));
        }
        if source == target {
            return Err(ToolError::BadInput(format!("source and target are the same, `{source}`")));
        }
        let existing = if args.overwrite { Existing::Replace } else { Existing::Keep };
        Ok(Self { source, target, kind, existing })
    }

    fn carry_out(&self, dir: &Dir, how: fn(&Dir, &str, &str, Existing) -> Result<(), HostError>) -> Result<(), ToolError> {
        path::make_dirs(dir, path::parent_of(&self.target))?;
        how(dir, &self.source, &self.target, self.existing).map_err(|error| match error {
            HostError::Conflict(_) if self.existing == Existing::Keep => ToolError::Failed(format!(
                "`{}` exists already and was left as it is; pass `overwrite: true` to replace it, or choose another target",
                self.target
            )),
            other => other.into(),
        })
    }

    fn into_result(self) -> Transferred {
        Transferred { source: self.source, target: self.target }
    }
}

fn is_directory(dir: &Dir, path: &str) -> Result<bool, ToolError> {
    match dir.stat(path) {
        Ok(entry) => Ok(entry.kind == Kind::Directory),
        Err(HostError::NotFound(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
