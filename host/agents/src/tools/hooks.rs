//! Hooks before a call. Each may refuse it or change its arguments, and none may keep silent: without its answer the call is
//! not made.
//!
//! They are asked after the schema and before permission and approval, so what a person approves is what runs.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::event::EventKind;
use octi_domain::{limits, telemetry, tool_name};
use octi_extension::hook::{Hook, HookAnswer, HookContext, HookEvent};
use octi_extension::tool::{Containment, Tool, ToolError};
use octi_security::audit::{self, Deed};
use octi_security::guard::Redactor;
use octi_store::StoreError;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bound;
use super::dispatch::{Call, Dispatch, Refusal, presentable, redact_with};

/// What hooks left of a call.
pub(super) struct Hooked {
    pub(super) arguments: Value,
    /// The hooks that changed them.
    pub(super) rewritten_by: Vec<String>,
}

impl Hooked {
    /// For the person who is asked, and for the record; empty when nothing was changed.
    pub(super) fn note(&self) -> String {
        if self.rewritten_by.is_empty() {
            return String::new();
        }
        format!("; its arguments were rewritten by the hook {}", self.rewritten_by.join(" and "))
    }
}

/// Why a hook's answer ends the call.
enum Stop {
    /// It said so.
    Blocked(String),
    /// There is no answer that counts.
    Failed(String),
}

/// Asks every hook of that call, one after another: each sees what those before it made of the arguments.
pub(super) async fn before(
    dispatch: &Dispatch,
    call: &Call,
    tool: &Arc<dyn Tool>,
    redactor: &Arc<Redactor>,
    arguments: Value,
) -> Result<Hooked, Refusal> {
    let spec = tool.spec();
    let hooked = Hooked { arguments, rewritten_by: Vec::new() };
    // Those of this moment, not of the step's: what an administrator installs holds at once.
    let snapshot = dispatch.hooks.registry.snapshot();
    let hears = |hook: &&Arc<dyn Hook>| hook.spec().hears(HookEvent::ToolBefore, Some((&spec.tool, &spec.operation)));
    let hooks: Vec<_> = snapshot.hooks.iter().filter(hears).cloned().collect();
    if hooks.is_empty() {
        return Ok(hooked);
    }
    Box::pin(ask_all(dispatch, (call, tool), redactor, &hooks, hooked)).await
}

async fn ask_all(
    dispatch: &Dispatch,
    (call, tool): (&Call, &Arc<dyn Tool>),
    redactor: &Arc<Redactor>,
    hooks: &[Arc<dyn Hook>],
    mut hooked: Hooked,
) -> Result<Hooked, Refusal> {
    let latest = Instant::now() + Duration::from_millis(limits::HOOKS_MS_MAX);
    for hook in hooks {
        let plugin = &hook.spec().plugin;
        let shown = redactor.redact_value(hooked.arguments.clone());
        let answer = ask(call, tool, hook, (redactor, latest), &shown).await;
        let outcome = match answer {
            Ok(HookAnswer::GoOn) => Ok(None),
            // What it gives back unchanged may stand for something that it was not shown.
            Ok(HookAnswer::Rewrite(arguments)) if arguments == shown => Ok(None),
            Ok(HookAnswer::Rewrite(arguments)) => taken(dispatch, tool, arguments).map(Some),
            Ok(HookAnswer::Block(reason)) => Err(Stop::Blocked(reason)),
            Err(error) => Err(Stop::Failed(why(&error))),
        };
        count(plugin, &outcome);
        match outcome {
            Ok(None) => {}
            Ok(Some(arguments)) => {
                note(dispatch, call, &Deed::HookRewrote { plugin, operation: &operation(call), call: call.of.id })
                    .await
                    .map_err(|error| Refusal::of_store(&error))?;
                tell_rewrite(dispatch, call, plugin, redactor.redact_value(arguments.clone()));
                hooked.arguments = arguments;
                hooked.rewritten_by.push(format!("`{plugin}`"));
            }
            Err(stop) => return Err(refusal(dispatch, call, plugin, redactor, stop).await),
        }
    }
    Ok(hooked)
}

