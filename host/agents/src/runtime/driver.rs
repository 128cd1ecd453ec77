//! Performs what the turn machine decides: asks models, runs tools, stores messages, tells people.

mod skilled;
mod tight;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::event::EventKind;
use octi_domain::ids::MessageId;
use octi_domain::message::{Part, Role, ToolCall};
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_domain::run::{Budget, Run, RunStatus, Usage};
use octi_domain::telemetry;
use octi_extension::clock::StopClock;
use octi_extension::hook::HookEvent;
use octi_extension::registry::Snapshot;
use octi_models::{ChatEvent, ChatModel, ModelError};
use octi_store::{CostRow, NewMessage, StoreError};
use serde_json::json;

use super::access::Allowed;
use super::answer_file;
use super::context::{Conversation, MESSAGES_MAX};
use super::files::OpenFiles;
use super::lanes::Reach;
use super::model_call::ModelCall;
use super::persona;
use super::request::Requests;
use super::skills;
use super::tool_step::{Answered, Planned, ToolStep};
use super::turn::{CallKey, Effect, Input, ModelFailure, Notice, Turn};
use crate::agents::Shared;
use crate::runs::Handle;
use crate::tools::dispatch::{Call, Consent, Identity};
use crate::tools::record::Record;
use crate::watchers::Happened;

/// What a turn that goes on without a new question says to the model.
const GO_ON: &str = "(Your work was interrupted. Go on where you stopped.)";
/// Attempts to store how a turn ended.
const END_ATTEMPTS_MAX: u32 = 4;
const END_RETRY_WAIT: Duration = Duration::from_millis(250);

