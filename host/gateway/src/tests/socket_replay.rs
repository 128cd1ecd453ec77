//! The WebSocket: whoever comes back hears what was missed, each event once.

use std::time::Duration;

use octi_client::api::event::{EventBody, EventEnvelope};
use octi_client::api::frames::{ClientFrame, Replay, ServerFrame};
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{EventId, RunId, SessionId};
use octi_domain::limits;
use octi_models::scripted::{Answer, Step};
use octi_models::{ChatEvent, Finish};
use uuid::Uuid;

use super::host::{Host, Person, host, next, until};

fn publish(host: &Host, ann: &Person, session: SessionId, text: &str) {
    let kind = EventKind::ChatDelta { run_id: RunId::from(Uuid::nil()), text: text.to_owned(), reasoning: false };
    let (id, at) = (host.gateway.ambient.id(), host.gateway.ambient.now());
    host.gateway.bus.publish(Event { id, user_id: ann.id, session_id: Some(session), at, kind });
}

fn text_of(event: &EventEnvelope) -> &str {
    match &event.body {
        EventBody::ChatDelta(delta) => &delta.text,
        _ => "",
    }
}

fn event_of(frame: ServerFrame) -> Option<EventEnvelope> {
    if let ServerFrame::Event { event } = frame { Some(event) } else { None }
}

#[tokio::test]
async fn an_answer_that_was_cut_by_a_lost_connection_is_whole_after_the_replay() {
    let pieces = |range: std::ops::Range<usize>| range.map(|number| Step::Event(ChatEvent::Text(format!("{number} "))));
    let end = [Step::Event(ChatEvent::End(Finish::Stop))];
    let steps = pieces(0..50).chain([Step::Block]).chain(pieces(50..300)).chain(end);
    let host = host([Answer::steps(steps)]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut first = ann.listen(&["*"]).await;
    ann.chat(&mut first, session, "count").await;
    let (mut text, mut last) = (String::new(), None);
    while !text.ends_with("20 ") {
        let Some(event) = event_of(next(&mut first).await) else { continue };
        text.push_str(text_of(&event));
        last = Some(EventId::from(event.id));
    }
    drop(first);

    let mut second = ann.client.connect().await.unwrap();
    host.model.release();
    let replayed = second.catch_up(session, last).await.unwrap();
    assert!(!replayed.gap);
    let mut ended = false;
    for event in &replayed.events {
        text.push_str(text_of(event));
        ended |= event.body.type_name() == "agent.completed";
    }
    while !ended {
        let Some(event) = event_of(next(&mut second).await) else { continue };
        text.push_str(text_of(&event));
        ended = event.body.type_name() == "agent.completed";
    }
    let whole: String = (0..300).map(|number| format!("{number} ")).collect();
    assert_eq!(text, whole);
}

#[tokio::test]
async fn replay_and_live_events_are_each_event_once_however_they_race() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    publish(&host, &ann, session, "begin;");
    for round in 0..20 {
        let mut socket = ann.client.connect().await.unwrap();
        let last = socket.catch_up(session, None).await.unwrap().events.last().map(|event| EventId::from(event.id));
        drop(socket);
        let mut socket = ann.client.connect().await.unwrap();
        let publishing = async {
            for number in 0..100 {
                publish(&host, &ann, session, &format!("{round}.{number};"));
                if number % 7 == 0 {
                    tokio::time::sleep(Duration::from_micros(300)).await;
                }
            }
        };
        let listening = async {
            let replayed = socket.catch_up(session, last).await.unwrap();
            assert!(!replayed.gap);
            let mut text: String = replayed.events.iter().map(text_of).collect();
            while !text.ends_with(&format!("{round}.99;")) {
                if let Some(event) = event_of(next(&mut socket).await) {
                    text.push_str(text_of(&event));
                }
            }
            text
        };
        let ((), text) = tokio::join!(publishing, listening);
        let whole: String = (0..100).map(|number| format!("{round}.{number};")).collect();
        assert_eq!(text, whole);
    }
}

#[tokio::test]
async fn too_old_an_event_is_a_gap_and_a_foreign_session_is_not_there() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    publish(&host, &ann, session, "a");
    let mut socket = ann.listen(&["*"]).await;
    let all = socket.replay(session, None).await.unwrap();
    assert_eq!((all.events.len(), all.gap), (1, false));
    assert!(socket.replay(session, Some(EventId::from(Uuid::nil()))).await.unwrap().gap);

    let mut stranger = bob.client.connect().await.unwrap();
    for id in [session.as_uuid(), Uuid::nil()] {
        stranger.send(&ClientFrame::Replay(Replay { session_id: id, after_event_id: None })).await.unwrap();
        let ServerFrame::Error(error) = next(&mut stranger).await else { panic!("no error") };
        assert_eq!(error.code, "SESSION_NOT_FOUND");
    }
    ann.client.delete_session(session).await.unwrap();
    socket.send(&ClientFrame::Replay(Replay { session_id: session.as_uuid(), after_event_id: None })).await.unwrap();
    let Some(ServerFrame::Error(error)) = until(&mut socket, "error").await.pop() else { panic!("no error") };
    assert_eq!(error.code, "SESSION_NOT_FOUND");
}

#[tokio::test]
async fn a_reader_that_was_too_slow_recovers_by_replay() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut slow = ann.listen(&["*"]).await;
    let total = 3 * limits::WS_QUEUE_MAX;
    for number in 0..total {
        publish(&host, &ann, session, &format!("{number};"));
    }
    let (mut text, mut last) = (String::new(), None);
    while let Some(event) = event_of(next(&mut slow).await) {
        text.push_str(text_of(&event));
        last = Some(EventId::from(event.id));
    }
    let replayed = slow.replay(session, last).await.unwrap();
    replayed.events.iter().for_each(|event| text.push_str(text_of(event)));
    let whole: String = (0..total).map(|number| format!("{number};")).collect();
    assert_eq!((text == whole, replayed.gap), (true, false));
}
