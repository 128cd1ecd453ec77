//! Questions beside a conversation.

use octi_agents::AgentsError;
use octi_domain::event::EventKind;
use octi_domain::ids::MessageId;
use octi_domain::limits;
use octi_domain::message::{Part, Role, plain_text};
use octi_domain::run::RunStatus;
use octi_models::cost::estimate_request;
use octi_models::{ChatMessage, ChatRequest, ModelError};
use octi_store::CostSum;
use octi_testkit::agents::TestAgents;
use octi_testkit::fakes::FakeTool;
use octi_testkit::on_both;
use octi_testkit::{Answer, ScriptedModel};
use serde_json::json;

use crate::tell;

async fn ask(test: &TestAgents, question: &str) -> Result<MessageId, AgentsError> {
    test.agents.interject(&test.principal, test.session, question.to_owned()).await
}

/// What a question was answered, by whom.
async fn answered(test: &TestAgents, question: MessageId) -> (Role, String) {
    test.events
        .wait_for("the answer", |kind| match kind {
            EventKind::SideMessage { role, text, answers, .. } if *answers == Some(question) => Some((*role, text.clone())),
            _ => None,
        })
        .await
}

async fn told(test: &TestAgents, question: &str) -> (Role, String) {
    let question = ask(test, question).await.expect("it is asked");
    answered(test, question).await
}

async fn costs(test: &TestAgents) -> CostSum {
    test.agents.flush().await;
    let mut tx = test.store.read(&test.principal).await.unwrap();
    tx.cost_of_session(test.session).await.unwrap()
}

fn texts(request: &ChatRequest) -> Vec<String> {
    request.messages.iter().map(|message| plain_text(&message.parts)).collect()
}

fn assistant(text: &str) -> (Role, String) {
    (Role::Assistant, text.to_owned())
}

