//! The folders in which people's agents work, and which of them a conversation has.

use chrono::{DateTime, Utc};
use octi_domain::ids::{SessionId, UserId, WorkspaceId};
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::workspace::{Place, Workspace};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::store::Store;
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("workspaces", "a workspace with this word", "the user");

#[derive(FromRow)]
struct WorkspaceRow {
    id: Uuid,
    user_id: Uuid,
    slug: String,
    name: String,
    folder: String,
    is_default: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<WorkspaceRow> for Workspace {
    fn from(row: WorkspaceRow) -> Self {
        Self {
            id: WorkspaceId::from(row.id),
            user_id: UserId::from(row.user_id),
            slug: row.slug,
            name: row.name,
            folder: row.folder,
            is_default: row.is_default,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a workspace.
    ///
    /// # Errors
    /// `Conflict` when its slug or folder is taken, `Limit` when there are
    /// [`WORKSPACES_PER_USER_MAX`](limits::WORKSPACES_PER_USER_MAX), `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.workspaces.insert", level = "debug", skip_all, fields(workspace.id = %workspace.id))]
    pub async fn insert_workspace(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        self.own(workspace.user_id, "the workspace")?;
        self.changes.places = true;
        let (count,): (i64,) =
            fetch_one!(self, SUBJECT, "SELECT COUNT(*) FROM workspaces WHERE user_id = $1", workspace.user_id.as_uuid(),)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.bound("the number of workspaces", count.saturating_add(1), limits::WORKSPACES_PER_USER_MAX)?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO workspaces (id, user_id, slug, name, folder, is_default, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ",
            workspace.id.as_uuid(),
            workspace.user_id.as_uuid(),
            text(&workspace.slug),
            text(&workspace.name),
            text(&workspace.folder),
            workspace.is_default,
            stamp(workspace.created_at),
            stamp(workspace.updated_at),
        )?;
        Ok(())
    }

    /// Adds this one when the person has no default yet, and gives every conversation to it that has no workspace: those are
    /// from before there were several. Nothing happens when there is a default.
    ///
    /// # Errors
    /// `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.workspaces.insert_first", level = "debug", skip_all, fields(workspace.id = %workspace.id))]
    pub async fn insert_first_workspace(&mut self, workspace: &Workspace) -> Result<(), StoreError> {
        self.own(workspace.user_id, "the workspace")?;
        self.changes.places = true;
        let added = execute!(
            self,
            SUBJECT,
            "
            INSERT INTO workspaces (id, user_id, slug, name, folder, is_default, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            ON CONFLICT DO NOTHING
            ",
            workspace.id.as_uuid(),
            workspace.user_id.as_uuid(),
            text(&workspace.slug),
            text(&workspace.name),
            text(&workspace.folder),
            true,
            stamp(workspace.created_at),
        )?;
        if added > 0 {
            execute!(
                self,
                SUBJECT,
                "UPDATE sessions SET workspace_id = $1 WHERE user_id = $2 AND workspace_id IS NULL",
                workspace.id.as_uuid(),
                workspace.user_id.as_uuid(),
            )?;
        }
        Ok(())
    }

    /// The workspaces of a person, the default first and the others by name.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.list", level = "debug", skip_all)]
    pub async fn list_workspaces(&mut self, user: UserId) -> Result<Vec<Workspace>, StoreError> {
        self.own(user, "the list of workspaces")?;
        let found: Vec<WorkspaceRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, slug, name, folder, is_default, created_at, updated_at
            FROM workspaces
            WHERE user_id = $1
            ORDER BY is_default DESC, name, id
            LIMIT $2
            ",
            user.as_uuid(),
            ALL_ROWS,
        )?;
        Ok(found.into_iter().map(Workspace::from).collect())
    }

    /// A workspace.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.get", level = "debug", skip_all, fields(workspace.id = %id))]
    pub async fn workspace(&mut self, id: WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        let row: Option<WorkspaceRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, slug, name, folder, is_default, created_at, updated_at
            FROM workspaces
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(row.map(Workspace::from))
    }

    /// The workspace of a person with that slug, or with none their default one. None for the default as long as it was not
    /// needed.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.workspaces.find", level = "debug", skip_all)]
    pub async fn find_workspace(&mut self, user: UserId, slug: Option<&str>) -> Result<Option<Workspace>, StoreError> {
        self.own(user, "the workspace")?;
        let row: Option<WorkspaceRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, slug, name, folder, is_default, created_at, updated_at
            FROM workspaces
            WHERE user_id = $1 AND (slug = $2 OR ($2 IS NULL AND is_default))
            ",
            user.as_uuid(),
            slug.map(text),
        )?;
        Ok(row.map(Workspace::from))
    }

    /// Gives a workspace another name and slug; its folder stays. False when there is no such workspace.
    ///
    /// # Errors
    /// `Conflict` when the slug is taken.
    #[instrument(name = "db.workspaces.rename", level = "debug", skip_all, fields(workspace.id = %id))]
    pub async fn rename_workspace(
        &mut self,
        id: WorkspaceId,
        (name, slug): (&str, &str),
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE workspaces SET name = $3, slug = $4, updated_at = $5
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
            text(name),
            text(slug),
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Makes a workspace the one that conversations begin in; false when there is no such workspace.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.make_default", level = "debug", skip_all, fields(workspace.id = %id))]
    pub async fn make_default_workspace(&mut self, id: WorkspaceId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let Some(workspace) = self.workspace(id).await? else { return Ok(false) };
        self.changes.places = true;
        // One after the other: the index that allows one default is checked row by row.
        execute!(
            self,
            SUBJECT,
            "UPDATE workspaces SET is_default = $3, updated_at = $4 WHERE user_id = $1 AND is_default AND id <> $2",
            workspace.user_id.as_uuid(),
            id.as_uuid(),
            false,
            stamp(at),
        )?;
        execute!(
            self,
            SUBJECT,
            "UPDATE workspaces SET is_default = $3, updated_at = $4 WHERE user_id = $1 AND id = $2 AND NOT is_default",
            workspace.user_id.as_uuid(),
            id.as_uuid(),
            true,
            stamp(at),
        )?;
        Ok(true)
    }

    /// Takes a workspace away. Its conversations work in the default one from then on; the folder is left alone. False when
    /// there is no such workspace, or it is the default.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.delete", level = "debug", skip_all, fields(workspace.id = %id))]
    pub async fn delete_workspace(&mut self, id: WorkspaceId) -> Result<bool, StoreError> {
        self.changes.places = true;
        execute!(
            self,
            SUBJECT,
            "
            UPDATE sessions SET workspace_id = NULL, project = NULL
            WHERE workspace_id = $1 AND ($2 IS NULL OR user_id = $2)
              AND NOT EXISTS (SELECT 1 FROM workspaces WHERE id = $1 AND user_id = sessions.user_id AND is_default)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM workspaces WHERE id = $1 AND ($2 IS NULL OR user_id = $2) AND NOT is_default",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(changed > 0)
    }

    /// Where the tools of a conversation work; none when there is no such conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.place_of_session", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn place_of_session(&mut self, session: SessionId) -> Result<Option<Place>, StoreError> {
        let row: Option<(Option<String>, Option<String>, Option<String>)> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT chosen.folder, usual.folder, sessions.project
            FROM sessions
            LEFT JOIN workspaces AS chosen ON chosen.id = sessions.workspace_id AND chosen.user_id = sessions.user_id
            LEFT JOIN workspaces AS usual ON usual.user_id = sessions.user_id AND usual.is_default
            WHERE sessions.id = $1 AND ($2 IS NULL OR sessions.user_id = $2)
            ",
            session.as_uuid(),
            self.owner,
        )?;
        Ok(row.map(|(chosen, usual, project)| {
            let folder = chosen.or(usual).unwrap_or_else(|| Place::default().folder);
            Place { folder, project }
        }))
    }

    /// Lets a conversation work in a workspace of its person's, and in a project there; false when there is no such conversation
    /// or workspace.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.workspaces.place_session", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn place_session(
        &mut self,
        session: SessionId,
        workspace: WorkspaceId,
        project: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.changes.places = true;
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE sessions SET workspace_id = $3, project = $4
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
              AND EXISTS (SELECT 1 FROM workspaces WHERE id = $3 AND user_id = sessions.user_id)
            ",
            session.as_uuid(),
            self.owner,
            workspace.as_uuid(),
            project.map(text),
        )?;
        Ok(changed > 0)
    }
}

impl Store {
    /// Where the calls of a person work: where their conversation does, else in the workspace that was named, else in the default
    /// one. None when that is not there. From memory when it was read within the last second and not changed since.
    ///
    /// # Errors
    /// `Foreign` for somebody else's default workspace, or when the database fails.
    pub async fn place(
        &self,
        principal: &Principal,
        user: UserId,
        (session, workspace): (Option<SessionId>, Option<WorkspaceId>),
    ) -> Result<Option<Place>, StoreError> {
        let read = || async {
            let mut tx = self.read(principal).await?;
            if let Some(session) = session {
                return tx.place_of_session(session).await;
            }
            let named = match workspace {
                Some(id) => tx.workspace(id).await?,
                None => tx.find_workspace(user, None).await?,
            };
            Ok(named.map(|workspace| Place { folder: workspace.folder, project: None }))
        };
        self.memory.places.get((principal.clone(), user, session, workspace), read).await
    }
}
