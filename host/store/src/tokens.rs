//! API tokens: their rows, never their values.

use chrono::{DateTime, Utc};
use octi_domain::ids::{TokenId, UserId};
use octi_domain::session::User;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx, rows};

const SUBJECT: Subject = Subject::new("api_tokens", "this token", "the user");

/// One token of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub user_id: UserId,
    pub name: String,
    /// The value's beginning, by which a person recognises it.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct TokenRow {
    id: Uuid,
    user_id: Uuid,
    name: String,
    prefix: String,
    scopes: Doc<Vec<String>>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<TokenRow> for Token {
    fn from(row: TokenRow) -> Self {
        Self {
            id: TokenId::from(row.id),
            user_id: UserId::from(row.user_id),
            name: row.name,
            prefix: row.prefix,
            scopes: row.scopes.0,
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a token; `hash` is the SHA-256 of its value.
    ///
    /// # Errors
    /// `Conflict` when it is there already, `Missing` without its user, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.tokens.insert", level = "debug", skip_all, fields(token.id = %token.id))]
    pub async fn insert_token(&mut self, token: &Token, hash: &[u8; 32]) -> Result<(), StoreError> {
        self.own(token.user_id, "the token")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO api_tokens (id, user_id, name, token_hash, prefix, scopes, created_at, expires_at, last_used_at, revoked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ",
            token.id.as_uuid(),
            token.user_id.as_uuid(),
            text(&token.name),
            hash.as_slice(),
            text(&token.prefix),
            Doc(&token.scopes),
            stamp(token.created_at),
            token.expires_at.map(stamp),
            token.last_used_at.map(stamp),
            token.revoked_at.map(stamp),
        )?;
        Ok(())
    }

    /// The token with that hash, and its user. Only for the host itself, which checks tokens; expired and revoked ones are
    /// returned too.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.by_hash", level = "debug", skip_all)]
    pub async fn token_by_hash(&mut self, hash: &[u8; 32]) -> Result<Option<(Token, User)>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<TokenRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
            FROM api_tokens
            WHERE token_hash = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            hash.as_slice(),
            self.owner,
        )?;
        self.with_user(row).await
    }

    /// The token with that id, and its user. Only for the host itself, which checks signatures; expired and revoked ones are
    /// returned too.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.and_user", level = "debug", skip_all, fields(token.id = %id))]
    pub async fn token_and_user(&mut self, id: TokenId) -> Result<Option<(Token, User)>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<TokenRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
            FROM api_tokens
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        self.with_user(row).await
    }

    async fn with_user(&mut self, row: Option<TokenRow>) -> Result<Option<(Token, User)>, StoreError> {
        let Some(token) = row.map(Token::from) else { return Ok(None) };
        Ok(self.user(token.user_id).await?.map(|user| (token, user)))
    }

    /// The tokens of the principal, oldest first, revoked ones included.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.list", level = "debug", skip_all)]
    pub async fn list_tokens(&mut self) -> Result<Vec<Token>, StoreError> {
        let rows: Vec<TokenRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
            FROM api_tokens
            WHERE ($1 IS NULL OR user_id = $1)
            ORDER BY created_at, id
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        Ok(rows.into_iter().map(Token::from).collect())
    }

    /// A page of the tokens of the principal, newest first, revoked ones included: the first one, or the one after that
    /// `(created_at, id)`.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.page", level = "debug", skip_all)]
    pub async fn page_of_tokens(
        &mut self,
        before: Option<(DateTime<Utc>, TokenId)>,
        limit: u32,
    ) -> Result<Vec<Token>, StoreError> {
        let found: Vec<TokenRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
            FROM api_tokens
            WHERE ($1 IS NULL OR user_id = $1) AND ($2 IS NULL OR (created_at, id) < ($2, $3))
            ORDER BY created_at DESC, id DESC
            LIMIT $4
            ",
            self.owner,
            before.map(|(at, _)| stamp(at)),
            before.map(|(_, id)| id.as_uuid()),
            rows(limit),
        )?;
        Ok(found.into_iter().map(Token::from).collect())
    }

    /// Ends a token; false when there is no such token or it was revoked before.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.revoke", level = "debug", skip_all, fields(token.id = %id))]
    pub async fn revoke_token(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE api_tokens SET revoked_at = $3
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2) AND revoked_at IS NULL
            ",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.tokens.touch", level = "debug", skip_all, fields(token.id = %id))]
    pub async fn touch_token(&mut self, id: TokenId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE api_tokens SET last_used_at = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }
}
