//! What plugins ask: opening the form, writing in it, sending the answer.

use crossterm::event::{KeyCode, KeyEvent};
use octi_api::v1::questions::Question;
use octi_domain::limits;
use octi_domain::text::clean;
use uuid::Uuid;

use crate::conversation::Tone;
use crate::form::{Asked, Done};
use crate::keys::Action;
use crate::message::Effect;
use crate::model::Model;
use crate::overlay::Overlay;

/// Lines that a page moves.
const PAGE: usize = 8;

/// A plugin asks something.
pub(super) fn ask(model: &mut Model, question: Question) {
    let is_known = model.asked.iter().any(|asked| asked.question.id == question.id);
    if is_known || model.asked.len() >= limits::TUI_QUESTIONS_MAX {
        return;
    }
    let (plugin, is_here) = (clean(&question.plugin), Some(question.session_id) == model.conversation.session);
    match Asked::of(question) {
        Some(asked) => model.asked.push(asked),
        None if is_here => {
            let text = format!("this octi cannot show the form of {plugin}: answer it in the browser, or update octi");
            model.conversation.inform(Tone::Error, &text);
        }
        None => {}
    }
}

/// What waits now, as the server tells it; what was written stays.
pub(super) fn listed(model: &mut Model, outcome: Result<Vec<Question>, String>) -> Vec<Effect> {
    match outcome {
        Ok(questions) => {
            model.asked.retain(|asked| questions.iter().any(|question| question.id == asked.question.id));
            questions.into_iter().for_each(|question| ask(model, question));
        }
        Err(problem) => model.note(format!("what plugins ask cannot be listed: {}", clean(&problem))),
    }
    Vec::new()
}

/// Opens the form of what is asked in this conversation.
pub(super) fn open(model: &mut Model) {
    match model.asked().map(|asked| asked.question.id) {
        Some(question) => model.overlay = Some(Overlay::Form(question)),
        None => model.note("no plugin asks anything in this conversation"),
    }
}

/// A question that was answered elsewhere, or whose time was up, takes its form along.
pub(super) fn settle(model: &mut Model) {
    let Some(Overlay::Form(question)) = model.overlay else { return };
    if find(model, question).is_none() {
        model.overlay = None;
        model.note("the question is settled: it was answered, its time was up, or its call is over");
    }
}

pub(super) fn key(model: &mut Model, question: Uuid, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    let is_online = model.is_online();
    let Some(asked) = find(model, question) else { return Vec::new() };
    let page = match key.code {
        KeyCode::PageUp => Some(asked.scroll.unwrap_or(0).saturating_sub(PAGE)),
        KeyCode::PageDown => Some(asked.scroll.unwrap_or(0).saturating_add(PAGE)),
        _ => None,
    };
    if page.is_some() {
        asked.scroll = page;
        return Vec::new();
    }
    let done = if action == Some(Action::Answer) { Some(Done::Later) } else { asked.key(key) };
    match done {
        None => Vec::new(),
        Some(Done::Later) => {
            model.overlay = None;
            Vec::new()
        }
        Some(Done::Answer(_)) if !is_online => {
            asked.refuse("the answer did not leave: the connection is lost; send it again when it is back".to_owned());
            Vec::new()
        }
        Some(Done::Answer(answer)) => vec![Effect::Answer { question, answer }],
    }
}

pub(super) fn paste(model: &mut Model, question: Uuid, text: &str) {
    if find(model, question).is_some_and(|asked| !asked.paste(text)) {
        model.note("nothing was pasted: it is too long");
    }
}

/// What the server says to an answer.
pub(super) fn answered(model: &mut Model, question: Uuid, outcome: Result<(), String>) -> Vec<Effect> {
    match outcome {
        Ok(()) => {
            model.asked.retain(|asked| asked.question.id != question);
            model.overlay.take_if(|overlay| matches!(overlay, Overlay::Form(other) if *other == question));
            Vec::new()
        }
        Err(problem) => {
            if let Some(asked) = find(model, question) {
                asked.refuse(clean(&problem));
            }
            // Somebody may have been faster: ask which ones still wait.
            vec![Effect::ListQuestions]
        }
    }
}

fn find(model: &mut Model, question: Uuid) -> Option<&mut Asked> {
    model.asked.iter_mut().find(|asked| asked.question.id == question)
}
