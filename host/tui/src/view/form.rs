//! What a plugin asks: who, what, the fields with what is written in them, and below them the field that keys go to.

use octi_domain::form::Field;
use octi_domain::text::clean;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;
use uuid::Uuid;

use super::overlays::window;
use super::{BOLD, DIM, both_sides};
use crate::form::{Asked, Entry, options};
use crate::input::Input;
use crate::model::Model;
use crate::words;
use crate::wrap::{Wrapper, shorten, width};

/// Rows of the field that keys go to, at most.
const FIELD_ROWS_MAX: u16 = 6;
/// Columns of the names of fields that stand in a column.
const NAME_COLUMNS_MAX: usize = 24;
/// Rows of what would fit, or of why the answer was not taken.
const WORDS_ROWS_MAX: usize = 2;

pub(super) fn draw(model: &mut Model, question: Uuid, frame: &mut Frame<'_>, area: Rect) {
    let Some(asked) = model.asked.iter().find(|asked| asked.question.id == question) else { return };
    let columns = usize::from(super::overlays::COLUMNS_MAX.min(area.width)).saturating_sub(2);
    let (body, field_at) = body(model, asked, columns);
    let words = words(model, asked, columns);
    let rows = field_rows(asked, columns);
    let fixed = rows + count(words.len()) + 2;
    let title = format!("{} asks", shorten(&clean(&asked.question.plugin), columns.saturating_sub(12), model.glyphs.ellipsis));
    let inner = window(model, &title, count(body.len()) + fixed, frame, area);
    let [top, rule, above, field, hint] = Layout::vertical([
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(count(words.len())),
        Constraint::Length(rows),
        Constraint::Length(1),
    ])
    .areas(inner);
    let last = body.len().saturating_sub(usize::from(top.height));
    // The name of the current field is the last thing in sight, unless the person scrolled.
    let scroll = asked.scroll.unwrap_or((field_at + 1).saturating_sub(usize::from(top.height))).min(last);
    let hidden = last - scroll;
    frame.render_widget(Paragraph::new(Text::from(body.into_iter().skip(scroll).collect::<Vec<_>>())), top);
    frame.render_widget(Paragraph::new(border(model, asked, columns, scroll, hidden)), rule);
    frame.render_widget(Paragraph::new(Text::from(words)), above);
    let keys = shorten(&keys(asked, columns.saturating_sub(1)), columns.saturating_sub(1), model.glyphs.ellipsis);
    frame.render_widget(Paragraph::new(Line::styled(format!(" {keys}"), DIM)), hint);
    draw_field(model, asked, frame, field);
    let was_scrolled = asked.scroll.is_some();
    if was_scrolled && let Some(asked) = model.asked.iter_mut().find(|asked| asked.question.id == question) {
        asked.scroll = Some(scroll);
    }
}

/// The question and all fields, and the line of the current one.
fn body(model: &Model, asked: &Asked, columns: usize) -> (Vec<Line<'static>>, usize) {
    let wrapper = Wrapper::indented(columns.saturating_sub(1), 1);
    let mut lines = wrapper.text(&clean(&asked.question.message), Style::new());
    lines.push(Line::default());
    let names = asked.fields().map(|(field, _)| width(&clean(field.label()))).max().unwrap_or(0).min(NAME_COLUMNS_MAX);
    let first = lines.len();
    for (index, (field, entry)) in asked.fields().enumerate() {
        let is_current = index == asked.at();
        let sign = if is_current { model.glyphs.selected } else { " " };
        let name = shorten(&clean(field.label()), names, model.glyphs.ellipsis);
        let gap = " ".repeat(names.saturating_sub(width(&name)) + 2);
        let room = columns.saturating_sub(names + 6);
        let (text, style) = match written(field, entry) {
            text if !text.is_empty() => (text, Style::new()),
            _ if field.is_required => ("must be given".to_owned(), DIM),
            _ => ("may be left empty".to_owned(), DIM),
        };
        let name_style = if is_current { BOLD } else { Style::new() };
        lines.push(Line::from(vec![
            Span::raw(format!(" {sign} ")),
            Span::styled(name, name_style),
            Span::raw(gap),
            Span::styled(shorten(&text, room, model.glyphs.ellipsis), style),
        ]));
    }
    (lines, first + asked.at())
}

/// What stands in a field, on one line.
fn written(field: &Field, entry: &Entry) -> String {
    let names = |is_chosen: &dyn Fn(usize) -> bool| {
        let chosen = options(field).into_iter().enumerate().filter(|(index, _)| is_chosen(*index));
        chosen.map(|(_, (_, name))| clean(&name)).collect::<Vec<_>>().join(", ")
    };
    match entry {
        Entry::Text(input) => input.text().replace('\n', " "),
        Entry::One(chosen) => names(&|index| *chosen == Some(index)),
        Entry::Several { ticked, .. } => names(&|index| ticked.get(index) == Some(&true)),
    }
}

