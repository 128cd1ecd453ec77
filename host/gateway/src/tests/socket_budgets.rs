//! The WebSocket: what one connection may use, and how it ends.

use std::time::Duration;

use octi_client::ClientError;
use octi_client::api::frames::{ClientFrame, Ping, ServerFrame, close};
use octi_domain::ids::TokenId;
use octi_domain::limits;

use super::host::{host, next};
use super::socket::{Got, Raw, auth};

#[tokio::test]
async fn the_connection_after_the_last_is_refused_and_leaving_makes_room() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let mut open = Vec::new();
    for _ in 0..limits::WS_CONNECTIONS_PER_USER_MAX {
        open.push(ann.client.connect().await.unwrap());
    }
    let refused = ann.client.connect().await.unwrap_err();
    assert!(matches!(&refused, ClientError::Refused(text) if text.starts_with("Too many connections")), "{refused:?}");
    bob.client.connect().await.unwrap().close().await;
    open.pop().unwrap().close().await;
    let mut tries = 0;
    while ann.client.connect().await.is_err() {
        tries += 1;
        assert!(tries < 100, "the place did not become free");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_address_has_a_bounded_number_of_strangers() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut strangers = Vec::new();
    for _ in 0..limits::WS_UNAUTHENTICATED_PER_ADDRESS_MAX {
        strangers.push(Raw::open(&host).await);
    }
    let refused = ann.client.connect().await.unwrap_err();
    assert!(matches!(&refused, ClientError::Unreachable { reason, .. } if reason.contains("429")), "{refused:?}");
    let mut signing_in = strangers.pop().unwrap();
    signing_in.say(auth(&ann.token)).await;
    assert_eq!(signing_in.frame().await["type"], "auth_ok");
    assert!(ann.client.connect().await.is_ok(), "whoever signed in is no stranger any more");
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_the_connection() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    for bytes in [limits::WS_FRAME_BYTES_MAX + 1, 5 * limits::WS_FRAME_BYTES_MAX] {
        let mut raw = Raw::open(&host).await;
        raw.say(auth(&ann.token)).await;
        assert_eq!(raw.frame().await["type"], "auth_ok");
        raw.say("x".repeat(bytes)).await;
        assert_eq!(raw.hear().await, Got::Closed(close::TOO_LARGE), "{bytes}");
    }
    let mut raw = Raw::open(&host).await;
    raw.say(auth(&ann.token)).await;
    raw.frame().await;
    raw.say("x".repeat(limits::WS_FRAME_BYTES_MAX)).await;
    assert_eq!(raw.frame().await["code"], "INVALID_JSON", "a frame of exactly the limit is read");
}

#[tokio::test]
async fn too_many_patterns_are_refused_over_several_frames_too() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let many: Vec<String> = (0..limits::WS_PATTERNS_MAX).map(|number| format!("type{number}")).collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut socket = ann.listen(&names).await;
    let more = octi_client::api::frames::Patterns::of(["*"]);
    socket.send(&ClientFrame::Subscribe(more)).await.unwrap();
    let ServerFrame::Error(error) = next(&mut socket).await else { panic!("no error") };
    assert_eq!((error.code.as_str(), error.path.as_deref()), ("INVALID_FIELD", Some("patterns")));
}

#[tokio::test]
async fn a_slow_reader_loses_events_is_told_and_slows_nobody() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut slow = ann.listen(&["*"]).await;
    let mut quick = ann.listen(&["*"]).await;
    // Enough to fill the buffers of both systems and then the queue of the one who does not read.
    let text = "x".repeat(16 * 1024);
    let total = 3 * limits::WS_QUEUE_MAX;
    for number in 0..total {
        host.publish(ann.id, &text);
        let ServerFrame::Event { .. } = next(&mut quick).await else { panic!("event {number} did not come") };
    }
    let (mut events, mut dropped) = (0, 0);
    while events + dropped < total as u64 {
        match next(&mut slow).await {
            ServerFrame::Event { .. } => events += 1,
            ServerFrame::EventsDropped(lost) => dropped += lost.count,
            other => panic!("{other:?}"),
        }
    }
    assert!(dropped > 0, "the buffers took everything");
    assert_eq!(events + dropped, total as u64, "every event came or was counted");
}

