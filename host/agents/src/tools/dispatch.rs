//! The one path of a tool call: grant, schema, hooks, permission, approval, secrets, run, redact, bound, record.
//!
//! Turns, the REST API and the command line all come through [`Dispatch::run`], so none of them can forget a step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::event::EventKind;
use octi_domain::ids::{CallId, RunId, SessionId, UserId, WorkspaceId};
use octi_domain::limits;
use octi_domain::permission::{Answer, Origin, PermissionRequest, RequestStatus};
use octi_domain::principal::Principal;
use octi_domain::tool_name;
use octi_domain::workspace::Place;
use octi_extension::clock::StopClock;
use octi_extension::hook::HookEvent;
use octi_extension::llm::Llm;
use octi_extension::person::Person;
use octi_extension::tool::{CallContext, Containment, ProgressSink, Redact, Tool, ToolError, ToolOutput, ToolSpec};
use octi_models::ChatModel;
use octi_security::guard::{Redactor, clean};
use octi_security::permissions::{Decision, Facts, decide, subject_of};
use octi_security::sandbox::fs::{FsError, WorkFolder};
use octi_store::{CallEnd, Store, StoreError, ToolCallRow};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::approval::{Broker, Verdict};
use super::llm::{self, Models, Used};
use super::questions::{self, Questions};
use super::record::{Record, Recorder};
use super::schema::Schemas;
use super::settle::Outcome;
use super::{hooks, progress, secrets, settle, target};
use crate::publish::Publisher;
use crate::watchers::{Happened, Watchers};

/// Whether a person may be asked about a call.
#[derive(Debug)]
pub(crate) enum Consent {
    /// Ask, and wait for the answer; the turn's clock stands still meanwhile.
    Ask(StopClock),
    /// The person gave it with the call.
    Given,
    /// Not given, and there is no conversation to ask in.
    Missing,
}

/// Which call it is and whose.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) id: CallId,
    pub(crate) principal: Principal,
    pub(crate) user_id: UserId,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) run_id: Option<RunId>,
    pub(crate) name: String,
}

/// One call on its way.
pub(crate) struct Call {
    pub(crate) of: Identity,
    pub(crate) origin: Origin,
    pub(crate) consent: Consent,
    pub(crate) arguments: Value,
    /// Who hears how far it is, when it belongs to no turn.
    pub(crate) progress: Option<Arc<dyn ProgressSink>>,
    /// Who can be asked, when whoever made the call says so.
    pub(crate) person: Option<Arc<dyn Person>>,
    /// What answers when the tool asks a model; none for the person's own.
    pub(crate) model: Option<Arc<dyn ChatModel>>,
    /// What answers instead of any model of this host's.
    pub(crate) llm: Option<Arc<dyn Llm>>,
    /// What runs, or why nothing does.
    pub(crate) tool: Result<Arc<dyn Tool>, String>,
    /// For a call without a session: the workspace of its person's that it works in; none for the default one.
    pub(crate) workspace: Option<WorkspaceId>,
}

/// Calls that have begun and whose end was not told yet.
pub(crate) type Begun = Arc<Mutex<BTreeMap<CallId, Open>>>;

/// A call that has begun.
pub(crate) struct Open {
    of: Identity,
    /// The beginning of its record, until that is handed over: a call that is cut off while a person is asked has one too.
    unrecorded: Option<Box<ToolCallRow>>,
    /// Since when its tool runs; none while it is checked and asked about.
    runs_since: Option<Instant>,
}

/// What the record of a call says that was cut off before anything was decided.
const UNDECIDED: &str = "undecided: it was cut off before";

/// Everything a call needs.
pub(crate) struct Dispatch {
    pub(crate) store: Store,
    pub(crate) ambient: Ambient,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) questions: Arc<Questions>,
    pub(crate) models: Arc<Models>,
    pub(crate) recorder: Recorder,
    pub(crate) schemas: Schemas,
    pub(crate) redactor: RedactorOf,
    pub(crate) hooks: Arc<Watchers>,
    pub(crate) workspace_of: WorkspaceOf,
}

/// Knows the secrets of a person, to keep them out of results.
pub type RedactorOf = Arc<dyn Fn(&Principal) -> Arc<Redactor> + Send + Sync>;
/// Knows the folder a person's tools work in.
pub type WorkspaceOf = Arc<dyn Fn(UserId, &Place) -> Result<WorkFolder, FsError> + Send + Sync>;

/// A call that may run.
struct Permit {
    tool: Arc<dyn Tool>,
    arguments: Value,
    folder: WorkFolder,
    /// Whether hooks changed them.
    is_rewritten: bool,
    /// For the record: the rule, or the person's answer.
    decision: String,
}

