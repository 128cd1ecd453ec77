//! Sessions, messages and runs.

use octi_domain::limits;
use octi_domain::message::Part;
use octi_domain::run::{RunStatus, Usage};
use octi_domain::session::SessionStatus;
use octi_store::{RunFilter, SessionFilter, StoreError};

use crate::fixtures::{self, SYSTEM, look, refused, save, stored_session, time};
use crate::on_both;

on_both! {
    async fn a_session_is_named_closed_and_deleted(db) {
        let (user, alice) = db.user("alice").await;
        let mut session = stored_session(&db.store, &db.ambient, user.id).await;
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await), Some(session.clone()));
        save!(db.store, alice, |tx| {
            assert!(tx.set_session_title(session.id, "Other plans").await.unwrap());
            assert!(tx.set_session_status(session.id, SessionStatus::Completed).await.unwrap());
        });
        session.title = Some("Other plans".to_owned());
        session.status = SessionStatus::Completed;
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await), Some(session.clone()));
        save!(db.store, alice, |tx| {
            assert!(tx.delete_session(session.id).await.unwrap());
            assert!(!tx.delete_session(session.id).await.unwrap());
        });
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await), None);
    }

    async fn a_session_is_answered_by_the_role_that_was_chosen_for_it(db) {
        let (user, alice) = db.user("alice").await;
        let (_, bob) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await.id;
        let unknown = fixtures::session(&db.ambient, user.id).id;
        assert_eq!(look!(db.store, alice, |tx| tx.session_role(session).await), None);
        save!(db.store, alice, |tx| {
            assert!(tx.set_session_role(session, Some("reviewer")).await.unwrap());
            assert!(!tx.set_session_role(unknown, Some("reviewer")).await.unwrap());
        });
        assert_eq!(look!(db.store, alice, |tx| tx.session_role(session).await).as_deref(), Some("reviewer"));
        assert_eq!(look!(db.store, bob, |tx| tx.session_role(session).await), None);
        save!(db.store, bob, |tx| assert!(!tx.set_session_role(session, None).await.unwrap()));
        save!(db.store, alice, |tx| assert!(tx.set_session_role(session, None).await.unwrap()));
        assert_eq!(look!(db.store, alice, |tx| tx.session_role(session).await), None);
    }

    async fn a_deleted_session_takes_everything_but_its_costs(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let run = fixtures::run(&db.ambient, &session);
        let artifact = fixtures::artifact(&db.ambient, &session, b"x");
        let request = fixtures::request(&db.ambient, &run);
        save!(db.store, alice, |tx| {
            tx.insert_run(&run).await.unwrap();
            tx.append_message(fixtures::message(&db.ambient, session.id, "hi")).await.unwrap();
            tx.insert_call(&fixtures::call(&db.ambient, &run)).await.unwrap();
            tx.insert_artifact(&artifact, b"x").await.unwrap();
            tx.insert_rule(&fixtures::rule(&db.ambient, user.id, Some(session.id))).await.unwrap();
            tx.insert_request(&request).await.unwrap();
            tx.insert_cost(&fixtures::cost(&db.ambient, &run, Some(0.5), octi_store::CostKind::Reported)).await.unwrap();
        });
        save!(db.store, alice, |tx| assert!(tx.delete_session(session.id).await.unwrap()));
        let mut tx = db.store.read(&SYSTEM).await.unwrap();
        assert_eq!(tx.run(run.id).await.unwrap(), None);
        assert!(tx.messages(session.id, 0, 10).await.unwrap().is_empty());
        assert!(tx.list_calls(run.id).await.unwrap().is_empty());
        assert_eq!(tx.artifact(artifact.id).await.unwrap(), None);
        assert!(tx.list_rules(Some(session.id)).await.unwrap().is_empty());
        assert_eq!(tx.permission_request(request.id).await.unwrap(), None);
        assert_eq!(tx.cost_of_session(session.id).await.unwrap().cost_usd, Some(0.5));
    }

    async fn pages_of_sessions_meet_without_gap_or_overlap(db) {
        let (user, alice) = db.user("alice").await;
        let mut expected = Vec::new();
        for number in 0..7 {
            let mut session = fixtures::session(&db.ambient, user.id);
            // Several with the same time, and one on a whole second, whose text is shorter on SQLite.
            session.updated_at = if number == 6 { chrono::DateTime::from_timestamp(1_800_000_001, 0).unwrap() } else { time(number / 3) };
            save!(db.store, alice, |tx| tx.insert_session(&session).await.unwrap());
            expected.push(session);
        }
        expected.sort_by_key(|session| std::cmp::Reverse((session.updated_at, session.id)));
        for who in [&alice, &SYSTEM] {
            let mut found = Vec::new();
            let mut before = None;
            loop {
                let page = look!(db.store, who, |tx| tx.list_sessions(before, 2).await);
                let Some(last) = page.last() else { break };
                before = Some((last.updated_at, last.id));
                found.extend(page);
            }
            assert_eq!(found, expected);
        }
    }

    async fn sessions_are_found_by_status_and_title(db) {
        let (user, alice) = db.user("alice").await;
        let mut made = Vec::new();
        for (number, title) in ["Buy 100% wool", "Buy 1000 sheep", "under_score", "back\\slash"].into_iter().enumerate() {
            let mut session = fixtures::session(&db.ambient, user.id);
            (session.title, session.updated_at) = (Some(title.to_owned()), time(i64::try_from(number).unwrap()));
            save!(db.store, alice, |tx| tx.insert_session(&session).await.unwrap());
            made.push(session.id);
        }
        let mut untitled = fixtures::session(&db.ambient, user.id);
        (untitled.title, untitled.status, untitled.updated_at) = (None, SessionStatus::Completed, time(9));
        save!(db.store, alice, |tx| tx.insert_session(&untitled).await.unwrap());
        for (title, expected) in [
            ("buy", vec![made[1], made[0]]),
            ("100%", vec![made[0]]),
            ("_", vec![made[2]]),
            ("K\\S", vec![made[3]]),
            ("wolf", vec![]),
        ] {
            for who in [&alice, &SYSTEM] {
                let filter = SessionFilter { title: Some(title), ..SessionFilter::default() };
                let found = look!(db.store, who, |tx| tx.find_sessions(filter, None, 10).await);
                assert_eq!(found.iter().map(|session| session.id).collect::<Vec<_>>(), expected, "{title}");
            }
        }
        let filter = SessionFilter { status: Some(SessionStatus::Completed), ..SessionFilter::default() };
        assert_eq!(look!(db.store, alice, |tx| tx.find_sessions(filter, None, 10).await), vec![untitled]);
        let (_, bob) = db.user("bob").await;
        let everything = SessionFilter { title: Some(""), ..SessionFilter::default() };
        assert!(look!(db.store, bob, |tx| tx.find_sessions(everything, None, 10).await).is_empty());
    }

    async fn messages_count_up_and_wake_their_session(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        for text in ["one", "two", "three"] {
            let appended = save!(db.store, alice, |tx| tx.append_message(fixtures::message(&db.ambient, session.id, text)).await.unwrap());
            assert_eq!(appended.parts, vec![Part::Text(text.to_owned())]);
        }
        let seqs = |messages: Vec<octi_domain::message::Message>| messages.iter().map(|message| message.seq).collect::<Vec<_>>();
        assert_eq!(seqs(look!(db.store, alice, |tx| tx.messages(session.id, 0, 10).await)), [1, 2, 3]);
        assert_eq!(seqs(look!(db.store, alice, |tx| tx.messages(session.id, 1, 1).await)), [2]);
        assert_eq!(seqs(look!(db.store, alice, |tx| tx.last_messages(session.id, 2).await)), [2, 3]);
        let found = look!(db.store, alice, |tx| tx.session(session.id).await).unwrap();
        assert_eq!((found.message_count, found.updated_at), (3, time(1)));
    }

    async fn messages_have_no_gaps_however_many_write(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let (store, ambient, alice) = (db.store.clone(), db.ambient.clone(), alice.clone());
            tasks.spawn(async move {
                for number in 0..6 {
                    let mut tx = store.write(&alice).await.unwrap();
                    tx.append_message(fixtures::message(&ambient, session.id, "hi")).await.unwrap();
                    // Every third is given up: its number must be used again.
                    if (task + number) % 3 != 0 {
                        tx.save().await.unwrap();
                    }
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        let found = look!(db.store, alice, |tx| tx.messages(session.id, 0, 100).await);
        assert_eq!(found.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=32).collect::<Vec<_>>());
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await).unwrap().message_count, 32);
    }

    async fn a_message_needs_its_session_and_comes_once(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let error = refused!(db.store, alice, |tx| tx.append_message(fixtures::message(&db.ambient, db.ambient.id(), "hi")).await);
        assert_eq!(error.to_string(), "the session does not exist");
        let message = fixtures::message(&db.ambient, session.id, "hi");
        save!(db.store, alice, |tx| tx.append_message(message.clone()).await.unwrap());
        let error = refused!(db.store, alice, |tx| tx.append_message(message).await);
        assert_eq!(error.to_string(), "this message already exists");
        assert_eq!(look!(db.store, alice, |tx| tx.session(session.id).await).unwrap().message_count, 1);
    }

    async fn a_message_has_a_largest_size(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let large = "x".repeat(limits::MESSAGE_STORED_BYTES_MAX);
        let error = refused!(db.store, alice, |tx| tx.append_message(fixtures::message(&db.ambient, session.id, &large)).await);
        assert!(matches!(error, StoreError::Limit { what: "the message", .. }), "{error:?}");
    }

    async fn a_run_is_followed_to_its_end(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut run = fixtures::run(&db.ambient, &session);
        save!(db.store, alice, |tx| tx.insert_run(&run).await.unwrap());
        assert_eq!(look!(db.store, alice, |tx| tx.active_run(session.id).await), Some(run.clone()));

        run.status = RunStatus::Failed;
        run.reason = Some("the model is gone".to_owned());
        run.iterations = 4;
        run.usage = Usage { input_tokens: 5_000_000_000, output_tokens: 7, estimated: true };
        run.skills = vec!["code-review".to_owned(), "ä".to_owned()];
        run.ended_at = Some(time(30));
        save!(db.store, alice, |tx| assert!(tx.update_run(&run).await.unwrap()));
        assert_eq!(look!(db.store, alice, |tx| tx.run(run.id).await), Some(run.clone()));
        assert_eq!(look!(db.store, alice, |tx| tx.active_run(session.id).await), None);
        save!(db.store, alice, |tx| assert!(!tx.update_run(&fixtures::run(&db.ambient, &session)).await.unwrap()));
    }

    async fn a_session_has_one_running_turn(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        save!(db.store, alice, |tx| tx.insert_run(&fixtures::run(&db.ambient, &session)).await.unwrap());
        let error = refused!(db.store, alice, |tx| tx.insert_run(&fixtures::run(&db.ambient, &session)).await);
        assert_eq!(error.to_string(), "a running turn in this session already exists");
    }

    async fn runs_are_listed_latest_first(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let other = stored_session(&db.store, &db.ambient, user.id).await;
        let mut first = fixtures::run(&db.ambient, &session);
        first.status = RunStatus::Completed;
        let mut second = fixtures::run(&db.ambient, &session);
        second.started_at = time(50);
        let elsewhere = fixtures::run(&db.ambient, &other);
        save!(db.store, alice, |tx| for run in [&first, &second, &elsewhere] {
            tx.insert_run(run).await.unwrap();
        });
        assert_eq!(look!(db.store, alice, |tx| tx.list_runs(Some(session.id), 10).await), vec![second.clone(), first.clone()]);
        assert_eq!(look!(db.store, alice, |tx| tx.list_runs(None, 1).await), vec![second]);
        assert_eq!(look!(db.store, alice, |tx| tx.list_runs(None, 10).await).len(), 3);
    }

    async fn runs_are_found_by_what_is_asked_and_page_by_page(db) {
        let (user, alice) = db.user("alice").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let mut made = Vec::new();
        for number in 0..5 {
            let mut run = fixtures::run(&db.ambient, &session);
            // Several with the same time.
            run.started_at = time(number / 2);
            run.status = if number % 2 == 0 { RunStatus::Completed } else { RunStatus::Failed };
            save!(db.store, alice, |tx| tx.insert_run(&run).await.unwrap());
            made.push(run);
        }
        made.sort_by_key(|run| std::cmp::Reverse((run.started_at, run.id)));
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = look!(db.store, alice, |tx| tx.find_runs(RunFilter::default(), before, 2).await);
            let Some(last) = page.last() else { break };
            before = Some((last.started_at, last.id));
            found.extend(page);
        }
        assert_eq!(found, made);
        let failed = RunFilter { status: Some(RunStatus::Failed), since: Some(time(1)), ..RunFilter::default() };
        let found = look!(db.store, alice, |tx| tx.find_runs(failed, None, 10).await);
        assert_eq!(found, made.into_iter().filter(|run| run.status == RunStatus::Failed && run.started_at >= time(1)).collect::<Vec<_>>());
        assert_eq!(found.len(), 1);
        let (_, bob) = db.user("bob").await;
        assert!(look!(db.store, bob, |tx| tx.find_runs(RunFilter::default(), None, 10).await).is_empty());
    }

    async fn runs_that_went_down_with_the_host_are_interrupted_once(db) {
        let (user, alice) = db.user("alice").await;
        let (bob_user, _) = db.user("bob").await;
        let session = stored_session(&db.store, &db.ambient, user.id).await;
        let bobs = stored_session(&db.store, &db.ambient, bob_user.id).await;
        let running = fixtures::run(&db.ambient, &session);
        let also_running = fixtures::run(&db.ambient, &bobs);
        let mut done = fixtures::run(&db.ambient, &session);
        done.status = RunStatus::Completed;
        save!(db.store, SYSTEM, |tx| for run in [&running, &also_running, &done] {
            tx.insert_run(run).await.unwrap();
        });
        let interrupted = save!(db.store, SYSTEM, |tx| tx.interrupt_running("octi was restarted", time(60)).await.unwrap());
        let ids: std::collections::HashSet<_> = interrupted.iter().map(|run| run.id).collect();
        assert_eq!(ids, [running.id, also_running.id].into());
        let found = look!(db.store, alice, |tx| tx.run(running.id).await).unwrap();
        assert_eq!(found.status, RunStatus::Interrupted);
        assert_eq!((found.reason.as_deref(), found.ended_at), (Some("octi was restarted"), Some(time(60))));
        assert_eq!(look!(db.store, alice, |tx| tx.run(done.id).await), Some(done));
        assert!(save!(db.store, SYSTEM, |tx| tx.interrupt_running("again", time(61)).await.unwrap()).is_empty());
    }
}
