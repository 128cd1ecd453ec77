//! What a registry signed is believed for a while only, and never after something newer of it was seen.

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits::REGISTRY_CLOCK_SKEW_SECONDS_MAX;
use serde::{Deserialize, Serialize};

use crate::text::{serde_time, time};

/// The place of a document in the row of those its registry signed, and how long it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// Higher in each document than in the one before.
    pub sequence: u64,
    #[serde(with = "serde_time")]
    pub created: DateTime<Utc>,
    #[serde(with = "serde_time")]
    pub expires: DateTime<Utc>,
}

/// Why a document that its registry signed is not believed now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FreshnessError {
    #[error(
        "it expired at {}, and it is {}; the registry stands still, or somebody keeps the newer one from you: try another network, or ask who runs it",
        time(*.expired), time(*.now)
    )]
    Expired { expired: DateTime<Utc>, now: DateTime<Utc> },
    #[error("it was made at {}, which is still to come (it is {}); set this machine's clock", time(*.created), time(*.now))]
    FromTheFuture { created: DateTime<Utc>, now: DateTime<Utc> },
    #[error(
        "it is to hold from {} until {}, longer than the {days_max} days allowed; ask who runs the registry to sign it for a shorter time",
        time(*.created), time(*.expires)
    )]
    TooLong { created: DateTime<Utc>, expires: DateTime<Utc>, days_max: i64 },
}

impl Freshness {
    /// Refuses to hold for longer than allowed, or for no time at all.
    pub(crate) fn check_span(&self, days_max: i64) -> Result<(), FreshnessError> {
        if self.expires <= self.created || self.expires - self.created > TimeDelta::days(days_max) {
            return Err(FreshnessError::TooLong { created: self.created, expires: self.expires, days_max });
        }
        Ok(())
    }

    /// Refuses what does not hold now.
    pub(crate) fn check(&self, now: DateTime<Utc>, days_max: i64) -> Result<(), FreshnessError> {
        self.check_span(days_max)?;
        if self.created > now + TimeDelta::seconds(REGISTRY_CLOCK_SKEW_SECONDS_MAX) {
            return Err(FreshnessError::FromTheFuture { created: self.created, now });
        }
        if self.expires <= now {
            return Err(FreshnessError::Expired { expired: self.expires, now });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::morning;

    fn of(created: i64, expires: i64) -> Freshness {
        Freshness { sequence: 1, created: morning(created), expires: morning(expires) }
    }

    #[test]
    fn a_document_holds_until_it_expires() {
        let document = of(0, 24);
        assert_eq!(document.check(morning(0), 1), Ok(()));
        assert_eq!(document.check(morning(24) - TimeDelta::seconds(1), 1), Ok(()));
        assert!(matches!(document.check(morning(24), 1), Err(FreshnessError::Expired { .. })));
        assert!(matches!(document.check(morning(2_400), 1), Err(FreshnessError::Expired { .. })));
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let skew = TimeDelta::seconds(REGISTRY_CLOCK_SKEW_SECONDS_MAX);
        assert_eq!(of(0, 24).check(morning(0) - skew, 1), Ok(()));
        let early = of(0, 24).check(morning(0) - skew - TimeDelta::seconds(1), 1);
        assert!(matches!(early, Err(FreshnessError::FromTheFuture { .. })));
    }

    #[test]
    fn nothing_holds_for_longer_than_allowed() {
        for document in [of(0, 25), of(0, 0), of(1, 0)] {
            assert!(matches!(document.check(morning(0), 1), Err(FreshnessError::TooLong { .. })), "{document:?}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let refusals = [of(0, 24).check(morning(48), 1), of(24, 25).check(morning(0), 1), of(0, 48).check(morning(0), 1)];
        insta::assert_snapshot!(refusals.map(|refusal| refusal.unwrap_err().to_string()).join("\n"));
    }
}
