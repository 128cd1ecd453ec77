//! Rows written behind the work, by one task: in order, bounded, and many in one transaction.
//!
//! The writer waits a moment for more before it writes, so that a busy moment costs the work no wake-ups and the database
//! few transactions. A flush, the end, and a queue that fills up cut the wait short.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use octi_domain::principal::Principal;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::error::StoreError;
use crate::store::Store;
use crate::tx::Tx;

/// Rows written in one transaction.
const BATCH_MAX: usize = 128;
/// How long the first row of a batch waits for others.
const GATHER: Duration = Duration::from_millis(5);
/// Attempts after the first, while the database is away.
const RETRIES_MAX: usize = 4;
/// Wait before the second attempt; doubled each time.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// What is written behind the work.
pub trait Behind: fmt::Debug + Send + Sync + 'static {
    /// Writes it.
    fn write(&self, tx: &mut Tx<'_>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes several, in their order; where the database takes many at once, that is faster than one after another.
    fn write_all(rows: &[&Self], tx: &mut Tx<'_>) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            for row in rows {
                row.write(tx).await?;
            }
            Ok(())
        }
    }

    /// Takes in what a later row of the same person says, when one row can hold both; false leaves both as they are.
    fn absorb(&mut self, _later: &Self) -> bool {
        false
    }

    /// Says in the log what could not be written: nothing else is left of it.
    fn lost(&self);
}

enum Entry<T> {
    Row(Principal, T),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// Takes rows; clones share the queue.
pub struct WriteBehind<T> {
    queue: mpsc::Sender<Entry<T>>,
    hurry: Arc<Notify>,
    closing: CancellationToken,
    writer: TaskTracker,
}

impl<T> Clone for WriteBehind<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            hurry: Arc::clone(&self.hurry),
            closing: self.closing.clone(),
            writer: self.writer.clone(),
        }
    }
}

impl<T> fmt::Debug for WriteBehind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBehind").finish_non_exhaustive()
    }
}

impl<T: Behind> WriteBehind<T> {
    /// Starts the writer, with room for that many rows. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(store: Store, queue_max: usize) -> Self {
        let (queue, entries) = mpsc::channel(queue_max);
        let (closing, writer, hurry) = (CancellationToken::new(), TaskTracker::new(), Arc::default());
        writer.spawn(Writer { store, entries, hurry: Arc::clone(&hurry), closing: closing.clone() }.run());
        writer.close();
        Self { queue, hurry, closing, writer }
    }

    /// Hands a row over; waits while the queue is full.
    pub async fn write(&self, principal: &Principal, row: T) {
        self.hurry_when_filling();
        if let Err(mpsc::error::SendError(Entry::Row(_, row))) = self.queue.send(Entry::Row(principal.clone(), row)).await {
            row.lost();
        }
    }

    /// Hands a row over, or says that it is lost when the queue is full.
    pub fn try_write(&self, principal: &Principal, row: T) {
        self.hurry_when_filling();
        if let Err(error) = self.queue.try_send(Entry::Row(principal.clone(), row))
            && let Entry::Row(_, row) = error.into_inner()
        {
            row.lost();
        }
    }

    fn hurry_when_filling(&self) {
        if self.queue.capacity() < self.queue.max_capacity() / 2 {
            self.hurry.notify_one();
        }
    }

    /// Waits until every row handed over so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
            self.hurry.notify_one();
            // An error means the writer ended, and it writes everything before it ends.
            let _written = written.await;
        }
    }

    /// Writes what is left and ends the writer.
    pub async fn close(&self) {
        self.closing.cancel();
        self.writer.wait().await;
    }
}

struct Writer<T> {
    store: Store,
    entries: mpsc::Receiver<Entry<T>>,
    hurry: Arc<Notify>,
    closing: CancellationToken,
}

impl<T: Behind> Writer<T> {
    async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                biased;
                count = self.entries.recv_many(&mut batch, 1) => if count == 0 { return },
                () = self.closing.cancelled(), if !self.entries.is_closed() => { self.entries.close(); continue }
            }
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                () = self.hurry.notified() => {}
                () = self.closing.cancelled() => {}
            }
            while batch.len() < BATCH_MAX
                && let Ok(entry) = self.entries.try_recv()
            {
                batch.push(entry);
            }
            if !self.entries.is_empty() {
                // They waited already.
                self.hurry.notify_one();
            }
            self.write(&mut batch).await;
        }
    }

    async fn write(&self, batch: &mut Vec<Entry<T>>) {
        let (mut rows, mut flushes): (Vec<(Principal, T)>, _) = (Vec::with_capacity(batch.len()), Vec::new());
        for entry in batch.drain(..) {
            match entry {
                Entry::Row(principal, row) => gather(&mut rows, principal, row),
                Entry::Flush(done) => flushes.push(done),
            }
        }
        for of_one in rows.chunk_by(|(one, _), (other, _)| one == other) {
            write_batch(&self.store, of_one).await;
        }
        for done in flushes {
            // Whoever waited may have gone.
            let _heard = done.send(());
        }
    }
}

/// Adds a row, unless one that waits takes it in.
fn gather<T: Behind>(rows: &mut Vec<(Principal, T)>, principal: Principal, row: T) {
    let taken = rows.iter_mut().rev().any(|(of, earlier)| *of == principal && earlier.absorb(&row));
    if !taken {
        rows.push((principal, row));
    }
}

/// One transaction for all; when the database refuses that, each for itself, so that one bad row costs no other.
async fn write_batch<T: Behind>(store: &Store, batch: &[(Principal, T)]) {
    let pauses = ExponentialBuilder::default().with_min_delay(RETRY_WAIT).with_max_times(RETRIES_MAX);
    let written = (|| write_together(store, batch)).retry(pauses).sleep(tokio::time::sleep).when(StoreError::retryable).await;
    let Err(error) = written else { return };
    if batch.len() > 1 && !error.retryable() {
        for one in batch.chunks(1) {
            Box::pin(write_batch(store, one)).await;
        }
        return;
    }
    tracing::error!(%error, detail = error.detail(), rows = batch.len(), "rows could not be written");
    batch.iter().for_each(|(_, row)| row.lost());
}

async fn write_together<T: Behind>(store: &Store, batch: &[(Principal, T)]) -> Result<(), StoreError> {
    let Some((principal, _)) = batch.first() else { return Ok(()) };
    let mut tx = store.write(principal).await?;
    let rows: Vec<&T> = batch.iter().map(|(_, row)| row).collect();
    T::write_all(&rows, &mut tx).await?;
    tx.save().await
}
