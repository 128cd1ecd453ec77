//! The turns of this process: who may stop them, and how a person talks to one that runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::sync::{Mutex, MutexGuard, PoisonError};

use octi_domain::ids::{RunId, SessionId, UserId};
use octi_domain::message::Part;
use octi_domain::telemetry;
use tokio_util::sync::CancellationToken;

use crate::runtime::turn::StopCause;

/// A turn from outside.
pub(crate) struct Handle {
    pub(crate) run_id: RunId,
    pub(crate) session_id: SessionId,
    pub(crate) user_id: UserId,
    /// What the person said while it runs; none once it takes in nothing more.
    inbox: Mutex<Option<Vec<Vec<Part>>>>,
    /// Whether its answer is kept as a file too.
    as_file: AtomicBool,
    cause: OnceLock<StopCause>,
    stop: CancellationToken,
    ended: CancellationToken,
}

impl Handle {
    pub(crate) fn new(run_id: RunId, session_id: SessionId, user_id: UserId) -> Self {
        Self {
            run_id,
            session_id,
            user_id,
            inbox: Mutex::new(Some(Vec::new())),
            as_file: AtomicBool::new(false),
            cause: OnceLock::new(),
            stop: CancellationToken::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Says something to the turn; false when it takes in nothing more.
    pub(crate) fn steer(&self, parts: Vec<Part>) -> bool {
        match self.inbox().as_mut() {
            Some(said) => {
                said.push(parts);
                true
            }
            None => false,
        }
    }

    /// Decides with what the person said until now. When `decide` says the turn is over, nothing more is taken in: what
    /// comes later starts a turn of its own, so nothing falls between the two.
    pub(crate) fn take_in<T>(&self, decide: impl FnOnce(Vec<Vec<Part>>) -> (T, bool)) -> T {
        let mut inbox = self.inbox();
        let said = inbox.as_mut().map(std::mem::take).unwrap_or_default();
        let (result, over) = decide(said);
        if over {
            *inbox = None;
        }
        result
    }

    /// Asks for the answer as a file too.
    pub(crate) fn answer_as_file(&self) {
        self.as_file.store(true, Ordering::Release);
    }

    /// Whether somebody asked for the answer as a file.
    pub(crate) fn answers_as_file(&self) -> bool {
        self.as_file.load(Ordering::Acquire)
    }

    /// Asks the turn to end at once.
    pub(crate) fn stop(&self, cause: StopCause) {
        // The first cause counts.
        let _first = self.cause.set(cause);
        self.stop.cancel();
    }

    /// Waits until someone stops the turn.
    pub(crate) async fn stopped(&self) -> StopCause {
        self.stop.cancelled().await;
        self.cause.get().copied().unwrap_or(StopCause::Person)
    }

    /// What is cancelled when someone stops the turn.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until the turn has ended and is stored as ended.
    pub(crate) async fn until_ended(&self) {
        self.ended.cancelled().await;
    }

    fn inbox(&self) -> MutexGuard<'_, Option<Vec<Vec<Part>>>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every turn that runs.
#[derive(Default)]
pub(crate) struct Runs(Mutex<HashMap<RunId, Arc<Handle>>>);

impl Runs {
    pub(crate) fn add(&self, handle: Arc<Handle>) {
        self.all().insert(handle.run_id, handle);
        metrics::gauge!(telemetry::RUNS_ACTIVE.name).increment(1);
    }

    /// Forgets a turn and tells whoever waits for its end.
    pub(crate) fn remove(&self, run: RunId) {
        let handle = self.all().remove(&run);
        if let Some(handle) = handle {
            metrics::gauge!(telemetry::RUNS_ACTIVE.name).decrement(1);
            handle.take_in(|_| ((), true));
            handle.ended.cancel();
        }
    }

    /// A person's own turn.
    pub(crate) fn get(&self, user: UserId, run: RunId) -> Option<Arc<Handle>> {
        self.all().get(&run).filter(|handle| handle.user_id == user).cloned()
    }

    /// The turn that runs in a person's session.
    pub(crate) fn of_session(&self, user: UserId, session: SessionId) -> Option<Arc<Handle>> {
        self.all().values().find(|handle| handle.session_id == session && handle.user_id == user).cloned()
    }

    /// A person's turns, the oldest first.
    pub(crate) fn of_user(&self, user: UserId) -> Vec<Arc<Handle>> {
        let mut runs: Vec<_> = self.all().values().filter(|handle| handle.user_id == user).cloned().collect();
        runs.sort_by_key(|handle| handle.run_id);
        runs
    }

    /// Everybody's turns.
    pub(crate) fn everyone(&self) -> Vec<Arc<Handle>> {
        self.all().values().cloned().collect()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<RunId, Arc<Handle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
