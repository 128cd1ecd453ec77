//! `init`, `add`, `commit` and `reset`.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument::{self, HERE};
use crate::history::{self, Commit};
use crate::repo::{self, Identity, LOCAL, Repo, expect};
use crate::status::{self, Change, File, Status};
use crate::text::count;

#[data]
struct Made {
    /// The repository, relative to the workspace.
    path: String,
    branch: String,
}

/// Makes an empty repository, with the branch `main`.
#[tool]
fn init(
    /// The directory, relative to the workspace; it is made when it is not there. Default: the workspace itself.
    path: Option<String>,
) -> Result<Output<Made>, ToolError> {
    let path = argument::path("path", path.as_deref().unwrap_or_default())?;
    expect(repo::execute(LOCAL, HERE, &[], &["init", "--quiet", "--", &path])?)?;
    let branch = status::read(&Repo::open(Some(&path))?)?.branch.unwrap_or_default();
    let summary = format!("made a repository in {path}");
    Ok(Output::new(Made { path, branch }).summary(summary))
}

#[data]
struct Staged {
    /// What the next commit will hold.
    staged: Vec<File>,
}

/// Stages files for the next commit.
#[tool]
fn add(
    /// The files and directories to stage, relative to the repository; `.` for everything.
    files: Vec<String>,
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    path: Option<String>,
) -> Result<Output<Staged>, ToolError> {
    if files.is_empty() {
        return Err(ToolError::BadInput("argument `files` is empty; name the files to stage, or `.` for everything".to_owned()));
    }
    let repo = Repo::open(path.as_deref())?;
    let files = argument::files("files", &files)?;
    let mut arguments = vec!["add", "--all", "--"];
    arguments.extend(files.iter().map(String::as_str));
    repo.run(&arguments)?;
    let staged: Vec<File> = status::read(&repo)?.files.into_iter().filter(|file| file.staged.is_some()).collect();
    let summary = format!("{} staged", count(staged.len(), "file", "files"));
    Ok(Output::new(Staged { staged }).summary(summary))
}

#[data]
struct ToCommit {
    /// What changed and why: a short first line, then an empty line and the rest.
    message: String,
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// Stage every changed file that git knows first.
    #[serde(default)]
    all: bool,
    /// Replace the last commit.
    #[serde(default)]
    amend: bool,
    /// Commit even when nothing is staged.
    #[serde(default)]
    allow_empty: bool,
    /// The author's name. Default: the repository's `user.name`, else `octi`.
    #[serde(default)]
    author_name: Option<String>,
    /// The author's address. Default: the repository's `user.email`, else `octi@localhost`.
    #[serde(default)]
    author_email: Option<String>,
}

#[data]
struct Committed {
    commit: Commit,
    /// Left out when no branch is checked out.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Files that are still changed or untracked.
    left: usize,
}

/// Commits what is staged. Hooks of the repository do not run.
#[tool]
fn commit(args: ToCommit) -> Result<Output<Committed>, ToolError> {
    let message = format!("--message={}", argument::message("message", &args.message)?);
    for (name, value) in [("author_name", &args.author_name), ("author_email", &args.author_email)] {
        value.as_deref().map_or(Ok(""), |value| argument::identity(name, value))?;
    }
    let repo = Repo::open_as(args.path.as_deref(), Identity { name: args.author_name, email: args.author_email })?;
    let flags =
        [(args.all, "--all"), (args.amend, "--amend"), (args.amend, "--reset-author"), (args.allow_empty, "--allow-empty")];
    let mut arguments = vec!["commit", "--quiet", "--no-verify", "--no-edit", "--cleanup=whitespace", &message];
    arguments.extend(flags.iter().filter(|(wanted, _)| *wanted).map(|(_, flag)| *flag));
    let answer = repo.try_run(&arguments)?;
    let state = status::read(&repo)?;
    if answer.code != 0 {
        return Err(why_not(&state).unwrap_or_else(|| repo::failed(&answer)));
    }
    let commit = history::one(&repo, "HEAD")?;
    let summary = format!("committed {}", commit.subject);
    Ok(Output::new(Committed { commit, branch: state.branch, left: state.files.len() }).summary(summary))
}

/// Why there was nothing to commit, if that was it.
fn why_not(status: &Status) -> Option<ToolError> {
    let conflicts: Vec<String> = status.conflicts().map(|path| format!("`{path}`")).collect();
    if !conflicts.is_empty() {
        return Some(ToolError::Failed(format!("there are conflicts in {}: edit, then `add` them", conflicts.join(", "))));
    }
    if status.files.iter().any(|file| file.staged.is_some()) {
        return None;
    }
    let text = if status.clean { "nothing is changed" } else { "nothing is staged: `add` files first, or pass `all`" };
    Some(ToolError::Failed(text.to_owned()))
}

impl Status {
    /// The files that a merge could not settle.
    pub(crate) fn conflicts(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter(|file| file.unstaged == Some(Change::Conflicted)).map(|file| file.path.as_str())
    }
}

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The branch moves; everything stays staged.
    Soft,
    /// The branch moves; nothing is staged; files stay as they are.
    Mixed,
    /// The branch moves, and changes to files are lost.
    Hard,
}

#[data]
struct ToReset {
    /// A directory of the repository, relative to the workspace. Default: the workspace itself.
    #[serde(default)]
    path: Option<String>,
    /// The branch, tag or commit to go to. Default: the last commit.
    #[serde(default)]
    to: Option<String>,
    /// `soft`, `mixed` or `hard`; `hard` loses changes that are not committed. Default: `mixed`.
    #[serde(default)]
    mode: Option<Mode>,
    /// Only unstage these files, relative to the repository; the branch stays where it is.
    #[serde(default)]
    files: Vec<String>,
}

/// Moves the branch to another commit, or unstages files.
#[tool]
fn reset(args: ToReset) -> Result<Output<Status>, ToolError> {
    let repo = Repo::open(args.path.as_deref())?;
    let to = argument::revision("to", args.to.as_deref().unwrap_or("HEAD"))?;
    let files = argument::files("files", &args.files)?;
    if !files.is_empty() && args.mode.is_some_and(|mode| mode != Mode::Mixed) {
        return Err(ToolError::BadInput(
            "argument `files` goes with the mode `mixed` only; `checkout` restores files".to_owned(),
        ));
    }
    let mode = match args.mode.unwrap_or(Mode::Mixed) {
        Mode::Soft => "--soft",
        Mode::Mixed => "--mixed",
        Mode::Hard => "--hard",
    };
    let mut arguments = vec!["reset", "--quiet"];
    if files.is_empty() {
        arguments.push(mode);
    }
    arguments.extend([to, "--"]);
    arguments.extend(files.iter().map(String::as_str));
    repo.run(&arguments)?;
    let state = status::read(&repo)?;
    let summary = if files.is_empty() { format!("reset to {to}") } else { count(files.len(), "file unstaged", "files unstaged") };
    Ok(Output::new(state).summary(summary))
}
