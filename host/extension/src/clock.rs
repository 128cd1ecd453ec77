//! The time of a turn or a call that counts against its budget. It stands still while a person is asked: how long they think is not
//! the turn's doing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Longer than any work: what stands for "no deadline" when a budget overflows the clock.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[derive(Debug, Clone, Copy)]
struct Time {
    /// Before `since`.
    counted: Duration,
    since: Instant,
    /// Questions that wait for an answer; while there is one, nothing counts.
    questions: usize,
}

impl Time {
    fn counted_now(&self) -> Duration {
        if self.questions > 0 { self.counted } else { self.counted + self.since.elapsed() }
    }
}

/// The clock of one turn or call; clones are the same clock.
#[derive(Debug, Clone)]
pub struct StopClock(Arc<watch::Sender<Time>>);

/// The clock stands still until this is dropped.
#[derive(Debug)]
pub struct Paused(StopClock);

impl StopClock {
    /// A clock that runs.
    #[must_use]
    pub fn start() -> Self {
        let now = Time { counted: Duration::ZERO, since: Instant::now(), questions: 0 };
        Self(Arc::new(watch::Sender::new(now)))
    }

    /// Stops the clock, for as long as anybody holds what this returns.
    #[must_use]
    pub fn pause(&self) -> Paused {
        self.change(1);
        Paused(self.clone())
    }

    /// How much time has counted.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.borrow().counted_now()
    }

    /// Waits until so much time has counted.
    pub async fn until(&self, time: Duration) {
        let mut changes = self.0.subscribe();
        loop {
            let now = *changes.borrow_and_update();
            let end = now.since.checked_add(time.saturating_sub(now.counted)).unwrap_or(now.since + FAR);
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(end), if now.questions == 0 => return,
                // The sender lives as long as `self`.
                _changed = changes.changed() => {}
            }
        }
    }

    fn change(&self, by: isize) {
        self.0.send_modify(|time| {
            *time =
                Time { counted: time.counted_now(), since: Instant::now(), questions: time.questions.saturating_add_signed(by) };
        });
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.0.change(-1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTES: Duration = Duration::from_secs(4 * 60);

    #[tokio::test(start_paused = true)]
    async fn a_second_ends_after_a_second_of_work_however_long_a_person_thinks() {
        let clock = StopClock::start();
        advance(SECOND / 2).await;
        let question = clock.pause();
        assert!(timeout(MINUTES, clock.until(SECOND)).await.is_err(), "it ended while a person was asked");
        assert_eq!(clock.elapsed(), SECOND / 2);
        drop(question);
        let started = Instant::now();
        clock.until(SECOND).await;
        // The timer of tokio counts whole milliseconds.
        assert!(started.elapsed() >= SECOND / 2 && started.elapsed() <= SECOND / 2 + Duration::from_millis(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_stops_a_wait_that_has_begun_and_each_question_counts() {
        let clock = StopClock::start();
        let (first, second) = (clock.pause(), clock.pause());
        let wait = clock.until(SECOND);
        tokio::pin!(wait);
        assert!(timeout(MINUTES, &mut wait).await.is_err());
        drop(first);
        assert!(timeout(MINUTES, &mut wait).await.is_err(), "another question is still open");
        drop(second);
        assert!(timeout(SECOND / 2, &mut wait).await.is_err());
        let third = clock.pause();
        assert!(timeout(MINUTES, &mut wait).await.is_err());
        drop(third);
        assert!(timeout(SECOND, &mut wait).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_budget_beyond_the_clock_never_ends() {
        assert!(timeout(MINUTES, StopClock::start().until(Duration::MAX)).await.is_err());
    }
}
