//! What the tests of this crate share.

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::v1::permissions::PermissionRequest;
use serde_json::Value;
use uuid::Uuid;

/// The session of the tests.
pub(crate) const SESSION: Uuid = Uuid::from_u128(0x5e);
/// The turn of the tests.
pub(crate) const AGENT: Uuid = Uuid::from_u128(0xa9);

/// When the tests begin.
pub(crate) fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A question of the test's turn.
pub(crate) fn question(operation: &str, arguments: Value) -> PermissionRequest {
    PermissionRequest {
        id: Uuid::from_u128(0x99),
        session_id: SESSION,
        agent_id: AGENT,
        call_id: Uuid::from_u128(0xca),
        tool: "files".to_owned(),
        operation: operation.to_owned(),
        subject: None,
        arguments,
        reason: "writing asks unless a rule allows it".to_owned(),
        suggested_rule: format!("files.{operation}(*)"),
        created_at: start(),
        expires_at: start() + TimeDelta::minutes(5),
    }
}
