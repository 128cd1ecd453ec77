//! What administrators change: servers in the database, and what is accepted of tools. A change is stored before it is obeyed.

use std::collections::BTreeMap;
use std::sync::Arc;

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_security::audit::{self, Deed};
use octi_store::{McpPinRow, McpServerRow, Store, StoreError};

use super::catalog::may_be_promoted;
use super::config::{ConfigError, ServerConfig, check_name};
use super::hub::{Declared, Hub, Source, Status};
use super::pin::{Described, Pin};

/// The host acts for the administrator who asked; the rows are its own.
const JOB: Principal = Principal::system("mcp-servers");

/// Why something was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    #[error("only an administrator may change MCP servers: they are everybody's on this host")]
    NotAdmin,
    #[error("there is no MCP server `{0}`: `octi mcp server list` shows them")]
    NotFound(String),
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The text says why and what to do.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The servers of this host, for administrators.
pub struct Admin {
    hub: Arc<Hub>,
    store: Store,
    ambient: Ambient,
    /// Held from storing a change to obeying it, so that changes are obeyed in the order they were stored.
    changing: tokio::sync::Mutex<()>,
}

impl Admin {
    /// Changes the servers of this hub.
    #[must_use]
    pub fn new(hub: Arc<Hub>, store: Store, ambient: Ambient) -> Self {
        Self { hub, store, ambient, changing: tokio::sync::Mutex::default() }
    }

