//! Conversations in which a summary that a turn made by itself did not make enough room, so that it is told once and not tried
//! again and again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use octi_domain::ids::SessionId;
use octi_domain::limits;

/// What is remembered, the oldest first. A host that starts anew remembers nothing, and tries and tells once more.
#[derive(Debug, Default)]
pub(crate) struct Stalls(Mutex<VecDeque<Stall>>);

#[derive(Debug, Clone, Copy)]
struct Stall {
    session: SessionId,
    /// Of the conversation when it was told.
    told: u64,
    /// Of what a summary was made that saved little; 0 when there was none.
    tried: u64,
}

impl Stalls {
    /// Whether a summary of so many tokens would be of as little use as the last one.
    pub(crate) fn rests(&self, session: SessionId, tokens: u64) -> bool {
        let waits = tokens < limits::COMPACTION_STALL_TOKENS_MAX;
        waits && self.known().iter().any(|stall| stall.session == session && tokens < stall.tried.saturating_mul(2))
    }

    /// Remembers that there is little room in a conversation of so many tokens, and what a summary was made of in vain. Whether
    /// the person was not told yet, or the conversation has doubled since.
    pub(crate) fn is_news(&self, session: SessionId, tokens: u64, tried: u64) -> bool {
        let mut known = self.known();
        let at = known.iter().position(|stall| stall.session == session);
        let before = at.and_then(|at| known.remove(at));
        let told = before.map(|before| before.told).filter(|told| tokens < told.saturating_mul(2));
        let tried = tried.max(before.map_or(0, |before| before.tried));
        if known.len() >= limits::COMPACTION_STALLS_MAX {
            known.pop_front();
        }
        known.push_back(Stall { session, told: told.unwrap_or(tokens), tried });
        told.is_none()
    }

    /// There is room again, or nothing is as it was.
    pub(crate) fn forget(&self, session: SessionId) {
        self.known().retain(|stall| stall.session != session);
    }

    fn known(&self) -> MutexGuard<'_, VecDeque<Stall>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn session(number: usize) -> SessionId {
        Uuid::from_u128(number as u128).into()
    }

    #[test]
    fn it_is_told_once_until_the_conversation_has_doubled_or_there_was_room() {
        let (stalls, one) = (Stalls::default(), session(1));
        assert!(stalls.is_news(one, 100, 0));
        assert!(!stalls.is_news(one, 150, 0));
        assert!(!stalls.is_news(one, 199, 0), "slowly growing makes no news");
        assert!(stalls.is_news(session(2), 100, 0));
        assert!(stalls.is_news(one, 200, 0));
        stalls.forget(one);
        assert!(stalls.is_news(one, 200, 0));
    }

    #[test]
    fn a_summary_that_saved_little_is_tried_again_when_there_is_twice_as_much_for_it() {
        let (stalls, one) = (Stalls::default(), session(1));
        stalls.is_news(one, 100, 0);
        assert!(!stalls.rests(one, 1), "none was made, so it is tried again");
        stalls.is_news(one, 100, 30);
        stalls.is_news(one, 110, 0);
        assert!(stalls.rests(one, 59) && !stalls.rests(one, 60) && !stalls.rests(session(2), 30));
        let huge = limits::COMPACTION_STALL_TOKENS_MAX;
        stalls.is_news(one, huge, huge);
        assert!(stalls.rests(one, huge - 1) && !stalls.rests(one, huge));
        stalls.forget(one);
        assert!(!stalls.rests(one, 1));
    }

    #[test]
    fn the_one_remembered_longest_is_forgotten_first() {
        let stalls = Stalls::default();
        for number in 0..=limits::COMPACTION_STALLS_MAX {
            assert!(stalls.is_news(session(number), 100, 100));
        }
        assert!(!stalls.rests(session(0), 100) && stalls.rests(session(1), 100));
        assert_eq!(stalls.known().len(), limits::COMPACTION_STALLS_MAX);
    }
}
