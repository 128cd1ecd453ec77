//! Programs that registered themselves. Their owner is the host itself: a person's principal finds and changes none.

use chrono::{DateTime, Utc};
use tracing::instrument;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const SUBJECT: Subject = Subject::new("oauth_clients", "this program", "the program");

/// A program as it registered itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClient {
    pub id: String,
    pub name: String,
    pub redirect_uris: Vec<String>,
    pub registered_from: String,
    pub created_at: DateTime<Utc>,
    /// When a person last let it in, or it last took tokens.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Tx<'_> {
    /// Adds a program.
    ///
    /// # Errors
    /// `Foreign` for a person's principal, `Conflict` when the id is taken.
    #[instrument(name = "db.oauth_clients.insert", level = "debug", skip_all)]
    pub async fn insert_oauth_client(&mut self, client: &OauthClient) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the program" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO oauth_clients (id, user_id, name, redirect_uris, registered_from, created_at, last_used_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ",
            text(&client.id),
            self.owner,
            text(&client.name),
            Doc(&client.redirect_uris),
            text(&client.registered_from),
            stamp(client.created_at),
            client.last_used_at.map(stamp),
        )?;
        Ok(())
    }

    /// The program that registered itself under that id.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_clients.get", level = "debug", skip_all)]
    pub async fn oauth_client(&mut self, id: &str) -> Result<Option<OauthClient>, StoreError> {
        type Row = (String, String, Doc<Vec<String>>, String, DateTime<Utc>, Option<DateTime<Utc>>);
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<Row> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, name, redirect_uris, registered_from, created_at, last_used_at
            FROM oauth_clients WHERE id = $1 AND user_id IS NULL
            ",
            text(id),
        )?;
        Ok(row.map(|(id, name, redirect_uris, registered_from, created_at, last_used_at)| OauthClient {
            id,
            name,
            redirect_uris: redirect_uris.0,
            registered_from,
            created_at,
            last_used_at,
        }))
    }

    /// How many programs are registered, and how many of them were registered from there and let in by nobody yet.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_clients.count", level = "debug", skip_all)]
    pub async fn count_oauth_clients(&mut self, from: &str) -> Result<(i64, i64), StoreError> {
        if !self.is_system() {
            return Ok((0, 0));
        }
        let (all,): (i64,) = fetch_one!(self, SUBJECT, "SELECT COUNT(*) FROM oauth_clients WHERE user_id IS NULL")?;
        let (unused,): (i64,) = fetch_one!(
            self,
            SUBJECT,
            "SELECT COUNT(*) FROM oauth_clients WHERE user_id IS NULL AND last_used_at IS NULL AND registered_from = $1",
            text(from),
        )?;
        Ok((all, unused))
    }

    /// Notes that a program was let in, or came back.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_clients.touch", level = "debug", skip_all)]
    pub async fn touch_oauth_client(&mut self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        let touch = "UPDATE oauth_clients SET last_used_at = $2 WHERE id = $1 AND user_id IS NULL";
        Ok(execute!(self, SUBJECT, touch, text(id), stamp(at))? > 0)
    }

    /// Forgets programs that nobody let in and that registered before `unused`, and those that last came before `idle`.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_clients.forget", level = "debug", skip_all)]
    pub async fn forget_oauth_clients(&mut self, unused: DateTime<Utc>, idle: DateTime<Utc>) -> Result<u64, StoreError> {
        if !self.is_system() {
            return Ok(0);
        }
        execute!(
            self,
            SUBJECT,
            "
            DELETE FROM oauth_clients
            WHERE user_id IS NULL AND ((last_used_at IS NULL AND created_at < $1) OR last_used_at < $2)
            ",
            stamp(unused),
            stamp(idle),
        )
    }

    /// Forgets the oldest program that nobody let in: of those that were registered from there, or of all. False when there is none.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.oauth_clients.forget_oldest", level = "debug", skip_all)]
    pub async fn forget_oldest_oauth_client(&mut self, from: Option<&str>) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        let changed = execute!(
            self,
            SUBJECT,
            "
            DELETE FROM oauth_clients WHERE id IN (
                SELECT id FROM oauth_clients
                WHERE user_id IS NULL AND last_used_at IS NULL AND ($1 IS NULL OR registered_from = $1)
                ORDER BY created_at, id
                LIMIT 1
            )
            ",
            from.map(text),
        )?;
        Ok(changed > 0)
    }
}
