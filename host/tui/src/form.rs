//! What a plugin asks, and what the person has written in its form so far.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_api::v1::questions::{AnswerQuestion, Question, QuestionAction};
use octi_domain::form::{Field, FieldKind, Form};
use serde_json::{Map, Value};

use crate::input::Input;

/// A question that waits, with its form.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    form: Form,
    /// One for each field.
    entries: Vec<Entry>,
    /// The field that keys go to.
    at: usize,
    /// Why the answer was not taken.
    pub(crate) problem: Option<String>,
    /// The server is being told.
    pub(crate) busy: bool,
    /// The first line that is shown, where the person scrolled; otherwise the current field is in sight.
    pub(crate) scroll: Option<usize>,
}

/// What stands in a field.
#[derive(Debug)]
pub(crate) enum Entry {
    Text(Box<Input>),
    /// One of the options, or none yet.
    One(Option<usize>),
    /// Which options are ticked, and which of them the keys go to.
    Several {
        ticked: Vec<bool>,
        at: usize,
    },
}

/// What a key of a form means beyond the form.
#[derive(Debug, PartialEq)]
pub(crate) enum Done {
    Answer(AnswerQuestion),
    /// Later: the question still waits.
    Later,
}

impl Asked {
    /// None when this octi cannot show the form.
    pub(crate) fn of(question: Question) -> Option<Self> {
        let form = Form::parse(question.schema.clone()).ok()?;
        let entries = form.fields().iter().map(entry).collect();
        Some(Self { question, form, entries, at: 0, problem: None, busy: false, scroll: Some(0) })
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&Field, &Entry)> {
        self.form.fields().iter().zip(&self.entries)
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The field that keys go to, with what stands in it.
    pub(crate) fn current(&self) -> Option<(&Field, &Entry)> {
        Some((self.form.fields().get(self.at)?, self.entries.get(self.at)?))
    }

    /// A key; gives what is to be done when it ends the form.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Option<Done> {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Esc => return Some(Done::Later),
            _ if self.busy => {}
            KeyCode::Char('n' | 'N') if alt => return Some(self.send(QuestionAction::Decline, None)),
            KeyCode::Char('c' | 'C') if alt => return Some(self.send(QuestionAction::Cancel, None)),
            KeyCode::Enter if !alt => return self.go_on(),
            KeyCode::Tab => self.step(1),
            KeyCode::BackTab => self.step(-1),
            _ => {
                self.scroll = None;
                self.entry_key(key);
            }
        }
        None
    }

    pub(crate) fn paste(&mut self, text: &str) -> bool {
        match self.entries.get_mut(self.at) {
            Some(Entry::Text(input)) if !self.busy => input.paste(text),
            _ => true,
        }
    }

    /// What is written leaves the field as it is; Up and Down leave it at its ends.
    fn entry_key(&mut self, key: KeyEvent) {
        let is_optional = self.form.fields().get(self.at).is_some_and(|field| !field.is_required);
        let options = self.form.fields().get(self.at).map_or(0, |field| options(field).len());
        let moved = match (self.entries.get_mut(self.at), key.code) {
            (Some(Entry::Text(input)), code) => {
                let (row, last) = (input.area().cursor().0, input.area().lines().len() - 1);
                match code {
                    KeyCode::Up if row == 0 => -1,
                    KeyCode::Down if row == last => 1,
                    KeyCode::Enter => {
                        input.newline();
                        0
                    }
                    _ => {
                        input.key(key);
                        0
                    }
                }
            }
            (Some(Entry::One(chosen)), KeyCode::Up) => match *chosen {
                Some(0) if !is_optional => -1,
                Some(option) => {
                    *chosen = option.checked_sub(1);
                    0
                }
                None => -1,
            },
            (Some(Entry::One(chosen)), KeyCode::Down) => {
                let next = chosen.map_or(0, |option| option + 1);
                if next < options {
                    *chosen = Some(next);
                }
                isize::from(next >= options)
            }
            (Some(Entry::Several { at, .. }), KeyCode::Up) => match at.checked_sub(1) {
                Some(before) => {
                    *at = before;
                    0
                }
                None => -1,
            },
            (Some(Entry::Several { at, .. }), KeyCode::Down) if *at + 1 < options => {
                *at += 1;
                0
            }
            (Some(Entry::Several { .. }), KeyCode::Down) => 1,
            (Some(Entry::Several { ticked, at }), KeyCode::Char(' ')) => {
                if let Some(tick) = ticked.get_mut(*at) {
                    *tick = !*tick;
                }
                0
            }
            _ => 0,
        };
        if moved == 0 {
            self.problem = None;
        } else {
            self.step(moved);
        }
    }

    /// Goes to another field; the first and the last one are ends.
    fn step(&mut self, by: isize) {
        self.scroll = None;
        self.at = self.at.saturating_add_signed(by).min(self.entries.len().saturating_sub(1));
    }

    /// The next field when this one fits, or the whole answer after the last.
    fn go_on(&mut self) -> Option<Done> {
        self.scroll = None;
        self.problem = self.current().and_then(|(field, entry)| value(field, entry).err());
        if self.problem.is_some() {
            return None;
        }
        if self.at + 1 < self.entries.len() {
            self.step(1);
            return None;
        }
        self.answer()
    }

    /// The answer; the first field that does not fit becomes the current one.
    fn answer(&mut self) -> Option<Done> {
        let mut content = Map::new();
        for (index, (field, entry)) in self.form.fields().iter().zip(&self.entries).enumerate() {
            match value(field, entry) {
                Ok(value) => content.extend(value.map(|value| (field.name.clone(), value))),
                Err(why) => {
                    (self.at, self.problem) = (index, Some(why));
                    return None;
                }
            }
        }
        Some(self.send(QuestionAction::Accept, Some(Value::Object(content))))
    }

    fn send(&mut self, action: QuestionAction, content: Option<Value>) -> Done {
        (self.busy, self.problem) = (true, None);
        Done::Answer(AnswerQuestion { action, content })
    }

    /// The answer was not taken, and may be sent again.
    pub(crate) fn refuse(&mut self, why: String) {
        (self.busy, self.problem) = (false, Some(why));
    }
}

