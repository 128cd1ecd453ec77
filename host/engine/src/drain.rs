//! How a generation ends: it goes on for those who were shown it, until they are done or its time is over.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use octi_domain::{limits, telemetry};
use octi_extension::tool::Containment;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::generation::Generation;

/// Why a generation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Another one took its place.
    Replaced,
    /// An administrator removed it.
    Removed,
}

impl Ending {
    /// What its late calls are told.
    pub(crate) const fn containment(self) -> Containment {
        match self {
            Self::Replaced => Containment::Replaced,
            Self::Removed => Containment::Removed,
        }
    }
}

/// How far a generation's life is.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Tools and roles of it that somebody holds.
    pins: AtomicUsize,
    unpinned: Notify,
    ending: OnceLock<Ending>,
    hurry: CancellationToken,
    closed: CancellationToken,
}

impl Life {
    /// Somebody was shown it.
    pub(crate) fn pin(&self) {
        self.pins.fetch_add(1, Ordering::AcqRel);
    }

    /// They are done with it.
    pub(crate) fn unpin(&self) {
        if self.pins.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.unpinned.notify_waiters();
        }
    }

    /// Shortens its end to [`limits::PLUGIN_HURRY_SECONDS_MAX`].
    pub(crate) fn hurry(&self) {
        self.hurry.cancel();
    }

    /// Its calls are over, and there will be no more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Waits for that; what the calls are told.
    pub(crate) async fn closed(&self) -> Containment {
        self.closed.cancelled().await;
        self.refusal()
    }

    /// What a call on a closed generation is told.
    pub(crate) fn refusal(&self) -> Containment {
        self.ending.get().copied().unwrap_or(Ending::Replaced).containment()
    }

    /// Ends it. The first reason counts.
    pub(crate) fn close(&self, ending: Ending) {
        let _first = self.ending.set(ending);
        self.closed.cancel();
    }

    async fn unpinned(&self) {
        loop {
            let notified = self.unpinned.notified();
            if self.pins.load(Ordering::Acquire) == 0 {
                return;
            }
            notified.await;
        }
    }
}

/// Lets a generation that no longer runs go: waits until nobody holds it, or its time is over, and closes it.
pub(crate) async fn drain(generation: &Generation, ending: Ending) {
    let began = Instant::now();
    let life = &generation.life;
    if ending == Ending::Removed {
        generation.grant.revoke();
        life.hurry();
    }
    let in_time = async {
        tokio::time::sleep(Duration::from_secs(limits::PLUGIN_DRAIN_SECONDS_MAX)).await;
    };
    let in_a_hurry = async {
        life.hurry.cancelled().await;
        tokio::time::sleep(Duration::from_secs(limits::PLUGIN_HURRY_SECONDS_MAX)).await;
    };
    let finished = tokio::select! {
        () = life.unpinned() => true,
        () = in_time => false,
        () = in_a_hurry => false,
    };
    let seconds = began.elapsed().as_secs_f64();
    generation.close(ending);
    metrics::histogram!(telemetry::DRAIN_SECONDS.name).record(seconds);
    let id = &generation.manifest().id;
    if finished {
        tracing::debug!(plugin = id, generation = generation.number(), seconds, "a generation ended");
    } else {
        tracing::warn!(
            plugin = id,
            generation = generation.number(),
            seconds,
            "a generation still had users when its time was over; their calls are cancelled"
        );
    }
}
