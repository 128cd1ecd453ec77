//! People who can sign in. A user is the owner of their own row.

use chrono::{DateTime, Utc};
use octi_domain::ids::UserId;
use octi_domain::session::User;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("users", "a user with this name", "the user");

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    username: String,
    password_hash: String,
    is_admin: bool,
    is_active: bool,
    created_at: DateTime<Utc>,
    last_login_at: Option<DateTime<Utc>>,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: UserId::from(row.id),
            username: row.username,
            is_admin: row.is_admin,
            is_active: row.is_active,
            created_at: row.created_at,
            last_login_at: row.last_login_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a user; only the host itself may.
    ///
    /// # Errors
    /// `Conflict` when the name is taken, `Foreign` for a person's principal.
    #[instrument(name = "db.users.insert", level = "debug", skip_all)]
    pub async fn insert_user(&mut self, user: &User, password_hash: &str) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the list of users" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO users (id, username, password_hash, is_admin, is_active, created_at, last_login_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ",
            user.id.as_uuid(),
            text(&user.username),
            password_hash,
            user.is_admin,
            user.is_active,
            stamp(user.created_at),
            user.last_login_at.map(stamp),
        )?;
        Ok(())
    }

    /// The user of that name with their password's hash. Only for the host itself, which checks passwords.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.by_name", level = "debug", skip_all)]
    pub async fn user_by_name(&mut self, username: &str) -> Result<Option<(User, String)>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<UserRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, username, password_hash, is_admin, is_active, created_at, last_login_at
            FROM users
            WHERE username = $1 AND ($2 IS NULL OR id = $2)
            ",
            text(username),
            self.owner,
        )?;
        Ok(row.map(|mut row| {
            let hash = std::mem::take(&mut row.password_hash);
            (row.into(), hash)
        }))
    }

    /// A user.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.get", level = "debug", skip_all, fields(user.id = %id))]
    pub async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row: Option<UserRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, username, password_hash, is_admin, is_active, created_at, last_login_at
            FROM users
            WHERE id = $1 AND ($2 IS NULL OR id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(row.map(User::from))
    }

    /// All users the principal may see, by name: a person sees themselves.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.list", level = "debug", skip_all)]
    pub async fn list_users(&mut self) -> Result<Vec<User>, StoreError> {
        let rows: Vec<UserRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, username, password_hash, is_admin, is_active, created_at, last_login_at
            FROM users
            WHERE ($1 IS NULL OR id = $1)
            ORDER BY created_at, id
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// How many users the principal may see.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.count", level = "debug", skip_all)]
    pub async fn count_users(&mut self) -> Result<i64, StoreError> {
        let (count,): (i64,) = fetch_one!(self, SUBJECT, "SELECT COUNT(*) FROM users WHERE ($1 IS NULL OR id = $1)", self.owner)?;
        Ok(count)
    }

    /// Replaces a password's hash.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.set_password", level = "debug", skip_all, fields(user.id = %id))]
    pub async fn set_password(&mut self, id: UserId, password_hash: &str) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND ($2 IS NULL OR id = $2)",
            id.as_uuid(),
            self.owner,
            password_hash,
        )?;
        Ok(changed > 0)
    }

    /// Gives a user another name.
    ///
    /// # Errors
    /// `Conflict` when the name is taken.
    #[instrument(name = "db.users.rename", level = "debug", skip_all, fields(user.id = %id))]
    pub async fn rename_user(&mut self, id: UserId, username: &str) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE users SET username = $3 WHERE id = $1 AND ($2 IS NULL OR id = $2)",
            id.as_uuid(),
            self.owner,
            text(username),
        )?;
        Ok(changed > 0)
    }

    /// Notes that a user signed in.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.record_login", level = "debug", skip_all, fields(user.id = %id))]
    pub async fn record_login(&mut self, id: UserId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE users SET last_login_at = $3 WHERE id = $1 AND ($2 IS NULL OR id = $2)",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// The active administrator who was there first: the owner of a host that runs for one person. Only for the host itself.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.users.oldest_admin", level = "debug", skip_all)]
    pub async fn oldest_admin(&mut self) -> Result<Option<User>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<UserRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, username, password_hash, is_admin, is_active, created_at, last_login_at
            FROM users
            WHERE is_admin AND is_active AND ($1 IS NULL OR id = $1)
            ORDER BY created_at, id
            LIMIT 1
            ",
            self.owner,
        )?;
        Ok(row.map(User::from))
    }
}
