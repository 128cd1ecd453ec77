//! Secrets, sealed before they come here. Names are unique per person and scope, so the host itself, which is nobody, finds
//! none by name.

use chrono::{DateTime, Utc};
use octi_domain::ids::{SecretId, UserId};
use octi_domain::limits;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("vault", "this secret", "the user");

/// One sealed secret of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedSecret {
    pub id: SecretId,
    pub user_id: UserId,
    /// What it is for, such as `model`.
    pub scope: String,
    pub name: String,
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
    /// Which master key sealed it.
    pub key_version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a list of secrets shows of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct SecretName {
    pub scope: String,
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct SecretRow {
    id: Uuid,
    user_id: Uuid,
    scope: String,
    name: String,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
    key_version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<SecretRow> for SealedSecret {
    fn from(row: SecretRow) -> Self {
        Self {
            id: SecretId::from(row.id),
            user_id: UserId::from(row.user_id),
            scope: row.scope,
            name: row.name,
            nonce: row.nonce,
            ciphertext: row.ciphertext,
            key_version: row.key_version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a secret, or replaces the one of the same scope and name, which keeps its id and the time it was added.
    ///
    /// # Errors
    /// `Limit` when the person keeps too many or too much already, `Missing` without its user, `Foreign` when it belongs to
    /// somebody else.
    #[instrument(name = "db.vault.put", level = "debug", skip_all, fields(secret.id = %secret.id))]
    pub async fn put_secret(&mut self, secret: &SealedSecret) -> Result<(), StoreError> {
        self.own(secret.user_id, "the secret")?;
        let (count, bytes): (i64, i64) = fetch_one!(
            self,
            SUBJECT,
            "
            SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(ciphertext)), 0) AS BIGINT)
            FROM vault
            WHERE user_id = $1 AND NOT (scope = $2 AND name = $3)
            ",
            secret.user_id.as_uuid(),
            text(&secret.scope),
            text(&secret.name),
        )?;
        let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
        self.bound("the number of secrets", number(count).saturating_add(1), limits::SECRETS_PER_USER_MAX)?;
        let bytes = number(bytes).saturating_add(secret.ciphertext.len());
        self.bound("the size of all secrets together, in bytes,", bytes, limits::SECRETS_BYTES_PER_USER_MAX)?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO vault (id, user_id, scope, name, nonce, ciphertext, key_version, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (user_id, scope, name) DO UPDATE
            SET nonce = excluded.nonce
              , ciphertext = excluded.ciphertext
              , key_version = excluded.key_version
              , updated_at = excluded.updated_at
            ",
            secret.id.as_uuid(),
            secret.user_id.as_uuid(),
            text(&secret.scope),
            text(&secret.name),
            secret.nonce.as_slice(),
            secret.ciphertext.as_slice(),
            secret.key_version,
            stamp(secret.created_at),
            stamp(secret.updated_at),
        )?;
        Ok(())
    }

    /// The principal's secret of that scope and name.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.vault.get", level = "debug", skip_all)]
    pub async fn secret(&mut self, scope: &str, name: &str) -> Result<Option<SealedSecret>, StoreError> {
        let row: Option<SecretRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, scope, name, nonce, ciphertext, key_version, created_at, updated_at
            FROM vault
            WHERE user_id = $1 AND scope = $2 AND name = $3
            ",
            self.owner,
            text(scope),
            text(name),
        )?;
        Ok(row.map(SealedSecret::from))
    }

    /// The principal's secrets by scope and name, in byte order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.vault.list", level = "debug", skip_all)]
    pub async fn list_secrets(&mut self) -> Result<Vec<SecretName>, StoreError> {
        let mut found: Vec<SecretName> = fetch_all!(
            self,
            SUBJECT,
            "SELECT scope, name, created_at, updated_at FROM vault WHERE ($1 IS NULL OR user_id = $1) LIMIT $2",
            self.owner,
            ALL_ROWS,
        )?;
        found.sort();
        Ok(found)
    }

    /// Removes the principal's secret of that scope and name.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.vault.delete", level = "debug", skip_all)]
    pub async fn delete_secret(&mut self, scope: &str, name: &str) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM vault WHERE user_id = $1 AND scope = $2 AND name = $3",
            self.owner,
            text(scope),
            text(name),
        )?;
        Ok(changed > 0)
    }
}
