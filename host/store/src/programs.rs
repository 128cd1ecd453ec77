//! Programs that people let in with OAuth: those that registered themselves, what each may do for whom, and the hashes of what they
//! show. Never a value.

mod clients;
mod secrets;

use chrono::{DateTime, Utc};
use octi_domain::ids::{ProgramId, UserId};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

pub use clients::OauthClient;
pub use secrets::{OauthSecret, SecretKind};

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("oauth_grants", "this program", "the user");

/// What one person let one program do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub id: ProgramId,
    pub user_id: UserId,
    /// Which program, as it says.
    pub client_id: String,
    pub client_name: String,
    /// Where its code was sent.
    pub redirect_uri: String,
    pub scope: String,
    /// The server that its tokens are for.
    pub resource: String,
    pub created_at: DateTime<Utc>,
    /// When it took its first tokens; until then it waits with its code.
    pub begun_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ProgramRow {
    id: Uuid,
    user_id: Uuid,
    client_id: String,
    client_name: String,
    redirect_uri: String,
    scope: String,
    resource: String,
    created_at: DateTime<Utc>,
    begun_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl From<ProgramRow> for Program {
    fn from(row: ProgramRow) -> Self {
        Self {
            id: ProgramId::from(row.id),
            user_id: UserId::from(row.user_id),
            client_id: row.client_id,
            client_name: row.client_name,
            redirect_uri: row.redirect_uri,
            scope: row.scope,
            resource: row.resource,
            created_at: row.created_at,
            begun_at: row.begun_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a program.
    ///
    /// # Errors
    /// `Foreign` for somebody else's, `Conflict` when it is there already.
    #[instrument(name = "db.programs.insert", level = "debug", skip_all, fields(program.id = %program.id))]
    pub async fn insert_program(&mut self, program: &Program) -> Result<(), StoreError> {
        self.own(program.user_id, "the program")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO oauth_grants (id, user_id, client_id, client_name, redirect_uri, scope, resource, created_at, begun_at,
                last_used_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ",
            program.id.as_uuid(),
            program.user_id.as_uuid(),
            text(&program.client_id),
            text(&program.client_name),
            text(&program.redirect_uri),
            text(&program.scope),
            text(&program.resource),
            stamp(program.created_at),
            program.begun_at.map(stamp),
            program.last_used_at.map(stamp),
            stamp(program.expires_at),
        )?;
        Ok(())
    }

    /// One program.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.programs.get", level = "debug", skip_all, fields(program.id = %id))]
    pub async fn program(&mut self, id: ProgramId) -> Result<Option<Program>, StoreError> {
        let row: Option<ProgramRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, client_id, client_name, redirect_uri, scope, resource, created_at, begun_at, last_used_at, expires_at
            FROM oauth_grants
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(row.map(Program::from))
    }

    /// The programs of the principal, newest first, also those that have expired or wait with their code.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.programs.list", level = "debug", skip_all)]
    pub async fn list_programs(&mut self) -> Result<Vec<Program>, StoreError> {
        let rows: Vec<ProgramRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, client_id, client_name, redirect_uri, scope, resource, created_at, begun_at, last_used_at, expires_at
            FROM oauth_grants
            WHERE ($1 IS NULL OR user_id = $1)
            ORDER BY created_at DESC, id DESC
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        Ok(rows.into_iter().map(Program::from).collect())
    }

    /// Notes that a program took tokens, and until when it may come back.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.programs.begin", level = "debug", skip_all, fields(program.id = %id))]
    pub async fn renew_program(
        &mut self,
        id: ProgramId,
        at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE oauth_grants SET begun_at = COALESCE(begun_at, $3), expires_at = $4
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
            stamp(at),
            stamp(expires_at),
        )?;
        Ok(changed > 0)
    }

    /// Notes that a program was there.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.programs.touch", level = "debug", skip_all, fields(program.id = %id))]
    pub async fn touch_program(&mut self, id: ProgramId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE oauth_grants SET last_used_at = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Ends a program's access with everything it was given; false when there is no such program.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.programs.delete", level = "debug", skip_all, fields(program.id = %id))]
    pub async fn delete_program(&mut self, id: ProgramId) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM oauth_grants WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(changed > 0)
    }
}
