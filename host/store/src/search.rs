//! Finding what was said.

mod snippet;
mod words;

use chrono::{DateTime, Utc};
use octi_domain::ids::{MessageId, SessionId};
use octi_domain::limits;
use octi_domain::message::{Role, plain_text};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, each, stamp, word};
use crate::error::{StoreError, Subject};
use crate::messages::{NewMessage, PartRow};
use crate::tx::{Connection, Tx, rows};

pub use snippet::Piece;

const TABLE: &str = "message_texts";
const SUBJECT: Subject = Subject::new(TABLE, "the words of this message", "the message");

/// A message that has every word that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub message_id: MessageId,
    pub session_id: SessionId,
    pub session_title: Option<String>,
    pub seq: i64,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    /// The text around the first of them.
    pub snippet: Vec<Piece>,
}

#[derive(FromRow)]
struct FoundRow {
    id: Uuid,
    session_id: Uuid,
    title: Option<String>,
    seq: i64,
    role: String,
    parts: Doc<Vec<PartRow>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<FoundRow> for Found {
    type Error = StoreError;

    fn try_from(row: FoundRow) -> Result<Self, StoreError> {
        let parts: Vec<_> = row.parts.0.into_iter().map(Into::into).collect();
        Ok(Self {
            message_id: row.id.into(),
            session_id: row.session_id.into(),
            session_title: row.title,
            seq: row.seq,
            role: word(TABLE, "role", &row.role, Role::parse)?,
            created_at: row.created_at,
            snippet: vec![Piece { text: plain_text(&parts), is_hit: false }],
        })
    }
}

impl Tx<'_> {
    /// Remembers the words of a message that was just added.
    pub(crate) async fn index_message(&mut self, message: &NewMessage, user_id: Uuid) -> Result<(), StoreError> {
        if !matches!(message.role, Role::User | Role::Assistant) {
            return Ok(());
        }
        let words = words::of(&plain_text(&message.parts));
        if words.is_empty() {
            return Ok(());
        }
        let (message_id, session_id) = (message.id.as_uuid(), message.session_id.as_uuid());
        let result = match &mut self.connection {
            Connection::Postgres(connection) => sqlx::query(
                "INSERT INTO message_texts (message_id, session_id, user_id, words) VALUES ($1, $2, $3, ARRAY_TO_TSVECTOR($4))",
            )
            .bind(message_id)
            .bind(session_id)
            .bind(user_id)
            .bind(words)
            .execute(&mut **connection)
            .await
            .map(drop),
            Connection::Sqlite(connection) => {
                let place: Result<(i64,), _> = sqlx::query_as(
                    "INSERT INTO message_texts (message_id, session_id, user_id) VALUES ($1, $2, $3) RETURNING place",
                )
                .bind(message_id)
                .bind(session_id)
                .bind(user_id)
                .fetch_one(&mut **connection)
                .await;
                match place {
                    Ok((place,)) => sqlx::query("INSERT INTO message_words (rowid, words) VALUES ($1, $2)")
                        .bind(place)
                        .bind(words.join(" "))
                        .execute(&mut **connection)
                        .await
                        .map(drop),
                    Err(error) => Err(error),
                }
            }
        };
        self.checked(SUBJECT, result)
    }

    /// Messages with every word of the query, or one that begins like it; the newest first, after a place in that list.
    /// None for a query without words.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.messages.search", level = "debug", skip_all)]
    pub async fn search_messages(
        &mut self,
        query: &str,
        before: Option<(DateTime<Utc>, MessageId)>,
        limit: u32,
    ) -> Result<Vec<Found>, StoreError> {
        let mut wanted = words::of(query);
        wanted.truncate(limits::SEARCH_WORDS_MAX);
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (at, id) = before.map(|(at, id)| (stamp(at), id.as_uuid())).unzip();
        // Words have letters and digits only, so nothing in them is an operator.
        let result: Result<Vec<FoundRow>, _> = match &mut self.connection {
            Connection::Postgres(connection) => {
                let every = wanted.iter().map(|word| format!("'{word}':*")).collect::<Vec<_>>().join(" & ");
                sqlx::query_as(
                    "
                    SELECT m.id, m.session_id, s.title, m.seq, m.role, m.parts, m.created_at
                    FROM message_texts AS t
                    JOIN messages AS m ON m.id = t.message_id
                    JOIN sessions AS s ON s.id = m.session_id
                    WHERE t.words @@ $1::TSQUERY AND ($2 IS NULL OR t.user_id = $2)
                      AND ($3::TIMESTAMPTZ IS NULL OR (m.created_at, m.id) < ($3, $4))
                    ORDER BY m.created_at DESC, m.id DESC
                    LIMIT $5
                    ",
                )
                .bind(every)
                .bind(self.owner)
                .bind(at)
                .bind(id)
                .bind(rows(limit))
                .fetch_all(&mut **connection)
                .await
            }
            Connection::Sqlite(connection) => {
                let every = wanted.iter().map(|word| format!("\u{22}{word}\u{22} *")).collect::<Vec<_>>().join(" AND ");
                sqlx::query_as(
                    "
                    SELECT m.id, m.session_id, s.title, m.seq, m.role, m.parts, m.created_at
                    FROM message_words AS w
                    JOIN message_texts AS t ON t.place = w.rowid
                    JOIN messages AS m ON m.id = t.message_id
                    JOIN sessions AS s ON s.id = m.session_id
                    WHERE w.words MATCH $1 AND ($2 IS NULL OR t.user_id = $2)
                      AND ($3 IS NULL OR (m.created_at, m.id) < ($3, $4))
                    ORDER BY m.created_at DESC, m.id DESC
                    LIMIT $5
                    ",
                )
                .bind(every)
                .bind(self.owner)
                .bind(at)
                .bind(id)
                .bind(rows(limit))
                .fetch_all(&mut **connection)
                .await
            }
        };
        let found = self.checked(SUBJECT, result)?;
        let mut found: Vec<Found> = each(found)?;
        for message in &mut found {
            let whole = message.snippet.pop().map(|piece| piece.text).unwrap_or_default();
            message.snippet = snippet::around(&whole, &wanted);
        }
        Ok(found)
    }
}
