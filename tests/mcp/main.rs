//! Servers of others: the reference server over every transport, and one that breaks every promise.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test says why it cannot go on, or is skipped"
)]

mod asking;
mod conformance;
mod everything;
mod host;
mod hostile;
mod oauth;
mod remote;
mod scripted;
mod table;

use octi_domain::message::Part;
use octi_testkit::agents::TestAgents;

/// What the tools of a conversation gave.
async fn results(test: &TestAgents) -> Vec<String> {
    let messages = test.messages().await;
    let parts = messages.into_iter().flat_map(|message| message.parts);
    parts.filter_map(|part| if let Part::ToolResult(result) = part { Some(result.content) } else { None }).collect()
}
