//! What an administrator may set, and how it is kept.

/// Milliseconds of guest code that a manifest or an administrator may ask for.
pub const GUEST_CPU_MS_CEILING: u64 = 60_000;
/// Milliseconds of wall clock that a manifest may ask for.
pub const GUEST_WALL_MS_CEILING: u64 = 10 * 60 * 1_000;
/// Model calls in one run that an administrator may set.
pub const RUN_ITERATIONS_CEILING: u64 = 10_000;
/// Minutes of one run that an administrator may set.
pub const RUN_MINUTES_CEILING: u64 = 24 * 60;
/// Tokens of one run that an administrator may set.
pub const RUN_TOKENS_CEILING: u64 = 1_000_000_000;
/// Runs at once that an administrator may set.
pub const RUNS_ACTIVE_CEILING: u64 = 1_024;
/// The least percent of the room at which an administrator may let summaries begin.
pub const COMPACTION_AUTO_PERCENT_FLOOR: u64 = 20;
/// The greatest.
pub const COMPACTION_AUTO_PERCENT_CEILING: u64 = 95;
/// Messages that an administrator may let a summary leave as they are.
pub const COMPACTION_KEPT_MESSAGES_CEILING: u64 = 200;
/// Connections of one user that an administrator may set.
pub const WS_CONNECTIONS_PER_USER_CEILING: u64 = 1_000;
/// Frames of one kind and connection within a minute that an administrator may set. Each is remembered for that minute.
pub const WS_RATE_CEILING: u64 = 6_000;
/// Requests within a minute that an administrator may set.
pub const REQUEST_RATE_CEILING: u64 = 1_000_000;
/// Answers at once, for clients of OpenAI's API, that an administrator may set.
pub const OPENAI_CALLS_CEILING: u64 = 1_024;
/// The fewest characters of what a scraper of `/metrics` sends.
pub const METRICS_TOKEN_CHARS_MIN: u64 = 16;
/// The most characters of it.
pub const METRICS_TOKEN_CHARS_MAX: u64 = 200;
/// Bytes of the value of one setting, as JSON.
pub const SETTING_BYTES_MAX: usize = 64 * 1024;
/// Settings that one request changes.
pub const SETTINGS_PER_REQUEST_MAX: usize = 100;
/// Seconds between two looks at what another host changed on the same database.
pub const SETTINGS_LOOK_SECONDS: u64 = 2;
