//! Hooks: what they see of a call, what they may do to it, and that no call is made without their answer.

use octi_agents::{CallError, CallOptions};
use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_domain::message::ToolResult;
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_extension::hook::{HookAnswer, HookEvent};
use octi_extension::tool::{Containment, ToolError};
use octi_store::ToolCallRow;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::{FakeHook, FakeTool};
use octi_testkit::on_both;
use serde_json::json;

use crate::results_in;

fn shell() -> FakeTool {
    FakeTool::new("shell__run").takes(json!({
        "type": "object",
        "properties": { "command": { "type": "string" } },
        "required": ["command"],
        "additionalProperties": false
    }))
}

fn runs(command: &str) -> Answer {
    Answer::calls([("c1", "shell__run", json!({ "command": command }))])
}

/// Lets the model make its call; what it was told, and the record.
async fn made(test: &TestAgents) -> (ToolResult, ToolCallRow) {
    let sent = test.send("go").await;
    assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
    test.agents.flush().await;
    let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
    (results_in(&test.model.requests()[1]).remove(0), calls[0].clone())
}

fn rewriting(plugin: &str, priority: u16, suffix: &'static str) -> FakeHook {
    FakeHook::new(plugin, |entry| entry.priority = priority).answers(move |_, details| {
        let command = details["arguments"]["command"].as_str().unwrap_or_default();
        Ok(HookAnswer::Rewrite(json!({ "command": format!("{command}{suffix}") })))
    })
}

