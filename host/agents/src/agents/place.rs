//! Where conversations work: in which workspace, and in which folder of it.

use octi_domain::ids::{SessionId, WorkspaceId};
use octi_domain::principal::Principal;
use octi_domain::session::Session;
use octi_domain::workspace::{DEFAULT, Place, Workspace};
use octi_store::StoreError;

use super::{Agents, Shared};
use crate::error::AgentsError;

/// Where a conversation is to work from now on. What is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Move {
    /// Another workspace: all of it, unless a project is named too. One that is not the person's own means their default one.
    pub workspace: Option<WorkspaceId>,
    /// A folder of the workspace, or an absolute one that an administrator opened; an empty text for the whole workspace.
    pub project: Option<String>,
}

impl Move {
    /// Whether everything stays.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.workspace.is_none() && self.project.is_none()
    }
}

impl Agents {
    /// A workspace of the person's own, and their default one for none and for what is not theirs. The default is made when
    /// it is needed first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn own_workspace(&self, principal: &Principal, id: Option<WorkspaceId>) -> Result<Workspace, AgentsError> {
        self.0.own_workspace(principal, id).await
    }

    /// Where a new conversation works.
    ///
    /// # Errors
    /// [`AgentsError::Project`] when the folder is not there or not open.
    pub async fn place(&self, principal: &Principal, to: &Move) -> Result<(WorkspaceId, Option<String>), AgentsError> {
        self.0.placed(principal, (None, None), to).await
    }

    /// Lets a conversation work elsewhere from now on.
    ///
    /// # Errors
    /// [`AgentsError::Working`] while a turn runs, [`AgentsError::Project`] when the folder is not there or not open.
    pub async fn move_session(&self, principal: &Principal, id: SessionId, to: &Move) -> Result<(), AgentsError> {
        let _one_at_a_time = self.0.starting(id).lock().await;
        self.0.move_session(principal, id, to).await
    }
}

impl Shared {
    async fn own_workspace(&self, principal: &Principal, id: Option<WorkspaceId>) -> Result<Workspace, AgentsError> {
        let user_id = principal.user_id().ok_or(AgentsError::NoPerson)?;
        let mut tx = self.store.read(principal).await?;
        let chosen = match id {
            Some(id) => tx.workspace(id).await?,
            None => None,
        };
        let found = match chosen {
            Some(chosen) => Some(chosen),
            None => tx.find_workspace(user_id, None).await?,
        };
        drop(tx);
        if let Some(found) = found {
            return Ok(found);
        }
        let now = self.ambient.now();
        let first = Workspace {
            id: self.ambient.id(),
            user_id,
            slug: DEFAULT.to_owned(),
            name: "Default".to_owned(),
            folder: DEFAULT.to_owned(),
            is_default: true,
            created_at: now,
            updated_at: now,
        };
        let mut tx = self.store.write(principal).await?;
        tx.insert_first_workspace(&first).await?;
        let found = tx.find_workspace(user_id, None).await?;
        tx.save().await?;
        found.ok_or(AgentsError::Store(StoreError::Missing { what: "the default workspace" }))
    }

    /// What becomes of where a conversation works now.
    async fn placed(
        &self,
        principal: &Principal,
        (workspace_id, project): (Option<WorkspaceId>, Option<&str>),
        to: &Move,
    ) -> Result<(WorkspaceId, Option<String>), AgentsError> {
        let workspace = self.own_workspace(principal, to.workspace.or(workspace_id)).await?;
        let stays = workspace_id.is_none_or(|id| id == workspace.id);
        let project = match &to.project {
            Some(project) => self.checked_project(&workspace, project).await?,
            None => project.filter(|_| stays).map(str::to_owned),
        };
        Ok((workspace.id, project))
    }

    /// The project as it is kept. It is looked at again at every call, so this is for telling the person at once.
    async fn checked_project(&self, workspace: &Workspace, project: &str) -> Result<Option<String>, AgentsError> {
        let place = Place { folder: workspace.folder.clone(), project: Some(project.to_owned()) };
        let folder =
            (self.dispatch.workspace_of)(workspace.user_id, &place).map_err(|error| AgentsError::Project(error.to_string()))?;
        let is_outside = project.starts_with('/');
        let kept =
            if is_outside { folder.root.join(&folder.within).to_string_lossy().into_owned() } else { folder.within.clone() };
        let looked = tokio::task::spawn_blocking(move || folder.check(&place)).await;
        match looked {
            Ok(looked) => looked.map_err(|error| AgentsError::Project(error.to_string()))?,
            Err(_) => return Err(AgentsError::Project("the folder cannot be looked at: try again".to_owned())),
        }
        Ok((!kept.is_empty()).then(|| kept.trim_end_matches('/').to_owned()))
    }

    /// Under the lock of the session.
    pub(super) async fn move_session(&self, principal: &Principal, id: SessionId, to: &Move) -> Result<(), AgentsError> {
        if to.is_nothing() {
            return Ok(());
        }
        let session: Option<Session> = self.store.read(principal).await?.session(id).await?;
        let session = session.ok_or(AgentsError::SessionNotFound(id))?;
        let (workspace, project) = self.placed(principal, (session.workspace_id, session.project.as_deref()), to).await?;
        if session.workspace_id == Some(workspace) && session.project == project {
            return Ok(());
        }
        if self.runs.of_session(session.user_id, id).is_some() {
            return Err(AgentsError::Working);
        }
        let mut tx = self.store.write(principal).await?;
        if !tx.place_session(id, workspace, project.as_deref()).await? {
            return Err(AgentsError::SessionNotFound(id));
        }
        tx.save().await?;
        Ok(())
    }
}
