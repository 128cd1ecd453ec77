//! Tool calls, artifacts, models and costs.

use octi_domain::limits;
use octi_store::{CallEnd, CostKind, CostSum, StoreError};

use crate::fixtures::{self, SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

on_both! {
    async fn a_call_begins_and_ends_once(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let mut call = fixtures::call(&db.ambient, &run);
        save!(db.store, alice, |tx| {
            tx.insert_run(&run).await.unwrap();
            tx.insert_call(&call).await.unwrap();
        });
        assert_eq!(look!(db.store, alice, |tx| tx.list_calls(run.id).await), vec![call.clone()]);
        let end = CallEnd {
            id: call.id,
            outcome: "ok".to_owned(),
            is_error: false,
            duration_ms: 12,
            ended_at: time(4),
            artifact: Some(db.ambient.id()),
        };
        save!(db.store, alice, |tx| {
            assert!(tx.finish_call(&end).await.unwrap());
            assert!(!tx.finish_call(&CallEnd { outcome: "late".to_owned(), ..end.clone() }).await.unwrap());
        });
        call.outcome = Some(end.outcome);
        call.is_error = Some(false);
        call.duration_ms = Some(12);
        call.ended_at = Some(time(4));
        call.artifact = end.artifact;
        assert_eq!(look!(db.store, alice, |tx| tx.list_calls(run.id).await), vec![call]);
    }

    async fn a_call_may_stand_alone_but_not_under_a_missing_run(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let error = refused!(db.store, alice, |tx| tx.insert_call(&fixtures::call(&db.ambient, &run)).await);
        assert_eq!(error.to_string(), "the run or session of the call does not exist");
        let mut alone = fixtures::call(&db.ambient, &run);
        (alone.run_id, alone.session_id) = (None, None);
        save!(db.store, alice, |tx| tx.insert_call(&alone).await.unwrap());
    }

    async fn many_calls_are_written_together_or_not_at_all(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        save!(db.store, alice, |tx| tx.insert_run(&run).await.unwrap());
        let calls: Vec<_> = (0..37)
            .map(|number| {
                let mut call = fixtures::call(&db.ambient, &run);
                (call.name, call.started_at) = (format!("tool_{number}"), time(i64::from(number)));
                call.duration_ms = (number % 2 == 0).then_some(i64::from(number));
                call
            })
            .collect();
        let all: Vec<_> = calls.iter().collect();
        refused!(db.store, bob, |tx| tx.insert_calls(&all).await);
        let twice: Vec<_> = calls.iter().chain(calls.first()).collect();
        refused!(db.store, alice, |tx| tx.insert_calls(&twice).await);
        assert_eq!(look!(db.store, alice, |tx| tx.list_calls(run.id).await), Vec::new());
        save!(db.store, alice, |tx| tx.insert_calls(&all).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.list_calls(run.id).await), calls);
    }

    async fn artifacts_are_read_in_pieces(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let content: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let meta = fixtures::artifact(&db.ambient, &session, &content);
        save!(db.store, alice, |tx| tx.insert_artifact(&meta, &content).await.unwrap());
        let mut tx = db.store.read(&alice).await.unwrap();
        assert_eq!(tx.artifact(meta.id).await.unwrap(), Some(meta.clone()));
        assert_eq!(tx.list_artifacts(session.id).await.unwrap(), vec![meta.clone()]);
        assert_eq!(tx.artifact_bytes(meta.id, 0, usize::MAX).await.unwrap().as_deref(), Some(&content[..]));
        assert_eq!(tx.artifact_bytes(meta.id, 70_001, 10).await.unwrap().as_deref(), Some(&content[70_001..70_011]));
        assert_eq!(tx.artifact_bytes(meta.id, 99_999, 10).await.unwrap().as_deref(), Some(&content[99_999..]));
        assert_eq!(tx.artifact_bytes(meta.id, 100_000, 10).await.unwrap(), Some(Vec::new()));
        assert_eq!(tx.artifact_bytes(meta.id, u64::MAX, 10).await.unwrap(), Some(Vec::new()));
        assert_eq!(tx.artifact_bytes(meta.id, 0, 0).await.unwrap(), Some(Vec::new()));
        assert_eq!(tx.artifact_bytes(db.ambient.id(), 0, 10).await.unwrap(), None);
    }

    async fn artifacts_are_listed_page_by_page(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut made = Vec::new();
        for number in 0..5 {
            let mut meta = fixtures::artifact(&db.ambient, &session, b"x");
            meta.created_at = time(number / 2);
            save!(db.store, alice, |tx| tx.insert_artifact(&meta, b"x").await.unwrap());
            made.push(meta);
        }
        made.sort_by_key(|meta| (meta.created_at, meta.id));
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = look!(db.store, alice, |tx| tx.page_of_artifacts(session.id, after, 2).await);
            let Some(last) = page.last() else { break };
            after = Some((last.created_at, last.id));
            found.extend(page);
        }
        assert_eq!(found, made);
        assert!(look!(db.store, bob, |tx| tx.page_of_artifacts(session.id, None, 10).await).is_empty());
    }

    async fn an_artifact_has_a_largest_size(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let full = vec![1; limits::ARTIFACT_BYTES_MAX];
        let meta = fixtures::artifact(&db.ambient, &session, &full);
        save!(db.store, alice, |tx| tx.insert_artifact(&meta, &full).await.unwrap());
        let over = vec![1; limits::ARTIFACT_BYTES_MAX + 1];
        let error = refused!(db.store, alice, |tx| tx.insert_artifact(&fixtures::artifact(&db.ambient, &session, &over), &over).await);
        assert_eq!(error.to_string(), "the artifact is over the limit of 16777216");
        assert!(matches!(error, StoreError::Limit { max: 16_777_216, .. }));
    }

    async fn a_model_keeps_its_id_when_it_is_replaced(db) {
        let (user, alice) = db.user("alice").await;
        let first = fixtures::model(&db.ambient, user.id, "fast");
        save!(db.store, alice, |tx| tx.upsert_model(&first).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.model("fast").await), Some(first.clone()));
        let mut second = fixtures::model(&db.ambient, user.id, "fast");
        second.price_in = None;
        second.model_id = "gpt-6".to_owned();
        (second.created_at, second.updated_at) = (time(10), time(10));
        save!(db.store, alice, |tx| tx.upsert_model(&second).await.unwrap());
        (second.id, second.created_at) = (first.id, first.created_at);
        assert_eq!(look!(db.store, alice, |tx| tx.list_models().await), vec![second]);
        save!(db.store, alice, |tx| {
            assert!(tx.delete_model("fast").await.unwrap());
            assert!(!tx.delete_model("fast").await.unwrap());
        });
    }

    async fn one_model_is_the_default(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, bob) = db.user("bob").await;
        save!(db.store, SYSTEM, |tx| for (owner, name, is_default) in
            [(user.id, "b", true), (user.id, "A", true), (user.id, "c", false), (bob_user.id, "b", true)]
        {
            let model = octi_store::ModelRow { is_default, ..fixtures::model(&db.ambient, owner, name) };
            tx.upsert_model(&model).await.unwrap();
        });
        let default = |model: Option<octi_store::ModelRow>| model.map(|model| model.name);
        assert_eq!(default(look!(db.store, alice, |tx| tx.default_model().await)).as_deref(), Some("A"));
        save!(db.store, alice, |tx| assert!(tx.set_default_model("c").await.unwrap()));
        assert_eq!(default(look!(db.store, alice, |tx| tx.default_model().await)).as_deref(), Some("c"));
        save!(db.store, alice, |tx| assert!(!tx.set_default_model("nothing").await.unwrap()));
        assert_eq!(default(look!(db.store, alice, |tx| tx.default_model().await)).as_deref(), Some("c"));
        assert_eq!(default(look!(db.store, bob, |tx| tx.default_model().await)).as_deref(), Some("b"));
        let names: Vec<_> = look!(db.store, alice, |tx| tx.list_models().await).into_iter().map(|model| model.name).collect();
        assert_eq!(names, ["A", "b", "c"]);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.list_models().await).len(), 4);
        assert_eq!(look!(db.store, SYSTEM, |tx| tx.model("b").await), None);
    }

    async fn costs_add_up_and_say_what_is_not_known(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let mut other = fixtures::run(&db.ambient, &session);
        other.id = db.ambient.id();
        assert_eq!(look!(db.store, alice, |tx| tx.cost_of_session(session.id).await), CostSum::default());
        save!(db.store, alice, |tx| {
            tx.insert_cost(&fixtures::cost(&db.ambient, &run, Some(0.25), CostKind::Reported)).await.unwrap();
            tx.insert_cost(&fixtures::cost(&db.ambient, &run, Some(0.5), CostKind::Estimated)).await.unwrap();
            tx.insert_cost(&fixtures::cost(&db.ambient, &other, None, CostKind::Reported)).await.unwrap();
            tx.insert_cost(&fixtures::cost(&db.ambient, &other, None, CostKind::Unknown)).await.unwrap();
        });
        let of_run = CostSum { calls: 2, input_tokens: 2_000, output_tokens: 20, cost_usd: Some(0.75), unpriced_calls: 0, estimated_calls: 1, retries: 2 };
        assert_eq!(look!(db.store, alice, |tx| tx.cost_of_run(run.id).await), of_run);
        let of_session = CostSum { calls: 4, input_tokens: 4_000, output_tokens: 40, unpriced_calls: 2, estimated_calls: 1, retries: 4, ..of_run };
        assert_eq!(look!(db.store, alice, |tx| tx.cost_of_session(session.id).await), of_session);
        assert_eq!(look!(db.store, alice, |tx| tx.cost_of_run(other.id).await).cost_usd, None);
    }

    async fn a_cost_outside_a_conversation_is_fine_and_one_in_a_missing_one_is_not(db) {
        let (user, alice) = db.user("alice").await;
        let session = fixtures::session(&db.ambient, user.id);
        let run = fixtures::run(&db.ambient, &session);
        let mut cost = fixtures::cost(&db.ambient, &run, None, CostKind::Unknown);
        let error = refused!(db.store, alice, |tx| tx.insert_cost(&cost).await);
        assert_eq!(error.to_string(), "the session does not exist");
        (cost.session_id, cost.run_id) = (None, None);
        save!(db.store, alice, |tx| tx.insert_cost(&cost).await.unwrap());
    }

    async fn counts_beyond_what_a_database_holds_are_stored_as_the_largest(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let mut cost = fixtures::cost(&db.ambient, &run, None, CostKind::Unknown);
        cost.input_tokens = u64::MAX;
        save!(db.store, alice, |tx| tx.insert_cost(&cost).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.cost_of_run(run.id).await).input_tokens, u64::try_from(i64::MAX).unwrap());
    }
}
