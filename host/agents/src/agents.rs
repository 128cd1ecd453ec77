//! The door to everything agents do: send, steer, stop, continue, answer, call.

mod attach;
mod call;
mod clear;
mod compact;
mod delete;
mod interject;
mod outliving;
mod place;
mod places;
mod said;
mod side_places;
mod stalls;
mod start;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::event::{EventKind, EventSink};
use octi_domain::ids::{MessageId, PermissionRequestId, QuestionId, RunId};
use octi_domain::permission::{Answer, Origin};
use octi_domain::principal::Principal;
use octi_domain::question::PersonQuestion;
use octi_domain::run::RunLimits;
use octi_extension::registry::Registry;
use octi_models::ChatModel;
use octi_store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::places::Places;
use self::side_places::SidePlaces;
use self::stalls::Stalls;
use crate::error::AgentsError;
use crate::notifier::Notifier;
use crate::publish::Publisher;
use crate::runs::Runs;
use crate::runtime::turn::StopCause;
use crate::tools::approval::{AnswerOutcome, Broker};
use crate::tools::dispatch::{Dispatch, RedactorOf, WorkspaceOf};
use crate::tools::llm::Models;
use crate::tools::questions::{Answered, PersonAnswer, Questions};
use crate::tools::record::{QUEUE_MAX, Recorder};
use crate::tools::schema::Schemas;
use crate::watchers::Watchers;

pub use call::{CallError, CallOptions, Watch};
pub use compact::{Compacted, Compacting};
pub use place::Move;
pub use said::Said;

/// Why a run that a crash cut off ended.
const INTERRUPTED: &str = "octi stopped while it ran; it can be continued";
/// How long turns that were told to end at shutdown have to store their end.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Locks that keep two messages of one session from starting two turns.
const STARTS: usize = 64;

/// Where models come from.
#[async_trait]
pub trait ModelSource: Send + Sync {
    /// The person's model of that name, or their default one.
    ///
    /// # Errors
    /// A sentence that says what to do.
    async fn model(&self, principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, String>;
}

/// Everything agents need.
pub struct AgentsConfig {
    pub store: Store,
    pub registry: Arc<dyn Registry>,
    pub models: Arc<dyn ModelSource>,
    pub events: Arc<dyn EventSink>,
    pub ambient: Ambient,
    /// What turns may use and how many there may be, now and after each change.
    pub limits: watch::Receiver<RunLimits>,
    pub workspace_of: WorkspaceOf,
    pub redactor: RedactorOf,
    /// The role of every turn, such as `general`, unless the person chose another for the session.
    pub role: String,
}

/// How a message is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnOptions {
    /// The configured model's name; none for the default.
    pub model: Option<String>,
    pub origin: Origin,
    /// Where the conversation is to work from this message on.
    pub to: Move,
    /// Whether the answer is kept as a file too.
    pub as_file: bool,
}

impl Default for TurnOptions {
    fn default() -> Self {
        Self { model: None, origin: Origin::Chat, to: Move::default(), as_file: false }
    }
}

/// A message that was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    pub message_id: MessageId,
    /// The turn that answers it.
    pub run_id: RunId,
    /// The turn ran already, and hears the message at its next step.
    pub steered: bool,
}

/// Agents at work. Clones share everything.
#[derive(Clone)]
pub struct Agents(Arc<Shared>);

/// What turns share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) ambient: Ambient,
    limits: watch::Receiver<RunLimits>,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) notifier: Arc<Notifier>,
    pub(crate) hooks: Arc<Watchers>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) recorder: Recorder,
    pub(crate) dispatch: Arc<Dispatch>,
    models: Arc<dyn ModelSource>,
    role: String,
    runs: Runs,
    places: Places,
    side_places: Arc<SidePlaces>,
    pub(crate) stalls: Stalls,
    /// Ends the model calls beside the turns.
    side_stop: CancellationToken,
    starts: Vec<tokio::sync::Mutex<()>>,
    tasks: TaskTracker,
    closing: AtomicBool,
}

