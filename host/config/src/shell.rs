//! `[shell]`: which programs tools may run besides the built-in profiles, and what those may do.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use octi_domain::limits;
use regex::RegexBuilder;
use serde::Deserialize;

/// Bytes that one compiled argument pattern may take.
const PATTERN_BYTES_MAX: usize = 1024 * 1024;
/// Names that the built-in profiles have.
const BUILT_IN: [&str; 3] = ["workspace-shell", "git", "git-network"];

/// Programs that tools may run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Shell {
    /// The hosts that the `git` tool may connect to, instead of the well-known ones.
    pub git_hosts: Option<Vec<String>>,
    /// More profiles, by name. A plugin gets one only when it asks for it and is granted it.
    pub profiles: BTreeMap<String, ShellProfile>,
}

/// One program and what it may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShellProfile {
    /// Its absolute path.
    pub program: PathBuf,
    /// Arguments that always come first.
    #[serde(default)]
    pub prefix: Vec<String>,
    #[serde(default)]
    pub arguments: Arguments,
    /// Variables that a caller may set.
    #[serde(default)]
    pub env: Vec<String>,
    /// Variables it always gets; `{workspace}` and `{scratch}` in a value stand for those directories.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// A directory of the workspace that it starts in or below.
    #[serde(default)]
    pub cwd: PathBuf,
    pub seconds_max: Option<u64>,
    pub output_kb_max: Option<usize>,
    pub memory_mb_max: Option<u64>,
    pub file_mb_max: Option<u64>,
    pub processes_max: Option<u64>,
    pub open_files_max: Option<u64>,
    /// Directories it may read besides the system's.
    #[serde(default)]
    pub read: Vec<PathBuf>,
    /// Directories it may write besides the workspace.
    #[serde(default)]
    pub write: Vec<PathBuf>,
    /// Hosts it may reach over `https`, through octi: `host`, `host:port` or `*.host`. Without any it has no network.
    #[serde(default)]
    pub network: Vec<String>,
}

/// What the arguments of a caller may be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Arguments {
    /// The words of which one must come first; empty for any.
    pub first: Vec<String>,
    /// Regular expressions of which one must match each whole argument; absent for any argument.
    pub allow: Option<Vec<String>>,
    /// Regular expressions of which none may match a whole argument.
    pub deny: Vec<String>,
    pub count_max: Option<usize>,
}

/// A field and what is wrong with it.
pub(crate) type Problem = (String, String);

impl Shell {
    /// Checks what can be checked without starting anything. `home` is what no program may be given.
    pub(crate) fn check(&self, home: &Path) -> Result<(), Problem> {
        if let Some(hosts) = &self.git_hosts {
            check_hosts("shell.git_hosts", hosts)?;
        }
        self.profiles.iter().try_for_each(|(name, profile)| {
            let place = format!("shell.profiles.{name}");
            if BUILT_IN.contains(&name.as_str()) {
                return Err((place, "this name is built in: choose another".to_owned()));
            }
            let is_name = !name.is_empty()
                && name.len() <= 64
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            if !is_name {
                return Err((place, "a profile's name is lower case letters, digits and `-`".to_owned()));
            }
            profile.check(home).map_err(|(field, problem)| (format!("{place}.{field}"), problem))
        })
    }
}

impl ShellProfile {
    fn check(&self, home: &Path) -> Result<(), Problem> {
        if !self.program.is_absolute() {
            return Err(("program".to_owned(), format!("`{}` is not an absolute path", self.program.display())));
        }
        if !self.cwd.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(("cwd".to_owned(), format!("`{}` is not a directory below the workspace", self.cwd.display())));
        }
        let arguments = &self.arguments;
        for (field, patterns) in [("allow", arguments.allow.as_deref().unwrap_or_default()), ("deny", &arguments.deny)] {
            for (at, pattern) in patterns.iter().enumerate() {
                RegexBuilder::new(pattern)
                    .size_limit(PATTERN_BYTES_MAX)
                    .build()
                    .map_err(|error| (format!("arguments.{field}[{at}]"), format!("`{pattern}` cannot be read: {error}")))?;
            }
        }
        let names = self.env.iter().enumerate().map(|(at, name)| (format!("env[{at}]"), name));
        let set = self.set.keys().map(|name| (format!("set.{name}"), name));
        for (field, name) in names.chain(set) {
            check_variable(&field, name)?;
        }
        for (field, paths) in [("read", &self.read), ("write", &self.write)] {
            for (at, path) in paths.iter().enumerate() {
                check_path(&format!("{field}[{at}]"), path, home)?;
            }
        }
        self.check_numbers()?;
        check_hosts("network", &self.network)
    }

    fn check_numbers(&self) -> Result<(), Problem> {
        let count = |number: Option<usize>| number.map(|number| number as u64);
        let all = [
            ("arguments.count_max", count(self.arguments.count_max), limits::PROCESS_ARGUMENTS_MAX as u64),
            ("seconds_max", self.seconds_max, limits::GUEST_WALL_MS_CEILING / 1_000),
            ("output_kb_max", count(self.output_kb_max), limits::PROCESS_DRAIN_BYTES_MAX / 1_024),
            ("memory_mb_max", self.memory_mb_max, 1_024 * 1_024),
            ("file_mb_max", self.file_mb_max, 1_024 * 1_024),
            ("processes_max", self.processes_max, 4_096),
            ("open_files_max", self.open_files_max, 65_536),
        ];
        for (field, number, most) in all {
            if number.is_some_and(|number| number == 0 || number > most) {
                return Err((field.to_owned(), format!("it must be between 1 and {most}")));
            }
        }
        Ok(())
    }
}

