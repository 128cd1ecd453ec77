//! What is kept of how plugins have been doing, and of who may use them.

/// Plugins whose calls are summed up; of more, those that are gone are forgotten.
pub const PLUGIN_HEALTHS_MAX: usize = 4_096;
/// Refusals of one plugin that are kept, the newest of them.
pub const PLUGIN_REFUSALS_MAX: usize = 16;
/// Bytes of the text of one of them.
pub const PLUGIN_REFUSAL_BYTES_MAX: usize = 400;

/// Grants of plugins, to people, organisations and everyone, of all plugins together: all of them are kept in memory.
pub const PLUGIN_GRANTS_MAX: usize = 4_000;
/// Seconds until a grant that another host on the same database changed is obeyed here.
pub const PLUGIN_ACCESS_SECONDS_MAX: u64 = 5;