/// One turn while it runs.
pub(crate) struct Driver {
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    principal: Principal,
    origin: Origin,
    run: Run,
    model: Arc<dyn ChatModel>,
    turn: Turn,
    time_max: Duration,
    requests: Requests,
    conversation: Conversation,
    files: OpenFiles,
    /// What was installed when the model was last asked: its calls run on exactly that.
    snapshot: Arc<Snapshot>,
    call: Option<ModelCall>,
    tools: Option<ToolStep>,
    stored: Option<MessageId>,
    /// What the answer that was stored last says of its file.
    kept: String,
    clock: StopClock,
    /// Whether this turn may still let a summary be made.
    may_summarise: bool,
    /// What was said to the turn before, which did not hear it.
    unheard: Option<MessageId>,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        handle: Arc<Handle>,
        (principal, origin): (Principal, Origin),
        run: Run,
        (model, budget): (Arc<dyn ChatModel>, Budget),
    ) -> Self {
        Self {
            turn: Turn::new(budget),
            time_max: budget.time_max,
            requests: Requests::new(run.role.clone(), origin),
            conversation: Conversation::default(),
            files: OpenFiles::default(),
            snapshot: shared.registry.snapshot(),
            call: None,
            tools: None,
            stored: None,
            kept: String::new(),
            clock: StopClock::start(),
            may_summarise: true,
            unheard: None,
            shared,
            handle,
            principal,
            origin,
            run,
            model,
        }
    }

    /// What it answers, when that was said too late for the turn before.
    pub(crate) fn hearing(self, unheard: Option<MessageId>) -> Self {
        Self { unheard, ..self }
    }

    /// Runs the turn to its end.
    pub(crate) async fn drive(mut self) {
        if let Err(error) = self.play().await {
            tracing::error!(%error, detail = error.detail(), "a turn could not be stored");
            self.call = None;
            self.cancel_tools().await;
            let message = format!("the turn was ended because it could not be stored: {error}");
            self.tell(EventKind::ChatError { run_id: self.run.id, code: "store", message: message.clone() });
            self.end(RunStatus::Failed, Some(message)).await;
        }
    }

    async fn play(&mut self) -> Result<(), StoreError> {
        let mut tx = self.shared.store.read(&self.principal).await?;
        let mut messages = tx.last_messages(self.run.session_id, MESSAGES_MAX).await?;
        // It was stored before the last answer of a turn that did not hear it, and is what this one answers.
        messages.sort_by_key(|message| Some(message.id) == self.unheard);
        let summary = tx.last_compaction(self.run.session_id).await?;
        self.requests.persona = persona::told(&tx.persona().await?);
        let off = tx.skills_off().await?;
        drop(tx);
        self.requests.allowed = Allowed::of(&self.shared.store, self.run.user_id).await?;
        self.give_skills(&skills::said(&messages), &off).await?;
        self.conversation = Conversation::from_messages(messages, self.run.id).after(summary);
        if !self.conversation.awaits_answer() {
            self.conversation.push(Role::User, vec![Part::Text(GO_ON.to_owned())]);
        }
        let mut effects = VecDeque::from(self.turn.step(Input::Started));
        loop {
            while let Some(effect) = effects.pop_front() {
                if let Some(input) = self.perform(effect).await? {
                    effects.extend(self.feed(input));
                }
            }
            if self.turn.is_finished() {
                return Ok(());
            }
            for input in self.next_inputs().await {
                effects.extend(self.feed(input));
            }
        }
    }

    /// Tells the machine what happened, after everything the person said before it.
    fn feed(&mut self, input: Input) -> Vec<Effect> {
        let turn = &mut self.turn;
        self.handle.take_in(|said| {
            let mut effects: Vec<Effect> = said.into_iter().flat_map(|parts| turn.step(Input::Steered(parts))).collect();
            effects.extend(turn.step(input));
            (effects, turn.is_finished())
        })
    }

    async fn next_inputs(&mut self) -> Vec<Input> {
        let cut_short = tokio::select! {
            biased;
            cause = self.handle.stopped() => Input::StopRequested(cause),
            () = self.clock.until(self.time_max) => Input::Tick(self.clock.elapsed()),
            event = next_event(&mut self.call) => return self.heard(event).await,
            answered = next_answered(&mut self.tools) => return self.answered(answered).await.into(),
        };
        let mut inputs = Vec::new();
        // What is there already counts, so that a finished call is not told as a stopped one.
        while let Some(answered) = self.tools.as_mut().and_then(ToolStep::next_now) {
            inputs.extend(self.answered(answered).await);
        }
        inputs.extend(self.settle_call(false).await.map(Input::ModelUsage));
        inputs.push(cut_short);
        inputs
    }

    /// Tells and records a call that ended, and hands its result to the machine.
    async fn answered(&mut self, answered: Answered) -> [Input; 2] {
        if let Some(tools) = &self.tools {
            self.shared.dispatch.ended(tools.begun(), answered.id, &answered.outcome).await;
        }
        let used = Input::ToolUsage(answered.outcome.usage);
        [used, Input::ToolFinished(answered.key, answered.into_result())]
    }

    async fn heard(&mut self, event: Option<Result<ChatEvent, ModelError>>) -> Vec<Input> {
        let input = match event {
            // Counted by the call itself, for its cost.
            Some(Ok(ChatEvent::Retried(_))) => return Vec::new(),
            Some(Ok(ChatEvent::Text(text))) => Input::ModelText(text),
            Some(Ok(ChatEvent::Reasoning(text))) => Input::ModelReasoning(text),
            Some(Ok(ChatEvent::ToolCall(call))) => self.wished(call),
            Some(Ok(ChatEvent::Usage(usage))) => Input::ModelUsage(usage),
            Some(Ok(ChatEvent::End(finish))) => Input::ModelEnd(finish),
            Some(Err(error)) => Input::ModelFailed(self.failure(&error)),
            None => Input::ModelFailed(self.failure(&ModelError::Protocol(
                "the model's answer broke off without an end: try again, or use another model".to_owned(),
            ))),
        };
        let ended_well = matches!(input, Input::ModelEnd(_));
        if !ended_well && !matches!(input, Input::ModelFailed(_)) {
            return vec![input];
        }
        self.settle_call(ended_well).await.map(Input::ModelUsage).into_iter().chain([input]).collect()
    }

    /// What a server said may hold what it was sent.
    fn failure(&self, error: &ModelError) -> ModelFailure {
        let redactor = (self.shared.dispatch.redactor)(&self.principal);
        ModelFailure {
            code: error.kind(),
            message: redactor.redact(&error.to_string()).into_owned(),
            is_context_length: matches!(error, ModelError::ContextLength(_)),
        }
    }

    fn wished(&self, call: ToolCall) -> Input {
        let tool = self.requests.tool(&self.snapshot, &call.name);
        let reach = tool.map_or_else(|_| Reach::nothing(), |tool| Reach::of(tool.spec(), &call.arguments));
        Input::ModelToolCall(call, reach)
    }

    /// Closes the model call that ended or was cancelled, and records what it cost.
    async fn settle_call(&mut self, ended_well: bool) -> Option<Usage> {
        let call = self.call.take()?;
        let usage = call.usage(ended_well)?;
        let cost = call.cost(&self.shared.ambient, self.run.user_id, self.model.info(), usage);
        let row = CostRow { session_id: Some(self.run.session_id), run_id: Some(self.run.id), ..cost };
        self.shared.recorder.write(&self.principal, Record::Cost(Box::new(row))).await;
        Some(usage)
    }

    async fn perform(&mut self, effect: Effect) -> Result<Option<Input>, StoreError> {
        match effect {
            Effect::CallModel { trim, steered, .. } => return self.call_model(trim, steered).await,
            Effect::CancelModel => self.call = None,
            Effect::RunTools(lanes) => self.run_tools(lanes),
            Effect::CancelTools => self.cancel_tools().await,
            Effect::Emit(notice) => self.emit(notice),
            Effect::Persist { role, parts } => self.persist(role, parts).await?,
            Effect::Finish { status, reason } => self.end(status, reason).await,
        }
        Ok(None)
    }

    async fn call_model(&mut self, trim: bool, steered: Vec<Vec<Part>>) -> Result<Option<Input>, StoreError> {
        self.tools = None;
        for parts in steered {
            self.conversation.push(Role::User, parts);
            // Where it is stored is not known here, so a summary might lose it; the next turn can make one.
            self.may_summarise = false;
        }
        self.requests.allowed = Allowed::of(&self.shared.store, self.run.user_id).await?;
        self.snapshot = self.shared.registry.snapshot();
        let date = self.shared.ambient.now().format("%Y-%m-%d").to_string();
        match self.requests.build(&self.snapshot, self.model.info(), date, trim).await {
            Ok((mut request, room)) => {
                Box::pin(self.summarise_when_tight(room)).await;
                request.messages.extend(self.conversation.fit(room));
                let mut tx = self.shared.store.read(&self.principal).await?;
                request.files = self.files.of(&mut tx, self.model.info(), &request.messages).await?;
                drop(tx);
                self.call = Some(ModelCall::begin(Arc::clone(&self.model), request));
                Ok(None)
            }
            Err(failure) => Ok(Some(Input::ModelFailed(failure))),
        }
    }

    fn run_tools(&mut self, lanes: Vec<Vec<(CallKey, ToolCall)>>) {
        let planned = |(key, asked): (CallKey, ToolCall)| Planned {
            key,
            call: Call {
                of: Identity {
                    id: self.shared.ambient.id(),
                    principal: self.principal.clone(),
                    user_id: self.run.user_id,
                    session_id: Some(self.run.session_id),
                    run_id: Some(self.run.id),
                    name: asked.name.clone(),
                },
                origin: self.origin,
                consent: Consent::Ask(self.clock.clone()),
                arguments: asked.arguments.clone(),
                progress: None,
                person: None,
                model: Some(Arc::clone(&self.model)),
                llm: None,
                tool: self.requests.tool(&self.snapshot, &asked.name),
                workspace: None,
            },
            asked,
        };
        let lanes = lanes.into_iter().map(|lane| lane.into_iter().map(planned).collect()).collect();
        self.tools = Some(ToolStep::begin(&self.shared.dispatch, lanes));
    }

    async fn cancel_tools(&mut self) {
        if let Some(tools) = self.tools.take() {
            let begun = tools.cancel().await;
            self.shared.dispatch.cancelled(&begun).await;
        }
    }

    async fn persist(&mut self, role: Role, mut parts: Vec<Part>) -> Result<(), StoreError> {
        self.kept.clear();
        let is_answer = role == Role::Assistant && !parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
        if is_answer
            && self.handle.answers_as_file()
            && let Some(kept) = answer_file::keep(&self.shared, &self.principal, &self.run, &parts).await
        {
            if let Some(Part::Text(text)) = parts.iter_mut().rev().find(|part| matches!(part, Part::Text(_))) {
                text.push_str(&kept);
            }
            self.kept = kept;
        }
        let message = NewMessage {
            id: self.shared.ambient.id(),
            session_id: self.run.session_id,
            run_id: Some(self.run.id),
            role,
            parts: parts.clone(),
            created_at: self.shared.ambient.now(),
        };
        let mut tx = self.shared.store.write(&self.principal).await?;
        let message = tx.append_message(message).await?;
        tx.save().await?;
        self.stored = Some(message.id);
        self.conversation.push_stored(message.seq, role, parts);
        Ok(())
    }

    fn emit(&self, notice: Notice) {
        let run_id = self.run.id;
        let kind = match notice {
            Notice::Iteration(iteration) => EventKind::AgentIteration { run_id, iteration },
            Notice::Delta { text, reasoning } => EventKind::ChatDelta { run_id, text, reasoning },
            Notice::Error { code, message } => EventKind::ChatError { run_id, code, message },
            Notice::Said(text) => match self.stored {
                Some(message_id) => {
                    let text = text + &self.kept;
                    let (run_id, role) = (Some(run_id), Role::Assistant);
                    EventKind::ChatMessage { message_id, run_id, role, text, attachments: Vec::new(), injected: false }
                }
                None => return,
            },
            Notice::Answer(text) => match self.stored {
                Some(message_id) => {
                    let text = text + &self.kept;
                    let (model, usage, skills) = (self.run.model.clone(), self.turn.usage(), self.run.skills.clone());
                    EventKind::ChatResponse { run_id, message_id, text, model, usage, skills }
                }
                None => return,
            },
        };
        self.tell(kind);
    }

    async fn end(&mut self, status: RunStatus, reason: Option<String>) {
        self.run.iterations = self.turn.iterations();
        self.run.usage = self.turn.usage();
        close_run(&self.shared, &self.principal, &mut self.run, status, reason).await;
    }

    fn tell(&self, kind: EventKind) {
        self.shared.publisher.publish(self.run.user_id, Some(self.run.session_id), kind);
    }
}

