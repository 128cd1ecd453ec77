//! The durable record of calls and costs, written behind the work. Nothing is dropped: when the queue is full the work waits.

use octi_store::{Behind, CallEnd, CostRow, StoreError, ToolCallRow, Tx, WriteBehind};

/// Records waiting to be written.
pub(crate) const QUEUE_MAX: usize = 256;

/// Takes records; clones share the queue.
pub(crate) type Recorder = WriteBehind<Record>;

/// One thing to write down.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    CallBegan(Box<ToolCallRow>),
    CallEnded(CallEnd),
    Cost(Box<CostRow>),
}

impl Behind for Record {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        match self {
            Self::CallBegan(row) => tx.insert_call(row).await,
            Self::CallEnded(end) => tx.finish_call(end).await.map(drop),
            Self::Cost(row) => tx.insert_cost(row).await,
        }
    }

    /// Most calls end before their beginning is written.
    fn absorb(&mut self, later: &Self) -> bool {
        match (self, later) {
            (Self::CallBegan(row), Self::CallEnded(end)) => row.end(end),
            _ => false,
        }
    }

    fn lost(&self) {
        tracing::error!(record = ?self, "a record is not in the database; this line is all that is left of it");
    }
}
