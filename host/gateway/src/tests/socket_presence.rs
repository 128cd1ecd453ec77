//! Who is connected, who may see it, and how long a silent connection stays.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use octi_client::ClientError;
use octi_client::api::error::ErrorCode;
use octi_client::api::frames::{ClientFrame, ClientType, Ping, ServerFrame, close};
use octi_client::api::v1::gateway::ConnectionCount;
use octi_domain::ambient::{Ambient, ManualClock, SystemEntropy};
use octi_store::Backend;
use octi_testkit::db::TestDb;
use serde_json::json;

use super::host::{host, host_at, next};
use super::socket::Raw;

#[tokio::test]
async fn connections_are_seen_by_their_person_and_by_an_administrator() {
    let host = host([]).await;
    let (ann, bob, root) = (host.person("ann").await, host.person("bob").await, host.admin().await);
    let of_ann = ann.client.connect_as(ClientType::Webchat).await.unwrap();
    let of_bob = bob.client.connect().await.unwrap();

    let seen = ann.client.connections().await.unwrap().items;
    assert_eq!(seen.iter().map(|one| one.id).collect::<Vec<_>>(), [of_ann.hello().connection_id]);
    assert_eq!((seen[0].user_id, seen[0].client_type), (ann.id.as_uuid(), ClientType::Webchat));
    assert_eq!((seen[0].address.as_str(), seen[0].client_version.is_some()), ("127.0.0.1", true));
    let all: Vec<_> = root.client.connections().await.unwrap().items.into_iter().map(|one| one.id).collect();
    assert_eq!(all, [of_ann.hello().connection_id, of_bob.hello().connection_id], "the oldest first");

    let (mine, everybodys) = (ann.client.gateway_status().await.unwrap(), root.client.gateway_status().await.unwrap());
    assert_eq!(mine.by_type, [ConnectionCount { client_type: ClientType::Webchat, count: 1 }]);
    assert_eq!((mine.connections, everybodys.connections, everybodys.by_type.len()), (1, 2, 2));
    host.publish(ann.id, "x");
    let after = root.client.gateway_status().await.unwrap();
    assert_eq!((after.events_published, after.events_dropped), (everybodys.events_published.map(|count| count + 1), Some(0)));
    assert_eq!((mine.events_published, mine.sessions_kept), (None, None), "they tell what others do");
    let stranger = octi_client::Client::anonymous(host.url.clone()).unwrap();
    assert_eq!(stranger.connections().await.unwrap_err().code(), Some(ErrorCode::Unauthenticated));
}

#[tokio::test]
async fn a_silent_connection_is_closed_and_one_that_pings_stays() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let clock = Arc::new(ManualClock::new(db.ambient.now()));
    let host = host_at(&db, Ambient::new(clock.clone(), Arc::new(SystemEntropy)), []).await;
    let ann = host.person("ann").await;
    let mut silent = ann.client.connect_as(ClientType::Webchat).await.unwrap();
    let mut busy = ann.client.connect_as(ClientType::Webchat).await.unwrap();
    let mut terminal = ann.client.connect().await.unwrap();
    clock.advance(TimeDelta::minutes(20));
    busy.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    assert!(matches!(next(&mut busy).await, ServerFrame::Pong(_)));
    clock.advance(TimeDelta::minutes(11));
    let closed = tokio::time::timeout(Duration::from_secs(10), silent.next()).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(&closed, ClientError::Closed { code: close::IDLE, reason } if reason.contains("ping")), "{closed:?}");
    for socket in [&mut busy, &mut terminal] {
        socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
        assert!(matches!(next(socket).await, ServerFrame::Pong(_)));
    }
}

#[tokio::test]
async fn a_version_longer_than_a_name_is_refused() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let mut raw = Raw::open(&host).await;
    let claim = json!({
        "type": "auth", "method": "api_key", "credentials": ann.token, "clientType": "tui", "clientVersion": "x".repeat(101),
    });
    raw.say(claim.to_string()).await;
    assert_eq!(raw.frame().await["path"], "clientVersion");
}
