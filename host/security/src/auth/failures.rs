//! Failed sign-ins, remembered for a while: after too many, each further one doubles the wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::limits;

/// Seconds of the first lock-out; each further failure doubles it.
const FIRST_WAIT_SECONDS: i64 = 30;
/// No wait is longer than a day.
const WAIT_SECONDS_MAX: i64 = 24 * 60 * 60;

#[derive(Debug, Clone, Copy)]
struct Record {
    count: u32,
    last: DateTime<Utc>,
}

/// What is remembered, by name and address.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<(String, IpAddr), Record>>);

impl Failures {
    /// How much longer this name is locked out from this address.
    pub(super) fn locked(&self, username: &str, address: IpAddr, now: DateTime<Utc>) -> Option<TimeDelta> {
        let records = super::lock(&self.0);
        let record = records.get(&key(username, address))?;
        let wait = record.last + wait_after(record.count)? - now;
        (wait > TimeDelta::zero()).then_some(wait)
    }

    /// Remembers a failure.
    pub(super) fn add(&self, username: &str, address: IpAddr, now: DateTime<Utc>) {
        let mut records = super::lock(&self.0);
        if records.len() >= limits::LOGIN_MEMORY_MAX {
            records.retain(|_, record| !is_over(record, now));
        }
        if records.len() >= limits::LOGIN_MEMORY_MAX {
            // Somebody tries names by the thousand: the oldest memories make place.
            if let Some(oldest) = records.iter().min_by_key(|(_, record)| record.last).map(|(key, _)| key.clone()) {
                records.remove(&oldest);
            }
        }
        let record = records.entry(key(username, address)).or_insert(Record { count: 0, last: now });
        if is_over(record, now) {
            record.count = 0;
        }
        record.count = record.count.saturating_add(1);
        record.last = now;
    }

    /// Forgets everything after a success.
    pub(super) fn forget(&self, username: &str, address: IpAddr) {
        super::lock(&self.0).remove(&key(username, address));
    }
}

fn key(username: &str, address: IpAddr) -> (String, IpAddr) {
    (username.chars().take(limits::NAME_CHARS_MAX).collect(), address)
}

fn is_over(record: &Record, now: DateTime<Utc>) -> bool {
    let window = TimeDelta::seconds(i64::try_from(limits::LOGIN_WINDOW_SECONDS).unwrap_or(i64::MAX));
    now - record.last > window.max(wait_after(record.count).unwrap_or_default())
}

/// How long to wait after so many failures; none below the limit.
fn wait_after(count: u32) -> Option<TimeDelta> {
    let over = count.checked_sub(limits::LOGIN_FAILURES_MAX)?;
    let seconds = FIRST_WAIT_SECONDS.saturating_mul(1_i64.checked_shl(over.min(32)).unwrap_or(i64::MAX));
    Some(TimeDelta::seconds(seconds.min(WAIT_SECONDS_MAX)))
}

#[cfg(test)]
impl Failures {
    /// How many names and addresses are remembered.
    pub(super) fn len(&self) -> usize {
        super::lock(&self.0).len()
    }
}
