//! Rows written behind the work, by one task.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::{AuditRow, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Deed, row};

/// Rows written in one transaction.
const BATCH_MAX: usize = 64;
/// Attempts after the first, while the database is away.
const RETRIES_MAX: usize = 4;
/// Wait before the second attempt; doubled each time.
const RETRY_WAIT: Duration = Duration::from_millis(200);

/// Rows of many people are written together.
const JOB: Principal = Principal::system("audit");

enum Entry {
    Row(Box<AuditRow>),
    /// Answered when everything before it is written.
    Flush(oneshot::Sender<()>),
}

/// Takes what was done; clones share the queue.
#[derive(Clone)]
pub struct Audit {
    queue: mpsc::Sender<Entry>,
    ambient: Ambient,
    closing: CancellationToken,
    writer: TaskTracker,
}

impl std::fmt::Debug for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

impl Audit {
    /// Starts the writer. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(store: Store, ambient: Ambient) -> Self {
        let (queue, entries) = mpsc::channel(limits::AUDIT_QUEUE_MAX);
        let (closing, writer) = (CancellationToken::new(), TaskTracker::new());
        writer.spawn(write_all(store, entries, closing.clone()));
        writer.close();
        Self { queue, ambient, closing, writer }
    }

    /// Writes a row soon. Never waits, so that a sign-in or a plugin's swap does not hang on the database; what comes
    /// while the queue is full stands in the log instead. `who` is none for the host itself, the plugin folder, or
    /// somebody who is not signed in.
    pub fn note(&self, who: Option<UserId>, deed: &Deed<'_>) {
        if let Err(error) = self.queue.try_send(Entry::Row(Box::new(row(&self.ambient, who, deed))))
            && let Entry::Row(row) = error.into_inner()
        {
            left_over(&row);
        }
    }

    /// Waits until every row handed over so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
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

async fn write_all(store: Store, mut entries: mpsc::Receiver<Entry>, closing: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        tokio::select! {
            biased;
            count = entries.recv_many(&mut batch, BATCH_MAX) => if count == 0 { return },
            () = closing.cancelled(), if !entries.is_closed() => { entries.close(); continue }
        }
        let (mut rows, mut flushes) = (Vec::new(), Vec::new());
        for entry in batch.drain(..) {
            match entry {
                Entry::Row(row) => rows.push(*row),
                Entry::Flush(done) => flushes.push(done),
            }
        }
        write_batch(&store, &rows).await;
        for done in flushes {
            // Whoever waited may have gone.
            let _heard = done.send(());
        }
    }
}

async fn write_batch(store: &Store, rows: &[AuditRow]) {
    if rows.is_empty() {
        return;
    }
    let pauses = ExponentialBuilder::default().with_min_delay(RETRY_WAIT).with_max_times(RETRIES_MAX);
    let written = (|| write_together(store, rows)).retry(pauses).sleep(tokio::time::sleep).when(StoreError::retryable).await;
    if let Err(error) = written {
        tracing::error!(%error, detail = error.detail(), rows = rows.len(), "audit rows could not be written");
        rows.iter().for_each(left_over);
    }
}

async fn write_together(store: &Store, rows: &[AuditRow]) -> Result<(), StoreError> {
    let mut tx = store.write(&JOB).await?;
    for row in rows {
        tx.append_audit(row).await?;
    }
    tx.save().await
}

fn left_over(row: &AuditRow) {
    let user_id = row.user_id.map(|user| user.to_string());
    tracing::error!(
        action = row.action, resource = row.resource, user_id, details = %row.details, at = %row.created_at,
        "an audit row is not in the database; this line is all that is left of it"
    );
}
