//! Running git in a repository.

use std::time::Duration;

use octi_sdk::shell::{Command, Ending};
use octi_sdk::{HostError, ToolError};

use crate::argument::{self, HERE};
use crate::config::Config;
use crate::text::complaint;

/// The host's profile for the files of the workspace.
pub(crate) const LOCAL: &str = "git";
/// The host's profile for other machines.
pub(crate) const NETWORK: &str = "git-network";

const LOCAL_TIME: Duration = Duration::from_secs(60);
const NETWORK_TIME: Duration = Duration::from_secs(480);
/// Who commits when nobody says who.
const NAME_DEFAULT: &str = "octi";
const EMAIL_DEFAULT: &str = "octi@localhost";

/// What git wrote, and its exit code.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
    /// Some of the output was dropped.
    pub(crate) truncated: bool,
}

/// Who makes a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// A repository whose settings were looked at.
#[derive(Debug)]
pub(crate) struct Repo {
    /// Its top directory, relative to the workspace.
    path: String,
    pub(crate) config: Config,
    identity: [(&'static str, String); 4],
}

impl Repo {
    /// The repository that a directory of the workspace is in.
    pub(crate) fn open(path: Option<&str>) -> Result<Self, ToolError> {
        Self::open_as(path, Identity::default())
    }

    /// The same, for making commits.
    pub(crate) fn open_as(path: Option<&str>, identity: Identity) -> Result<Self, ToolError> {
        let path = argument::path("path", path.unwrap_or_default())?;
        let answer = execute(LOCAL, &path, &[], &["rev-parse", "--show-prefix"])?;
        if answer.code != 0 {
            return Err(not_a_repository(&path, &answer.stderr));
        }
        let path = top_of(&path, answer.stdout.trim_end_matches('\n'));
        let answer = execute(LOCAL, &path, &[], &["config", "--list", "--includes", "--show-scope", "-z"])?;
        if answer.code != 0 || answer.truncated {
            return Err(failed(&answer));
        }
        let config = Config::parse(&answer.stdout);
        config.check()?;
        let identity = identity_of(identity, &config);
        Ok(Self { path, config, identity })
    }

    /// Its top directory, relative to the workspace.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Runs git, whatever comes of it.
    pub(crate) fn try_run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Answer, ToolError> {
        execute(LOCAL, &self.path, &self.identity, arguments)
    }

    /// Runs git, which must succeed.
    pub(crate) fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Answer, ToolError> {
        expect(self.try_run(arguments)?)
    }

    /// Runs git with the profile that reaches where it must.
    pub(crate) fn exchange<S: AsRef<str>>(&self, profile: &str, arguments: &[S]) -> Result<Answer, ToolError> {
        execute(profile, &self.path, &self.identity, arguments)
    }

    /// The commit that a revision means; none when there is none.
    pub(crate) fn commit_of(&self, revision: &str) -> Result<Option<String>, ToolError> {
        let commit = format!("{revision}^{{commit}}");
        let answer = self.try_run(&["rev-parse", "--verify", "--quiet", &commit])?;
        Ok((answer.code == 0).then(|| answer.stdout.trim().to_owned()))
    }
}

/// The answer, when git was content.
pub(crate) fn expect(answer: Answer) -> Result<Answer, ToolError> {
    if answer.code == 0 { Ok(answer) } else { Err(failed(&answer)) }
}

/// Why git was not content.
pub(crate) fn failed(answer: &Answer) -> ToolError {
    let told = complaint(&answer.stderr);
    if told.contains("could not read Username") || told.contains("Authentication failed") {
        return ToolError::NeedsUser(format!(
            "the server wants a name and a password, and this tool cannot sign in to git servers: {told}"
        ));
    }
    // Lines of the host: what its network policy refused.
    if told.contains("octi: ") {
        return ToolError::NeedsUser(format!(
            "{told}; the operator allows more hosts with `git_hosts` under `[shell]` in octi's `config.toml`"
        ));
    }
    let told = if told.is_empty() { complaint(&answer.stdout) } else { told };
    ToolError::Failed(if told.is_empty() { format!("git ended with exit code {}", answer.code) } else { told })
}

/// Runs git in a directory of the workspace.
pub(crate) fn execute<S: AsRef<str>>(
    profile: &str,
    directory: &str,
    variables: &[(&str, String)],
    arguments: &[S],
) -> Result<Answer, ToolError> {
    let time = if profile == NETWORK { NETWORK_TIME } else { LOCAL_TIME };
    let mut command = Command::new(profile).timeout(time);
    if directory != HERE {
        command = command.cwd(directory);
    }
    for (name, value) in variables {
        command = command.env(*name, value.clone());
    }
    for argument in arguments {
        command = command.arg(argument.as_ref());
    }
    let finished = command.run().map_err(|error| match error {
        HostError::NotFound(text) if text.contains("cannot be started") => {
            ToolError::NeedsUser(format!("git is not installed on this machine: {text}"))
        }
        other => other.into(),
    })?;
    let code = match finished.ending {
        Ending::Exited(code) => code,
        Ending::TimedOut => {
            return Err(ToolError::Unavailable(format!("git took longer than {} s and was ended", time.as_secs())));
        }
        Ending::OutputLimit => return Err(ToolError::Failed("git wrote more than is read; ask for less".to_owned())),
        Ending::Signalled(signal) => return Err(ToolError::Failed(format!("git was ended by signal {signal}"))),
    };
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Answer { stdout: lossy(&finished.stdout), stderr: lossy(&finished.stderr), code, truncated: finished.truncated })
}

fn not_a_repository(path: &str, stderr: &str) -> ToolError {
    let told = complaint(stderr);
    if told.contains("not a git repository") {
        let place = if path == HERE { "the workspace".to_owned() } else { format!("`{path}`") };
        return ToolError::Failed(format!(
            "{place} is not in a git repository; pass the `path` of one, or make one with `init` or `clone`"
        ));
    }
    ToolError::Failed(told)
}

/// The top directory, when a directory is `prefix` below it.
fn top_of(path: &str, prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    let top = path.strip_suffix(prefix).unwrap_or(path).trim_end_matches('/');
    if top.is_empty() { HERE.to_owned() } else { top.to_owned() }
}

/// What was asked for, else what the repository says, else somebody neutral.
fn identity_of(identity: Identity, config: &Config) -> [(&'static str, String); 4] {
    let known = |key: &str| config.get(key).map(str::to_owned).filter(|text| argument::identity(key, text).is_ok());
    let name = identity.name.or_else(|| known("user.name")).unwrap_or_else(|| NAME_DEFAULT.to_owned());
    let email = identity.email.or_else(|| known("user.email")).unwrap_or_else(|| EMAIL_DEFAULT.to_owned());
    [
        ("GIT_AUTHOR_NAME", name.clone()),
        ("GIT_AUTHOR_EMAIL", email.clone()),
        ("GIT_COMMITTER_NAME", name),
        ("GIT_COMMITTER_EMAIL", email),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_above_the_prefix() {
        for (path, prefix, top) in [("a/b/c", "b/c/", "a"), ("a", "", "a"), (".", "", "."), ("b", "b/", "."), ("a/b", "b", "a")] {
            assert_eq!(top_of(path, prefix), top, "{path} {prefix}");
        }
    }

    #[test]
    fn who_commits_is_asked_for_then_set_then_neutral() {
        let config = Config::parse("local\0user.name\nAda\0local\0user.email\na <b>\0");
        let names = |identity: Identity| identity_of(identity, &config).map(|(_, value)| value);
        assert_eq!(names(Identity::default()), ["Ada", "octi@localhost", "Ada", "octi@localhost"]);
        let asked = Identity { name: Some("Grace".to_owned()), email: Some("g@x".to_owned()) };
        assert_eq!(names(asked), ["Grace", "g@x", "Grace", "g@x"]);
    }

    #[test]
    fn failures_say_who_can_act() {
        let answer = |stderr: &str| Answer { stdout: String::new(), stderr: stderr.to_owned(), code: 128, truncated: false };
        assert!(matches!(failed(&answer("fatal: could not read Username for 'x'")), ToolError::NeedsUser(_)));
        let refused = failed(&answer("octi: `a.test:443` is not among the hosts\nfatal: unable to access"));
        assert!(matches!(refused, ToolError::NeedsUser(text) if text.contains("`git_hosts`")));
        assert_eq!(failed(&answer("fatal: bad revision")), ToolError::Failed("bad revision".to_owned()));
        assert_eq!(failed(&answer("")), ToolError::Failed("git ended with exit code 128".to_owned()));
    }
}
