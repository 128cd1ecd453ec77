//! The WebSocket: a whole turn, approvals and stops.

use octi_api::v1::permissions::{Respond, RuleQuery};
use octi_client::Socket;
use octi_client::api::event::EventBody;
use octi_client::api::frames::{
    AgentStop, ChatSend, ClientFrame, Command, Patterns, PermissionPending, PermissionRespond, Scope, ServerFrame,
};
use octi_client::api::v1::permissions::PermissionRequest;
use octi_models::scripted::Answer;
use serde_json::{Value, json};
use uuid::Uuid;

use super::host::{host, host_on, kind_of, next, until};

/// The frames as JSON, with every id, time and duration replaced by a word, so that they are the same in every run.
fn replayed(frames: &[ServerFrame]) -> Vec<Value> {
    let mut seen: Vec<String> = Vec::new();
    frames.iter().map(|frame| masked(serde_json::to_value(frame).unwrap(), "", &mut seen)).collect()
}

fn masked(value: Value, name: &str, seen: &mut Vec<String>) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (name.clone(), masked(field, &name, seen)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(|item| masked(item, name, seen)).collect(),
        Value::String(text) if name == "timestamp" || name.ends_with("At") => {
            assert!(text.ends_with('Z'), "{name}: {text}");
            "[time]".into()
        }
        Value::String(text) if Uuid::parse_str(&text).is_ok() => {
            let known = seen.iter().position(|id| *id == text);
            let number = known.unwrap_or_else(|| {
                seen.push(text);
                seen.len() - 1
            });
            format!("[id {number}]").into()
        }
        Value::Number(_) if name == "durationMs" => "[duration]".into(),
        other => other,
    }
}

/// The question among the frames.
fn question(frames: &[ServerFrame]) -> PermissionRequest {
    let found = frames.iter().find_map(|frame| match frame {
        ServerFrame::Event { event } => match &event.body {
            EventBody::PermissionRequest(request) => Some(request.clone()),
            _ => None,
        },
        _ => None,
    });
    found.expect("a question")
}

async fn respond(socket: &mut Socket, request: &PermissionRequest, approved: bool, scope: Scope) {
    let frame = PermissionRespond { request_id: request.id, approved, scope };
    socket.send(&ClientFrame::PermissionRespond(frame)).await.unwrap();
}

fn write(text: &str) -> Answer {
    Answer::calls([("c1", "notes__write", json!({"text": text}))])
}

octi_testkit::on_both! {
    async fn a_turn_is_replayed_as_reviewed(db) {
        let host = host_on(db, [write("milk"), Answer::text("done")]).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        // What the person is told beside the turn comes when it comes.
        let mut socket = ann.listen(&["chat.*", "agent.*", "tool.*", "permission.*"]).await;
        ann.chat(&mut socket, session, "note milk").await;
        let mut frames = until(&mut socket, "permission.request").await;
        respond(&mut socket, &question(&frames), true, Scope::Once).await;
        frames.extend(until(&mut socket, "agent.completed").await);
        insta::assert_json_snapshot!("turn", replayed(&frames));
    }
}

octi_testkit::on_both! {
    async fn only_the_asked_person_answers_and_only_once(db) {
        let host = host_on(db, [write("milk"), Answer::text("done")]).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let session = ann.session().await;
        let mut socket = ann.listen(&["agent.*", "permission.*"]).await;
        let mut stranger = bob.listen(&["*"]).await;
        ann.chat(&mut socket, session, "note milk").await;
        let request = question(&until(&mut socket, "permission.request").await);

        respond(&mut stranger, &request, true, Scope::Always).await;
        let ServerFrame::Error(error) = next(&mut stranger).await else { panic!("no error") };
        assert_eq!(error.code, "APPROVAL_NOT_FOUND");
        assert!(bob.client.pending_requests().await.unwrap().items.is_empty());
        assert_eq!(ann.client.pending_requests().await.unwrap().items, std::slice::from_ref(&request));

        respond(&mut socket, &request, true, Scope::Once).await;
        until(&mut socket, "agent.completed").await;
        respond(&mut socket, &request, false, Scope::Once).await;
        let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
        assert_eq!(error.code, "APPROVAL_EXPIRED");
    }
}

