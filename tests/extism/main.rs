//! Modules of Extism through the bridge, in the real process sandbox: beside the official host, and at every bound.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says why it cannot go on, or is skipped"
)]

mod bounds;
mod five;
mod host;
mod life;
mod official;
