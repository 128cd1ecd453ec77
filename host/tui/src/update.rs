//! Pure: a model and what happened make the next model, and what is to be done.

mod ask;
mod forms;
mod frames;
mod keys;
mod local;
mod overlays;
mod place;
mod prompt;
mod submit;
mod watch;

use chrono::{DateTime, TimeDelta, Utc};
use octi_api::frames::{AuthOk, ClientFrame, Command, Patterns, Replay};
use octi_domain::text::clean;

use crate::conversation::{AfterReplay, Conversation, Kind, Speaker, Tone};
use crate::message::{Effect, History, Msg, Purpose};
use crate::model::{Link, Model, Watched};
use crate::overlay::Overlay;

/// How long a replay may take before the events that wait for it are shown without it.
const REPLAY_TIME: TimeDelta = TimeDelta::seconds(4);

/// What happened, at this time.
pub(crate) fn update(model: &mut Model, msg: Msg, now: DateTime<Utc>) -> Vec<Effect> {
    model.now = now;
    let mut effects = match msg {
        Msg::Key(key) => {
            // Whoever types looks, whatever the terminal told.
            model.focused = true;
            keys::key(model, key)
        }
        Msg::Paste(text) => {
            model.focused = true;
            keys::paste(model, &text)
        }
        Msg::Focus(focused) => {
            model.focused = focused;
            Vec::new()
        }
        Msg::Resize(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        Msg::Tick => tick(model),
        Msg::Connecting => {
            model.link = Link::Connecting;
            Vec::new()
        }
        Msg::Online(hello) => online(model, hello),
        Msg::Offline { reason, retry_at } => {
            model.link = Link::Offline { reason: clean(&reason), retry_at };
            // Whether these arrived is not known; the replay takes those away that did.
            model.conversation.mark_failed();
            // What waited for a replay that does not come is in the next one.
            model.conversation.forget_replay();
            // So is what comes late to a command.
            model.conversation.forget_waiting();
            Vec::new()
        }
        Msg::Frame(frame, purpose) => frames::frame(model, *frame, purpose.as_ref()),
        Msg::Loaded { session, outcome } => loaded(model, session, outcome),
        Msg::Created { number, outcome } => submit::created(model, number, outcome),
        Msg::Sessions(outcome) => local::sessions(model, outcome),
        Msg::Workspaces(outcome) => place::listed(model, outcome),
        Msg::Moved { session, outcome } => place::moved(model, session, outcome),
        Msg::LetGo(why) => place::let_go(model, &why),
        Msg::Models(outcome) => {
            let default = outcome.ok().and_then(|models| models.into_iter().find(|one| one.is_default));
            model.default_model = default.map(|one| clean(&one.name));
            Vec::new()
        }
        Msg::Questions(outcome) => forms::listed(model, outcome),
        Msg::Answered { question, outcome } => forms::answered(model, question, outcome),
        Msg::SignedIn(outcome) => local::signed_in(model, outcome, true),
        Msg::SignedOut(outcome) => local::signed_in(model, outcome, false),
        Msg::WhoAmI(outcome) => local::who_am_i(model, outcome),
    };
    prompt::settle(model);
    forms::settle(model);
    effects.extend(watch::settle(model));
    effects
}

fn tick(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    model.beat = model.beat.wrapping_add(1);
    model.note.take_if(|note| note.until <= now);
    model.leaving.take_if(|until| *until <= now);
    model.prompt.armed.take_if(|(_, until)| *until <= now);
    match model.conversation.give_up_replay(now, REPLAY_TIME) {
        AfterReplay::Reload => reload(model),
        AfterReplay::Nothing => Vec::new(),
    }
}

fn online(model: &mut Model, hello: AuthOk) -> Vec<Effect> {
    model.link = Link::Online;
    model.was_online = true;
    model.watched = Watched::Untold;
    model.capabilities = hello.capabilities;
    let help = ClientFrame::Command(Command { name: "help".to_owned(), args: None, session_id: None });
    let mut effects = vec![
        subscribe(),
        Effect::Send(help, Purpose::Help),
        Effect::ListModels,
        Effect::ListSessions,
        Effect::ListWorkspaces,
        Effect::ListQuestions,
    ];
    if model.conversation.session.is_some() {
        effects.extend(replay(model));
        if !model.conversation.loaded {
            effects.extend(reload(model));
        }
    }
    effects
}

/// Listens to everything; the answer lists every open question.
fn subscribe() -> Effect {
    Effect::Send(ClientFrame::Subscribe(Patterns::of(["*"])), Purpose::Other)
}

/// Asks for what was missed of the conversation, and holds live events back until it is there.
fn replay(model: &mut Model) -> Vec<Effect> {
    let Some(session_id) = model.conversation.session else { return Vec::new() };
    let after_event_id = model.conversation.last_event();
    model.conversation.await_replay(model.now);
    vec![Effect::Send(ClientFrame::Replay(Replay { session_id, after_event_id }), Purpose::Other)]
}

fn reload(model: &mut Model) -> Vec<Effect> {
    model.conversation.await_load();
    model.conversation.session.map(Effect::Load).into_iter().collect()
}

/// Asks what the conversation used.
fn ask_cost(model: &Model) -> Vec<Effect> {
    if model.conversation.session.is_none() || !model.is_online() {
        return Vec::new();
    }
    let command = Command { name: "cost".to_owned(), args: None, session_id: model.conversation.session };
    vec![Effect::Send(ClientFrame::Command(command), Purpose::Cost)]
}

/// Shows another conversation: one that the server has, or a new one.
fn open(model: &mut Model, session: Option<uuid::Uuid>) -> Vec<Effect> {
    if model.creating.is_some() {
        model.note("a conversation is being made: try again in a moment");
        return Vec::new();
    }
    model.conversation = session.map(Conversation::of).unwrap_or_default();
    model.transcript.reset();
    model.cost = None;
    if session.is_none() || !model.is_online() {
        return Vec::new();
    }
    let mut effects = replay(model);
    effects.extend(reload(model));
    effects
}

fn loaded(model: &mut Model, session: uuid::Uuid, outcome: Result<History, String>) -> Vec<Effect> {
    if model.conversation.session != Some(session) {
        // Another conversation was opened meanwhile.
        return Vec::new();
    }
    match outcome {
        Ok(history) => {
            model.conversation.title = history.session.title.as_deref().map(clean);
            model.conversation.stands(&history.session);
            let first = !model.conversation.loaded;
            model.conversation.load(&history.messages, &history.agents);
            if first {
                remember_said(model);
            }
            ask_cost(model)
        }
        Err(problem) => {
            model.conversation.inform(Tone::Error, &format!("the conversation cannot be loaded: {problem}"));
            Vec::new()
        }
    }
}

/// What was said in an opened conversation comes back with Up.
fn remember_said(model: &mut Model) {
    let said: Vec<String> = model
        .conversation
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            Kind::Message(message) if message.speaker == Speaker::User => Some(message.text.clone()),
            _ => None,
        })
        .collect();
    for text in said {
        model.input.remember(&text);
    }
}

/// Whether an overlay takes the keys.
const fn has_overlay(model: &Model) -> bool {
    matches!(model.overlay, Some(Overlay::Picker(_) | Overlay::Shortcuts { .. } | Overlay::SignIn(_) | Overlay::Form(_)))
}

#[cfg(test)]
mod tests;
