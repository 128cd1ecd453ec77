//! What becomes of results: large ones, secret ones, wrong ones.

use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_domain::run::RunStatus;
use octi_extension::tool::{ToolError, ToolOutput};
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use serde_json::{Value, json};

use crate::results_in;

fn one_call() -> [Answer; 2] {
    [Answer::calls([("c1", "files__read", json!({"path": "a"}))]), Answer::text("done")]
}

on_both! {
    async fn a_large_result_becomes_an_artifact_with_a_preview(db) {
        let whole = "é line\n".repeat(5_000);
        let content = whole.clone();
        let tool = FakeTool::new("files__read").gives(move |_| Ok(json!(content)));
        let test = TestAgents::answering(one_call()).tool(&tool).start(&db.store).await;
        test.chat("read").await;

        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(shown.content.len() <= limits::RESULT_INLINE_BYTES_MAX, "{}", shown.content.len());
        let shown_json: Value = serde_json::from_str(&shown.content).unwrap();
        let artifact = shown.artifact.unwrap();
        assert_eq!(shown_json["artifact"], artifact.to_string());

        let mut tx = test.store.read(&test.principal).await.unwrap();
        let meta = tx.artifact(artifact).await.unwrap().unwrap();
        assert_eq!((meta.name.as_str(), meta.session_id), ("files__read.json", test.session));
        let bytes = tx.artifact_bytes(artifact, 0, limits::ARTIFACT_BYTES_MAX).await.unwrap().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), json!(whole));
        let told = test.events.wait_for("the result", |kind| match kind {
            EventKind::ToolResult { artifact, preview, .. } => Some((*artifact, preview.len())),
            _ => None,
        }).await;
        assert!(told.0 == Some(artifact) && told.1 <= 2_048, "{told:?}");
    }

    async fn a_result_as_large_as_an_artifact_is_kept_whole(db) {
        // The quotes of JSON count too.
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("x".repeat(limits::ARTIFACT_BYTES_MAX - 2))));
        let test = TestAgents::answering(one_call()).tool(&tool).start(&db.store).await;
        test.chat("read").await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(!shown.is_error && shown.content.len() <= limits::RESULT_INLINE_BYTES_MAX, "{}", shown.content.len());
        let mut tx = test.store.read(&test.principal).await.unwrap();
        let meta = tx.artifact(shown.artifact.unwrap()).await.unwrap().unwrap();
        assert_eq!(meta.bytes, limits::ARTIFACT_BYTES_MAX as i64);
    }

    async fn a_result_beyond_every_bound_is_an_error(db) {
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("x".repeat(limits::ARTIFACT_BYTES_MAX))));
        let test = TestAgents::answering(one_call()).tool(&tool).start(&db.store).await;
        test.chat("read").await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(shown.is_error && shown.content.contains("returned more than"), "{}", shown.content);
    }

    async fn secrets_never_reach_the_model_the_person_or_the_record(db) {
        let secret = "s3cr3t-value-of-ada";
        let tool = FakeTool::new("files__read").does(move |context, _| {
            context.progress.progress(None, format!("reading\u{202e} with {secret}"));
            Ok(ToolOutput::new(json!({"env": [format!("KEY={secret}")]}), Some(format!("found \u{1b}[31m{secret}"))))
        });
        let test = TestAgents::answering(one_call()).tool(&tool).secret("key", secret).start(&db.store).await;
        let sent = test.send("read").await;
        test.ended(sent.run_id).await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert_eq!(shown.content, r#"{"env":["KEY=[REDACTED_SECRET]"]}"#);
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        assert!(!format!("{calls:?}").contains(secret), "{calls:?}");
        let told = format!("{:?}", test.events.kinds());
        assert!(!told.contains(secret) && !told.contains("[31m") && told.contains("reading with [REDACTED"), "{told}");
    }

    /// A value that is broken up by what nobody sees is whole again once that is taken away.
    async fn what_hides_inside_a_secret_does_not_hide_it(db) {
        let hidden = ["s3cr3t\u{1b}[31m-of-ada", "s3cr3t\u{9b}0;1m-of-ada", "s3cr3t\u{200e}-of-ada", "s3cr3t\u{e0041}-of-ada"];
        for text in hidden {
            for fails in [true, false] {
                let tool = FakeTool::new("files__read").does(move |context, _| {
                    context.progress.progress(None, text.to_owned());
                    let output = ToolOutput::new(json!({ "out": text, text: 1 }), Some(text.to_owned()));
                    if fails { Err(ToolError::Failed(text.to_owned())) } else { Ok(output) }
                });
                let test = TestAgents::answering(one_call()).tool(&tool).secret("key", "s3cr3t-of-ada").start(&db.store).await;
                test.chat("read").await;
                let shown = &results_in(&test.model.requests()[1])[0];
                let everything = format!("{} {:?}", shown.content, test.events.kinds());
                assert!(shown.content.contains("[REDACTED_SECRET]") && !everything.contains("of-ada"), "{text:?}: {everything}");
            }
        }
    }

    async fn a_long_error_is_cut_after_its_secrets_are_gone(db) {
        let secret = "s3cr3t-value-of-ada";
        let text = format!("{} {secret}", "x".repeat(limits::PLUGIN_TEXT_BYTES_MAX - 10));
        let tool = FakeTool::new("files__read").gives(move |_| Err(ToolError::Failed(text.clone())));
        let test = TestAgents::answering(one_call()).tool(&tool).secret("key", secret).start(&db.store).await;
        test.chat("read").await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert_eq!(shown.content.len(), limits::PLUGIN_TEXT_BYTES_MAX);
        assert!(!shown.content.contains("s3c"), "{}", shown.content);
    }

    async fn errors_are_told_by_who_can_act(db) {
        let tool = FakeTool::new("files__read").gives(|arguments| Err(match arguments["path"].as_str() {
            Some("a") => ToolError::NeedsUser("sign in to the calendar first".into()),
            _ => ToolError::Failed("there is no file `b`".into()),
        }));
        let calls = [("c1", "files__read", json!({"path": "a"})), ("c2", "files__read", json!({"path": "b"}))];
        let test = TestAgents::answering([Answer::calls(calls), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let sent = test.send("read").await;
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let shown = results_in(&test.model.requests()[1]);
        assert!(shown.iter().all(|result| result.is_error));
        assert_eq!(shown[0].content, "sign in to the calendar first");
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        let mut outcomes: Vec<_> = calls.iter().filter_map(|call| call.outcome.clone()).collect();
        outcomes.sort();
        assert_eq!(outcomes, ["failed", "needs_user"]);
    }

    async fn a_panicking_tool_harms_only_its_call(db) {
        let tool = FakeTool::new("files__read").gives(|_| panic!("a bug"));
        let test = TestAgents::answering(one_call()).tool(&tool).start(&db.store).await;
        assert_eq!(test.chat("read").await.0, RunStatus::Completed);
        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(shown.is_error && shown.content.contains("a bug in octi"), "{}", shown.content);
    }

    async fn a_context_tells_the_tool_who_calls(db) {
        let tool = FakeTool::new("files__read").does(|context, _| {
            let user = context.principal.user_id().map(|id| id.to_string()).unwrap_or_default();
            let place = context.workspace.ends_with(format!("{user}/workspaces/default/files")) && context.within.is_empty();
            Ok(ToolOutput::new(json!([place, context.session_id.is_some(), context.run_id.is_some()]), None))
        });
        let test = TestAgents::answering(one_call()).tool(&tool).start(&db.store).await;
        test.chat("read").await;
        assert_eq!(results_in(&test.model.requests()[1])[0].content, "[true,true,true]");
    }
}
