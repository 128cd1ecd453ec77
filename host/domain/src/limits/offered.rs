//! Prompts and documents that a plugin offers by its manifest.

/// Prompts of one plugin.
pub const OFFERED_PROMPTS_MAX: usize = 64;
/// Documents of one plugin.
pub const OFFERED_DOCUMENTS_MAX: usize = 64;
/// Arguments of one prompt.
pub const OFFERED_ARGUMENTS_MAX: usize = 16;
/// Values from which one argument is completed.
pub const OFFERED_VALUES_MAX: usize = 100;
/// Characters of one of them.
pub const OFFERED_VALUE_CHARS_MAX: usize = 200;
/// Characters of what says what a prompt, an argument or a document is.
pub const OFFERED_DESCRIPTION_CHARS_MAX: usize = 1_000;
/// Bytes of a document's address, and of each value that a client puts into one.
pub const OFFERED_URI_BYTES_MAX: usize = 512;
/// Bytes of one template, text or picture. Those of one plugin together fit into its manifest.
pub const OFFERED_BYTES_MAX: usize = 256 * 1024;
