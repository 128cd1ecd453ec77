//! Answers, tools, and what the model is asked.

use octi_domain::event::EventKind;
use octi_domain::message::{Role, plain_text};
use octi_domain::run::RunStatus;
use octi_models::{ChatMessage, ModelError};
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::{FakeRole, FakeTool};
use octi_testkit::on_both;
use octi_testkit::{Answer, ScriptedModel};
use serde_json::json;

use crate::results_in;

on_both! {
    async fn a_question_is_answered_and_everything_is_kept(db) {
        let test = TestAgents::answering([Answer::text("Hello, Ada.")]).start(&db.store).await;
        let sent = test.send("Hello\nyou").await;
        assert_eq!(test.ended(sent.run_id).await, (RunStatus::Completed, String::new()));

        let request = &test.model.requests()[0];
        assert_eq!(request.system, "You are general.");
        assert_eq!(request.messages, [ChatMessage::user("Hello\nyou")]);

        let messages = test.messages().await;
        let said: Vec<_> = messages.iter().map(|m| (m.seq, m.role, plain_text(&m.parts))).collect();
        assert_eq!(said, [(1, Role::User, "Hello\nyou".to_owned()), (2, Role::Assistant, "Hello, Ada.".to_owned())]);
        assert_eq!(messages[0].id, sent.message_id);

        let run = test.run(sent.run_id).await;
        assert_eq!((run.status, run.iterations, run.usage.total()), (RunStatus::Completed, 1, 15));
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert_eq!(tx.session(test.session).await.unwrap().unwrap().title.as_deref(), Some("Hello"));
    }

    async fn events_tell_the_story_in_order(db) {
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!("text of a")));
        let answers = [Answer::calls([("c1", "files__read", json!({"path": "a"}))]), Answer::text("It says: text of a")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        test.chat("read a").await;
        let words: Vec<_> = test.events.kinds().iter().map(|kind| match kind {
            EventKind::ChatMessage { role, .. } => role.as_str(),
            EventKind::AgentSpawned { .. } => "spawned",
            EventKind::AgentIteration { .. } => "iteration",
            EventKind::ToolInvoked { .. } => "invoked",
            EventKind::ToolResult { is_error: false, .. } => "result",
            EventKind::ChatDelta { .. } => "delta",
            EventKind::ChatResponse { .. } => "response",
            EventKind::AgentEnded { .. } => "ended",
            other => panic!("{other:?}"),
        }).collect();
        assert_eq!(words, ["user", "spawned", "iteration", "invoked", "result", "iteration", "delta", "response", "ended"]);
        let events = test.events.all();
        assert!(events.iter().all(|event| Some(event.user_id) == test.principal.user_id()));
    }

    async fn the_model_sees_the_result_beside_its_call(db) {
        let tool = FakeTool::new("files__read").gives(|_| Ok(json!({"text": "hello"})));
        let answers = [Answer::calls([("c1", "files__read", json!({"path": "a"}))]), Answer::text("done")];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        test.chat("read a").await;
        let requests = test.model.requests();
        assert_eq!(requests[0].tools[0].name, "files__read");
        let results = results_in(&requests[1]);
        assert_eq!((results[0].call_id.as_str(), results[0].content.as_str()), ("c1", r#"{"text":"hello"}"#));
        assert_eq!(tool.calls(), [json!({"path": "a"})]);
    }

    async fn a_schema_error_goes_back_and_is_corrected(db) {
        let tool = FakeTool::new("files__read").takes(json!({
            "type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"], "additionalProperties": false
        }));
        let answers = [
            Answer::calls([("c1", "files__read", json!({"file": "a"}))]),
            Answer::calls([("c2", "files__read", json!({"path": "a"}))]),
            Answer::text("done"),
        ];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        assert_eq!(test.chat("read a").await.0, RunStatus::Completed);
        let requests = test.model.requests();
        let told = &results_in(&requests[1])[0];
        assert!(told.is_error && told.content.contains("\"path\" is a required property"), "{}", told.content);
        assert!(told.content.contains("valid: `path`: string (required)"), "{}", told.content);
        assert_eq!(tool.calls(), [json!({"path": "a"})], "the wrong call never ran");
    }

    async fn reads_run_side_by_side_and_writes_of_one_path_in_order(db) {
        let read = FakeTool::new("files__read").with(|spec| spec.subject = Some("path".into())).blocked();
        let write = FakeTool::new("files__write").asks_about("path").with(|spec| {
            spec.permission = octi_domain::permission::Level::Allow;
        });
        let calls = [
            ("c1", "files__read", json!({"path": "a"})),
            ("c2", "files__read", json!({"path": "b"})),
            ("c3", "files__write", json!({"path": "w", "n": 1})),
            ("c4", "files__write", json!({"path": "w", "n": 2})),
        ];
        let test = TestAgents::answering([Answer::calls(calls), Answer::text("done")]).tool(&read).tool(&write).start(&db.store).await;
        let sent = test.send("go").await;
        read.until_running(2).await;
        read.release();
        read.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        assert_eq!((read.most_at_once(), write.most_at_once()), (2, 1));
        let order: Vec<_> = write.calls().iter().map(|arguments| arguments["n"].clone()).collect();
        assert_eq!(order, [json!(1), json!(2)]);
        let ids: Vec<_> = results_in(&test.model.requests()[1]).into_iter().map(|result| result.call_id).collect();
        assert_eq!(ids, ["c1", "c2", "c3", "c4"]);
    }

    async fn at_most_eight_calls_run_at_once(db) {
        let tool = FakeTool::new("files__read").blocked();
        let ids: Vec<String> = (0..12).map(|n| format!("c{n}")).collect();
        let calls = ids.iter().map(|id| (id.as_str(), "files__read", json!({ "id": id })));
        let test = TestAgents::answering([Answer::calls(calls), Answer::text("done")]).tool(&tool).start(&db.store).await;
        let sent = test.send("go").await;
        tool.until_running(octi_domain::limits::RUN_PARALLEL_CALLS_MAX).await;
        (0..12).for_each(|_| tool.release());
        test.ended(sent.run_id).await;
        assert_eq!(tool.most_at_once(), octi_domain::limits::RUN_PARALLEL_CALLS_MAX);
        assert_eq!(tool.calls().len(), 12);
    }

    async fn a_role_sees_only_its_own_tools(db) {
        let (mine, other) = (FakeTool::new("files__read"), FakeTool::new("shell__run"));
        let answers = [Answer::calls([("c1", "shell__run", json!({})), ("c2", "nothing__here", json!({}))]), Answer::text("done")];
        let test = TestAgents::answering(answers)
            .tool(&mine)
            .tool(&other)
            .role(FakeRole::new("general").tools(&["files"]))
            .start(&db.store)
            .await;
        test.chat("go").await;
        let requests = test.model.requests();
        assert_eq!(requests[0].tools.len(), 1);
        let results = results_in(&requests[1]);
        assert!(results[0].content.contains("may not use `shell`"), "{}", results[0].content);
        assert!(results[1].content.contains("the tools are: `files__read`"), "{}", results[1].content);
        assert!(other.calls().is_empty());
    }

    async fn a_small_model_gets_the_short_prompt_and_one_without_tools_gets_none(db) {
        let model = ScriptedModel::new([Answer::text("hi")]).with_info(|info| {
            info.context_window = Some(4_096);
            info.supports_tools = false;
        });
        let test = TestAgents::on(model).tool(&FakeTool::new("files__read")).start(&db.store).await;
        test.chat("hello").await;
        let request = &test.model.requests()[0];
        assert_eq!((request.system.as_str(), request.tools.len()), ("Be brief.", 0));
    }

    async fn a_broken_prompt_says_what_it_may_use(db) {
        let role = FakeRole::new("general").prompt("{{ secrets }}");
        let test = TestAgents::answering([]).role(role).start(&db.store).await;
        let (status, reason) = test.chat("hello").await;
        assert!(status == RunStatus::Failed && reason.contains("it may use `role`"), "{reason}");
        assert_eq!(test.events.errors()[0].0, "role_broken");
    }

    async fn what_a_model_says_when_it_fails_reaches_the_person(db) {
        let wrong_key = ModelError::Auth("the key was refused: set it with `octi model add`".into());
        let test = TestAgents::answering([Answer::refuse(wrong_key)]).start(&db.store).await;
        let (status, reason) = test.chat("hello").await;
        assert_eq!((status, reason.as_str()), (RunStatus::Failed, "the key was refused: set it with `octi model add`"));
        assert_eq!(test.events.errors(), [("auth", reason)]);
        assert_eq!(test.messages().await.len(), 1, "the question is kept");
    }

    async fn an_answer_that_breaks_off_keeps_what_was_said(db) {
        use octi_models::ChatEvent;
        let half = Answer::events([ChatEvent::Text("half an ans".into())]);
        let test = TestAgents::answering([half]).start(&db.store).await;
        let (status, reason) = test.chat("hello").await;
        assert!(status == RunStatus::Failed && reason.contains("broke off"), "{reason}");
        assert_eq!(plain_text(&test.messages().await[1].parts), "half an ans");
    }

    async fn an_unknown_model_is_refused_before_anything_is_kept(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        let options = octi_agents::TurnOptions { model: Some("gpt-99".into()), ..Default::default() };
        let refused = test.agents.send(&test.principal, test.session, "hello".to_owned(), options).await;
        assert!(refused.unwrap_err().to_string().contains("`octi model list`"));
        assert!(test.messages().await.is_empty());
    }

    async fn strangers_empty_and_endless_messages_are_refused(db) {
        let test = TestAgents::answering([]).start(&db.store).await;
        let stranger = octi_testkit::people::person(&test.store, &test.ambient, "eve").await;
        let send = async |who: &_, text: String| {
            test.agents.send(who, test.session, text, Default::default()).await.unwrap_err().code()
        };
        assert_eq!(send(&stranger, "hello".into()).await, "session_not_found");
        assert_eq!(send(&test.principal, " \n".into()).await, "message_empty");
        let endless = "x".repeat(octi_domain::limits::MESSAGE_BYTES_MAX + 1);
        assert_eq!(send(&test.principal, endless).await, "message_too_long");
        assert_eq!(send(&octi_domain::principal::Principal::system("test"), "hello".into()).await, "no_person");
        assert!(test.model.requests().is_empty());
    }

    async fn every_model_call_leaves_its_cost(db) {
        use octi_models::ChatEvent;
        let model = ScriptedModel::new([
            Answer::calls([("c1", "files__read", json!({}))]),
            Answer::events([ChatEvent::Retried(2), ChatEvent::Text("not counted".into()), ChatEvent::End(octi_models::Finish::Stop)]),
        ])
        .with_info(|info| (info.price_in, info.price_out) = (Some(1.0), Some(2.0)));
        let test = TestAgents::on(model).tool(&FakeTool::new("files__read")).start(&db.store).await;
        let sent = test.send("go").await;
        test.ended(sent.run_id).await;
        test.agents.flush().await;
        let sum = test.store.read(&test.principal).await.unwrap().cost_of_run(sent.run_id).await.unwrap();
        assert_eq!((sum.calls, sum.estimated_calls, sum.unpriced_calls, sum.retries), (2, 1, 0, 2));
        assert!(sum.input_tokens > 10 && sum.cost_usd.unwrap() > 0.0, "{sum:?}");
        assert!(test.run(sent.run_id).await.usage.estimated);
    }

    async fn tokens_that_were_counted_are_not_called_estimated_because_the_price_is_unknown(db) {
        use octi_domain::run::Usage;
        use octi_models::ChatEvent;
        let usage = Usage { input_tokens: 70, output_tokens: 7, estimated: false };
        let end = ChatEvent::End(octi_models::Finish::Stop);
        let counted = Answer::events([ChatEvent::Text("so".into()), ChatEvent::Usage(usage), end.clone()]);
        let uncounted = Answer::events([ChatEvent::Text("so".into()), end]);
        let model = ScriptedModel::new([counted, uncounted]).with_info(|info| (info.price_in, info.price_out) = (None, None));
        let test = TestAgents::on(model).start(&db.store).await;
        test.chat("one").await;
        test.agents.flush().await;
        let sum = async || test.store.read(&test.principal).await.unwrap().cost_of_session(test.session).await.unwrap();
        let of = |sum: octi_store::CostSum| (sum.calls, sum.unpriced_calls, sum.estimated_calls, sum.cost_usd);
        assert_eq!(of(sum().await), (1, 1, 0, None));
        test.chat("two").await;
        test.agents.flush().await;
        assert_eq!(of(sum().await), (2, 2, 1, None));
    }

    async fn a_failure_after_usage_leaves_its_cost_and_one_before_leaves_none(db) {
        use octi_domain::run::Usage;
        use octi_models::ChatEvent;
        use octi_testkit::Step;
        let usage = Usage { input_tokens: 70, output_tokens: 7, estimated: false };
        let late = Answer::steps([Step::Event(ChatEvent::Usage(usage)), Step::Fail(ModelError::Overloaded("busy".into()))]);
        let test = TestAgents::answering([late, Answer::refuse(ModelError::Auth("no".into()))]).start(&db.store).await;
        test.chat("one").await;
        test.events.wait_for("the end", |kind| matches!(kind, EventKind::AgentEnded { .. }).then_some(())).await;
        let second = test.send("two").await;
        test.ended(second.run_id).await;
        test.agents.flush().await;
        let sum = test.store.read(&test.principal).await.unwrap().cost_of_session(test.session).await.unwrap();
        assert_eq!((sum.calls, sum.input_tokens, sum.output_tokens), (1, 70, 7));
    }
}
