//! The profiles that come with octi.
//!
//! Git is two of them: what works on the files of a workspace has no network, and what talks to other machines does only that.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{ArgumentRules, EnvRule, Network, Profile};
use crate::sandbox::egress::HostAllow;
use crate::sandbox::process::start;
use crate::sandbox::process::types::ProcessError;

/// One shell line, in the workspace, without network.
pub const WORKSPACE_SHELL: &str = "workspace-shell";
/// Git on the files of the workspace, without network.
pub const GIT: &str = "git";
/// Git that fetches and pushes over HTTPS.
pub const GIT_NETWORK: &str = "git-network";
/// The names that no profile of an operator may have.
pub const BUILT_IN: [&str; 3] = [WORKSPACE_SHELL, GIT, GIT_NETWORK];

/// Where git may connect to, unless the operator says otherwise.
pub const GIT_HOSTS: [&str; 6] =
    ["github.com", "codeload.github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht"];

const LOCAL_COMMANDS: [&str; 19] = [
    "add",
    "branch",
    "checkout",
    "clone",
    "commit",
    "config",
    "diff",
    "fetch",
    "for-each-ref",
    "init",
    "log",
    "merge",
    "push",
    "rebase",
    "remote",
    "reset",
    "rev-parse",
    "stash",
    "status",
];
const NETWORK_COMMANDS: [&str; 3] = ["clone", "fetch", "push"];

/// Settings on the command line come last and win over those of a repository, which are whatever somebody put into its files: nothing
/// in them may name a program to run.
const GIT_SETTINGS: [&str; 38] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.pager=cat",
    "core.editor=:",
    "core.askPass=/bin/false",
    "core.sshCommand=/bin/false",
    "core.gitProxy=/bin/false",
    "core.alternateRefsCommand=true",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.quotePath=false",
    "credential.helper=",
    // An empty value would be run too: without `--no-ext-diff` a difference fails.
    "diff.external=/bin/false",
    "diff.submodule=short",
    "diff.ignoreSubmodules=dirty",
    "status.submoduleSummary=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "commit.gpgSign=false",
    "tag.gpgSign=false",
    "push.gpgSign=false",
    "log.showSignature=false",
    "merge.verifySignatures=false",
    "gpg.program=/bin/false",
    "gpg.ssh.program=/bin/false",
    "gpg.x509.program=/bin/false",
    "rebase.autoSquash=false",
    "sequence.editor=:",
    "rerere.enabled=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "init.templateDir=",
    "init.defaultBranch=main",
    "safe.bareRepository=explicit",
    "color.ui=false",
    "http.sslVerify=true",
    "http.followRedirects=initial",
];

/// The same from the other side: no settings of the machine or of a home directory, no questions, no helpers, and only the transports
/// that are meant. `GIT_ALLOW_PROTOCOL` also keeps `ext::` addresses, which are commands, from running.
const GIT_VARIABLES: [(&str, &str); 15] = [
    ("HOME", "{scratch}"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_CEILING_DIRECTORIES", "{workspace}/.."),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", "/bin/false"),
    ("SSH_ASKPASS", "/bin/false"),
    ("GIT_SSH_COMMAND", "/bin/false"),
    ("GIT_PAGER", "cat"),
    ("GIT_EDITOR", ":"),
    ("GIT_SEQUENCE_EDITOR", ":"),
    ("GIT_MERGE_AUTOEDIT", "no"),
    ("GIT_ADVICE", "0"),
    ("LC_ALL", "C.UTF-8"),
];

/// Options that name a program or an output file, in every abbreviation that git takes, and addresses that are commands.
const GIT_DENIED: [&str; 9] = [
    // `-c key=value`, and `-u` of clone and fetch.
    "-[cu].*",
    // --upload-pack
    "--up?(=.*)?|--upl.*",
    // --receive-pack
    "--rece.*",
    // --exec, --ext-diff, --edit, --exec-path
    "--e.*",
    // --config, --config-env
    "--co?n?(=.*)?|--conf.*",
    // --template, --textconv
    "--te.*",
    // --output, which writes a file
    "--out.*",
    // Another repository or work tree than the one of the directory.
    "--(git-dir|work-tree|separate-git-dir|super-prefix|namespace).*",
    // Transports that are programs: ext::, fd::.
    "[A-Za-z0-9+.-]+::.*",
];

/// The repository at the other end has settings and hooks of its own, and for one on this machine git runs its end here too.
const LOCAL_RECEIVER: &str = "--receive-pack=git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true \
                              -c receive.denyCurrentBranch=refuse -c gc.auto=0 receive-pack";