fn check_variable(field: &str, name: &str) -> Result<(), Problem> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err((field.to_owned(), format!("`{name}` is not the name of a variable")));
    }
    Ok(())
}

/// A directory that a program may have. Neither what octi keeps nor anything around it, because there are the keys and every workspace.
fn check_path(field: &str, path: &Path, home: &Path) -> Result<(), Problem> {
    let problem = |text: String| Err((field.to_owned(), text));
    if !path.is_absolute() {
        return problem(format!("`{}` is not an absolute path", path.display()));
    }
    // What is not there yet is compared as it is written.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (real, home) = (real(path), real(home));
    if real.starts_with(&home) || home.starts_with(&real) {
        return problem(format!("`{}` holds, or lies in, the data of octi, which no program may have", path.display()));
    }
    Ok(())
}

/// Hosts as far as they can be told from nonsense here; the egress door reads them in full.
fn check_hosts(field: &str, hosts: &[String]) -> Result<(), Problem> {
    let is_odd =
        |host: &String| host.is_empty() || host.contains(['/', '@', '?', '#', '\\']) || host.contains(char::is_whitespace);
    match hosts.iter().enumerate().find(|(_, host)| is_odd(host)) {
        Some((at, host)) => {
            Err((format!("{field}[{at}]"), format!("`{host}` is not a host: write `host`, `host:port` or `*.host`")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let shell: Shell = toml::from_str(text).expect("well-formed");
        match shell.check(Path::new("/var/lib/octi")) {
            Ok(()) => "fine".to_owned(),
            Err((field, problem)) => format!("{field}: {problem}"),
        }
    }

    #[test]
    fn a_full_profile_is_fine() {
        let text = r#"
            git_hosts = ["git.example.com:8443", "*.example.org"]
            [profiles.cargo]
            program = "/usr/bin/cargo"
            prefix = ["--offline"]
            arguments = { first = ["build", "test"], allow = ["[a-z=-]+"], deny = ["--config.*"], count_max = 20 }
            env = ["RUSTFLAGS"]
            set = { CARGO_HOME = "{scratch}/cargo" }
            cwd = "project"
            seconds_max = 300
            output_kb_max = 512
            memory_mb_max = 2048
            file_mb_max = 100
            processes_max = 64
            open_files_max = 512
            read = ["/opt/toolchain"]
            write = ["/var/cache/cargo"]
            network = ["index.crates.io"]
        "#;
        assert_eq!(problem(text), "fine");
    }

    #[test]
    fn every_mistake_is_named_by_its_field() {
        for (line, field, part) in [
            ("program = 'cargo'", "program", "absolute"),
            ("program = '/x'\ncwd = '../up'", "cwd", "below the workspace"),
            ("program = '/x'\ncwd = '/up'", "cwd", "below the workspace"),
            ("program = '/x'\narguments.allow = ['a', '(']", "arguments.allow[1]", "cannot be read"),
            ("program = '/x'\narguments.deny = ['a{9999999}']", "arguments.deny[0]", "cannot be read"),
            ("program = '/x'\narguments.count_max = 0", "arguments.count_max", "between 1 and 1024"),
            ("program = '/x'\nenv = ['A=B']", "env[0]", "variable"),
            ("program = '/x'\nset = { 'A B' = '' }", "set.A B", "variable"),
            ("program = '/x'\nread = ['opt']", "read[0]", "absolute"),
            ("program = '/x'\nread = ['/']", "read[0]", "the data of octi"),
            ("program = '/x'\nwrite = ['/opt', '/var/lib/octi/octi.db']", "write[1]", "the data of octi"),
            ("program = '/x'\nseconds_max = 601", "seconds_max", "between 1 and 600"),
            ("program = '/x'\noutput_kb_max = 0", "output_kb_max", "between 1 and"),
            ("program = '/x'\nnetwork = ['https://example.com']", "network[0]", "`host:port`"),
        ] {
            let text = problem(&format!("[profiles.build]\n{line}"));
            assert!(text.starts_with(&format!("shell.profiles.build.{field}: ")) && text.contains(part), "{line}: {text}");
        }
        assert!(problem("git_hosts = ['a', 'b c']").starts_with("shell.git_hosts[1]: "));
        assert!(problem("[profiles.git]\nprogram = '/x'").starts_with("shell.profiles.git: this name is built in"));
        assert!(problem("[profiles.Git]\nprogram = '/x'").contains("lower case"));
    }
}
