//! What a server asks for while it answers a call: something that the person knows, or a word of their model.
//!
//! Both go to the person whose call it is, and to nobody else: when calls of several people are under way at once, it cannot be told
//! whose it is, and nobody is asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::ids::{SessionId, UserId};
use octi_domain::limits;
use octi_extension::tool::CallContext;
use tokio::sync::watch;
use tokio::time::Instant;

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
