//! What is installed right now, as one consistent picture.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::capability::VaultRequest;
use crate::role::Role;
use crate::tool::Tool;

/// Every tool and role of one moment. Holding it pins the generations inside, so the schema a model was shown is the code
/// that runs.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// By name, such as `filesystem__read_file`.
    pub tools: BTreeMap<String, Arc<dyn Tool>>,
    /// By name, such as `general`.
    pub roles: BTreeMap<String, Arc<dyn Role>>,
}

/// Where snapshots come from.
pub trait Registry: Send + Sync {
    /// What is installed now.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Everything known of plugins, for people.
    fn plugins(&self) -> Vec<PluginStatus>;
}

/// Where a plugin came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Inside the binary.
    Bundled,
    /// `$OCTI_HOME/plugins`.
    Folder,
}

/// One plugin as a person sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginStatus {
    pub id: String,
    pub version: String,
    pub description: String,
    pub source: Source,
    /// SHA-256 of the file, in hex.
    pub digest: String,
    pub bytes: u64,
    /// Counts the swaps since the host started, from 1.
    pub generation: u64,
    pub tools: Vec<String>,
    pub role: Option<String>,
    pub capabilities: Vec<String>,
    /// The secrets it may use, and where each may go.
    pub vault: Vec<VaultRequest>,
    /// Why the newest file is not the one running, if so.
    pub problem: Option<String>,
}
