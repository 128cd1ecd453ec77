//! `pull` and `push`: exchanging commits with another repository. Fetching has a network and touches no file; what is done with the
//! files afterwards has none.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument::{self, HERE, bad};
use crate::clone::{self, Place};
use crate::repo::{self, LOCAL, NETWORK, Repo, expect};
use crate::status::{self, Status};

/// The host allows this one value: at its end of a repository of this machine, git runs with these settings too.
const LOCAL_RECEIVER: &str = "--receive-pack=git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true \
                              -c receive.denyCurrentBranch=refuse -c gc.auto=0 receive-pack";

/// Another repository, as git is told of it.
#[derive(Debug, PartialEq, Eq)]
struct Other {
    /// A remote's name or an address.
    name: String,
    profile: &'static str,
}

/// The remote that was named, or the one of the branch, or `origin`.
fn other(repo: &Repo, asked: Option<&str>, branch: Option<&str>, to_push: bool) -> Result<Other, ToolError> {
    let of_branch = branch.and_then(|branch| repo.config.get(&format!("branch.{branch}.remote")));
    let name = asked.or(of_branch).unwrap_or("origin");
    let setting = |setting: &str| repo.config.get(&format!("remote.{name}.{setting}"));
    let for_pushing = if to_push { setting("pushurl") } else { None };
    if let Some(address) = for_pushing.or_else(|| setting("url")) {
        argument::branch("remote", name)?;
        return Ok(Other { name: name.to_owned(), profile: profile_of(address)? });
    }
    let place = match asked {
        Some(asked) if asked.contains('/') || asked.contains(':') => clone::place("remote", asked)?,
        Some(asked) => {
            return Err(bad("remote", asked, "is not a remote of this repository; pass an address, or a remote's name"));
        }
        None => {
            return Err(ToolError::BadInput(
                "this repository has no remote; pass `remote`: `https://…`, or the path of a repository in the workspace"
                    .to_owned(),
            ));
        }
    };
    let name = match &place {
        Place::Network(address) => address.clone(),
        Place::Local(path) => format!("{}{path}", up(repo.path())),
    };
    Ok(Other { name, profile: place.profile() })
}

/// From a repository back to the workspace.
fn up(path: &str) -> String {
    if path == HERE { "./".to_owned() } else { "../".repeat(path.split('/').count()) }
}

/// How a remote of the repository's own settings is reached. A path may be absolute here, because git writes it so; the host's sandbox
/// keeps it in the workspace.
fn profile_of(address: &str) -> Result<&'static str, ToolError> {
    match address.split_once("://") {
        Some(("https", _)) => Ok(NETWORK),
        Some(("file", _)) => Ok(LOCAL),
        None if !address.contains("::") && !address.split('/').next().is_some_and(|first| first.contains(':')) => Ok(LOCAL),
        _ => Err(ToolError::Failed(format!(
            "the remote's address `{}` cannot be reached from here; only `https://` and paths of the workspace can",
            crate::text::shortened(address, 200).escape_debug()
        ))),
    }
}

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Only when nothing was committed here meanwhile.
    FastForward,
    /// With a merge commit where needed.
    Merge,
    /// By putting the commits from here on top.
    Rebase,
}

#[data]
struct ToPull {
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// A remote's name or an address. Default: the upstream of the branch, else `origin`.
    #[serde(default)]
    remote: Option<String>,
    /// The branch of the remote. Default: the upstream of the branch, else the branch of the same name.
    #[serde(default)]
    branch: Option<String>,
    /// `fast_forward`, `merge` or `rebase`. Default: `fast_forward`.
    #[serde(default)]
    mode: Option<Mode>,
}

#[data]
struct Pulled {
    /// Whether anything was new.
    updated: bool,
    /// The commit before; left out when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    commit: String,
    /// Files with conflicts: edit them, `add` and `commit` them. The merge is not done before.
    conflicts: Vec<String>,
}

