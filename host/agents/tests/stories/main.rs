//! Stories of whole turns: a scripted model, fake tools, a real database (both of them).

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod compactions;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod files;
#[cfg(test)]
mod gifts;
#[cfg(test)]
mod granted;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod places;
#[cfg(test)]
mod plugins;
#[cfg(test)]
mod results;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shutdowns;
#[cfg(test)]
mod side_questions;
#[cfg(test)]
mod skills;
#[cfg(test)]
mod steering;
#[cfg(test)]
mod stops;

use octi_domain::message::{Message, Part, Role, ToolResult};
use octi_models::ChatRequest;
use octi_store::NewMessage;
use octi_testkit::agents::TestAgents;

/// The results a model was shown in a request.
fn results_in(request: &ChatRequest) -> Vec<ToolResult> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    parts
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some(result.clone()),
            _ => None,
        })
        .collect()
}

/// Adds messages to the conversation as if turns had done it.
#[cfg(test)]
async fn tell(test: &TestAgents, said: impl IntoIterator<Item = (Role, Vec<Part>)>) -> Vec<Message> {
    let mut tx = test.store.write(&test.principal).await.unwrap();
    let mut messages = Vec::new();
    for (role, parts) in said {
        let (id, session_id, created_at) = (test.ambient.id(), test.session, test.ambient.now());
        let message = NewMessage { id, session_id, run_id: None, role, parts, created_at };
        messages.push(tx.append_message(message).await.unwrap());
    }
    tx.save().await.unwrap();
    messages
}
