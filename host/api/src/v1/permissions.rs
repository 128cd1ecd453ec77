//! `/api/tools/permissions` and `/api/permission-requests`: standing rules and open questions.

use chrono::{DateTime, Utc};
use octi_domain::permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::frames::{PermissionRespond, Scope};

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Allow,
    Ask,
    Deny,
}

impl From<permission::Level> for Level {
    fn from(level: permission::Level) -> Self {
        match level {
            permission::Level::Allow => Self::Allow,
            permission::Level::Ask => Self::Ask,
            permission::Level::Deny => Self::Deny,
        }
    }
}

impl From<Level> for permission::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Allow => Self::Allow,
            Level::Ask => Self::Ask,
            Level::Deny => Self::Deny,
        }
    }
}

/// One standing rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    pub id: Uuid,
    /// Such as `shell(git status:*)`.
    pub rule: String,
    pub level: Level,
    /// Only in this session; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

impl From<permission::Rule> for Rule {
    fn from(rule: permission::Rule) -> Self {
        Self {
            id: rule.id.into(),
            rule: rule.text,
            level: rule.level.into(),
            session_id: rule.session_id.map(Into::into),
            created_at: rule.created_at,
        }
    }
}

/// A rule to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetRule {
    /// `tool`, `tool.operation`, or either with `(exact)`, `(prefix:*)` or `(*)`.
    pub rule: String,
    pub level: Level,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
}

/// Which rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RuleQuery {
    /// Also those of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
}

/// A question put to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PermissionRequest {
    pub id: Uuid,
    pub session_id: Uuid,
    pub agent_id: Uuid,
    pub call_id: Uuid,
    /// Such as `filesystem`.
    pub tool: String,
    /// Such as `write_file`.
    pub operation: String,
    /// What a rule would match on: a command, a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub arguments: Value,
    /// Why it is asked.
    pub reason: String,
    /// The rule that the scopes `session` and `always` would add.
    pub suggested_rule: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl From<permission::PermissionRequest> for PermissionRequest {
    fn from(request: permission::PermissionRequest) -> Self {
        Self {
            id: request.id.into(),
            session_id: request.session_id.into(),
            agent_id: request.run_id.into(),
            call_id: request.call_id.into(),
            tool: request.tool,
            operation: request.operation,
            subject: request.subject,
            arguments: request.arguments,
            reason: request.reason,
            suggested_rule: request.suggested_rule,
            created_at: request.created_at,
            expires_at: request.expires_at,
        }
    }
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Respond {
    pub approved: bool,
    #[serde(default)]
    pub scope: Scope,
}

impl Respond {
    /// The same answer as a frame.
    #[must_use]
    pub const fn to_frame(self, request_id: Uuid) -> PermissionRespond {
        PermissionRespond { request_id, approved: self.approved, scope: self.scope }
    }
}

/// How a question ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    Once,
    Session,
    Always,
    Deny,
    /// Nobody answered in time.
    Expired,
}

impl From<Option<permission::Answer>> for Resolution {
    fn from(answer: Option<permission::Answer>) -> Self {
        match answer {
            Some(permission::Answer::Once) => Self::Once,
            Some(permission::Answer::Session) => Self::Session,
            Some(permission::Answer::Always) => Self::Always,
            Some(permission::Answer::Deny) => Self::Deny,
            None => Self::Expired,
        }
    }
}
