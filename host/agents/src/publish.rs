//! Events leave through one door, so everybody sees them in the same order.

use std::sync::{Arc, Mutex, PoisonError};

use octi_domain::ambient::Ambient;
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::{SessionId, UserId};

/// Stamps and publishes events.
pub(crate) struct Publisher {
    sink: Arc<dyn EventSink>,
    ambient: Ambient,
    /// Held while one event is stamped and handed over: the order of ids is the order of delivery.
    door: Mutex<()>,
}

impl Publisher {
    pub(crate) fn new(sink: Arc<dyn EventSink>, ambient: Ambient) -> Self {
        Self { sink, ambient, door: Mutex::new(()) }
    }

    pub(crate) fn publish(&self, user_id: UserId, session_id: Option<SessionId>, kind: EventKind) {
        let _one_at_a_time = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        self.sink.publish(Event { id: self.ambient.id(), user_id, session_id, at: self.ambient.now(), kind });
    }

    /// Whether a connection of the person would hear of a question in this session.
    pub(crate) fn is_heard(&self, user_id: UserId, session_id: SessionId) -> bool {
        self.sink.is_heard(user_id, session_id)
    }

    /// Whether a screen of the person shows this session now.
    pub(crate) fn is_watched(&self, user_id: UserId, session_id: SessionId) -> bool {
        self.sink.is_watched(user_id, session_id, self.ambient.now())
    }
}
