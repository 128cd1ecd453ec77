//! Carries events to the connections of the person they belong to.
//!
//! Publishing never waits: each connection has a queue of its own with a bound. A reader that falls behind loses the
//! newest events, is told how many, and slows nobody else. The newest events of each session are kept, so that a client
//! that lost its connection can ask for what it missed.

mod kept;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::ws::Utf8Bytes;
use octi_api::event::EventEnvelope;
use octi_api::frames::ServerFrame;
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{SessionId, UserId};
use octi_domain::limits;
use tokio::sync::Notify;
use uuid::Uuid;

use kept::Kept;
pub(crate) use kept::Past;

/// The bus. One per host.
#[derive(Debug, Default)]
pub struct Bus {
    listeners: Mutex<HashMap<UserId, Vec<Weak<Queue>>>>,
    /// Held while an event is kept and handed to every queue, and while a replay is taken: an event is either in the
    /// replay or comes after it.
    kept: Mutex<Kept>,
}

impl Bus {
    /// A bus nobody listens to yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Tells everybody who is connected, such as of a plugin that changed.
    pub fn broadcast(&self, ambient: &Ambient, kind: &EventKind) {
        let users: Vec<UserId> = self.lock().keys().copied().collect();
        for user_id in users {
            self.publish(Event { id: ambient.id(), user_id, session_id: None, at: ambient.now(), kind: kind.clone() });
        }
    }

    /// Begins to listen to the events of one person. Nothing arrives before a pattern is added.
    pub(crate) fn listen(&self, user_id: UserId) -> Listener {
        let queue = Arc::new(Queue::default());
        let mut listeners = self.lock();
        listeners.entry(user_id).or_default().push(Arc::downgrade(&queue));
        Listener { user_id, queue }
    }

    /// What happened in a session of the listener's person after an event. What waits for the listener of that session is
    /// taken back, because it is in the answer.
    pub(crate) fn replay(&self, listener: &Listener, session: SessionId, after: Option<Uuid>) -> Past {
        let mut kept = self.kept();
        listener.queue.take_back(session);
        kept.after(listener.user_id, session, after)
    }

    /// Forgets what is kept of a session that was deleted.
    pub(crate) fn forget(&self, session: SessionId) {
        self.kept().forget(session);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Vec<Weak<Queue>>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queues of one person, forgetting those whose connection is gone.
    fn queues(&self, user_id: UserId) -> Vec<Arc<Queue>> {
        let mut listeners = self.lock();
        let Some(queues) = listeners.get_mut(&user_id) else { return Vec::new() };
        queues.retain(|queue| queue.strong_count() > 0);
        let live = queues.iter().filter_map(Weak::upgrade).collect();
        if queues.is_empty() {
            listeners.remove(&user_id);
        }
        live
    }
}

impl EventSink for Bus {
    fn publish(&self, event: Event) {
        let (user_id, session) = (event.user_id, event.session_id);
        let frame = ServerFrame::Event { event: EventEnvelope::from_domain(&event) };
        // Written once, however many screens the person has.
        let text = match serde_json::to_string(&frame) {
            Ok(text) => Utf8Bytes::from(text),
            Err(error) => return tracing::error!(%error, kind = ?event.kind, "an event could not be written as JSON"),
        };
        let ServerFrame::Event { event } = frame else { return };
        let kind = event.body.type_name();
        let mut kept = self.kept();
        kept.add(user_id, session, event, text.len());
        self.queues(user_id).iter().for_each(|queue| queue.push(kind, session, &text));
    }
}

/// What waits for one connection.
#[derive(Debug, Default)]
struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    patterns: Vec<String>,
    waiting: VecDeque<Waiting>,
}

/// What waits, and the session it is about.
#[derive(Debug)]
struct Waiting {
    session: Option<SessionId>,
    delivery: Delivery,
}

/// What a connection is to send next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// An `event` frame, ready to send.
    Event(Utf8Bytes),
    /// So many events were lost here.
    Dropped(u64),
}