/// Fetches a branch of another repository and brings the branch that is checked out up to it.
#[tool]
fn pull(args: ToPull) -> Result<Output<Pulled>, ToolError> {
    let repo = Repo::open(args.path.as_deref())?;
    let current = status::read(&repo)?.branch;
    let remote = other(&repo, args.remote.as_deref(), current.as_deref(), false)?;
    let upstream = current.as_deref().and_then(|name| repo.config.get(&format!("branch.{name}.merge")));
    let upstream = upstream.and_then(|name| name.strip_prefix("refs/heads/")).filter(|_| args.remote.is_none());
    let branch = args
        .branch
        .as_deref()
        .or(upstream)
        .or(current.as_deref())
        .ok_or_else(|| ToolError::BadInput("no branch is checked out; pass the `branch` of the remote".to_owned()))?;
    let branch = argument::branch("branch", branch)?;
    expect(repo.exchange(remote.profile, &["fetch", "--quiet", "--no-recurse-submodules", "--", &remote.name, branch])?)?;
    let before = repo.commit_of("HEAD")?;
    let fetched = repo.commit_of("FETCH_HEAD")?.ok_or_else(|| ToolError::Failed(format!("`{branch}` has no commit")))?;
    let answer = match args.mode.unwrap_or(Mode::FastForward) {
        Mode::FastForward => repo.try_run(&["merge", "--quiet", "--ff-only", &fetched])?,
        Mode::Merge => {
            let message = format!("--message=Merge branch '{branch}' of {}", remote.name);
            repo.try_run(&["merge", "--quiet", "--no-edit", "--no-verify", &message, &fetched])?
        }
        Mode::Rebase => repo.try_run(&["rebase", "--quiet", "--no-verify", &fetched])?,
    };
    let mut conflicts = Vec::new();
    if answer.code != 0 {
        conflicts = after_failure(&repo, args.mode, &answer)?;
    }
    let commit = repo.commit_of("HEAD")?.ok_or_else(|| ToolError::Failed("there is still no commit".to_owned()))?;
    let updated = before.as_ref() != Some(&commit);
    let summary = match (conflicts.is_empty(), updated) {
        (false, _) => format!("conflicts in {}", conflicts.join(", ")),
        (true, true) => format!("updated to {}", &commit[..commit.len().min(10)]),
        (true, false) => "already up to date".to_owned(),
    };
    Ok(Output::new(Pulled { updated, before, commit, conflicts }).summary(summary))
}

/// The files with conflicts of a merge, which is left for a person or model to settle. A rebase is undone: in its middle there is no
/// branch, and the next call would not know.
fn after_failure(repo: &Repo, mode: Option<Mode>, answer: &repo::Answer) -> Result<Vec<String>, ToolError> {
    let state: Status = status::read(repo)?;
    let conflicts: Vec<String> = state.conflicts().map(str::to_owned).collect();
    match mode {
        Some(Mode::Merge) if !conflicts.is_empty() => Ok(conflicts),
        Some(Mode::Rebase) if state.branch.is_none() => {
            repo.run(&["rebase", "--abort"])?;
            Err(ToolError::Failed(format!(
                "the commits from here do not fit on top: there are conflicts in {}; nothing was changed, `merge` may do",
                conflicts.join(", ")
            )))
        }
        None | Some(Mode::FastForward) if answer.stderr.contains("fast-forward") => Err(ToolError::Failed(
            "both sides have new commits; nothing was changed: pass the mode `merge` or `rebase`".to_owned(),
        )),
        _ => Err(repo::failed(answer)),
    }
}

#[data]
struct ToPush {
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// A remote's name or an address. Default: the upstream of the branch, else `origin`.
    #[serde(default)]
    remote: Option<String>,
    /// The branch or tag to send. Default: the branch that is checked out.
    #[serde(default)]
    branch: Option<String>,
    /// Remember the remote's branch as the upstream of this one.
    #[serde(default)]
    set_upstream: bool,
    /// Replace commits of the remote, but only those that were seen here at the last exchange.
    #[serde(default)]
    force: bool,
}

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    New,
    Updated,
    Forced,
    UpToDate,
    Rejected,
}

