//! Tools called by people, through the same dispatch.

use octi_agents::{CallError, CallOptions};
use octi_domain::limits;
use octi_domain::permission::{Level, Rule};
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::people;
use serde_json::json;

on_both! {
    async fn a_call_by_hand_is_checked_like_any_other(db) {
        let tool = FakeTool::new("files__read").takes(json!({"type": "object", "required": ["path"]}));
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        let call = |name: &'static str, arguments| test.agents.call_tool(&test.principal, name, arguments, CallOptions::default());
        let outcome = call("files__read", json!({"path": "a"})).await.unwrap();
        assert_eq!((outcome.content.as_str(), outcome.code), (r#"{"path":"a"}"#, "ok"));
        let outcome = call("files__read", json!({})).await.unwrap();
        assert!(outcome.is_error && outcome.code == "bad_input", "{outcome:?}");
        assert!(matches!(call("files__nothing", json!({})).await, Err(CallError::UnknownTool(_))));
    }

    async fn what_must_be_asked_needs_the_approval_with_the_call(db) {
        let tool = FakeTool::new("files__write").asks_about("path");
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        let call = |approved| {
            let options = CallOptions { approved, ..CallOptions::default() };
            test.agents.call_tool(&test.principal, "files__write", json!({"path": "a"}), options)
        };
        match call(false).await {
            Err(CallError::ApprovalRequired { suggested_rule, .. }) => assert!(suggested_rule.contains("files"), "{suggested_rule}"),
            other => panic!("{other:?}"),
        }
        assert!(tool.calls().is_empty());
        assert!(!call(true).await.unwrap().is_error);
    }

    async fn an_approval_does_not_lift_a_denial(db) {
        let tool = FakeTool::new("files__write").asks_about("path");
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        let rule = Rule {
            id: test.ambient.id(),
            user_id: test.principal.user_id().unwrap(),
            text: "files.write(*)".into(),
            level: Level::Deny,
            session_id: None,
            created_at: test.ambient.now(),
        };
        let mut tx = test.store.write(&test.principal).await.unwrap();
        tx.insert_rule(&rule).await.unwrap();
        tx.save().await.unwrap();
        let options = CallOptions { approved: true, ..CallOptions::default() };
        let refused = test.agents.call_tool(&test.principal, "files__write", json!({"path": "a"}), options).await;
        assert!(matches!(refused, Err(CallError::Denied(_))), "{refused:?}");
        assert!(tool.calls().is_empty());
    }

    async fn a_large_result_is_kept_in_the_session_of_its_owner_only(db) {
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("x".repeat(limits::RESULT_INLINE_BYTES_MAX))));
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        let options = |session| CallOptions { session, ..CallOptions::default() };
        let call = async |who: &_, options| test.agents.call_tool(who, "files__read", json!({}), options).await;
        assert!(call(&test.principal, options(Some(test.session))).await.unwrap().artifact.is_some());
        let without = call(&test.principal, options(None)).await.unwrap();
        assert!(without.artifact.is_none() && without.content.contains("the rest was not kept"));
        let stranger = people::person(&test.store, &test.ambient, "eve").await;
        assert!(call(&stranger, options(Some(test.session))).await.is_err());
    }
}