impl Queue {
    fn push(&self, kind: &str, session: Option<SessionId>, text: &Utf8Bytes) {
        let mut inner = self.lock();
        if !inner.patterns.iter().any(|pattern| matches(pattern, kind)) {
            return;
        }
        if inner.waiting.len() < limits::WS_QUEUE_MAX {
            inner.waiting.push_back(Waiting { session, delivery: Delivery::Event(text.clone()) });
        } else if let Some(Waiting { delivery: Delivery::Dropped(count), .. }) = inner.waiting.back_mut() {
            *count += 1;
        } else {
            inner.waiting.push_back(Waiting { session: None, delivery: Delivery::Dropped(1) });
        }
        drop(inner);
        self.ready.notify_one();
    }

    /// Takes back what waits about a session.
    fn take_back(&self, session: SessionId) {
        self.lock().waiting.retain(|waiting| waiting.session != Some(session));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving end of one connection.
#[derive(Debug)]
pub(crate) struct Listener {
    user_id: UserId,
    queue: Arc<Queue>,
}

impl Listener {
    /// Adds patterns and returns all that hold now; none when there would be too many, and then nothing changed.
    pub(crate) fn subscribe(&self, patterns: Vec<String>) -> Option<Vec<String>> {
        let mut inner = self.queue.lock();
        let mut all = inner.patterns.clone();
        for pattern in patterns {
            if !all.contains(&pattern) {
                all.push(pattern);
            }
        }
        if all.len() > limits::WS_PATTERNS_MAX {
            return None;
        }
        inner.patterns = all;
        Some(inner.patterns.clone())
    }

    /// Takes patterns away and returns those that are left.
    pub(crate) fn unsubscribe(&self, patterns: &[String]) -> Vec<String> {
        let mut inner = self.queue.lock();
        inner.patterns.retain(|held| !patterns.contains(held));
        inner.patterns.clone()
    }

    /// What is to be sent next. Safe to drop and call again.
    pub(crate) async fn next(&self) -> Delivery {
        loop {
            if let Some(delivery) = self.try_next() {
                return delivery;
            }
            self.queue.ready.notified().await;
        }
    }

    /// What is to be sent next, if it is there already.
    pub(crate) fn try_next(&self) -> Option<Delivery> {
        self.queue.lock().waiting.pop_front().map(|waiting| waiting.delivery)
    }
}

/// Whether a pattern (exact, `prefix.*` or `*`) means the type.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use octi_domain::ids::RunId;
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        Uuid::from_u128(number).into()
    }

    fn delta(user_id: UserId, text: &str) -> Event {
        let run_id = RunId::from(Uuid::nil());
        let kind = EventKind::ChatDelta { run_id, text: text.to_owned(), reasoning: false };
        Event { id: Uuid::nil().into(), user_id, session_id: None, at: DateTime::UNIX_EPOCH, kind }
    }

    fn texts(listener: &Listener) -> Vec<String> {
        std::iter::from_fn(|| listener.try_next())
            .map(|delivery| match delivery {
                Delivery::Event(text) => text.to_string(),
                Delivery::Dropped(count) => format!("dropped {count}"),
            })
            .collect()
    }

    /// A piece of an answer in a session.
    fn piece(number: u128) -> Event {
        let session_id = Some(Uuid::from_u128(1).into());
        Event { id: Uuid::from_u128(number).into(), session_id, ..delta(user(1), &format!("{number};")) }
    }

    #[test]
    fn what_is_replayed_is_not_delivered_as_well_and_what_comes_later_is() {
        let (bus, session) = (Bus::new(), Uuid::from_u128(1).into());
        let listener = bus.listen(user(1));
        listener.subscribe(vec!["*".to_owned()]);
        (1..=3).for_each(|number| bus.publish(piece(number)));
        bus.publish(delta(user(1), "of no session"));
        assert!(listener.try_next().is_some(), "the first piece is on its way already");
        let past = bus.replay(&listener, session, Some(Uuid::from_u128(1)));
        assert!(!past.gap);
        assert!(serde_json::to_string(&past.events).unwrap().contains("\"2;3;\""), "{past:?}");
        bus.publish(piece(4));
        let live = texts(&listener);
        assert_eq!(live.len(), 2, "{live:?}");
        assert!(live[0].contains("of no session") && live[1].contains("4;"), "{live:?}");
    }

