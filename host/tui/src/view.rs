//! Draws the model: the conversation, a line about what happens, the text field, a line about where one is.

mod bars;
mod form;
mod overlays;
mod panel;
mod prompt;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;

use crate::input::Input;
use crate::model::Model;
use crate::wrap::{shorten, width};

pub(crate) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
pub(crate) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Rows that the text field takes at most.
const INPUT_ROWS_MAX: u16 = 8;
/// Columns of the activity beside the conversation, and of a screen that has room for both.
const PANEL_COLUMNS: u16 = 38;
const WIDE_COLUMNS: u16 = 100;
/// A lower screen has room for a question only without the conversation.
const LOW_ROWS: u16 = 12;
/// A smaller screen shows only the text field and what it must.
const SMALLEST: (u16, u16) = (20, 6);

/// Draws everything.
pub(crate) fn draw(model: &mut Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = shorten("too small for octi", usize::from(area.width), "");
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let beside = model.panel && area.width >= WIDE_COLUMNS;
    let (main, side) = if beside {
        let [main, border, side] =
            Layout::horizontal([Constraint::Min(1), Constraint::Length(1), Constraint::Length(PANEL_COLUMNS)]).areas(area);
        let line = Line::styled(model.glyphs.vertical, DIM);
        let lines: Vec<Line<'_>> = std::iter::repeat_n(line, usize::from(border.height)).collect();
        frame.render_widget(Paragraph::new(Text::from(lines)), border);
        (main, Some(side))
    } else {
        (area, None)
    };
    draw_main(model, frame, main, side.is_none());
    if let Some(side) = side {
        panel::draw(model, frame, side);
    }
    overlays::draw(model, frame, area);
}

/// Where there is no room beside the conversation, the activity takes its place.
fn draw_main(model: &mut Model, frame: &mut Frame<'_>, area: Rect, alone: bool) {
    let lead = width(model.glyphs.prompt) + 1;
    let columns = area.width.saturating_sub(u16::try_from(lead).unwrap_or(2));
    let question = model.question().is_some();
    // Where there is little room a question needs it more than the text.
    let rows_max = if question && area.height < LOW_ROWS { 1 } else { INPUT_ROWS_MAX.min(area.height / 3).max(1) };
    let rows = model.input.rows(columns, rows_max);
    let free = area.height.saturating_sub(rows + 1);
    // The question may take all but a few lines of the conversation, and on a low screen those too.
    let asked = if question { prompt::rows(model, area.width, free.saturating_sub(5), free) } else { 0 };
    let left = free - asked;
    let (activity, rule) = (left.min(1), u16::from(left > 2));
    let [transcript, rule, asking, activity, input, status] = Layout::vertical([
        Constraint::Length(left - activity - rule),
        Constraint::Length(rule),
        Constraint::Length(asked),
        Constraint::Length(activity),
        Constraint::Length(rows),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_transcript(model, frame, transcript);
    if model.panel && alone {
        overlays::clear(frame, transcript);
        panel::draw(model, frame, transcript);
    }
    bars::rule(model, frame, rule);
    if question {
        prompt::draw(model, frame, asking);
    }
    bars::activity(model, frame, activity);
    draw_input(model, frame, input);
    bars::status(model, frame, status);
}

fn draw_transcript(model: &mut Model, frame: &mut Frame<'_>, area: Rect) {
    let (columns, height) = (usize::from(area.width), usize::from(area.height));
    model.transcript.layout(&mut model.conversation, columns, height, model.details, model.glyphs);
    let lines = model.transcript.visible();
    if lines.is_empty() {
        return welcome(model, frame, area);
    }
    // A short conversation stands at the bottom, where the next line comes.
    let blank = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(area.height));
    let area = Rect { y: area.y + blank, height: area.height - blank, ..area };
    frame.render_widget(Paragraph::new(Text::from(lines)), area);
}

/// An empty conversation says what belongs here.
fn welcome(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if model.conversation.session.is_some() && !model.conversation.loaded {
        frame.render_widget(Paragraph::new(Line::styled("  loading the conversation", DIM)), area);
        return;
    }
    let key = |action| model.keys.key_of(action).unwrap_or_else(|| "no key".to_owned());
    use crate::keys::Action;
    let hints = [
        (key(Action::Palette), "find a command"),
        (key(Action::Sessions), "go on with a conversation"),
        (key(Action::Shortcuts), "every key"),
        (key(Action::Quit), "leave"),
    ];
    let mut lines = vec![
        Line::styled("  octi", BOLD.fg(Color::Green)),
        Line::from("  Ask for something, or type / and Tab for commands."),
        Line::default(),
    ];
    for (key, meaning) in hints {
        lines.push(Line::from(vec![Span::styled(format!("  {key:<8}"), BOLD), Span::styled(format!(" {meaning}"), DIM)]));
    }
    let blank = area.height.saturating_sub(u16::try_from(lines.len()).unwrap_or(0)) / 2;
    let area = Rect { y: area.y + blank, height: area.height - blank, ..area };
    frame.render_widget(Paragraph::new(Text::from(lines)), area);
}

fn draw_input(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let lead = u16::try_from(width(model.glyphs.prompt) + 1).unwrap_or(2);
    let [sign, text] = Layout::horizontal([Constraint::Length(lead), Constraint::Min(1)]).areas(area);
    frame.render_widget(Paragraph::new(Line::styled(model.glyphs.prompt, BOLD)), sign);
    if model.overlay.is_none() {
        draw_area(&model.input, frame, text);
    } else {
        frame.render_widget(model.input.area(), text);
    }
    if model.input.is_empty() {
        let hint = if model.conversation.turn.is_some() { "say something to the turn that runs" } else { "ask for something" };
        frame.render_widget(Paragraph::new(Line::styled(shorten(hint, usize::from(text.width), ""), DIM)), text);
    }
}

/// A text being written, with the terminal's cursor in it.
fn draw_area(input: &Input, frame: &mut Frame<'_>, text: Rect) {
    let field = input.area();
    frame.render_widget(field, text);
    let (cursor, top) = (field.screen_cursor(), usize::from(field.scroll_offset().0));
    let at = |offset: usize, start: u16, size: u16| start + u16::try_from(offset).unwrap_or(u16::MAX).min(size.saturating_sub(1));
    let row = cursor.row.saturating_sub(top);
    frame.set_cursor_position(Position::new(at(cursor.col, text.x, text.width), at(row, text.y, text.height)));
}

/// Two texts on one line: the left one gives way.
pub(crate) fn both_sides(left: Vec<Span<'static>>, right: Vec<Span<'static>>, columns: usize) -> Line<'static> {
    let size = |spans: &[Span<'static>]| spans.iter().map(|span| width(&span.content)).sum::<usize>();
    let room = columns.saturating_sub(size(&right) + 1);
    let mut line = Vec::new();
    let mut used = 0;
    for span in left {
        let text = if used + width(&span.content) <= room {
            span.content.into_owned()
        } else {
            cut(&span.content, room.saturating_sub(used))
        };
        used += width(&text);
        line.push(Span::styled(text, span.style));
    }
    line.push(Span::raw(" ".repeat(columns.saturating_sub(used + size(&right)))));
    line.extend(right);
    Line::from(line)
}

/// The beginning of a text, blanks kept.
fn cut(text: &str, columns: usize) -> String {
    let mut short = String::new();
    for c in text.chars() {
        if width(&short) + width(c.encode_utf8(&mut [0; 4])) > columns {
            break;
        }
        short.push(c);
    }
    short
}
