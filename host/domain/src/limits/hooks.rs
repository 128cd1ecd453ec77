//! What watches over calls may take of their time, and may say.

/// Hooks that may be installed at once.
pub const HOOKS_MAX: usize = 16;
/// Milliseconds of one answer of a hook, waiting for its place included: what a manifest may ask for.
pub const HOOK_MS_MAX: u64 = 2_000;
/// The same when the manifest says nothing.
pub const HOOK_MS_DEFAULT: u64 = 1_000;
/// Milliseconds of all hooks before one call together.
pub const HOOKS_MS_MAX: u64 = 5_000;
/// Patterns of tools in one manifest.
pub const HOOK_TOOLS_MAX: usize = 64;
/// The highest number that orders hooks; the lowest runs first.
pub const HOOK_PRIORITY_MAX: u16 = 1_000;
/// Bytes of the reason of a hook; the rest is cut.
pub const HOOK_REASON_BYTES_MAX: usize = 1_000;
/// Bytes of one text that a hook is told after the fact; the rest is cut.
pub const HOOK_TEXT_BYTES_MAX: usize = 16 * 1024;
/// Events that wait to be told to hooks; more are dropped and counted.
pub const HOOK_QUEUE_MAX: usize = 1_024;