/// Stores and tells how a run ended, and closes the questions it left open.
pub(crate) async fn close_run(shared: &Shared, principal: &Principal, run: &mut Run, status: RunStatus, reason: Option<String>) {
    shared.broker.abandon(principal, run.id).await;
    run.status = status;
    run.reason = reason;
    run.ended_at = Some(shared.ambient.now());
    metrics::counter!(telemetry::RUNS.name, "status" => status.as_str()).increment(1);
    for attempt in 1..=END_ATTEMPTS_MAX {
        let stored = async {
            let mut tx = shared.store.write(principal).await?;
            tx.update_run(run).await?;
            tx.save().await
        };
        match stored.await {
            Ok(()) => break,
            Err(error) if error.retryable() && attempt < END_ATTEMPTS_MAX => tokio::time::sleep(END_RETRY_WAIT * attempt).await,
            Err(error) => {
                tracing::error!(%error, detail = error.detail(), "the end of a turn could not be stored; the next start marks it interrupted");
                break;
            }
        }
    }
    let (run_id, usage) = (run.id, run.usage);
    let kind = EventKind::AgentEnded { run_id, status, reason: run.reason.clone(), iterations: run.iterations, usage };
    shared.publisher.publish(run.user_id, Some(run.session_id), kind);
    shared.notifier.ended(principal, run);
    let happened = Happened { principal, session_id: Some(run.session_id), call: None, event: HookEvent::TurnEnded };
    shared.hooks.tell(&happened, || {
        json!({
            "session_id": run.session_id.to_string(),
            "user_id": run.user_id.to_string(),
            "run_id": run.id.to_string(),
            "status": run.status.as_str(),
            "iterations": run.iterations,
            "tokens": run.usage.total(),
        })
    });
}

async fn next_event(call: &mut Option<ModelCall>) -> Option<Result<ChatEvent, ModelError>> {
    match call {
        Some(call) => call.next().await,
        None => std::future::pending().await,
    }
}

async fn next_answered(tools: &mut Option<ToolStep>) -> Answered {
    let next = match tools {
        Some(step) => step.next().await,
        None => None,
    };
    match next {
        Some(answered) => answered,
        // Every call has answered: only the model, the clock or the person can go on.
        None => std::future::pending().await,
    }
}
