//! The WebSocket: how often one connection may do something, and of which sessions it hears.

use octi_client::Socket;
use octi_client::api::frames::{ChatSend, ClientFrame, Patterns, Ping, ServerFrame, session_resource};
use octi_domain::ids::SessionId;
use octi_domain::limits;
use octi_models::scripted::Answer;
use uuid::Uuid;

use super::host::{host, next, until};

async fn code(socket: &mut Socket, frame: &ClientFrame) -> String {
    socket.send(frame).await.unwrap();
    match next(socket).await {
        ServerFrame::Error(error) => {
            assert_eq!(error.retry_after_seconds.is_some(), error.code == "RATE_LIMITED", "{error:?}");
            error.code
        }
        ServerFrame::Subscribed(_) => {
            assert!(matches!(next(socket).await, ServerFrame::PermissionPending(_)));
            String::new()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_message_after_the_last_of_a_minute_is_refused_and_the_connection_stays() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (mut socket, mut other) = (ann.client.connect().await.unwrap(), ann.client.connect().await.unwrap());
    let chat = ClientFrame::ChatSend(ChatSend::new(Uuid::nil(), "hi"));
    for _ in 0..limits::WS_CHATS_PER_MINUTE_MAX {
        assert_eq!(code(&mut socket, &chat).await, "SESSION_NOT_FOUND");
    }
    assert_eq!(code(&mut socket, &chat).await, "RATE_LIMITED");
    assert_eq!(code(&mut other, &chat).await, "SESSION_NOT_FOUND", "each connection counts for itself");

    let subscribe = ClientFrame::Subscribe(Patterns::of(["*"]));
    for _ in 0..limits::WS_SUBSCRIBES_PER_MINUTE_MAX {
        assert_eq!(code(&mut socket, &subscribe).await, "");
    }
    assert_eq!(code(&mut socket, &subscribe).await, "RATE_LIMITED");
    socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    assert!(matches!(next(&mut socket).await, ServerFrame::Pong(_)));
}

#[tokio::test]
async fn a_connection_hears_of_the_sessions_it_names_and_cannot_name_those_of_others() {
    let host = host([Answer::text("one"), Answer::text("two")]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (near, far, foreign) = (ann.session().await, ann.session().await, bob.session().await);
    let near_only = |id: SessionId| {
        let resources = vec![session_resource(id.as_uuid())];
        ClientFrame::Subscribe(Patterns { resources, ..Patterns::of(["*"]) })
    };
    let mut socket = ann.client.connect().await.unwrap();
    assert_eq!(code(&mut socket, &near_only(foreign)).await, "SESSION_NOT_FOUND");
    socket.subscribe(&["*"], &[near]).await.unwrap();
    let ServerFrame::Subscribed(subscribed) = next(&mut socket).await else { panic!("not subscribed") };
    assert_eq!(subscribed.resources, [session_resource(near.as_uuid())]);

    let mut everywhere = ann.listen(&["agent.completed"]).await;
    ann.chat(&mut socket, far, "hi").await;
    until(&mut everywhere, "agent.completed").await;
    ann.chat(&mut socket, near, "hi").await;
    let frames = until(&mut socket, "agent.completed").await;
    let events = frames.into_iter().filter_map(|frame| match frame {
        ServerFrame::Event { event } => Some(event.session_id),
        _ => None,
    });
    let sessions: Vec<_> = events.collect();
    assert!(!sessions.is_empty() && sessions.iter().all(|session| *session == Some(near.as_uuid())), "{sessions:?}");
}
