//! Questions put to people: asked once, answered by their owner, or denied when the time is up.
//!
//! The row in the store is the truth: it is written before anybody is asked and resolved exactly once, so a client that
//! was lost can come back and answer, and an answer and an expiry cannot both win.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::event::EventKind;
use octi_domain::ids::{PermissionRequestId, RunId};
use octi_domain::limits;
use octi_domain::permission::{Answer, Level, PermissionRequest, RequestStatus, Rule};
use octi_domain::principal::Principal;
use octi_security::audit::{self, Deed};
use octi_store::{Store, StoreError};
use tokio::sync::oneshot;

use crate::notifier::Notifier;
use crate::publish::Publisher;

/// How long an answer that is stored may take to reach the call that waits for it.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// What came of answering a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// The call goes on, or is denied.
    Accepted,
    /// There is no such question, or it is somebody else's.
    NotFound,
    /// It was answered before, or its time was up.
    Late(RequestStatus),
}

/// How a question ended for the call that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Answered(Answer),
    Expired,
}

struct Waiting {
    run_id: RunId,
    answer: oneshot::Sender<Answer>,
}

/// Carries questions out and answers back.
pub(crate) struct Broker {
    store: Store,
    publisher: Arc<Publisher>,
    notifier: Arc<Notifier>,
    ambient: Ambient,
    waiting: Mutex<HashMap<PermissionRequestId, Waiting>>,
}

impl Broker {
    pub(crate) fn new(store: Store, (publisher, notifier): (Arc<Publisher>, Arc<Notifier>), ambient: Ambient) -> Self {
        Self { store, publisher, notifier, ambient, waiting: Mutex::default() }
    }

    /// Asks and waits for the answer. A caller that stops waiting must call [`Self::abandon`] for its run.
    pub(crate) async fn ask(&self, principal: &Principal, request: PermissionRequest) -> Result<Verdict, StoreError> {
        let (id, user_id, session_id) = (request.id, request.user_id, request.session_id);
        let (answer, mut answered) = oneshot::channel();
        self.waiting().insert(id, Waiting { run_id: request.run_id, answer });
        let mut tx = self.store.write(principal).await?;
        tx.insert_request(&request).await?;
        tx.save().await?;
        self.notifier.asked(principal, &request);
        self.publisher.publish(user_id, Some(session_id), EventKind::PermissionRequested(Box::new(request)));

        let patience = Duration::from_secs(limits::PERMISSION_SECONDS_MAX);
        let verdict = match tokio::time::timeout(patience, &mut answered).await {
            Ok(answer) => answer.map_or(Verdict::Expired, Verdict::Answered),
            Err(_) if self.expire(principal, id).await?.is_some() => Verdict::Expired,
            // The answer was stored a moment before the time was up, and is on its way; or the question is gone with its
            // session, and no answer ever comes.
            Err(_) => {
                let answer = tokio::time::timeout(ON_ITS_WAY, answered).await;
                answer.ok().and_then(Result::ok).map_or(Verdict::Expired, Verdict::Answered)
            }
        };
        self.waiting().remove(&id);
        let answer = match verdict {
            Verdict::Answered(answer) => Some(answer),
            Verdict::Expired => None,
        };
        self.publisher.publish(user_id, Some(session_id), EventKind::PermissionResolved { request_id: id, answer });
        if answer.is_none() {
            self.notifier.resolved(principal, user_id, id);
        }
        Ok(verdict)
    }

    /// Takes in an answer; only the owner of the question is heard.
    pub(crate) async fn answer(
        &self,
        principal: &Principal,
        id: PermissionRequestId,
        answer: Answer,
    ) -> Result<AnswerOutcome, StoreError> {
        let mut tx = self.store.write(principal).await?;
        let Some(request) = tx.permission_request(id).await?.filter(|request| principal.user_id() == Some(request.user_id))
        else {
            return Ok(AnswerOutcome::NotFound);
        };
        if !tx.resolve_request(id, RequestStatus::Answered(answer), self.ambient.now()).await? {
            return Ok(AnswerOutcome::Late(request.status));
        }
        let operation = format!("{}.{}", request.tool, request.operation);
        let answered = Deed::PermissionAnswered { request: id, operation: &operation, answer };
        audit::append(&mut tx, &self.ambient, Some(request.user_id), &answered).await?;
        let session = match answer {
            Answer::Session => Some(Some(request.session_id)),
            Answer::Always => Some(None),
            Answer::Once | Answer::Deny => None,
        };
        if let Some(session_id) = session {
            let rule = Rule {
                id: self.ambient.id(),
                user_id: request.user_id,
                text: request.suggested_rule,
                level: Level::Allow,
                session_id,
                created_at: self.ambient.now(),
            };
            tx.insert_rule(&rule).await?;
            let set = Deed::RuleSet { rule: rule.id, text: &rule.text, level: rule.level, session: session_id };
            audit::append(&mut tx, &self.ambient, Some(rule.user_id), &set).await?;
        }
        tx.save().await?;
        // Here and not by the call that asked, which may have been stopped meanwhile.
        self.notifier.resolved(principal, request.user_id, id);
        if let Some(waiting) = self.waiting().remove(&id) {
            // The call may have been stopped meanwhile; the stored answer stands.
            let _heard = waiting.answer.send(answer);
        }
        Ok(AnswerOutcome::Accepted)
    }

    /// Closes every open question of a run that has ended.
    pub(crate) async fn abandon(&self, principal: &Principal, run: RunId) {
        let open: Vec<PermissionRequestId> = {
            let mut waiting = self.waiting();
            let of_run = waiting.iter().filter(|(_, question)| question.run_id == run).map(|(id, _)| *id).collect::<Vec<_>>();
            of_run.iter().for_each(|id| drop(waiting.remove(id)));
            of_run
        };
        for id in open {
            if let Err(error) = self.close(principal, id).await {
                tracing::warn!(%error, %id, "a question of an ended turn could not be closed; the next start closes it");
            }
        }
    }

    /// Closes every question that is left from an earlier process: nobody waits for the answers any more.
    pub(crate) async fn close_all(&self, system: &Principal) -> Result<usize, StoreError> {
        let mut tx = self.store.read(system).await?;
        let pending = tx.pending_requests().await?;
        drop(tx);
        for request in &pending {
            self.close(system, request.id).await?;
        }
        Ok(pending.len())
    }

    async fn close(&self, principal: &Principal, id: PermissionRequestId) -> Result<(), StoreError> {
        if let Some(request) = self.expire(principal, id).await? {
            let kind = EventKind::PermissionResolved { request_id: id, answer: None };
            self.publisher.publish(request.user_id, Some(request.session_id), kind);
            self.notifier.resolved(principal, request.user_id, id);
        }
        Ok(())
    }

    /// Ends a question without an answer; none when it had ended before.
    async fn expire(&self, principal: &Principal, id: PermissionRequestId) -> Result<Option<PermissionRequest>, StoreError> {
        let mut tx = self.store.write(principal).await?;
        let Some(request) = tx.permission_request(id).await? else { return Ok(None) };
        if !tx.resolve_request(id, RequestStatus::Expired, self.ambient.now()).await? {
            return Ok(None);
        }
        let operation = format!("{}.{}", request.tool, request.operation);
        let expired = Deed::PermissionExpired { request: id, operation: &operation };
        // Nobody did this; the row is of the person who was asked, so that they see it too.
        audit::append(&mut tx, &self.ambient, Some(request.user_id), &expired).await?;
        tx.save().await?;
        Ok(Some(request))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<PermissionRequestId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
