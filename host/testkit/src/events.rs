//! Events, collected and waited for.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{RunId, SessionId, UserId};
use octi_domain::notification::Notification;
use octi_domain::permission::PermissionRequest;
use octi_domain::run::RunStatus;
use tokio::sync::watch;

/// How long a test waits before it fails and says what happened instead.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps every event in order.
pub struct Collected {
    events: Mutex<Vec<Event>>,
    watched: Mutex<HashSet<SessionId>>,
    count: watch::Sender<usize>,
}

impl Default for Collected {
    fn default() -> Self {
        Self { events: Mutex::default(), watched: Mutex::default(), count: watch::Sender::new(0) }
    }
}

impl EventSink for Collected {
    fn publish(&self, event: Event) {
        self.events().push(event);
        self.count.send_modify(|count| *count += 1);
    }

    fn is_watched(&self, _user: UserId, session: SessionId, _now: DateTime<Utc>) -> bool {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }

    fn is_heard(&self, _user: UserId, session: SessionId) -> bool {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).contains(&session)
    }
}

impl Collected {
    /// From here on, a screen shows this session.
    pub fn watch(&self, session: SessionId) {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(session);
    }

    /// What the person was told so far, the oldest first.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        let told = |kind: EventKind| match kind {
            EventKind::NotificationCreated(notification) => Some(*notification),
            _ => None,
        };
        self.kinds().into_iter().filter_map(told).collect()
    }

    /// Everything so far.
    #[must_use]
    pub fn all(&self) -> Vec<Event> {
        self.events().clone()
    }

    /// What happened so far, without the envelopes.
    #[must_use]
    pub fn kinds(&self) -> Vec<EventKind> {
        self.events().iter().map(|event| event.kind.clone()).collect()
    }

    /// The first thing, past or future, that `pick` picks.
    ///
    /// # Panics
    /// When it does not come in time; the text lists what came.
    pub async fn wait_for<T>(&self, what: &str, pick: impl Fn(&EventKind) -> Option<T>) -> T {
        self.wait_for_nth(what, 1, pick).await
    }

    /// Like [`Self::wait_for`], for the nth of them, from 1.
    ///
    /// # Panics
    /// When it does not come in time; the text lists what came.
    pub async fn wait_for_nth<T>(&self, what: &str, nth: usize, pick: impl Fn(&EventKind) -> Option<T>) -> T {
        let mut count = self.count.subscribe();
        let found = tokio::time::timeout(PATIENCE, async {
            loop {
                count.mark_unchanged();
                let found = self.events().iter().filter_map(|event| pick(&event.kind)).nth(nth - 1);
                if let Some(found) = found {
                    return found;
                }
                // The sender lives as long as `self`.
                let _more = count.changed().await;
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => panic!("{what} (number {nth}) did not come; these came: {:#?}", self.kinds()),
        }
    }

    /// How a run ended, and why.
    pub async fn ended(&self, run: RunId) -> (RunStatus, String) {
        self.wait_for("the end of the run", |kind| match kind {
            EventKind::AgentEnded { run_id, status, reason, .. } if *run_id == run => {
                Some((*status, reason.clone().unwrap_or_default()))
            }
            _ => None,
        })
        .await
    }

    /// The nth question put to the person, from 1.
    pub async fn question(&self, nth: usize) -> PermissionRequest {
        self.wait_for_nth("the question", nth, |kind| match kind {
            EventKind::PermissionRequested(request) => Some((**request).clone()),
            _ => None,
        })
        .await
    }

    /// The answers so far.
    #[must_use]
    pub fn answers(&self) -> Vec<String> {
        let answer = |kind: EventKind| match kind {
            EventKind::ChatResponse { text, .. } => Some(text),
            _ => None,
        };
        self.kinds().into_iter().filter_map(answer).collect()
    }

    /// Codes and texts of the errors so far.
    #[must_use]
    pub fn errors(&self) -> Vec<(&'static str, String)> {
        let error = |kind: EventKind| match kind {
            EventKind::ChatError { code, message, .. } => Some((code, message)),
            _ => None,
        };
        self.kinds().into_iter().filter_map(error).collect()
    }

    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