/// A call that may not run.
pub(super) struct Refusal {
    code: &'static str,
    text: String,
    decision: String,
    suggested_rule: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, text: impl Into<String>, decision: impl Into<String>) -> Self {
        Self { code, text: text.into(), decision: decision.into(), suggested_rule: None }
    }

    pub(super) fn of_error(error: &ToolError) -> Self {
        Self::new(error.code(), error.to_string(), "refused: the call is not valid")
    }

    pub(super) fn of_store(error: &StoreError) -> Self {
        tracing::error!(%error, detail = error.detail(), "a permission could not be looked up");
        let text = "the call was not run: its permission could not be looked up because the database does not answer";
        Self::new("unavailable", text, "refused: the permission could not be looked up")
    }
}

impl Dispatch {
    /// Runs a call. `begun` holds it from here until [`Self::ended`], which the caller owes it, so that a call that is cut
    /// off at any moment is told and recorded exactly once.
    pub(crate) async fn run(&self, call: Call, begun: &Begun) -> Outcome {
        let redactor = (self.redactor)(&call.of.principal);
        let arguments = redactor.redact_value(call.arguments.clone());
        self.announce(&call, &arguments);
        let mut row = self.row(&call, arguments, UNDECIDED.to_owned());
        let open = Open { of: call.of.clone(), unrecorded: Some(Box::new(row.clone())), runs_since: None };
        begun.lock().unwrap_or_else(PoisonError::into_inner).insert(call.of.id, open);
        let permit = self.permit(&call, &redactor).await;
        let decision = permit.as_ref().map_or_else(|refusal| &refusal.decision, |permit| &permit.decision);
        row.decision = redactor.redact(decision).into_owned();
        if let Some(permit) = permit.as_ref().ok().filter(|permit| permit.is_rewritten) {
            row.arguments = redactor.redact_value(permit.arguments.clone());
        }
        row.started_at = self.ambient.now();
        if let Ok(permit) = &permit {
            of_what_runs(&mut row, permit.tool.spec());
        }
        self.recorder.write(&call.of.principal, Record::CallBegan(Box::new(row))).await;
        change(begun, call.of.id, |open| open.unrecorded = None);
        match permit {
            Ok(permit) => {
                let started = Instant::now();
                change(begun, call.of.id, |open| open.runs_since = Some(started));
                let used = Used::default();
                let given = self.perform(&call, permit, &redactor, &used).await;
                let outcome = settle::settle(self, &call, &redactor, given).await;
                Outcome { duration: started.elapsed(), usage: used.total(), ..outcome }
            }
            Err(refusal) => refused(&redactor, refusal),
        }
    }

    async fn permit(&self, call: &Call, redactor: &Arc<Redactor>) -> Result<Permit, Refusal> {
        let tool = call.tool.clone().map_err(|text| Refusal::new("unknown_tool", text, "refused: there is no such tool"))?;
        let (tool, arguments) = target::of(self, call, tool).await?;
        let folder = self.folder(call).await?;
        let hooked = hooks::before(self, call, &tool, redactor, arguments).await?;
        let (note, is_rewritten, arguments) = (hooked.note(), !hooked.rewritten_by.is_empty(), hooked.arguments);
        let subject = subject_of(tool.spec(), &arguments);
        let rules = self.store.rules(&call.of.principal, call.of.session_id).await;
        let rules = rules.map_err(|error| Refusal::of_store(&error))?;
        let facts = Facts { spec: tool.spec(), subject: subject.as_deref(), rules: &rules, origin: call.origin };
        let decision = match decide(&facts) {
            Decision::Allow { because } => format!("allowed: {because}"),
            Decision::Deny { reason } => return Err(Refusal::new("denied", reason.clone(), format!("denied: {reason}"))),
            Decision::Ask { reason, suggested_rule } => {
                let reason = format!("{reason}{note}");
                // Few calls come this way, and all of them would carry its future along.
                Box::pin(self.consent(call, &tool, redactor, &arguments, (subject, reason, suggested_rule))).await?
            }
        };
        let decision = format!("{decision}{note}");
        secrets::check(self, &call.of, &tool, redactor, &arguments).await?;
        Ok(Permit { tool, arguments, folder, is_rewritten, decision })
    }

    /// Where the call works: where its conversation does, else in the workspace that was named, else in the default one.
    async fn folder(&self, call: &Call) -> Result<WorkFolder, Refusal> {
        let named = (call.of.session_id, call.workspace);
        let place = self.store.place(&call.of.principal, call.of.user_id, named).await;
        let place = place.map_err(|error| Refusal::of_store(&error))?.unwrap_or_default();
        (self.workspace_of)(call.of.user_id, &place)
            .map_err(|error| Refusal::new("failed", error.to_string(), "refused: it has no folder to work in"))
    }