    /// Declares the servers of a file and those of the database; where both have one, the file's, which is the operator's. What cannot
    /// be used is left out, with a note for whoever starts the host.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self, file: BTreeMap<String, ServerConfig>) -> Result<Vec<String>, StoreError> {
        let mut tx = self.store.read(&JOB).await?;
        let (rows, pins) = (tx.list_mcp_servers().await?, tx.list_mcp_pins().await?);
        drop(tx);
        let of_file = file.into_iter().map(|(name, config)| (name, Ok(config), None, Source::File));
        let of_database = rows.into_iter().map(|row| {
            let config = serde_json::from_value::<ServerConfig>(row.config).map_err(|error| error.to_string());
            (row.name, config, Some(row.added_by), Source::Database)
        });
        let mut notes = Vec::new();
        for (name, config, owner, source) in of_file.chain(of_database) {
            if self.hub.status(&name).is_some() {
                notes.push(format!("the MCP server `{name}` is in `mcp.json` and in the database: the one in the file is used"));
                continue;
            }
            let pins = pins.iter().filter(|pin| pin.server == name).filter_map(pin).collect();
            let declared = config.and_then(|config| {
                self.hub.declare(Declared { name: name.clone(), config, owner, source, pins }).map_err(|error| error.to_string())
            });
            if let Err(why) = declared {
                notes.push(format!("the MCP server `{name}` cannot be used: {why}"));
            }
        }
        Ok(notes)
    }

    /// Adds a server, or changes the one of that name.
    ///
    /// # Errors
    /// [`AdminError`] names the field.
    pub async fn put(&self, who: &Principal, name: &str, config: ServerConfig) -> Result<Status, AdminError> {
        let owner = administrator(who)?;
        check_name(name)?;
        config.check()?;
        let _in_order = self.changing.lock().await;
        let before = self.hub.status(name);
        if let Some(before) = &before {
            is_of_the_database(before, "change")?;
        }
        let row = McpServerRow {
            name: name.to_owned(),
            added_by: owner,
            config: serde_json::to_value(&config).map_err(|error| AdminError::Refused(error.to_string()))?,
            updated_at: self.ambient.now(),
        };
        let pins = before.map(|before| pins_of(&before)).unwrap_or_default();
        let is_eager = config.auto_start;
        let declared = Declared { name: name.to_owned(), config, owner: Some(owner), source: Source::Database, pins };
        self.hub.may_declare(&declared)?;
        let mut tx = self.store.write(&JOB).await?;
        tx.put_mcp_server(&row).await?;
        audit::append(&mut tx, &self.ambient, Some(owner), &Deed::McpServerSet { server: name }).await?;
        tx.save().await?;
        self.hub.declare(declared)?;
        if is_eager {
            self.hub.start_eager();
        }
        self.status(name)
    }

    /// Removes a server, and what was accepted of its tools.
    ///
    /// # Errors
    /// [`AdminError::NotFound`], or [`AdminError::Refused`] for one in the file.
    pub async fn remove(&self, who: &Principal, name: &str) -> Result<(), AdminError> {
        let owner = administrator(who)?;
        let _in_order = self.changing.lock().await;
        is_of_the_database(&self.status(name)?, "remove")?;
        let mut tx = self.store.write(&JOB).await?;
        tx.delete_mcp_server(name).await?;
        audit::append(&mut tx, &self.ambient, Some(owner), &Deed::McpServerRemoved { server: name }).await?;
        tx.save().await?;
        if let Err(error) = self.hub.sign_out(name).await {
            tracing::warn!(server = name, error, "what somebody signed in to an MCP server with stays in the vault");
        }
        self.hub.remove(name);
        Ok(())
    }

    /// Takes a tool as its server describes it now, and offers it like octi's own. `hash` is that of what the administrator was shown:
    /// what has changed since is not taken.
    ///
    /// # Errors
    /// [`AdminError::Refused`] says why it cannot be taken.
    pub async fn accept(&self, who: &Principal, name: &str, tool: &str, hash: &str) -> Result<Status, AdminError> {
        let owner = administrator(who)?;
        is_no_module(&self.status(name)?)?;
        may_be_promoted(name, tool).map_err(AdminError::Refused)?;
        let accepted = Box::pin(self.hub.acceptable(name, tool)).await.map_err(AdminError::Refused)?;
        if accepted.hash() != hash {
            let why = format!("the tool `{tool}` is another now than the one you were shown: look at it again, then accept that");
            return Err(AdminError::Refused(why));
        }
        let _in_order = self.changing.lock().await;
        let row = McpPinRow {
            server: name.to_owned(),
            tool: tool.to_owned(),
            accepted: serde_json::to_value(&accepted).map_err(|error| AdminError::Refused(error.to_string()))?,
            accepted_at: self.ambient.now(),
        };
        let mut tx = self.store.write(&JOB).await?;
        tx.put_mcp_pin(&row).await?;
        audit::append(&mut tx, &self.ambient, Some(owner), &Deed::McpToolAccepted { server: name, tool, hash }).await?;
        tx.save().await?;
        self.change_pins(name, |pins| {
            pins.retain(|pin| pin.tool != tool);
            pins.push(Pin { tool: tool.to_owned(), accepted });
        })
    }

    /// Takes that back: the tool is called through `mcp.call_tool` again.
    ///
    /// # Errors
    /// [`AdminError::Refused`] when it was not accepted.
    pub async fn withdraw(&self, who: &Principal, name: &str, tool: &str) -> Result<Status, AdminError> {
        let owner = administrator(who)?;
        is_no_module(&self.status(name)?)?;
        let _in_order = self.changing.lock().await;
        let mut tx = self.store.write(&JOB).await?;
        if !tx.delete_mcp_pin(name, tool).await? {
            return Err(AdminError::Refused(format!("the tool `{tool}` of the MCP server `{name}` was not accepted")));
        }
        audit::append(&mut tx, &self.ambient, Some(owner), &Deed::McpToolWithdrawn { server: name, tool }).await?;
        tx.save().await?;
        self.change_pins(name, |pins| pins.retain(|pin| pin.tool != tool))
    }

    /// Ends the connection of a server and forgets its failures.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn restart(&self, name: &str) -> Result<Status, AdminError> {
        self.status(name)?;
        self.hub.restart(name).await.map_err(AdminError::Refused)?;
        self.status(name)
    }

    /// Lets the next call through, whatever failed before.
    ///
    /// # Errors
    /// [`AdminError`].
    pub fn reset(&self, name: &str) -> Result<Status, AdminError> {
        self.status(name)?;
        self.hub.reset(name).map_err(AdminError::Refused)?;
        self.status(name)
    }

    /// Starts or reaches a server; what went wrong, if something did, and what is known of it then.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub async fn test(&self, name: &str) -> Result<(Option<String>, Status), AdminError> {
        self.status(name)?;
        let problem = Box::pin(self.hub.test(name)).await.err();
        Ok((problem, self.status(name)?))
    }

    /// Begins a sign-in: the address that the person opens, whose browser is sent on to `redirect_uri` then.
    ///
    /// # Errors
    /// [`AdminError::Refused`] says why it cannot be signed in to.
    pub async fn begin_sign_in(&self, who: &Principal, name: &str, redirect_uri: &str) -> Result<String, AdminError> {
        administrator(who)?;
        self.status(name)?;
        Box::pin(self.hub.begin_sign_in(name, redirect_uri)).await.map_err(AdminError::Refused)
    }

    /// Ends it with the address that the browser came back to.
    ///
    /// # Errors
    /// [`AdminError::Refused`] says why not.
    pub async fn finish_sign_in(&self, name: &str, came_back: &str) -> Result<Status, AdminError> {
        self.status(name)?;
        Box::pin(self.hub.finish_sign_in(name, came_back)).await.map_err(AdminError::Refused)?;
        self.status(name)
    }

    /// Forgets what somebody signed in with.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn sign_out(&self, who: &Principal, name: &str) -> Result<Status, AdminError> {
        administrator(who)?;
        self.status(name)?;
        self.hub.sign_out(name).await.map_err(AdminError::Refused)?;
        self.status(name)
    }

    /// One server, as it is now.
    ///
    /// # Errors
    /// [`AdminError::NotFound`].
    pub fn status(&self, name: &str) -> Result<Status, AdminError> {
        self.hub.status(name).ok_or_else(|| AdminError::NotFound(super::failure::told(name)))
    }

    /// Every server, as it is now.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        self.hub.statuses()
    }

    fn change_pins(&self, name: &str, change: impl FnOnce(&mut Vec<Pin>)) -> Result<Status, AdminError> {
        let mut pins = pins_of(&self.status(name)?);
        change(&mut pins);
        self.hub.set_pins(name, pins);
        self.status(name)
    }
}

