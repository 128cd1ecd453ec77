//! Conversations.

use chrono::{DateTime, Utc};
use octi_domain::ids::{SessionId, UserId, WorkspaceId};
use octi_domain::session::{Session, SessionStatus};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{each, stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const TABLE: &str = "sessions";
const SUBJECT: Subject = Subject::new(TABLE, "this session", "the user");

/// Which conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionFilter<'a> {
    pub status: Option<SessionStatus>,
    /// Only those with this in their titles. Large and small letters are the same; beyond ASCII on PostgreSQL only.
    pub title: Option<&'a str>,
}

/// The pattern of everything with this text in it.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text(part).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    user_id: Uuid,
    title: Option<String>,
    status: String,
    message_count: i64,
    workspace_id: Option<Uuid>,
    project: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId::from(row.id),
            user_id: UserId::from(row.user_id),
            title: row.title,
            status: word(TABLE, "status", &row.status, SessionStatus::parse)?,
            message_count: row.message_count,
            workspace_id: row.workspace_id.map(WorkspaceId::from),
            project: row.project,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a conversation. It begins empty: `message_count` grows with [`append_message`](Tx::append_message).
    ///
    /// # Errors
    /// `Conflict` when it is there already, `Missing` without its user or workspace, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.sessions.insert", level = "debug", skip_all, fields(session.id = %session.id))]
    pub async fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.own(session.user_id, "the session")?;
        self.changes.places = true;
        if let Some(workspace) = session.workspace_id {
            let own: Option<(i64,)> = fetch_optional!(
                self,
                SUBJECT,
                "SELECT COUNT(*) FROM workspaces WHERE id = $1 AND user_id = $2",
                workspace.as_uuid(),
                session.user_id.as_uuid(),
            )?;
            if own.is_none_or(|(count,)| count == 0) {
                return self.refuse(StoreError::Missing { what: "the workspace" });
            }
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO sessions
                (id, user_id, title, status, message_count, last_seq, workspace_id, project, created_at, updated_at)
            VALUES ($1, $2, $3, $4, 0, 0, $5, $6, $7, $8)
            ",
            session.id.as_uuid(),
            session.user_id.as_uuid(),
            session.title.as_deref().map(text),
            session.status.as_str(),
            session.workspace_id.map(WorkspaceId::as_uuid),
            session.project.as_deref().map(text),
            stamp(session.created_at),
            stamp(session.updated_at),
        )?;
        Ok(())
    }

    /// A conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.get", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row: Option<SessionRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, title, status, message_count, workspace_id, project, created_at, updated_at
            FROM sessions
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        row.map(Session::try_from).transpose()
    }

    /// Conversations, the one with the latest activity first. `before` is the `(updated_at, id)` of the last row of the
    /// page before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_sessions(
        &mut self,
        before: Option<(DateTime<Utc>, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        self.find_sessions(SessionFilter::default(), before, limit).await
    }

    /// The same of some conversations.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.find", level = "debug", skip_all)]
    pub async fn find_sessions(
        &mut self,
        filter: SessionFilter<'_>,
        before: Option<(DateTime<Utc>, SessionId)>,
        limit: u32,
    ) -> Result<Vec<Session>, StoreError> {
        // The plain comparison, and not the one with NULL, lets both databases read the page straight from the index.
        let sql = if self.owner.is_some() {
            "
            SELECT id, user_id, title, status, message_count, workspace_id, project, created_at, updated_at
            FROM sessions
            WHERE user_id = $1 AND ($2 IS NULL OR (updated_at, id) < ($2, $3))
              AND ($4 IS NULL OR status = $4)
              AND ($5 IS NULL OR LOWER(title) LIKE LOWER($5) ESCAPE '\\')
            ORDER BY updated_at DESC, id DESC
            LIMIT $6
            "
        } else {
            "
            SELECT id, user_id, title, status, message_count, workspace_id, project, created_at, updated_at
            FROM sessions
            WHERE ($1 IS NULL OR user_id = $1) AND ($2 IS NULL OR (updated_at, id) < ($2, $3))
              AND ($4 IS NULL OR status = $4)
              AND ($5 IS NULL OR LOWER(title) LIKE LOWER($5) ESCAPE '\\')
            ORDER BY updated_at DESC, id DESC
            LIMIT $6
            "
        };
        let found: Vec<SessionRow> = fetch_all!(
            self,
            SUBJECT,
            sql,
            self.owner,
            before.map(|(at, _)| stamp(at)),
            before.map(|(_, id)| id.as_uuid()),
            filter.status.map(SessionStatus::as_str),
            filter.title.map(containing),
            rows(limit),
        )?;
        each(found)
    }

    /// Names a conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.set_title", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn set_session_title(&mut self, id: SessionId, title: &str) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE sessions SET title = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            text(title),
        )?;
        Ok(changed > 0)
    }

    /// The role that answers in a conversation; none when it is the host's own, or there is no such conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.role", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn session_role(&mut self, id: SessionId) -> Result<Option<String>, StoreError> {
        let row: Option<(Option<String>,)> = fetch_optional!(
            self,
            SUBJECT,
            "SELECT role FROM sessions WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(row.and_then(|(role,)| role))
    }

    /// Lets a role answer in a conversation, or with none the host's own; false when there is no such conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.set_role", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn set_session_role(&mut self, id: SessionId, role: Option<&str>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE sessions SET role = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            role.map(text),
        )?;
        Ok(changed > 0)
    }

    /// Opens or closes a conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.set_status", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn set_session_status(&mut self, id: SessionId, status: SessionStatus) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE sessions SET status = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            status.as_str(),
        )?;
        Ok(changed > 0)
    }

    /// Deletes a conversation with its messages, runs, tool calls, artifacts, rules and questions. What it cost stays.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.sessions.delete", level = "debug", skip_all, fields(session.id = %id))]
    pub async fn delete_session(&mut self, id: SessionId) -> Result<bool, StoreError> {
        self.changes.places = true;
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM sessions WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(changed > 0)
    }
}
