//! The reference server of the Model Context Protocol.

use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_testkit::agents::TestAgents;
use octi_testkit::{Answer, on_both};
use serde_json::json;

use crate::host::{Host, everything, everything_stdio};

on_both! {
    async fn an_agent_finds_a_tool_is_asked_about_it_by_name_and_uses_it(db) {
        let Some(program) = everything() else { return };
        let host = Host::start();
        host.add("everything", everything_stdio(&program));
        let sum = json!({"server": "everything", "tool": "get-sum", "arguments": {"a": 2, "b": 40}});
        let answers = [
            Answer::calls([("c1", "mcp__list_tools", json!({"server": "everything", "tool": "get-sum"}))]),
            Answer::calls([("c2", "mcp__call_tool", sum.clone())]),
            Answer::calls([("c3", "mcp__call_tool", sum)]),
            Answer::text("it is 42"),
        ];
        let test = TestAgents::answering(answers).registry(host.registry.clone()).start(&db.store).await;
        let sent = test.send("what is 2 + 40?").await;

        let question = test.events.question(1).await;
        assert_eq!((question.tool.as_str(), question.operation.as_str()), ("mcp", "everything.get-sum"));
        assert_eq!(question.arguments, json!({"a": 2, "b": 40}), "the person sees what the tool gets");
        assert_eq!(question.suggested_rule, "mcp.everything.get-sum");
        test.agents.answer(&test.principal, question.id, Say::Always).await.unwrap();

        let (status, _) = test.ended(sent.run_id).await;
        assert_eq!((status, test.events.answers()), (RunStatus::Completed, vec!["it is 42".to_owned()]), "the new rule is obeyed");
        test.agents.flush().await;
        let calls = test.store.read(&test.principal).await.unwrap().list_calls(sent.run_id).await.unwrap();
        let told: Vec<_> = calls.iter().map(|call| (call.plugin.as_str(), call.decision.as_str())).collect();
        assert_eq!(told, [
            ("octi/mcp", "allowed: `mcp__list_tools` is allowed unless a rule says otherwise"),
            ("mcp/everything", "approved by the person: always"),
            ("mcp/everything", "allowed: your rule `mcp.everything.get-sum` allows it"),
        ]);
        assert_eq!(calls[1].arguments["arguments"], json!({"a": 2, "b": 40}));
        let results = crate::results(&test).await;
        assert!(results[0].contains("inputSchema") && results[0].contains("\"a\""), "{results:?}");
        assert!(results[1].contains("42") && results[2].contains("42"), "{results:?}");
        host.hub.shutdown().await;
    }
}
