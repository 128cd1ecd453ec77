//! Browsers: signed in by a cookie, which only they hold.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::User;

/// A browser is signed in; its cookie came with this answer or a former one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrowserSession {
    pub user: User,
    /// To be sent as `X-Octi-Csrf` with every request that is not `GET` or `HEAD`.
    pub csrf_token: String,
    /// When the browser must sign in again, however much it is used.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for BrowserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrowserSession").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A browser that a person is signed in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    pub id: Uuid,
    /// What the browser says it is.
    pub user_agent: String,
    /// Where it signed in from.
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Whether it is the browser that asks.
    pub current: bool,
}

/// Another password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    pub current: String,
    #[schema(min_length = 10, max_length = 1024)]
    pub new: String,
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

/// Opens one WebSocket, once and soon: the `credentials` of an `auth` frame with the method `session_token`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WsTicket {
    pub ticket: String,
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for WsTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsTicket").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Whether this octi has been set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetupState {
    /// Nobody has signed in yet.
    pub needed: bool,
    /// Setting it up takes the code that the server's terminal shows.
    pub code_required: bool,
}

/// The first administrator's choice.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetUp {
    #[schema(min_length = 1, max_length = 100)]
    pub username: String,
    #[schema(min_length = 10, max_length = 1024)]
    pub password: String,
    /// The first password, which the server showed when it was started for the first time.
    pub code: String,
}

impl fmt::Debug for SetUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetUp").field("username", &self.username).finish_non_exhaustive()
    }
}