    async fn consent(
        &self,
        call: &Call,
        tool: &Arc<dyn Tool>,
        redactor: &Redactor,
        arguments: &Value,
        (subject, reason, suggested_rule): (Option<String>, String, String),
    ) -> Result<String, Refusal> {
        let (clock, (session_id, run_id)) = match (&call.consent, call.of.session_id.zip(call.of.run_id)) {
            (Consent::Ask(clock), Some(place)) => (clock, place),
            (Consent::Given, _) => return Ok("approved with the call".to_owned()),
            (Consent::Ask(_) | Consent::Missing, _) => {
                let refusal = Refusal::new("approval_required", reason, "refused: it needs an approval");
                return Err(Refusal { suggested_rule: Some(suggested_rule), ..refusal });
            }
        };
        let hidden = |text: String| redactor.redact(&text).into_owned();
        let now = self.ambient.now();
        let patience = chrono::TimeDelta::seconds(i64::try_from(limits::PERMISSION_SECONDS_MAX).unwrap_or(i64::MAX));
        let request = PermissionRequest {
            id: self.ambient.id(),
            user_id: call.of.user_id,
            session_id,
            run_id,
            call_id: call.of.id,
            tool: tool.spec().tool.clone(),
            operation: tool.spec().operation.clone(),
            subject: subject.map(hidden),
            arguments: redactor.redact_value(arguments.clone()),
            reason: hidden(reason),
            suggested_rule: hidden(suggested_rule),
            status: RequestStatus::Pending,
            created_at: now,
            expires_at: now.checked_add_signed(patience).unwrap_or(now),
        };
        let _paused = clock.pause();
        match self.broker.ask(&call.of.principal, request).await.map_err(|error| Refusal::of_store(&error))? {
            Verdict::Answered(Answer::Deny) => {
                let text = "the person said no to this call: do not try it again; go on without it, or ask what to do instead";
                Err(Refusal::new("denied", text, "denied: by the person"))
            }
            Verdict::Answered(answer) => Ok(format!("approved by the person: {}", answer.as_str())),
            Verdict::Expired => {
                let minutes = limits::PERMISSION_SECONDS_MAX / 60;
                let text = format!(
                    "nobody answered within {minutes} minutes, so the call was denied: go on without it, or say what you need it for"
                );
                Err(Refusal::new("expired", text, "denied: nobody answered in time"))
            }
        }
    }

    async fn perform(&self, call: &Call, permit: Permit, redactor: &Arc<Redactor>, used: &Used) -> Result<ToolOutput, ToolError> {
        let time_max = Duration::from_millis(limits::GUEST_WALL_MS_CEILING);
        let clock = StopClock::start();
        let context = CallContext {
            principal: call.of.principal.clone(),
            session_id: call.of.session_id,
            run_id: call.of.run_id,
            call_id: call.of.id,
            origin: call.origin,
            workspace: permit.folder.root,
            within: permit.folder.within,
            time_max,
            progress: progress::sink(call, &self.publisher, redactor),
            person: questions::person(call, &self.questions, redactor, &clock),
            llm: llm::of(self, call, redactor, used),
            redact: redact_with(redactor),
        };
        // The tool has its own, shorter limit; this one ends a tool that ignores it.
        tokio::select! {
            biased;
            given = permit.tool.call(context, permit.arguments) => given,
            () = clock.until(time_max) => Err(ToolError::Contained(Containment::Time { ms_max: limits::GUEST_WALL_MS_CEILING })),
        }
    }

    fn announce(&self, call: &Call, arguments: &Value) {
        let Some(run_id) = call.of.run_id else { return };
        let plugin_version = call.tool.as_ref().map(|tool| tool.spec().plugin_version.clone()).unwrap_or_default();
        let kind = EventKind::ToolInvoked {
            run_id,
            call_id: call.of.id,
            name: call.of.name.clone(),
            plugin_version,
            arguments: arguments.clone(),
        };
        self.publisher.publish(call.of.user_id, call.of.session_id, kind);
    }

    fn row(&self, call: &Call, arguments: Value, decision: String) -> ToolCallRow {
        let spec = call.tool.as_ref().ok().map(|tool| tool.spec());
        ToolCallRow {
            id: call.of.id,
            run_id: call.of.run_id,
            session_id: call.of.session_id,
            user_id: call.of.user_id,
            plugin: spec.map(|spec| spec.plugin.clone()).unwrap_or_default(),
            plugin_version: spec.map(|spec| spec.plugin_version.clone()).unwrap_or_default(),
            digest: spec.map(|spec| spec.digest.clone()),
            name: call.of.name.clone(),
            arguments,
            decision,
            outcome: None,
            is_error: None,
            duration_ms: None,
            started_at: self.ambient.now(),
            ended_at: None,
            artifact: None,
        }
    }

