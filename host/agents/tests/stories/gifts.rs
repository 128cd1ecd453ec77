//! Files that tools give, questions that they put to people, and what models write for them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_agents::{Answered, CallOptions, PersonAnswer, Watch};
use octi_domain::event::EventKind;
use octi_domain::form::Form;
use octi_domain::limits;
use octi_domain::message::Role;
use octi_domain::permission::Origin;
use octi_domain::question::{PersonQuestion, QuestionEnd};
use octi_domain::run::RunStatus;
use octi_extension::llm::{Prompt, Stop};
use octi_extension::person::{AskError, Person, Question, Reply};
use octi_extension::tool::{Artifact, CallContext, ToolError, ToolOutput};
use octi_store::ArtifactMeta;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::{on_both, people};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::results_in;

const SECRET: &str = "s3cr3t-value-of-ada";

fn one_call(name: &str) -> [Answer; 2] {
    [Answer::calls([("c1", name, json!({}))]), Answer::text("done")]
}

/// A tool that gives these files.
fn giving(files: &[(&str, &str, &[u8])]) -> FakeTool {
    let files: Vec<(String, String, Vec<u8>)> =
        files.iter().map(|(name, kind, content)| ((*name).to_owned(), (*kind).to_owned(), content.to_vec())).collect();
    FakeTool::new("charts__draw").does(move |context, _| {
        let artifacts = files.iter().enumerate().map(|(index, (name, media_type, content))| Artifact {
            // Ids of their own, which nobody else has.
            id: uuid::Uuid::from_u128(context.call_id.as_uuid().as_u128() ^ (index as u128 + 1)).into(),
            name: name.clone(),
            media_type: media_type.clone(),
            content: content.clone().into(),
        });
        Ok(ToolOutput { artifacts: artifacts.collect(), ..ToolOutput::new(json!({"drawn": true}), None) })
    })
}

fn form() -> Form {
    Form::parse(json!({ "type": "object", "properties": { "count": { "type": "integer" } }, "required": ["count"] })).unwrap()
}

fn question(message: &str, time_max: Duration) -> Question {
    Question { plugin: "acme/tickets".to_owned(), message: message.to_owned(), form: form(), time_max }
}

/// A tool that asks the person, and gives what came of it.
fn asking(message: &'static str, time_max: Duration) -> FakeTool {
    FakeTool::new("tickets__order").awaits(move |context, _| async move {
        let came = match context.person.ask(question(message, time_max)).await {
            Ok(Reply::Given(given)) => Value::Object(given),
            Ok(Reply::Declined) => json!("declined"),
            Ok(Reply::Cancelled) => json!("cancelled"),
            Err(AskError::TimedOut) => json!("timeout"),
            Err(AskError::Nobody(why)) => return Err(ToolError::Unavailable(why)),
        };
        Ok(ToolOutput::new(came, None))
    })
}

async fn asked(test: &TestAgents) -> PersonQuestion {
    test.events
        .wait_for("the question", |kind| match kind {
            EventKind::QuestionAsked(question) => Some((**question).clone()),
            _ => None,
        })
        .await
}

async fn resolved(test: &TestAgents) -> QuestionEnd {
    test.events
        .wait_for("the end of the question", |kind| match kind {
            EventKind::QuestionResolved { end, .. } => Some(*end),
            _ => None,
        })
        .await
}

/// Somebody who answers at once.
struct Quick;

#[async_trait]
impl Person for Quick {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        assert!(!question.message.contains(SECRET), "{question:?}");
        let given = json!({ "count": 7 });
        Ok(given.as_object().cloned().map_or(Reply::Cancelled, Reply::Given))
    }
}

fn watch(person: Option<Arc<dyn Person>>) -> Watch {
    Watch { origin: Origin::Mcp, progress: None, person, llm: None, cancelled: CancellationToken::new() }
}

async fn completed(context: CallContext) -> Result<ToolOutput, ToolError> {
    let prompt = Prompt {
        plugin: "acme/short".to_owned(),
        topic: "summarise".to_owned(),
        system: None,
        messages: vec![(octi_domain::message::Role::User, format!("shorten {SECRET}"))],
        output_max: 100,
        temperature: None,
        time_max: Duration::from_secs(20),
    };
    let given = context.llm.complete(prompt).await.map_err(|error| ToolError::Failed(error.to_string()))?;
    Ok(ToolOutput::new(json!([given.text, given.stop == Stop::Finished, given.input_tokens > 0]), None))
}

