//! The tool calls of one answer while they run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use octi_domain::ids::CallId;
use octi_domain::limits;
use octi_domain::message::{ToolCall, ToolResult};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::turn::CallKey;
use crate::tools::dispatch::{Begun, Call, Dispatch};
use crate::tools::settle::Outcome;

/// How long a cancelled call has to let go; one that computes is asked again every few milliseconds.
const LET_GO: Duration = Duration::from_secs(2);

/// What a model hears of a call that panicked.
const BUG: &str = "the tool failed because of a bug in octi; it may or may not have had its effect";

/// One call with everything it runs with.
pub(crate) struct Planned {
    pub(crate) key: CallKey,
    pub(crate) asked: ToolCall,
    pub(crate) call: Call,
}

/// Calls under way. Dropping it ends them.
pub(crate) struct ToolStep {
    lanes: JoinSet<()>,
    results: mpsc::Receiver<Answered>,
    begun: Begun,
}

/// A call that came to its end.
pub(crate) struct Answered {
    pub(crate) key: CallKey,
    pub(crate) asked: ToolCall,
    pub(crate) id: CallId,
    pub(crate) outcome: Outcome,
}

impl Answered {
    /// What the model is told.
    pub(crate) fn into_result(self) -> ToolResult {
        let Self { asked, outcome, .. } = self;
        let files = outcome.files_kept();
        let Outcome { mut content, is_error, artifact, lost, .. } = outcome;
        if let Some(why) = lost {
            content.push_str(&format!("\n\n[the files that it gave were not kept: {why}]"));
        }
        ToolResult { call_id: asked.id, name: asked.name, content, is_error, artifact, files }
    }
}

impl ToolStep {
    /// Runs lanes side by side, and the calls of each lane in order.
    pub(crate) fn begin(dispatch: &Arc<Dispatch>, lanes: Vec<Vec<Planned>>) -> Self {
        let (report, results) = mpsc::channel(limits::RUN_CALLS_PER_STEP_MAX);
        let begun = Begun::default();
        let places = Arc::new(Semaphore::new(limits::RUN_PARALLEL_CALLS_MAX));
        let mut set = JoinSet::new();
        for lane in lanes {
            set.spawn(run_lane(Arc::clone(dispatch), lane, Arc::clone(&begun), Arc::clone(&places), report.clone()));
        }
        Self { lanes: set, results, begun }
    }

    /// The next call that ended; none when every one has.
    pub(crate) async fn next(&mut self) -> Option<Answered> {
        self.results.recv().await
    }

    /// A call that has ended already.
    pub(crate) fn next_now(&mut self) -> Option<Answered> {
        self.results.try_recv().ok()
    }

    /// The calls whose end is still to be told.
    pub(crate) const fn begun(&self) -> &Begun {
        &self.begun
    }

    /// Ends every call and says which had begun.
    pub(crate) async fn cancel(mut self) -> Begun {
        if tokio::time::timeout(LET_GO, self.lanes.shutdown()).await.is_err() {
            tracing::warn!("a cancelled tool call does not let go; it is left to itself");
            self.lanes.detach_all();
        }
        self.begun
    }
}

async fn run_lane(
    dispatch: Arc<Dispatch>,
    lane: Vec<Planned>,
    begun: Begun,
    places: Arc<Semaphore>,
    report: mpsc::Sender<Answered>,
) {
    for Planned { key, asked, call } in lane {
        // The semaphore is never closed.
        let _place = places.acquire().await;
        let id = call.of.id;
        let ran = AssertUnwindSafe(dispatch.run(call, &begun)).catch_unwind().await;
        // The panic itself is in the log, through the panic hook.
        let outcome = ran.unwrap_or_else(|_| Outcome::failure("internal", BUG.to_owned()));
        // Without waiting, so that a call is either cut off or told, and never half of each. There is a place for every
        // call of a step; only a driver that has gone cannot be told.
        if report.try_send(Answered { key, asked, id, outcome }).is_err() {
            return;
        }
    }
}
