//! `list_branches`, `branch` and `checkout`.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument;
use crate::repo::{self, Repo};
use crate::status::{self, Status};
use crate::text::count;

/// Branches that are returned.
const BRANCHES_MAX: usize = 500;
const FORMAT: &str =
    "--format=%(HEAD)%00%(refname)%00%(objectname)%00%(upstream:short)%00%(upstream:track,nobracket)%00%(contents:subject)";
const FIELDS: usize = 6;

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Branch {
    name: String,
    /// It is checked out.
    current: bool,
    /// It is what a remote had at the last exchange, not a branch of this repository.
    remote: bool,
    commit: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<String>,
    /// Such as `ahead 1, behind 2`, or `gone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    track: Option<String>,
}

#[data]
struct Branches {
    branches: Vec<Branch>,
    /// There are more branches than are returned.
    truncated: bool,
}

/// Lists the branches of a repository, and those that its remotes had at the last exchange.
#[tool]
fn list_branches(
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    path: Option<String>,
) -> Result<Output<Branches>, ToolError> {
    let repo = Repo::open(path.as_deref())?;
    let most = format!("--count={}", BRANCHES_MAX + 1);
    let answer = repo.run(&["for-each-ref", FORMAT, &most, "refs/heads", "refs/remotes"])?;
    let mut branches = parse(&answer.stdout);
    let truncated = answer.truncated || branches.len() > BRANCHES_MAX;
    branches.truncate(BRANCHES_MAX);
    let summary = count(branches.len(), "branch", "branches");
    Ok(Output::new(Branches { branches, truncated }).summary(summary))
}

fn parse(listing: &str) -> Vec<Branch> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let read = |line: &str| {
        let fields: Vec<&str> = line.split('\0').collect();
        if fields.len() != FIELDS {
            return None;
        }
        let local = fields[1].strip_prefix("refs/heads/");
        Some(Branch {
            name: local.or_else(|| fields[1].strip_prefix("refs/remotes/"))?.to_owned(),
            current: fields[0] == "*",
            remote: local.is_none(),
            commit: fields[2].to_owned(),
            subject: fields[5].to_owned(),
            upstream: some(fields[3]),
            track: some(fields[4]),
        })
    };
    // A subject is one line, and no name of a branch has a line break.
    listing.lines().filter_map(read).collect()
}

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Delete,
    Rename,
}

#[data]
struct ToBranch {
    /// The branch to make, delete or rename.
    name: String,
    /// `create`, `delete` or `rename`.
    action: Action,
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// With `create`: the branch, tag or commit to begin at. Default: what is checked out.
    #[serde(default)]
    start: Option<String>,
    /// With `rename`: the new name.
    #[serde(default)]
    new_name: Option<String>,
    /// With `delete`: also when its commits are in no other branch, so that they are lost.
    #[serde(default)]
    force: bool,
}

