//! What people are told of: on all screens, read on one of them, and of nobody else.

use octi_api::error::ErrorCode;
use octi_api::v1::messages::SendMessage;
use octi_api::v1::permissions::Respond;
use octi_client::api::event::{EventBody, NotificationRead};
use octi_client::api::frames::{ClientFrame, Ping, ServerFrame, Watch};
use octi_client::api::v1::notifications::{Notification, NotificationKind, NotificationPreferences, NotificationQuery};
use octi_client::{ClientError, Socket};
use octi_domain::ids::SessionId;
use octi_models::scripted::Answer;
use serde_json::json;
use uuid::Uuid;

use super::host::{Host, Person, host, host_on, next, until};

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

fn hellos(count: usize) -> Vec<Answer> {
    (0..count).map(|number| Answer::text(format!("Hello {number}."))).collect()
}

/// Says something as a script does, without a screen, and waits until all of it is told.
async fn turn(host: &Host, person: &Person, session: SessionId) {
    let mut socket = person.listen(&["agent.*"]).await;
    let message = SendMessage { content: "hi".to_owned(), ..SendMessage::default() };
    person.client.send_message(session, &message).await.unwrap();
    until(&mut socket, "agent.completed").await;
    host.gateway.agents.flush().await;
}

/// The next event of notifications.
async fn told(socket: &mut Socket) -> EventBody {
    let ServerFrame::Event { event } = next(socket).await else { panic!("another frame than an event") };
    assert_eq!((event.session_id, event.source.as_str()), (None, "notifications"));
    event.body
}

/// What is listed, and how much is unread.
async fn listed(person: &Person, query: &NotificationQuery) -> (Vec<Notification>, i64) {
    let page = person.client.list_notifications(query).await.unwrap();
    (page.items, page.unread)
}

octi_testkit::on_both! {
    async fn a_turn_that_nobody_saw_end_is_told_on_every_screen_and_read_on_one(db) {
        let host = host_on(db, hellos(1)).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let mut screens = [ann.listen(&["notification.*"]).await, ann.listen(&["notification.*"]).await];
        let session = ann.session().await;
        turn(&host, &ann, session).await;

        let (items, unread) = listed(&ann, &NotificationQuery::default()).await;
        assert_eq!((items.len(), unread), (1, 1));
        let one = &items[0];
        assert_eq!((one.kind, one.session_id, one.read_at), (NotificationKind::AgentCompleted, Some(session.as_uuid()), None));
        assert_eq!((one.title.as_str(), one.body.as_str()), ("Done: hi", "Hello 0."));
        for screen in &mut screens {
            assert_eq!(told(screen).await, EventBody::NotificationCreated(one.clone()));
        }
        assert_eq!(listed(&bob, &NotificationQuery::default()).await, (Vec::new(), 0));
        assert_eq!(code(bob.client.read_notification(one.id.into()).await), ErrorCode::NotFound);
        assert_eq!(code(ann.client.read_notification(Uuid::nil().into()).await), ErrorCode::NotFound);
        bob.client.read_all_notifications().await.unwrap();

        for _ in 0..2 {
            ann.client.read_notification(one.id.into()).await.unwrap();
            ann.client.read_all_notifications().await.unwrap();
        }
        let (items, unread) = listed(&ann, &NotificationQuery::default()).await;
        assert!(items[0].read_at.is_some() && unread == 0, "{items:?}");
        for screen in &mut screens {
            assert_eq!(told(screen).await, EventBody::NotificationRead(NotificationRead { ids: vec![one.id], all: false }));
            // What was read before is no news.
            screen.send(&ClientFrame::Ping(Ping {})).await.unwrap();
            assert!(matches!(next(screen).await, ServerFrame::Pong(_)));
        }
    }

    async fn they_come_in_pages_and_all_are_read_at_once(db) {
        let host = host_on(db, hellos(3)).await;
        let ann = host.person("ann").await;
        let session = ann.session().await;
        for _ in 0..3 {
            turn(&host, &ann, session).await;
        }
        let query = NotificationQuery { limit: Some(2), ..NotificationQuery::default() };
        let first = ann.client.list_notifications(&query).await.unwrap();
        let bodies = |items: &[Notification]| items.iter().map(|one| one.body.clone()).collect::<Vec<_>>();
        assert_eq!((bodies(&first.items), first.unread), (vec!["Hello 2.".to_owned(), "Hello 1.".to_owned()], 3));
        let rest = ann.client.list_notifications(&NotificationQuery { cursor: first.next, ..query.clone() }).await.unwrap();
        assert_eq!((bodies(&rest.items), rest.next), (vec!["Hello 0.".to_owned()], None));
        let foreign = NotificationQuery { cursor: Some("x".to_owned()), ..query };
        assert_eq!(code(ann.client.list_notifications(&foreign).await), ErrorCode::InvalidField);

        let only_unread = NotificationQuery { unread: true, ..NotificationQuery::default() };
        ann.client.read_notification(first.items[0].id.into()).await.unwrap();
        assert_eq!(bodies(&listed(&ann, &only_unread).await.0), ["Hello 1.", "Hello 0."]);
        let mut screen = ann.listen(&["notification.*"]).await;
        ann.client.read_all_notifications().await.unwrap();
        assert_eq!(told(&mut screen).await, EventBody::NotificationRead(NotificationRead { ids: Vec::new(), all: true }));
        assert_eq!(listed(&ann, &only_unread).await, (Vec::new(), 0));
    }

    async fn a_question_is_told_until_it_is_answered(db) {
        let asks = Answer::calls([("c1", "notes__write", json!({"text": "milk"}))]);
        let host = host_on(db, [asks, Answer::text("Noted.")]).await;
        let ann = host.person("ann").await;
        let mut screen = ann.listen(&["notification.*"]).await;
        let session = ann.session().await;
        let message = SendMessage { content: "note it".to_owned(), ..SendMessage::default() };
        ann.client.send_message(session, &message).await.unwrap();
        let EventBody::NotificationCreated(asked) = told(&mut screen).await else { panic!("another event") };
        assert_eq!(asked.kind, NotificationKind::PermissionRequest);
        assert_eq!((asked.title.as_str(), asked.body.as_str()), ("`notes write` waits for you", "milk"));
        let question = ann.client.pending_requests().await.unwrap().items[0].id;
        ann.client.respond(question.into(), Respond { approved: true, scope: Default::default() }).await.unwrap();
        assert_eq!(told(&mut screen).await, EventBody::NotificationRead(NotificationRead { ids: vec![asked.id], all: false }));
        assert!(matches!(told(&mut screen).await, EventBody::NotificationCreated(_)), "the end of the turn");
        assert_eq!(listed(&ann, &NotificationQuery::default()).await.1, 1);
    }

    async fn what_a_person_does_not_want_is_not_told(db) {
        let host = host_on(db, hellos(2)).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let all = NotificationPreferences { agent_completed: true, agent_failed: true, permission_request: true };
        assert_eq!(ann.client.notification_preferences().await.unwrap(), all);
        let fewer = NotificationPreferences { agent_completed: false, ..all };
        for _ in 0..2 {
            assert_eq!(ann.client.set_notification_preferences(fewer).await.unwrap(), fewer);
        }
        assert_eq!(ann.client.notification_preferences().await.unwrap(), fewer);
        assert_eq!(bob.client.notification_preferences().await.unwrap(), all);
        turn(&host, &ann, ann.session().await).await;
        turn(&host, &bob, bob.session().await).await;
        assert_eq!(listed(&ann, &NotificationQuery::default()).await, (Vec::new(), 0));
        assert_eq!(listed(&bob, &NotificationQuery::default()).await.1, 1);
    }
}