on_both! {
    async fn files_of_a_result_are_kept_told_and_named_to_the_model(db) {
        let note = format!("the key is {SECRET}");
        let tool = giving(&[("chart.png", "image/png", b"\x89PNG\xff"), ("note.txt", "text/plain", note.as_bytes())]);
        let test = TestAgents::answering(one_call("charts__draw")).tool(&tool).secret("key", SECRET).start(&db.store).await;
        test.chat("draw").await;

        let shown = &results_in(&test.model.requests()[1])[0];
        let [chart, note] = &shown.files[..] else { panic!("{shown:?}") };
        assert_eq!((chart.name.as_str(), chart.media_type.as_str(), chart.bytes), ("chart.png", "image/png", 5));
        let named = format!("`chart.png` (image/png, 5 bytes, id {})", chart.artifact);
        assert!(shown.content.starts_with(r#"{"drawn":true}"#) && shown.content.contains(&named), "{}", shown.content);

        let mut tx = test.store.read(&test.principal).await.unwrap();
        let kept = tx.artifact_bytes(chart.artifact, 0, limits::ARTIFACT_BYTES_MAX).await.unwrap().unwrap();
        assert_eq!(kept, b"\x89PNG\xff");
        let kept = tx.artifact_bytes(note.artifact, 0, limits::ARTIFACT_BYTES_MAX).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(kept).unwrap(), "the key is [REDACTED_SECRET]");
        drop(tx);

        let told = test.events.wait_for("the result", |kind| match kind {
            EventKind::ToolResult { files, preview, .. } => Some((files.clone(), preview.clone())),
            _ => None,
        }).await;
        assert_eq!(told, (shown.files.clone(), r#"{"drawn":true}"#.to_owned()));
        // The stored conversation says the same to a screen that comes later.
        let parts: Vec<_> = test.messages().await.into_iter().filter(|message| message.role == Role::Tool).collect();
        assert!(format!("{parts:?}").contains("chart.png"), "{parts:?}");
        assert!(!format!("{parts:?}").contains("files that the person sees"), "the names are for the model only: {parts:?}");
    }

    async fn what_a_full_conversation_does_not_take_is_told(db) {
        let test = TestAgents::answering(one_call("charts__draw")).tool(&giving(&[("a.bin", "a/b", b"12345")])).start(&db.store).await;
        let mut tx = test.store.write(&test.principal).await.unwrap();
        for _ in 0..limits::SESSION_FILES_BYTES_MAX / limits::ARTIFACT_BYTES_MAX as i64 {
            let content = vec![0; limits::ARTIFACT_BYTES_MAX];
            let meta = ArtifactMeta {
                id: test.ambient.id(),
                user_id: test.principal.user_id().unwrap(),
                session_id: test.session,
                name: "full".to_owned(),
                media_type: "a/b".to_owned(),
                bytes: 0,
                sha256: String::new(),
                created_at: test.ambient.now(),
            };
            tx.insert_artifact(&meta, &content).await.unwrap();
        }
        tx.save().await.unwrap();
        test.chat("draw").await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(shown.files.is_empty() && !shown.is_error, "{shown:?}");
        assert!(shown.content.contains("were not kept: the conversation is full"), "{}", shown.content);
    }

    async fn a_call_by_hand_has_its_files_with_it_wherever_they_are_kept(db) {
        let test = TestAgents::answering([]).tool(&giving(&[("a.bin", "a/b", b"12345")])).start(&db.store).await;
        let call = |session| {
            let options = CallOptions { session, ..CallOptions::default() };
            test.agents.call_tool(&test.principal, "charts__draw", json!({}), options)
        };
        let loose = call(None).await.unwrap();
        assert_eq!((loose.content.as_str(), &*loose.artifacts[0].content), (r#"{"drawn":true}"#, &b"12345"[..]));
        assert!(loose.lost.is_some_and(|why| why.contains("name a session")), "{loose:?}");
        let kept = call(Some(test.session)).await.unwrap();
        assert_eq!((kept.lost, kept.files().len()), (None, 1));
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert!(tx.artifact(kept.artifacts[0].id).await.unwrap().is_some());
        assert!(tx.artifact(loose.artifacts[0].id).await.unwrap().is_none());
    }

    async fn the_first_fitting_answer_of_the_person_goes_to_the_call(db) {
        let tool = asking("How many? Not s3cr3t-value-of-ada", Duration::from_secs(60));
        let test = TestAgents::answering(one_call("tickets__order")).tool(&tool).secret("key", SECRET);
        // Thinking is not the turn's time.
        let test = test.budget(|budget| budget.time_max = Duration::from_secs(3)).start(&db.store).await;
        test.events.watch(test.session);
        let sent = test.send("order").await;
        let question = asked(&test).await;
        assert_eq!((question.plugin.as_str(), question.tool.as_str()), ("acme/tickets", "tickets__order"));
        assert_eq!(question.message, "How many? Not [REDACTED_SECRET]");
        assert_eq!(test.agents.questions(&test.principal), std::slice::from_ref(&question));
        tokio::time::sleep(Duration::from_millis(3_500)).await;

        let other = people::person(&db.store, &test.ambient, "eve").await;
        let answer = |principal, answer| test.agents.answer_question(principal, question.id, answer);
        assert!(test.agents.questions(&other).is_empty());
        assert_eq!(answer(&other, PersonAnswer::Declined), Answered::Gone);
        let unfit = answer(&test.principal, PersonAnswer::Given(json!({ "count": "many" })));
        assert!(matches!(&unfit, Answered::Unfit(why) if why.contains("`count` must be a whole number")), "{unfit:?}");
        assert_eq!(answer(&test.principal, PersonAnswer::Given(json!({ "count": 2 }))), Answered::Taken);
        assert_eq!(answer(&test.principal, PersonAnswer::Declined), Answered::Gone);

        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        assert_eq!(results_in(&test.model.requests()[1])[0].content, r#"{"count":2}"#);
        assert_eq!(resolved(&test).await, QuestionEnd::Given);
        assert!(test.agents.questions(&test.principal).is_empty());
    }

    async fn nobody_is_asked_where_nobody_is(db) {
        let tool = asking("How many?", Duration::from_secs(60));
        let answers = [one_call("tickets__order"), one_call("tickets__order")].concat();
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        test.chat("order").await;
        let shown = &results_in(&test.model.requests()[1])[0];
        assert!(shown.is_error && shown.content.contains("no screen of the person is connected"), "{}", shown.content);
        test.events.watch(test.session);
        let sent = test.send_unattended("order").await;
        test.ended(sent.run_id).await;
        let told = results_in(&test.model.requests()[3]);
        assert!(told.last().is_some_and(|shown| shown.content.contains("outside of a conversation")), "{told:?}");
    }

    async fn a_question_ends_with_its_time_and_with_its_turn(db) {
        let test = TestAgents::answering(one_call("tickets__order")).tool(&asking("How many?", Duration::from_millis(50)));
        let test = test.start(&db.store).await;
        test.events.watch(test.session);
        test.chat("order").await;
        assert_eq!(results_in(&test.model.requests()[1])[0].content, r#""timeout""#);
        assert_eq!(resolved(&test).await, QuestionEnd::Expired);

        let test = TestAgents::answering(one_call("tickets__order")).tool(&asking("How many?", Duration::from_secs(60)));
        let test = test.start(&db.store).await;
        test.events.watch(test.session);
        let sent = test.send("order").await;
        asked(&test).await;
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        assert_eq!(resolved(&test).await, QuestionEnd::Withdrawn);
        assert!(test.agents.questions(&test.principal).is_empty());
    }

    async fn whoever_makes_a_call_by_hand_can_bring_somebody_to_ask(db) {
        let tool = asking("How many? Not s3cr3t-value-of-ada", Duration::from_secs(60));
        let test = TestAgents::answering([]).tool(&tool).secret("key", SECRET).start(&db.store).await;
        let call = |person| {
            let (name, options) = ("tickets__order", CallOptions::default());
            test.agents.call_tool_watched(&test.principal, name, json!({}), options, watch(person))
        };
        assert_eq!(call(Some(Arc::new(Quick))).await.unwrap().content, r#"{"count":7}"#);
        let alone = call(None).await.unwrap();
        assert!(alone.is_error && alone.code == "unavailable", "{alone:?}");
    }

    async fn a_model_that_writes_for_a_tool_is_paid_by_the_turn_and_hears_no_secret(db) {
        let tool = FakeTool::new("short__make").awaits(|context, _| completed(context));
        let [call, done] = one_call("short__make");
        let written = Answer::text(format!("it was {SECRET}"));
        let test = TestAgents::answering([call, written, done]).tool(&tool).secret("key", SECRET).start(&db.store).await;
        let sent = test.send("shorten").await;
        test.ended(sent.run_id).await;
        let requests = test.model.requests();
        assert_eq!(requests[1].tools.len(), 0, "it calls no tools");
        let asked = format!("{:?}", requests[1]);
        assert!(!asked.contains(SECRET) && asked.contains("shorten [REDACTED_SECRET]"), "{asked}");
        assert_eq!(requests[1].max_output_tokens, Some(100));
        assert_eq!(results_in(&requests[2])[0].content, r#"["it was [REDACTED_SECRET]",true,true]"#);
        test.agents.flush().await;
        let run = test.run(sent.run_id).await;
        let paid = test.store.read(&test.principal).await.unwrap().cost_of_run(sent.run_id).await.unwrap();
        assert_eq!(paid.calls, 3, "{paid:?}");
        assert_eq!(paid.input_tokens + paid.output_tokens, run.usage.total(), "what tools let be written counts: {paid:?}");
    }

    async fn a_turn_ends_when_its_tools_let_too_much_be_written(db) {
        let tool = FakeTool::new("short__make").awaits(|context, _| completed(context));
        let [call, done] = one_call("short__make");
        // Each answer is 15 tokens: the turn's own would leave room for another one.
        let test = TestAgents::answering([call, Answer::text("ok"), done]).tool(&tool).budget(|budget| budget.tokens_max = 20);
        let test = test.start(&db.store).await;
        let (status, reason) = test.chat("shorten").await;
        assert_eq!(status, RunStatus::Failed, "{reason}");
        assert!(reason.contains("tokens"), "{reason}");
    }

    async fn a_call_by_hand_is_paid_by_its_person(db) {
        let tool = FakeTool::new("short__make").awaits(|context, _| completed(context));
        let test = TestAgents::answering([Answer::text("ok")]).tool(&tool).start(&db.store).await;
        let outcome = test.agents.call_tool(&test.principal, "short__make", json!({}), CallOptions::default()).await.unwrap();
        assert_eq!((outcome.content.as_str(), outcome.usage.total() > 0), (r#"["ok",true,true]"#, true));
    }
}
