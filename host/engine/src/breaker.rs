//! A plugin that keeps crashing is quarantined, so that a bug or an attack does not keep the host busy and the person gets
//! one clear sentence instead of a row of crashes.
//!
//! A quarantine ends by itself; the next crash begins one twice as long. `octi plugin reload` and a new file end it too.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits;
use octi_extension::registry::Incident;
use octi_extension::tool::Containment;

/// The crashes of one generation. A new generation starts without any.
#[derive(Debug)]
pub(crate) struct Breaker {
    born: DateTime<Utc>,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    crashes: VecDeque<DateTime<Utc>>,
    /// Quarantines so far, without a calm hour in between.
    trips: u32,
    /// The last one. Once its time is over the next call is a test: it closes the matter, or begins the next quarantine.
    quarantine: Option<Quarantine>,
    /// When the last one ends or ended.
    last_end: Option<DateTime<Utc>>,
    news: Option<Trip>,
}

/// A plugin is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quarantine {
    reason: Containment,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// A quarantine began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trip {
    /// The generation is so new that the one before it should come back.
    pub(crate) on_probation: bool,
    pub(crate) reason: Containment,
    pub(crate) seconds: i64,
}

impl Quarantine {
    /// Seconds that are left of it.
    pub(crate) fn seconds_left(&self, now: DateTime<Utc>) -> i64 {
        (self.until - now).num_seconds().max(1)
    }

    /// What it is for, and from when to when.
    pub(crate) const fn incident(&self) -> Incident {
        Incident::Quarantined { reason: self.reason.code(), since: self.since, until: self.until }
    }

    /// What it is for, as a sentence for the person.
    pub(crate) fn explain(&self, id: &str, now: DateTime<Utc>) -> String {
        format!(
            "quarantined for {} more seconds because it keeps crashing ({}); `octi plugin reload {id}` ends that",
            self.seconds_left(now),
            self.reason.code()
        )
    }
}

impl Breaker {
    /// Of a generation that starts now.
    pub(crate) fn new(now: DateTime<Utc>) -> Self {
        Self { born: now, record: Mutex::default() }
    }

    /// May it be called?
    pub(crate) fn check(&self, now: DateTime<Utc>) -> Result<(), Quarantine> {
        match self.record().quarantine {
            Some(quarantine) if quarantine.until > now => Err(quarantine),
            _ => Ok(()),
        }
    }

    /// A call ended as it should.
    pub(crate) fn succeeded(&self, now: DateTime<Utc>) {
        let mut record = self.record();
        if record.quarantine.is_some_and(|quarantine| quarantine.until <= now) {
            record.quarantine = None;
        }
    }

    /// A call was contained; true when a quarantine began with it. Only the plugin's own crashes count: a call that took
    /// long may have been asked for much.
    pub(crate) fn contained(&self, reason: Containment, now: DateTime<Utc>) -> bool {
        let is_crash = matches!(reason, Containment::Trap | Containment::Stack | Containment::Memory { .. });
        is_crash && self.counted(reason, now)
    }

    /// The same for a call that nobody asked for much, so that taking long counts like a crash.
    pub(crate) fn counted(&self, reason: Containment, now: DateTime<Utc>) -> bool {
        let mut record = self.record();
        let failed_test = match record.quarantine {
            // Calls that ran when it began say nothing new.
            Some(quarantine) if quarantine.until > now => return false,
            other => other.is_some(),
        };
        record.crashes.push_back(now);
        while record.crashes.len() > limits::PLUGIN_CRASHES_MAX {
            record.crashes.pop_front();
        }
        let on_probation = now - self.born <= TimeDelta::seconds(limits::PLUGIN_PROBATION_SECONDS);
        let many = record.crashes.len() == limits::PLUGIN_CRASHES_MAX;
        let window = TimeDelta::seconds(limits::PLUGIN_CRASH_WINDOW_SECONDS);
        let fast = record.crashes.front().is_some_and(|first| now - *first <= window);
        if failed_test || (many && (fast || on_probation)) {
            record.trip(Trip { on_probation, reason, seconds: 0 }, now);
            return true;
        }
        false
    }

    /// Forgets everything.
    pub(crate) fn lift(&self) {
        *self.record() = Record::default();
    }

