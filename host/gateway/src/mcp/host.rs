//! The host as the server of the protocol sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use octi_agents::roles::{self, Facts};
use octi_agents::{CallError, CallOptions, Watch};
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_domain::plugin_access::PluginAccess;
use octi_domain::text::clean;
use octi_extension::offered::Offered;
use octi_extension::tool::Tool;
use octi_mcp::server::{Call, Content, File, Files, Host, Operation, Reply};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{files, operations};
use crate::error::ApiError;
use crate::extract::Caller;
use crate::state::{Gateway, GatewayState, Shared};

/// What is said when the gateway is on its way out.
const GOING_AWAY: &str = "octi is shutting down: try again in a moment";

/// The gateway, which is not kept alive by its own server.
pub(crate) struct McpHost {
    gateway: Weak<Shared>,
    version: String,
    changes: watch::Receiver<u64>,
}

impl McpHost {
    pub(crate) fn new(gateway: Weak<Shared>, state: &GatewayState) -> Self {
        Self { gateway, version: state.version.clone(), changes: state.bus.installed() }
    }

    fn gateway(&self) -> Option<Gateway> {
        Gateway::upgrade(&self.gateway)
    }
}

/// What the caller reads of an error; the log has the rest.
fn told(error: ApiError) -> String {
    error.record();
    error.message().to_owned()
}

impl Host for McpHost {
    type Caller = Caller;

    fn user_id(caller: &Caller) -> UserId {
        caller.user_id
    }

    fn version(&self) -> &str {
        &self.version
    }

    fn stream_time(&self) -> Option<Duration> {
        self.gateway()?.settings.now().mcp_stream_time()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    fn operations(&self) -> &BTreeMap<&'static str, Operation> {
        operations::described()
    }

    async fn tools(&self, caller: &Caller) -> Result<BTreeMap<String, Arc<dyn Tool>>, String> {
        let gateway = self.gateway().ok_or_else(|| GOING_AWAY.to_owned())?;
        gateway.agents.usable_tools(&caller.principal).await.map_err(|error| {
            tracing::error!(%error, "the tools of a person could not be listed");
            "the tools cannot be listed right now: the database does not answer".to_owned()
        })
    }

    async fn call(&self, caller: &Caller, call: Call) -> Reply {
        let Some(gateway) = self.gateway() else { return Reply::failed("unavailable", GOING_AWAY) };
        let options = CallOptions { approved: call.approved, ..CallOptions::default() };
        let lends = gateway.settings.now().mcp_clients_lend_models();
        let watch = Watch {
            origin: Origin::Mcp,
            progress: call.progress,
            person: call.person,
            llm: call.llm.filter(|_| lends),
            cancelled: call.cancelled,
        };
        let called = gateway.agents.call_tool_watched(&caller.principal, &call.name, call.arguments, options, watch).await;
        match called {
            Ok(outcome) if outcome.is_error => Reply::failed(outcome.code, outcome.content),
            Ok(outcome) => {
                let files = Files { all: outcome.artifacts, lost: outcome.lost };
                Reply::Done { content: outcome.content, is_whole: outcome.is_whole, files }
            }
            Err(CallError::ApprovalRequired { reason, suggested_rule, .. }) => Reply::NeedsYes { reason, suggested_rule },
            Err(CallError::Denied(text)) => Reply::failed("denied", text),
            Err(CallError::UnknownTool(text)) => Reply::failed("unknown_tool", text),
            Err(CallError::Agents(error)) => {
                tracing::error!(%error, "a call over MCP could not be made");
                Reply::failed("unavailable", GOING_AWAY)
            }
        }
    }

    fn offered(&self) -> Vec<Arc<Offered>> {
        self.gateway().map(|gateway| gateway.registry.snapshot().offered.clone()).unwrap_or_default()
    }

    fn texts(&self) -> Vec<(String, String)> {
        let Some(gateway) = self.gateway() else { return Vec::new() };
        let snapshot = gateway.registry.snapshot();
        let skills = snapshot.skills.values().filter(|skill| !snapshot.roles.contains_key(&skill.spec().name));
        let skills = skills.map(|skill| (skill.spec().name.clone(), skill.spec().description.clone()));
        let roles = snapshot.roles.values().map(|role| (role.spec().name.clone(), role.spec().purpose.clone()));
        roles.chain(skills).collect()
    }

    async fn text(&self, caller: &Caller, name: &str) -> Option<Result<String, String>> {
        let gateway = self.gateway()?;
        let snapshot = gateway.registry.snapshot();
        let Some(role) = snapshot.roles.get(name) else {
            let text = snapshot.skills.get(name)?.text("").await;
            return Some(text.map(|text| clean(&text)).map_err(|error| error.to_string()));
        };
        match gateway.store.plugin_access().await {
            Ok(access) if access.allows(role.plugin(), Some(caller.user_id)) => {}
            Ok(_) => return Some(Err(PluginAccess::refusal(role.plugin()))),
            Err(error) => return Some(Err(told(error.into()))),
        }
        let tools = match self.tools(caller).await {
            Ok(tools) => tools,
            Err(text) => return Some(Err(text)),
        };
        let may_use = |tool: &&Arc<dyn Tool>| role.spec().may_use(&tool.spec().tool);
        let facts = Facts {
            date: gateway.ambient.now().format("%Y-%m-%d").to_string(),
            model: "the client's".to_owned(),
            tools: tools.values().filter(may_use).map(|tool| tool.spec().name.clone()).collect(),
            unattended: false,
        };
        let template = role.prompt(false).await.map_err(|error| error.to_string());
        Some(template.and_then(|template| roles::render(role.spec(), &template, &facts)))
    }

    async fn files(&self, caller: &Caller, cursor: Option<String>) -> Result<(Vec<File>, Option<String>), String> {
        let gateway = self.gateway().ok_or_else(|| GOING_AWAY.to_owned())?;
        files::page(&gateway, caller, cursor.as_deref()).await.map_err(told)
    }

    async fn file(&self, caller: &Caller, id: &str) -> Result<Option<Content>, String> {
        let gateway = self.gateway().ok_or_else(|| GOING_AWAY.to_owned())?;
        files::content(&gateway, caller, id).await.map_err(told)
    }

    async fn operate(&self, caller: &Caller, name: &str, arguments: Map<String, Value>) -> Reply {
        match self.gateway() {
            Some(gateway) => operations::operate(&gateway, caller, name, arguments).await,
            None => Reply::failed("unavailable", GOING_AWAY),
        }
    }
}
