//! Rows written behind the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use octi_store::{AuditRow, Behind, CallEnd, StoreError, ToolCallRow, Tx, WriteBehind};

use crate::fixtures::{self, SYSTEM, look, save, time};
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

/// A call as it begins and ends, and how many statements were made of it.
#[derive(Debug)]
enum Step {
    Began(Box<ToolCallRow>, Arc<AtomicUsize>),
    Ended(CallEnd, Arc<AtomicUsize>),
}

impl Behind for Step {
    async fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let (Self::Began(_, statements) | Self::Ended(_, statements)) = self;
        statements.fetch_add(1, Ordering::Relaxed);
        match self {
            Self::Began(row, _) => tx.insert_call(row).await,
            Self::Ended(end, _) => tx.finish_call(end).await.map(drop),
        }
    }

    fn absorb(&mut self, later: &Self) -> bool {
        match (self, later) {
            (Self::Began(row, _), Self::Ended(end, _)) => row.end(end),
            _ => false,
        }
    }

    fn lost(&self) {}
}

on_both! {
    async fn what_ends_before_it_is_written_is_written_once(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = fixtures::stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        save!(db.store, alice, |tx| tx.insert_run(&run).await.unwrap());
        let statements = Arc::<AtomicUsize>::default();
        let rows = WriteBehind::start(db.store.clone(), ROOM);
        let (first, second) = (fixtures::call(&db.ambient, &run), fixtures::call(&db.ambient, &run));
        let began = |call: &ToolCallRow| Step::Began(Box::new(call.clone()), Arc::clone(&statements));
        let ended = |call: &ToolCallRow, outcome: &str| {
            let outcome = outcome.to_owned();
            let end = CallEnd { id: call.id, outcome, is_error: false, duration_ms: 1, ended_at: time(9), artifact: None };
            Step::Ended(end, Arc::clone(&statements))
        };
        rows.write(&alice, began(&first)).await;
        rows.write(&alice, began(&second)).await;
        rows.write(&bob, ended(&second, "not his")).await;
        rows.write(&alice, ended(&second, "ok")).await;
        rows.write(&alice, ended(&second, "twice")).await;
        rows.write(&alice, ended(&first, "ok")).await;
        rows.flush().await;
        assert_eq!(statements.load(Ordering::Relaxed), 4, "two rows whole, and two ends that are of no row that waits");
        let kept = look!(db.store, alice, |tx| tx.list_calls(run.id).await);
        let outcomes: Vec<_> = kept.iter().map(|call| (call.outcome.as_deref(), call.ended_at)).collect();
        assert_eq!(outcomes, [(Some("ok"), Some(time(9))); 2]);

        rows.write(&alice, ended(&first, "later")).await;
        rows.close().await;
        assert_eq!(statements.load(Ordering::Relaxed), 5, "what is written already is ended there");
    }

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
