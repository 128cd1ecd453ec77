//! What was said in a conversation.

mod parts;

use chrono::{DateTime, Utc};
use octi_domain::ids::{MessageId, RunId, SessionId};
use octi_domain::limits;
use octi_domain::message::{Message, Part, Role};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

pub(crate) use self::parts::PartRow;
use crate::codec::{Doc, each, stamp, word};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const TABLE: &str = "messages";
const SUBJECT: Subject = Subject::new(TABLE, "this message", "the session");

/// A message to be added; the store gives it its place in the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMessage {
    pub id: MessageId,
    pub session_id: SessionId,
    pub run_id: Option<RunId>,
    pub role: Role,
    pub parts: Vec<Part>,
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct MessageRow {
    id: Uuid,
    session_id: Uuid,
    run_id: Option<Uuid>,
    seq: i64,
    role: String,
    parts: Doc<Vec<PartRow>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<MessageRow> for Message {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: MessageId::from(row.id),
            session_id: SessionId::from(row.session_id),
            run_id: row.run_id.map(RunId::from),
            seq: row.seq,
            role: word(TABLE, "role", &row.role, Role::parse)?,
            parts: row.parts.0.into_iter().map(Part::from).collect(),
            created_at: row.created_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a message at the end of its conversation. The conversation's row is locked until the transaction ends, so
    /// numbers have no gaps however many write at once.
    ///
    /// # Errors
    /// `Missing` without the session, `Conflict` when the message is there already, `Limit` when it is too large.
    #[instrument(name = "db.messages.append", level = "debug", skip_all, fields(message.id = %message.id))]
    pub async fn append_message(&mut self, message: NewMessage) -> Result<Message, StoreError> {
        let created_at = stamp(message.created_at);
        let parts = Doc(serde_json::value::to_raw_value(&message.parts.iter().map(PartRow::from).collect::<Vec<_>>())
            .map_err(|error| StoreError::inconsistent(TABLE, "parts", error))?);
        self.bound("the message", parts.0.get().len(), limits::MESSAGE_STORED_BYTES_MAX)?;
        self.changing()?;
        let place: Option<(i64, Uuid)> = fetch_optional!(
            self,
            SUBJECT,
            "
            UPDATE sessions
            SET last_seq = last_seq + 1
              , message_count = message_count + 1
              , updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at END
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            RETURNING last_seq, user_id
            ",
            message.session_id.as_uuid(),
            self.owner,
            created_at,
        )?;
        let Some((seq, user_id)) = place else { return self.refuse(StoreError::Missing { what: "the session" }) };
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO messages (id, session_id, user_id, run_id, seq, role, parts, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ",
            message.id.as_uuid(),
            message.session_id.as_uuid(),
            user_id,
            message.run_id.map(RunId::as_uuid),
            seq,
            message.role.as_str(),
            &parts,
            created_at,
        )?;
        self.index_message(&message, user_id).await?;
        let NewMessage { id, session_id, run_id, role, parts, .. } = message;
        Ok(Message { id, session_id, run_id, seq, role, parts, created_at })
    }

    /// Messages after a place in the conversation, in order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.messages.list", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn messages(&mut self, session: SessionId, after_seq: i64, limit: u32) -> Result<Vec<Message>, StoreError> {
        let found: Vec<MessageRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, run_id, seq, role, parts, created_at
            FROM messages
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2) AND seq > $3
            ORDER BY seq
            LIMIT $4
            ",
            session.as_uuid(),
            self.owner,
            after_seq,
            rows(limit),
        )?;
        each(found)
    }

    /// The last messages of a conversation, in order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.messages.last", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn last_messages(&mut self, session: SessionId, limit: u32) -> Result<Vec<Message>, StoreError> {
        let mut found: Vec<MessageRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, run_id, seq, role, parts, created_at
            FROM messages
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2)
            ORDER BY seq DESC
            LIMIT $3
            ",
            session.as_uuid(),
            self.owner,
            rows(limit),
        )?;
        found.reverse();
        each(found)
    }

    /// The last message of an agent in a run.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.messages.last_answer", level = "debug", skip_all, fields(run.id = %run))]
    pub async fn last_answer(&mut self, session: SessionId, run: RunId) -> Result<Option<Message>, StoreError> {
        let row: Option<MessageRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, session_id, run_id, seq, role, parts, created_at
            FROM messages
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2) AND run_id = $3 AND role = 'assistant'
            ORDER BY seq DESC
            LIMIT 1
            ",
            session.as_uuid(),
            self.owner,
            run.as_uuid(),
        )?;
        row.map(Message::try_from).transpose()
    }
}
