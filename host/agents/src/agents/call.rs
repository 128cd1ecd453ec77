//! A tool call by hand: from the command line or the REST API, through the same dispatch as a model's.

use octi_domain::ids::SessionId;
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_domain::tool_name;
use serde_json::Value;

use super::Agents;
use crate::error::AgentsError;
use crate::tools::dispatch::{Begun, Call, Consent, Identity, Outcome};

/// How a call by hand is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Whose rules hold, and where a large result is kept.
    pub session: Option<SessionId>,
    /// The person gave their approval with the call.
    pub approved: bool,
}

/// Why a call by hand did not run. A tool that ran and failed is an [`Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No such tool is installed.
    #[error("{0}")]
    UnknownTool(String),
    /// The session is not there, or the host goes down.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// A person must approve it first.
    #[error("`{name}` needs your approval: {reason}")]
    ApprovalRequired { name: String, reason: String, suggested_rule: String },
    /// A rule, a hook or a built-in refusal forbids it.
    #[error("{0}")]
    Denied(String),
}

impl Agents {
    /// Calls a tool for a person. The call is recorded to its end even when whoever asked goes away.
    ///
    /// # Errors
    /// [`CallError`] when nothing ran.
    pub async fn call_tool(
        &self,
        principal: &Principal,
        name: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<Outcome, CallError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        let snapshot = shared.registry.snapshot();
        let Some(tool) = snapshot.tools.get(name).cloned() else {
            return Err(CallError::UnknownTool(unknown(name)));
        };
        if let Some(session) = options.session {
            let mut tx = shared.store.read(principal).await.map_err(AgentsError::from)?;
            let found = tx.session(session).await.map_err(AgentsError::from)?;
            found.ok_or(AgentsError::SessionNotFound(session))?;
        }
        let call = Call {
            of: Identity {
                id: shared.ambient.id(),
                principal: principal.clone(),
                user_id,
                session_id: options.session,
                run_id: None,
                name: name.to_owned(),
            },
            origin: Origin::Chat,
            consent: if options.approved { Consent::Given } else { Consent::Missing },
            arguments,
            tool: Ok(tool),
        };
        let dispatch = std::sync::Arc::clone(&shared.dispatch);
        let task = shared.tasks.spawn(async move {
            let (id, begun) = (call.of.id, Begun::default());
            let outcome = dispatch.run(call, &begun).await;
            dispatch.ended(&begun, id, &outcome).await;
            outcome
        });
        let outcome = task.await.map_err(|error| {
            tracing::error!(%error, name, "a tool call by hand broke off");
            CallError::Denied(format!("`{name}` broke off because of a bug in octi; the log says where"))
        })?;
        match outcome.code {
            "approval_required" => Err(CallError::ApprovalRequired {
                name: name.to_owned(),
                reason: outcome.content,
                suggested_rule: outcome.suggested_rule.unwrap_or_default(),
            }),
            "denied" | "blocked" | "hook_failed" => Err(CallError::Denied(outcome.content)),
            _ => Ok(outcome),
        }
    }
}

/// For a person, who writes `filesystem.read_file` where a model writes `filesystem__read_file`.
fn unknown(name: &str) -> String {
    let name = tool_name::dotted(crate::tools::bound::head(name, 100));
    format!("there is no tool `{name}`: `octi plugin list` shows the plugins, and `octi plugin inspect ID` the tools of one")
}
