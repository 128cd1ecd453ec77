//! How often one connection may do what costs something: a window that slides over the last minute, for each action.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::error::ErrorCode;
use octi_api::frames::ClientFrame;
use octi_settings::GatewayLimits;

use crate::error::{ApiError, ApiResult};

/// How long an action counts.
const WINDOW: TimeDelta = TimeDelta::seconds(60);

/// What one connection did in the last minute.
#[derive(Debug, Default)]
pub(super) struct Rates {
    chat: Window,
    command: Window,
    subscribe: Window,
    replay: Window,
}

/// When one action was taken, the oldest first.
#[derive(Debug, Default)]
struct Window(VecDeque<DateTime<Utc>>);

impl Rates {
    /// Counts the frame, or refuses it and says when it will be taken. What is refused does not count, so whoever waits as
    /// long as they are told gets through.
    pub(super) fn admit(&mut self, frame: &ClientFrame, now: DateTime<Utc>, limits: GatewayLimits) -> ApiResult<()> {
        let (window, action, count_max) = match frame {
            ClientFrame::ChatSend(_) | ClientFrame::ChatSteer(_) | ClientFrame::ChatInterject(_) => {
                (&mut self.chat, "chat.send", limits.chats_per_minute_max)
            }
            ClientFrame::Command(_) => (&mut self.command, "command", limits.commands_per_minute_max),
            ClientFrame::Subscribe(_) => (&mut self.subscribe, "subscribe", limits.subscribes_per_minute_max),
            ClientFrame::Replay(_) => (&mut self.replay, "replay", limits.replays_per_minute_max),
            _ => return Ok(()),
        };
        window.admit(now, count_max).map_err(|seconds| {
            let message = format!("`{action}` was sent {count_max} times within a minute; try again in {seconds} seconds");
            ApiError::new(ErrorCode::RateLimited, message).with_retry_after(seconds)
        })
    }
}

impl Window {
    /// Counts one more; the error is the seconds after which there is room.
    fn admit(&mut self, now: DateTime<Utc>, count_max: usize) -> Result<(), u64> {
        while self.0.front().is_some_and(|taken| now - taken >= WINDOW) {
            self.0.pop_front();
        }
        // When fewer are allowed than before, more than the first have to grow old.
        let Some(last) = self.0.len().checked_sub(count_max).and_then(|index| self.0.get(index)) else {
            self.0.push_back(now);
            return Ok(());
        };
        let left = (*last + WINDOW - now).num_milliseconds();
        Err(u64::try_from(left).unwrap_or_default().div_ceil(1_000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use octi_api::frames::{ChatInterject, ChatSend, Command, Ping};

    use super::*;

    const LIMITS: GatewayLimits = GatewayLimits {
        connections_per_user_max: 1,
        chats_per_minute_max: 30,
        commands_per_minute_max: 60,
        subscribes_per_minute_max: 30,
        replays_per_minute_max: 30,
        requests_per_minute_max: 1,
        strangers_per_minute_max: 1,
        openai_calls_per_user_max: 1,
        openai_calls_max: 1,
    };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn the_window_slides_and_what_is_refused_does_not_count() {
        let mut window = Window::default();
        assert_eq!([window.admit(at(0), 2), window.admit(at(50), 2)], [Ok(()), Ok(())]);
        assert_eq!([window.admit(at(50), 2), window.admit(at(59), 2)], [Err(10), Err(1)]);
        assert_eq!(window.admit(at(60), 2), Ok(()), "the first is a minute old");
        assert_eq!(window.admit(at(60), 2), Err(50), "the one of 50 still counts");
        assert_eq!(window.admit(at(59) + TimeDelta::milliseconds(1), 2), Err(51), "a part of a second is waited for too");
        assert_eq!(window.admit(at(110), 2), Ok(()));
    }

    #[test]
    fn fewer_frames_than_before_are_waited_for_as_long_as_it_takes() {
        let mut window = Window::default();
        for second in 0..4 {
            assert_eq!(window.admit(at(second), 10), Ok(()));
        }
        assert_eq!(window.admit(at(10), 2), Err(52), "the first three must be a minute old");
        assert_eq!(window.admit(at(61), 2), Err(1));
        assert_eq!(window.admit(at(62), 2), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_break_anything() {
        let mut window = Window::default();
        assert_eq!(window.admit(at(1_000), 1), Ok(()));
        assert_eq!(window.admit(at(0), 1), Err(1_060));
    }

    #[test]
    fn what_is_said_asked_and_steered_counts_together() {
        let (session_id, content) = (uuid::Uuid::nil(), "hi".to_owned());
        let mut rates = Rates::default();
        let asked = ClientFrame::ChatInterject(ChatInterject { session_id, content });
        for _ in 0..LIMITS.chats_per_minute_max {
            assert!(rates.admit(&asked, at(0), LIMITS).is_ok());
        }
        let said = ClientFrame::ChatSend(ChatSend::new(session_id, "hi"));
        for frame in [asked, said] {
            assert_eq!(rates.admit(&frame, at(0), LIMITS).unwrap_err().code(), ErrorCode::RateLimited);
        }
    }

    #[test]
    fn each_action_has_its_own_window_and_a_ping_has_none() {
        let mut rates = Rates::default();
        let command = ClientFrame::Command(Command { name: "help".to_owned(), args: None, session_id: None });
        for _ in 0..LIMITS.commands_per_minute_max {
            assert!(rates.admit(&command, at(0), LIMITS).is_ok());
        }
        let refused = rates.admit(&command, at(0), LIMITS).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        assert!(refused.message().ends_with("try again in 60 seconds"), "{}", refused.message());
        for _ in 0..1_000 {
            assert!(rates.admit(&ClientFrame::Ping(Ping {}), at(0), LIMITS).is_ok());
        }
    }
}