    /// Tells and records how a call ended; does nothing when that was done before.
    pub(crate) async fn ended(&self, begun: &Begun, id: CallId, outcome: &Outcome) {
        let open = begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let Some(Open { of, unrecorded, .. }) = open else { return };
        if let Some(run_id) = of.run_id {
            let kind = EventKind::ToolResult {
                run_id,
                call_id: id,
                name: of.name.clone(),
                is_error: outcome.is_error,
                summary: outcome.summary.clone(),
                preview: clean(&super::bound::preview(&outcome.content)),
                artifact: outcome.artifact,
                files: outcome.files_kept(),
                duration_ms: millis(outcome.duration),
            };
            self.publisher.publish(of.user_id, of.session_id, kind);
        }
        self.tell_hooks(&of, outcome);
        if let Some(row) = unrecorded {
            self.recorder.write(&of.principal, Record::CallBegan(row)).await;
        }
        let end = CallEnd {
            id,
            outcome: outcome.code.to_owned(),
            is_error: outcome.is_error,
            duration_ms: i64::try_from(millis(outcome.duration)).unwrap_or(i64::MAX),
            ended_at: self.ambient.now(),
            artifact: outcome.artifact,
        };
        self.recorder.write(&of.principal, Record::CallEnded(end)).await;
    }

    fn tell_hooks(&self, of: &Identity, outcome: &Outcome) {
        let happened = Happened {
            principal: &of.principal,
            session_id: of.session_id,
            call: Some((of.id, &of.name)),
            event: HookEvent::ToolAfter,
        };
        self.hooks.tell(&happened, || {
            json!({
                "call_id": of.id.to_string(),
                "session_id": of.session_id.map(|id| id.to_string()),
                "user_id": of.user_id.to_string(),
                "tool": tool_name::dotted(&of.name),
                "code": outcome.code,
                "is_error": outcome.is_error,
                "content": outcome.content,
                "duration_ms": millis(outcome.duration),
            })
        });
    }

    /// Tells and records that calls ended because their turn did.
    pub(crate) async fn cancelled(&self, begun: &Begun) {
        let open: Vec<(CallId, Duration)> = {
            let begun = begun.lock().unwrap_or_else(PoisonError::into_inner);
            let ran = |open: &Open| open.runs_since.map(|since| since.elapsed()).unwrap_or_default();
            begun.iter().map(|(id, open)| (*id, ran(open))).collect()
        };
        for (id, duration) in open {
            let text = Containment::Cancelled.message();
            let code = Containment::Cancelled.code();
            self.ended(begun, id, &Outcome { duration, ..Outcome::failure(code, text) }).await;
        }
    }
}

/// Notes how far a call is.
fn change(begun: &Begun, id: CallId, change: impl FnOnce(&mut Open)) {
    if let Some(open) = begun.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&id) {
        change(open);
    }
}

/// Records what runs, which may be another tool than the one that was named.
fn of_what_runs(row: &mut ToolCallRow, spec: &ToolSpec) {
    row.plugin.clone_from(&spec.plugin);
    row.plugin_version.clone_from(&spec.plugin_version);
    row.digest = Some(spec.digest.clone());
}

/// A call that a plugin, or its sandbox, ended.
pub(super) fn plugin_failed(redactor: &Redactor, error: &ToolError) -> Outcome {
    failed(redactor, error.code(), &error.to_string(), limits::PLUGIN_TEXT_BYTES_MAX)
}

fn failed(redactor: &Redactor, code: &'static str, text: &str, bytes_max: usize) -> Outcome {
    let text = presentable(redactor, text);
    Outcome::failure(code, super::bound::head(&text, bytes_max).to_owned())
}

/// First cleaned, then redacted: what hides inside a secret must not hide the secret. Who cuts it does so afterwards.
pub(crate) fn presentable(redactor: &Redactor, text: &str) -> String {
    redactor.redact(&clean(text)).into_owned()
}

pub(crate) fn redact_with(redactor: &Arc<Redactor>) -> Redact {
    let redactor = Arc::clone(redactor);
    Arc::new(move |text| redactor.redact(text).into_owned())
}

fn refused(redactor: &Redactor, refusal: Refusal) -> Outcome {
    let suggested_rule = refusal.suggested_rule.map(|rule| redactor.redact(&rule).into_owned());
    Outcome { suggested_rule, ..failed(redactor, refusal.code, &refusal.text, limits::RESULT_INLINE_BYTES_MAX) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