/// A field as the plugin wants it to stand there first.
fn entry(field: &Field) -> Entry {
    let default = field.default.as_ref();
    let position = |value: &str| options(field).iter().position(|(other, _)| other == value);
    match &field.kind {
        FieldKind::Text { .. } | FieldKind::Number { .. } => {
            let mut input = Input::default();
            match default {
                Some(Value::String(text)) => input.set(&octi_domain::text::clean(text)),
                Some(other) => input.set(&other.to_string()),
                None => {}
            }
            Entry::Text(Box::new(input))
        }
        FieldKind::YesNo => Entry::One(default.and_then(Value::as_bool).map(|yes| usize::from(!yes))),
        FieldKind::Choice(_) => Entry::One(default.and_then(Value::as_str).and_then(position)),
        FieldKind::Several { of, .. } => {
            let chosen = |(value, _): &(String, String)| {
                default.and_then(Value::as_array).is_some_and(|list| list.iter().any(|item| item == value.as_str()))
            };
            Entry::Several { ticked: of.iter().map(chosen).collect(), at: 0 }
        }
    }
}

/// What there is to choose from: each value, and what it is called.
pub(crate) fn options(field: &Field) -> Vec<(String, String)> {
    match &field.kind {
        FieldKind::YesNo => ["yes", "no"].map(|word| (word.to_owned(), word.to_owned())).to_vec(),
        FieldKind::Choice(of) | FieldKind::Several { of, .. } => of.clone(),
        FieldKind::Text { .. } | FieldKind::Number { .. } => Vec::new(),
    }
}

/// The value of a field, none where nothing was given, or what would fit.
fn value(field: &Field, entry: &Entry) -> Result<Option<Value>, String> {
    let given = match entry {
        Entry::Text(input) => field.read(&input.text()).map_err(|why| format!("it {why}"))?,
        Entry::One(chosen) => chosen.map(|option| match &field.kind {
            FieldKind::YesNo => Value::from(option == 0),
            _ => Value::from(options(field)[option].0.as_str()),
        }),
        Entry::Several { ticked, .. } => {
            let chosen = options(field).into_iter().zip(ticked).filter(|(_, ticked)| **ticked);
            let chosen: Vec<Value> = chosen.map(|((value, _), _)| Value::from(value)).collect();
            match field.kind {
                _ if chosen.is_empty() && !field.is_required => None,
                FieldKind::Several { min, max, .. } if !(min..=max).contains(&(chosen.len() as u64)) => {
                    return Err(if min == max { format!("tick {min} of them") } else { format!("tick {min} to {max} of them") });
                }
                _ => Some(Value::from(chosen)),
            }
        }
    };
    if given.is_none() && field.is_required {
        return Err(format!("it must be given: {}", field.wanted()));
    }
    Ok(given)
}

#[cfg(test)]
mod tests;
