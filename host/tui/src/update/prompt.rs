//! Answering a question.
//!
//! A key that was meant for the text must not answer: keys count as answers only while no text is being written, and when nothing
//! was typed for a moment since the question appeared.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_api::frames::{ClientFrame, PermissionRespond, Scope};

use crate::danger;
use crate::message::{Effect, Purpose};
use crate::model::Model;

/// How long nothing must have been typed.
const QUIET: TimeDelta = TimeDelta::milliseconds(600);
/// How long the second key of a destroying call may take.
const ARMED: TimeDelta = TimeDelta::seconds(5);
/// How far apart its two keys must be: a key that is held down repeats itself.
const APART: TimeDelta = TimeDelta::milliseconds(700);

/// Keeps track of which question is on the screen, after anything happened.
pub(super) fn settle(model: &mut Model) {
    let id = model.question().map(|question| question.id);
    if id != model.prompt.shown.map(|(shown, _)| shown) {
        model.prompt.shown = id.map(|id| (id, model.now));
        model.prompt.armed = None;
        model.prompt.scroll = 0;
    }
}

/// Something was typed that is no answer.
pub(super) fn typed(model: &mut Model) {
    let now = model.now;
    if let Some((_, since)) = &mut model.prompt.shown {
        *since = now;
    }
}

/// Whether a key without Alt answers now.
pub(crate) fn is_settled(model: &Model) -> bool {
    // While a text is being written only Alt answers, as in the browser.
    model.input.is_empty() && model.prompt.shown.is_some_and(|(_, since)| model.now - since >= QUIET)
}

/// What a key answers; none when it is not for the question.
pub(super) fn key(model: &mut Model, key: KeyEvent) -> Option<Vec<Effect>> {
    model.question()?;
    let held = key.modifiers - KeyModifiers::SHIFT;
    if !(held.is_empty() || held == KeyModifiers::ALT) {
        return None;
    }
    let answer = match key.code {
        KeyCode::Esc if held.is_empty() => '4',
        KeyCode::Up | KeyCode::Down if held.is_empty() && model.input.is_empty() => {
            let by = if key.code == KeyCode::Up { -1 } else { 1 };
            model.prompt.scroll = model.prompt.scroll.saturating_add_signed(by);
            return Some(Vec::new());
        }
        KeyCode::Char(c) if held == KeyModifiers::ALT || is_settled(model) => match c.to_ascii_lowercase() {
            'y' => '1',
            'n' => '4',
            c @ '1'..='4' => c,
            _ => return None,
        },
        _ => return None,
    };
    Some(choose(model, answer))
}

fn choose(model: &mut Model, choice: char) -> Vec<Effect> {
    let Some(question) = model.question() else { return Vec::new() };
    let (approved, scope) = match choice {
        '1' => (true, Scope::Once),
        '2' => (true, Scope::Session),
        '3' => (true, Scope::Always),
        _ => (false, Scope::Once),
    };
    // A press that comes too early arms anew, so a key that is held down never gets there.
    let again = model
        .prompt
        .armed
        .is_some_and(|(armed, until)| armed == choice && model.now < until && model.now - (until - ARMED) >= APART);
    if approved && !again && danger::is_destructive(question) {
        model.prompt.armed = Some((choice, model.now + ARMED));
        return Vec::new();
    }
    if !model.is_online() {
        model.note("the answer did not leave: the connection is lost; answer again when it is back");
        return Vec::new();
    }
    let request_id = question.id;
    // It goes away at once; another one who answered first is not contradicted.
    model.questions.retain(|question| question.id != request_id);
    let respond = PermissionRespond { request_id, approved, scope };
    vec![Effect::Send(ClientFrame::PermissionRespond(respond), Purpose::Answer)]
}
