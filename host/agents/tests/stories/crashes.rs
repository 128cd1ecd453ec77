//! A host that goes away in the middle, and the one that comes after.

use octi_domain::event::EventKind;
use octi_domain::message::Part;
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, ScriptedModel};
use serde_json::json;

use crate::results_in;

on_both! {
    async fn a_turn_cut_off_in_a_tool_is_whole_interrupted_and_can_be_continued(db) {
        let (quick, slow) = (FakeTool::new("a__quick"), FakeTool::new("b__slow").blocked());
        let calls = [("c1", "a__quick", json!({})), ("c2", "b__slow", json!({}))];
        let first = TestAgents::answering([Answer::calls(calls)]).tool(&quick).tool(&slow).start(&db.store).await;
        let sent = first.send("go").await;
        slow.until_running(1).await;
        // The quick result is stored before the crash.
        while first.messages().await.len() < 3 {
            tokio::task::yield_now().await;
        }

        // The next host knows nothing but the database. The first one is left hanging, as a killed one is.
        let next = first.next_host(ScriptedModel::new([Answer::text("recovered")]));
        assert_eq!(next.agents.recover().await.unwrap(), [sent.run_id]);
        assert_eq!(next.events.ended(sent.run_id).await.0, RunStatus::Interrupted);
        let run = next.run(sent.run_id).await;
        assert!(run.status == RunStatus::Interrupted && run.reason.unwrap().contains("can be continued"));

        let again = next.agents.continue_run(&next.principal, next.session).await.unwrap();
        assert_eq!(next.ended(again).await.0, RunStatus::Completed);
        let results = results_in(&next.model.requests()[0]);
        assert_eq!((results[0].call_id.as_str(), results[0].is_error), ("c1", false));
        assert!(results[1].call_id == "c2" && results[1].content.starts_with("interrupted"), "{results:?}");
        let stored = next.messages().await;
        assert!(stored.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "no gap");
    }

    async fn a_turn_cut_off_in_its_answer_goes_on(db) {
        let first = TestAgents::answering([Answer::text("never said").blocked()]).start(&db.store).await;
        first.send("a long story").await;
        first.model.until_blocked(1).await;
        let next = first.next_host(ScriptedModel::new([Answer::text("the story")]));
        next.agents.recover().await.unwrap();
        let again = next.agents.continue_run(&next.principal, next.session).await.unwrap();
        next.ended(again).await;
        assert_eq!(next.events.answers(), ["the story"]);
    }

    async fn after_recovery_a_new_message_simply_works(db) {
        let first = TestAgents::answering([Answer::text("never").blocked()]).start(&db.store).await;
        first.send("one").await;
        first.model.until_blocked(1).await;
        let next = first.next_host(ScriptedModel::new([Answer::text("hello")]));
        // Before recovery the session belongs to the process that runs it.
        let busy = next.agents.send(&next.principal, next.session, "two".to_owned(), Default::default()).await.unwrap_err();
        assert_eq!(busy.code(), "session_busy");
        next.agents.recover().await.unwrap();
        assert_eq!(next.chat("two").await.0, RunStatus::Completed);
        let asked = &next.model.requests()[0].messages;
        assert_eq!(asked.iter().filter(|m| matches!(m.parts[0], Part::Text(_))).count(), 2, "{asked:?}");
    }

    async fn questions_of_a_lost_host_are_closed(db) {
        let tool = FakeTool::new("files__write").asks_about("path");
        let answers = [Answer::calls([("c1", "files__write", json!({"path": "a"}))])];
        let first = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        first.send("write").await;
        let question = first.events.question(1).await;
        let next = first.next_host(ScriptedModel::new([]));
        next.agents.recover().await.unwrap();
        assert!(next.store.read(&next.principal).await.unwrap().pending_requests().await.unwrap().is_empty());
        let resolved = EventKind::PermissionResolved { request_id: question.id, answer: None };
        assert!(next.events.kinds().contains(&resolved));
        let late = next.agents.answer(&next.principal, question.id, Say::Once).await.unwrap();
        assert!(matches!(late, octi_agents::AnswerOutcome::Late(_)));
    }

    async fn recovering_when_nothing_was_lost_does_nothing(db) {
        let test = TestAgents::answering([Answer::text("hi")]).start(&db.store).await;
        test.chat("hello").await;
        assert!(test.next_host(ScriptedModel::new([])).agents.recover().await.unwrap().is_empty());
    }
}
