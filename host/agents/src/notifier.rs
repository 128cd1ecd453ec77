//! Tells people of what happened while they looked elsewhere.
//!
//! Turns hand news over and go on: a queue with a bound, and one task that looks up what the person wants, writes the
//! notification and tells it to every screen. What cannot be told is lost, and no turn notices.

mod words;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use octi_domain::ambient::Ambient;
use octi_domain::event::{EventKind, ReadNotifications};
use octi_domain::ids::{PermissionRequestId, RunId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::notification::{Notification, NotificationKind};
use octi_domain::permission::PermissionRequest;
use octi_domain::principal::Principal;
use octi_domain::run::{Run, RunStatus};
use octi_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::publish::Publisher;
use crate::tools::dispatch::RedactorOf;

/// Attempts at one notification, while the database is away.
const ATTEMPTS_MAX: u32 = 3;
/// Wait before the second attempt; the third waits twice as long.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// What happened.
enum News {
    Ended(Box<Run>),
    Asked(Box<PermissionRequest>),
    Resolved(UserId, PermissionRequestId),
}

enum Entry {
    News(Principal, DateTime<Utc>, News),
    /// Answered when everything before it was told.
    Flush(oneshot::Sender<()>),
}

/// Takes news.
pub(crate) struct Notifier {
    queue: mpsc::Sender<Entry>,
    publisher: Arc<Publisher>,
    ambient: Ambient,
    closing: CancellationToken,
    teller: TaskTracker,
}

impl Notifier {
    /// Starts the task that tells. Must be called inside a tokio runtime.
    pub(crate) fn start(store: Store, publisher: Arc<Publisher>, ambient: Ambient, redactor: RedactorOf) -> Self {
        let (queue, entries) = mpsc::channel(limits::NOTIFICATIONS_QUEUE_MAX);
        let (closing, tasks) = (CancellationToken::new(), TaskTracker::new());
        let teller = Teller { store, publisher: Arc::clone(&publisher), ambient: ambient.clone(), redactor };
        tasks.spawn(teller.run(entries, closing.clone()));
        tasks.close();
        Self { queue, publisher, ambient, closing, teller: tasks }
    }

    /// A turn ended. One that was stopped is no news to whoever stopped it, and neither is an answer to whoever sees it come.
    pub(crate) fn ended(&self, principal: &Principal, run: &Run) {
        let is_news = match run.status {
            RunStatus::Completed => !self.publisher.is_watched(run.user_id, run.session_id),
            RunStatus::Failed | RunStatus::Interrupted => true,
            RunStatus::Stopped | RunStatus::Running => false,
        };
        if is_news {
            self.hear(principal, News::Ended(Box::new(run.clone())));
        }
    }

    /// A person was asked.
    pub(crate) fn asked(&self, principal: &Principal, request: &PermissionRequest) {
        self.hear(principal, News::Asked(Box::new(request.clone())));
    }

    /// A question was answered, or nobody waits for the answer any more.
    pub(crate) fn resolved(&self, principal: &Principal, user_id: UserId, request: PermissionRequestId) {
        self.hear(principal, News::Resolved(user_id, request));
    }

    fn hear(&self, principal: &Principal, news: News) {
        if self.queue.try_send(Entry::News(principal.clone(), self.ambient.now(), news)).is_err() {
            tracing::warn!("a notification is lost: too many wait to be told, or octi is about to end");
        }
    }

    /// Waits until everything heard so far was told.
    pub(crate) async fn flush(&self) {
        let (done, told) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
            // An error means the task ended, and it tells everything before it ends.
            let _told = told.await;
        }
    }

    /// Tells what is left and ends.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.teller.wait().await;
    }
}

struct Teller {
    store: Store,
    publisher: Arc<Publisher>,
    ambient: Ambient,
    redactor: RedactorOf,
}

/// A notification before its words.
struct Draft {
    kind: NotificationKind,
    user_id: UserId,
    session_id: SessionId,
    run_id: RunId,
    request_id: Option<PermissionRequestId>,
}

impl Teller {
    async fn run(self, mut entries: mpsc::Receiver<Entry>, closing: CancellationToken) {
        loop {
            let entry = tokio::select! {
                biased;
                entry = entries.recv() => entry,
                () = closing.cancelled(), if !entries.is_closed() => { entries.close(); continue }
            };
            match entry {
                Some(Entry::News(principal, at, news)) => self.tell(&principal, at, &news).await,
                Some(Entry::Flush(done)) => {
                    // Whoever waited may have gone.
                    let _heard = done.send(());
                }
                None => return,
            }
        }
    }

