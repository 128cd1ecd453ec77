//! Rows written behind the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use octi_store::{AuditRow, Behind, StoreError, Tx, WriteBehind};

use crate::fixtures::{self, SYSTEM, look};
use crate::on_both;

const ROOM: usize = 8;

/// A row, and how many were lost.
#[derive(Debug)]
struct Row(AuditRow, Arc<AtomicUsize>);

impl Behind for Row {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.append_audit(&self.0).await
    }

    fn lost(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

on_both! {
    async fn one_bad_row_costs_no_other(db) {
        let (rows, lost) = (WriteBehind::start(db.store.clone(), ROOM), Arc::default());
        let row = || Row(fixtures::audit(&db.ambient, None), Arc::clone(&lost));
        let first = row();
        let again = Row(first.0.clone(), Arc::clone(&lost));
        for one in [first, again, row()] {
            rows.write(&SYSTEM, one).await;
        }
        rows.flush().await;
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_audit(None, 10).await).len(), 2);
        assert_eq!(lost.load(Ordering::Relaxed), 1);
    }

    async fn a_full_queue_makes_writers_wait_and_loses_nothing(db) {
        let (rows, lost) = (WriteBehind::start(db.store.clone(), ROOM), Arc::default());
        for _ in 0..ROOM * 5 {
            rows.write(&SYSTEM, Row(fixtures::audit(&db.ambient, None), Arc::clone(&lost))).await;
        }
        rows.close().await;
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_audit(None, 100).await).len(), ROOM * 5);
        rows.write(&SYSTEM, Row(fixtures::audit(&db.ambient, None), Arc::clone(&lost))).await;
        assert_eq!(lost.load(Ordering::Relaxed), 1, "what comes after the end is said to be lost");
    }
}
