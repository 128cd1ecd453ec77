//! Everything handlers share.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use octi_agents::Agents;
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_extension::registry::Registry;
use octi_mcp::server::Server;
use octi_security::audit::Audit;
use octi_security::auth::Auth;
use octi_security::vault::Vault;
use octi_settings::Settings;
use octi_store::Store;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assets::{Web, WebFiles};
use crate::bus::Bus;
use crate::mcp::McpHost;
use crate::middleware::rate::Requests;
use crate::openai::Calls;
use crate::ports::{
    ChatModels, McpAdmin, MetricsText, ModelAdmin, PluginAdmin, PluginRegistries, ProgramDocuments, SecretsChanged,
};
use crate::tickets::Tickets;
use crate::ws::connections::Connections;

/// What the gateway is made of.
pub struct GatewayState {
    pub store: Store,
    pub auth: Arc<Auth>,
    /// Takes what is done to things outside of the database.
    pub audit: Audit,
    pub agents: Agents,
    pub settings: Settings,
    pub registry: Arc<dyn Registry>,
    pub plugins: Arc<dyn PluginAdmin>,
    pub registries: Arc<dyn PluginRegistries>,
    pub mcp_servers: Arc<dyn McpAdmin>,
    pub program_documents: Arc<dyn ProgramDocuments>,
    pub models: Arc<dyn ModelAdmin>,
    /// The same models, to be asked.
    pub chat_models: Arc<dyn ChatModels>,
    pub vault: Arc<Vault>,
    pub secrets: Arc<dyn SecretsChanged>,
    pub metrics: MetricsText,
    pub bus: Arc<Bus>,
    /// Reverse proxies whose word on where a request comes from counts.
    pub trusted_proxies: Vec<IpNet>,
    pub ambient: Ambient,
    /// Such as `0.1.0`.
    pub version: String,
    /// Which build it is, such as a commit.
    pub build: String,
    /// The browser's pages.
    pub web: WebFiles,
    /// How often the credentials of an open WebSocket are checked again.
    pub recheck_time: Duration,
}

/// How often the credentials of an open WebSocket are checked again, unless a test is in a hurry.
pub const RECHECK_TIME: Duration = Duration::from_secs(30);

/// The gateway. Cloning it is cheap.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

pub(crate) struct Shared {
    state: GatewayState,
    pub(crate) connections: Connections,
    pub(crate) tickets: Tickets,
    /// How much each caller asked in the last minute.
    pub(crate) requests: Requests,
    pub(crate) web: Web,
    /// Set when the host goes away: sockets say goodbye.
    pub(crate) draining: CancellationToken,
    /// Open sockets, waited for at shutdown.
    pub(crate) sockets: TaskTracker,
    /// Answers to clients of OpenAI's API.
    pub(crate) calls: Arc<Calls>,
    /// Programs that use octi over the Model Context Protocol.
    pub(crate) mcp: Server<McpHost>,
    pub(crate) started: Instant,
}

impl Gateway {
    /// A gateway of these parts.
    #[must_use]
    pub fn new(state: GatewayState) -> Self {
        Self(Arc::new_cyclic(|gateway| Shared {
            mcp: Server::new(McpHost::new(gateway.clone(), &state)),
            web: Web::new(state.web),
            state,
            connections: Connections::default(),
            tickets: Tickets::default(),
            requests: Requests::default(),
            draining: CancellationToken::new(),
            sockets: TaskTracker::new(),
            calls: Arc::default(),
            started: Instant::now(),
        }))
    }

    /// Closes every socket of a person who may no longer be here.
    pub fn disconnect(&self, user_id: UserId) {
        self.0.connections.disconnect(user_id);
    }

    /// Every socket of that person asks at once whether its credentials are still good.
    pub(crate) fn recheck(&self, user_id: UserId) {
        self.0.connections.recheck(user_id);
    }

    /// The gateway behind a reference that does not keep it, while it is there.
    pub(crate) fn upgrade(shared: &Weak<Shared>) -> Option<Self> {
        shared.upgrade().map(Self)
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl Deref for Gateway {
    type Target = GatewayState;

    fn deref(&self) -> &GatewayState {
        &self.0.state
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("version", &self.version).finish_non_exhaustive()
    }
}
