//! What a key does: first what holds everywhere, then what lies on top, then the text field.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use octi_api::frames::{AgentStop, ClientFrame};
use octi_domain::limits;

use super::{forms, has_overlay, local, overlays, prompt, submit};
use crate::keys::Action;
use crate::message::{Effect, Purpose};
use crate::model::{AGAIN_TIME, Model};
use crate::overlay::Overlay;

pub(super) fn key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    if has_overlay(model) {
        // What is typed over a question is no answer to it, and neither is what follows at once.
        prompt::typed(model);
    }
    let action = model.keys.action(&key);
    match action {
        Some(Action::Quit) => return vec![Effect::Quit],
        Some(Action::Interrupt) => return interrupt(model),
        Some(Action::Redraw) => return vec![Effect::Redraw],
        _ => {}
    }
    model.leaving = None;
    if has_overlay(model) {
        return overlays::key(model, key, action);
    }
    if let Some(effects) = prompt::key(model, key) {
        return effects;
    }
    match action {
        Some(action) if means_action(model, action, key) => act(model, action),
        _ => type_key(model, key),
    }
}

/// End belongs to the text while there is one and its cursor is not at the end of its line.
fn means_action(model: &Model, action: Action, key: KeyEvent) -> bool {
    if action != Action::Tail || key.code != KeyCode::End || !key.modifiers.is_empty() {
        return true;
    }
    let area = model.input.area();
    let cursor = area.cursor();
    area.lines().get(cursor.0).is_none_or(|line| line.chars().count() == cursor.1)
}

fn type_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    prompt::typed(model);
    match key.code {
        KeyCode::Enter if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT) => {
            model.input.newline();
            Vec::new()
        }
        KeyCode::Enter if model.input.continues() => Vec::new(),
        KeyCode::Enter => submit::submit(model),
        KeyCode::Esc => {
            model.note = None;
            Vec::new()
        }
        _ => {
            model.input.key(key);
            Vec::new()
        }
    }
}

/// Does what a key or a line of the palette stands for.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Palette => overlays::palette(model),
        Action::Shortcuts => model.overlay = Some(Overlay::Shortcuts { scroll: 0 }),
        Action::Details => model.details = !model.details,
        Action::Panel => model.panel = !model.panel,
        Action::Answer => forms::open(model),
        Action::Sessions => return local::pick_session(model),
        Action::Interrupt => return interrupt(model),
        Action::Quit => return vec![Effect::Quit],
        Action::ScrollUp => model.transcript.page(false),
        Action::ScrollDown => model.transcript.page(true),
        Action::LineUp => model.transcript.scroll(-1),
        Action::LineDown => model.transcript.scroll(1),
        Action::Top => model.transcript.show_top(),
        Action::Tail => model.transcript.show_tail(),
        Action::Newline => model.input.newline(),
        Action::Complete => submit::complete(model),
        Action::Redraw => return vec![Effect::Redraw],
    }
    Vec::new()
}

/// Stops the turn, or puts the text away; pressed again it leaves.
fn interrupt(model: &mut Model) -> Vec<Effect> {
    if model.leaving.is_some_and(|until| model.now < until) {
        return vec![Effect::Quit];
    }
    model.leaving = Some(model.now + AGAIN_TIME);
    if model.overlay.take().is_some() {
        model.leaving = None;
        return Vec::new();
    }
    let again = model.keys.key_of(Action::Interrupt).unwrap_or_default();
    if let Some(turn) = &model.conversation.turn {
        let agent_id = turn.agent;
        if !model.is_online() {
            model.note(format!("not connected: the turn cannot be stopped now; {again} again leaves"));
            return Vec::new();
        }
        model.note(format!("stopping the turn; {again} again leaves"));
        return vec![Effect::Send(ClientFrame::AgentStop(AgentStop { agent_id }), Purpose::Other)];
    }
    if model.input.is_empty() {
        model.note(format!("{again} again leaves"));
    } else {
        model.input.put_away();
        model.note(format!("Up brings the text back; {again} again leaves"));
    }
    Vec::new()
}

pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    prompt::typed(model);
    if has_overlay(model) {
        overlays::paste(model, text);
        return Vec::new();
    }
    if !model.input.paste(text) {
        let max = limits::TUI_PASTE_BYTES_MAX / 1_000;
        model.note(format!("nothing was pasted: it is longer than {max} kB; put it into a file and ask about the file"));
    }
    Vec::new()
}
