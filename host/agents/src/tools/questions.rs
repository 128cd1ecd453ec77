//! Questions of plugins to the person whose call waits: told to every screen, answered by the first.
//!
//! A question is as short-lived as the call that waits for it, so it is nowhere but here: when the host ends, both are gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ambient::Ambient;
use octi_domain::event::EventKind;
use octi_domain::form::Form;
use octi_domain::ids::{CallId, QuestionId, RunId, SessionId, UserId};
use octi_domain::permission::Origin;
use octi_domain::question::{PersonQuestion, QuestionEnd};
use octi_extension::clock::StopClock;
use octi_extension::person::{AskError, NobodyThere, Person, Question, Reply};
use octi_security::guard::Redactor;
use serde_json::Value;
use tokio::sync::oneshot;

use super::dispatch::{Call, Consent, presentable};
use crate::publish::Publisher;

const NOT_INTERACTIVE: &str = "nobody can be asked: this call was made outside of a conversation that a person has open";
const NOBODY_CONNECTED: &str = "nobody can be asked: no screen of the person is connected; they can open the conversation in the browser, `octi chat` or `octi tui`";

/// What came of answering a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    Taken,
    /// There is none of that id that waits, or it is somebody else's.
    Gone,
    /// The answer does not fit the form, for this reason; the question still waits.
    Unfit(String),
}

/// What a person answers.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonAnswer {
    Given(Value),
    Declined,
    Cancelled,
}

struct Open {
    question: PersonQuestion,
    reply: oneshot::Sender<Reply>,
}

/// The questions that wait.
pub(crate) struct Questions {
    publisher: Arc<Publisher>,
    ambient: Ambient,
    open: Mutex<BTreeMap<QuestionId, Open>>,
}

impl Questions {
    pub(crate) fn new(publisher: Arc<Publisher>, ambient: Ambient) -> Self {
        Self { publisher, ambient, open: Mutex::default() }
    }

    /// What waits for an answer of that person, the oldest first.
    pub(crate) fn of(&self, user: UserId) -> Vec<PersonQuestion> {
        self.open().values().map(|open| &open.question).filter(|question| question.user_id == user).cloned().collect()
    }

    /// Takes in an answer; only the first one of its owner counts.
    pub(crate) fn answer(&self, user: UserId, id: QuestionId, answer: PersonAnswer) -> Answered {
        let mut all = self.open();
        let Some(open) = all.get(&id).filter(|open| open.question.user_id == user) else { return Answered::Gone };
        let (reply, end) = match answer {
            PersonAnswer::Given(given) => match open.question.form.check(&given) {
                Ok(fitting) => (Reply::Given(fitting), QuestionEnd::Given),
                Err(why) => return Answered::Unfit(why),
            },
            PersonAnswer::Declined => (Reply::Declined, QuestionEnd::Declined),
            PersonAnswer::Cancelled => (Reply::Cancelled, QuestionEnd::Cancelled),
        };
        let Some(open) = all.remove(&id) else { return Answered::Gone };
        drop(all);
        self.resolved(&open.question, end);
        // A call that was cut off at this moment hears nothing, which is no matter.
        let _heard = open.reply.send(reply);
        Answered::Taken
    }

    async fn ask(&self, question: PersonQuestion, time_max: Duration) -> Result<Reply, AskError> {
        let (reply, replied) = oneshot::channel();
        let id = question.id;
        self.open().insert(id, Open { question: question.clone(), reply });
        // Whatever ends the wait, the question does not outlive it.
        let _asked = Asked { questions: self, id };
        self.publisher.publish(question.user_id, Some(question.session_id), EventKind::QuestionAsked(Box::new(question)));
        match tokio::time::timeout(time_max, replied).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Ok(Reply::Cancelled),
            Err(_) => {
                self.end(id, QuestionEnd::Expired);
                Err(AskError::TimedOut)
            }
        }
    }

    /// Ends a question that nobody answered.
    fn end(&self, id: QuestionId, end: QuestionEnd) {
        let open = self.open().remove(&id);
        if let Some(open) = open {
            self.resolved(&open.question, end);
        }
    }

    fn resolved(&self, question: &PersonQuestion, end: QuestionEnd) {
        let kind = EventKind::QuestionResolved { question_id: question.id, call_id: question.call_id, end };
        self.publisher.publish(question.user_id, Some(question.session_id), kind);
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<QuestionId, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Asked<'a> {
    questions: &'a Questions,
    id: QuestionId,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.questions.end(self.id, QuestionEnd::Withdrawn);
    }
}

/// Who can be asked while a call runs: whoever made it says, or the person of its turn.
pub(super) fn person(call: &Call, questions: &Arc<Questions>, redactor: &Arc<Redactor>, clock: &StopClock) -> Arc<dyn Person> {
    let mut clocks = vec![clock.clone()];
    let to: Arc<dyn Person> = match (&call.person, &call.consent, call.of.session_id.zip(call.of.run_id)) {
        (Some(person), ..) => Arc::clone(person),
        (None, Consent::Ask(turn), Some((session_id, run_id))) if call.origin == Origin::Chat => {
            clocks.push(turn.clone());
            let (user_id, call_id, tool) = (call.of.user_id, call.of.id, call.of.name.clone());
            Arc::new(AtScreens { questions: Arc::clone(questions), user_id, session_id, run_id, call_id, tool })
        }
        _ => return Arc::new(NobodyThere(NOT_INTERACTIVE)),
    };
    Arc::new(Guarded { to, redactor: Arc::clone(redactor), clocks })
}

/// What every question goes through: no secret leaves with it, and no time counts while a person thinks.
struct Guarded {
    to: Arc<dyn Person>,
    redactor: Arc<Redactor>,
    clocks: Vec<StopClock>,
}

#[async_trait]
impl Person for Guarded {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        let schema = self.redactor.redact_value(question.form.schema().clone());
        // Blacking out may have taken what made it a form.
        let form = Form::parse(schema).map_err(|why| AskError::Nobody(format!("the question cannot be shown: {why}")))?;
        let message = presentable(&self.redactor, &question.message);
        let _paused: Vec<_> = self.clocks.iter().map(StopClock::pause).collect();
        self.to.ask(Question { message, form, ..question }).await
    }
}

/// The person of a turn, at their screens.
struct AtScreens {
    questions: Arc<Questions>,
    user_id: UserId,
    session_id: SessionId,
    run_id: RunId,
    call_id: CallId,
    tool: String,
}

#[async_trait]
impl Person for AtScreens {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        if !self.questions.publisher.is_heard(self.user_id, self.session_id) {
            return Err(AskError::Nobody(NOBODY_CONNECTED.to_owned()));
        }
        let now = self.questions.ambient.now();
        let patience = chrono::TimeDelta::from_std(question.time_max).unwrap_or_default();
        let asked = PersonQuestion {
            id: self.questions.ambient.id(),
            user_id: self.user_id,
            session_id: self.session_id,
            run_id: self.run_id,
            call_id: self.call_id,
            plugin: question.plugin,
            tool: self.tool.clone(),
            message: question.message,
            form: question.form,
            created_at: now,
            expires_at: now.checked_add_signed(patience).unwrap_or(now),
        };
        self.questions.ask(asked, question.time_max).await
    }
}
