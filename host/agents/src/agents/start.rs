//! How a turn begins: with a message, or where the last one stopped.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::FutureExt;
use octi_domain::event::EventKind;
use octi_domain::ids::{MessageId, RunId, SessionId, UserId};
use octi_domain::message::{Message, Role};
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_domain::run::{Budget, Compaction, Run, RunStatus, Usage};
use octi_extension::hook::HookEvent;
use octi_models::ChatModel;
use octi_store::{NewMessage, StoreError, Tx};
use serde_json::json;
use tracing::Instrument;

use super::places::Place;
use super::said::{Said, Whole};
use super::{Agents, Sent, Shared, TurnOptions};
use crate::error::AgentsError;
use crate::runs::Handle;
use crate::runtime::driver::{Driver, close_run};
use crate::watchers::Happened;

/// A turn that is about to begin.
struct Start {
    principal: Principal,
    origin: Origin,
    run: Run,
    model: Arc<dyn ChatModel>,
    place: Place,
    budget: Budget,
    as_file: bool,
    /// What was said to the turn before, which did not hear it.
    unheard: Option<MessageId>,
}

impl Agents {
    /// Takes in what a person says: it starts a turn, or steers the one that runs. Returns at once; the answer comes as
    /// events.
    ///
    /// # Errors
    /// [`AgentsError`] when nothing was taken in.
    pub async fn send(
        &self,
        principal: &Principal,
        session_id: SessionId,
        said: impl Into<Said>,
        options: TurnOptions,
    ) -> Result<Sent, AgentsError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        let said = shared.checked(principal, session_id, said.into()).await?;
        let _one_at_a_time = shared.starting(session_id).lock().await;
        shared.move_session(principal, session_id, &options.to).await?;
        let stored = if let Some(handle) = shared.runs.of_session(user_id, session_id) {
            let message_id = shared.say(principal, user_id, session_id, handle.run_id, &said).await?;
            if options.as_file {
                handle.answer_as_file();
            }
            if handle.steer(said.parts()) {
                return Ok(Sent { message_id, run_id: handle.run_id, steered: true });
            }
            // It ended while this was said: the message is stored and gets a turn of its own.
            handle.until_ended().await;
            Some(message_id)
        } else {
            None
        };
        let begun = shared.begin(principal, (user_id, session_id), &said, stored, options).await;
        begun.map_err(|error| if stored.is_some() { AgentsError::Unanswered(Box::new(error)) } else { error })
    }

    /// Goes on where the last turn of a session stopped: interrupted, stopped, or out of budget.
    ///
    /// # Errors
    /// [`AgentsError::NothingToContinue`] when the last turn was completed.
    pub async fn continue_run(&self, principal: &Principal, session_id: SessionId) -> Result<RunId, AgentsError> {
        let shared = &self.0;
        let user_id = shared.admit(principal)?;
        let _one_at_a_time = shared.starting(session_id).lock().await;
        let mut tx = shared.store.read(principal).await?;
        tx.session(session_id).await?.ok_or(AgentsError::SessionNotFound(session_id))?;
        let last = tx.list_runs(Some(session_id), 1).await?.into_iter().next();
        drop(tx);
        let last = match last {
            Some(run) if run.status == RunStatus::Running => return Err(AgentsError::StillRunning),
            Some(run) if run.status != RunStatus::Completed => run,
            _ => return Err(AgentsError::NothingToContinue),
        };
        let model = shared.model(principal, Some(&last.model)).await?;
        let (place, budget) = shared.place()?;
        let role = shared.role_of(principal, session_id).await?;
        let run = shared.new_run(user_id, session_id, &model, role);
        let mut tx = shared.store.write(principal).await?;
        tx.insert_run(&run).await.map_err(busy)?;
        tx.save().await?;
        let run_id = run.id;
        let (principal, origin) = (principal.clone(), Origin::Chat);
        shared.launch(Start { principal, origin, run, model, place, budget, as_file: false, unheard: None });
        Ok(run_id)
    }
}

