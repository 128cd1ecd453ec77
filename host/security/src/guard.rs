//! What leaves a tool: known secrets are blacked out, and text that a terminal or a reader would obey is removed.

mod clean;
mod redact;

pub use clean::clean;
pub use redact::{REDACTED, Redactor};
