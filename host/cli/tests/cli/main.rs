//! The `octi` program, run the way a person runs it: real processes, real databases, the built-in demo model, and the
//! providers' wires.

#![expect(clippy::expect_used, reason = "a test says why it cannot go on")]

mod author;
mod bad_input;
mod chat;
mod containment;
mod crashes;
mod extism;
mod from_registries;
mod guests;
mod mcp;
mod mcp_servers;
mod metrics;
mod models;
mod notifications;
mod open_files;
mod orgs;
mod plugins;
mod reference;
mod refusals;
mod registry;
mod secrets;
mod settings;
mod signing;
mod skills;
mod support;
mod swaps;
mod terminal;
mod tui;
mod workspaces;

/// The mock server of the providers' wires, shared with the conformance tests.
#[cfg(test)]
#[path = "../../../models/tests/conformance/aimock.rs"]
#[expect(dead_code, reason = "these tests do not count requests")]
mod aimock;
/// The small real model, shared with the tests of the models.
#[cfg(test)]
#[path = "../../../models/tests/smollm/server.rs"]
#[expect(dead_code, reason = "these tests set the model up by hand")]
mod smollm;