on_both! {
    async fn a_question_beside_a_turn_is_answered_and_the_turn_goes_on_untouched(db) {
        let answers = [Answer::text("blue").blocked(), Answer::text("The sky is."), Answer::text("red")];
        let test = TestAgents::answering(answers).tool(&FakeTool::new("files__read")).start(&db.store).await;
        let sent = test.send("a colour?").await;
        test.model.until_blocked(1).await;
        let question = ask(&test, "what is blue?").await.unwrap();
        assert_eq!(answered(&test, question).await, assistant("The sky is."));
        let asked = test.events.kinds().into_iter().find_map(|kind| match kind {
            EventKind::SideMessage { message_id, role: Role::User, text, answers: None } => Some((message_id, text)),
            _ => None,
        });
        assert_eq!(asked, Some((question, "what is blue?".to_owned())));

        let request = &test.model.requests()[1];
        assert_eq!(request.messages, [ChatMessage::user("a colour?"), ChatMessage::user("what is blue?")]);
        assert!(request.tools.is_empty() && request.system.contains("asks you a question beside it"), "{request:?}");
        assert_eq!(request.max_output_tokens, Some(limits::SIDE_ANSWER_TOKENS_MAX));

        test.model.release();
        assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
        assert_eq!(test.events.answers(), ["blue"]);
        assert_eq!(test.run(sent.run_id).await.usage.total(), 15, "the turn used what it used");
        test.chat("another").await;
        assert_eq!(texts(&test.model.requests()[2]), ["a colour?", "blue", "another"], "no turn hears of it");
        assert_eq!(test.messages().await.len(), 4, "and it is stored nowhere");
        assert_eq!(costs(&test).await.calls, 3, "but it is paid for");
        let mut tx = test.store.read(&test.principal).await.unwrap();
        assert_eq!(tx.cost_of_run(sent.run_id).await.unwrap().calls, 1);
    }

    async fn what_tools_do_is_told_in_words(db) {
        let tool = FakeTool::new("files__read").blocked();
        let answers = [
            Answer::calls([("c1", "files__read", json!({"path": "a"}))]),
            Answer::calls([("c2", "files__read", json!({"path": "b"}))]),
            Answer::text("It reads b."),
        ];
        let test = TestAgents::answering(answers).tool(&tool).start(&db.store).await;
        let sent = test.send("read both").await;
        tool.until_running(1).await;
        tool.release();
        while test.model.requests().len() < 2 {
            tokio::task::yield_now().await;
        }
        tool.until_running(1).await;
        while test.messages().await.len() < 4 {
            tokio::task::yield_now().await;
        }
        assert_eq!(told(&test, "what does it do?").await, assistant("It reads b."));
        assert_eq!(texts(&test.model.requests()[2]), [
            "read both",
            "[called the tool `files__read` with {\"path\":\"a\"}]",
            "[the tool `files__read` answered: {\"path\":\"a\"}]",
            "[called the tool `files__read` with {\"path\":\"b\"}]",
            "[the tool `files__read` gave no result yet: it still runs, or octi stopped before it answered]",
            "what does it do?",
        ]);
        test.agents.stop(&test.principal, sent.run_id).await.unwrap();
        test.ended(sent.run_id).await;
    }

    async fn a_question_needs_no_turn_and_sees_the_files_and_nothing_from_before_a_clearing(db) {
        let test = TestAgents::answering([Answer::text("Hello."), Answer::text("It greets."), Answer::text("Nothing.")])
            .start(&db.store).await;
        assert_eq!(told(&test, "are you there?").await, assistant("Hello."));
        assert_eq!(texts(&test.model.requests()[0]), ["are you there?"]);
        let kept = test.agents.attach(&test.principal, test.session, ("a.txt", Some("text/plain")), b"hello").await.unwrap();
        let file = octi_domain::message::Attachment {
            artifact: kept.id, name: kept.name, media_type: kept.media_type, bytes: 5,
        };
        tell(&test, [(Role::User, vec![Part::Attachment(file), Part::Text("look".into())])]).await;
        told(&test, "what is in it?").await;
        assert_eq!(&*test.model.requests()[1].files[&kept.id], b"hello");
        test.agents.clear_context(&test.principal, test.session).await.unwrap();
        told(&test, "what was said?").await;
        assert_eq!(texts(&test.model.requests()[2]), ["what was said?"]);
    }

    async fn why_there_is_no_answer_is_told_in_its_place(db) {
        let key = "s3cr3t-value-of-ada";
        let answers = [
            Answer::refuse(ModelError::Overloaded(format!("busy with {key}"))),
            Answer::refuse(ModelError::ContextLength("too long".into())),
            Answer::text(format!("It is {key}.")),
            Answer::text(" "),
        ];
        let test = TestAgents::answering(answers).secret("key", key).start(&db.store).await;
        let (role, text) = told(&test, "one").await;
        assert!(role == Role::System && text.contains("busy with [REDACTED_SECRET]"), "{text}");
        assert_eq!(told(&test, "two").await, assistant("It is [REDACTED_SECRET]."), "and a smaller request was enough");
        let (role, text) = told(&test, "three").await;
        assert_eq!((role, text.as_str()), (Role::System, "the model answered nothing: ask again or use another model"));
        assert_eq!(test.model.left(), 0);
    }

    async fn what_is_asked_and_answered_is_bounded(db) {
        let long = Answer::text("x".repeat(limits::SIDE_ANSWER_BYTES_MAX + 1));
        let model = ScriptedModel::new([long]).with_info(|info| info.max_output = Some(1_000));
        let test = TestAgents::on(model).start(&db.store).await;
        let words = "word ".repeat(limits::SIDE_PART_BYTES_MAX);
        tell(&test, (0..60).map(|n| (if n % 2 == 0 { Role::User } else { Role::Assistant }, vec![Part::Text(words.clone())]))).await;
        let (_, answer) = told(&test, &"?".repeat(limits::SIDE_QUESTION_BYTES_MAX)).await;
        assert!(answer.len() < limits::SIDE_ANSWER_BYTES_MAX + 200 && answer.contains("was cut here"), "{}", answer.len());
        let request = &test.model.requests()[0];
        assert!(request.messages.len() > 2, "{}", request.messages.len());
        assert!(estimate_request(request) + 1_000 <= limits::SIDE_CONTEXT_TOKENS_MAX.into());
        assert_eq!(request.max_output_tokens, Some(1_000), "the model gives no more");

        let code = |refused: Result<MessageId, AgentsError>| refused.unwrap_err().code();
        assert_eq!(code(ask(&test, &"?".repeat(limits::SIDE_QUESTION_BYTES_MAX + 1)).await), "question_too_long");
        assert_eq!(code(ask(&test, " \n").await), "message_empty");
        let eve = octi_testkit::people::person(&test.store, &test.ambient, "eve").await;
        let foreign = test.agents.interject(&eve, test.session, "what is said there?".to_owned()).await;
        assert_eq!(code(foreign), "session_not_found");
    }

    async fn a_person_asks_only_so_many_things_at_once(db) {
        let test = TestAgents::answering((0..5).map(|n| Answer::text(format!("answer {n}")).blocked())).start(&db.store).await;
        for _ in 0..limits::SIDE_CALLS_PER_USER_MAX {
            ask(&test, "think").await.unwrap();
        }
        test.model.until_blocked(limits::SIDE_CALLS_PER_USER_MAX).await;
        let refused = ask(&test, "and this?").await.unwrap_err();
        assert_eq!(refused.code(), "concurrency_limit");
        test.model.release();
        test.events.wait_for("an answer", |kind| matches!(kind, EventKind::SideMessage { answers: Some(_), .. }).then_some(())).await;
        ask(&test, "now then").await.unwrap();
    }

    async fn a_host_that_goes_away_says_so(db) {
        let test = TestAgents::answering([Answer::text("never").blocked()]).start(&db.store).await;
        let question = ask(&test, "think").await.unwrap();
        test.model.until_blocked(1).await;
        test.shutdown().await;
        let (role, text) = answered(&test, question).await;
        assert!(role == Role::System && text.starts_with("it was stopped"), "{text}");
    }
}
