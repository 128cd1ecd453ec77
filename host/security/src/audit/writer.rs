//! Rows written behind the work.

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_store::{AuditRow, Behind, Store, StoreError, Tx, WriteBehind};

use super::{Deed, row};

/// Rows of many people are written together.
const JOB: Principal = Principal::system("audit");

#[derive(Debug)]
struct Row(AuditRow);

impl Behind for Row {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.append_audit(&self.0).await
    }

    fn lost(&self) {
        let row = &self.0;
        let user_id = row.user_id.map(|user| user.to_string());
        tracing::error!(
            action = row.action, resource = row.resource, user_id, details = %row.details, at = %row.created_at,
            "an audit row is not in the database; this line is all that is left of it"
        );
    }
}

/// Takes what was done; clones share the queue.
#[derive(Debug, Clone)]
pub struct Audit {
    rows: WriteBehind<Row>,
    ambient: Ambient,
}

impl Audit {
    /// Starts the writer. Must be called inside a tokio runtime.
    #[must_use]
    pub fn start(store: Store, ambient: Ambient) -> Self {
        Self { rows: WriteBehind::start(store, limits::AUDIT_QUEUE_MAX), ambient }
    }

    /// Writes a row soon. Never waits, so that a sign-in or a plugin's swap does not hang on the database; what comes
    /// while the queue is full stands in the log instead. `who` is none for the host itself, the plugin folder, or
    /// somebody who is not signed in.
    pub fn note(&self, who: Option<UserId>, deed: &Deed<'_>) {
        self.rows.try_write(&JOB, Row(row(&self.ambient, who, deed)));
    }

    /// Waits until every row handed over so far is written.
    pub async fn flush(&self) {
        self.rows.flush().await;
    }

    /// Writes what is left and ends the writer.
    pub async fn close(&self) {
        self.rows.close().await;
    }
}
