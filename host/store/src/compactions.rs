//! Summaries that stand for the older messages of a conversation.

use chrono::{DateTime, Utc};
use octi_domain::ids::{CompactionId, SessionId, UserId};
use octi_domain::limits;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, count, stamp, stored, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const TABLE: &str = "compaction_entries";
const SUBJECT: Subject = Subject::new(TABLE, "this summary", "the session");

/// Files that calls named in what a summary stands for, the last named last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedFiles {
    pub read: Vec<String>,
    pub changed: Vec<String>,
}

/// One summary.
#[derive(Debug, Clone, PartialEq)]
pub struct CompactionRow {
    pub id: CompactionId,
    pub user_id: UserId,
    pub session_id: SessionId,
    /// The place of the first message it stands for.
    pub first_seq: i64,
    /// The place of the last one; a model is shown what comes after it.
    pub last_seq: i64,
    pub summary: String,
    pub files: TouchedFiles,
    /// What the person asked to keep above all.
    pub focus: Option<String>,
    /// The model that wrote it.
    pub model: String,
    /// Of what it stands for, an earlier summary included; estimated.
    pub tokens_before: u64,
    pub tokens_after: u64,
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    first_seq: i64,
    last_seq: i64,
    summary: String,
    files: Doc<TouchedFiles>,
    focus: Option<String>,
    model: String,
    tokens_before: i64,
    tokens_after: i64,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for CompactionRow {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: CompactionId::from(row.id),
            user_id: UserId::from(row.user_id),
            session_id: SessionId::from(row.session_id),
            first_seq: row.first_seq,
            last_seq: row.last_seq,
            summary: row.summary,
            files: row.files.0,
            focus: row.focus,
            model: row.model,
            tokens_before: count(TABLE, "tokens_before", row.tokens_before)?,
            tokens_after: count(TABLE, "tokens_after", row.tokens_after)?,
            created_at: row.created_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a summary.
    ///
    /// # Errors
    /// `Limit` above [`COMPACTION_SUMMARY_BYTES_MAX`](limits::COMPACTION_SUMMARY_BYTES_MAX), `Conflict` when one stands for
    /// these messages or later ones already, `Missing` without the session, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.compactions.insert", level = "debug", skip_all, fields(session.id = %row.session_id))]
    pub async fn insert_compaction(&mut self, row: &CompactionRow) -> Result<(), StoreError> {
        self.own(row.user_id, "the summary")?;
        self.bound("the summary", row.summary.len(), limits::COMPACTION_SUMMARY_BYTES_MAX)?;
        let newest = self.last_compaction(row.session_id).await?;
        if newest.is_some_and(|newest| newest.last_seq >= row.last_seq) {
            return self.refuse(StoreError::Conflict { what: "this summary" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO compaction_entries
                (id, session_id, user_id, first_seq, last_seq, summary, files, focus, model, tokens_before, tokens_after, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ",
            row.id.as_uuid(),
            row.session_id.as_uuid(),
            row.user_id.as_uuid(),
            row.first_seq,
            row.last_seq,
            text(&row.summary),
            Doc(&row.files),
            row.focus.as_deref().map(text),
            text(&row.model),
            stored(row.tokens_before),
            stored(row.tokens_after),
            stamp(row.created_at),
        )?;
        Ok(())
    }

    /// The summary that a conversation goes on with.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.compactions.last", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn last_compaction(&mut self, session: SessionId) -> Result<Option<CompactionRow>, StoreError> {
        let row: Option<Row> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, session_id, first_seq, last_seq, summary, files, focus, model, tokens_before, tokens_after, created_at
            FROM compaction_entries
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2)
            ORDER BY last_seq DESC
            LIMIT 1
            ",
            session.as_uuid(),
            self.owner,
        )?;
        row.map(CompactionRow::try_from).transpose()
    }

    /// Forgets every summary of a conversation, and says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.compactions.forget", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn forget_compactions(&mut self, session: SessionId) -> Result<u64, StoreError> {
        execute!(
            self,
            SUBJECT,
            "DELETE FROM compaction_entries WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2)",
            session.as_uuid(),
            self.owner,
        )
    }
}
