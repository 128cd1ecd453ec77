//! Plugins that change while a turn runs.

use octi_domain::run::RunStatus;
use octi_extension::tool::ToolSpec;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::{FakeRole, FakeTool};
use octi_testkit::on_both;
use serde_json::json;

use crate::results_in;

fn version(version: &'static str) -> FakeTool {
    let built = |spec: &mut ToolSpec| (spec.plugin_version, spec.digest) = (version.to_owned(), format!("digest of {version}"));
    FakeTool::new("files__read").with(built).gives(move |_| Ok(json!(version)))
}

on_both! {
    async fn a_running_call_ends_on_the_old_one_and_the_next_uses_the_new(db) {
        let old = version("1.0.0").blocked();
        let call = |id| Answer::calls([(id, "files__read", json!({}))]);
        let test = TestAgents::answering([call("c1"), call("c2"), Answer::text("done")]).tool(&old).start(&db.store).await;
        let sent = test.send("go").await;
        old.until_running(1).await;
        test.registry.install(version("2.0.0"));
        old.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let results: Vec<_> = results_in(&test.model.requests()[2]).into_iter().map(|result| result.content).collect();
        assert_eq!(results, [r#""1.0.0""#, r#""2.0.0""#]);
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        let ran: Vec<_> = calls.into_iter().map(|call| (call.plugin_version, call.digest)).collect();
        assert_eq!(ran, ["1.0.0", "2.0.0"].map(|version| (version.to_owned(), Some(format!("digest of {version}")))));
    }

    async fn the_code_that_runs_is_the_code_whose_schema_was_shown(db) {
        let old = version("1.0.0");
        let answer = Answer::calls([("c1", "files__read", json!({}))]).blocked();
        let test = TestAgents::answering([answer, Answer::text("done")]).tool(&old).start(&db.store).await;
        let sent = test.send("go").await;
        test.model.until_blocked(1).await;
        // The model has seen the old schema and is about to call.
        test.registry.install(version("2.0.0"));
        test.model.release();
        test.ended(sent.run_id).await;
        assert_eq!(results_in(&test.model.requests()[1])[0].content, r#""1.0.0""#);
    }

    async fn a_call_of_nothing_is_recorded_without_a_digest_or_a_time(db) {
        let answers = [Answer::calls([("c1", "files__read", json!({}))]), Answer::text("there is none")];
        let test = TestAgents::answering(answers).start(&db.store).await;
        let sent = test.send("go").await;
        test.ended(sent.run_id).await;
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        assert_eq!((calls[0].digest.as_deref(), calls[0].duration_ms, calls[0].outcome.as_deref()), (None, Some(0), Some("unknown_tool")));
    }

    async fn a_removed_tool_and_a_changed_role_show_at_the_next_step(db) {
        let tool = FakeTool::new("files__read").blocked();
        let answers = [Answer::calls([("c1", "files__read", json!({}))]), Answer::text("done")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        let sent = test.send("go").await;
        tool.until_running(1).await;
        test.registry.remove("files__read");
        test.registry.install_role(FakeRole::new("general").prompt("You are new."));
        tool.release();
        test.ended(sent.run_id).await;
        let second = &test.model.requests()[1];
        assert_eq!((second.tools.len(), second.system.as_str()), (0, "You are new."));
    }
}
