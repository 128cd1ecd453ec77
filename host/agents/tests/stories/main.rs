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
mod crashes;
#[cfg(test)]
mod files;
#[cfg(test)]
mod notifications;
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
mod steering;
#[cfg(test)]
mod stops;

use octi_domain::message::{Part, ToolResult};
use octi_models::ChatRequest;

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
