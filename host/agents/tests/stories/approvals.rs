//! Questions put to people, and what their answers do.

use octi_agents::AnswerOutcome;
use octi_domain::event::EventKind;
use octi_domain::ids::RunId;
use octi_domain::limits;
use octi_domain::permission::{Answer as Say, Level, RequestStatus};
use octi_domain::run::RunStatus;
use octi_store::Backend;
use octi_testkit::agents::TestAgents;
use octi_testkit::db::TestDb;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, people};
use serde_json::json;

use crate::results_in;

fn writer() -> FakeTool {
    FakeTool::new("files__write").asks_about("path")
}

fn write(id: &str) -> Answer {
    Answer::calls([(id, "files__write", json!({"path": "hello.md"}))])
}

async fn decisions(test: &TestAgents, run: RunId) -> Vec<(String, Option<String>)> {
    test.agents.flush().await;
    let calls = test.store.read(&test.principal).await.unwrap().list_calls(run).await.unwrap();
    calls.into_iter().map(|call| (call.decision, call.outcome)).collect()
}

/// What the audit log of the person tells, the oldest first.
async fn audit(test: &TestAgents) -> Vec<(String, String, serde_json::Value)> {
    let mut rows = test.store.read(&test.principal).await.unwrap().list_audit(None, 100).await.unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.action, row.resource, row.details)).collect()
}

