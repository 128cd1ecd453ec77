//! What leaves a tool: known secrets are blacked out, and text that a terminal or a reader would obey is removed.

mod redact;

pub use octi_domain::text::clean;
pub use redact::{REDACTED, Redactor};