/// Whether a turn of the session that ends now is told.
async fn is_told(host: &Host, person: &Person, session: SessionId) -> bool {
    let before = listed(person, &NotificationQuery::default()).await.1;
    turn(host, person, session).await;
    listed(person, &NotificationQuery::default()).await.1 > before
}

/// When the answer is there, the frames before it were worked on.
async fn settled(socket: &mut Socket) {
    socket.send(&ClientFrame::Ping(Ping {})).await.unwrap();
    until(socket, "pong").await;
}

#[tokio::test]
async fn nobody_is_told_of_an_answer_that_a_screen_of_theirs_shows() {
    let host = host(hellos(20)).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (shown, other) = (ann.session().await, ann.session().await);
    let watch = |session: Option<SessionId>| ClientFrame::Watch(Watch { session_id: session.map(SessionId::as_uuid) });
    let mut page = ann.client.connect().await.unwrap();
    assert!(is_told(&host, &ann, shown).await);
    page.send(&watch(Some(shown))).await.unwrap();
    settled(&mut page).await;
    assert!(!is_told(&host, &ann, shown).await && is_told(&host, &ann, other).await);
    page.send(&watch(None)).await.unwrap();
    settled(&mut page).await;
    assert!(is_told(&host, &ann, shown).await);

    // A screen of somebody else is none.
    let mut strangers = bob.client.connect().await.unwrap();
    strangers.send(&watch(Some(shown))).await.unwrap();
    settled(&mut strangers).await;
    assert!(is_told(&host, &ann, shown).await);

    // A program that does not say what it shows.
    let mut terminal = ann.listen(&["agent.completed"]).await;
    ann.chat(&mut terminal, shown, "hi").await;
    until(&mut terminal, "agent.completed").await;
    assert!(!is_told(&host, &ann, shown).await && is_told(&host, &ann, other).await);
    let mut monitor = ann.client.connect().await.unwrap();
    monitor.subscribe(&["chat.*"], &[other]).await.unwrap();
    settled(&mut monitor).await;
    assert!(!is_told(&host, &ann, other).await);

    drop((terminal, monitor));
    // The host hears of it in a moment.
    while ann.client.connections().await.unwrap().items.len() > 1 {
        tokio::task::yield_now().await;
    }
    assert!(is_told(&host, &ann, shown).await && is_told(&host, &ann, other).await);
}
