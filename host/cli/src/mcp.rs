//! Servers of the Model Context Protocol: where they are configured, and whose secrets they use.

mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use octi_api::v1::mcp::{McpServer, McpServerTest, SetMcpServer};
use octi_config::env::Environment;
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_extension::services::{SecretError, SecretSource as _};
use octi_gateway::ports::{McpAdmin, PortError};
use octi_mcp::client::{Admin, AdminError, Doors, Hub, ServerConfig, ServerSecrets, read_file};
use octi_security::auth::Auth;
use octi_security::sandbox::egress::Egress;
use octi_security::sandbox::process::ProcessDoor;
use octi_store::Store;
use secrecy::SecretString;

use self::wire::{from_api, to_api};
use crate::failure::{Failure, Outcome};
use crate::secrets::Secrets;

/// The file in the home folder.
const FILE: &str = "mcp.json";
/// The folder in it where each server has its own.
const FOLDER: &str = "mcp";

/// The ways out of this host, and the vault.
pub(crate) fn doors(
    (processes, egress): (&Arc<ProcessDoor>, &Arc<Egress>),
    (auth, secrets): (&Arc<Auth>, &Arc<Secrets>),
    (home, ambient): (&Path, &Ambient),
) -> Doors {
    let secrets = Arc::new(OfAdministrators { auth: auth.clone(), secrets: secrets.clone() });
    Doors::new(processes.clone(), egress, secrets, home.join(FOLDER), ambient.clone())
}

/// The servers of this host, and what changes them. A file that cannot be used, or a server of it, is a note for whoever starts octi: the
/// host goes on without it.
pub(crate) async fn open(
    doors: Doors,
    (store, ambient): (&Store, &Ambient),
    (home, environment): (&Path, &Environment),
    is_server: bool,
) -> Outcome<(Arc<Hub>, Arc<dyn McpAdmin>, Vec<String>)> {
    let hub = Arc::new(Hub::new(doors));
    let admin = Admin::new(hub.clone(), store.clone(), ambient.clone());
    let (file, broken) = match of_file(&home.join(FILE), environment) {
        Ok(servers) => (servers, None),
        Err(why) => (BTreeMap::new(), Some(why)),
    };
    let opened = admin.open(file).await;
    let mut notes = opened.map_err(|error| Failure::us("the MCP servers cannot be read").because(&error))?;
    notes.extend(broken);
    if is_server {
        hub.start_eager();
    }
    Ok((hub, Arc::new(Servers(admin)), notes))
}

fn of_file(file: &Path, environment: &Environment) -> Result<BTreeMap<String, ServerConfig>, String> {
    let unusable = |why: String| format!("`{}` cannot be used, so its MCP servers are not there: {why}", file.display());
    let text = match read_bounded(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(unusable(error.to_string())),
    };
    let lookup = |name: &str| {
        let is_allowed = environment.names_for_mcp().any(|allowed| allowed == name);
        environment.get(name).filter(|_| is_allowed).map(str::to_owned)
    };
    read_file(&text, &lookup).map_err(|error| unusable(error.to_string()))
}

/// As much of the file as is needed to see that it is too long.
fn read_bounded(file: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(file)?.take(limits::MCP_FILE_BYTES_MAX as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

/// The secrets of the administrator who configured a server; of this installation's owner for those in the file.
struct OfAdministrators {
    auth: Arc<Auth>,
    secrets: Arc<Secrets>,
}

#[async_trait]
impl ServerSecrets for OfAdministrators {
    async fn secret(&self, owner: Option<UserId>, name: &str) -> Result<Option<SecretString>, SecretError> {
        match self.principal(owner).await? {
            Some(principal) => self.secrets.secret(&principal, name).await,
            None => Ok(None),
        }
    }

    async fn tokens(&self, owner: Option<UserId>, server: &str) -> Result<Option<SecretString>, SecretError> {
        match self.principal(owner).await? {
            Some(principal) => self.secrets.tokens(&principal, server).await,
            None => Ok(None),
        }
    }

    async fn keep_tokens(&self, owner: Option<UserId>, server: &str, tokens: Option<SecretString>) -> Result<(), SecretError> {
        match self.principal(owner).await? {
            Some(principal) => self.secrets.keep_tokens(&principal, server, tokens).await,
            None => Err(SecretError::Unavailable),
        }
    }
}

impl OfAdministrators {
    async fn principal(&self, owner: Option<UserId>) -> Result<Option<Principal>, SecretError> {
        let away = |error| {
            tracing::error!(%error, "whose secrets a server uses cannot be looked up");
            SecretError::Unavailable
        };
        Ok(match owner {
            None => Some(self.auth.local_owner().await.map_err(away)?),
            Some(id) => self.auth.everyone().await.map_err(away)?.into_iter().find(|person| person.user_id() == Some(id)),
        })
    }
}

/// The servers, for the gateway.
struct Servers(Admin);

fn refused(error: AdminError) -> PortError {
    match error {
        AdminError::NotFound(_) => PortError::NotFound(error.to_string()),
        AdminError::Store(error) => PortError::Internal(format!("{error}: {}", error.detail().unwrap_or_default())),
        AdminError::NotAdmin | AdminError::Config(_) | AdminError::Refused(_) => PortError::Refused(error.to_string()),
    }
}

#[async_trait]
impl McpAdmin for Servers {
    async fn list(&self) -> Result<Vec<McpServer>, PortError> {
        Ok(self.0.statuses().into_iter().map(to_api).collect())
    }

    async fn get(&self, name: &str) -> Result<McpServer, PortError> {
        self.0.status(name).map(to_api).map_err(refused)
    }

    async fn set(&self, principal: &Principal, server: SetMcpServer) -> Result<McpServer, PortError> {
        self.0.put(principal, &server.name, from_api(server.config)).await.map(to_api).map_err(refused)
    }

    async fn remove(&self, principal: &Principal, name: &str) -> Result<(), PortError> {
        self.0.remove(principal, name).await.map_err(refused)
    }

    async fn test(&self, name: &str) -> Result<McpServerTest, PortError> {
        let (problem, status) = Box::pin(self.0.test(name)).await.map_err(refused)?;
        Ok(McpServerTest { ok: problem.is_none(), problem, server: to_api(status) })
    }

    async fn restart(&self, name: &str) -> Result<McpServer, PortError> {
        self.0.restart(name).await.map(to_api).map_err(refused)
    }

    async fn reset(&self, name: &str) -> Result<McpServer, PortError> {
        self.0.reset(name).map(to_api).map_err(refused)
    }

    async fn begin_sign_in(&self, principal: &Principal, name: &str, redirect_uri: &str) -> Result<String, PortError> {
        Box::pin(self.0.begin_sign_in(principal, name, redirect_uri)).await.map_err(refused)
    }

    async fn finish_sign_in(&self, name: &str, came_back: &str) -> Result<McpServer, PortError> {
        Box::pin(self.0.finish_sign_in(name, came_back)).await.map(to_api).map_err(refused)
    }

    async fn sign_out(&self, principal: &Principal, name: &str) -> Result<McpServer, PortError> {
        Box::pin(self.0.sign_out(principal, name)).await.map(to_api).map_err(refused)
    }

    async fn accept(&self, principal: &Principal, (name, tool): (&str, &str), hash: &str) -> Result<McpServer, PortError> {
        Box::pin(self.0.accept(principal, name, tool, hash)).await.map(to_api).map_err(refused)
    }

    async fn withdraw(&self, principal: &Principal, (name, tool): (&str, &str)) -> Result<McpServer, PortError> {
        self.0.withdraw(principal, name, tool).await.map(to_api).map_err(refused)
    }
}
