//! `list_stashes` and `stash`.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument;
use crate::repo::{self, Repo};
use crate::status::{self, Status};
use crate::text::count;

/// Stashes that are returned.
const STASHES_MAX: &str = "--max-count=100";
const FORMAT: &str = "--format=tformat:%H%x00%aI%x00%gs";
const FIELDS: usize = 3;

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stash {
    /// 0 is the latest.
    index: usize,
    commit: String,
    /// When it was made, as ISO 8601.
    time: String,
    message: String,
}

#[data]
struct Stashes {
    /// The latest first, at most 100.
    stashes: Vec<Stash>,
}

/// Lists what was set aside with `stash`.
#[tool]
fn list_stashes(
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    path: Option<String>,
) -> Result<Output<Stashes>, ToolError> {
    let repo = Repo::open(path.as_deref())?;
    let stashes = parse(&repo.run(&["stash", "list", "-z", STASHES_MAX, FORMAT])?.stdout);
    let summary = count(stashes.len(), "stash", "stashes");
    Ok(Output::new(Stashes { stashes }).summary(summary))
}

fn parse(listing: &str) -> Vec<Stash> {
    let fields: Vec<&str> = listing.split('\0').collect();
    let stashes = fields.chunks_exact(FIELDS).enumerate().map(|(index, fields)| Stash {
        index,
        commit: fields[0].to_owned(),
        time: fields[1].to_owned(),
        message: fields[2].to_owned(),
    });
    stashes.collect()
}

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// Sets the changes aside.
    Push,
    /// Brings a stash back and forgets it.
    Pop,
    /// Brings a stash back and keeps it.
    Apply,
    /// Forgets a stash.
    Drop,
}

#[data]
struct ToStash {
    /// `push` sets the changes aside, `pop` brings them back, `apply` does so and keeps the stash, `drop` forgets it.
    action: Action,
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// With `pop`, `apply` and `drop`: which one, as `list_stashes` counts them. Default: 0, the latest.
    #[serde(default)]
    index: Option<u32>,
    /// With `push`: what it is, for `list_stashes`.
    #[serde(default)]
    message: Option<String>,
    /// With `push`: untracked files too.
    #[serde(default)]
    include_untracked: bool,
}

/// Sets changes aside, or brings them back.
#[tool]
fn stash(args: ToStash) -> Result<Output<Status>, ToolError> {
    let is_push = args.action == Action::Push;
    if is_push && args.index.is_some() || !is_push && (args.message.is_some() || args.include_untracked) {
        return Err(ToolError::BadInput(
            "`message` and `include_untracked` go with `push`, `index` with the other actions".to_owned(),
        ));
    }
    let repo = Repo::open(args.path.as_deref())?;
    let which = format!("stash@{{{}}}", args.index.unwrap_or_default());
    let message = args.message.as_deref().map(|text| argument::message("message", text)).transpose()?;
    let message = message.map(|text| format!("--message={text}"));
    let (arguments, word) = match args.action {
        Action::Push => {
            let mut arguments = vec!["stash", "push", "--quiet"];
            arguments.extend(message.as_deref());
            arguments.extend(args.include_untracked.then_some("--include-untracked"));
            (arguments, "set the changes aside")
        }
        Action::Pop => (vec!["stash", "pop", "--index", "--quiet", &which], "brought the changes back"),
        Action::Apply => (vec!["stash", "apply", "--index", "--quiet", &which], "brought the changes back"),
        Action::Drop => (vec!["stash", "drop", "--quiet", &which], "forgot the stash"),
    };
    if is_push && repo.commit_of("HEAD")?.is_none() {
        return Err(ToolError::Failed("there is no commit yet to go back to; `commit` first".to_owned()));
    }
    let before = repo.commit_of("refs/stash")?;
    let answer = repo.try_run(&arguments)?;
    let state = status::read(&repo)?;
    if answer.code != 0 {
        let conflicts: Vec<&str> = state.conflicts().collect();
        return Err(match conflicts.as_slice() {
            [] => repo::failed(&answer),
            files => ToolError::Failed(format!(
                "the stash is kept, because it does not fit the files any more: there are conflicts in {}",
                files.join(", ")
            )),
        });
    }
    if is_push && repo.commit_of("refs/stash")? == before {
        return Err(ToolError::Failed("nothing is changed, so nothing was set aside".to_owned()));
    }
    Ok(Output::new(state).summary(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stashes_are_counted_from_the_latest() {
        let stashes = parse("aa\x002026-01-02T00:00:00+00:00\0On main: two\0bb\x002026-01-01T00:00:00+00:00\0WIP on main\0");
        assert_eq!(stashes.iter().map(|stash| (stash.index, stash.commit.as_str())).collect::<Vec<_>>(), [(0, "aa"), (1, "bb")]);
        assert_eq!(stashes[0].message, "On main: two");
    }
}
