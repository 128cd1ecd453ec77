//! The durable record of calls and costs, written behind the work by one task.
//!
//! The queue is bounded and nothing is dropped: when it is full the work waits, and at shutdown it is emptied first.

use std::time::Duration;

use octi_domain::principal::Principal;
use octi_store::{CallEnd, CostRow, Store, StoreError, ToolCallRow};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Records waiting to be written.
const QUEUE_MAX: usize = 256;
/// Records written in one transaction.
const BATCH_MAX: usize = 64;
/// Attempts at a record while the database is away.
const ATTEMPTS_MAX: u32 = 5;
/// Wait before the second attempt; doubled each time.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// One thing to write down.
#[derive(Debug, Clone)]
pub(crate) enum Record {
    CallBegan(Box<ToolCallRow>),
    CallEnded(CallEnd),
    Cost(Box<CostRow>),
}

enum Entry {
    Write(Principal, Record),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// Takes records; clones share the queue.
#[derive(Clone)]
pub(crate) struct Recorder {
    queue: mpsc::Sender<Entry>,
    closing: CancellationToken,
    writer: TaskTracker,
}

impl Recorder {
    /// Starts the writer.
    pub(crate) fn start(store: Store) -> Self {
        let (queue, entries) = mpsc::channel(QUEUE_MAX);
        let (closing, writer) = (CancellationToken::new(), TaskTracker::new());
        writer.spawn(write_all(store, entries, closing.clone()));
        writer.close();
        Self { queue, closing, writer }
    }

    /// Hands a record over; waits while the queue is full.
    pub(crate) async fn record(&self, principal: &Principal, record: Record) {
        if let Err(error) = self.queue.send(Entry::Write(principal.clone(), record)).await {
            tracing::error!(entry = %describe(&error.0), "a record came after the writer had ended and is lost");
        }
    }

    /// Waits until everything handed over so far is written.
    pub(crate) async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
            // An error means the writer ended, and it writes everything before it ends.
            let _written = written.await;
        }
    }

    /// Writes what is left and ends the writer.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.writer.wait().await;
    }
}

async fn write_all(store: Store, mut entries: mpsc::Receiver<Entry>, closing: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        tokio::select! {
            biased;
            count = entries.recv_many(&mut batch, BATCH_MAX) => if count == 0 { return },
            () = closing.cancelled(), if !entries.is_closed() => { entries.close(); continue }
        }
        let (mut writes, mut flushes) = (Vec::new(), Vec::new());
        for entry in batch.drain(..) {
            match entry {
                Entry::Write(principal, record) => writes.push((principal, record)),
                Entry::Flush(done) => flushes.push(done),
            }
        }
        for of_one in writes.chunk_by(|(one, _), (other, _)| one == other) {
            write_batch(&store, of_one).await;
        }
        for done in flushes {
            // Whoever waited may have gone.
            let _heard = done.send(());
        }
    }
}

/// One transaction for all; when that fails, each for itself, so that one bad record costs no other.
async fn write_batch(store: &Store, batch: &[(Principal, Record)]) {
    if write_together(store, batch).await.is_ok() {
        return;
    }
    for entry in batch {
        write_one(store, entry).await;
    }
}

async fn write_one(store: &Store, entry: &(Principal, Record)) {
    let mut wait = RETRY_WAIT;
    for attempt in 1..=ATTEMPTS_MAX {
        match write_together(store, std::slice::from_ref(entry)).await {
            Ok(()) => return,
            Err(error) if error.retryable() && attempt < ATTEMPTS_MAX => {
                tracing::warn!(%error, attempt, "a record could not be written yet");
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            Err(error) => {
                tracing::error!(%error, detail = error.detail(), record = ?entry.1, "a record could not be written; this line is all that is left of it");
                return;
            }
        }
    }
}

async fn write_together(store: &Store, batch: &[(Principal, Record)]) -> Result<(), StoreError> {
    let Some((principal, _)) = batch.first() else { return Ok(()) };
    let mut tx = store.write(principal).await?;
    for (_, record) in batch {
        match record {
            Record::CallBegan(row) => tx.insert_call(row).await?,
            Record::CallEnded(end) => {
                tx.finish_call(end).await?;
            }
            Record::Cost(row) => tx.insert_cost(row).await?,
        }
    }
    tx.save().await
}

fn describe(entry: &Entry) -> String {
    match entry {
        Entry::Write(_, record) => format!("{record:?}"),
        Entry::Flush(_) => "flush".to_owned(),
    }
}
