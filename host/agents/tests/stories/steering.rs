//! Talking to a turn that runs.

use octi_domain::message::{Role, plain_text};
use octi_domain::run::RunStatus;
use octi_models::ChatMessage;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use serde_json::json;

on_both! {
    async fn what_is_said_while_tools_run_is_heard_at_the_next_step(db) {
        let tool = FakeTool::new("files__read").blocked();
        let answers = [Answer::calls([("c1", "files__read", json!({}))]), Answer::text("in red then")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        let sent = test.send("paint it blue").await;
        tool.until_running(1).await;
        let steered = test.send("no, red").await;
        assert!(steered.steered && steered.run_id == sent.run_id);
        tool.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let seen = &test.model.requests()[1].messages;
        assert_eq!(seen.last(), Some(&ChatMessage::user("no, red")));
        assert_eq!(seen.len(), 4, "{seen:?}");
        assert_eq!(test.messages().await.iter().filter(|m| m.role == Role::User).count(), 2);
    }

    async fn what_is_said_during_the_last_answer_is_answered_too(db) {
        let test = TestAgents::answering([Answer::text("blue").blocked(), Answer::text("red")]).start(&db.store).await;
        let sent = test.send("a colour?").await;
        test.model.until_blocked(1).await;
        assert!(test.send("another one").await.steered);
        test.model.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        assert_eq!(test.events.answers(), ["red"]);
        let seen: Vec<_> = test.model.requests()[1].messages.iter().map(|m| plain_text(&m.parts)).collect();
        assert_eq!(seen, ["a colour?", "blue", "another one"]);
    }

    async fn what_is_said_just_after_the_end_gets_a_turn_of_its_own(db) {
        let answers = (0..20).map(|n| Answer::text(format!("answer {n}")));
        let test = TestAgents::answering(answers).start(&db.store).await;
        // However the two meet, nothing that is said is lost and every turn ends.
        for pauses in 0..10 {
            let sent = test.send("first").await;
            for _ in 0..pauses * 4 {
                tokio::task::yield_now().await;
            }
            let second = test.send("second").await;
            test.ended(sent.run_id).await;
            test.ended(second.run_id).await;
        }
        assert!(test.agents.running(&test.principal).is_empty());
        for request in test.model.requests() {
            let asked = request.messages.last().map(|message| plain_text(&message.parts)).unwrap();
            assert!(["first", "second"].contains(&asked.as_str()), "the model was asked {asked:?}");
        }
        let users = test.messages().await.into_iter().filter(|m| m.role == Role::User).count();
        assert_eq!(users, 20);
    }

    async fn two_messages_at_once_start_one_turn(db) {
        let test = TestAgents::answering([Answer::text("one").blocked(), Answer::text("two")]).start(&db.store).await;
        let (first, second) = tokio::join!(test.send("a"), test.send("b"));
        assert!(first.steered != second.steered && first.run_id == second.run_id);
        test.model.until_blocked(1).await;
        test.model.release();
        test.ended(first.run_id).await;
    }
}
