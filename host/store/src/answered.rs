//! Requests that may come twice, and what they were answered.

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;
use sqlx::FromRow;
use tracing::instrument;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const SUBJECT: Subject = Subject::new("answered_requests", "this key", "the user");

/// What is known about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It is the first of its key, and is now remembered as being answered.
    First,
    /// The first one is being answered.
    Running,
    /// The key was used for another request.
    Different,
    /// The first one was answered so.
    Answered { status: u16, media_type: Option<String>, body: Vec<u8> },
}

#[derive(FromRow)]
struct AskedRow {
    digest: Vec<u8>,
    status: Option<i64>,
    media_type: Option<String>,
    body: Option<Vec<u8>>,
}

impl Tx<'_> {
    /// Looks a request up by its key, and remembers it when it is the first. What is older than
    /// [`IDEMPOTENCY_HOURS`](limits::IDEMPOTENCY_HOURS), was begun by a host that went away, or is more than
    /// [`IDEMPOTENCY_KEYS_PER_USER_MAX`](limits::IDEMPOTENCY_KEYS_PER_USER_MAX) requests back, is forgotten.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.answered.ask", level = "debug", skip_all)]
    pub async fn ask_once(&mut self, user: UserId, key: &str, digest: &[u8], now: DateTime<Utc>) -> Result<Asked, StoreError> {
        self.own(user, "the key")?;
        let kept_since = stamp(now - TimeDelta::hours(limits::IDEMPOTENCY_HOURS));
        let running_since = stamp(now - TimeDelta::minutes(limits::IDEMPOTENCY_RUNNING_MINUTES_MAX));
        execute!(
            self,
            SUBJECT,
            "
            DELETE FROM answered_requests
            WHERE user_id = $1
              AND (created_at < $2
                OR (status IS NULL AND created_at < $3)
                OR key IN (SELECT key FROM answered_requests WHERE user_id = $1 ORDER BY created_at DESC, key LIMIT 1000000 OFFSET $4))
            ",
            user.as_uuid(),
            kept_since,
            running_since,
            // This one makes the number full.
            limits::IDEMPOTENCY_KEYS_PER_USER_MAX - 1,
        )?;
        let added = execute!(
            self,
            SUBJECT,
            "
            INSERT INTO answered_requests (user_id, key, digest, created_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_id, key) DO NOTHING
            ",
            user.as_uuid(),
            text(key),
            digest,
            stamp(now),
        )?;
        if added > 0 {
            return Ok(Asked::First);
        }
        let row: Option<AskedRow> = fetch_optional!(
            self,
            SUBJECT,
            "SELECT digest, status, media_type, body FROM answered_requests WHERE user_id = $1 AND key = $2",
            user.as_uuid(),
            text(key),
        )?;
        Ok(match row {
            Some(row) if row.digest != digest => Asked::Different,
            Some(AskedRow { status: Some(status), media_type, body, .. }) => {
                let status = u16::try_from(status).unwrap_or(200);
                Asked::Answered { status, media_type, body: body.unwrap_or_default() }
            }
            _ => Asked::Running,
        })
    }

    /// Remembers what a request was answered.
    ///
    /// # Errors
    /// `Limit` above [`IDEMPOTENCY_ANSWER_BYTES_MAX`](limits::IDEMPOTENCY_ANSWER_BYTES_MAX).
    #[instrument(name = "db.answered.answer", level = "debug", skip_all)]
    pub async fn answer_once(
        &mut self,
        user: UserId,
        key: &str,
        (status, media_type, body): (u16, Option<&str>, &[u8]),
    ) -> Result<(), StoreError> {
        self.own(user, "the key")?;
        self.bound("the answer", body.len(), limits::IDEMPOTENCY_ANSWER_BYTES_MAX)?;
        execute!(
            self,
            SUBJECT,
            "UPDATE answered_requests SET status = $3, media_type = $4, body = $5 WHERE user_id = $1 AND key = $2",
            user.as_uuid(),
            text(key),
            i64::from(status),
            media_type.map(text),
            body,
        )?;
        Ok(())
    }

    /// Forgets a request that had no effect, so that it may be sent again.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.answered.forget", level = "debug", skip_all)]
    pub async fn forget_once(&mut self, user: UserId, key: &str) -> Result<(), StoreError> {
        self.own(user, "the key")?;
        execute!(self, SUBJECT, "DELETE FROM answered_requests WHERE user_id = $1 AND key = $2", user.as_uuid(), text(key),)?;
        Ok(())
    }
}
