//! How many requests one caller may make: a window that slides over the last minute, for each person, and for each address that
//! shows nobody's credentials.
//!
//! Only routes of the API count. Pages come from memory, a socket has budgets of its own, and whoever looks after the host must
//! see its health and its numbers also while somebody floods it.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use octi_api::error::ErrorCode;
use octi_domain::ids::UserId;
use octi_domain::limits;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Checked};
use crate::origin::Origin;
use crate::state::Gateway;

const WINDOW_MS: i64 = 60_000;
/// Beginnings of routes that are not counted.
const UNCOUNTED: &[&str] = &["/health", "/api/health", "/metrics", "/gateway"];

/// What everybody asked in the last minute. Those who flood from many addresses push out other addresses, and no people.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    people: Counts<UserId>,
    addresses: Counts<IpAddr>,
}

/// The layer around every route.
pub(crate) async fn rate(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    if route.is_none_or(|route| UNCOUNTED.iter().any(|beginning| route.starts_with(beginning))) {
        return next.run(request).await;
    }
    match counted(&gateway, request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The request with what was found out about its caller, or the refusal.
async fn counted(gateway: &Gateway, request: Request) -> ApiResult<Request> {
    let (mut parts, body) = request.into_parts();
    let checked = Caller::who(&mut parts, gateway).await;
    let (now, limits) = (gateway.ambient.now(), gateway.settings.now().gateway_limits());
    let requests = &gateway.shared().requests;
    match &checked {
        Ok(caller) => requests.people.admit(caller.user_id, now, limits.requests_per_minute_max)?,
        // A database that does not answer says nothing of who asks.
        Err(error) if error.code() != ErrorCode::Unauthenticated => {}
        Err(_) => {
            let origin = Origin::from_request_parts(&mut parts, gateway).await?;
            requests.addresses.admit(place(origin.address), now, limits.strangers_per_minute_max)?;
        }
    }
    parts.extensions.insert(Checked(checked));
    Ok(Request::from_parts(parts, body))
}

/// What counts as one address: in IPv6 whoever has one has the whole network of it.
pub(crate) fn place(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// A window for each of many callers.
#[derive(Debug)]
struct Counts<K>(Mutex<HashMap<K, Window>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash> Counts<K> {
    /// Counts one more request, or says when there will be room.
    fn admit(&self, key: K, now: DateTime<Utc>, count_max: usize) -> ApiResult<()> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= limits::REQUEST_COUNTS_MAX && !windows.contains_key(&key) {
            make_place(&mut windows, now);
        }
        let window = windows.entry(key).or_insert_with(|| Window::new(now));
        window.admit(now, u64::try_from(count_max).unwrap_or(u64::MAX)).map_err(|seconds| {
            let message = format!("{count_max} requests were made within a minute; try again in {seconds} seconds");
            ApiError::new(ErrorCode::RateLimited, message).with_retry_after(seconds)
        })
    }
}

fn make_place<K: Copy + Eq + Hash>(windows: &mut HashMap<K, Window>, now: DateTime<Utc>) {
    windows.retain(|_, window| (now - window.began).num_milliseconds() < 2 * WINDOW_MS);
    if windows.len() >= limits::REQUEST_COUNTS_MAX
        && let Some(oldest) = windows.iter().min_by_key(|(_, window)| window.began).map(|(key, _)| *key)
    {
        windows.remove(&oldest);
    }
}

/// Two numbers in place of a moment for each request: those of this minute, and those of the minute before, which count by the
/// part of it that lies within the last sixty seconds.
#[derive(Debug)]
struct Window {
    began: DateTime<Utc>,
    count: u64,
    before: u64,
}

impl Window {
    const fn new(now: DateTime<Utc>) -> Self {
        Self { began: now, count: 0, before: 0 }
    }

    /// Counts one more; the error is the seconds after which there is room. What is refused does not count.
    fn admit(&mut self, now: DateTime<Utc>, count_max: u64) -> Result<(), u64> {
        match (now - self.began).num_milliseconds() {
            // The clock was set back.
            ..0 => self.began = now,
            0..WINDOW_MS => {}
            passed if passed < 2 * WINDOW_MS => {
                (self.before, self.count) = (self.count, 0);
                self.began += TimeDelta::milliseconds(WINDOW_MS);
            }
            _ => *self = Self::new(now),
        }
        let left_ms = (WINDOW_MS - (now - self.began).num_milliseconds()).unsigned_abs();
        let window_ms = WINDOW_MS.unsigned_abs();
        if self.count + self.before * left_ms / window_ms < count_max {
            self.count += 1;
            return Ok(());
        }
        // The most milliseconds of a minute with so many requests that leave room for one more.
        let room_ms = |count: u64, room: u64| (room * window_ms - 1).checked_div(count).unwrap_or(window_ms).min(window_ms);
        let wait_ms = if self.count < count_max {
            left_ms - room_ms(self.before, count_max - self.count).min(left_ms)
        } else {
            left_ms + window_ms - room_ms(self.count, count_max)
        };
        Err(wait_ms.div_ceil(1_000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn the_window_slides_and_what_is_refused_does_not_count() {
        let mut window = Window::new(at(0));
        assert!((0..10).all(|second| window.admit(at(second * 1_000), 10).is_ok()));
        assert_eq!(window.admit(at(30_000), 10), Err(31), "all ten count until the next minute, and all of it as it begins");
        assert_eq!(window.admit(at(60_000), 10), Err(1));
        assert_eq!(window.admit(at(61_000), 10), Ok(()), "nine of ten are left");
        assert_eq!((0..5).filter(|_| window.admit(at(90_000), 10).is_ok()).count(), 4, "five of ten, and the one of before");
        assert_eq!(window.admit(at(300_000), 10), Ok(()), "nothing is left after two minutes");
    }

    #[test]
    fn whoever_waits_as_long_as_they_are_told_gets_through() {
        for count_max in [1, 2, 7, 600] {
            let mut window = Window::new(at(0));
            let (mut now, mut refused) = (0, 0);
            for step in 0..20_000_i64 {
                match window.admit(at(now), count_max) {
                    Ok(()) => now += step * 7 % 97,
                    Err(seconds) => {
                        assert!((1..=120).contains(&seconds));
                        now += i64::try_from(seconds).unwrap() * 1_000;
                        assert_eq!(window.admit(at(now), count_max), Ok(()), "{count_max} a minute, at {now} ms");
                        refused += 1;
                    }
                }
            }
            assert!(refused > 0, "{count_max}");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_break_anything() {
        let mut window = Window::new(at(1_000_000));
        assert_eq!(window.admit(at(1_000_000), 1), Ok(()));
        assert_eq!(window.admit(at(0), 1), Err(61));
        assert_eq!(window.admit(at(61_000), 1), Ok(()));
    }

    #[test]
    fn only_so_many_callers_are_remembered() {
        let counts = Counts::<usize>::default();
        for caller in 0..limits::REQUEST_COUNTS_MAX {
            assert!(counts.admit(caller, at(i64::try_from(caller).unwrap()), 1).is_ok());
        }
        assert!(counts.admit(1, at(20_000), 1).is_err());
        assert!(counts.admit(usize::MAX, at(20_000), 1).is_ok());
        let remembered = |counts: &Counts<usize>| counts.0.lock().unwrap().len();
        assert_eq!(remembered(&counts), limits::REQUEST_COUNTS_MAX);
        assert!(counts.admit(0, at(20_000), 1).is_ok(), "the one that was counted first is forgotten");
        assert!(counts.admit(usize::MAX - 1, at(200_000), 1).is_ok());
        assert_eq!(remembered(&counts), 1, "what is over goes first");
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let of = |text: &str| place(text.parse().unwrap()).to_string();
        assert_eq!((of("2001:db8:0:1::7").as_str(), of("2001:db8:0:2::7").as_str()), ("2001:db8:0:1::", "2001:db8:0:2::"));
        assert_eq!(of("203.0.113.7"), "203.0.113.7");
    }
}
