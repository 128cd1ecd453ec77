//! The clock of guest code: a thread that advances an engine's epoch every 10 ms.
//!
//! A thread and not a task: it must tick when every worker of the async runtime is busy in guest code.

use std::time::{Duration, Instant};

use octi_domain::limits;
use wasmtime::Engine;

const TICK: Duration = Duration::from_millis(limits::GUEST_TICK_MS);

/// Starts the thread. It holds the engine weakly and ends with it.
pub(crate) fn start(engine: &Engine) -> std::io::Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new().name("octi-ticker".to_owned()).spawn(move || {
        let mut due = Instant::now() + TICK;
        loop {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let Some(engine) = weak.upgrade() else { return };
            engine.increment_epoch();
            due = following(due, Instant::now());
        }
    })?;
    Ok(())
}

/// When the next tick is due. A thread always wakes a little late, and a thousand times a little is time that no guest was given; but
/// what the machine did not get to is not made up for all at once.
fn following(due: Instant, now: Instant) -> Instant {
    (due + TICK).max(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_do_not_drift_and_are_not_made_up_for() {
        let due = Instant::now();
        let late = |by: Duration| following(due, due + by) - due;
        assert_eq!(late(Duration::ZERO), TICK);
        assert_eq!(late(TICK / 2), TICK, "the next one is sooner after this one");
        assert_eq!(late(TICK * 50), TICK * 50, "one at once, not fifty");
    }
}
