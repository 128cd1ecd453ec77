//! Turns that would go on for ever.

use std::time::Duration;

use octi_domain::event::EventKind;
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_models::ModelError;
use octi_store::Backend;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::db::TestDb;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use serde_json::json;

use crate::results_in;

fn looping(count: usize) -> Vec<Answer> {
    (0..count).map(|n| Answer::calls([("c", "files__read", json!({ "n": n }))])).collect()
}

on_both! {
    async fn a_model_that_loops_for_ever_stops_at_fifty(db) {
        let tool = FakeTool::new("files__read");
        let test = TestAgents::answering(looping(60)).tool(&tool).start(&db.store).await;
        let (status, reason) = test.chat("go").await;
        assert!(status == RunStatus::Failed && reason.contains("50 times"), "{reason}");
        assert_eq!((test.model.requests().len(), tool.calls().len()), (50, 50));
        assert_eq!(test.events.errors()[0].0, "iteration_budget");
    }

    async fn zero_is_without_limit(db) {
        let mut answers = looping(70);
        answers.push(Answer::text("done"));
        let test = TestAgents::answering(answers)
            .tool(&FakeTool::new("files__read"))
            .budget(|budget| (budget.iterations_max, budget.tokens_max) = (0, 0))
            .start(&db.store)
            .await;
        assert_eq!(test.chat("go").await.0, RunStatus::Completed);
    }

    async fn a_changed_budget_holds_from_the_next_turn_on(db) {
        let answers = looping(2).into_iter().chain([Answer::text("never").blocked()]).chain(looping(9));
        let test = TestAgents::answering(answers).tool(&FakeTool::new("files__read")).start(&db.store).await;
        let sent = test.send("go").await;
        test.model.until_blocked(1).await;
        test.limits.send_modify(|limits| (limits.budget.iterations_max, limits.active_max) = (1, 1));
        let elsewhere = octi_testkit::people::session(&test.store, &test.ambient, &test.principal).await;
        let refused = test.agents.send(&test.principal, elsewhere, "more".to_owned(), Default::default()).await.unwrap_err();
        assert_eq!(refused.to_string(), "1 turns run already: wait until one ends, or stop one");
        assert!(test.agents.stop(&test.principal, sent.run_id).await.unwrap());
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Stopped, "the turn that ran went on under what it began with");
        let (status, reason) = test.chat("go").await;
        assert!(status == RunStatus::Failed && reason.contains("1 time"), "{reason}");
    }

    async fn tokens_run_out(db) {
        let test = TestAgents::answering(looping(9))
            .tool(&FakeTool::new("files__read"))
            .budget(|budget| budget.tokens_max = 40)
            .start(&db.store)
            .await;
        let (status, reason) = test.chat("go").await;
        assert!(status == RunStatus::Failed && reason.contains("45 of at most 40 tokens"), "{reason}");
        assert_eq!(test.model.requests().len(), 3);
    }

    async fn time_runs_out_while_a_tool_works(db) {
        let tool = FakeTool::new("files__read").blocked();
        let test = TestAgents::answering(looping(1))
            .tool(&tool)
            .budget(|budget| budget.time_max = Duration::from_millis(400))
            .start(&db.store)
            .await;
        let (status, reason) = test.chat("go").await;
        assert!(status == RunStatus::Failed && reason.contains("longer than 400 ms"), "{reason}");
        tool.until_idle().await;
        assert_eq!(test.messages().await.len(), 3, "the call has its result");
    }

    async fn going_round_in_circles_ends_with_a_reason(db) {
        let same = || Answer::calls([("c", "files__read", json!({"path": "a"}))]);
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("nothing new")));
        let test = TestAgents::answering([same(), same(), same(), same()]).tool(&tool).start(&db.store).await;
        let (status, reason) = test.chat("go").await;
        assert!(status == RunStatus::Failed && reason.contains("`files__read` gave the same result 3 times"), "{reason}");
        assert_eq!(tool.calls().len(), 3);
    }

    async fn a_conversation_too_long_is_tried_once_more_with_less(db) {
        let long = "a line of the file\n".repeat(300);
        let tool = FakeTool::new("files__read").gives(move |arguments| Ok(json!([arguments["n"], long])));
        let too_long = || Answer::refuse(ModelError::ContextLength("the conversation is longer than the model can read".into()));
        let mut answers = looping(3);
        answers.extend([too_long(), Answer::text("made it")]);
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        assert_eq!(test.chat("go").await.0, RunStatus::Completed);
        let requests = test.model.requests();
        let lengths = |index: usize| results_in(&requests[index]).iter().map(|result| result.content.len()).collect::<Vec<_>>();
        assert!(lengths(3).iter().all(|&bytes| bytes > 5_000), "{:?}", lengths(3));
        assert!(lengths(4)[0] < 400 && lengths(4)[1] < 400 && lengths(4)[2] > 5_000, "{:?}", lengths(4));
    }

    async fn a_conversation_still_too_long_fails_clearly(db) {
        let too_long = || Answer::refuse(ModelError::ContextLength("the conversation is longer than the model can read".into()));
        let test = TestAgents::answering([too_long(), too_long(), Answer::text("never")]).start(&db.store).await;
        let (status, reason) = test.chat("go").await;
        assert_eq!((status, reason.as_str()), (RunStatus::Failed, "the conversation is longer than the model can read"));
        assert_eq!(test.events.errors()[0].0, "context_length");
        assert_eq!(test.model.left(), 1);
    }

    async fn too_many_turns_at_once_are_refused(db) {
        let answers = (0..octi_domain::limits::RUNS_ACTIVE_MAX).map(|_| Answer::text("late").blocked());
        let test = TestAgents::answering(answers).start(&db.store).await;
        for _ in 0..octi_domain::limits::RUNS_ACTIVE_MAX {
            let session = octi_testkit::people::session(&test.store, &test.ambient, &test.principal).await;
            test.agents.send(&test.principal, session, "go".to_owned(), Default::default()).await.unwrap();
        }
        let refused = test.agents.send(&test.principal, test.session, "one more".to_owned(), Default::default()).await;
        assert_eq!(refused.unwrap_err().code(), "concurrency_limit");
        assert_eq!(test.agents.running(&test.principal).len(), octi_domain::limits::RUNS_ACTIVE_MAX);
        assert_eq!(test.agents.stop_all(&test.principal).await, octi_domain::limits::RUNS_ACTIVE_MAX);
        test.shutdown().await;
    }
}

