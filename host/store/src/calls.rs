//! What tools were called with, what was decided and how it ended.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ArtifactId, CallId, RunId, SessionId, UserId};
use serde_json::Value;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("tool_calls", "this call", "the run or session of the call");

/// One call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCallRow {
    pub id: CallId,
    /// None for a call made outside a turn, such as from the command line.
    pub run_id: Option<RunId>,
    pub session_id: Option<SessionId>,
    pub user_id: UserId,
    pub plugin: String,
    pub plugin_version: String,
    /// SHA-256 of the plugin's file, so that the very code that ran can be named; none when nothing was found to run.
    pub digest: Option<String>,
    pub name: String,
    pub arguments: Value,
    /// Why it might run, or might not.
    pub decision: String,
    /// How it ended, in a line; none while it runs.
    pub outcome: Option<String>,
    pub is_error: Option<bool>,
    /// How long the tool ran.
    pub duration_ms: Option<i64>,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Where the whole result is, when it was large.
    pub artifact: Option<ArtifactId>,
}

impl ToolCallRow {
    /// Takes in how the call ended; false when that is of another call, or when it had ended before.
    pub fn end(&mut self, end: &CallEnd) -> bool {
        let is_its_own = self.id == end.id && self.ended_at.is_none();
        if is_its_own {
            self.outcome = Some(end.outcome.clone());
            self.is_error = Some(end.is_error);
            self.duration_ms = Some(end.duration_ms);
            self.ended_at = Some(end.ended_at);
            self.artifact = end.artifact;
        }
        is_its_own
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    pub id: CallId,
    pub outcome: String,
    pub is_error: bool,
    pub duration_ms: i64,
    pub ended_at: DateTime<Utc>,
    pub artifact: Option<ArtifactId>,
}

#[derive(FromRow)]
struct CallRow {
    id: Uuid,
    run_id: Option<Uuid>,
    session_id: Option<Uuid>,
    user_id: Uuid,
    plugin: String,
    plugin_version: String,
    digest: Option<String>,
    name: String,
    arguments: Doc<Value>,
    decision: String,
    outcome: Option<String>,
    is_error: Option<bool>,
    duration_ms: Option<i64>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    artifact: Option<Uuid>,
}

impl From<CallRow> for ToolCallRow {
    fn from(row: CallRow) -> Self {
        Self {
            id: CallId::from(row.id),
            run_id: row.run_id.map(RunId::from),
            session_id: row.session_id.map(SessionId::from),
            user_id: UserId::from(row.user_id),
            plugin: row.plugin,
            plugin_version: row.plugin_version,
            digest: row.digest,
            name: row.name,
            arguments: row.arguments.0,
            decision: row.decision,
            outcome: row.outcome,
            is_error: row.is_error,
            duration_ms: row.duration_ms,
            started_at: row.started_at,
            ended_at: row.ended_at,
            artifact: row.artifact.map(ArtifactId::from),
        }
    }
}

impl Tx<'_> {
    /// Writes down a call, before it runs or whole.
    ///
    /// # Errors
    /// `Missing` without its run or session, `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.tool_calls.insert", level = "debug", skip_all, fields(call.id = %call.id))]
    pub async fn insert_call(&mut self, call: &ToolCallRow) -> Result<(), StoreError> {
        self.own(call.user_id, "the call")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO tool_calls
                (id, run_id, session_id, user_id, plugin, plugin_version, digest, name, arguments, decision, outcome, is_error, duration_ms, started_at, ended_at, artifact)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            ",
            call.id.as_uuid(),
            call.run_id.map(RunId::as_uuid),
            call.session_id.map(SessionId::as_uuid),
            call.user_id.as_uuid(),
            text(&call.plugin),
            text(&call.plugin_version),
            call.digest.as_deref().map(text),
            text(&call.name),
            Doc(&call.arguments),
            text(&call.decision),
            call.outcome.as_deref().map(text),
            call.is_error,
            call.duration_ms,
            stamp(call.started_at),
            call.ended_at.map(stamp),
            call.artifact.map(ArtifactId::as_uuid),
        )?;
        Ok(())
    }

    /// Writes down how a call ended; false when there is no such call or it had ended before.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tool_calls.finish", level = "debug", skip_all, fields(call.id = %end.id))]
    pub async fn finish_call(&mut self, end: &CallEnd) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE tool_calls
            SET outcome = $3, is_error = $4, duration_ms = $5, ended_at = $6, artifact = $7
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2) AND ended_at IS NULL
            ",
            end.id.as_uuid(),
            self.owner,
            text(&end.outcome),
            end.is_error,
            end.duration_ms,
            stamp(end.ended_at),
            end.artifact.map(ArtifactId::as_uuid),
        )?;
        Ok(changed > 0)
    }

    /// The calls of a turn, in the order they began.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tool_calls.list", level = "debug", skip_all, fields(run.id = %run))]
    pub async fn list_calls(&mut self, run: RunId) -> Result<Vec<ToolCallRow>, StoreError> {
        let found: Vec<CallRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, run_id, session_id, user_id, plugin, plugin_version, digest, name, arguments, decision, outcome, is_error, duration_ms, started_at, ended_at, artifact
            FROM tool_calls
            WHERE run_id = $1 AND ($2 IS NULL OR user_id = $2)
            ORDER BY started_at, id
            LIMIT $3
            ",
            run.as_uuid(),
            self.owner,
            ALL_ROWS,
        )?;
        Ok(found.into_iter().map(ToolCallRow::from).collect())
    }
}
