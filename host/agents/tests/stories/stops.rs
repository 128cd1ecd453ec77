//! Stopping, at every moment.

use octi_domain::event::EventKind;
use octi_domain::message::{Part, plain_text};
use octi_domain::run::RunStatus;
use octi_models::{ChatEvent, Finish};
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, Step, people};
use serde_json::json;

on_both! {
    async fn a_stop_in_the_middle_of_an_answer_keeps_its_beginning(db) {
        let answer = Answer::steps([
            Step::Event(ChatEvent::Text("The first half".into())),
            Step::Block,
            Step::Event(ChatEvent::Text(" and the second".into())),
            Step::Event(ChatEvent::End(Finish::Stop)),
        ]);
        let test = TestAgents::answering([answer]).start(&db.store).await;
        let sent = test.send("tell").await;
        test.model.until_blocked(1).await;
        assert!(test.agents.stop(&test.principal, sent.run_id).await.unwrap());
        assert_eq!(test.ended(sent.run_id).await, (RunStatus::Stopped, "you stopped it".to_owned()));
        assert_eq!(plain_text(&test.messages().await[1].parts), "The first half");
        let run = test.run(sent.run_id).await;
        assert!(run.usage.estimated && run.usage.output_tokens > 0 && run.ended_at.is_some(), "{run:?}");
        assert!(!test.agents.stop(&test.principal, sent.run_id).await.unwrap(), "it runs no more");
    }

    async fn a_stop_in_the_middle_of_tools_ends_them_and_answers_every_call(db) {
        let (quick, slow) = (FakeTool::new("a__quick"), FakeTool::new("b__slow").blocked());
        let calls = [("c1", "a__quick", json!({})), ("c2", "b__slow", json!({}))];
        let test = TestAgents::answering([Answer::calls(calls), Answer::text("never")]).tool(&quick).tool(&slow).start(&db.store).await;
        let sent = test.send("go").await;
        slow.until_running(1).await;
        test.events.wait_for("the quick result", |kind| matches!(kind, EventKind::ToolResult { .. }).then_some(())).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Stopped);
        slow.until_idle().await;

        let messages = test.messages().await;
        let results: Vec<_> = messages.iter().flat_map(|m| &m.parts).filter_map(|part| match part {
            Part::ToolResult(result) => Some((result.call_id.as_str(), result.is_error)),
            _ => None,
        }).collect();
        assert_eq!(results, [("c1", false), ("c2", true)]);
        let told = test.events.kinds().into_iter().filter(|kind| matches!(kind, EventKind::ToolResult { .. })).count();
        assert_eq!(told, 2, "people see that the call ended");
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        let outcomes: Vec<_> = calls.iter().map(|call| call.outcome.as_deref().unwrap_or("none")).collect();
        assert!(outcomes.contains(&"ok") && outcomes.contains(&"cancelled"), "{outcomes:?}");
        assert_eq!(test.model.requests().len(), 1);
    }

    async fn nobody_stops_the_turn_of_another(db) {
        let test = TestAgents::answering([Answer::text("done").blocked()]).start(&db.store).await;
        let stranger = people::person(&test.store, &test.ambient, "eve").await;
        let sent = test.send("go").await;
        test.model.until_blocked(1).await;
        assert!(!test.agents.stop(&stranger, sent.run_id).await.unwrap());
        assert_eq!(test.agents.stop_all(&stranger).await, 0);
        assert!(test.agents.running(&stranger).is_empty());
        assert_eq!(test.agents.running(&test.principal), [sent.run_id]);
        test.model.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
    }

    async fn a_stopped_turn_can_be_continued_and_a_completed_one_cannot(db) {
        let test = TestAgents::answering([Answer::text("one").blocked(), Answer::text("two")]).start(&db.store).await;
        let sent = test.send("count").await;
        test.model.until_blocked(1).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        test.ended(sent.run_id).await;
        let again = test.agents.continue_run(&test.principal, test.session).await.unwrap();
        assert_eq!(test.ended(again).await.0, RunStatus::Completed);
        assert_eq!(test.events.answers(), ["two"]);
        let refused = test.agents.continue_run(&test.principal, test.session).await.unwrap_err();
        assert_eq!(refused.code(), "nothing_to_continue");
    }
}
