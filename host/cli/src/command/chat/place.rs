//! Where a conversation works: `--workspace` and `--project`.

use octi_api::v1::sessions::PatchSession;
use octi_client::Client;
use octi_config::env::{self, Environment};
use octi_domain::ids::SessionId;

use crate::command::workspace;
use crate::failure::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct PlaceOptions {
    /// Workspace to work in instead of the default: its name or word, or `-` for the default
    #[arg(long, value_name = "NAME")]
    workspace: Option<String>,
    /// Folder to work in: one of the workspace such as `site`, or one of the server's machine such as `/srv/site` or `./site`
    #[arg(long, value_name = "PATH")]
    project: Option<String>,
}

/// The same as the server takes it.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) workspace: Option<String>,
    pub(crate) project: Option<String>,
}

impl PlaceOptions {
    /// Opens the project for a server inside this process.
    pub(crate) fn open(&self, environment: &mut Environment) -> Outcome {
        if let Some(project) = self.project()?.filter(|project| project.starts_with('/')) {
            let opened = environment.get(env::OCTI_ADDITIONAL_PATHS).map(|paths| format!("{paths},{project}"));
            environment.set(env::OCTI_ADDITIONAL_PATHS, &opened.unwrap_or(project));
        }
        Ok(())
    }

    /// What was said, with a workspace that is there.
    pub(crate) async fn named(&self, client: &Client) -> Outcome<Place> {
        let workspace = match self.workspace.as_deref() {
            Some(name) => Some(workspace::found(client, name).await?.id.to_string()),
            None => None,
        };
        Ok(Place { workspace, project: self.project()? })
    }

    /// Lets a conversation work there, when anything was said.
    pub(crate) async fn go(&self, client: &Client, session: SessionId) -> Outcome<SessionId> {
        let Place { workspace, project } = self.named(client).await?;
        if workspace.is_some() || project.is_some() {
            let patch = PatchSession { workspace_id: workspace, project_path: project, ..PatchSession::default() };
            client.patch_session(session, &patch).await?;
        }
        Ok(session)
    }

    fn project(&self) -> Outcome<Option<String>> {
        self.project.as_deref().map(project).transpose()
    }
}

/// A project as it is typed.
pub(crate) fn project(typed: &str) -> Outcome<String> {
    octi_tui::project(typed).map_err(Failure::user)
}
