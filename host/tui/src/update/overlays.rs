//! The keys of what lies over the conversation.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_domain::text::clean;
use secrecy::{ExposeSecret, SecretString};

use super::{forms, keys, local, place, submit};
use crate::keys::Action;
use crate::message::Effect;
use crate::model::Model;
use crate::overlay::{Choice, Entry, FIELD_CHARS_MAX, Overlay, Picker, SignIn};

/// Lines that a page of the keys moves.
const PAGE: usize = 10;

/// Opens the list of everything that can be done.
pub(super) fn palette(model: &mut Model) {
    let mut entries: Vec<Entry> = Vec::new();
    for local in local::COMMANDS {
        let choice =
            if local.needs_argument() { Choice::Write(format!("/{} ", local.name)) } else { Choice::Run(local.name.to_owned()) };
        entries.push(Entry { name: format!("/{}", local.name), hint: local.meaning.to_owned(), choice });
    }
    for command in &model.commands {
        let choice = Choice::Run(command.name.clone());
        entries.push(Entry { name: format!("/{}", command.name), hint: command.meaning.clone(), choice });
    }
    for action in Action::ALL.iter().copied().filter(|action| in_palette(*action)) {
        let key = model.keys.key_of(action).map(|key| format!(" ({key})")).unwrap_or_default();
        let hint = format!("{}{key}", action.meaning());
        entries.push(Entry { name: action.name().replace('-', " "), hint, choice: Choice::Act(action) });
    }
    model.overlay = Some(Overlay::Picker(Picker::new("Commands", entries)));
}

/// Moving the cursor from a list makes no sense.
const fn in_palette(action: Action) -> bool {
    matches!(
        action,
        Action::Shortcuts
            | Action::Details
            | Action::Panel
            | Action::Answer
            | Action::Sessions
            | Action::Top
            | Action::Tail
            | Action::Redraw
    )
}

pub(super) fn key(model: &mut Model, key: KeyEvent, action: Option<Action>) -> Vec<Effect> {
    if let Some(Overlay::Form(question)) = model.overlay {
        return forms::key(model, question, key, action);
    }
    let closes = key.code == KeyCode::Esc
        || matches!(
            (&model.overlay, action),
            (Some(Overlay::Picker(_)), Some(Action::Palette | Action::Sessions))
                | (Some(Overlay::Shortcuts { .. }), Some(Action::Shortcuts))
        );
    if closes {
        model.overlay = None;
        return Vec::new();
    }
    match &mut model.overlay {
        Some(Overlay::Picker(picker)) => match pick(picker, key) {
            Some(choice) => {
                model.overlay = None;
                chosen(model, choice)
            }
            None => Vec::new(),
        },
        Some(Overlay::Shortcuts { scroll }) => {
            *scroll = match key.code {
                KeyCode::Up => scroll.saturating_sub(1),
                KeyCode::Down => scroll.saturating_add(1),
                KeyCode::PageUp => scroll.saturating_sub(PAGE),
                KeyCode::PageDown => scroll.saturating_add(PAGE),
                _ => *scroll,
            };
            Vec::new()
        }
        Some(Overlay::SignIn(sign_in)) => password_key(sign_in, key),
        Some(Overlay::Form(_)) | None => Vec::new(),
    }
}

/// A key of a list; gives what was chosen.
fn pick(picker: &mut Picker, key: KeyEvent) -> Option<Choice> {
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Enter => return picker.chosen(),
        KeyCode::Up => picker.step(-1),
        KeyCode::Down => picker.step(1),
        KeyCode::Tab => picker.step(1),
        KeyCode::BackTab => picker.step(-1),
        KeyCode::Backspace => picker.erase(),
        KeyCode::Char(c) if !held => picker.write(c),
        _ => {}
    }
    None
}

fn chosen(model: &mut Model, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Act(action) => keys::act(model, action),
        Choice::Session(id) => local::open_session(model, id),
        Choice::Workspace(word) => place::workspace(model, &word),
        Choice::Write(text) => {
            model.input.put_away();
            model.input.set(&text);
            Vec::new()
        }
        Choice::Run(name) => {
            // What was being written is not part of the command, and not lost either.
            let written = model.input.text();
            let effects = submit::run(model, &name, "");
            model.input.set(&written);
            effects
        }
    }
}

fn password_key(sign_in: &mut SignIn, key: KeyEvent) -> Vec<Effect> {
    if sign_in.busy {
        return Vec::new();
    }
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Enter if !sign_in.password.expose_secret().is_empty() => {
            (sign_in.busy, sign_in.problem) = (true, None);
            let (username, password) = (sign_in.username.clone(), sign_in.password.clone());
            return vec![Effect::SignIn { username, password }];
        }
        KeyCode::Backspace => {
            let mut text = sign_in.password.expose_secret().to_owned();
            text.pop();
            sign_in.password = SecretString::from(text);
        }
        KeyCode::Char(c) if !held => add(sign_in, &c.to_string()),
        _ => {}
    }
    Vec::new()
}

fn add(sign_in: &mut SignIn, text: &str) {
    let whole = format!("{}{text}", sign_in.password.expose_secret());
    if whole.chars().count() <= FIELD_CHARS_MAX {
        sign_in.password = SecretString::from(whole);
    }
}

/// A paste goes into the field of what is open, without line ends but for a form's.
pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some(Overlay::Form(question)) = model.overlay {
        return forms::paste(model, question, text);
    }
    let line: String = clean(text).lines().next().unwrap_or_default().chars().take(FIELD_CHARS_MAX).collect();
    match &mut model.overlay {
        Some(Overlay::Picker(picker)) => line.chars().for_each(|c| picker.write(c)),
        Some(Overlay::SignIn(sign_in)) if !sign_in.busy => add(sign_in, &line),
        _ => {}
    }
}
