//! Browsers that people are signed in with: their rows, never their cookies.

use chrono::{DateTime, Utc};
use octi_domain::ids::{SignInId, UserId};
use octi_domain::session::User;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("sign_ins", "this sign-in", "the user");

/// One browser of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    pub id: SignInId,
    pub user_id: UserId,
    /// What the browser says it is.
    pub user_agent: String,
    /// Where it signed in from.
    pub address: String,
    pub created_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct SignInRow {
    id: Uuid,
    user_id: Uuid,
    user_agent: String,
    address: String,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl From<SignInRow> for SignIn {
    fn from(row: SignInRow) -> Self {
        Self {
            id: SignInId::from(row.id),
            user_id: UserId::from(row.user_id),
            user_agent: row.user_agent,
            address: row.address,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a sign-in; `hash` is the SHA-256 of its cookie.
    ///
    /// # Errors
    /// `Foreign` for somebody else's, `Conflict` when the hash is taken.
    #[instrument(name = "db.sign_ins.insert", level = "debug", skip_all)]
    pub async fn insert_sign_in(&mut self, sign_in: &SignIn, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.own(sign_in.user_id, "the sign-in")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO sign_ins (id, user_id, secret_hash, user_agent, address, created_at, last_seen_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ",
            sign_in.id.as_uuid(),
            sign_in.user_id.as_uuid(),
            hash.as_slice(),
            text(&sign_in.user_agent),
            text(&sign_in.address),
            stamp(sign_in.created_at),
            stamp(sign_in.last_seen_at),
            stamp(sign_in.expires_at),
        )?;
        Ok(())
    }

    /// The sign-in with that hash, and its user. Only for the host itself, which checks cookies; expired ones are returned too.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sign_ins.by_hash", level = "debug", skip_all)]
    pub async fn sign_in_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<(SignIn, User)>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<SignInRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, user_agent, address, created_at, last_seen_at, expires_at
            FROM sign_ins
            WHERE secret_hash = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            hash.as_slice(),
            self.owner,
        )?;
        let Some(sign_in) = row.map(SignIn::from) else { return Ok(None) };
        Ok(self.user(sign_in.user_id).await?.map(|user| (sign_in, user)))
    }

    /// The sign-ins of the principal, the last used first.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sign_ins.list", level = "debug", skip_all)]
    pub async fn list_sign_ins(&mut self) -> Result<Vec<SignIn>, StoreError> {
        let rows: Vec<SignInRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, user_agent, address, created_at, last_seen_at, expires_at
            FROM sign_ins
            WHERE ($1 IS NULL OR user_id = $1)
            ORDER BY last_seen_at DESC, id DESC
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        Ok(rows.into_iter().map(SignIn::from).collect())
    }

    /// Notes that a browser was there.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sign_ins.touch", level = "debug", skip_all, fields(sign_in.id = %id))]
    pub async fn touch_sign_in(&mut self, id: SignInId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE sign_ins SET last_seen_at = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Ends a sign-in; false when there is no such one.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sign_ins.delete", level = "debug", skip_all, fields(sign_in.id = %id))]
    pub async fn delete_sign_in(&mut self, id: SignInId) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM sign_ins WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(changed > 0)
    }
}
