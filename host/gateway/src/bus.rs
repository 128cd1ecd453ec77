//! Carries events to the connections of the person they belong to.
//!
//! Publishing never waits: each connection has a queue of its own with a bound. A reader that falls behind loses the
//! newest events, is told how many, and slows nobody else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::ws::Utf8Bytes;
use octi_api::event::EventEnvelope;
use octi_api::frames::ServerFrame;
use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::UserId;
use octi_domain::limits;
use tokio::sync::Notify;

/// The bus. One per host.
#[derive(Debug, Default)]
pub struct Bus {
    listeners: Mutex<HashMap<UserId, Vec<Weak<Queue>>>>,
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
        Listener { queue }
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
        let queues = self.queues(event.user_id);
        if queues.is_empty() {
            return;
        }
        let event = EventEnvelope::from_domain(&event);
        let kind = event.body.type_name();
        // Written once, however many screens the person has.
        match serde_json::to_string(&ServerFrame::Event { event }) {
            Ok(text) => {
                let text = Utf8Bytes::from(text);
                queues.iter().for_each(|queue| queue.push(kind, &text));
            }
            Err(error) => tracing::error!(%error, kind, "an event could not be written as JSON"),
        }
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
    waiting: VecDeque<Delivery>,
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
    fn push(&self, kind: &str, text: &Utf8Bytes) {
        let mut inner = self.lock();
        if !inner.patterns.iter().any(|pattern| matches(pattern, kind)) {
            return;
        }
        if inner.waiting.len() < limits::WS_QUEUE_MAX {
            inner.waiting.push_back(Delivery::Event(text.clone()));
        } else if let Some(Delivery::Dropped(count)) = inner.waiting.back_mut() {
            *count += 1;
        } else {
            inner.waiting.push_back(Delivery::Dropped(1));
        }
        drop(inner);
        self.ready.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving end of one connection.
#[derive(Debug)]
pub(crate) struct Listener {
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
        self.queue.lock().waiting.pop_front()
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
