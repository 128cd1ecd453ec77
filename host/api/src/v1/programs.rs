//! `/api/programs`: programs that a person lets in over MCP (OAuth), and what such a program asks for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What a program may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ProgramScope {
    /// Everything that the person may do over MCP.
    #[serde(rename = "mcp")]
    Everything,
    /// See what is there, and call what says that it changes nothing.
    #[serde(rename = "mcp:read")]
    Read,
}

/// A program that may act for the person over MCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Program {
    pub id: Uuid,
    /// What it calls itself.
    pub name: String,
    pub client_id: String,
    /// Where the browser was sent back to.
    pub redirect_host: String,
    pub scope: ProgramScope,
    pub created_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it must ask again, unless it comes back before.
    pub expires_at: DateTime<Utc>,
}

/// What a program asks for, in the words of OAuth: the query of the page it opened. What octi does not know is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProgramAsks {
    pub client_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge_method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// The same, as a person is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramRequest {
    /// What it calls itself. Nobody has checked that.
    pub name: String,
    /// The host at which it describes itself; absent when it registered itself, as anybody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub described_by: Option<String>,
    /// Where the browser goes afterwards.
    pub redirect_host: String,
    /// That is the machine of the browser.
    pub is_loopback: bool,
    /// Whose rights it would have.
    pub username: String,
    /// The most that it asks for.
    pub scope: ProgramScope,
    /// Why nobody can agree to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<ProgramProblem>,
}

/// Why nobody can agree to what a program asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramProblem {
    pub message: String,
    /// The address at which the program hears of it.
    pub back: String,
}

/// What a person says to a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnswerProgram {
    pub asked: ProgramAsks,
    /// What it may do, at most what it asked for; absent to refuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow: Option<ProgramScope>,
}

/// Where the browser goes with the answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgramAnswered {
    /// It holds a code, which works once and soon.
    pub redirect_to: String,
}

impl std::fmt::Debug for ProgramAnswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgramAnswered").finish_non_exhaustive()
    }
}