#[data]
struct Done {
    name: String,
    /// The commit it is at; left out when it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

/// Makes, deletes or renames a branch. `checkout` switches to one.
#[tool]
fn branch(args: ToBranch) -> Result<Output<Done>, ToolError> {
    let name = argument::branch("name", &args.name)?;
    let new_name = args.new_name.as_deref().map(|name| argument::branch("new_name", name)).transpose()?;
    let start = args.start.as_deref().map(|start| argument::revision("start", start)).transpose()?;
    let extra = match args.action {
        Action::Create => new_name.is_some() || args.force,
        Action::Delete => new_name.is_some() || start.is_some(),
        Action::Rename => start.is_some() || args.force,
    };
    if extra {
        return Err(ToolError::BadInput(
            "`start` goes with `create`, `force` with `delete`, `new_name` with `rename`: leave the others out".to_owned(),
        ));
    }
    let repo = Repo::open(args.path.as_deref())?;
    let (mut arguments, result, word) = match (args.action, new_name) {
        (Action::Create, _) => (vec!["branch", "--no-track", name], name, "made"),
        (Action::Delete, _) => (vec!["branch", if args.force { "-D" } else { "-d" }, name], name, "deleted"),
        (Action::Rename, Some(new)) => (vec!["branch", "--move", name, new], new, "renamed"),
        (Action::Rename, None) => return Err(ToolError::BadInput("`rename` needs `new_name`".to_owned())),
    };
    arguments.extend(start);
    let answer = repo.try_run(&arguments)?;
    if answer.stderr.contains("not fully merged") {
        return Err(ToolError::Failed(format!(
            "`{name}` has commits that are in no other branch; pass `force` to lose them, or merge it first"
        )));
    }
    repo::expect(answer)?;
    let commit = if args.action == Action::Delete { None } else { repo.commit_of(&format!("refs/heads/{result}"))? };
    let summary = format!("{word} {name}");
    Ok(Output::new(Done { name: result.to_owned(), commit }).summary(summary))
}

#[data]
struct ToCheckout {
    /// The branch, tag or commit to switch to; with `create` the new branch. With `files`, where they are taken from.
    #[serde(default)]
    target: Option<String>,
    /// Make the branch `target` first.
    #[serde(default)]
    create: bool,
    /// With `create`: the branch, tag or commit to begin at. Default: what is checked out.
    #[serde(default)]
    start: Option<String>,
    /// Restore these files, relative to the repository, instead of switching; their changes are lost. Without `target` as they are staged.
    #[serde(default)]
    files: Vec<String>,
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
}

/// Switches to a branch, tag or commit, or restores files.
#[tool]
fn checkout(args: ToCheckout) -> Result<Output<Status>, ToolError> {
    let files = argument::files("files", &args.files)?;
    let target = args.target.as_deref().map(|target| argument::revision("target", target)).transpose()?;
    let start = args.start.as_deref().map(|start| argument::revision("start", start)).transpose()?;
    let (arguments, summary) = match (target, args.create, files.is_empty()) {
        (None, _, true) => return Err(ToolError::BadInput("pass a `target` to switch to, or `files` to restore".to_owned())),
        (None, true, _) => return Err(ToolError::BadInput("`create` needs a `target`".to_owned())),
        (Some(_), true, false) => return Err(ToolError::BadInput("`create` and `files` do not go together".to_owned())),
        _ if start.is_some() && !args.create => return Err(ToolError::BadInput("`start` goes with `create`".to_owned())),
        (Some(name), true, true) => {
            argument::branch("target", name)?;
            let made = ["checkout", "--quiet", "--no-track", "-b", name].into_iter().chain(start);
            (made.collect::<Vec<_>>(), format!("switched to the new branch {name}"))
        }
        (Some(target), false, true) => (vec!["checkout", "--quiet", target, "--"], format!("switched to {target}")),
        (target, false, false) => {
            let restored = ["checkout", "--quiet"].into_iter().chain(target).chain(["--"]);
            (restored.chain(files.iter().map(String::as_str)).collect(), count(files.len(), "path restored", "paths restored"))
        }
    };
    let repo = Repo::open(args.path.as_deref())?;
    repo.run(&arguments)?;
    Ok(Output::new(status::read(&repo)?).summary(summary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_of_both_kinds_are_read() {
        let listing =
            "*\0refs/heads/main\0aa\0origin/main\0ahead 1\0first: a\n \0refs/remotes/origin/main\0bb\0\0\0second\nodd line\n";
        let branches = parse(listing);
        assert_eq!(branches.len(), 2);
        assert_eq!((branches[0].name.as_str(), branches[0].current, branches[0].remote), ("main", true, false));
        assert_eq!((branches[0].upstream.as_deref(), branches[0].track.as_deref()), (Some("origin/main"), Some("ahead 1")));
        assert_eq!((branches[1].name.as_str(), branches[1].remote, &branches[1].track), ("origin/main", true, &None));
    }
}
