//! What the host tells the launcher, and what the launcher tells the host.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::sandbox::process::types::{Ending, Level, Reached};

/// Bytes of a [`LaunchSpec`] on the wire: arguments, environment and paths, escaped, with room to spare.
pub(in crate::sandbox::process) const SPEC_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// Orders for one launch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox::process) struct LaunchSpec {
    /// The program and its arguments; nothing to only find out which layers hold.
    pub argv: Vec<String>,
    pub cwd: PathBuf,
    pub workspace: PathBuf,
    /// Made by the launcher and removed when the program has ended.
    pub scratch: PathBuf,
    pub env: Vec<(String, String)>,
    /// More directories to read.
    pub read: Vec<PathBuf>,
    /// More directories to write.
    pub write: Vec<PathBuf>,
    /// Directories that are not there for it, but for what it may write in them.
    pub hidden: Vec<PathBuf>,
    /// It may use the network through the host: the port of the host's proxy, once the launcher has opened it; 0 before.
    pub tunnel: Option<u16>,
    pub level: Level,
    pub memory_bytes: u64,
    pub file_bytes: u64,
    pub processes: u64,
    pub open_files: u64,
    pub cpu_seconds: u64,
}

/// What happened, one line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::sandbox::process) enum Report {
    /// The layers are in place and the program starts now.
    Reached(Reached),
    /// The layers are fewer than the level demands.
    Refused(String),
    /// The program is not there or not executable.
    NotFound(String),
    /// Something else went wrong before the program started.
    Failed(String),
    /// The program is over.
    Ended(Ending),
}
