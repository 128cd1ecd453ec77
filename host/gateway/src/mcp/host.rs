//! The host as the server of the protocol sees it.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use octi_agents::{CallError, CallOptions, Watch};
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_extension::tool::Tool;
use octi_mcp::server::{Call, Host, Operation, Reply};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::operations;
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

impl Host for McpHost {
    type Caller = Caller;

    fn user_id(caller: &Caller) -> UserId {
        caller.user_id
    }

    fn version(&self) -> &str {
        &self.version
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
        let options = CallOptions { session: None, approved: call.approved };
        let watch = Watch { origin: Origin::Mcp, progress: call.progress, cancelled: call.cancelled };
        let called = gateway.agents.call_tool_watched(&caller.principal, &call.name, call.arguments, options, watch).await;
        match called {
            Ok(outcome) if outcome.is_error => Reply::failed(outcome.code, outcome.content),
            Ok(outcome) => Reply::Done { content: outcome.content, is_whole: outcome.is_whole },
            Err(CallError::ApprovalRequired { reason, suggested_rule, .. }) => Reply::NeedsYes { reason, suggested_rule },
            Err(CallError::Denied(text)) => Reply::failed("denied", text),
            Err(CallError::UnknownTool(text)) => Reply::failed("unknown_tool", text),
            Err(CallError::Agents(error)) => {
                tracing::error!(%error, "a call over MCP could not be made");
                Reply::failed("unavailable", GOING_AWAY)
            }
        }
    }

    async fn operate(&self, caller: &Caller, name: &str, arguments: Map<String, Value>) -> Reply {
        match self.gateway() {
            Some(gateway) => operations::operate(&gateway, caller, name, arguments).await,
            None => Reply::failed("unavailable", GOING_AWAY),
        }
    }
}
