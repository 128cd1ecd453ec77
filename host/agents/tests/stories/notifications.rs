//! What people are told of while they look elsewhere.

use octi_domain::event::{EventKind, ReadNotifications};
use octi_domain::limits;
use octi_domain::notification::{Notification, NotificationKind, NotificationPreferences};
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_models::scripted::ScriptedModel;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::{Answer, on_both};
use serde_json::json;

fn writer() -> FakeTool {
    FakeTool::new("files__write").asks_about("path")
}

fn write(path: &str) -> Answer {
    Answer::calls([("c1", "files__write", json!({ "path": path }))])
}

/// What is stored, newest first.
async fn stored(test: &TestAgents) -> Vec<Notification> {
    test.agents.flush().await;
    let user = test.principal.user_id().unwrap();
    test.store.read(&test.principal).await.unwrap().list_notifications(user, false, None, 100).await.unwrap()
}

async fn prefer(test: &TestAgents, preferences: NotificationPreferences) {
    let mut tx = test.store.write(&test.principal).await.unwrap();
    tx.put_notification_preferences(test.principal.user_id().unwrap(), preferences).await.unwrap();
    tx.save().await.unwrap();
}

on_both! {
    async fn a_turn_that_ends_while_nobody_looks_is_told_once(db) {
        let test = TestAgents::answering([Answer::text("All *three*\n\nare ready.")]).start(&db.store).await;
        let sent = test.send("make three plans").await;
        test.ended(sent.run_id).await;
        let stored = stored(&test).await;
        assert_eq!(test.events.notifications(), stored);
        let [told] = stored.as_slice() else { panic!("{stored:?}") };
        assert_eq!((told.kind, told.read_at), (NotificationKind::AgentCompleted, None));
        assert_eq!((told.session_id, told.run_id), (Some(test.session), Some(sent.run_id)));
        assert!(told.title.starts_with("Done: "), "{}", told.title);
        assert_eq!(told.body, "All *three* are ready.");
    }

    async fn whoever_sees_the_answer_come_is_not_told_of_it_but_of_a_failure(db) {
        let test = TestAgents::answering([Answer::text("done")]).start(&db.store).await;
        test.events.watch(test.session);
        assert_eq!(test.chat("hi").await.0, RunStatus::Completed);
        assert!(stored(&test).await.is_empty());
        // The script is at its end.
        let (status, reason) = test.chat("and now?").await;
        assert_eq!(status, RunStatus::Failed);
        let [told] = <[_; 1]>::try_from(stored(&test).await).unwrap();
        assert_eq!(told.kind, NotificationKind::AgentFailed);
        assert!(told.title.starts_with("Failed: ") && told.body == reason, "{told:?}");
    }

    async fn a_stopped_turn_is_no_news(db) {
        let test = TestAgents::answering([write("a.md")]).tool(&writer()).start(&db.store).await;
        prefer(&test, NotificationPreferences { permission_request: false, ..Default::default() }).await;
        let sent = test.send("write").await;
        test.events.question(1).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Stopped);
        assert!(stored(&test).await.is_empty());
    }

    async fn a_question_is_told_and_its_answer_reads_it(db) {
        let test = TestAgents::answering([write("hello.md"), Answer::text("done")]).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        let [told] = <[_; 1]>::try_from(stored(&test).await).unwrap();
        assert_eq!((told.kind, told.request_id), (NotificationKind::PermissionRequest, Some(question.id)));
        assert_eq!((told.title.as_str(), told.body.as_str()), ("`files write` waits for you", "hello.md"));
        assert_eq!(told.read_at, None);
        test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
        test.ended(sent.run_id).await;
        let [done, read] = <[_; 2]>::try_from(stored(&test).await).unwrap();
        assert_eq!((done.kind, done.read_at), (NotificationKind::AgentCompleted, None));
        assert_eq!(read.id, told.id);
        assert!(read.read_at.is_some());
        let event = EventKind::NotificationRead(ReadNotifications::These(vec![told.id]));
        assert_eq!(test.events.kinds().iter().filter(|kind| **kind == event).count(), 1);
    }

    async fn a_question_that_is_taken_back_is_read_as_well(db) {
        let test = TestAgents::answering([write("hello.md")]).tool(&writer()).start(&db.store).await;
        let sent = test.send("write").await;
        test.events.question(1).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        test.ended(sent.run_id).await;
        let [read] = <[_; 1]>::try_from(stored(&test).await).unwrap();
        assert!(read.kind == NotificationKind::PermissionRequest && read.read_at.is_some(), "{read:?}");
    }

    async fn what_a_person_does_not_want_is_not_told(db) {
        let test = TestAgents::answering([write("a.md"), Answer::text("done")]).tool(&writer()).start(&db.store).await;
        let nothing = NotificationPreferences { agent_completed: false, agent_failed: false, permission_request: false };
        prefer(&test, nothing).await;
        let sent = test.send("write").await;
        let question = test.events.question(1).await;
        test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
        test.ended(sent.run_id).await;
        assert_eq!(test.chat("and now?").await.0, RunStatus::Failed);
        assert!(stored(&test).await.is_empty());
        assert!(test.events.notifications().is_empty());
    }

    async fn a_secret_does_not_land_in_what_is_told(db) {
        let answer = format!("{} correct horse battery {}", "Noted.\u{1b}[2J", "x".repeat(limits::NOTIFICATION_BODY_BYTES_MAX));
        let test = TestAgents::answering([Answer::text(&answer)]).secret("key", "correct horse battery").start(&db.store).await;
        test.chat("the key is correct horse battery, keep it").await;
        let [told] = <[_; 1]>::try_from(stored(&test).await).unwrap();
        assert!(!format!("{told:?}").contains("horse"), "{told:?}");
        assert!(told.body.starts_with("Noted. [REDACTED_SECRET] xxx") && told.body.len() <= limits::NOTIFICATION_BODY_BYTES_MAX);
        assert!(told.title.contains("[REDACTED_SECRET]") && told.title.len() <= limits::NOTIFICATION_TITLE_BYTES_MAX);
    }

    async fn what_a_crash_cut_off_is_told_at_the_next_start_without_the_title(db) {
        let test = TestAgents::answering([write("a.md")]).tool(&writer()).start(&db.store).await;
        test.send("write down my key").await;
        test.events.question(1).await;
        test.agents.flush().await;
        let next = test.next_host(ScriptedModel::new([]));
        next.agents.recover().await.unwrap();
        let found = stored(&next).await;
        let told = found.iter().find(|one| one.kind == NotificationKind::AgentFailed).unwrap();
        assert_eq!(told.title, "A turn was interrupted");
        assert!(told.body.contains("it can be continued"), "{}", told.body);
        let question = found.iter().find(|one| one.kind == NotificationKind::PermissionRequest);
        assert!(question.is_none_or(|question| question.read_at.is_some()), "{question:?}");
    }
}
