//! How often clients may ask, and how much of where they come from is believed.

/// Reverse proxies, or networks of them, that an administrator may trust.
pub const TRUSTED_PROXIES_MAX: usize = 64;
/// Entries of `X-Forwarded-For` that are looked at, from the nearest proxy on.
pub const FORWARDED_HOPS_MAX: usize = 16;
/// Requests of one person within a minute. A page asks a dozen things when it opens; twenty in a second is more than people do.
pub const REQUESTS_PER_MINUTE_MAX: usize = 1_200;
/// Requests of one address within a minute that show nobody's credentials.
pub const STRANGERS_PER_MINUTE_MAX: usize = 300;
/// People, and addresses, whose requests are counted at once; beyond, those that were counted first are forgotten.
pub const REQUEST_COUNTS_MAX: usize = 10_000;
/// Characters of a message's text in the timeline of a turn; the message itself has the rest.
pub const TIMELINE_TEXT_CHARS_MAX: usize = 2_000;
/// Things that may happen in one microsecond of a turn and still have numbers of their own in its timeline.
pub const TIMELINE_SAME_TIME_MAX: u32 = 256;
