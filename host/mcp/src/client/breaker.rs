//! When a server that fails is left alone, and when it is tried again.

use std::time::Duration;

use octi_domain::limits;
use tokio::time::Instant;

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BreakerState {
    /// They do.
    #[default]
    Closed,
    /// They are refused at once.
    Open,
    /// One call finds out whether the server has recovered.
    Probing,
}

/// Counts failures in a row. Time comes in from outside, so it is the same for a test's clock.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    failures: u32,
    /// Rests in a row without a success between them.
    rests: u32,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    Probing,
}

impl Breaker {
    /// Lets a call through, or says how long the server is still left alone; nothing is known of that while another call probes.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Option<Duration>> {
        match self.state {
            State::Closed => Ok(()),
            State::Open { until } if now < until => Err(Some(until - now)),
            State::Open { .. } => {
                self.state = State::Probing;
                Ok(())
            }
            State::Probing => Err(None),
        }
    }

    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// The server runs and lists its tools, which does not say that a call will work: after a rest, the first failure begins another.
    pub(super) fn runs(&mut self) {
        if matches!(self.state, State::Probing) {
            self.state = State::Closed;
            self.failures = limits::MCP_FAILURES_MAX - 1;
        }
    }

    /// Returns whether the server is left alone from now on.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let opens = matches!(self.state, State::Probing) || self.failures >= limits::MCP_FAILURES_MAX;
        if opens {
            self.state = State::Open { until: now + rest(self.rests) };
            self.rests = self.rests.saturating_add(1);
        }
        opens
    }

    /// A call ended without telling anything of the server, such as one that was given up.
    pub(super) fn nothing_learnt(&mut self, now: Instant) {
        if matches!(self.state, State::Probing) {
            self.state = State::Open { until: now };
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    pub(super) const fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::Probing => BreakerState::Probing,
        }
    }

    /// How long the server is still left alone.
    pub(super) fn rests_for(&self, now: Instant) -> Option<Duration> {
        match self.state {
            State::Open { until } => Some(until.saturating_duration_since(now)),
            State::Closed | State::Probing => None,
        }
    }
}

fn rest(rests: u32) -> Duration {
    let seconds = limits::MCP_REST_SECONDS_MIN.saturating_mul(1_u64.checked_shl(rests).unwrap_or(u64::MAX));
    Duration::from_secs(seconds.min(limits::MCP_REST_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(breaker: &mut Breaker, now: Instant) {
        for nth in 1..=limits::MCP_FAILURES_MAX {
            breaker.admit(now).unwrap();
            assert_eq!(breaker.failed(now), nth == limits::MCP_FAILURES_MAX);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_open_it_and_a_success_between_them_does_not() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        breaker.failed(now);
        breaker.failed(now);
        breaker.succeeded();
        assert!(!breaker.failed(now) && !breaker.failed(now));
        assert!(breaker.failed(now));
        assert_eq!(breaker.admit(now), Err(Some(Duration::from_secs(limits::MCP_REST_SECONDS_MIN))));
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_probes_and_its_success_closes_it() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        open(&mut breaker, now);
        tokio::time::advance(Duration::from_secs(limits::MCP_REST_SECONDS_MIN)).await;
        let now = Instant::now();
        assert_eq!((breaker.admit(now), breaker.admit(now)), (Ok(()), Err(None)));
        assert_eq!(breaker.state(), BreakerState::Probing);
        breaker.succeeded();
        assert_eq!((breaker.admit(now), breaker.state()), (Ok(()), BreakerState::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_only_starts_again_is_left_alone_longer() {
        let mut breaker = Breaker::default();
        open(&mut breaker, Instant::now());
        tokio::time::advance(Duration::from_secs(limits::MCP_REST_SECONDS_MIN)).await;
        breaker.admit(Instant::now()).unwrap();
        breaker.runs();
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.failed(Instant::now()));
        assert_eq!(breaker.rests_for(Instant::now()), Some(Duration::from_secs(2 * limits::MCP_REST_SECONDS_MIN)));
    }

    #[tokio::test(start_paused = true)]
    async fn each_failed_probe_doubles_the_rest_up_to_its_bound() {
        let mut breaker = Breaker::default();
        open(&mut breaker, Instant::now());
        let mut rests = Vec::new();
        for _ in 0..10 {
            let rest = breaker.rests_for(Instant::now()).unwrap();
            rests.push(rest.as_secs());
            tokio::time::advance(rest).await;
            breaker.admit(Instant::now()).unwrap();
            assert!(breaker.failed(Instant::now()));
        }
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
        breaker.reset();
        assert_eq!(breaker.admit(Instant::now()), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_was_given_up_leaves_the_place_to_the_next() {
        let mut breaker = Breaker::default();
        open(&mut breaker, Instant::now());
        tokio::time::advance(Duration::from_secs(limits::MCP_REST_SECONDS_MIN)).await;
        breaker.admit(Instant::now()).unwrap();
        breaker.nothing_learnt(Instant::now());
        assert_eq!(breaker.admit(Instant::now()), Ok(()));
    }
}
