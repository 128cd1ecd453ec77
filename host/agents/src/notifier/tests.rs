//! The bound of the queue.

use octi_domain::session::{Session, SessionStatus};
use octi_security::guard::Redactor;
use octi_store::Backend;
use octi_testkit::db::TestDb;
use octi_testkit::events::Collected;

use super::*;

/// The runtime has one thread, so nothing is told before the test waits.
#[tokio::test]
async fn what_comes_while_too_many_wait_is_lost_and_nobody_waits_for_it() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let (user, principal) = db.user("ada").await;
    let now = db.ambient.now();
    let session = Session {
        id: db.ambient.id(),
        user_id: user.id,
        title: None,
        status: SessionStatus::Active,
        message_count: 0,
        workspace_id: None,
        project: None,
        created_at: now,
        updated_at: now,
    };
    let mut tx = db.store.write(&principal).await.unwrap();
    tx.insert_session(&session).await.unwrap();
    tx.save().await.unwrap();
    let run = Run {
        id: db.ambient.id(),
        session_id: session.id,
        user_id: user.id,
        role: "general".to_owned(),
        model: "scripted".to_owned(),
        status: RunStatus::Failed,
        reason: Some("the model is away".to_owned()),
        iterations: 1,
        usage: octi_domain::run::Usage::default(),
        skills: Vec::new(),
        started_at: now,
        ended_at: Some(now),
    };

    let events = Arc::new(Collected::default());
    let publisher = Arc::new(Publisher::new(events.clone(), db.ambient.clone()));
    let nothing_secret = Arc::new(Redactor::empty());
    let notifier = Notifier::start(db.store.clone(), publisher, db.ambient.clone(), Arc::new(move |_| nothing_secret.clone()));
    for _ in 0..limits::NOTIFICATIONS_QUEUE_MAX + 3 {
        notifier.ended(&principal, &run);
    }
    notifier.flush().await;
    assert_eq!(events.notifications().len(), limits::NOTIFICATIONS_QUEUE_MAX);

    notifier.ended(&principal, &run);
    notifier.close().await;
    assert_eq!(events.notifications().len(), limits::NOTIFICATIONS_QUEUE_MAX + 1, "what waits is told before the end");
    notifier.ended(&principal, &run);
    notifier.flush().await;
    assert_eq!(events.notifications().len(), limits::NOTIFICATIONS_QUEUE_MAX + 1);
}
