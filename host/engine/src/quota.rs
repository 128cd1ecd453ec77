//! How often one call may use each capability.

use octi_domain::limits;

use crate::bindings::{HostError, Quota};

/// What a host function costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    Fs,
    Kv,
    Spawn,
}

/// A guest that goes on after this many refusals is stopped: it does not read the answers.
const REFUSALS_MAX: u64 = 10_000;

/// The guest ignored its refusals.
#[derive(Debug, thiserror::Error)]
#[error("{REFUSALS_MAX} host calls were refused and the guest goes on")]
pub(crate) struct QuotaIgnored;

/// Counters of one call.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    fs: u64,
    kv: u64,
    spawn: u64,
    progress: u64,
    refused: u64,
}

impl Quotas {
    /// Counts one message to the person who waits; false once there were too many. Those are dropped.
    pub(crate) const fn progress(&mut self) -> bool {
        self.progress += 1;
        self.progress <= limits::GUEST_LOG_LINES_MAX
    }

    /// Counts one host call. The inner error is a refusal for the guest; the outer one ends the call.
    pub(crate) fn charge(&mut self, charge: Charge) -> Result<Result<(), HostError>, QuotaIgnored> {
        let (counter, name, limit) = match charge {
            Charge::Fs => (&mut self.fs, "file calls", limits::GUEST_FS_CALLS_MAX),
            Charge::Kv => (&mut self.kv, "kv calls", limits::GUEST_KV_CALLS_MAX),
            Charge::Spawn => (&mut self.spawn, "processes", limits::GUEST_SPAWNS_MAX),
        };
        if *counter < limit {
            *counter += 1;
            return Ok(Ok(()));
        }
        self.refused += 1;
        if self.refused > REFUSALS_MAX {
            return Err(QuotaIgnored);
        }
        Ok(Err(HostError::Quota(Quota { name: name.to_owned(), limit, retry_after_ms: None })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_after_the_last_one_is_refused_by_name() {
        let mut quotas = Quotas::default();
        for _ in 0..limits::GUEST_SPAWNS_MAX {
            assert!(matches!(quotas.charge(Charge::Spawn), Ok(Ok(()))));
        }
        let refusal = quotas.charge(Charge::Spawn);
        assert!(matches!(refusal, Ok(Err(HostError::Quota(ref q))) if q.name == "processes" && q.limit == 32), "{refusal:?}");
        assert!(matches!(quotas.charge(Charge::Kv), Ok(Ok(()))), "quotas are separate");
    }

    #[test]
    fn a_flood_of_progress_is_dropped() {
        let mut quotas = Quotas::default();
        let shown = (0..limits::GUEST_LOG_LINES_MAX * 2).filter(|_| quotas.progress()).count() as u64;
        assert_eq!(shown, limits::GUEST_LOG_LINES_MAX);
    }

    #[test]
    fn a_guest_that_ignores_refusals_is_stopped() {
        let mut quotas = Quotas { spawn: limits::GUEST_SPAWNS_MAX, ..Quotas::default() };
        let stopped = (0..=REFUSALS_MAX).any(|_| quotas.charge(Charge::Spawn).is_err());
        assert!(stopped);
    }
}