    /// A quarantine that began since this was asked last.
    pub(crate) fn news(&self) -> Option<Trip> {
        self.record().news.take()
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn trip(&mut self, trip: Trip, now: DateTime<Utc>) {
        let longest = limits::PLUGIN_QUARANTINE_SECONDS_MAX;
        if self.last_end.is_some_and(|end| now - end > TimeDelta::seconds(longest)) {
            self.trips = 0;
        }
        let doubled = 1_i64.checked_shl(self.trips).unwrap_or(longest);
        let seconds = limits::PLUGIN_QUARANTINE_SECONDS.saturating_mul(doubled).clamp(1, longest);
        self.trips = self.trips.saturating_add(1).min(30);
        self.crashes.clear();
        let until = now + TimeDelta::seconds(seconds);
        self.quarantine = Some(Quarantine { reason: trip.reason, since: now, until });
        self.last_end = Some(until);
        self.news = Some(Trip { seconds, ..trip });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: Containment = Containment::Trap;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// One that is no longer on probation at `at(0)`.
    fn seasoned() -> Breaker {
        Breaker::new(at(-limits::PLUGIN_PROBATION_SECONDS - 1))
    }

    fn crash_thrice(breaker: &Breaker, reason: Containment, second: i64) {
        let trips = (0..3).filter(|_| breaker.contained(reason, at(second))).count();
        assert_eq!(trips, 1, "the third one is one too many");
    }

    fn left(breaker: &Breaker, now: i64) -> Option<i64> {
        breaker.check(at(now)).err().map(|quarantine| quarantine.seconds_left(at(now)))
    }

    #[test]
    fn three_crashes_in_a_minute_are_a_minute_of_quarantine() {
        let breaker = seasoned();
        assert!(!breaker.contained(CRASH, at(0)) && !breaker.contained(CRASH, at(1)));
        assert_eq!((breaker.check(at(2)), breaker.news()), (Ok(()), None));
        assert!(breaker.contained(CRASH, at(2)));
        assert_eq!(left(&breaker, 12), Some(50));
        assert_eq!(breaker.news(), Some(Trip { on_probation: false, reason: CRASH, seconds: 60 }));
        assert_eq!((left(&breaker, 62), breaker.news()), (None, None));
    }

    #[test]
    fn a_relapse_is_twice_as_long_up_to_an_hour_and_a_calm_hour_is_forgiven() {
        let breaker = seasoned();
        let mut now = 0;
        crash_thrice(&breaker, CRASH, now);
        for expected in [60, 120, 240, 480, 960, 1_920, 3_600, 3_600] {
            assert_eq!(left(&breaker, now), Some(expected));
            now += expected;
            assert_eq!(left(&breaker, now), None, "one call may try");
            assert!(breaker.contained(CRASH, at(now)), "one crash is enough");
        }
        now += 3_600 + limits::PLUGIN_QUARANTINE_SECONDS_MAX + 1;
        assert!(breaker.contained(CRASH, at(now)));
        assert_eq!(left(&breaker, now), Some(60));
    }

    #[test]
    fn a_call_that_succeeds_after_the_quarantine_ends_the_matter() {
        let breaker = seasoned();
        crash_thrice(&breaker, CRASH, 0);
        breaker.succeeded(at(30));
        assert_eq!(left(&breaker, 30), Some(30), "a call that began before says nothing");
        breaker.succeeded(at(60));
        assert!(!breaker.contained(CRASH, at(61)), "three are needed again");
    }

    #[test]
    fn a_new_generation_is_watched_for_ten_minutes() {
        let breaker = Breaker::new(at(0));
        assert!(!breaker.contained(CRASH, at(0)) && !breaker.contained(CRASH, at(300)));
        assert!(breaker.contained(CRASH, at(limits::PLUGIN_PROBATION_SECONDS)));
        assert!(breaker.news().is_some_and(|trip| trip.on_probation));
        let breaker = Breaker::new(at(0));
        assert!(!breaker.contained(CRASH, at(0)) && !breaker.contained(CRASH, at(300)));
        assert!(!breaker.contained(CRASH, at(limits::PLUGIN_PROBATION_SECONDS + 1)));
    }

    #[test]
    fn crashes_far_apart_and_slow_calls_are_no_reason() {
        let breaker = seasoned();
        for second in [0, 40, 80, 120] {
            assert!(!breaker.contained(CRASH, at(second)), "{second}");
        }
        for _ in 0..5 {
            assert!(!breaker.contained(Containment::Time { ms_max: 1 }, at(121)));
        }
    }

    #[test]
    fn a_quarantine_says_why_and_what_to_do_and_can_be_lifted() {
        let breaker = Breaker::new(at(0));
        crash_thrice(&breaker, Containment::Stack, 0);
        let text = breaker.check(at(1)).err().map(|quarantine| quarantine.explain("acme/x", at(1))).unwrap_or_default();
        assert_eq!(
            text,
            "quarantined for 59 more seconds because it keeps crashing (stack_limit); `octi plugin reload acme/x` ends that"
        );
        breaker.lift();
        assert_eq!(breaker.check(at(1)), Ok(()));
    }
}
