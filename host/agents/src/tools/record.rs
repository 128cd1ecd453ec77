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

impl Record {
    fn begun(&self) -> Option<&ToolCallRow> {
        match self {
            Self::CallBegan(row) => Some(row),
            Self::CallEnded(_) | Self::Cost(_) => None,
        }
    }
}

impl Behind for Record {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        match self {
            Self::CallBegan(row) => tx.insert_call(row).await,
            Self::CallEnded(end) => tx.finish_call(end).await.map(drop),
            Self::Cost(row) => tx.insert_cost(row).await,
        }
    }

    async fn write_all(records: &[&Self], tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let is_call = |record: &Self| matches!(record, Self::CallBegan(_));
        for of_a_kind in records.chunk_by(|one, other| is_call(one) == is_call(other)) {
            let calls: Vec<&ToolCallRow> = of_a_kind.iter().filter_map(|record| record.begun()).collect();
            tx.insert_calls(&calls).await?;
            for other in of_a_kind.iter().filter(|record| !is_call(record)) {
                other.write(tx).await?;
            }
        }
        Ok(())
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
