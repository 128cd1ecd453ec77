//! Plugins that a person has no grant for: not offered to their models, and not callable in any way.

use octi_agents::{CallError, CallOptions};
use octi_domain::plugin_access::Whom;
use octi_domain::principal::Principal;
use octi_domain::run::RunStatus;
use octi_store::PluginGrant;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::{FakeSkill, FakeTool};
use octi_testkit::{Answer, on_both};
use serde_json::json;

use crate::results_in;

async fn say(test: &TestAgents, plugin: &str, allowed: bool) {
    let mut tx = test.store.write(&Principal::system("test")).await.unwrap();
    let whom = Whom::Person(test.principal.user_id().unwrap());
    let grant = PluginGrant { plugin: plugin.to_owned(), whom, allowed, set_at: test.ambient.now() };
    tx.put_plugin_grant(&grant).await.unwrap();
    tx.save().await.unwrap();
}

on_both! {
    async fn a_call_by_hand_is_refused_with_the_missing_grant_until_it_is_given(db) {
        let tool = FakeTool::new("files__read");
        let test = TestAgents::answering([]).tool(&tool).start(&db.store).await;
        let plugin = "test/files";
        let call = || test.agents.call_tool(&test.principal, "files__read", json!({}), CallOptions { approved: true, ..Default::default() });
        assert!(!call().await.unwrap().is_error);
        say(&test, plugin, false).await;
        match call().await {
            Err(CallError::Denied(text)) => {
                assert!(text.contains(&format!("`octi plugin allow {plugin} --user NAME`")), "{text}");
            }
            other => panic!("{other:?}"),
        }
        assert!(test.agents.usable_tools(&test.principal).await.unwrap().is_empty());
        assert_eq!(tool.calls().len(), 1);
        say(&test, plugin, true).await;
        assert!(!call().await.unwrap().is_error);
        assert_eq!(test.agents.usable_tools(&test.principal).await.unwrap().len(), 1);
    }

    async fn a_model_is_not_offered_it_and_one_that_calls_it_anyway_reads_why_not(db) {
        let tool = FakeTool::new("files__read");
        let answers = [Answer::calls([("1", "files__read", json!({}))]), Answer::text("Then not.")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        test.registry.install_skill(FakeSkill::new("code-review", "Read the tests first."));
        say(&test, "test/files", false).await;
        say(&test, "test/code-review", false).await;
        let sent = test.send("Do a code review, please").await;
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        let requests = test.model.requests();
        assert!(requests[0].tools.is_empty(), "{:?}", requests[0].tools);
        assert!(!format!("{:?}", requests[0]).contains("# Skills"), "skills of plugins are meant, too");
        let results = results_in(&requests[1]);
        assert!(format!("{results:?}").contains("you have no grant to use the plugin"), "{results:?}");
        assert!(tool.calls().is_empty());
    }
}
