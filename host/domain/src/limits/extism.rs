//! Modules of Extism: what one call of one may use.

/// MiB of memory of one call.
pub const EXTISM_MEMORY_MIB_MAX: u64 = 128;
/// Milliseconds of one call: the module is ended before its program is taken for one that hangs.
pub const EXTISM_CALL_MS_MAX: u64 = 25_000;
/// Bytes that one call may give.
pub const EXTISM_OUTPUT_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of what is written down of one module: its grants, and its tools as they were when it was installed.
pub const EXTISM_RECORD_BYTES_MAX: usize = 4 * 1024 * 1024;
