//! How plugins have been doing since the host started, for a person who looks: a bounded summary of each.

mod count;
mod durations;
mod windows;

pub use count::{Health, Healths, Running, Used};

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// What is known of the calls of every plugin that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// When counting began: when the host started.
    pub since: DateTime<Utc>,
    pub plugins: Vec<PluginHealth>,
}

/// What is known of one plugin's calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginHealth {
    /// `publisher/name`.
    pub id: String,
    /// Calls that run or wait for a place.
    pub active: u64,
    /// When a call of it ended last.
    pub last_call: Option<DateTime<Utc>>,
    /// Since the host started.
    pub whole: CallSums,
    /// Of the last hour, give or take five minutes.
    pub hour: CallSums,
    /// What it was refused last, the newest first.
    pub refusals: Vec<RefusedCall>,
}

/// Calls that ended, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallSums {
    pub calls: u64,
    /// Calls that failed, by the code of their error.
    pub errors: BTreeMap<&'static str, u64>,
    /// Half of the calls took at most this; an upper bound that is at most a quarter too large. None without calls.
    pub p50_us: Option<u64>,
    /// The same for nineteen of twenty calls.
    pub p95_us: Option<u64>,
    /// Most bytes of linear memory that a call had.
    pub memory_peak: u64,
    /// Bytes of bodies that it sent over the network.
    pub sent_bytes: u64,
    /// Bytes of bodies that it was answered.
    pub received_bytes: u64,
    /// Host calls that nothing grants, by capability.
    pub denials: BTreeMap<&'static str, u64>,
    /// Host calls beyond the quota of their call.
    pub quotas: u64,
}

/// A host call that nothing grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    pub at: DateTime<Utc>,
    pub capability: &'static str,
    /// Names the missing grant and where to add it; cleaned, and without the caller's secrets.
    pub text: String,
}