    #[test]
    fn a_stranger_replays_nothing_and_a_deleted_session_is_forgotten() {
        let (bus, session) = (Bus::new(), Uuid::from_u128(1).into());
        bus.publish(piece(1));
        let nothing = Past { events: Vec::new(), gap: true };
        assert_eq!(bus.replay(&bus.listen(user(2)), session, None), nothing);
        assert_eq!(bus.replay(&bus.listen(user(1)), session, None).events.len(), 1);
        bus.forget(session);
        assert_eq!(bus.replay(&bus.listen(user(1)), session, None), nothing);
    }

    #[test]
    fn patterns_are_exact_prefix_or_all() {
        for (pattern, kind, expected) in [
            ("*", "chat.delta", true),
            ("chat.*", "chat.delta", true),
            ("chat.delta", "chat.delta", true),
            ("chat", "chat.delta", false),
            ("chat.*", "chatter.delta", false),
            ("agent.*", "chat.delta", false),
        ] {
            assert_eq!(matches(pattern, kind), expected, "{pattern} {kind}");
        }
    }

    #[test]
    fn an_event_goes_to_its_person_only() {
        let bus = Bus::new();
        let (mine, theirs) = (bus.listen(user(1)), bus.listen(user(2)));
        mine.subscribe(vec!["*".to_owned()]);
        theirs.subscribe(vec!["*".to_owned()]);
        bus.publish(delta(user(1), "secret"));
        assert_eq!(texts(&mine).len(), 1);
        assert_eq!(texts(&theirs), Vec::<String>::new());
    }

    #[test]
    fn a_slow_reader_is_told_where_events_are_missing_and_others_miss_nothing() {
        let bus = Bus::new();
        let (slow, quick) = (bus.listen(user(1)), bus.listen(user(1)));
        slow.subscribe(vec!["*".to_owned()]);
        quick.subscribe(vec!["*".to_owned()]);
        let mut received = 0;
        for number in 0..limits::WS_QUEUE_MAX + 5 {
            bus.publish(delta(user(1), &number.to_string()));
            received += texts(&quick).len();
        }
        assert_eq!(received, limits::WS_QUEUE_MAX + 5);
        let mut late = texts(&slow);
        assert_eq!(late.pop().as_deref(), Some("dropped 5"));
        assert_eq!(late.len(), limits::WS_QUEUE_MAX);
        bus.publish(delta(user(1), "after"));
        assert!(texts(&slow).concat().contains("after"));
    }

    #[test]
    fn patterns_are_bounded_and_go_away() {
        let bus = Bus::new();
        let listener = bus.listen(user(1));
        let many = |range: std::ops::Range<usize>| range.map(|number| format!("type{number}")).collect::<Vec<_>>();
        assert!(listener.subscribe(many(0..limits::WS_PATTERNS_MAX)).is_some());
        assert_eq!(listener.subscribe(many(100..101)), None);
        assert!(listener.subscribe(many(0..1)).is_some(), "a pattern that is there already is not another one");
        assert_eq!(listener.unsubscribe(&many(1..limits::WS_PATTERNS_MAX)), many(0..1));
    }

    #[test]
    fn a_connection_that_went_away_is_forgotten() {
        let bus = Bus::new();
        drop(bus.listen(user(1)));
        bus.publish(delta(user(1), "x"));
        assert!(bus.lock().is_empty());
    }

    #[test]
    fn a_broadcast_reaches_everybody_as_their_own_event() {
        let bus = Bus::new();
        let listener = bus.listen(user(2));
        listener.subscribe(vec!["plugin.*".to_owned()]);
        let change = EventKind::PluginsChanged { plugin: "acme/weather".to_owned(), change: "added".to_owned() };
        bus.broadcast(&Ambient::system(), &change);
        assert!(texts(&listener).concat().contains(&user(2).to_string()));
    }
}