#[tokio::test]
async fn always_adds_a_rule_and_the_next_call_is_not_asked_for() {
    let host = host([write("milk"), Answer::text("done"), write("milk"), Answer::text("again")]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.*", "permission.*"]).await;
    ann.chat(&mut socket, session, "note milk").await;
    let request = question(&until(&mut socket, "permission.request").await);
    let answer = Respond { approved: true, scope: Scope::Always };
    ann.client.respond(request.id.into(), answer).await.unwrap();
    until(&mut socket, "agent.completed").await;
    let rules = ann.client.list_rules(&RuleQuery::default()).await.unwrap().items;
    assert_eq!(rules.iter().map(|rule| rule.rule.as_str()).collect::<Vec<_>>(), [request.suggested_rule.as_str()]);
    ann.chat(&mut socket, session, "again").await;
    let frames = until(&mut socket, "agent.completed").await;
    assert!(frames.iter().all(|frame| kind_of(frame) != "permission.request"), "{frames:?}");
}

#[tokio::test]
async fn whoever_connects_later_is_told_what_waits() {
    let host = host([write("milk"), Answer::text("done")]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut first = ann.listen(&["*"]).await;
    ann.chat(&mut first, session, "note milk").await;
    let request = question(&until(&mut first, "permission.request").await);

    let mut second = ann.client.connect().await.unwrap();
    let all = Patterns::of(["*"]);
    second.send(&ClientFrame::Subscribe(all.clone())).await.unwrap();
    assert!(matches!(next(&mut second).await, ServerFrame::Subscribed(_)));
    assert_eq!(next(&mut second).await, ServerFrame::PermissionPending(PermissionPending { requests: vec![request.clone()] }));
    respond(&mut second, &request, false, Scope::Once).await;
    let frames = until(&mut second, "agent.completed").await;
    assert!(frames.iter().any(|frame| kind_of(frame) == "permission.resolved"));

    second.send(&ClientFrame::Subscribe(all)).await.unwrap();
    until(&mut second, "subscribed").await;
    assert_eq!(next(&mut second).await, ServerFrame::PermissionPending(PermissionPending { requests: Vec::new() }));
}

#[tokio::test]
async fn events_of_the_moment_of_subscribing_come_after_the_snapshot() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    for _ in 0..20 {
        let mut socket = ann.client.connect().await.unwrap();
        let publishing = tokio::time::timeout(std::time::Duration::from_millis(30), async {
            loop {
                host.publish(ann.id, "x");
                tokio::task::yield_now().await;
            }
        });
        let subscribing = async {
            let all = Patterns::of(["*"]);
            socket.send(&ClientFrame::Subscribe(all)).await.unwrap();
            [next(&mut socket).await, next(&mut socket).await, next(&mut socket).await]
        };
        let (_, frames) = tokio::join!(publishing, subscribing);
        assert_eq!(frames.each_ref().map(kind_of), ["subscribed", "permission.pending", "chat.delta"]);
    }
}

#[tokio::test]
async fn a_running_turn_is_stopped_by_frame_and_by_command() {
    let host = host([Answer::text("never").blocked(), Answer::text("never").blocked()]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.*"]).await;
    ann.chat(&mut socket, session, "think").await;
    let frames = until(&mut socket, "agent.spawned").await;
    let Some(ServerFrame::Event { event }) = frames.last() else { panic!("no event") };
    let EventBody::AgentSpawned(spawned) = &event.body else { panic!("{event:?}") };
    host.model.until_blocked(1).await;

    let mut stranger = bob.client.connect().await.unwrap();
    stranger.send(&ClientFrame::AgentStop(AgentStop { agent_id: spawned.agent_id })).await.unwrap();
    let ServerFrame::Error(error) = next(&mut stranger).await else { panic!("no error") };
    assert_eq!(error.code, "AGENT_NOT_FOUND");
    socket.send(&ClientFrame::AgentStop(AgentStop { agent_id: spawned.agent_id })).await.unwrap();
    until(&mut socket, "agent.stopped").await;

    ann.chat(&mut socket, session, "think again").await;
    host.model.until_blocked(2).await;
    let abort = Command { name: "/stop".to_owned(), args: None, session_id: Some(session.as_uuid()) };
    socket.send(&ClientFrame::Command(abort)).await.unwrap();
    let frames = until(&mut socket, "agent.stopped").await;
    let said =
        frames.into_iter().find_map(|frame| if let ServerFrame::CommandResult(result) = frame { Some(result) } else { None });
    let result = match said {
        Some(result) => result,
        None => match until(&mut socket, "command.result").await.pop() {
            Some(ServerFrame::CommandResult(result)) => result,
            other => panic!("{other:?}"),
        },
    };
    assert_eq!((result.name.as_str(), result.result.as_str()), ("abort", "stopped 1 agent"));
}

#[tokio::test]
async fn a_model_can_be_chosen_and_an_unknown_one_is_refused() {
    let host = host([Answer::text("hello")]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.*"]).await;
    let chat =
        |model: &str| ClientFrame::ChatSend(ChatSend { model: Some(model.to_owned()), ..ChatSend::new(session.as_uuid(), "hi") });
    socket.send(&chat("none")).await.unwrap();
    let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
    assert_eq!(error.code, "REFUSED");
    assert!(error.message.contains("octi model add"), "{}", error.message);
    socket.send(&chat("scripted")).await.unwrap();
    until(&mut socket, "agent.completed").await;
}

#[tokio::test]
async fn steering_is_heard_by_the_turn_that_runs_and_starts_one_when_none_does() {
    let host = host([Answer::text("blue").blocked(), Answer::text("red"), Answer::text("green")]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    let mut socket = ann.listen(&["chat.message", "chat.response", "agent.completed"]).await;
    let told = |frames: Vec<ServerFrame>| -> Vec<(String, bool)> {
        let events = frames.into_iter().filter_map(|frame| match frame {
            ServerFrame::Event { event } => match event.body {
                EventBody::ChatMessage(message) => Some((message.text, message.injected)),
                EventBody::ChatResponse(response) => Some((response.text, false)),
                _ => None,
            },
            _ => None,
        });
        events.collect()
    };
    ann.chat(&mut socket, session, "a colour?").await;
    host.model.until_blocked(1).await;
    socket.steer(session, "no, red").await.unwrap();
    let mut frames = until(&mut socket, "chat.message").await;
    frames.extend(until(&mut socket, "chat.message").await);
    host.model.release();
    frames.extend(until(&mut socket, "agent.completed").await);
    let expected = [("a colour?", false), ("no, red", true), ("blue", false), ("red", false)];
    assert_eq!(told(frames), expected.map(|(text, injected)| (text.to_owned(), injected)));

    socket.steer(session, "another one").await.unwrap();
    let expected = [("another one", false), ("green", false)];
    let frames = until(&mut socket, "agent.completed").await;
    assert_eq!(told(frames), expected.map(|(text, injected)| (text.to_owned(), injected)));

    let mut stranger = bob.client.connect().await.unwrap();
    stranger.steer(session, "listen to me").await.unwrap();
    let ServerFrame::Error(error) = next(&mut stranger).await else { panic!("no error") };
    assert_eq!(error.code, "SESSION_NOT_FOUND");
}
