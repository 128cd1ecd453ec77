//! The tool calls of one answer while they run.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use octi_domain::limits;
use octi_domain::message::{ToolCall, ToolResult};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::turn::{CallKey, refusal};
use crate::tools::dispatch::{Begun, Call, Dispatch};

/// How long a cancelled call has to let go; one that computes is asked again every few milliseconds.
const LET_GO: Duration = Duration::from_secs(2);

/// One call with everything it runs with.
pub(crate) struct Planned {
    pub(crate) key: CallKey,
    pub(crate) asked: ToolCall,
    pub(crate) call: Call,
}

/// Calls under way. Dropping it ends them.
pub(crate) struct ToolStep {
    lanes: JoinSet<()>,
    results: mpsc::Receiver<(CallKey, ToolResult)>,
    begun: Begun,
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

    /// The next result; none when every call has answered.
    pub(crate) async fn next(&mut self) -> Option<(CallKey, ToolResult)> {
        self.results.recv().await
    }

    /// A result that is there already.
    pub(crate) fn next_now(&mut self) -> Option<(CallKey, ToolResult)> {
        self.results.try_recv().ok()
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
    report: mpsc::Sender<(CallKey, ToolResult)>,
) {
    for Planned { key, asked, call } in lane {
        // The semaphore is never closed.
        let _place = places.acquire().await;
        let ran = AssertUnwindSafe(dispatch.run(call, &begun)).catch_unwind().await;
        let result = match ran {
            Ok(outcome) => ToolResult {
                call_id: asked.id.clone(),
                name: asked.name.clone(),
                content: outcome.content,
                is_error: outcome.is_error,
                artifact: outcome.artifact,
            },
            // The panic itself is in the log, through the panic hook.
            Err(_) => refusal(&asked, "the tool failed because of a bug in octi; it may or may not have had its effect"),
        };
        if report.send((key, result)).await.is_err() {
            return;
        }
    }
}
