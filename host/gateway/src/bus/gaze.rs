//! Which session a connection shows, as far as that can be known.

use chrono::{DateTime, TimeDelta, Utc};
use octi_domain::ids::SessionId;
use octi_domain::limits;

/// Where whoever is at the other end looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Gaze {
    #[default]
    Unknown,
    /// At the session they last spoke in, most likely.
    Spoke(SessionId, DateTime<Utc>),
    /// Where it says: a program that says it once is believed from then on.
    Shows(Option<SessionId>),
}

impl Gaze {
    /// The person spoke in a session. What showed none shows that one now: a first message makes its session.
    pub(super) fn spoke(&mut self, session: SessionId, now: DateTime<Utc>) {
        *self = match *self {
            Self::Shows(shown) => Self::Shows(shown.or(Some(session))),
            Self::Unknown | Self::Spoke(..) => Self::Spoke(session, now),
        };
    }

    /// Whether it is at this session. Where nothing else is said, the sessions that are heard of by name are looked at.
    pub(super) fn is_at(self, session: SessionId, heard_of: &[SessionId], now: DateTime<Utc>) -> bool {
        match self {
            Self::Shows(shown) => shown == Some(session),
            Self::Spoke(last, at) if last == session && now - at <= TimeDelta::seconds(limits::WATCH_SECONDS_MAX) => true,
            Self::Spoke(..) | Self::Unknown => heard_of.contains(&session),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(number: u128) -> SessionId {
        Uuid::from_u128(number).into()
    }

    fn seconds(count: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(count)
    }

    #[test]
    fn whoever_spoke_looks_for_a_while_and_whoever_hears_of_one_by_name_always() {
        let mut gaze = Gaze::default();
        assert!(!gaze.is_at(session(1), &[], seconds(0)));
        assert!(gaze.is_at(session(1), &[session(1)], seconds(0)));
        gaze.spoke(session(1), seconds(0));
        assert!(gaze.is_at(session(1), &[], seconds(limits::WATCH_SECONDS_MAX)));
        assert!(!gaze.is_at(session(1), &[], seconds(limits::WATCH_SECONDS_MAX + 1)));
        assert!(!gaze.is_at(session(2), &[], seconds(0)) && gaze.is_at(session(2), &[session(2)], seconds(0)));
        gaze.spoke(session(2), seconds(1));
        assert!(!gaze.is_at(session(1), &[], seconds(1)), "the last one counts");
    }

    #[test]
    fn a_program_that_says_what_it_shows_is_believed() {
        let mut gaze = Gaze::Shows(Some(session(1)));
        gaze.spoke(session(2), seconds(0));
        assert!(gaze.is_at(session(1), &[], seconds(1_000_000)));
        assert!(!gaze.is_at(session(2), &[session(2)], seconds(0)));
        let mut nowhere = Gaze::Shows(None);
        assert!(!nowhere.is_at(session(1), &[session(1)], seconds(0)));
        nowhere.spoke(session(1), seconds(0));
        assert!(nowhere.is_at(session(1), &[], seconds(0)), "a first message makes its session");
    }
}
