//! How long guest code ran.
//!
//! Counting the ticks that guest code sees is not enough: a guest that always makes a host call when the next tick is due would
//! never see one. So the time between host calls is measured, and the ticks only say when to look.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use octi_domain::limits;

const TICK: Duration = Duration::from_millis(limits::GUEST_TICK_MS);

/// When the call's task last got a thread. Waiting for one is not the guest's time.
#[derive(Debug)]
pub(crate) struct Turns {
    begin: Instant,
    nanos: AtomicU64,
}

impl Turns {
    fn new() -> Self {
        Self { begin: Instant::now(), nanos: AtomicU64::new(0) }
    }

    fn started(&self) {
        let nanos = u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanos.store(nanos, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.begin + Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// The call's work, watched.
    pub(crate) fn watch<F: Future + Unpin>(self: Arc<Self>, work: F) -> Timed<F> {
        Timed { turns: self, work }
    }
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
        let turns = Turns::new();
        let last = turns.begin;
        let max = Duration::from_millis(max_ms);
        Self { max, guest: Duration::ZERO, host: Duration::ZERO, last, ticks: 0, turns: Arc::new(turns) }
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
        self.turns.begin.elapsed()
    }

    /// A host call begins.
    pub(crate) fn host_call(&mut self) -> Since {
        self.charge();
        Since(self.last)
    }

    /// A host call is over: its time is not the guest's.
    pub(crate) fn waited(&mut self, since: Since) {
        self.last = Instant::now();
        self.host += self.last.saturating_duration_since(since.0);
    }

    /// The guest's code begins; what was before is its instantiation.
    pub(crate) fn instantiated(&mut self) {
        self.last = Instant::now();
    }

    /// The guest's code has ended.
    pub(crate) fn ended(&mut self) {
        self.charge();
    }

    /// What has passed since the last look is the guest's. More than a tick is not: guest code looks at every tick, unless its thread
    /// has to wait for a processor.
    fn charge(&mut self) {
        let from = self.last.max(self.turns.last());
        self.last = Instant::now();
        self.guest += self.last.saturating_duration_since(from).min(TICK);
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;

    const STEP: Duration = Duration::from_millis(4);

    #[test]
    fn a_guest_that_calls_the_host_before_each_tick_pays_all_the_same() {
        let mut meter = Meter::new(10);
        assert!(STEP < TICK);
        for _ in 0..5 {
            sleep(STEP);
            let since = meter.host_call();
            sleep(STEP);
            meter.waited(since);
        }
        assert!(meter.spent() && meter.guest() >= STEP * 5 && meter.host() >= STEP * 5, "{meter:?}");
        assert!(meter.guest() + meter.host() <= meter.elapsed());
    }

    #[tokio::test]
    async fn waiting_for_a_thread_is_free() {
        let mut meter = Meter::new(1_000);
        let mut turns = 0;
        let work = std::future::poll_fn(|context| {
            turns += 1;
            context.waker().wake_by_ref();
            if turns == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        let mut watched = meter.turns().watch(work);
        assert!(futures::poll!(&mut watched).is_pending());
        meter.charge();
        sleep(STEP * 5);
        assert!(futures::poll!(&mut watched).is_ready());
        assert!(!meter.tick());
        assert!(meter.guest() < STEP * 5, "{meter:?}");
    }
}