/// The line above the current field: how long the question stands, and what is out of sight.
fn border(model: &Model, asked: &Asked, columns: usize, above: usize, below: usize) -> Line<'static> {
    let glyphs = model.glyphs;
    let left = format!(" {} left ", words::elapsed((asked.question.expires_at - model.now).max(chrono::TimeDelta::zero())));
    let sight = match (above, below) {
        (0, 0) => String::new(),
        (_, 0) => format!(" {} {above} lines PageUp ", glyphs.up),
        _ => format!(" {} {below} lines PageDown ", glyphs.down),
    };
    let rest = columns.saturating_sub(width(&left) + width(&sight) + 2);
    Line::from(vec![
        Span::styled(glyphs.horizontal.to_owned(), DIM),
        Span::styled(sight, BOLD),
        Span::styled(glyphs.horizontal.repeat(rest), DIM),
        Span::styled(left, DIM),
        Span::styled(glyphs.horizontal.to_owned(), DIM),
    ])
}

/// What the current field is for and what fits it, or why it does not.
fn words(model: &Model, asked: &Asked, columns: usize) -> Vec<Line<'static>> {
    let lines = if asked.busy {
        vec![Line::styled(" telling the server", DIM)]
    } else if let Some(problem) = &asked.problem {
        let sign = vec![Span::styled(format!(" {} ", model.glyphs.failed), Style::new().fg(Color::Red))];
        Wrapper::new(columns, sign, vec![Span::raw("   ")]).text(problem, Style::new().fg(Color::Red))
    } else {
        let Some((field, _)) = asked.current() else { return vec![Line::styled(" Enter sends your yes", DIM)] };
        let described = field.description.as_deref().map(|text| format!("{}: ", clean(text))).unwrap_or_default();
        let choosing = !options(field).is_empty();
        let fits = if choosing { String::new() } else { clean(&field.wanted()) };
        Wrapper::indented(columns, 1).text(&format!("{described}{fits}"), DIM)
    };
    lines.into_iter().take(WORDS_ROWS_MAX).collect()
}

fn keys(asked: &Asked, columns: usize) -> String {
    let enter = if asked.at() + 1 < asked.fields().count() { "goes on" } else { "sends" };
    let space = if matches!(asked.current(), Some((_, Entry::Several { .. }))) { ", Space ticks" } else { "" };
    let long = format!("Enter {enter}{space}, Tab: next field, Esc: later, Alt+N says no, Alt+C puts it away");
    if width(&long) <= columns { long } else { format!("Enter {enter}{space}, Esc: later, Alt+N: no") }
}

fn field_rows(asked: &Asked, columns: usize) -> u16 {
    match asked.current() {
        Some((_, Entry::Text(input))) => input.rows(count(columns.saturating_sub(4)), FIELD_ROWS_MAX),
        Some((field, _)) => count(options(field).len()).min(FIELD_ROWS_MAX),
        None => 0,
    }
}

fn draw_field(model: &Model, asked: &Asked, frame: &mut Frame<'_>, area: Rect) {
    match asked.current() {
        Some((_, Entry::Text(input))) => draw_text(model, input, frame, area),
        Some((field, entry)) => draw_options(model, field, entry, frame, area),
        None => {}
    }
}

fn draw_text(model: &Model, input: &Input, frame: &mut Frame<'_>, area: Rect) {
    let lead = format!(" {} ", model.glyphs.prompt);
    let [sign, text] = Layout::horizontal([Constraint::Length(count(width(&lead))), Constraint::Min(1)]).areas(area);
    frame.render_widget(Paragraph::new(Line::styled(lead, BOLD)), sign);
    super::draw_area(input, frame, text);
}

/// One option a line, each with its sign; the one that keys go to stays in sight.
fn draw_options(model: &Model, field: &Field, entry: &Entry, frame: &mut Frame<'_>, area: Rect) {
    let (at, is_chosen): (Option<usize>, Box<dyn Fn(usize) -> bool>) = match entry {
        Entry::One(chosen) => (*chosen, Box::new(|index| *chosen == Some(index))),
        Entry::Several { ticked, at } => (Some(*at), Box::new(|index| ticked.get(index) == Some(&true))),
        Entry::Text(_) => return,
    };
    let (open, close) = if matches!(entry, Entry::One(_)) { ("(", ")") } else { ("[", "]") };
    let rows = usize::from(area.height);
    let first = at.unwrap_or(0).saturating_sub(rows.saturating_sub(1));
    let lines = options(field).into_iter().enumerate().skip(first).take(rows).map(|(index, (_, name))| {
        let is_current = at == Some(index);
        let sign = if is_current { model.glyphs.selected } else { " " };
        let mark = if is_chosen(index) { "x" } else { " " };
        let name = shorten(&clean(&name), usize::from(area.width).saturating_sub(8), model.glyphs.ellipsis);
        let style = if is_current { BOLD } else { Style::new() };
        both_sides(vec![Span::styled(format!(" {sign} {open}{mark}{close} {name}"), style)], Vec::new(), usize::from(area.width))
    });
    frame.render_widget(Paragraph::new(Text::from(lines.collect::<Vec<_>>())), area);
    let row = count(at.unwrap_or(0).saturating_sub(first));
    frame.set_cursor_position(Position::new(area.x + 1, area.y + row));
}

fn count(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}
