//! What a call used, whether it succeeded or not.

use std::time::Duration;

use octi_extension::health::Used;

use crate::quota::Charge;
use crate::state::CallState;

/// What one call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Most bytes of linear memory at once.
    pub memory_peak: u64,
    /// Ticks of the engine's clock that guest code saw.
    pub ticks: u64,
    /// Host calls that were let through, for each of [`Charge::ALL`].
    pub(crate) host_calls: [u64; Charge::ALL.len()],
    /// Host calls that were refused because there were too many.
    pub refused: u64,
    pub log_lines: u64,
    /// Lines that were too many or too long.
    pub log_dropped: u64,
    /// Bytes of the arguments.
    pub bytes_in: u64,
    /// Bytes of what was returned.
    pub bytes_out: u64,
    /// Bytes of bodies sent over the network.
    pub sent_bytes: u64,
    /// Bytes of bodies received over the network.
    pub received_bytes: u64,
    pub times: Times,
}

/// Where the time of one call went. What is in none of the parts is the host's own work around the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// Making the store.
    pub store: Duration,
    /// Making the instance in it.
    pub instantiate: Duration,
    /// Guest code.
    pub guest: Duration,
    /// Host functions that the guest waited for.
    pub host: Duration,
    /// From the first step to the last.
    pub total: Duration,
}

impl Usage {
    /// What of it is summed up for people.
    pub(crate) const fn summed(&self) -> Used {
        let Self { memory_peak, sent_bytes, received_bytes, refused, .. } = *self;
        Used { memory_peak, sent_bytes, received_bytes, refused }
    }

    /// What the call of that store has used so far.
    pub(crate) fn of(state: &CallState) -> Self {
        let (log_lines, log_dropped) = state.log.count();
        let meter = &state.meter;
        Self {
            memory_peak: state.limiter.memory_peak() as u64,
            ticks: meter.ticks(),
            host_calls: state.quotas.used(),
            refused: state.quotas.refused(),
            log_lines,
            log_dropped,
            bytes_in: state.bytes_in,
            bytes_out: state.bytes_out,
            sent_bytes: state.quotas.sent_bytes(),
            received_bytes: state.quotas.received_bytes(),
            times: Times {
                store: state.store_time,
                instantiate: state.instantiate_time,
                guest: meter.guest(),
                host: meter.host(),
                total: meter.elapsed(),
            },
        }
    }

    /// The host calls by capability, without those that were not used.
    pub fn host_calls(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Charge::ALL
            .iter()
            .zip(self.host_calls)
            .filter(|(_, count)| *count > 0)
            .map(|(charge, count)| (charge.capability(), count))
    }
}
