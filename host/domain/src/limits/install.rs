//! Installing plugins from registries.

/// Registries that an operator may name in `config.toml`.
pub const REGISTRIES_MAX: usize = 16;
/// Keys that one registry may sign with.
pub const REGISTRY_KEYS_MAX: usize = 8;
/// Seconds between two looks at what a registry revoked: with the time of an answer, a revocation is known within a minute.
pub const REGISTRY_POLL_SECONDS: u64 = 40;
/// Seconds that a registry has for all it is asked in one look, or for one offer.
pub const REGISTRY_ANSWER_SECONDS_MAX: u64 = 30;
/// Seconds that a registry has for the file of a plugin, which is then tried.
pub const REGISTRY_FILE_SECONDS_MAX: u64 = 240;

/// Offers of plugins that wait for a person's answer; the oldest makes room.
pub const PLUGIN_OFFERS_MAX: usize = 32;
/// Seconds that an offer waits.
pub const PLUGIN_OFFER_SECONDS_MAX: i64 = 10 * 60;
/// Lines of a review; what goes beyond them is counted, and such a plugin is not installed.
pub const PLUGIN_REVIEW_LINES_MAX: usize = 2_000;
/// Characters of a publisher's text that a review shows.
pub const PLUGIN_REVIEW_CHARS_MAX: usize = 300;

/// Bytes of `plugins.lock`.
pub const PLUGIN_LOCK_BYTES_MAX: usize = 1024 * 1024;
/// Versions of one plugin whose origin is remembered: what runs, and what can run again.
pub const PLUGIN_ORIGINS_MAX: usize = 4;
/// Bytes of the file of origins.
pub const PLUGIN_ORIGINS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of the file of grants.
pub const PLUGIN_GRANTS_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Versions of a plugin that a list of what registries have tells, the newest of them.
pub const PLUGIN_VERSIONS_SHOWN_MAX: usize = 20;
