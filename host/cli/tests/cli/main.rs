//! The `octi` program, run the way a person runs it: real processes, real databases, the built-in demo model.

#![expect(clippy::expect_used, reason = "a test says why it cannot go on")]

mod bad_input;
mod chat;
mod plugins;
mod reference;
mod support;