/// The runtime has one thread, because only such a runtime lets a test move its time.
async fn four_minutes_of_thinking(backend: Backend) {
    let Some(db) = TestDb::open(backend).await else { return };
    let tool = FakeTool::new("files__write").asks_about("path");
    let answers = [Answer::calls([("c1", "files__write", json!({"path": "a"}))]), Answer::text("done")];
    let seconds = |budget: &mut octi_domain::run::Budget| budget.time_max = Duration::from_secs(20);
    let test = TestAgents::answering(answers).tool(&tool).budget(seconds).start(&db.store).await;
    let sent = test.send("write").await;
    let question = test.events.question(1).await;
    // What is under way on the database ends first: its own patience must not run out with the moved time.
    tokio::time::sleep(Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(4 * 60)).await;
    tokio::time::resume();
    test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
    assert_eq!(test.ended(sent.run_id).await, (RunStatus::Completed, String::new()));

    test.agents.flush().await;
    let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
    let stored = calls[0].duration_ms.unwrap();
    let told = test.events.kinds().into_iter().find_map(|kind| match kind {
        EventKind::ToolResult { duration_ms, .. } => Some(duration_ms),
        _ => None,
    });
    assert!(stored < 60_000 && told == u64::try_from(stored).ok(), "the time of the tool, not of the person: {told:?} {stored}");
}

mod how_long_a_person_thinks_is_not_the_turns_time {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        four_minutes_of_thinking(Backend::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        four_minutes_of_thinking(Backend::Postgres).await;
    }
}
