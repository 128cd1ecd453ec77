//! `clone`, and what is an address.

use octi_sdk::{Output, ToolError, data, tool};

use crate::argument::{self, HERE, bad};
use crate::repo::{self, LOCAL, NETWORK, Repo, expect};
use crate::status;

/// Commits of history that may be asked for.
const DEPTH_MAX: u32 = 1_000_000;

/// Where another repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a server.
    Network(String),
    /// In the workspace: a path relative to it.
    Local(String),
}

impl Place {
    /// The host's profile that reaches it.
    pub(crate) const fn profile(&self) -> &'static str {
        match self {
            Self::Network(_) => NETWORK,
            Self::Local(_) => LOCAL,
        }
    }
}

/// Reads an address as a model writes it.
pub(crate) fn place(argument: &str, address: &str) -> Result<Place, ToolError> {
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) || address.is_empty() || address.contains("::") {
        return Err(bad(argument, address, "is not an address; pass `https://…`, or a path of the workspace"));
    }
    if let Some((scheme, rest)) = address.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let problem = match scheme.to_ascii_lowercase().as_str() {
            "https" if authority.contains('@') => "holds a name or password; leave it out",
            "https" if authority.is_empty() => "names no server",
            "https" => return Ok(Place::Network(address.to_owned())),
            "http" => "would be spoken to without encryption; use `https://`",
            "ssh" | "git" | "git+ssh" => "needs a way to the network that is not there; use `https://`",
            "file" => "is a file address; pass a path relative to the workspace instead",
            _ => "has a scheme that is not supported; use `https://`",
        };
        return Err(bad(argument, address, problem));
    }
    // The short form of SSH: a colon before the first slash.
    if address.split('/').next().is_some_and(|first| first.contains(':')) {
        return Err(bad(argument, address, "is an SSH address, and SSH is not supported; use `https://`"));
    }
    argument::path(argument, address).map(Place::Local)
}

#[data]
struct ToClone {
    /// `https://…`, or the path of a repository in the workspace.
    url: String,
    /// The new directory, relative to the workspace. Default: the last part of `url`.
    #[serde(default)]
    path: Option<String>,
    /// The branch or tag to check out. Default: the one the other repository has checked out.
    #[serde(default)]
    branch: Option<String>,
    /// How many of the latest commits to take. Default: all.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    depth: Option<u32>,
}

#[data]
struct Cloned {
    /// The new repository, relative to the workspace.
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// Left out when the other repository has no commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

/// Copies a repository into the workspace, from a git server over HTTPS or from another directory of the workspace. Submodules are not
/// taken.
#[tool]
fn clone(args: ToClone) -> Result<Output<Cloned>, ToolError> {
    let place = place("url", &args.url)?;
    let path = match args.path.as_deref() {
        Some(path) => argument::path("path", path)?,
        None => argument::path("url", last_part(&args.url))?,
    };
    if path == HERE {
        return Err(ToolError::BadInput("argument `path`: name a new directory for the repository".to_owned()));
    }
    let branch = args.branch.as_deref().map(|branch| argument::branch("branch", branch)).transpose()?;
    let branch = branch.map(|branch| format!("--branch={branch}"));
    let depth = args.depth.map(|depth| format!("--depth={}", depth.clamp(1, DEPTH_MAX)));
    let source = match &place {
        Place::Network(address) => address.clone(),
        Place::Local(path) => format!("./{path}"),
    };
    // Through a transport also when it is near: a copy of another repository's files would be a copy of whatever is in them.
    let mut arguments = vec!["clone", "--quiet", "--no-local", "--no-recurse-submodules"];
    arguments.extend(branch.as_deref());
    arguments.extend(depth.as_deref());
    arguments.extend(["--", source.as_str(), path.as_str()]);
    expect(repo::execute(place.profile(), HERE, &[], &arguments)?)?;
    let state = status::read(&Repo::open(Some(&path))?)?;
    let summary = format!("cloned {} into {path}", args.url);
    Ok(Output::new(Cloned { path, branch: state.branch, commit: state.commit }).summary(summary))
}

/// The name that git would choose.
fn last_part(url: &str) -> &str {
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    last.strip_suffix(".git").unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_and_directories_are_told_apart() {
        let network = |address: &str| Ok(Place::Network(address.to_owned()));
        let local = |path: &str| Ok(Place::Local(path.to_owned()));
        assert_eq!(place("url", "https://example.com/a/b.git"), network("https://example.com/a/b.git"));
        assert_eq!(place("url", "https://example.com:8443/a@b"), network("https://example.com:8443/a@b"));
        assert_eq!((place("url", "./remote.git/"), place("url", "a/b")), (local("remote.git"), local("a/b")));
        assert_eq!((place("url", "-x"), Place::Local("-x".to_owned()).profile()), (local("-x"), "git"));
    }

    #[test]
    fn other_addresses_are_answered_with_what_to_write() {
        for (address, part) in [
            ("http://example.com/a", "`https://`"),
            ("ssh://git@example.com/a", "`https://`"),
            ("git@example.com:a/b.git", "SSH is not supported"),
            ("example.com:a", "SSH is not supported"),
            ("git://example.com/a", "`https://`"),
            ("file:///etc", "relative to the workspace"),
            ("https://user:secret@example.com/a", "leave it out"),
            ("https:///a", "names no server"),
            ("ext::sh -c touch% x", "not an address"),
            ("ext::sh", "not an address"),
            ("/etc", "absolute"),
            ("../other", "goes up"),
            ("", "not an address"),
        ] {
            let Err(ToolError::BadInput(text)) = place("url", address) else { panic!("{address}") };
            assert!(text.contains(part), "{address}: {text}");
        }
    }

    #[test]
    fn a_clone_is_named_after_its_source() {
        for (url, name) in [("https://example.com/a/b.git", "b"), ("remote.git/", "remote"), ("a/b", "b"), ("https://x", "x")] {
            assert_eq!(last_part(url), name);
        }
    }
}
