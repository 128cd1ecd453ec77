//! Secrets in calls: the tool gets the placeholder, nobody gets the value.

use octi_agents::CallOptions;
use octi_domain::message::ToolResult;
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_testkit::Answer;
use octi_testkit::agents::{TestAgents, TestAgentsBuilder};
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::people;
use serde_json::{Value, json};

use crate::results_in;

const VALUE: &str = "s3cr3t-value-of-ada";

fn calling(arguments: Value) -> TestAgentsBuilder {
    let answers = [Answer::calls([("c1", "weather__forecast", arguments)]), Answer::text("done")];
    TestAgents::answering(answers).secret("weather_key", VALUE)
}

/// Lets the model make its call; gives what it was told, and what the record says of the decision.
async fn told(test: &TestAgents) -> (ToolResult, String) {
    let sent = test.send("how is the weather").await;
    assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
    test.agents.flush().await;
    let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
    let everything = format!("{calls:?} {:?} {:?}", test.events.kinds(), test.model.requests().last());
    assert!(!everything.contains(VALUE), "{everything}");
    (results_in(&test.model.requests()[1]).remove(0), calls[0].decision.clone())
}

on_both! {
    async fn a_placeholder_goes_to_the_tool_as_it_is(db) {
        let tool = FakeTool::new("weather__forecast").may_use("weather_key");
        let arguments = json!({ "headers": [{ "x-api-key": "{{secret:weather_key}}" }], "note": "Bearer {{secret:weather_key}}!" });
        let test = calling(arguments.clone()).tool(&tool).start(&db.store).await;
        let (shown, decision) = told(&test).await;
        assert_eq!(tool.calls(), std::slice::from_ref(&arguments));
        assert!(!shown.is_error && arguments == shown.content.parse::<serde_json::Value>().expect("JSON"), "{}", shown.content);
        assert!(decision.starts_with("allowed"), "{decision}");
        let used = test.store.read(&test.principal).await.unwrap().list_audit(None, 10).await.unwrap();
        let used: Vec<_> = used.iter().map(|row| (row.action.as_str(), row.resource.as_str(), &row.details["plugin"])).collect();
        assert_eq!(used, [("secret_used", "secret:user/weather_key", &json!("test/weather"))], "once, however often it is named");
    }

    async fn a_missing_secret_is_named_with_the_way_to_add_it(db) {
        let tool = FakeTool::new("weather__forecast").may_use("other_key");
        let test = calling(json!({ "deep": [[{ "key": "a{{secret:other_key}}" }]] })).tool(&tool).start(&db.store).await;
        let (shown, decision) = told(&test).await;
        assert!(shown.is_error && tool.calls().is_empty());
        assert_eq!(shown.content, "there is no secret `other_key`: ask the person to add it with `octi secret set other_key`");
        assert_eq!(decision, "refused: the secret is not there");
        assert!(test.store.read(&test.principal).await.unwrap().list_audit(None, 10).await.unwrap().is_empty());
    }

    async fn somebody_elses_secret_is_a_missing_one(db) {
        let tool = FakeTool::new("weather__forecast").may_use("eves_key");
        let test = calling(json!({ "key": "{{secret:eves_key}}" })).tool(&tool).start(&db.store).await;
        let eve = people::person(&test.store, &test.ambient, "eve").await;
        people::secret(&test.store, &test.ambient, &eve, "eves_key").await;
        let (shown, _) = told(&test).await;
        assert!(shown.content.starts_with("there is no secret `eves_key`"), "{}", shown.content);
    }

    async fn a_plugin_without_the_grant_does_not_learn_which_secrets_there_are(db) {
        let mut told_of = Vec::new();
        for name in ["weather_key", "nothing_key"] {
            let tool = FakeTool::new("weather__forecast").may_use("another");
            let test = calling(json!({ "key": format!("{{{{secret:{name}}}}}") })).tool(&tool).start(&db.store).await;
            let (shown, decision) = told(&test).await;
            assert!(shown.is_error && tool.calls().is_empty());
            assert_eq!(decision, "denied: the plugin may not use this secret");
            told_of.push(shown.content.replace(name, "NAME"));
        }
        assert_eq!(told_of[0], "plugin `test/weather` has no grant for the secret `NAME`");
        assert_eq!(told_of[0], told_of[1]);
    }

    async fn a_value_in_the_arguments_is_refused_in_every_form(db) {
        let hex: Vec<String> = VALUE.bytes().map(|byte| format!("{byte:02x}")).collect();
        for arguments in [
            json!({ "key": VALUE }),
            json!({ "deep": [{ "key": format!("Bearer {VALUE}") }] }),
            json!({ VALUE: "as a name" }),
            json!({ "key": hex.join(":") }),
            json!({ "a": "s3cr3t-val", "b": "ue-of-ada" }),
        ] {
            let tool = FakeTool::new("weather__forecast").may_use("weather_key");
            let test = calling(arguments).tool(&tool).start(&db.store).await;
            let sent = test.send("how is the weather").await;
            test.ended(sent.run_id).await;
            let shown = results_in(&test.model.requests()[1]).remove(0);
            assert!(shown.is_error && tool.calls().is_empty());
            assert_eq!(
                shown.content,
                "the arguments hold the value of the secret `weather_key`: write `{{secret:weather_key}}` instead, and octi puts the value in"
            );
            test.agents.flush().await;
            let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
            assert!(!format!("{calls:?}").contains(VALUE), "{calls:?}");
            assert_eq!(calls[0].decision, "refused: a secret stands in the arguments");
        }
    }

    async fn what_is_asked_about_a_call_holds_no_secret(db) {
        let tool = FakeTool::new("weather__forecast").asks_about("place");
        let arguments = json!({ "place": format!("here?key={VALUE}") });
        let test = calling(arguments).tool(&tool).start(&db.store).await;
        let by_hand = json!({ "place": VALUE });
        let refused = test.agents.call_tool(&test.principal, "weather__forecast", by_hand, CallOptions::default()).await;
        assert!(!format!("{refused:?}").contains(VALUE) && refused.is_err(), "{refused:?}");
        let sent = test.send("how is the weather").await;
        let asked = test.events.question(1).await;
        let kept = test.store.read(&test.principal).await.unwrap().permission_request(asked.id).await.unwrap().unwrap();
        assert!(!format!("{asked:?} {kept:?}").contains(VALUE), "{asked:?} {kept:?}");
        test.agents.answer(&test.principal, asked.id, Say::Once).await.unwrap();
        test.ended(sent.run_id).await;
        assert!(tool.calls().is_empty(), "an approval does not lift the refusal");
    }
}