async fn ask(
    call: &Call,
    tool: &Arc<dyn Tool>,
    hook: &Arc<dyn Hook>,
    (redactor, latest): (&Arc<Redactor>, Instant),
    arguments: &Value,
) -> Result<HookAnswer, ToolError> {
    let together = || ToolError::Contained(Containment::Time { ms_max: limits::HOOKS_MS_MAX });
    let time_max = latest.saturating_duration_since(Instant::now());
    if time_max.is_zero() {
        return Err(together());
    }
    let context = HookContext {
        principal: call.of.principal.clone(),
        session_id: call.of.session_id,
        call_id: Some(call.of.id),
        time_max,
        redact: redact_with(redactor),
    };
    let spec = tool.spec();
    let details = json!({
        "call_id": call.of.id.to_string(),
        "session_id": call.of.session_id.map(|id| id.to_string()),
        "user_id": call.of.user_id.to_string(),
        "origin": call.origin.as_str(),
        "tool": tool_name::dotted(&spec.name),
        "plugin": spec.plugin,
        "plugin_version": spec.plugin_version,
        "effects": spec.effects,
        "arguments": arguments,
    });
    // The hook has its own, shorter limit; this one ends a hook that ignores it.
    let answered = tokio::time::timeout(time_max, hook.tell(context, HookEvent::ToolBefore, details)).await;
    answered.unwrap_or_else(|_| Err(together()))
}

/// The rewritten arguments, if the tool takes them.
fn taken(dispatch: &Dispatch, tool: &Arc<dyn Tool>, arguments: Value) -> Result<Value, Stop> {
    let checked = dispatch.schemas.check(tool, arguments);
    checked.map_err(|error| Stop::Failed(format!("it rewrote the arguments to what the tool does not take: {error}")))
}

/// In the words of a hook: those of the sandbox are about tools.
fn why(error: &ToolError) -> String {
    let ToolError::Contained(containment) = error else { return error.to_string() };
    match containment {
        Containment::Time { ms_max } => format!("it took longer than {ms_max} ms"),
        Containment::Trap => "it crashed".to_owned(),
        Containment::Removed => "it was removed meanwhile".to_owned(),
        Containment::Replaced => "it was replaced meanwhile; call again".to_owned(),
        Containment::Busy => "it is busy; call again later".to_owned(),
        other => format!("it was stopped ({})", other.code()),
    }
}

async fn refusal(dispatch: &Dispatch, call: &Call, plugin: &str, redactor: &Redactor, stop: Stop) -> Refusal {
    let (code, said) = match &stop {
        Stop::Blocked(said) => ("blocked", said),
        Stop::Failed(said) => ("hook_failed", said),
    };
    let said = presentable(redactor, said);
    let reason = bound::head(said.trim(), limits::HOOK_REASON_BYTES_MAX).to_owned();
    let reason = if reason.is_empty() { "it gave no reason".to_owned() } else { reason };
    if let Err(error) = note(dispatch, call, &Deed::HookBlocked { plugin, operation: &operation(call), call: call.of.id }).await {
        tracing::error!(%error, detail = error.detail(), plugin, "that a hook refused a call is not in the audit log");
    }
    if let Some(run_id) = call.of.run_id {
        let (hook, name) = (plugin.to_owned(), call.of.name.clone());
        let kind = EventKind::HookBlocked { run_id, call_id: call.of.id, hook, name, reason: reason.clone() };
        dispatch.publisher.publish(call.of.user_id, call.of.session_id, kind);
    }
    match stop {
        Stop::Blocked(_) => {
            let text = format!("the call was blocked by the hook `{plugin}`: {reason}");
            Refusal::new(code, text, format!("blocked: by the hook `{plugin}`"))
        }
        Stop::Failed(_) => {
            let text = format!("the call was not made, because the hook `{plugin}` has to agree and gave no answer: {reason}");
            Refusal::new(code, text, format!("refused: the hook `{plugin}` gave no answer"))
        }
    }
}

fn tell_rewrite(dispatch: &Dispatch, call: &Call, plugin: &str, arguments: Value) {
    if let Some(run_id) = call.of.run_id {
        let (hook, name) = (plugin.to_owned(), call.of.name.clone());
        let kind = EventKind::HookRewrote { run_id, call_id: call.of.id, hook, name, arguments };
        dispatch.publisher.publish(call.of.user_id, call.of.session_id, kind);
    }
}

async fn note(dispatch: &Dispatch, call: &Call, deed: &Deed<'_>) -> Result<(), StoreError> {
    let mut tx = dispatch.store.write(&call.of.principal).await?;
    audit::append(&mut tx, &dispatch.ambient, Some(call.of.user_id), deed).await?;
    tx.save().await
}

fn operation(call: &Call) -> String {
    tool_name::dotted(&call.of.name)
}

fn count(plugin: &str, outcome: &Result<Option<Value>, Stop>) {
    let outcome = match outcome {
        Ok(None) => "go_on",
        Ok(Some(_)) => "rewrote",
        Err(Stop::Blocked(_)) => "blocked",
        Err(Stop::Failed(_)) => "failed",
    };
    metrics::counter!(telemetry::HOOK_ANSWERS.name, "plugin" => plugin.to_owned(), "outcome" => outcome).increment(1);
}