#[data]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pushed {
    /// The branch or tag of the remote.
    reference: String,
    result: Sent,
}

/// Sends a branch or tag to another repository.
#[tool]
fn push(args: ToPush) -> Result<Output<Pushed>, ToolError> {
    let repo = Repo::open(args.path.as_deref())?;
    let current = status::read(&repo)?.branch;
    let remote = other(&repo, args.remote.as_deref(), current.as_deref(), true)?;
    let branch = args.branch.as_deref().or(current.as_deref());
    let branch = branch.ok_or_else(|| ToolError::BadInput("no branch is checked out; pass the `branch` to send".to_owned()))?;
    let branch = argument::branch("branch", branch)?;
    let mut arguments = vec!["push", "--porcelain", "--no-verify", "--no-recurse-submodules", "--no-signed"];
    if remote.profile == LOCAL {
        arguments.push(LOCAL_RECEIVER);
    }
    arguments.extend(args.set_upstream.then_some("--set-upstream"));
    arguments.extend(args.force.then_some("--force-with-lease"));
    arguments.extend(["--", &remote.name, branch]);
    let answer = repo.exchange(remote.profile, &arguments)?;
    let Some((pushed, why)) = parse(&answer.stdout) else { return Err(repo::failed(&answer)) };
    if pushed.result == Sent::Rejected {
        return Err(ToolError::Failed(format!("`{}` was rejected: {why}", pushed.reference)));
    }
    expect(answer)?;
    let summary = match pushed.result {
        Sent::UpToDate => format!("{branch} is up to date"),
        _ => format!("pushed {branch} to {}", remote.name),
    };
    Ok(Output::new(pushed).summary(summary))
}

/// The first line of `push --porcelain` about a reference: `flag TAB from:to TAB what happened`.
fn parse(listing: &str) -> Option<(Pushed, &str)> {
    listing.lines().find_map(|line| {
        let mut parts = line.splitn(3, '\t');
        let (flag, names, why) = (parts.next()?, parts.next()?, parts.next()?);
        let result = match flag {
            "*" => Sent::New,
            " " => Sent::Updated,
            "+" => Sent::Forced,
            "=" => Sent::UpToDate,
            "!" => Sent::Rejected,
            _ => return None,
        };
        let to = names.split_once(':').map_or(names, |(_, to)| to);
        let reference = to.strip_prefix("refs/heads/").or_else(|| to.strip_prefix("refs/tags/")).unwrap_or(to);
        Some((Pushed { reference: reference.to_owned(), result }, why))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_follows_the_address() {
        for (address, profile) in [
            ("https://example.com/a", NETWORK),
            ("/home/files/remote.git", LOCAL),
            ("../remote.git", LOCAL),
            ("file:///home/files/a", LOCAL),
        ] {
            assert_eq!(profile_of(address), Ok(profile), "{address}");
        }
        for address in ["ssh://example.com/a", "git@example.com:a", "ext::sh -c x", "http://example.com", "git://x/y"] {
            assert!(
                matches!(profile_of(address), Err(ToolError::Failed(text)) if text.contains("cannot be reached")),
                "{address}"
            );
        }
    }

    #[test]
    fn the_way_back_to_the_workspace() {
        assert_eq!((up("."), up("a"), up("a/b")), ("./".to_owned(), "../".to_owned(), "../../".to_owned()));
    }

    #[test]
    fn the_outcome_of_a_push_is_read() {
        for (flag, result) in
            [("*", Sent::New), (" ", Sent::Updated), ("+", Sent::Forced), ("=", Sent::UpToDate), ("!", Sent::Rejected)]
        {
            let listing = format!("To ../remote.git\n{flag}\trefs/heads/main:refs/heads/other\t[why]\nDone\n");
            let (pushed, why) = parse(&listing).unwrap();
            assert_eq!((pushed, why), (Pushed { reference: "other".to_owned(), result }, "[why]"));
        }
        assert_eq!(parse("To x\nDone\n"), None);
    }
}