impl Agents {
    /// Agents that are ready to work. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(config: AgentsConfig) -> Self {
        let AgentsConfig { store, registry, models, events, ambient, limits, workspace_of, redactor, role } = config;
        let publisher = Arc::new(Publisher::new(events, ambient.clone()));
        let notifier = Notifier::start(store.clone(), Arc::clone(&publisher), ambient.clone(), Arc::clone(&redactor));
        let notifier = Arc::new(notifier);
        let broker = Broker::new(store.clone(), (Arc::clone(&publisher), Arc::clone(&notifier)), ambient.clone());
        let broker = Arc::new(broker);
        let tasks = TaskTracker::new();
        let questions = Arc::new(Questions::new(Arc::clone(&publisher), ambient.clone()));
        let recorder = Recorder::start(store.clone(), QUEUE_MAX);
        let hooks = Arc::new(Watchers::start(Arc::clone(&registry), Arc::clone(&redactor)));
        let dispatch = Arc::new(Dispatch {
            store: store.clone(),
            ambient: ambient.clone(),
            publisher: Arc::clone(&publisher),
            broker: Arc::clone(&broker),
            questions,
            models: Arc::new(Models::new(Arc::clone(&models), tasks.clone())),
            recorder: recorder.clone(),
            schemas: Schemas::default(),
            hooks: Arc::clone(&hooks),
            redactor,
            workspace_of,
        });
        Self(Arc::new(Shared {
            store,
            registry,
            ambient,
            limits,
            publisher,
            notifier,
            hooks,
            broker,
            recorder,
            dispatch,
            models,
            role,
            runs: Runs::default(),
            places: Places::default(),
            side_places: Arc::default(),
            stalls: Stalls::default(),
            side_stop: CancellationToken::new(),
            starts: (0..STARTS).map(|_| tokio::sync::Mutex::new(())).collect(),
            tasks,
            closing: AtomicBool::new(false),
        }))
    }

    /// At start, before anything is sent: marks what an earlier process left running, and closes its questions. Returns
    /// the interrupted runs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recover(&self) -> Result<Vec<RunId>, AgentsError> {
        let shared = &self.0;
        let system = Principal::system("recover interrupted turns");
        let mut tx = shared.store.write(&system).await?;
        let runs = tx.interrupt_running(INTERRUPTED, shared.ambient.now()).await?;
        tx.save().await?;
        let questions = shared.broker.close_all(&system).await?;
        if !runs.is_empty() || questions > 0 {
            tracing::warn!(runs = runs.len(), questions, "closed what an earlier process left open");
        }
        for run in &runs {
            let kind = EventKind::AgentEnded {
                run_id: run.id,
                status: run.status,
                reason: run.reason.clone(),
                iterations: run.iterations,
                usage: run.usage,
            };
            shared.publisher.publish(run.user_id, Some(run.session_id), kind);
            shared.notifier.ended(&system, run);
        }
        Ok(runs.into_iter().map(|run| run.id).collect())
    }

    /// The role of every session for which no other was chosen.
    #[must_use]
    pub fn default_role(&self) -> &str {
        &self.0.role
    }

    /// Stops a turn at once. False when there is no such turn, or it is somebody else's.
    ///
    /// # Errors
    /// None now; the signature leaves room for turns of other hosts.
    #[expect(clippy::unused_async, reason = "turns of other hosts will be stopped through the store")]
    pub async fn stop(&self, principal: &Principal, run: RunId) -> Result<bool, AgentsError> {
        let handle = principal.user_id().and_then(|user| self.0.runs.get(user, run));
        if let Some(handle) = &handle {
            handle.stop(StopCause::Person);
        }
        Ok(handle.is_some())
    }

    /// Stops every turn of the person, and says how many.
    #[expect(clippy::unused_async, reason = "turns of other hosts will be stopped through the store")]
    pub async fn stop_all(&self, principal: &Principal) -> usize {
        let handles = principal.user_id().map(|user| self.0.runs.of_user(user)).unwrap_or_default();
        handles.iter().for_each(|handle| handle.stop(StopCause::Person));
        handles.len()
    }

    /// Answers a question of the person's own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn answer(
        &self,
        principal: &Principal,
        request: PermissionRequestId,
        answer: Answer,
    ) -> Result<AnswerOutcome, AgentsError> {
        Ok(self.0.broker.answer(principal, request, answer).await?)
    }

    /// What plugins ask this person now, the oldest first.
    #[must_use]
    pub fn questions(&self, principal: &Principal) -> Vec<PersonQuestion> {
        principal.user_id().map(|user| self.0.dispatch.questions.of(user)).unwrap_or_default()
    }

    /// Answers what a plugin asks; the first answer of any screen counts.
    #[must_use]
    pub fn answer_question(&self, principal: &Principal, id: QuestionId, answer: PersonAnswer) -> Answered {
        principal.user_id().map_or(Answered::Gone, |user| self.0.dispatch.questions.answer(user, id, answer))
    }

    /// The person's turns that run now, the oldest first.
    #[must_use]
    pub fn running(&self, principal: &Principal) -> Vec<RunId> {
        let handles = principal.user_id().map(|user| self.0.runs.of_user(user)).unwrap_or_default();
        handles.iter().map(|handle| handle.run_id).collect()
    }

    /// Waits until a turn of the person has ended; at once when it does not run.
    pub async fn until_ended(&self, principal: &Principal, run: RunId) {
        if let Some(handle) = principal.user_id().and_then(|user| self.0.runs.get(user, run)) {
            handle.until_ended().await;
        }
    }

    /// Waits until every record and notification handed over so far is written, and hooks were told of everything.
    pub async fn flush(&self) {
        self.0.recorder.flush().await;
        self.0.notifier.flush().await;
        self.0.hooks.flush().await;
    }

    /// Takes nothing new, lets turns end for as long as `grace`, interrupts the rest, and writes what is left to write.
    pub async fn shutdown(&self, grace: Duration) {
        let shared = &self.0;
        shared.closing.store(true, Ordering::Release);
        shared.tasks.close();
        if tokio::time::timeout(grace, shared.tasks.wait()).await.is_err() {
            shared.side_stop.cancel();
            shared.runs.everyone().iter().for_each(|handle| handle.stop(StopCause::Shutdown));
            if tokio::time::timeout(LAST_WORDS, shared.tasks.wait()).await.is_err() {
                tracing::warn!("some turns did not end in time; the next start marks them interrupted");
            }
        }
        // One that was let in a moment before ends at once.
        shared.side_stop.cancel();
        shared.recorder.close().await;
        if tokio::time::timeout(LAST_WORDS, shared.hooks.close()).await.is_err() {
            tracing::warn!("hooks were not told of everything before the end");
        }
        if tokio::time::timeout(LAST_WORDS, shared.notifier.close()).await.is_err() {
            tracing::warn!("some notifications were not told before the end");
        }
    }
}
