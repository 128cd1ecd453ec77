//! Profiles: which program, which arguments, which variables and which bounds an operator allows under a name.

mod arguments;
mod builtin;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use octi_domain::limits;

use super::types::{ProcessError, Spawn};
use crate::sandbox::egress::HostAllow;

pub use arguments::ArgumentRules;
pub use builtin::{BUILT_IN, GIT, GIT_HOSTS, GIT_NETWORK, WORKSPACE_SHELL};

/// Variables that would change who the program is or what it loads; the sandbox sets the first four itself.
const RESERVED: [&str; 10] = ["HOME", "PATH", "TMPDIR", "TERM", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "PS4", "PROMPT_COMMAND"];

/// Which variables a caller may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvRule {
    /// These and no others.
    Named(Vec<String>),
    /// All but the reserved ones and `LD_*`.
    Harmless,
}

/// What of the network a profile's programs may reach.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Network {
    /// Nothing: no sockets at all.
    #[default]
    Nothing,
    /// These hosts, through the host's own connections, each vetted by the egress door. The program is told of the proxy by
    /// `https_proxy`; nothing else answers in its network.
    Hosts(HostAllow),
}

/// Bounds of the processes of a profile, capped by nothing but the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileLimits {
    pub memory_bytes: u64,
    pub file_bytes: u64,
    pub processes: u64,
    pub open_files: u64,
}

impl Default for ProfileLimits {
    fn default() -> Self {
        Self {
            memory_bytes: limits::PROCESS_MEMORY_BYTES_MAX,
            file_bytes: limits::PROCESS_FILE_BYTES_MAX,
            processes: limits::PROCESS_COUNT_MAX,
            open_files: limits::PROCESS_FILES_MAX,
        }
    }
}

/// What runs under a name.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The absolute path of the program.
    pub program: PathBuf,
    /// Arguments that always come first.
    pub prefix: Vec<String>,
    /// What a caller may add to them.
    pub arguments: ArgumentRules,
    /// Variables a caller may set.
    pub env: EnvRule,
    /// Variables it always gets. `{workspace}` and `{scratch}` in a value stand for those directories.
    pub set: Vec<(String, String)>,
    /// The directory of the workspace in which, or below which, it starts; empty for the workspace itself.
    pub cwd: PathBuf,
    /// The longest run.
    pub time_max: Duration,
    /// Bytes of output that are kept, for each of its two streams.
    pub output_bytes_max: usize,
    /// Directories it may read besides the system's.
    pub read: Vec<PathBuf>,
    /// Directories it may write besides the workspace.
    pub write: Vec<PathBuf>,
    pub network: Network,
    pub limits: ProfileLimits,
}

impl Profile {
    /// A profile of this program that takes any arguments, no variables, and the usual bounds.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            prefix: Vec::new(),
            arguments: ArgumentRules::any(limits::PROCESS_ARGUMENTS_MAX),
            env: EnvRule::Named(Vec::new()),
            set: Vec::new(),
            cwd: PathBuf::new(),
            time_max: Duration::from_millis(limits::GUEST_WALL_MS_CEILING),
            output_bytes_max: limits::PROCESS_OUTPUT_BYTES_MAX,
            read: Vec::new(),
            write: Vec::new(),
            network: Network::Nothing,
            limits: ProfileLimits::default(),
        }
    }

    /// How long a caller may run it: what is asked for, but not longer than the profile allows; unasked, the usual bound.
    #[must_use]
    pub fn time(&self, asked: Option<Duration>) -> Duration {
        asked.unwrap_or(Duration::from_millis(limits::PROCESS_WALL_MS_MAX)).min(self.time_max)
    }

    /// Checks arguments and variables against the profile.
    pub(super) fn check(&self, spawn: &Spawn) -> Result<(), ProcessError> {
        self.arguments.check(&spawn.profile, &spawn.argv)?;
        if spawn.stdin.as_ref().is_some_and(|input| input.len() > limits::PROCESS_INPUT_BYTES_MAX) {
            return Err(limit("the bytes of the input", limits::PROCESS_INPUT_BYTES_MAX));
        }
        let bytes = spawn.env.iter().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
        if bytes > limits::PROCESS_ENV_BYTES_MAX {
            return Err(limit("the bytes of the environment", limits::PROCESS_ENV_BYTES_MAX));
        }
        spawn.env.iter().try_for_each(|(name, value)| self.check_variable(name, value))
    }

    fn check_variable(&self, name: &str, value: &str) -> Result<(), ProcessError> {
        if !is_variable(name) || value.contains('\0') {
            return Err(ProcessError::Invalid(format!(
                "`{}` cannot be a variable: names are letters, digits and `_`, values have no NUL character",
                name.escape_default()
            )));
        }
        let allowed = match &self.env {
            EnvRule::Named(names) => names.iter().any(|n| n == name),
            EnvRule::Harmless => !RESERVED.contains(&name) && !name.starts_with("LD_"),
        };
        if allowed {
            return Ok(());
        }
        Err(ProcessError::Invalid(format!("the profile does not allow the variable `{name}`: leave it out")))
    }
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

const fn limit(what: &'static str, limit: usize) -> ProcessError {
    ProcessError::Limit { what, limit: limit as u64 }
}

/// The profiles of a host, by name.
#[derive(Debug, Clone)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Default for Profiles {
    /// The built-in ones.
    fn default() -> Self {
        Self(builtin::profiles())
    }
}

impl Profiles {
    /// Adds an operator's profile, or replaces one.
    ///
    /// # Errors
    /// When its program is not an absolute path.
    pub fn insert(&mut self, name: &str, profile: Profile) -> Result<(), ProcessError> {
        if !profile.program.is_absolute() {
            return Err(ProcessError::Invalid(format!(
                "the program of profile `{name}` is `{}`: give its absolute path",
                profile.program.display()
            )));
        }
        self.0.insert(name.to_owned(), profile);
        Ok(())
    }

    /// Replaces the hosts that git may reach.
    pub fn set_git_hosts(&mut self, hosts: HostAllow) {
        if let Some(git) = self.0.get_mut(GIT_NETWORK) {
            git.network = Network::Hosts(hosts);
        }
    }

    /// The profile of that name.
    ///
    /// # Errors
    /// Names the profiles there are.
    pub fn get(&self, name: &str) -> Result<&Profile, ProcessError> {
        self.0.get(name).ok_or_else(|| ProcessError::UnknownProfile {
            name: name.to_owned(),
            known: self.0.keys().map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
