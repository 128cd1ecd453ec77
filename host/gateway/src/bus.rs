//! Carries events to the connections of the person they belong to.
//!
//! Publishing never waits: each connection has a queue of its own with a bound. A reader that falls behind loses the
//! newest events, is told how many, and slows nobody else. The newest events of each session are kept, so that a client
//! that lost its connection can ask for what it missed.

mod gaze;
mod kept;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::ws::Utf8Bytes;
use chrono::{DateTime, Utc};
use octi_api::event::EventEnvelope;
use octi_api::frames::ServerFrame;
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{SessionId, UserId};
use octi_domain::limits;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use gaze::Gaze;
use kept::Kept;
pub(crate) use kept::Past;

/// The type of the event that asks a person for something.
const QUESTION: &str = "question.asked";

/// The bus. One per host.
#[derive(Debug, Default)]
pub struct Bus {
    listeners: Mutex<HashMap<UserId, Vec<Weak<Queue>>>>,
    /// Held while an event is kept and handed to every queue, and while a replay is taken: an event is either in the
    /// replay or comes after it.
    kept: Mutex<Kept>,
    published: AtomicU64,
    dropped: AtomicU64,
    /// Counts the changes of what is installed.
    installed: watch::Sender<u64>,
}

/// What the bus did since the host started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) published: u64,
    /// Once for each connection that did not get an event.
    pub(crate) dropped: u64,
    pub(crate) sessions_kept: usize,
}

impl Bus {
    /// A bus nobody listens to yet.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Tells everybody who is connected, such as of a plugin that changed.
    pub fn broadcast(&self, ambient: &Ambient, kind: &EventKind) {
        if matches!(kind, EventKind::PluginsChanged { .. }) {
            self.installed.send_modify(|count| *count += 1);
        }
        let users: Vec<UserId> = self.lock().keys().copied().collect();
        for user_id in users {
            self.publish(Event { id: ambient.id(), user_id, session_id: None, at: ambient.now(), kind: kind.clone() });
        }
    }

    /// Counts up whenever what is installed changed.
    pub(crate) fn installed(&self) -> watch::Receiver<u64> {
        self.installed.subscribe()
    }

    /// Begins to listen to the events of one person. Nothing arrives before a pattern is added.
    pub(crate) fn listen(&self, user_id: UserId) -> Listener {
        let queue = Arc::new(Queue::default());
        let mut listeners = self.lock();
        let own = listeners.entry(user_id).or_default();
        own.retain(|queue| queue.strong_count() > 0);
        own.push(Arc::downgrade(&queue));
        Listener { user_id, queue }
    }

    /// What happened in a session of the listener's person after an event. What waits for the listener of that session is
    /// taken back, because it is in the answer; questions to the person are in both.
    pub(crate) fn replay(&self, listener: &Listener, session: SessionId, after: Option<Uuid>) -> Past {
        let mut kept = self.kept();
        listener.queue.take_back(session);
        kept.after(listener.user_id, session, after)
    }

    /// Forgets what is kept of a session that was deleted.
    pub(crate) fn forget(&self, session: SessionId) {
        self.kept().forget(session);
    }

    /// What the bus did since the host started.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            published: self.published.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            sessions_kept: self.kept().sessions(),
        }
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
        self.published.fetch_add(1, Ordering::Relaxed);
        let dropped = self.queues(user_id).iter().filter(|queue| !queue.push(kind, session, &text)).count();
        self.dropped.fetch_add(dropped as u64, Ordering::Relaxed);
    }

    fn is_watched(&self, user: UserId, session: SessionId, now: DateTime<Utc>) -> bool {
        self.queues(user).iter().any(|queue| {
            let inner = queue.lock();
            inner.gaze.is_at(session, &inner.subscription.sessions, now)
        })
    }

    fn is_heard(&self, user: UserId, session: SessionId) -> bool {
        self.queues(user).iter().any(|queue| queue.lock().subscription.wants(QUESTION, Some(session)))
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
    subscription: Subscription,
    gaze: Gaze,
    waiting: VecDeque<Waiting>,
}

/// What a connection wants to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) patterns: Vec<String>,
    /// Of all sessions, these only; all when empty.
    pub(crate) sessions: Vec<SessionId>,
}

impl Subscription {
    fn wants(&self, kind: &str, session: Option<SessionId>) -> bool {
        let is_near = self.sessions.is_empty() || session.is_none_or(|session| self.sessions.contains(&session));
        is_near && self.patterns.iter().any(|pattern| matches(pattern, kind))
    }
}