#[tokio::test]
async fn sockets_of_a_person_who_may_not_be_here_close() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (mut of_ann, mut of_bob) = (ann.listen(&["*"]).await, bob.listen(&["*"]).await);
    host.gateway.disconnect(ann.id);
    let closed = of_ann.next().await.unwrap().unwrap_err();
    assert!(matches!(closed, ClientError::Closed { code: close::DEACTIVATED, .. }), "{closed:?}");

    // Nobody tells the gateway of a revoked token: it finds out.
    let token = bob.client.list_tokens().await.unwrap().items.remove(0);
    bob.client.revoke_token(TokenId::from(token.id)).await.unwrap();
    let closed = of_bob.next().await.unwrap().unwrap_err();
    assert!(matches!(closed, ClientError::Closed { code: close::DEACTIVATED, .. }), "{closed:?}");
}

#[tokio::test]
async fn going_away_sends_what_waits_and_says_goodbye() {
    let mut host = host([]).await;
    let ann = host.person("ann").await;
    let mut socket = ann.listen(&["*"]).await;
    let mut stranger = Raw::open(&host).await;
    for number in 0..10 {
        host.publish(ann.id, &number.to_string());
    }
    host.shutdown.cancel();
    for _ in 0..10 {
        assert!(matches!(next(&mut socket).await, ServerFrame::Event { .. }));
    }
    let closed = socket.next().await.unwrap().unwrap_err();
    assert!(matches!(closed, ClientError::Closed { code: close::GOING_AWAY, .. }), "{closed:?}");
    assert_eq!(stranger.hear().await, Got::Closed(close::GOING_AWAY));
    drop((socket, stranger));
    host.tasks.join_next().await.unwrap().unwrap();
    assert!(ann.client.health().await.is_err(), "nobody new is let in");
}

#[tokio::test]
async fn the_machine_token_names_its_owner_on_loopback() {
    let home = tempfile::tempdir().unwrap();
    let host = host([]).await;
    let owner = host.admin().await;
    let token = host.gateway.auth.local_token(home.path()).unwrap();
    let client = octi_client::Client::new(host.url.clone(), token).unwrap();
    assert_eq!(client.me().await.unwrap().id, owner.id.as_uuid());
    let mut socket = client.connect().await.unwrap();
    assert_eq!(socket.hello().user_id, owner.id.as_uuid());
    socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    assert!(matches!(next(&mut socket).await, ServerFrame::Pong(_)));
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let _silent = ann.listen(&["*"]).await;
    // More than the buffers of both systems take, so that sending comes to a stop.
    let text = "x".repeat(64 * 1024);
    for _ in 0..limits::WS_QUEUE_MAX {
        host.publish(ann.id, &text);
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(host.gateway.shared().connections.count(), 1, "a moment is not too long");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(limits::WS_SEND_SECONDS_MAX + 1)).await;
    tokio::time::resume();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(host.gateway.shared().connections.count(), 0);
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_host() {
    let mut host = host([]).await;
    let root = host.admin().await;
    let hanging = root.client.reload_plugins(Some("acme/hangs"));
    tokio::pin!(hanging);
    let patience = Duration::from_millis(300);
    assert!(tokio::time::timeout(patience, &mut hanging).await.is_err());
    host.shutdown.cancel();
    assert!(tokio::time::timeout(patience, host.tasks.join_next()).await.is_err(), "it has time to end");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(limits::HTTP_DRAIN_SECONDS_MAX + 1)).await;
    tokio::time::resume();
    tokio::time::timeout(Duration::from_secs(5), host.tasks.join_next()).await.unwrap().unwrap().unwrap();
}
