//! Profiles: which program, which variables and which bounds an operator allows under a name.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use octi_domain::limits;

use super::types::{ProcessError, Spawn};

/// The built-in profile: one shell line, in the workspace, without network.
pub const WORKSPACE_SHELL: &str = "workspace-shell";

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The absolute path of the program.
    pub program: PathBuf,
    /// Arguments that always come first.
    pub prefix: Vec<String>,
    /// How many arguments a caller may add.
    pub arguments_max: usize,
    pub env: EnvRule,
    /// The longest run.
    pub time_max: Duration,
    /// Directories it may read besides the system's.
    pub read: Vec<PathBuf>,
    pub limits: ProfileLimits,
}

impl Profile {
    /// How long a caller may run it: what is asked for, but not longer than the profile allows; unasked, the usual bound.
    #[must_use]
    pub fn time(&self, asked: Option<Duration>) -> Duration {
        asked.unwrap_or(Duration::from_millis(limits::PROCESS_WALL_MS_MAX)).min(self.time_max)
    }

    /// Checks arguments and variables against the profile.
    pub(super) fn check(&self, spawn: &Spawn) -> Result<(), ProcessError> {
        if spawn.argv.len() > self.arguments_max {
            return Err(ProcessError::Invalid(format!(
                "profile `{}` takes at most {} argument(s), not {}",
                spawn.profile,
                self.arguments_max,
                spawn.argv.len()
            )));
        }
        let bytes = spawn.argv.iter().map(|a| a.len() + 1).sum::<usize>();
        if bytes > limits::PROCESS_ARGV_BYTES_MAX {
            return Err(limit("the bytes of the arguments", limits::PROCESS_ARGV_BYTES_MAX));
        }
        if spawn.argv.iter().any(|a| a.contains('\0')) {
            return Err(ProcessError::Invalid("an argument contains a NUL character, which no program can take".to_owned()));
        }
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
        let well_formed = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !well_formed || value.contains('\0') {
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

const fn limit(what: &'static str, limit: usize) -> ProcessError {
    ProcessError::Limit { what, limit: limit as u64 }
}

/// The profiles of a host, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profiles(BTreeMap<String, Profile>);

impl Default for Profiles {
    fn default() -> Self {
        let shell = Profile {
            program: PathBuf::from("/bin/sh"),
            prefix: vec!["-c".to_owned()],
            arguments_max: 1,
            env: EnvRule::Harmless,
            time_max: Duration::from_millis(limits::GUEST_WALL_MS_CEILING),
            read: Vec::new(),
            limits: ProfileLimits::default(),
        };
        Self(BTreeMap::from([(WORKSPACE_SHELL.to_owned(), shell)]))
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
