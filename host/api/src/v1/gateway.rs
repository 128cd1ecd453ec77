//! `/api/gateway`: who is connected, and what the gateway did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::frames::ClientType;

/// One open connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    pub id: Uuid,
    pub user_id: Uuid,
    pub client_type: ClientType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// The IP address of the other end.
    pub address: String,
    pub since: DateTime<Utc>,
    /// When the client last sent a frame.
    pub last_activity: DateTime<Utc>,
}

/// What the gateway does now, and did since it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayStatus {
    /// Open connections that the caller may see: an administrator everybody's, others their own.
    pub connections: usize,
    /// The same by kind of program; kinds without a connection are absent.
    pub by_type: Vec<ConnectionCount>,
    /// Events that were published, for an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_published: Option<u64>,
    /// Events that a connection did not get because it read too slowly, for an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events_dropped: Option<u64>,
    /// Sessions whose newest events are kept for `replay`, for an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions_kept: Option<usize>,
}

/// Connections of one kind of program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionCount {
    pub client_type: ClientType,
    pub count: usize,
}