on_both! {
    async fn a_blocked_call_is_not_made_and_everybody_reads_which_hook_and_why(db) {
        let tool = shell();
        let test = TestAgents::answering([runs("rm -r /"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let hook = FakeHook::new("acme/guard", |entry| entry.tools = vec!["shell.*".into()])
            .answers(|_, _| Ok(HookAnswer::Block(format!("nothing is\n deleted \u{1b}[31mhere{}", "!".repeat(limits::HOOK_REASON_BYTES_MAX)))));
        test.registry.install_hook(hook.clone());
        let (shown, record) = made(&test).await;
        assert!(tool.calls().is_empty() && shown.is_error);
        assert!(shown.content.starts_with("the call was blocked by the hook `acme/guard`: nothing is"), "{}", shown.content);
        assert!(!shown.content.contains('\u{1b}'), "{}", shown.content);
        assert_eq!((record.decision.as_str(), record.outcome.as_deref()), ("blocked: by the hook `acme/guard`", Some("blocked")));
        let told = test.events.kinds().into_iter().find_map(|kind| match kind {
            EventKind::HookBlocked { hook, name, reason, .. } => Some((hook, name, reason)),
            _ => None,
        });
        let (by, name, reason) = told.expect("the person is told");
        assert_eq!((by.as_str(), name.as_str()), ("acme/guard", "shell__run"));
        assert!(reason.starts_with("nothing is") && !reason.contains('\u{1b}'), "{reason}");
        assert_eq!(reason.len(), limits::HOOK_REASON_BYTES_MAX, "cut");
        let (event, details) = hook.told().remove(0);
        assert_eq!((event, &details["tool"], &details["arguments"]), (HookEvent::ToolBefore, &json!("shell.run"), &json!({"command": "rm -r /"})));
        let audit = test.store.read(&test.principal).await.unwrap().list_audit(None, 10).await.unwrap();
        let audit: Vec<_> = audit.iter().map(|row| (row.action.as_str(), row.resource.as_str(), &row.details["operation"])).collect();
        assert_eq!(audit, [("hook_blocked", "plugin:acme/guard", &json!("shell.run"))]);
    }

    async fn without_an_answer_no_call_is_made(db) {
        for (error, says) in [
            (ToolError::Contained(Containment::Trap), "it crashed"),
            (ToolError::Contained(Containment::Time { ms_max: 1_000 }), "it took longer than 1000 ms"),
            (ToolError::Contained(Containment::Removed), "it was removed meanwhile"),
            (ToolError::Contained(Containment::Quota), "it was stopped (quota)"),
            (ToolError::Unavailable("it is quarantined for 60 seconds".into()), "it is quarantined for 60 seconds"),
            (ToolError::Failed("the list of rules cannot be read".into()), "the list of rules cannot be read"),
        ] {
            let tool = shell();
            let test = TestAgents::answering([runs("ls"), Answer::text("done")]).tool(&tool).start(&db.store).await;
            test.registry.install_hook(FakeHook::new("acme/guard", |_| {}).answers(move |_, _| Err(error.clone())));
            let (shown, record) = made(&test).await;
            assert!(tool.calls().is_empty() && shown.is_error, "{says}");
            let expected = format!("the call was not made, because the hook `acme/guard` has to agree and gave no answer: {says}");
            assert_eq!((shown.content, record.outcome.as_deref()), (expected, Some("hook_failed")));
        }
    }

    async fn what_a_person_approves_is_what_the_hook_made_of_it_and_what_runs(db) {
        let tool = shell().asks_about("command");
        let test = TestAgents::answering([runs("rm x"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        test.registry.install_hook(rewriting("acme/careful", 1, " -i"));
        let sent = test.send("go").await;
        let question = test.events.question(1).await;
        assert_eq!((question.subject.as_deref(), &question.arguments), (Some("rm x -i"), &json!({ "command": "rm x -i" })));
        assert!(question.reason.ends_with("; its arguments were rewritten by the hook `acme/careful`"), "{}", question.reason);
        test.agents.answer(&test.principal, question.id, Say::Once).await.unwrap();
        test.ended(sent.run_id).await;
        assert_eq!(tool.calls(), [json!({ "command": "rm x -i" })]);
        test.agents.flush().await;
        let record = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap().remove(0);
        assert_eq!(record.arguments, json!({ "command": "rm x -i" }));
        assert_eq!(record.decision, "approved by the person: once; its arguments were rewritten by the hook `acme/careful`");
        let told = test.events.kinds().into_iter().any(|kind| {
            matches!(kind, EventKind::HookRewrote { arguments, .. } if arguments == json!({ "command": "rm x -i" }))
        });
        assert!(told, "the person sees what was made of it");
    }

    async fn hooks_are_asked_by_priority_and_name_and_each_sees_what_those_before_made(db) {
        let tool = shell();
        let test = TestAgents::answering([runs("a"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        for (plugin, priority, suffix) in [("acme/z", 2, "4"), ("acme/b", 1, "3"), ("acme/a", 1, "2"), ("acme/y", 0, "1")] {
            test.registry.install_hook(rewriting(plugin, priority, suffix));
        }
        let elsewhere = FakeHook::new("acme/elsewhere", |entry| entry.tools = vec!["files.*".into()]);
        test.registry.install_hook(elsewhere.clone());
        let (shown, record) = made(&test).await;
        assert_eq!(shown.content, r#"{"command":"a1234"}"#);
        assert!(record.decision.ends_with("by the hook `acme/y` and `acme/a` and `acme/b` and `acme/z`"), "{}", record.decision);
        assert!(elsewhere.told().is_empty());
    }

    async fn arguments_that_the_tool_does_not_take_are_nobodys_to_run(db) {
        for arguments in [json!({ "cmd": "ls" }), json!([]), json!({ "command": "x".repeat(limits::ARGUMENTS_BYTES_MAX) })] {
            let tool = shell();
            let test = TestAgents::answering([runs("ls"), Answer::text("done")]).tool(&tool).start(&db.store).await;
            let hook = FakeHook::new("acme/clumsy", |_| {}).answers(move |_, _| Ok(HookAnswer::Rewrite(arguments.clone())));
            test.registry.install_hook(hook);
            let (shown, record) = made(&test).await;
            assert!(tool.calls().is_empty() && shown.is_error);
            assert!(shown.content.contains("`acme/clumsy`") && shown.content.contains("what the tool does not take"), "{}", shown.content);
            assert_eq!(record.outcome.as_deref(), Some("hook_failed"));
        }
    }

    async fn a_hook_never_sees_the_value_of_a_secret_and_cannot_put_one_into_a_call(db) {
        const VALUE: &str = "s3cr3t-value-of-ada";
        let tool = shell();
        let events = |entry: &mut octi_extension::hook::HookEntry| entry.events = vec![HookEvent::ToolBefore, HookEvent::ToolAfter, HookEvent::Message];
        let hook = FakeHook::new("acme/curious", events).answers(|_, _| {
            Ok(HookAnswer::Rewrite(json!({ "command": "echo {{secret:key}}" })))
        });
        let answers = [runs(&format!("echo {VALUE}")), Answer::text("done")];
        let test = TestAgents::answering(answers).secret("key", VALUE).tool(&tool).start(&db.store).await;
        test.registry.install_hook(hook.clone());
        let sent = test.send(&format!("my key is {VALUE}")).await;
        test.ended(sent.run_id).await;
        test.agents.flush().await;
        let told = hook.told();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(!format!("{told:?}").contains(VALUE), "{told:?}");
        assert!(tool.calls().is_empty(), "the tool has no grant for the secret, whoever writes its name");
    }

    async fn a_call_by_hand_is_watched_too(db) {
        let tool = shell();
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        test.registry.install_hook(FakeHook::new("acme/guard", |_| {}).answers(|_, _| Ok(HookAnswer::Block("not now".into()))));
        let options = CallOptions { approved: true, ..CallOptions::default() };
        let refused = test.agents.call_tool(&test.principal, "shell__run", json!({ "command": "ls" }), options).await;
        assert!(matches!(&refused, Err(CallError::Denied(text)) if text.ends_with("`acme/guard`: not now")), "{refused:?}");
        assert!(tool.calls().is_empty());
    }

    async fn what_has_happened_is_told_bounded_and_a_hook_that_fails_then_breaks_nothing(db) {
        let tool = shell().gives(|_| Ok(json!("done")));
        let test = TestAgents::answering([runs("ls"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let all = vec![HookEvent::ToolAfter, HookEvent::SessionStarted, HookEvent::Message, HookEvent::TurnEnded];
        let hook = FakeHook::new("acme/log", |entry| entry.events = all.clone())
            .answers(|_, _| Err(ToolError::Contained(Containment::Trap)));
        let blocking = FakeHook::new("acme/late", |entry| entry.events = all.clone())
            .answers(|_, _| Ok(HookAnswer::Block("too late".into())));
        test.registry.install_hook(hook.clone());
        test.registry.install_hook(blocking);
        let (shown, record) = made(&test).await;
        assert_eq!((shown.is_error, record.outcome.as_deref()), (false, Some("ok")));
        let told = hook.told();
        let events: Vec<HookEvent> = told.iter().map(|(event, _)| *event).collect();
        assert_eq!(events, [HookEvent::SessionStarted, HookEvent::Message, HookEvent::ToolAfter, HookEvent::TurnEnded]);
        assert_eq!((&told[1].1["text"], &told[3].1["status"]), (&json!("go"), &json!("completed")));
        let after = &told[2].1;
        assert_eq!((&after["tool"], &after["code"], &after["is_error"]), (&json!("shell.run"), &json!("ok"), &json!(false)));
        assert_eq!(after["content"].as_str().map(str::len), Some(6));
        test.chat(&"é".repeat(limits::HOOK_TEXT_BYTES_MAX)).await;
        test.agents.flush().await;
        let said = hook.told().into_iter().rfind(|(event, _)| *event == HookEvent::Message).expect("it is told").1;
        assert_eq!(said["text"].as_str().map(str::len), Some(limits::HOOK_TEXT_BYTES_MAX), "cut");
        assert_eq!(hook.told().iter().filter(|(event, _)| *event == HookEvent::SessionStarted).count(), 1, "it began once");
    }

    async fn hooks_that_answer_late_have_a_bound_together(db) {
        let tool = shell();
        let test = TestAgents::answering([runs("ls"), Answer::text("done")]).tool(&tool).start(&db.store).await;
        test.registry.install_hook(FakeHook::new("acme/silent", |_| {}).silent());
        let (shown, _) = made(&test).await;
        let says = format!("it took longer than {} ms", limits::HOOKS_MS_MAX);
        assert!(tool.calls().is_empty() && shown.content.ends_with(&says), "{}", shown.content);
    }
}
