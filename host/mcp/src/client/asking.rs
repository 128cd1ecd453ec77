//! What a server asks for while it answers a call: something that the person knows, or a word of their model.
//!
//! Both go to the person whose call it is, and to nobody else: when calls of several people are under way at once, it cannot be told
//! whose it is, and nobody is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::ids::{SessionId, UserId};
use octi_domain::limits;
use octi_extension::tool::CallContext;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::Instant;

/// A question of a server to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The server, by the name it has here.
    pub server: String,
    /// Its words, safe to show.
    pub message: String,
    /// The form, as the protocol has it: a flat object of strings, numbers, booleans and choices.
    pub form: Value,
    pub time_max: Duration,
}

/// What a person answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    Given(Map<String, Value>),
    /// They said no.
    Declined,
    /// They put the question away.
    Cancelled,
}

/// What a server wants to hear from a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Loan {
    pub system: Option<String>,
    pub messages: Vec<Said>,
    pub tokens_max: u32,
}

/// One message of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Whether the model is supposed to have said it.
    pub by_model: bool,
    pub text: String,
}

/// What the model said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    pub model: String,
    pub text: String,
    /// It reached the longest it may be.
    pub is_cut: bool,
}

/// The people whose calls servers answer, and their models.
#[async_trait]
pub trait People: Send + Sync {
    /// Whether there may be anybody at all. Servers are not told that they may ask when there is not.
    fn is_anybody(&self) -> bool {
        true
    }

    /// Puts a question to whoever made the call, and waits.
    ///
    /// # Errors
    /// A text for the server that says why nobody was asked.
    async fn ask(&self, call: &CallContext, question: Question) -> Result<Reply, String>;

    /// Asks the model of whoever made the call, who agreed to it and whose budget pays.
    ///
    /// # Errors
    /// A text for the server that says why not.
    async fn lend(&self, call: &CallContext, loan: Loan) -> Result<Lent, String>;
}

/// For hosts where nobody can be asked.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

#[async_trait]
impl People for Nobody {
    fn is_anybody(&self) -> bool {
        false
    }

    async fn ask(&self, _call: &CallContext, _question: Question) -> Result<Reply, String> {
        Err("octi has nobody to ask about this call".to_owned())
    }

    async fn lend(&self, _call: &CallContext, _loan: Loan) -> Result<Lent, String> {
        Err("octi has no model for this call".to_owned())
    }
}

/// One call that a server answers.
pub(super) struct Asker {
    pub(super) call: CallContext,
    asked: Mutex<usize>,
    /// Questions that wait for an answer.
    open: watch::Sender<usize>,
}

impl Asker {
    /// A question of this call: while it waits, the call's time stands still.
    pub(super) fn question(&self) -> Result<Waiting<'_>, String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if *asked >= limits::MCP_QUESTIONS_PER_CALL_MAX {
            let max = limits::MCP_QUESTIONS_PER_CALL_MAX;
            return Err(format!("octi asked {max} times for this call already: ask for everything at once"));
        }
        *asked += 1;
        Ok(Waiting::begin(&self.open))
    }
}

/// A question that waits.
pub(super) struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn begin(open: &'a watch::Sender<usize>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// The calls of one server that are under way.
#[derive(Default)]
pub(super) struct Askers(Mutex<Vec<Arc<Asker>>>);

impl Askers {
    /// Takes note of a call for as long as what is returned lives.
    pub(super) fn begin(&self, call: CallContext) -> UnderWay<'_> {
        let asker = Arc::new(Asker { call, asked: Mutex::default(), open: watch::Sender::new(0) });
        self.all().push(asker.clone());
        UnderWay { askers: self, asker }
    }

    /// The call that a question belongs to: the last that began, when all are of one person in one conversation.
    pub(super) fn one(&self) -> Result<Arc<Asker>, String> {
        let all = self.all();
        let Some(last) = all.last() else {
            return Err("octi asks only while a call of a tool is under way, and none is".to_owned());
        };
        if all.iter().any(|asker| who(asker) != who(last)) {
            return Err("calls of several people are under way, and it cannot be told whose this is: ask again".to_owned());
        }
        Ok(last.clone())
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Asker>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn who(asker: &Asker) -> (Option<UserId>, Option<SessionId>) {
    (asker.call.principal.user_id(), asker.call.session_id)
}

/// A call that is noted.
pub(super) struct UnderWay<'a> {
    askers: &'a Askers,
    asker: Arc<Asker>,
}

impl UnderWay<'_> {
    /// Does the work within this time, which stands still while a person is asked. None when it is up.
    pub(super) async fn within<T>(&self, time_max: Duration, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut left) = (std::pin::pin!(work), time_max);
        let mut open = self.asker.open.subscribe();
        loop {
            let (counts, since) = (*open.borrow_and_update() == 0, Instant::now());
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                _ = open.changed() => if counts { left = left.saturating_sub(since.elapsed()) },
                () = tokio::time::sleep(left), if counts => return None,
            }
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.askers.all().retain(|asker| !Arc::ptr_eq(asker, &self.asker));
    }
}
