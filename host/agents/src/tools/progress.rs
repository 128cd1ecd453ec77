//! What long work says while it runs, at a pace people can read.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octi_domain::event::EventKind;
use octi_domain::ids::{CallId, RunId, SessionId, UserId};
use octi_extension::tool::{LogLevel, NoProgress, ProgressSink};
use octi_security::guard::Redactor;
use tokio::time::Instant;

use super::dispatch::{Call, presentable};
use crate::publish::Publisher;

/// A tool that says more than this is heard now and then.
const PACE: Duration = Duration::from_millis(100);
/// Bytes of one message.
const MESSAGE_BYTES_MAX: usize = 500;

/// Makes of what tools say what others may hear.
struct Paced {
    to: Arc<dyn ProgressSink>,
    redactor: Arc<Redactor>,
    last: Mutex<Option<Instant>>,
}

/// Progress as an event of its turn.
struct OfTurn {
    publisher: Arc<Publisher>,
    user_id: UserId,
    session_id: Option<SessionId>,
    run_id: RunId,
    call_id: CallId,
}

/// Where a call's progress goes.
pub(super) fn sink(call: &Call, publisher: &Arc<Publisher>, redactor: &Arc<Redactor>) -> Arc<dyn ProgressSink> {
    let to: Arc<dyn ProgressSink> = match (call.of.run_id, &call.progress) {
        (Some(run_id), _) => Arc::new(OfTurn {
            publisher: Arc::clone(publisher),
            user_id: call.of.user_id,
            session_id: call.of.session_id,
            run_id,
            call_id: call.of.id,
        }),
        (None, Some(listener)) => Arc::clone(listener),
        (None, None) => return Arc::new(NoProgress),
    };
    Arc::new(Paced { to, redactor: Arc::clone(redactor), last: Mutex::new(None) })
}

impl ProgressSink for Paced {
    fn progress(&self, fraction: Option<f32>, message: String) {
        let now = Instant::now();
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| now.duration_since(last) < PACE) {
                return;
            }
            *last = Some(now);
        }
        let shown = presentable(&self.redactor, &message);
        self.to.progress(fraction, super::bound::head(&shown, MESSAGE_BYTES_MAX).to_owned());
    }

    fn hears(&self, level: LogLevel) -> bool {
        self.to.hears(level)
    }

    /// The engine bounds lines and takes secrets out of them; whoever listens gets none that this call's redactor knows.
    fn log(&self, level: LogLevel, line: &str) {
        self.to.log(level, &presentable(&self.redactor, line));
    }
}

impl ProgressSink for OfTurn {
    fn progress(&self, fraction: Option<f32>, message: String) {
        let kind = EventKind::ToolProgress { run_id: self.run_id, call_id: self.call_id, fraction, message };
        self.publisher.publish(self.user_id, self.session_id, kind);
    }
}
