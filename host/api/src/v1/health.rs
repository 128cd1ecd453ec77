//! `/health` and `/api/health`: is the host there, and can it work.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How well a part works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    Ok,
    /// Works, but not as it should.
    Degraded,
    Down,
}

/// The short answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    pub status: HealthStatus,
    pub version: String,
}

/// One part of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthPart {
    pub name: String,
    pub status: HealthStatus,
    pub detail: String,
}

/// The long answer, for people who are signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetailed {
    pub status: HealthStatus,
    pub version: String,
    pub build: String,
    pub server_time: DateTime<Utc>,
    pub uptime_seconds: u64,
    pub parts: Vec<HealthPart>,
}
