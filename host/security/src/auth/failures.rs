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
    /// Whether somebody was turned away since.
    turned_away: bool,
}

/// This name is locked out from this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LockOut {
    /// For how much longer.
    pub(super) wait: TimeDelta,
    /// Whether this is the first attempt that it turns away.
    pub(super) is_new: bool,
}

/// What is remembered, by name and address.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<(String, IpAddr), Record>>);

impl Failures {
    /// Counts an attempt as failed until [`forget`](Self::forget) says otherwise, unless this name is locked out from this
    /// address.
    pub(super) fn begin(&self, username: &str, address: IpAddr, now: DateTime<Utc>) -> Result<(), LockOut> {
        let mut records = super::lock(&self.0);
        let key = key(username, address);
        if let Some(record) = records.get_mut(&key)
            && let Some(wait) = wait_after(record.count)
            && record.last + wait > now
        {
            let is_new = !std::mem::replace(&mut record.turned_away, true);
            return Err(LockOut { wait: record.last + wait - now, is_new });
        }
        make_place(&mut records, &key, now);
        let record = records.entry(key).or_insert(Record { count: 0, last: now, turned_away: false });
        if is_over(record, now) {
            record.count = 0;
        }
        record.count = record.count.saturating_add(1);
        record.last = now;
        record.turned_away = false;
        Ok(())
    }

    /// Forgets everything after a success.
    pub(super) fn forget(&self, username: &str, address: IpAddr) {
        super::lock(&self.0).remove(&key(username, address));
    }
}

/// Keeps the memory within its bound. Somebody who tries names by the thousand pushes out the oldest.
fn make_place(records: &mut HashMap<(String, IpAddr), Record>, key: &(String, IpAddr), now: DateTime<Utc>) {
    if records.len() < limits::LOGIN_MEMORY_MAX || records.contains_key(key) {
        return;
    }
    records.retain(|_, record| !is_over(record, now));
    if records.len() >= limits::LOGIN_MEMORY_MAX
        && let Some(oldest) = records.iter().min_by_key(|(_, record)| record.last).map(|(key, _)| key.clone())
    {
        records.remove(&oldest);
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