/// Whether its configuration is the database's; what stands elsewhere is changed there.
fn is_of_the_database(server: &Status, what: &str) -> Result<(), AdminError> {
    let name = &server.name;
    match server.source {
        Source::Database => Ok(()),
        Source::File => {
            Err(AdminError::Refused(format!("the MCP server `{name}` is in `mcp.json`: {what} it there, and start octi again")))
        }
        Source::Extism => Err(AdminError::Refused(of_a_module(name))),
    }
}

/// Why the tools of a module of Extism are not accepted and withdrawn one by one.
fn of_a_module(name: &str) -> String {
    format!(
        "`{name}` is a module of Extism: `octi plugin install` takes another file in its place with all of its tools, and `octi plugin remove extism/{name}` removes it"
    )
}

fn is_no_module(server: &Status) -> Result<(), AdminError> {
    if server.source == Source::Extism { Err(AdminError::Refused(of_a_module(&server.name))) } else { Ok(()) }
}

fn administrator(who: &Principal) -> Result<UserId, AdminError> {
    who.user_id().filter(|_| who.is_admin()).ok_or(AdminError::NotAdmin)
}

fn pins_of(status: &Status) -> Vec<Pin> {
    let accepted = status.tools.iter().filter_map(|tool| Some((tool.name.clone(), tool.accepted.clone()?)));
    accepted.map(|(tool, accepted)| Pin { tool, accepted }).collect()
}

/// A row that cannot be read is no acceptance.
fn pin(row: &McpPinRow) -> Option<Pin> {
    let accepted: Described = serde_json::from_value(row.accepted.clone()).ok()?;
    Some(Pin { tool: row.tool.clone(), accepted })
}
