//! A host that goes away in an orderly way.

use std::time::Duration;

use octi_domain::run::RunStatus;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, ScriptedModel};
use serde_json::json;

on_both! {
    async fn turns_may_end_within_the_grace_and_the_record_is_written(db) {
        let tool = FakeTool::new("files__read").blocked();
        let answers = [Answer::calls([("c1", "files__read", json!({}))]), Answer::text("just in time")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        let sent = test.send("go").await;
        tool.until_running(1).await;
        tokio::join!(test.agents.shutdown(Duration::from_secs(20)), async { tool.release() });
        assert_eq!(test.run(sent.run_id).await.status, RunStatus::Completed);
        let mut tx = test.store.read(&test.principal).await.unwrap();
        let calls = tx.list_calls(sent.run_id).await.unwrap();
        assert_eq!(calls[0].outcome.as_deref(), Some("ok"), "nothing waits in the queue any more");
        assert_eq!(tx.cost_of_run(sent.run_id).await.unwrap().calls, 2);
    }

    async fn a_turn_that_takes_longer_is_interrupted_and_continued_later(db) {
        let test = TestAgents::answering([Answer::text("never").blocked()]).start(&db.store).await;
        let sent = test.send("go").await;
        test.model.until_blocked(1).await;
        test.agents.shutdown(Duration::from_millis(20)).await;
        let run = test.run(sent.run_id).await;
        assert!(run.status == RunStatus::Interrupted && run.reason.unwrap().contains("shut down"));
        let refused = test.agents.send(&test.principal, test.session, "more".to_owned(), Default::default()).await;
        assert_eq!(refused.unwrap_err().code(), "shutting_down");

        let next = test.next_host(ScriptedModel::new([Answer::text("here it is")]));
        let again = next.agents.continue_run(&next.principal, next.session).await.unwrap();
        assert_eq!(next.ended(again).await.0, RunStatus::Completed);
    }

    async fn more_records_than_the_queue_holds_are_all_written(db) {
        let tool = FakeTool::new("files__read");
        let steps = (0..10).map(|step| {
            let ids: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
            Answer::calls(ids.iter().map(|id| (id.as_str(), "files__read", json!({ "id": id, "step": step }))).collect::<Vec<_>>())
        });
        let test = TestAgents::answering(steps.chain([Answer::text("done")])).tool(&tool).start(&db.store).await;
        let sent = test.send("go").await;
        test.ended(sent.run_id).await;
        test.shutdown().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        assert_eq!(calls.len(), 400);
        assert!(calls.iter().all(|call| call.outcome.as_deref() == Some("ok")));
    }
}
