//! `/api/plugins/health`: how plugins have been doing since the host started.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::plugins::{PluginIncident, PluginState};

/// Every plugin that is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginsHealth {
    /// When counting began: when the host started.
    pub since: DateTime<Utc>,
    /// When this was read.
    pub at: DateTime<Utc>,
    pub items: Vec<PluginHealth>,
}

/// How one plugin is, and how its calls went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PluginHealth {
    /// `publisher/name`.
    pub plugin: String,
    pub version: String,
    pub state: PluginState,
    /// What is wrong with it, and the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<PluginIncident>,
    /// Calls that run or wait for a place.
    pub active: u64,
    /// When a call of it ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call_at: Option<DateTime<Utc>>,
    /// Since the host started.
    pub total: CallSums,
    /// Of the last hour, give or take five minutes.
    pub last_hour: CallSums,
    /// What it was refused last, the newest first.
    pub refusals: Vec<RefusedCall>,
}

/// Calls that ended, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct CallSums {
    pub calls: u64,
    /// Calls that failed, by the code of their error, such as `trap`.
    pub errors: BTreeMap<String, u64>,
    /// Microseconds that half of the calls did not exceed; an upper bound that is at most a quarter too large.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_us: Option<u64>,
    /// The same for nineteen of twenty calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_us: Option<u64>,
    /// Most bytes of linear memory that a call had.
    pub memory_peak_bytes: u64,
    /// Bytes of bodies that it sent over the network.
    pub sent_bytes: u64,
    /// Bytes of bodies that it was answered.
    pub received_bytes: u64,
    /// Host calls that nothing grants, by capability.
    pub denials: BTreeMap<String, u64>,
    /// Host calls beyond the quota of their call.
    pub quota_refusals: u64,
}

impl CallSums {
    /// Calls that failed, whatever the error.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}

/// A host call that nothing grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCall {
    pub at: DateTime<Utc>,
    pub capability: String,
    /// Names the missing grant and where to add it.
    pub text: String,
}
