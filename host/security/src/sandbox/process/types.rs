//! What is asked of the process door, and what it answers.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use octi_domain::ids::UserId;
use serde::{Deserialize, Serialize};

/// How much of the sandbox must hold before a program may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No Landlock, no seccomp and no namespaces: only the clean environment, the resource limits, the time limit and the
    /// group kill. For machines where something else is the sandbox.
    Off,
    /// As much as this machine has; the result says how much that was.
    #[default]
    Auto,
    /// All of no_new_privs, Landlock (with truncation, ABI 3), seccomp, a network namespace and read-only mounts, or the program
    /// does not start.
    Required,
}

/// The layers that hold around a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reached {
    /// Set-user-id programs give nothing.
    pub no_new_privs: bool,
    /// The Landlock version that is enforced; 0 is none.
    pub landlock_abi: u32,
    /// Dangerous system calls and sockets are refused.
    pub seccomp: bool,
    /// The program has a network of its own with nothing in it.
    pub net_ns: bool,
    /// A user namespace was needed for the other namespaces (the host does not run as root).
    pub user_ns: bool,
    /// The program sees only processes of its own, and none of them outlives it.
    pub pid_ns: bool,
    /// `/proc` shows only those processes; otherwise there is no `/proc`.
    pub own_proc: bool,
    /// What it may not write is mounted read-only: not even modes, owners and times can be changed, which Landlock does not watch.
    pub read_only: bool,
    /// The program has no capabilities, even when it runs as root.
    pub no_capabilities: bool,
    /// Its number of processes is bounded.
    pub process_limit: bool,
    /// It reaches the network through the host's proxy, as its profile allows. Not a layer: the opposite of one.
    pub tunnel: bool,
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |on: bool| if on { "yes" } else { "no" };
        write!(
            f,
            "no_new_privs {}, landlock abi {}, seccomp {}, network namespace {}, user namespace {}, pid namespace {}, own /proc {}, \
             read-only mounts {}, no capabilities {}, process limit {}, network through the host {}",
            word(self.no_new_privs),
            self.landlock_abi,
            word(self.seccomp),
            word(self.net_ns),
            word(self.user_ns),
            word(self.pid_ns),
            word(self.own_proc),
            word(self.read_only),
            word(self.no_capabilities),
            word(self.process_limit),
            word(self.tunnel),
        )
    }
}

/// How to start programs on this machine.
#[derive(Debug, Clone)]
pub struct ProcessConfig {
    /// The program whose `__sandbox` subcommand is [`super::launcher_main`]: octi itself.
    pub launcher: PathBuf,
    /// How much of the sandbox must hold.
    pub level: Level,
}

/// One program to run.
#[derive(Debug, Clone, Default)]
pub struct Spawn {
    /// The profile, such as `workspace-shell`.
    pub profile: String,
    /// Arguments after the program; for `workspace-shell` the one shell line.
    pub argv: Vec<String>,
    /// Where it starts: the workspace or a directory in it (`Workspace::relative_dir`).
    pub cwd: PathBuf,
    /// What it may read and write.
    pub workspace: PathBuf,
    /// Variables for it, as far as the profile allows their names.
    pub env: Vec<(String, String)>,
    /// After this it is killed; the profile's own bound holds too.
    pub time_max: Duration,
    /// What it reads; without it, nothing (for background programs: what is written later).
    pub stdin: Option<Vec<u8>>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Exited(i32),
    Signalled(i32),
    TimedOut,
    OutputLimit,
}

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub ending: Ending,
    /// The first `PROCESS_OUTPUT_BYTES_MAX` bytes.
    pub stdout: Vec<u8>,
    /// The first `PROCESS_OUTPUT_BYTES_MAX` bytes.
    pub stderr: Vec<u8>,
    /// Whether there was more in either.
    pub truncated: bool,
    /// The layers that held.
    pub reached: Reached,
}

/// Who a background program belongs to; nobody else can find it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    pub user_id: UserId,
    pub plugin: String,
}

/// What a background program wrote since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct News {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Older output was dropped because nobody asked for it in time.
    pub truncated: bool,
    /// Set once the program is over and everything was read.
    pub ending: Option<Ending>,
}

/// Why a program did not run. Every text is safe to show to a person and to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// No such profile.
    #[error("there is no shell profile `{name}`: this host has {known}")]
    UnknownProfile { name: String, known: String },
    /// The arguments make no sense or are not allowed by the profile.
    #[error("{0}")]
    Invalid(String),
    /// The sandbox is weaker than the host's setting demands.
    #[error("the program was not started: {0}")]
    Refused(String),
    /// The program is not there or cannot be executed.
    #[error("{0}")]
    NotFound(String),
    /// A count or size of `octi_domain::limits`.
    #[error("{what} would be more than {limit}")]
    Limit { what: &'static str, limit: u64 },
    /// The host is stopping.
    #[error("the host is shutting down: no more programs are started")]
    ShuttingDown,
    /// The program is over.
    #[error("the program has ended: nothing can be written to it")]
    Ended,
    /// The launcher or the operating system failed.
    #[error("the program could not be started: {0}")]
    Failed(String),
}
