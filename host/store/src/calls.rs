//! What tools were called with, what was decided and how it ended.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ArtifactId, CallId, RunId, SessionId, UserId};
use serde_json::Value;
use sqlx::{FromRow, Postgres, Sqlite};
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Connection, Tx};

const SUBJECT: Subject = Subject::new("tool_calls", "this call", "the run or session of the call");
/// Calls written with one statement. A fixed number, because each other one would be another statement to be prepared.
const TOGETHER: usize = 16;

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

/// The statement that writes calls, for one of the two databases.
macro_rules! insertion {
    ($database:ty, $calls:expr) => {{
        let mut query = sqlx::QueryBuilder::<$database>::new(
            "
            INSERT INTO tool_calls
                (id, run_id, session_id, user_id, plugin, plugin_version, digest, name, arguments, decision, outcome, is_error, duration_ms, started_at, ended_at, artifact)
            ",
        );
        query.push_values($calls, |mut row, call: &ToolCallRow| {
            row.push_bind(call.id.as_uuid())
                .push_bind(call.run_id.map(RunId::as_uuid))
                .push_bind(call.session_id.map(SessionId::as_uuid))
                .push_bind(call.user_id.as_uuid())
                .push_bind(text(&call.plugin))
                .push_bind(text(&call.plugin_version))
                .push_bind(call.digest.as_deref().map(text))
                .push_bind(text(&call.name))
                .push_bind(Doc(&call.arguments))
                .push_bind(text(&call.decision))
                .push_bind(call.outcome.as_deref().map(text))
                .push_bind(call.is_error)
                .push_bind(call.duration_ms)
                .push_bind(stamp(call.started_at))
                .push_bind(call.ended_at.map(stamp))
                .push_bind(call.artifact.map(ArtifactId::as_uuid));
        });
        query
    }};
}

impl Tx<'_> {
    /// Writes down a call, before it runs or whole.
    ///
    /// # Errors
    /// `Missing` without its run or session, `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.tool_calls.insert", level = "debug", skip_all, fields(call.id = %call.id))]
    pub async fn insert_call(&mut self, call: &ToolCallRow) -> Result<(), StoreError> {
        self.insert_together(&[call]).await
    }

    /// Writes down calls as [`insert_call`](Self::insert_call) does, several with one statement.
    ///
    /// # Errors
    /// Those of [`insert_call`](Self::insert_call), for the first that cannot be written.
    #[instrument(name = "db.tool_calls.insert_all", level = "debug", skip_all, fields(calls = calls.len()))]
    pub async fn insert_calls(&mut self, calls: &[&ToolCallRow]) -> Result<(), StoreError> {
        let together = calls.chunks_exact(TOGETHER);
        let rest = together.remainder();
        for calls in together {
            self.insert_together(calls).await?;
        }
        for call in rest.chunks(1) {
            self.insert_together(call).await?;
        }
        Ok(())
    }

    async fn insert_together(&mut self, calls: &[&ToolCallRow]) -> Result<(), StoreError> {
        for call in calls {
            self.own(call.user_id, "the call")?;
        }
        self.changing()?;
        let calls = calls.iter().copied();
        let result = match &mut self.connection {
            Connection::Postgres(connection) => {
                insertion!(Postgres, calls).build().execute(&mut **connection).await.map(|done| done.rows_affected())
            }
            Connection::Sqlite(connection) => {
                insertion!(Sqlite, calls).build().execute(&mut **connection).await.map(|done| done.rows_affected())
            }
        };
        self.checked(SUBJECT, result).map(drop)
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