/// What waits, and the session whose replay holds it.
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
    /// Whether the event waits here now, or is not wanted; false when it is lost.
    fn push(&self, kind: &str, session: Option<SessionId>, text: &Utf8Bytes) -> bool {
        let mut inner = self.lock();
        if !inner.subscription.wants(kind, session) {
            return true;
        }
        // A question is shown beside every conversation, and nobody looks for it in a replay, so it is not taken back.
        let session = session.filter(|_| !kind.starts_with("permission.") && !kind.starts_with("question."));
        let has_room = inner.waiting.len() < limits::WS_QUEUE_MAX;
        if has_room {
            inner.waiting.push_back(Waiting { session, delivery: Delivery::Event(text.clone()) });
        } else if let Some(Waiting { delivery: Delivery::Dropped(count), .. }) = inner.waiting.back_mut() {
            *count += 1;
        } else {
            inner.waiting.push_back(Waiting { session: None, delivery: Delivery::Dropped(1) });
        }
        drop(inner);
        self.ready.notify_one();
        has_room
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
    /// Adds to what is heard and returns all that holds now. The error names the list that would be too long, and then
    /// nothing changed.
    pub(crate) fn subscribe(&self, more: Subscription) -> Result<Subscription, &'static str> {
        let mut inner = self.queue.lock();
        let mut all = inner.subscription.clone();
        add(&mut all.patterns, more.patterns);
        add(&mut all.sessions, more.sessions);
        if all.patterns.len() > limits::WS_PATTERNS_MAX {
            return Err("patterns");
        }
        if all.sessions.len() > limits::WS_RESOURCES_MAX {
            return Err("resources");
        }
        inner.subscription = all.clone();
        Ok(all)
    }

    /// Takes away from what is heard and returns what is left.
    pub(crate) fn unsubscribe(&self, less: &Subscription) -> Subscription {
        let mut inner = self.queue.lock();
        inner.subscription.patterns.retain(|held| !less.patterns.contains(held));
        inner.subscription.sessions.retain(|held| !less.sessions.contains(held));
        inner.subscription.clone()
    }

    /// The person spoke in a session.
    pub(crate) fn spoke(&self, session: SessionId, now: DateTime<Utc>) {
        self.queue.lock().gaze.spoke(session, now);
    }

    /// The other end says which session it shows.
    pub(crate) fn shows(&self, session: Option<SessionId>) {
        self.queue.lock().gaze = Gaze::Shows(session);
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

/// Adds what is not there yet.
fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !all.contains(&item) {
            all.push(item);
        }
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

    /// These patterns, for all sessions.
    fn all(patterns: &[&str]) -> Subscription {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Subscription { patterns, sessions: Vec::new() }
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
        listener.subscribe(all(&["*"])).unwrap();
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
    fn a_question_that_waits_is_delivered_whoever_asks_for_a_replay() {
        let (bus, session) = (Bus::new(), Uuid::from_u128(1).into());
        let listener = bus.listen(user(1));
        listener.subscribe(all(&["*"])).unwrap();
        let kind = EventKind::PermissionResolved { request_id: Uuid::from_u128(9).into(), answer: None };
        bus.publish(Event { kind, ..piece(1) });
        assert_eq!(bus.replay(&listener, session, None).events.len(), 1);
        assert!(texts(&listener).concat().contains("permission.resolved"));
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
        mine.subscribe(all(&["*"])).unwrap();
        theirs.subscribe(all(&["*"])).unwrap();
        bus.publish(delta(user(1), "secret"));
        assert_eq!(texts(&mine).len(), 1);
        assert_eq!(texts(&theirs), Vec::<String>::new());
    }

    #[test]
    fn a_slow_reader_is_told_where_events_are_missing_and_others_miss_nothing() {
        let bus = Bus::new();
        let (slow, quick) = (bus.listen(user(1)), bus.listen(user(1)));
        slow.subscribe(all(&["*"])).unwrap();
        quick.subscribe(all(&["*"])).unwrap();
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
        let published = limits::WS_QUEUE_MAX as u64 + 6;
        assert_eq!(bus.counts(), Counts { published, dropped: 5, sessions_kept: 0 });
    }

    #[test]
    fn patterns_are_bounded_and_go_away() {
        let bus = Bus::new();
        let listener = bus.listen(user(1));
        let names = |range: std::ops::Range<usize>| range.map(|number| format!("type{number}")).collect::<Vec<_>>();
        let many = |range| Subscription { patterns: names(range), sessions: Vec::new() };
        assert!(listener.subscribe(many(0..limits::WS_PATTERNS_MAX)).is_ok());
        assert_eq!(listener.subscribe(many(100..101)), Err("patterns"));
        assert!(listener.subscribe(many(0..1)).is_ok(), "a pattern that is there already is not another one");
        assert_eq!(listener.unsubscribe(&many(1..limits::WS_PATTERNS_MAX)), many(0..1));
    }

    #[test]
    fn of_all_sessions_only_those_that_are_named_are_heard() {
        let bus = Bus::new();
        let listener = bus.listen(user(1));
        let session = |number| SessionId::from(Uuid::from_u128(number));
        let sessions =
            |range: std::ops::Range<u128>| Subscription { patterns: Vec::new(), sessions: range.map(session).collect() };
        listener.subscribe(all(&["*"])).unwrap();
        listener.subscribe(sessions(1..2)).unwrap();
        let hear = || {
            bus.publish(piece(1));
            bus.publish(Event { session_id: Some(session(2)), ..piece(2) });
            bus.publish(delta(user(1), "of no session"));
            texts(&listener).len()
        };
        assert_eq!(hear(), 2);
        let many = sessions(2..limits::WS_RESOURCES_MAX as u128 + 2);
        assert_eq!(listener.subscribe(many), Err("resources"));
        assert_eq!(listener.unsubscribe(&sessions(1..2)), all(&["*"]));
        assert_eq!(hear(), 3);
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
        listener.subscribe(all(&["plugin.*"])).unwrap();
        let change = EventKind::PluginsChanged { plugin: "acme/weather".to_owned(), change: "added".to_owned() };
        bus.broadcast(&Ambient::system(), &change);
        assert!(texts(&listener).concat().contains(&user(2).to_string()));
    }
}
