//! The two clocks that guest time is measured with.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Where the time is from; only tests have another one than the machine's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Always goes on. Reading it costs some 25 ns.
    pub(super) wall: fn() -> Instant,
    /// Goes on while the thread that asks has a processor, and is that thread's own. Reading it is a system call of some 250 ns.
    pub(super) thread: fn() -> Duration,
}

impl Clock {
    /// The machine's clocks.
    pub(super) const SYSTEM: Self = Self { wall: Instant::now, thread: thread_time };
}

/// Through the C library: rustix looks for the kernel's own function where valgrind has taken it away.
fn thread_time() -> Duration {
    // It cannot fail: Linux has this clock since 2.6.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// Clocks that go on when the test says so, on its own thread.
#[cfg(test)]
pub(super) mod fake {
    use std::cell::Cell;
    use std::sync::LazyLock;

    use super::*;

    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

    thread_local! {
        static WALL: Cell<Duration> = const { Cell::new(Duration::ZERO) };
        static THREAD: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    /// The fake clocks of this thread.
    pub(crate) const CLOCK: Clock = Clock { wall: || *BEGIN + WALL.get(), thread: || THREAD.get() };

    /// The thread runs for that long.
    pub(crate) fn run(time: Duration) {
        wait(time);
        THREAD.set(THREAD.get() + time);
    }

    /// The thread has no processor for that long.
    pub(crate) fn wait(time: Duration) {
        WALL.set(WALL.get() + time);
    }
}
