//! What happened in a turn.

use chrono::DateTime;
use octi_domain::permission::{Answer, RequestStatus};
use octi_store::{CallEnd, CostKind, Happened, Happening};

use crate::fixtures::{self, look, save, stored_session, time};
use crate::on_both;

/// A word for each, with its time after the beginning.
fn told(happened: &[Happened]) -> Vec<(&'static str, i64)> {
    let word = |what: &Happening| match what {
        Happening::Said { .. } => "said",
        Happening::CallBegan { .. } => "began",
        Happening::CallEnded { .. } => "ended",
        Happening::Asked { .. } => "asked",
        Happening::Resolved { .. } => "resolved",
        Happening::Paid { .. } => "paid",
    };
    happened.iter().map(|one| (word(&one.what), (one.at - time(0)).num_seconds())).collect()
}

on_both! {
    async fn a_turn_is_told_in_the_order_in_which_it_happened(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let (run, mut other) = (fixtures::run(&db.ambient, &session), fixtures::run(&db.ambient, &session));
        other.status = octi_domain::run::RunStatus::Completed;
        let call = fixtures::call(&db.ambient, &run);
        let end = CallEnd {
            id: call.id,
            outcome: "read 3 lines".to_owned(),
            is_error: false,
            duration_ms: 12,
            ended_at: time(9),
            artifact: None,
        };
        let request = fixtures::request(&db.ambient, &run);
        let mut hello = fixtures::message(&db.ambient, session.id, "hello");
        (hello.run_id, hello.created_at) = (Some(run.id), time(2));
        let mut elsewhere = fixtures::message(&db.ambient, session.id, "another turn");
        elsewhere.run_id = Some(other.id);
        save!(db.store, alice, |tx| {
            tx.insert_run(&other).await.unwrap();
            tx.insert_run(&run).await.unwrap();
            tx.append_message(elsewhere).await.unwrap();
            tx.append_message(hello).await.unwrap();
            tx.insert_call(&call).await.unwrap();
            tx.insert_cost(&fixtures::cost(&db.ambient, &run, Some(0.5), CostKind::Reported)).await.unwrap();
            tx.insert_request(&request).await.unwrap();
            tx.resolve_request(request.id, RequestStatus::Answered(Answer::Once), time(8)).await.unwrap();
            tx.finish_call(&end).await.unwrap();
        });
        let all = look!(db.store, alice, |tx| tx.timeline(run.id, DateTime::UNIX_EPOCH, 100).await);
        assert_eq!(told(&all), [("said", 2), ("began", 3), ("paid", 5), ("asked", 7), ("resolved", 8), ("ended", 9)]);
        let Happening::Said { text, seq, .. } = &all[0].what else { panic!("{all:?}") };
        assert_eq!((text.as_str(), *seq), ("hello", 2));
        let Happening::Resolved { status, .. } = &all[4].what else { panic!("{all:?}") };
        assert_eq!(*status, RequestStatus::Answered(Answer::Once));

        assert_eq!(look!(db.store, alice, |tx| tx.timeline(run.id, time(5), 100).await), all[2..], "the time itself included");
        assert_eq!(look!(db.store, alice, |tx| tx.timeline(run.id, DateTime::UNIX_EPOCH, 4).await), all[..4]);
        assert!(look!(db.store, bob, |tx| tx.timeline(run.id, DateTime::UNIX_EPOCH, 100).await).is_empty());
    }
}