on_both! {
    async fn every_answer_is_in_the_audit_log(db) {
        let ask = |id: &'static str| Answer::calls([(id, "files__write", json!({"path": id}))]);
        let answers = [ask("a"), ask("b"), ask("c"), ask("d"), Answer::text("done")];
        let test = TestAgents::answering(answers).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        let (mut asked, mut rules) = (Vec::new(), Vec::new());
        for (nth, say) in [Say::Once, Say::Deny, Say::Session, Say::Always].into_iter().enumerate() {
            let question = test.events.question(nth + 1).await;
            test.agents.answer(&test.principal, question.id, say).await.unwrap();
            asked.push(format!("permission:{}", question.id));
            rules.push(question.suggested_rule);
        }
        test.ended(sent.run_id).await;
        let rows = audit(&test).await;
        let words: Vec<_> = rows.iter().map(|(action, _, _)| action.as_str()).collect();
        assert_eq!(words, ["permission_granted", "permission_denied", "permission_granted", "rule_set", "permission_granted", "rule_set"]);
        let said: Vec<_> = rows.iter().filter(|(action, _, _)| action.starts_with("permission_")).collect();
        for ((_, resource, details), (id, answer)) in said.iter().zip(asked.iter().zip(["once", "deny", "session", "always"])) {
            assert_eq!((resource, details), (id, &json!({"operation": "files.write", "answer": answer})));
        }
        assert_eq!(rows[3].2, json!({"rule": rules[2], "level": "allow", "session": test.session.to_string()}));
        assert_eq!(rows[5].2, json!({"rule": rules[3], "level": "allow", "session": null}));
    }

    async fn once_runs_this_call_and_asks_again(db) {
        let tool = writer();
        let test = TestAgents::answering([write("c1"), write("c2"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let sent = test.send("write").await;
        for nth in 1..=2 {
            let question = test.events.question(nth).await;
            assert_eq!(question.subject.as_deref(), Some("hello.md"));
            assert_eq!(tool.calls().len(), nth - 1, "nothing runs before the answer");
            let answered = test.agents.answer(&test.principal, question.id, Say::Once).await;
            assert_eq!(answered.unwrap(), AnswerOutcome::Accepted);
        }
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let decisions = decisions(&test, sent.run_id).await;
        assert_eq!(decisions[0], ("approved by the person: once".to_owned(), Some("ok".to_owned())));
        assert!(test.store.read(&test.principal).await.unwrap().list_rules(None).await.unwrap().is_empty());
    }

    async fn always_adds_the_rule_and_is_not_asked_again(db) {
        let tool = writer();
        let test = TestAgents::answering([write("c1"), write("c2"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        test.agents.answer(&test.principal, question.id, Say::Always).await.unwrap();
        test.ended(sent.run_id).await;
        assert_eq!(tool.calls().len(), 2);
        let rules = test.store.read(&test.principal).await.unwrap().list_rules(None).await.unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!((rules[0].text.as_str(), rules[0].level, rules[0].session_id), (question.suggested_rule.as_str(), Level::Allow, None));
        assert!(decisions(&test, sent.run_id).await[1].0.starts_with("allowed: "));
        let questions = test.events.kinds().iter().filter(|kind| matches!(kind, EventKind::PermissionRequested(_))).count();
        assert_eq!(questions, 1);
    }

    async fn session_holds_in_this_session_only(db) {
        let test = TestAgents::answering([write("c1"), write("c2"), Answer::text("done")]).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        test.agents.answer(&test.principal, question.id, Say::Session).await.unwrap();
        test.ended(sent.run_id).await;
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert!(tx.list_rules(None).await.unwrap().is_empty());
        assert_eq!(tx.list_rules(Some(test.session)).await.unwrap()[0].session_id, Some(test.session));
    }

    async fn no_means_no_and_the_model_hears_it(db) {
        let tool = writer();
        let test = TestAgents::answering([write("c1"), Answer::text("as you wish")]).tool(&tool).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        test.agents.answer(&test.principal, question.id, Say::Deny).await.unwrap();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let result = &results_in(&test.model.requests()[1])[0];
        assert!(result.is_error && result.content.contains("said no"), "{}", result.content);
        assert!(tool.calls().is_empty());
        assert_eq!(decisions(&test, sent.run_id).await, [("denied: by the person".to_owned(), Some("denied".to_owned()))]);
    }

    async fn where_nobody_can_be_asked_it_is_refused_with_the_rule_to_add(db) {
        let tool = writer();
        let test = TestAgents::answering([write("c1"), Answer::text("cannot")]).tool(&tool).start(&db.store).await;
        let sent = test.send_unattended("write").await;
        test.ended(sent.run_id).await;
        let result = &results_in(&test.model.requests()[1])[0];
        assert!(result.content.contains("nobody is there to ask") && result.content.contains("add the allow rule"), "{}", result.content);
        assert!(tool.calls().is_empty());
        assert!(!test.events.kinds().iter().any(|kind| matches!(kind, EventKind::PermissionRequested(_))));
    }

    async fn only_the_owner_is_heard_and_only_once(db) {
        let test = TestAgents::answering([write("c1"), Answer::text("done")]).tool(&writer()).start(&db.store).await;
        let stranger = people::person(&test.store, &test.ambient, "eve").await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        assert_eq!(test.agents.answer(&stranger, question.id, Say::Always).await.unwrap(), AnswerOutcome::NotFound);
        assert!(test.store.read(&stranger).await.unwrap().list_rules(None).await.unwrap().is_empty());
        test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
        test.ended(sent.run_id).await;
        let late = test.agents.answer(&test.principal, question.id, Say::Deny).await.unwrap();
        assert_eq!(late, AnswerOutcome::Late(RequestStatus::Answered(Say::Once)));
    }

    async fn several_questions_wait_at_once_and_are_answered_in_any_order(db) {
        let tool = writer();
        let calls = [("c1", "files__write", json!({"path": "a"})), ("c2", "files__write", json!({"path": "b"}))];
        let test = TestAgents::answering([Answer::calls(calls), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let sent = test.send("write both").await;
        let (first, second) = (test.events.question(1).await, test.events.question(2).await);
        // A client that was lost finds both again.
        assert_eq!(test.store.read(&test.principal).await.unwrap().pending_requests().await.unwrap().len(), 2);
        test.agents.answer(&test.principal, second.id, Say::Once).await.unwrap();
        test.agents.answer(&test.principal, first.id, Say::Deny).await.unwrap();
        test.ended(sent.run_id).await;
        assert_eq!(tool.calls(), [json!({ "path": second.subject.unwrap() })]);
    }

    async fn what_did_not_run_is_recorded_and_took_no_time(db) {
        let test = TestAgents::answering([write("c1"), write("c2")]).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        test.agents.answer(&test.principal, question.id, Say::Deny).await.unwrap();
        test.events.question(2).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        test.ended(sent.run_id).await;
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        let ran: Vec<_> = calls.iter().map(|call| (call.outcome.as_deref(), call.duration_ms)).collect();
        assert_eq!(ran, [(Some("denied"), Some(0)), (Some("cancelled"), Some(0))]);
        assert_eq!(calls[1].decision, "undecided: it was cut off before");
    }

    async fn a_stopped_turn_takes_its_question_back(db) {
        let test = TestAgents::answering([write("c1")]).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        assert!(test.agents.stop(&test.principal, sent.run_id).await.unwrap());
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Stopped);
        assert!(test.store.read(&test.principal).await.unwrap().pending_requests().await.unwrap().is_empty());
        let late = test.agents.answer(&test.principal, question.id, Say::Always).await.unwrap();
        assert_eq!(late, AnswerOutcome::Late(RequestStatus::Expired));
        assert!(test.store.read(&test.principal).await.unwrap().list_rules(None).await.unwrap().is_empty());
    }
}

/// The runtime has one thread, because only such a runtime lets a test move its time.
async fn five_minutes_without_an_answer(backend: Backend) {
    let Some(db) = TestDb::open(backend).await else { return };
    let tool = writer();
    let test = TestAgents::answering([write("c1"), Answer::text("nobody there")]).tool(&tool).start(&db.store).await;
    let sent = test.send("write").await;
    let question = test.events.question(1).await;
    assert_eq!((question.expires_at - question.created_at).num_seconds().unsigned_abs(), limits::PERMISSION_SECONDS_MAX);
    // What is under way on the database ends first: its own patience must not run out with the moved time.
    test.agents.flush().await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(limits::PERMISSION_SECONDS_MAX - 1)).await;
    assert!(!test.events.kinds().iter().any(|kind| matches!(kind, EventKind::PermissionResolved { .. })));
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
    let result = &results_in(&test.model.requests()[1])[0];
    assert!(result.content.contains("nobody answered within 5 minutes"), "{}", result.content);
    assert!(tool.calls().is_empty());
    let resolved = EventKind::PermissionResolved { request_id: question.id, answer: None };
    assert!(test.events.kinds().contains(&resolved));
    let late = test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
    assert_eq!(late, AnswerOutcome::Late(RequestStatus::Expired));
    let told = ("permission_expired".to_owned(), format!("permission:{}", question.id), json!({"operation": "files.write"}));
    assert_eq!(audit(&test).await, [told]);
}

mod an_unanswered_question_is_denied_after_five_minutes {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        five_minutes_without_an_answer(Backend::Sqlite).await;
    }

    #[tokio::test]
    async fn postgres() {
        five_minutes_without_an_answer(Backend::Postgres).await;
    }
}

/// A question that nobody can answer any more must not keep its turn, whose clock stands still while it waits.
#[tokio::test]
async fn a_question_goes_with_its_session() {
    let Some(db) = TestDb::open(Backend::Sqlite).await else { return };
    let test = TestAgents::answering([write("c1")]).tool(&writer()).start(&db.store).await;
    let sent = test.send("write").await;
    test.events.question(1).await;
    let mut tx = test.store.write(&test.principal).await.unwrap();
    assert!(tx.delete_session(test.session).await.unwrap());
    tx.save().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(limits::PERMISSION_SECONDS_MAX + 1)).await;
    tokio::time::resume();
    // The five seconds for an answer on its way pass for real.
    assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Failed);
}
