//! Where a turn stands: which steps have results, and what comes next.

use octi_domain::message::{Part, Role, ToolCall, ToolResult, plain_text};
use serde_json::Value;

use super::arguments::{arguments, tool_name};
use super::plan::{Step, plan};
use super::report;
use crate::chat::{ChatMessage, ChatRequest, ToolSchema};

/// What the demo model does next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    Call(ToolCall),
    Say(String),
}

/// Decides from the conversation alone: the plan is made again from the person's last message, and each tool result since
/// then is one step done.
pub(super) fn next(request: &ChatRequest) -> Next {
    let Some(asked) = request.messages.iter().rposition(|message| message.role == Role::User) else {
        return Next::Say(report::help(&request.tools));
    };
    let steps = plan(&plain_text(&request.messages[asked].parts));
    if steps.is_empty() {
        return Next::Say(report::help(&request.tools));
    }
    let results = results(&request.messages[asked..]);
    let done: Vec<(&Step, &ToolResult)> = steps.iter().zip(results.iter().copied()).collect();
    let failed = done.iter().any(|(_, result)| result.is_error);
    let Some(step) = steps.get(done.len()).filter(|_| !failed) else {
        return Next::Say(report::report(&done, &steps[done.len()..], None));
    };
    let Some(tool) = request.tools.iter().find(|tool| tool.name == tool_name(step)) else {
        let trouble = format!("The next step needs the tool `{}`, and that tool is not available here.", tool_name(step));
        return Next::Say(report::report(&done, &[], Some(&trouble)));
    };
    match call(step, tool, &done, request.messages.len()) {
        Ok(call) => Next::Call(call),
        Err(trouble) => Next::Say(report::report(&done, &[], Some(&trouble))),
    }
}

fn call(step: &Step, tool: &ToolSchema, done: &[(&Step, &ToolResult)], place: usize) -> Result<ToolCall, String> {
    let id = match step {
        Step::CompleteTask { which } => Some(find_task(which, done)?),
        _ => None,
    };
    Ok(ToolCall {
        // The number of messages grows with every step, so no two calls of a session share an id.
        id: format!("demo-{place}-{}", done.len() + 1),
        name: tool.name.clone(),
        arguments: arguments(step, tool, id.as_ref()),
        signature: None,
    })
}

/// Every result since the person spoke, in order.
fn results(messages: &[ChatMessage]) -> Vec<&ToolResult> {
    let parts = messages.iter().flat_map(|message| &message.parts);
    parts
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some(result),
            _ => None,
        })
        .collect()
}

/// The id of the to-do meant, out of the list that was looked up the step before.
fn find_task(which: &str, done: &[(&Step, &ToolResult)]) -> Result<Value, String> {
    let listed = done.last().map(|(_, result)| report::parse(&result.content)).unwrap_or_default();
    let tasks = report::items(&listed);
    let title = |task: &Value| report::title(task).unwrap_or_default().to_lowercase();
    let id_is = |task: &&Value| task.get("id").is_some_and(|id| report::plain(id) == which);
    // A place in the list counts only where the to-dos have no numbers of their own to be shown by.
    let numbered = tasks.iter().any(|task| task.get("id").is_some_and(Value::is_number));
    let place = which.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|_| !numbered);
    let wanted = which.to_lowercase();
    let found = tasks
        .iter()
        .find(id_is)
        .or(place.and_then(|at| tasks.get(at)))
        .or_else(|| tasks.iter().find(|task| title(task) == wanted))
        .or_else(|| tasks.iter().find(|task| title(task).contains(&wanted)));
    found.and_then(|task| task.get("id")).cloned().ok_or_else(|| match tasks.len() {
        0 => "There are no to-dos, so none was marked as done.".to_owned(),
        count => format!("There is no to-do `{which}` among the {count} to-dos, so none was marked as done."),
    })
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
