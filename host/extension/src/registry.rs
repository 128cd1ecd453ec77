//! What is installed right now, as one consistent picture.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::capability::VaultRequest;
use crate::channel::Channel;
use crate::health::HealthReport;
use crate::hook::Hook;
use crate::offered::Offered;
use crate::role::Role;
use crate::skill::{Skill, SkillProblem};
use crate::tool::Tool;

/// Every tool, role, skill, hook and channel of one moment. Holding it pins the generations inside, so the schema a model was shown is the code
/// that runs.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// By name, such as `filesystem__read_file`.
    pub tools: BTreeMap<String, Arc<dyn Tool>>,
    /// By name, such as `general`.
    pub roles: BTreeMap<String, Arc<dyn Role>>,
    /// By name, such as `technical-writing`.
    pub skills: BTreeMap<String, Arc<dyn Skill>>,
    /// In the order in which they are asked.
    pub hooks: Vec<Arc<dyn Hook>>,
    /// By the id of the plugin.
    pub channels: BTreeMap<String, Arc<dyn Channel>>,
    /// Prompts and documents, in the order of the plugins' ids.
    pub offered: Vec<Arc<Offered>>,
}

/// Where snapshots come from.
pub trait Registry: Send + Sync {
    /// What is installed now.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// Everything known of plugins, for people.
    fn plugins(&self) -> Vec<PluginStatus>;

    /// How every plugin that runs has been doing, where that is counted.
    fn health(&self) -> Option<HealthReport>;

    /// Texts that should be skills and are none, for whoever looks after them.
    fn skill_problems(&self) -> Vec<SkillProblem>;
}

/// Where a plugin came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Inside the binary.
    Bundled,
    /// `$OCTI_HOME/plugins`.
    Folder,
    /// A module of Extism, which runs in a process of its own.
    Extism,
}

/// Whether a plugin's newest version runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginState {
    /// It does.
    Running,
    /// It crashed too often and is not called for a while.
    Quarantined,
    /// It was rolled back; the version before it runs.
    RolledBack,
    /// Nothing of it runs.
    Broken,
}

/// Why the newest version of a plugin does not run as it should, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// It crashed too often and is not called until then. The reason is a code of `Containment`.
    Quarantined { reason: &'static str, since: DateTime<Utc>, until: DateTime<Utc> },
    /// That version was taken back, and the one before it runs. The moment is not known when an older host noted it.
    RolledBack { version: String, reason: String, at: Option<DateTime<Utc>> },
    /// Its publisher or a registry revoked it; it is not called at all.
    Revoked { reason: String },
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
    pub state: PluginState,
    /// Counts the swaps since the host started, from 1.
    pub generation: u64,
    /// The version that a rollback would bring back.
    pub previous: Option<String>,
    pub tools: Vec<String>,
    pub role: Option<String>,
    pub skill: Option<String>,
    pub capabilities: Vec<String>,
    /// The secrets it may use, and where each may go.
    pub vault: Vec<VaultRequest>,
    /// Why it does not run, or why the newest file is not the one running, if so.
    pub problem: Option<String>,
    /// The same for a program, when that is what happened.
    pub incident: Option<Incident>,
    /// How long making native code of this version took, unless that was there already.
    pub compiled_in: Option<Duration>,
}
