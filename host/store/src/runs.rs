//! Turns of agents.

use chrono::{DateTime, Utc};
use octi_domain::ids::{RunId, SessionId, UserId};
use octi_domain::run::{Run, RunStatus, Usage};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, count, each, stamp, stored, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const TABLE: &str = "runs";
const SUBJECT: Subject = Subject::new(TABLE, "a running turn in this session", "the session");

/// Which turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunFilter {
    pub session: Option<SessionId>,
    pub status: Option<RunStatus>,
    /// Only those that started then or later.
    pub since: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    session_id: Uuid,
    user_id: Uuid,
    role: String,
    model: String,
    status: String,
    reason: Option<String>,
    iterations: i64,
    input_tokens: i64,
    output_tokens: i64,
    usage_estimated: bool,
    skills: Option<Doc<Vec<String>>>,
    started_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
}

impl TryFrom<RunRow> for Run {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: RunId::from(row.id),
            session_id: SessionId::from(row.session_id),
            user_id: UserId::from(row.user_id),
            role: row.role,
            model: row.model,
            status: word(TABLE, "status", &row.status, RunStatus::parse)?,
            reason: row.reason,
            iterations: count(TABLE, "iterations", row.iterations)?,
            usage: Usage {
                input_tokens: count(TABLE, "input_tokens", row.input_tokens)?,
                output_tokens: count(TABLE, "output_tokens", row.output_tokens)?,
                estimated: row.usage_estimated,
            },
            skills: row.skills.map(|skills| skills.0).unwrap_or_default(),
            started_at: row.started_at,
            ended_at: row.ended_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a turn.
    ///
    /// # Errors
    /// `Conflict` when the session has a running turn already, `Missing` without the session, `Foreign` when it belongs to
    /// somebody else.
    #[instrument(name = "db.runs.insert", level = "debug", skip_all, fields(run.id = %run.id))]
    pub async fn insert_run(&mut self, run: &Run) -> Result<(), StoreError> {
        self.own(run.user_id, "the run")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO runs
                (id, session_id, user_id, role, model, status, reason, iterations, input_tokens, output_tokens, usage_estimated, skills, started_at, ended_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ",
            run.id.as_uuid(),
            run.session_id.as_uuid(),
            run.user_id.as_uuid(),
            text(&run.role),
            text(&run.model),
            run.status.as_str(),
            run.reason.as_deref().map(text),
            i64::from(run.iterations),
            stored(run.usage.input_tokens),
            stored(run.usage.output_tokens),
            run.usage.estimated,
            (!run.skills.is_empty()).then_some(Doc(&run.skills)),
            stamp(run.started_at),
            run.ended_at.map(stamp),
        )?;
        Ok(())
    }

    /// Writes down where a turn stands: model, status, reason, iterations, usage, skills and end.
    ///
    /// # Errors
    /// `Conflict` when it would become a second running turn of its session.
    #[instrument(name = "db.runs.update", level = "debug", skip_all, fields(run.id = %run.id))]
    pub async fn update_run(&mut self, run: &Run) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE runs
            SET model = $3
              , status = $4
              , reason = $5
              , iterations = $6
              , input_tokens = $7
              , output_tokens = $8
              , usage_estimated = $9
              , skills = $10
              , ended_at = $11
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            run.id.as_uuid(),
            self.owner,
            text(&run.model),
            run.status.as_str(),
            run.reason.as_deref().map(text),
            i64::from(run.iterations),
            stored(run.usage.input_tokens),
            stored(run.usage.output_tokens),
            run.usage.estimated,
            (!run.skills.is_empty()).then_some(Doc(&run.skills)),
            run.ended_at.map(stamp),
        )?;
        Ok(changed > 0)
    }

    /// A turn.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.runs.get", level = "debug", skip_all, fields(run.id = %id))]
    pub async fn run(&mut self, id: RunId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, user_id, role, model, status, reason, iterations, input_tokens, output_tokens, usage_estimated, skills, started_at, ended_at
            FROM runs
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        row.map(Run::try_from).transpose()
    }

    /// The running turn of a conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.runs.active", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn active_run(&mut self, session: SessionId) -> Result<Option<Run>, StoreError> {
        let row: Option<RunRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, user_id, role, model, status, reason, iterations, input_tokens, output_tokens, usage_estimated, skills, started_at, ended_at
            FROM runs
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2) AND status = 'running'
            ",
            session.as_uuid(),
            self.owner,
        )?;
        row.map(Run::try_from).transpose()
    }

    /// Turns, the latest first; of one conversation, or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_runs(&mut self, session: Option<SessionId>, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.find_runs(RunFilter { session, ..RunFilter::default() }, None, limit).await
    }

    /// A page of turns, the latest first. `before` is the `(started_at, id)` of the last row of the page before.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.runs.find", level = "debug", skip_all)]
    pub async fn find_runs(
        &mut self,
        filter: RunFilter,
        before: Option<(DateTime<Utc>, RunId)>,
        limit: u32,
    ) -> Result<Vec<Run>, StoreError> {
        let found: Vec<RunRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, user_id, role, model, status, reason, iterations, input_tokens, output_tokens, usage_estimated, skills, started_at, ended_at
            FROM runs
            WHERE ($1 IS NULL OR user_id = $1)
              AND ($2 IS NULL OR session_id = $2)
              AND ($3 IS NULL OR status = $3)
              AND ($4 IS NULL OR started_at >= $4)
              AND ($5 IS NULL OR (started_at, id) < ($5, $6))
            ORDER BY started_at DESC, id DESC
            LIMIT $7
            ",
            self.owner,
            filter.session.map(SessionId::as_uuid),
            filter.status.map(RunStatus::as_str),
            filter.since.map(stamp),
            before.map(|(at, _)| stamp(at)),
            before.map(|(_, id)| id.as_uuid()),
            rows(limit),
        )?;
        each(found)
    }

    /// Marks every running turn interrupted and returns them: at its start a host finds only turns that went down with it.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.runs.interrupt", level = "debug", skip_all)]
    pub async fn interrupt_running(&mut self, reason: &str, at: DateTime<Utc>) -> Result<Vec<Run>, StoreError> {
        self.changing()?;
        let found: Vec<RunRow> = fetch_all!(
            self,
            SUBJECT,
            "
            UPDATE runs
            SET status = 'interrupted', reason = $2, ended_at = $3
            WHERE status = 'running' AND ($1 IS NULL OR user_id = $1)
            RETURNING id, session_id, user_id, role, model, status, reason, iterations, input_tokens, output_tokens, usage_estimated, skills, started_at, ended_at
            ",
            self.owner,
            text(reason),
            stamp(at),
        )?;
        each(found)
    }
}
