//! How long guest code ran.
//!
//! Counting the ticks that guest code sees is not enough: a guest that always makes a host call when the next tick is due would
//! never see one, and ticks come late on a busy machine. So the time between host calls is measured, and the ticks only say when
//! to look.
//!
//! What passes while the thread waits for a processor is not the guest's. Only the clock of the thread knows it, and that one is
//! too slow to be read around each of many short host calls: it is read once in each turn and for the slices of a turn that are
//! long enough to hide a wait.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use self::clock::Clock;

mod clock;

/// A slice of guest code shorter than this is measured by the clock on the wall alone, and so is a turn that came sooner after
/// the last one.
const SHORT: Duration = Duration::from_millis(1);

/// The turns of a call: the times when its task got a thread.
#[derive(Debug)]
pub(crate) struct Turns {
    clock: Clock,
    begin: Instant,
    /// When the last turn began, in nanoseconds since `begin`.
    last: AtomicU64,
    /// How much of its thread's time, in nanoseconds, is accounted for. A turn stays on its thread, so this is only compared
    /// with the clock that it was read from.
    charged: AtomicU64,
}

impl Turns {
    fn new(clock: Clock) -> Self {
        Self { clock, begin: (clock.wall)(), last: AtomicU64::new(0), charged: AtomicU64::new(0) }
    }

    fn started(&self) {
        self.last.store(nanos((self.clock.wall)().saturating_duration_since(self.begin)), Ordering::Relaxed);
        self.charged.store(nanos((self.clock.thread)()), Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begin + Duration::from_nanos(self.last.load(Ordering::Relaxed))
    }

    /// How much of a slice of that length the thread can have run, which is accounted for from now on.
    fn charge(&self, slice: Duration) -> Duration {
        let used = if slice < SHORT {
            slice
        } else {
            let charged = Duration::from_nanos(self.charged.load(Ordering::Relaxed));
            slice.min((self.clock.thread)().saturating_sub(charged))
        };
        self.charged.fetch_add(nanos(used), Ordering::Relaxed);
        used
    }

    /// The call's work, watched.
    pub(crate) fn watch<F: Future + Unpin>(self: Arc<Self>, work: F) -> Timed<F> {
        Timed { turns: self, work }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Notes each turn of the future in it.
pub(crate) struct Timed<F> {
    turns: Arc<Turns>,
    work: F,
}

impl<F: Future + Unpin> Future for Timed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        this.turns.started();
        Pin::new(&mut this.work).poll(context)
    }
}

/// A host call that began; hand it to [`Meter::waited`] when it ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(Instant);

/// The clock of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    max: Duration,
    guest: Duration,
    host: Duration,
    /// Until then, everything is accounted for.
    last: Instant,
    ticks: u64,
    turns: Arc<Turns>,
}

impl Meter {
    /// A clock that starts now.
    pub(crate) fn new(max_ms: u64) -> Self {
        Self::with(Clock::SYSTEM, max_ms)
    }

    fn with(clock: Clock, max_ms: u64) -> Self {
        let turns = Turns::new(clock);
        let last = turns.begin;
        let max = Duration::from_millis(max_ms);
        Self { max, guest: Duration::ZERO, host: Duration::ZERO, last, ticks: 0, turns: Arc::new(turns) }
    }

    fn now(&self) -> Instant {
        (self.turns.clock.wall)()
    }

    /// When the call's task gets a thread.
    pub(crate) fn turns(&self) -> Arc<Turns> {
        self.turns.clone()
    }

    /// One more tick was seen by guest code; true once its time is used up.
    pub(crate) fn tick(&mut self) -> bool {
        self.ticks += 1;
        self.charge();
        self.spent()
    }

    /// Whether the budget is used up.
    pub(crate) fn spent(&self) -> bool {
        self.guest >= self.max
    }

    /// The budget.
    pub(crate) fn max_ms(&self) -> u64 {
        u64::try_from(self.max.as_millis()).unwrap_or(u64::MAX)
    }

    /// Guest code until the last tick or host call.
    pub(crate) const fn guest(&self) -> Duration {
        self.guest
    }

    /// Host functions that were waited for.
    pub(crate) const fn host(&self) -> Duration {
        self.host
    }

    /// Ticks that guest code saw.
    pub(crate) const fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Since the clock started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now().saturating_duration_since(self.turns.begin)
    }

    /// A host call begins.
    pub(crate) fn host_call(&mut self) -> Since {
        self.charge();
        Since(self.last)
    }

    /// A host call is over: its time is not the guest's.
    pub(crate) fn waited(&mut self, since: Since) {
        self.last = self.now();
        self.host += self.last.saturating_duration_since(since.0);
    }

    /// The guest's code begins; what was before is its instantiation.
    pub(crate) fn instantiated(&mut self) {
        self.last = self.now();
    }

    /// The guest's code has ended.
    pub(crate) fn ended(&mut self) {
        self.charge();
    }

    /// What has passed since the last look, or since the call's task got a thread, is the guest's as far as that thread ran.
    fn charge(&mut self) {
        let turn = self.turns.last();
        // Making way for others at a tick and coming back at once is a price of the guest's own loop; a longer wait is not.
        let away = turn.saturating_duration_since(self.last);
        if away < SHORT {
            self.guest += away;
        }
        let from = self.last.max(turn);
        self.last = self.now();
        self.guest += self.turns.charge(self.last.saturating_duration_since(from));
    }
}

#[cfg(test)]
mod tests;
