//! The WebSocket: how often one connection may do something.

use octi_client::Socket;
use octi_client::api::frames::{ChatSend, ClientFrame, Patterns, Ping, ServerFrame};
use octi_domain::limits;
use uuid::Uuid;

use super::host::{host, next};

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
    let chat = ClientFrame::ChatSend(ChatSend { session_id: Uuid::nil(), content: "hi".to_owned(), model: None });
    for _ in 0..limits::WS_CHATS_PER_MINUTE_MAX {
        assert_eq!(code(&mut socket, &chat).await, "SESSION_NOT_FOUND");
    }
    assert_eq!(code(&mut socket, &chat).await, "RATE_LIMITED");
    assert_eq!(code(&mut other, &chat).await, "SESSION_NOT_FOUND", "each connection counts for itself");

    let subscribe = ClientFrame::Subscribe(Patterns { patterns: vec!["*".to_owned()] });
    for _ in 0..limits::WS_SUBSCRIBES_PER_MINUTE_MAX {
        assert_eq!(code(&mut socket, &subscribe).await, "");
    }
    assert_eq!(code(&mut socket, &subscribe).await, "RATE_LIMITED");
    socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    assert!(matches!(next(&mut socket).await, ServerFrame::Pong(_)));
}
