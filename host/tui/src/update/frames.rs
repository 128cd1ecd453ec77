//! What the server says.

use octi_api::event::{EventBody, EventEnvelope};
use octi_api::frames::{CommandResult, ErrorFrame, ServerFrame};
use octi_domain::limits;
use octi_domain::text::clean;
use serde::Deserialize;

use super::{ask_cost, forms, local, reload, replay, subscribe};
use crate::conversation::{AfterReplay, Tone};
use crate::message::{Effect, Purpose};
use crate::model::{Cost, Model, ServerCommand};

pub(super) fn frame(model: &mut Model, frame: ServerFrame, purpose: Option<&Purpose>) -> Vec<Effect> {
    match frame {
        ServerFrame::Event { event } => event_frame(model, event),
        ServerFrame::Replay(replayed) if Some(replayed.session_id) == model.conversation.session => {
            let after = model.conversation.replayed(replayed);
            let mut effects = ask_cost(model);
            if after == AfterReplay::Reload {
                effects.extend(reload(model));
            }
            effects
        }
        ServerFrame::PermissionPending(pending) => {
            model.questions = pending.requests;
            model.questions.truncate(limits::TUI_QUESTIONS_MAX);
            Vec::new()
        }
        ServerFrame::CommandResult(result) => command_result(model, result, purpose),
        ServerFrame::EventsDropped(dropped) => {
            model.note(format!("the connection was too slow for {} events; the conversation is loaded again", dropped.count));
            // The answer to a subscription lists every open question, and a replay fills the hole.
            let mut effects = vec![subscribe(), Effect::ListQuestions];
            effects.extend(replay(model));
            effects.extend(reload(model));
            effects
        }
        ServerFrame::Error(error) => refused(model, &error, purpose),
        ServerFrame::AuthOk(_)
        | ServerFrame::AuthError(_)
        | ServerFrame::Pong(_)
        | ServerFrame::Subscribed(_)
        | ServerFrame::Replay(_) => Vec::new(),
    }
}

fn event_frame(model: &mut Model, event: EventEnvelope) -> Vec<Effect> {
    // A question is shown at once, also while the conversation waits for a replay.
    match &event.body {
        EventBody::PermissionRequest(request) => {
            let known = model.questions.iter().any(|question| question.id == request.id);
            if !known && model.questions.len() < limits::TUI_QUESTIONS_MAX {
                model.questions.push(request.clone());
            }
        }
        EventBody::QuestionAsked(question) => forms::ask(model, question.clone()),
        EventBody::QuestionResolved(resolved) => model.asked.retain(|asked| asked.question.id != resolved.question_id),
        EventBody::PermissionResolved(resolved) => model.questions.retain(|question| question.id != resolved.request_id),
        _ => {}
    }
    let news = matches!(event.body, EventBody::WorkspaceChanged(_)).then_some(Effect::ListWorkspaces);
    let here = event.session_id == model.conversation.session && event.session_id.is_some();
    let costs = match &event.body {
        EventBody::AgentCompleted(_)
        | EventBody::AgentFailed(_)
        | EventBody::AgentStopped(_)
        | EventBody::AgentInterrupted(_) => true,
        EventBody::ChatMessage(said) => said.side_channel && said.answers.is_some(),
        _ => false,
    };
    model.conversation.hear(event);
    let mut effects = if here && costs { ask_cost(model) } else { Vec::new() };
    effects.extend(news);
    effects
}

/// What `/cost` says for programs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CostData {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    cost_usd: Option<f64>,
}

/// What `/help` says for programs.
#[derive(Deserialize)]
struct HelpData {
    commands: Vec<HelpEntry>,
}

#[derive(Deserialize)]
struct HelpEntry {
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    meaning: String,
}

fn command_result(model: &mut Model, result: CommandResult, purpose: Option<&Purpose>) -> Vec<Effect> {
    let data = result.data.unwrap_or_default();
    // A model answers this one, so it comes late; that it worked is told as a message of the host.
    if result.name == "compact" {
        let session = model.conversation.session.map(|session| session.to_string());
        if session.is_some() && data["sessionId"].as_str() == session.as_deref() {
            model.conversation.end_waiting();
            if result.error.is_some() {
                model.conversation.inform(Tone::Error, &result.result);
            }
            return ask_cost(model);
        }
        return Vec::new();
    }
    match result.name.as_str() {
        "cost" => {
            if let Ok(cost) = serde_json::from_value::<CostData>(data) {
                model.cost = Some(Cost { tokens: cost.input_tokens + cost.output_tokens, usd: cost.cost_usd });
            }
        }
        "help" => {
            if let Ok(help) = serde_json::from_value::<HelpData>(data) {
                let command = |entry: HelpEntry| ServerCommand {
                    name: clean(&entry.name),
                    aliases: entry.aliases.iter().map(|alias| clean(alias)).collect(),
                    meaning: clean(&entry.meaning),
                };
                model.commands = help.commands.into_iter().map(command).collect();
            }
        }
        _ => {}
    }
    if purpose != Some(&Purpose::Command) {
        return Vec::new();
    }
    let tone = if result.error.is_some() { Tone::Error } else { Tone::Info };
    let text = match result.name.as_str() {
        "help" => format!("{}\n{}", result.result, local::help()),
        _ => result.result,
    };
    if result.name == "clear" && result.error.is_none() {
        model.conversation.wipe();
        model.transcript.reset();
    }
    model.conversation.inform(tone, &text);
    Vec::new()
}

/// A refusal is shown where its cause is: at the message, or in the conversation.
fn refused(model: &mut Model, error: &ErrorFrame, purpose: Option<&Purpose>) -> Vec<Effect> {
    let text = clean(&error.message);
    match purpose {
        Some(Purpose::Message(id)) => model.conversation.refuse(id, &text),
        Some(Purpose::Answer) => {
            model.conversation.inform(Tone::Error, &text);
            // The question may still be open: ask which ones are.
            return vec![subscribe()];
        }
        Some(Purpose::Aside(id)) => model.conversation.refuse_aside(id, &text),
        Some(Purpose::Cost | Purpose::Help | Purpose::Watch) => {}
        Some(Purpose::Compact(id)) => {
            model.conversation.remove(id);
            say_refused(model, error, &text);
        }
        Some(Purpose::Command | Purpose::Other) | None => say_refused(model, error, &text),
    }
    Vec::new()
}

fn say_refused(model: &mut Model, error: &ErrorFrame, text: &str) {
    let id = error.request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default();
    model.conversation.inform(Tone::Error, &format!("{text}{id}"));
}
