//! What programs show: codes, access tokens and refresh tokens, by their hashes. Only the host itself looks them up.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ProgramId, UserId};
use octi_domain::limits;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const SUBJECT: Subject = Subject::new("oauth_secrets", "this token", "the program");

/// What a secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Sent through the browser; the program takes its first tokens with it.
    Code,
    /// Shown with each request.
    Access,
    /// Shown for the next tokens.
    Refresh,
}

impl SecretKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Code, Self::Access, Self::Refresh].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One secret of one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthSecret {
    pub program_id: ProgramId,
    pub user_id: UserId,
    pub kind: SecretKind,
    /// What it lets the program do, which may be less than the person did.
    pub scope: String,
    /// Of a code: what the verifier of whoever redeems it must hash to.
    pub challenge: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct SecretRow {
    grant_id: Uuid,
    user_id: Uuid,
    kind: String,
    scope: String,
    challenge: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
}

impl TryFrom<SecretRow> for OauthSecret {
    type Error = StoreError;

    fn try_from(row: SecretRow) -> Result<Self, StoreError> {
        Ok(Self {
            program_id: ProgramId::from(row.grant_id),
            user_id: UserId::from(row.user_id),
            kind: word("oauth_secrets", "kind", &row.kind, SecretKind::parse)?,
            scope: row.scope,
            challenge: row.challenge,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a secret; `hash` is the SHA-256 of its value.
    ///
    /// # Errors
    /// `Foreign` for somebody else's, `Missing` without its program, `Conflict` when the hash is taken.
    #[instrument(name = "db.oauth_secrets.insert", level = "debug", skip_all, fields(program.id = %secret.program_id))]
    pub async fn insert_oauth_secret(&mut self, secret: &OauthSecret, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.own(secret.user_id, "the token")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO oauth_secrets (secret_hash, user_id, grant_id, kind, scope, challenge, created_at, expires_at, used_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ",
            hash.as_slice(),
            secret.user_id.as_uuid(),
            secret.program_id.as_uuid(),
            secret.kind.as_str(),
            text(&secret.scope),
            secret.challenge.as_deref().map(text),
            stamp(secret.created_at),
            stamp(secret.expires_at),
            secret.used_at.map(stamp),
        )?;
        Ok(())
    }

    /// The secret with that hash, also when it has expired or was used. Only for the host itself.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_secrets.by_hash", level = "debug", skip_all)]
    pub async fn oauth_secret(&mut self, hash: &[u8; 32]) -> Result<Option<OauthSecret>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<SecretRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT grant_id, user_id, kind, scope, challenge, created_at, expires_at, used_at
            FROM oauth_secrets
            WHERE secret_hash = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            hash.as_slice(),
            self.owner,
        )?;
        row.map(OauthSecret::try_from).transpose()
    }

    /// Uses a secret up; false when somebody did before. Of two who try at once, one succeeds.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_secrets.use", level = "debug", skip_all)]
    pub async fn use_oauth_secret(&mut self, hash: &[u8; 32], at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE oauth_secrets SET used_at = $3
            WHERE secret_hash = $1 AND ($2 IS NULL OR user_id = $2) AND used_at IS NULL
            ",
            hash.as_slice(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Takes away a program's access tokens, and forgets all but the newest of its refresh tokens that were used.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_secrets.clear", level = "debug", skip_all, fields(program.id = %id))]
    pub async fn clear_oauth_secrets(&mut self, id: ProgramId) -> Result<(), StoreError> {
        execute!(
            self,
            SUBJECT,
            "DELETE FROM oauth_secrets WHERE grant_id = $1 AND ($2 IS NULL OR user_id = $2) AND kind = 'access'",
            id.as_uuid(),
            self.owner,
        )?;
        execute!(
            self,
            SUBJECT,
            "
            DELETE FROM oauth_secrets
            WHERE grant_id = $1 AND ($2 IS NULL OR user_id = $2) AND kind = 'refresh' AND used_at IS NOT NULL
                AND secret_hash NOT IN (
                    SELECT secret_hash FROM oauth_secrets
                    WHERE grant_id = $1 AND kind = 'refresh' AND used_at IS NOT NULL
                    ORDER BY used_at DESC, secret_hash
                    LIMIT $3
                )
            ",
            id.as_uuid(),
            self.owner,
            i64::from(limits::OAUTH_USED_KEPT),
        )?;
        Ok(())
    }
}