    async fn tell(&self, principal: &Principal, at: DateTime<Utc>, news: &News) {
        for attempt in 1..=ATTEMPTS_MAX {
            let told = match news {
                News::Ended(run) => self.tell_end(principal, at, run).await,
                News::Asked(request) => self.tell_question(principal, at, request).await,
                News::Resolved(user_id, request) => self.read(principal, at, *user_id, *request).await,
            };
            match told {
                Ok(()) => return,
                // Nothing is left to tell of a session that was deleted.
                Err(StoreError::Missing { .. }) => return,
                Err(error) if error.retryable() && attempt < ATTEMPTS_MAX => tokio::time::sleep(RETRY_WAIT * attempt).await,
                Err(error) => return tracing::warn!(%error, detail = error.detail(), "a notification is lost"),
            }
        }
    }

    async fn tell_end(&self, principal: &Principal, at: DateTime<Utc>, run: &Run) -> Result<(), StoreError> {
        let is_done = run.status == RunStatus::Completed;
        let draft = Draft {
            kind: if is_done { NotificationKind::AgentCompleted } else { NotificationKind::AgentFailed },
            user_id: run.user_id,
            session_id: run.session_id,
            run_id: run.id,
            request_id: None,
        };
        let mut tx = self.store.read(principal).await?;
        if !tx.notification_preferences(run.user_id).await?.wants(draft.kind) {
            return Ok(());
        }
        let Some(session) = tx.session(run.session_id).await? else { return Ok(()) };
        let answer = if is_done { tx.last_answer(run.session_id, run.id).await? } else { None };
        drop(tx);
        // The host itself closes what an earlier process left, and does not know the secrets that a title may hold.
        let title = session.title.filter(|_| principal.user_id().is_some());
        let body = answer.map(|message| words::said(&message.parts)).or_else(|| run.reason.clone()).unwrap_or_default();
        self.create(principal, at, draft, (&words::end(run.status, title.as_deref()), &body)).await
    }

    async fn tell_question(
        &self,
        principal: &Principal,
        at: DateTime<Utc>,
        request: &PermissionRequest,
    ) -> Result<(), StoreError> {
        let draft = Draft {
            kind: NotificationKind::PermissionRequest,
            user_id: request.user_id,
            session_id: request.session_id,
            run_id: request.run_id,
            request_id: Some(request.id),
        };
        let mut tx = self.store.read(principal).await?;
        if !tx.notification_preferences(request.user_id).await?.wants(draft.kind) {
            return Ok(());
        }
        drop(tx);
        let body = request.subject.as_ref().unwrap_or(&request.reason);
        self.create(principal, at, draft, (&words::question(request), body)).await
    }

    async fn create(
        &self,
        principal: &Principal,
        at: DateTime<Utc>,
        draft: Draft,
        (title, body): (&str, &str),
    ) -> Result<(), StoreError> {
        let redactor = (self.redactor)(principal);
        let notification = Notification {
            id: self.ambient.id(),
            user_id: draft.user_id,
            kind: draft.kind,
            title: words::line(&redactor, title, limits::NOTIFICATION_TITLE_BYTES_MAX),
            body: words::line(&redactor, body, limits::NOTIFICATION_BODY_BYTES_MAX),
            session_id: Some(draft.session_id),
            run_id: Some(draft.run_id),
            request_id: draft.request_id,
            created_at: at,
            read_at: None,
        };
        let mut tx = self.store.write(principal).await?;
        tx.insert_notification(&notification).await?;
        tx.save().await?;
        // Of no session: a screen that hears of one session only has a bell for all of them.
        self.publisher.publish(draft.user_id, None, EventKind::NotificationCreated(Box::new(notification)));
        Ok(())
    }

    async fn read(
        &self,
        principal: &Principal,
        at: DateTime<Utc>,
        user_id: UserId,
        request: PermissionRequestId,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.write(principal).await?;
        let read = tx.read_notifications_of(user_id, request, at).await?;
        tx.save().await?;
        if !read.is_empty() {
            self.publisher.publish(user_id, None, EventKind::NotificationRead(ReadNotifications::These(read)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
