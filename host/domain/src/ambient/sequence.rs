//! Ids of version 7 that sort as they were made.

use std::sync::{Mutex, PoisonError};

use uuid::{Builder, Uuid};

/// The counter of a millisecond begins below this, so that half of its values are left to count up.
const COUNTER_FIRST_MAX: u16 = 0x07ff;
const COUNTER_MAX: u16 = 0x0fff;
/// The bits of an id that are random.
const TAIL_MAX: u64 = (1 << 62) - 1;

/// What the last id was made of, in the order of its bits.
#[derive(Debug, Default)]
pub(super) struct Sequence(Mutex<Made>);

/// The parts of an id: the second field is the counter of RFC 9562, section 6.2, method 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Made {
    millis: u64,
    counter: u16,
    tail: u64,
}

impl Sequence {
    /// The id of that time and these random bytes, or of the time of the last id when that is later.
    pub(super) fn next(&self, millis: u64, random: [u8; 10]) -> Uuid {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = last.next(millis, random);
        last.to_uuid()
    }
}

impl Made {
    /// The tail is new in any case, so that no id tells another one; the counter goes on only where the tail does not sort later.
    fn next(self, millis: u64, random: [u8; 10]) -> Self {
        let [first, second, tail @ ..] = random;
        let counter = u16::from_be_bytes([first, second]) & COUNTER_FIRST_MAX;
        let tail = u64::from_be_bytes(tail) & TAIL_MAX;
        if millis > self.millis {
            return Self { millis, counter, tail };
        }
        if tail > self.tail {
            return Self { tail, ..self };
        }
        if self.counter < COUNTER_MAX {
            return Self { counter: self.counter + 1, tail, ..self };
        }
        // More ids than a millisecond has room for: they go ahead of the clock, which catches up.
        Self { millis: self.millis + 1, counter, tail }
    }

    fn to_uuid(self) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&self.counter.to_be_bytes());
        bytes[2..].copy_from_slice(&self.tail.to_be_bytes());
        // Puts version and variant where the counter and the tail have no bits.
        Builder::from_unix_timestamp_millis(self.millis, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_id_sorts_after_the_one_before(
            asked in proptest::collection::vec((0_u64..4, any::<[u8; 10]>(), 1_usize..50), 1..100),
        ) {
            let (sequence, mut last) = (Sequence::default(), Uuid::nil());
            // The same bytes again and again are what a counter has to help with.
            for (millis, random, times) in asked {
                for _ in 0..times {
                    let id = sequence.next(millis, random);
                    prop_assert!(id > last, "{id} after {last}");
                    prop_assert_eq!(id.get_version_num(), 7);
                    prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
                    last = id;
                }
            }
        }

        #[test]
        fn an_id_tells_its_time_and_keeps_its_random_bytes(millis in 1_u64..(1 << 48), random in any::<[u8; 10]>()) {
            let bytes = Sequence::default().next(millis, random).into_bytes();
            let mut time = [0; 8];
            time[2..].copy_from_slice(&bytes[..6]);
            prop_assert_eq!(u64::from_be_bytes(time), millis);
            prop_assert_eq!(bytes[6] & 0x0f, random[0] & 0x07);
            prop_assert_eq!(bytes[8] & 0x3f, random[2] & 0x3f);
            prop_assert_eq!((bytes[7], &bytes[9..]), (random[1], &random[3..]));
        }
    }

    #[test]
    fn a_full_millisecond_goes_on_in_the_next_one() {
        let (sequence, random) = (Sequence::default(), [0xff; 10]);
        let ids: Vec<Uuid> = (0..5_000).map(|_| sequence.next(7, random)).collect();
        assert!(ids.is_sorted());
        let ahead = usize::from(COUNTER_MAX - COUNTER_FIRST_MAX) + 1;
        assert_eq!(ids[ahead - 1].as_bytes()[5], 7);
        assert_eq!(ids[ahead].as_bytes()[5], 8);
        assert_eq!(sequence.next(10, random).as_bytes()[5], 10, "and the clock is believed again");
    }
}
