//! The text being written: several lines, what was sent before, and completion.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_domain::limits;
use octi_domain::text::clean;
use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

/// The text field.
#[derive(Debug)]
pub(crate) struct Input {
    area: TextArea<'static>,
    history: History,
}

/// What was sent, the newest last.
#[derive(Debug, Default)]
struct History {
    entries: Vec<String>,
    /// Which entry is shown, while one is.
    at: Option<usize>,
    /// What was being written before the first entry was shown.
    draft: String,
}

impl Default for Input {
    fn default() -> Self {
        Self { area: area(""), history: History::default() }
    }
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    // The terminal's own cursor is shown, so that input methods and screen readers find it.
    area.set_cursor_style(Style::new());
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

impl Input {
    pub(crate) const fn area(&self) -> &TextArea<'static> {
        &self.area
    }

    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Replaces the text; the cursor goes to its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.area = area(text);
        self.leave_history();
    }

    /// What is shown is a text of its own now; what was being written before comes back with Up.
    fn leave_history(&mut self) {
        if self.history.at.take().is_some() {
            let draft = std::mem::take(&mut self.history.draft);
            self.remember(&draft);
        }
    }

    /// Takes the text out, and keeps it for Up.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text();
        self.remember(&text);
        self.set("");
        text
    }

    /// Empties the field; the text comes back with Up.
    pub(crate) fn put_away(&mut self) {
        self.take();
    }

    /// Forgets what Up would bring back: somebody else writes here now.
    pub(crate) fn forget_history(&mut self) {
        self.history = History::default();
    }

    /// Keeps a text for Up.
    pub(crate) fn remember(&mut self, text: &str) {
        let entries = &mut self.history.entries;
        if text.trim().is_empty() || entries.last().is_some_and(|last| last == text) {
            return;
        }
        entries.push(text.to_owned());
        let more = entries.len().saturating_sub(limits::TUI_HISTORY_ENTRIES_MAX);
        entries.drain(..more);
    }

    /// A new line at the cursor.
    pub(crate) fn newline(&mut self) {
        self.area.insert_newline();
    }

    /// Whether Enter makes a new line because `\` stands before the cursor; the `\` is gone then.
    pub(crate) fn continues(&mut self) -> bool {
        let cursor = self.area.cursor();
        let before: Option<char> =
            cursor.1.checked_sub(1).and_then(|column| self.area.lines().get(cursor.0)?.chars().nth(column));
        if before != Some('\\') {
            return false;
        }
        self.area.delete_char();
        self.area.insert_newline();
        true
    }

    /// Puts a pasted text in; false when it was too long and nothing was.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        let text = clean(text);
        if text.len() > limits::TUI_PASTE_BYTES_MAX {
            return false;
        }
        self.area.insert_str(text);
        self.leave_history();
        true
    }

    /// A key of the text field.
    pub(crate) fn key(&mut self, key: KeyEvent) {
        let (row, last) = (self.area.cursor().0, self.area.lines().len() - 1);
        match (key.code, key.modifiers) {
            (KeyCode::Up, KeyModifiers::NONE) if row == 0 => self.older(),
            (KeyCode::Down, KeyModifiers::NONE) if row == last => self.newer(),
            // A bare line end or tab is no text here: Enter and Tab have meanings of their own.
            (KeyCode::Enter | KeyCode::Tab, _) => {}
            _ => {
                if self.area.input(key) {
                    self.leave_history();
                }
            }
        }
    }

    fn older(&mut self) {
        let next = match self.history.at {
            None => self.history.entries.len().checked_sub(1),
            Some(at) => at.checked_sub(1),
        };
        let Some(next) = next else { return };
        if self.history.at.is_none() {
            self.history.draft = self.text();
        }
        self.area = area(&self.history.entries[next].clone());
        self.history.at = Some(next);
    }

    fn newer(&mut self) {
        let Some(at) = self.history.at else { return };
        match self.history.entries.get(at + 1).cloned() {
            Some(entry) => {
                self.area = area(&entry);
                self.history.at = Some(at + 1);
            }
            None => {
                let draft = std::mem::take(&mut self.history.draft);
                self.set(&draft);
            }
        }
    }

    /// Rows that the text takes at this width, at most `max`.
    pub(crate) fn rows(&self, columns: u16, max: u16) -> u16 {
        let lines = self.area.lines();
        let longest = usize::from(columns) * usize::from(max) * 4;
        if lines.len() >= usize::from(max) || lines.iter().any(|line| line.len() > longest) {
            return max;
        }
        // The text field counts its rows only when it is drawn.
        let mut probe = self.area.clone();
        probe.move_cursor(CursorMove::Bottom);
        probe.move_cursor(CursorMove::End);
        let area = ratatui::layout::Rect::new(0, 0, columns, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        ratatui::widgets::Widget::render(&probe, area, &mut buffer);
        u16::try_from(probe.screen_cursor().row + 1).unwrap_or(max).clamp(1, max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut Input, code: KeyCode) {
        input.key(KeyEvent::new(code, KeyModifiers::NONE));
    }

    fn write(input: &mut Input, text: &str) {
        for c in text.chars() {
            press(input, KeyCode::Char(c));
        }
    }

    #[test]
    fn up_and_down_go_through_what_was_sent_and_back_to_what_was_being_written() {
        let mut input = Input::default();
        for text in ["one", "two\nlines"] {
            input.set(text);
            input.take();
        }
        write(&mut input, "draft");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.text(), "two\nlines");
        press(&mut input, KeyCode::Up);
        press(&mut input, KeyCode::Up);
        assert_eq!(input.text(), "one");
        press(&mut input, KeyCode::Up);
        assert_eq!(input.text(), "one", "there is nothing older");
        press(&mut input, KeyCode::Down);
        press(&mut input, KeyCode::Down);
        assert_eq!(input.text(), "draft");
    }

    #[test]
    fn a_backslash_before_enter_makes_a_new_line() {
        let mut input = Input::default();
        write(&mut input, "one\\");
        assert!(input.continues());
        write(&mut input, "two");
        assert_eq!(input.text(), "one\ntwo");
        assert!(!input.continues());
    }

    #[test]
    fn a_paste_is_cleaned_and_one_that_is_too_long_is_refused() {
        let mut input = Input::default();
        assert!(input.paste("a\r\nb\u{1b}[31mc"));
        assert_eq!(input.text(), "a\nbc");
        assert!(!input.paste(&"x".repeat(limits::TUI_PASTE_BYTES_MAX + 1)));
        assert_eq!(input.text(), "a\nbc");
    }

    #[test]
    fn only_the_newest_texts_are_kept() {
        let mut input = Input::default();
        for number in 0..=limits::TUI_HISTORY_ENTRIES_MAX {
            input.remember(&number.to_string());
        }
        assert_eq!(input.history.entries.len(), limits::TUI_HISTORY_ENTRIES_MAX);
        assert_eq!(input.history.entries[0], "1");
    }

    #[test]
    fn the_field_grows_with_its_text_up_to_a_bound() {
        let mut input = Input::default();
        assert_eq!(input.rows(20, 8), 1);
        write(&mut input, "the quick brown fox jumps over the dog");
        assert_eq!(input.rows(20, 8), 2);
        input.set(&"x\n".repeat(30));
        assert_eq!(input.rows(20, 8), 8);
    }
}