const IDENTITY: [&str; 4] = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];

pub(super) fn profiles() -> BTreeMap<String, Profile> {
    let shell = Profile {
        prefix: vec!["-c".to_owned()],
        arguments: ArgumentRules::any(1),
        env: EnvRule::Harmless,
        ..Profile::new("/bin/sh")
    };
    let mut all = BTreeMap::from([(WORKSPACE_SHELL.to_owned(), shell)]);
    // The lists above are fixed, so neither can fail; the tests below would say so.
    if let Ok(local) = git("file", &LOCAL_COMMANDS) {
        all.insert(GIT.to_owned(), local);
    }
    if let (Ok(remote), Ok(hosts)) = (git("https", &NETWORK_COMMANDS), HostAllow::parse(GIT_HOSTS)) {
        all.insert(GIT_NETWORK.to_owned(), Profile { network: Network::Hosts(hosts), ..remote });
    }
    all
}

fn git(protocol: &str, commands: &[&str]) -> Result<Profile, ProcessError> {
    let program = start::which("git", &[]).unwrap_or_else(|| PathBuf::from("/usr/bin/git"));
    let settings = GIT_SETTINGS.iter().flat_map(|setting| ["-c", setting]);
    let variables = GIT_VARIABLES.iter().copied().chain([("GIT_ALLOW_PROTOCOL", protocol)]);
    let base = Profile::new(program);
    Ok(Profile {
        prefix: ["--no-pager"].into_iter().chain(settings).map(str::to_owned).collect(),
        arguments: base.arguments.clone().first(commands.iter().copied()).exact([LOCAL_RECEIVER]).deny(GIT_DENIED)?,
        env: EnvRule::Named(IDENTITY.map(str::to_owned).to_vec()),
        set: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        ..base
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::process::types::Spawn;

    fn check(profile: &str, argv: &[&str]) -> Result<(), String> {
        let spawn = Spawn {
            profile: profile.to_owned(),
            argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
            ..Spawn::default()
        };
        profiles()[profile].check(&spawn).map_err(|error| error.to_string())
    }

    #[test]
    fn every_built_in_profile_is_there() {
        assert_eq!(profiles().keys().map(String::as_str).collect::<Vec<_>>(), [GIT, GIT_NETWORK, WORKSPACE_SHELL]);
    }

    #[test]
    fn what_git_is_meant_to_do_passes() {
        for argv in [
            &["status", "--porcelain=v2", "-z", "--untracked-files=all"][..],
            &["commit", "--message=fix -c x: ext::y", "--cleanup=whitespace"],
            &["add", "--update", "--", "a/b"],
            &["push", "--set-upstream", LOCAL_RECEIVER, "origin", "main:main"],
            &["diff", "--no-ext-diff", "--no-textconv", "--cached"],
            &["log", "--format=%H%x00%s", "--max-count=3"],
        ] {
            assert_eq!(check(GIT, argv), Ok(()), "{argv:?}");
        }
    }

    #[test]
    fn options_that_name_programs_do_not_pass_under_any_abbreviation() {
        for argument in [
            "-c",
            "-ccore.editor=x",
            "-u",
            "-utouch x",
            "--upload-pack=touch x",
            "--uplo=x",
            "--up=x",
            "--u=x",
            "--receive-pack=x",
            "--rece=x",
            "--exec=x",
            "--exe=x",
            "--ex",
            "--ext-diff",
            "--config=core.editor=x",
            "--conf=x",
            "--con=x",
            "--c=x",
            "--template=x",
            "--textconv",
            "--output=x",
            "--git-dir=/x",
            "ext::sh -c touch% x",
            "fd::7",
        ] {
            for command in ["clone", "fetch", "push"] {
                let text = check(GIT, &[command, argument]).unwrap_err();
                assert!(text.contains("does not allow"), "{argument}: {text}");
                assert!(check(GIT_NETWORK, &[command, argument]).is_err(), "{argument}");
            }
        }
        assert!(check(GIT, &["push", &format!("{LOCAL_RECEIVER}; touch x")]).is_err());
    }

    #[test]
    fn options_before_the_command_and_other_commands_do_not_pass() {
        for word in ["-C", "--exec-path=.", "filter-branch", "submodule", "daemon", "difftool", "upload-pack", "help", "gc"] {
            assert!(check(GIT, &[word, "x"]).unwrap_err().contains("`status`"), "{word}");
        }
        for word in ["status", "commit", "config", "pull", "checkout"] {
            assert!(check(GIT_NETWORK, &[word]).is_err(), "what needs no network gets none: {word}");
        }
    }
}
