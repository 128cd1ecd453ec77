//! What `octi plugin new`, `test` and `dev` take.

/// Bytes of the last part of a new plugin's id: `<name>__<operation>`, which models call, has at most 64.
pub const NEW_PLUGIN_NAME_BYTES_MAX: usize = 40;
/// Cases of one plugin.
pub const CASES_MAX: usize = 1_000;
/// Bytes of one `case.json`.
pub const CASE_BYTES_MAX: usize = 1024 * 1024;
/// Calls of one case.
pub const CASE_STEPS_MAX: usize = 100;
/// Bytes of a file or a page of a case, repetitions included, and of all of them together.
pub const CASE_CONTENT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Files and links of one case.
pub const CASE_FILES_MAX: usize = 10_000;
/// Differences between what a step expects and what it got that are shown.
pub const CASE_DIFFERENCES_MAX: usize = 10;
/// Bytes of a value that is shown beside a difference; the rest is cut.
pub const CASE_SHOWN_BYTES_MAX: usize = 2_000;
/// Bytes of a request to the scripted web.
pub const CASE_REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// Files of a plugin that `octi plugin dev` watches.
pub const DEV_FILES_MAX: usize = 5_000;
