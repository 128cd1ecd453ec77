//! A tool call by hand: from the command line or the REST API, through the same dispatch as a model's.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt as _;
use octi_domain::ids::{SessionId, WorkspaceId};
use octi_domain::permission::{Level, Origin, Rule};
use octi_domain::principal::Principal;
use octi_domain::tool_name;
use octi_extension::llm::Llm;
use octi_extension::person::Person;
use octi_extension::tool::{Containment, ProgressSink, Tool, ToolSpec};
use octi_security::permissions::{Decision, Facts, RulePattern, decide};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Agents;
use super::outliving::Outliving;
use crate::error::AgentsError;
use crate::tools::dispatch::{Begun, Call, Consent, Identity};
use crate::tools::settle::Outcome;

/// How a call by hand is meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Whose rules hold, and where a large result is kept.
    pub session: Option<SessionId>,
    /// Where it works when there is no session; none for the person's default workspace.
    pub workspace: Option<WorkspaceId>,
    /// The person gave their approval with the call.
    pub approved: bool,
}

/// Where a call comes from, and how whoever made it follows it.
pub struct Watch {
    pub origin: Origin,
    /// Hears how far the tool is, without the person's secrets.
    pub progress: Option<Arc<dyn ProgressSink>>,
    /// Who can be asked while it runs; nobody without.
    pub person: Option<Arc<dyn Person>>,
    /// Whose model answers the tool; the host's without.
    pub llm: Option<Arc<dyn Llm>>,
    /// Ends the call.
    pub cancelled: CancellationToken,
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
    /// The tools that this person may use at all, by name: asked or not, and whatever rules say of single calls.
    ///
    /// # Errors
    /// [`AgentsError`] when the person's rules cannot be had.
    pub async fn usable_tools(&self, principal: &Principal) -> Result<BTreeMap<String, Arc<dyn Tool>>, AgentsError> {
        let shared = &self.0;
        shared.admit(principal)?;
        let rules = shared.store.rules(principal, None).await?;
        let snapshot = shared.registry.snapshot();
        let access = shared.store.plugin_access().await?;
        let granted = |spec: &ToolSpec| access.allows(&spec.plugin, principal.user_id());
        let usable = |tool: &Arc<dyn Tool>| granted(tool.spec()) && may_be_used(tool.spec(), &rules);
        Ok(snapshot.tools.iter().filter(|(_, tool)| usable(tool)).map(|(name, tool)| (name.clone(), Arc::clone(tool))).collect())
    }

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
        let watch = Watch { origin: Origin::Chat, progress: None, person: None, llm: None, cancelled: CancellationToken::new() };
        self.call_tool_watched(principal, name, arguments, options, watch).await
    }

    /// The same for a caller that follows the call and may give it up.
    ///
    /// # Errors
    /// [`CallError`] when nothing ran.
    pub async fn call_tool_watched(
        &self,
        principal: &Principal,
        name: &str,
        arguments: Value,
        options: CallOptions,
        watch: Watch,
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
            origin: watch.origin,
            consent: if options.approved { Consent::Given } else { Consent::Missing },
            arguments,
            progress: watch.progress,
            person: watch.person,
            model: None,
            llm: watch.llm,
            tool: Ok(tool),
            workspace: options.workspace,
        };
        let dispatch = Arc::clone(&shared.dispatch);
        let work = async move {
            let (id, begun) = (call.of.id, Begun::default());
            tokio::select! {
                outcome = dispatch.run(call, &begun) => {
                    dispatch.ended(&begun, id, &outcome).await;
                    outcome
                }
                () = watch.cancelled.cancelled() => {
                    Box::pin(dispatch.cancelled(&begun)).await;
                    Outcome::failure(Containment::Cancelled.code(), Containment::Cancelled.message())
                }
            }
        };
        let outcome = Outliving::new(&shared.tasks, AssertUnwindSafe(work).catch_unwind().boxed()).await.map_err(|_| {
            // What it panicked with is in the log already: the panic hook wrote it.
            tracing::error!(name, "a tool call by hand broke off");
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

/// Whether some call of it could ever run.
fn may_be_used(spec: &ToolSpec, rules: &[Rule]) -> bool {
    let facts = Facts { spec, subject: None, rules, origin: Origin::Mcp };
    let is_open = |rule: &Rule| {
        let pattern = rule.text.parse::<RulePattern>();
        rule.level == Level::Allow && pattern.is_ok_and(|pattern| pattern.names(&spec.tool, &spec.operation))
    };
    match decide(&facts) {
        Decision::Allow { .. } | Decision::Ask { .. } => true,
        // What is refused unless a rule allows it may be allowed for some calls; what a rule forbids is forbidden for all.
        Decision::Deny { .. } => spec.permission == Level::Deny && rules.iter().any(is_open),
    }
}

/// For a person, who writes `filesystem.read_file` where a model writes `filesystem__read_file`.
fn unknown(name: &str) -> String {
    let name = tool_name::dotted(crate::tools::bound::head(name, 100));
    format!("there is no tool `{name}`: `octi plugin list` shows the plugins, and `octi plugin inspect ID` the tools of one")
}
