//! What checking and compiling a plugin may take.

/// Seconds checking a plugin file may take, before it is compiled.
pub const PLUGIN_VALIDATE_SECONDS_MAX: u64 = 10;
/// Values on the stack of a function, and blocks in each other, at any place of its code.
pub const PLUGIN_STACK_HEIGHT_MAX: u32 = 100_000;
/// Targets of one branch; browsers accept as many.
pub const PLUGIN_BRANCH_TARGETS_MAX: u32 = 65_520;
/// Seconds compiling a plugin may take, of the clock and of a processor.
pub const PLUGIN_COMPILE_SECONDS_MAX: u64 = 120;
/// Bytes of memory that compiling a plugin may map (`RLIMIT_AS`).
pub const PLUGIN_COMPILE_MEMORY_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Bytes of native code that a plugin may become.
pub const PLUGIN_NATIVE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of compiled functions that wait for a plugin's next version, and of all plugins'.
pub const PLUGIN_FUNCTIONS_BYTES_MAX: u64 = 96 * 1024 * 1024;
/// Seconds that they wait.
pub const PLUGIN_FUNCTIONS_SECONDS_MAX: u64 = 10 * 60;
/// Plugins that are compiled at once.
pub const PLUGIN_COMPILERS_MAX: usize = 1;