impl Shared {
    /// Starts a turn with a message, which is stored with it unless it is already.
    async fn begin(
        self: &Arc<Self>,
        principal: &Principal,
        (user_id, session_id): (UserId, SessionId),
        said: &Whole,
        stored: Option<MessageId>,
        options: TurnOptions,
    ) -> Result<Sent, AgentsError> {
        let model = self.model(principal, options.model.as_deref()).await?;
        let (place, budget) = self.place()?;
        let role = self.role_of(principal, session_id).await?;
        let run = self.new_run(user_id, session_id, &model, role);
        let message_id = self.open(principal, &run, said, stored).await?;
        let run_id = run.id;
        let (origin, as_file) = (options.origin, options.as_file);
        self.launch(Start { principal: principal.clone(), origin, run, model, place, budget, as_file, unheard: stored });
        Ok(Sent { message_id, run_id, steered: false })
    }

    pub(super) fn admit(&self, principal: &Principal) -> Result<UserId, AgentsError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(AgentsError::ShuttingDown);
        }
        principal.user_id().ok_or(AgentsError::NoPerson)
    }

    pub(super) fn starting(&self, session: SessionId) -> &tokio::sync::Mutex<()> {
        let mut hasher = DefaultHasher::new();
        session.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % self.starts.len() as u64).unwrap_or_default();
        &self.starts[index]
    }

    /// A place for a turn, and what it may use by what holds now.
    fn place(&self) -> Result<(Place, Budget), AgentsError> {
        let limits = *self.limits.borrow();
        let place = self.places.take(limits.active_max).ok_or(AgentsError::TooManyRuns { max: limits.active_max })?;
        Ok((place, limits.budget))
    }

    /// What a summary obeys that is begun now.
    pub(crate) fn compaction(&self) -> Compaction {
        self.limits.borrow().compaction
    }

    pub(super) async fn model(&self, principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, AgentsError> {
        self.models.model(principal, name).await.map_err(AgentsError::Model)
    }

    /// The role that the person chose for the session, else the host's.
    async fn role_of(&self, principal: &Principal, session_id: SessionId) -> Result<String, AgentsError> {
        let chosen = self.store.read(principal).await?.session_role(session_id).await?;
        Ok(chosen.unwrap_or_else(|| self.role.clone()))
    }

    fn new_run(&self, user_id: UserId, session_id: SessionId, model: &Arc<dyn ChatModel>, role: String) -> Run {
        Run {
            id: self.ambient.id(),
            session_id,
            user_id,
            role,
            model: model.info().name.clone(),
            status: RunStatus::Running,
            reason: None,
            iterations: 0,
            usage: Usage::default(),
            skills: Vec::new(),
            started_at: self.ambient.now(),
            ended_at: None,
        }
    }

    /// Stores what a person says to a running turn.
    async fn say(
        &self,
        principal: &Principal,
        user_id: UserId,
        session_id: SessionId,
        run_id: RunId,
        said: &Whole,
    ) -> Result<MessageId, AgentsError> {
        let mut tx = self.store.write(principal).await?;
        let message = self.append(&mut tx, session_id, run_id, said).await?;
        tx.save().await?;
        self.tell_message((user_id, session_id), run_id, message.id, said, true);
        self.tell_hooks(principal, &message, said);
        Ok(message.id)
    }

    /// Stores the run together with the message that starts it, unless that is stored already.
    async fn open(
        &self,
        principal: &Principal,
        run: &Run,
        said: &Whole,
        stored: Option<MessageId>,
    ) -> Result<MessageId, AgentsError> {
        let mut tx = self.store.write(principal).await?;
        let session = tx.session(run.session_id).await?.ok_or(AgentsError::SessionNotFound(run.session_id))?;
        tx.insert_run(run).await.map_err(busy)?;
        if session.title.is_none() {
            tx.set_session_title(run.session_id, &said.title()).await?;
        }
        if let Some(message_id) = stored {
            tx.save().await?;
            return Ok(message_id);
        }
        let message = self.append(&mut tx, run.session_id, run.id, said).await?;
        tx.save().await?;
        self.tell_message((run.user_id, run.session_id), run.id, message.id, said, false);
        self.tell_hooks(principal, &message, said);
        Ok(message.id)
    }

    async fn append(&self, tx: &mut Tx<'_>, session_id: SessionId, run_id: RunId, said: &Whole) -> Result<Message, StoreError> {
        let message = NewMessage {
            id: self.ambient.id(),
            session_id,
            run_id: Some(run_id),
            role: Role::User,
            parts: said.parts(),
            created_at: self.ambient.now(),
        };
        tx.append_message(message).await
    }

    fn tell_message(
        &self,
        (user_id, session_id): (UserId, SessionId),
        run_id: RunId,
        message_id: MessageId,
        said: &Whole,
        injected: bool,
    ) {
        let (run_id, text, attachments) = (Some(run_id), said.text.clone(), said.attachments.clone());
        let kind = EventKind::ChatMessage { message_id, run_id, role: Role::User, text, attachments, injected };
        self.publisher.publish(user_id, Some(session_id), kind);
    }

    /// Hooks hear of what people say, and that a conversation began.
    fn tell_hooks(&self, principal: &Principal, message: &Message, said: &Whole) {
        let session_id = message.session_id;
        let of = |event| Happened { principal, session_id: Some(session_id), call: None, event };
        let ids = || {
            let user_id = principal.user_id().map(|id| id.to_string());
            json!({ "session_id": session_id.to_string(), "user_id": user_id })
        };
        if message.seq == 1 {
            self.hooks.tell(&of(HookEvent::SessionStarted), ids);
        }
        self.hooks.tell(&of(HookEvent::Message), || {
            let mut details = ids();
            details["message_id"] = json!(message.id.to_string());
            details["text"] = json!(said.text);
            details["attachments"] = said.attachments.iter().map(|file| json!(file.name)).collect();
            details
        });
    }

    /// Sets a stored run going. Whatever happens to it, its end is stored and told.
    fn launch(self: &Arc<Self>, start: Start) {
        let Start { principal, origin, mut run, model, place, budget, as_file, unheard } = start;
        let handle = Arc::new(Handle::new(run.id, run.session_id, run.user_id));
        if as_file {
            handle.answer_as_file();
        }
        self.runs.add(Arc::clone(&handle));
        let kind = EventKind::AgentSpawned { run_id: run.id, role: run.role.clone(), model: run.model.clone() };
        self.publisher.publish(run.user_id, Some(run.session_id), kind);
        let span = tracing::info_span!("agents.turn", run = %run.id, session = %run.session_id);
        let shared = Arc::clone(self);
        let turn = async move {
            let who = (principal.clone(), origin);
            let driver = Driver::new(Arc::clone(&shared), handle, who, run.clone(), (model, budget)).hearing(unheard);
            if AssertUnwindSafe(Box::pin(driver.drive())).catch_unwind().await.is_err() {
                let message = "the turn ended because of a bug in octi; the log says where".to_owned();
                let told = EventKind::ChatError { run_id: run.id, code: "internal", message: message.clone() };
                shared.publisher.publish(run.user_id, Some(run.session_id), told);
                close_run(&shared, &principal, &mut run, RunStatus::Failed, Some(message)).await;
            }
            // First the place, then the news: whoever waits for the end can start at once.
            drop(place);
            shared.runs.remove(run.id);
        };
        self.tasks.spawn(turn.instrument(span));
    }
}

/// The store allows one running turn a session: a second one belongs to another process.
fn busy(error: StoreError) -> AgentsError {
    match error {
        StoreError::Conflict { .. } => AgentsError::SessionBusy,
        other => AgentsError::Store(other),
    }
}
