//! What lies over the conversation for a moment.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph};
use secrecy::ExposeSecret;

use super::{BOLD, DIM, both_sides};
use crate::keys::Action;
use crate::model::Model;
use crate::overlay::{Overlay, Picker, SignIn};
use crate::wrap::{Wrapper, shorten, width};

/// Columns of a list, at most.
pub(super) const COLUMNS_MAX: u16 = 84;
/// Rows of a list, at most.
const ROWS_MAX: u16 = 18;

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

pub(super) fn clear(frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Clear, area);
}

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect) {
    match &mut model.overlay {
        None => {}
        Some(Overlay::Picker(_)) => {
            if let Some(Overlay::Picker(picker)) = &model.overlay {
                draw_picker(model, picker, frame, area);
            }
        }
        Some(Overlay::Shortcuts { .. }) => shortcuts(model, frame, area),
        Some(Overlay::Form(question)) => {
            let question = *question;
            super::form::draw(model, question, frame, area);
        }
        Some(Overlay::SignIn(_)) => {
            if let Some(Overlay::SignIn(sign_in)) = &model.overlay {
                draw_sign_in(model, sign_in, frame, area);
            }
        }
    }
}

/// A frame over the middle of the screen; gives the room in it.
pub(super) fn window(model: &Model, title: &str, rows: u16, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let columns = COLUMNS_MAX.min(area.width);
    let rows = (rows + 2).min(area.height);
    let (x, y) = (area.x + (area.width - columns) / 2, area.y + (area.height - rows) / 3);
    let place = Rect { x, y, width: columns, height: rows };
    clear(frame, place);
    let set = if model.glyphs.is_ascii { ASCII_BORDER } else { border::PLAIN };
    let block = Block::bordered().border_set(set).border_style(DIM).title(Line::styled(format!(" {title} "), BOLD));
    let inner = block.inner(place);
    frame.render_widget(block, place);
    inner
}

fn draw_picker(model: &Model, picker: &Picker, frame: &mut Frame<'_>, area: Rect) {
    let inner = window(model, picker.title, ROWS_MAX, frame, area);
    let [field, list] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(inner);
    let lead = format!("{} ", model.glyphs.prompt);
    let typed = Line::from(vec![Span::styled(lead.clone(), BOLD), Span::raw(picker.filter.clone())]);
    frame.render_widget(Paragraph::new(typed), field);
    let column = u16::try_from(width(&lead) + width(&picker.filter)).unwrap_or(0).min(field.width.saturating_sub(1));
    frame.set_cursor_position(Position::new(field.x + column, field.y));
    let found = picker.found();
    if found.is_empty() {
        frame.render_widget(Paragraph::new(Line::styled("  nothing is like that", DIM)), list);
        return;
    }
    let columns = usize::from(list.width);
    let names = found.iter().map(|entry| width(&entry.name)).max().unwrap_or(0).min(columns / 2);
    let rows = usize::from(list.height);
    // The chosen line stays in sight.
    let first = picker.at().saturating_sub(rows.saturating_sub(1));
    let lines: Vec<Line<'static>> = found
        .iter()
        .enumerate()
        .skip(first)
        .take(rows)
        .map(|(index, entry)| {
            let chosen = index == picker.at();
            let sign = if chosen { model.glyphs.selected } else { " " };
            let name = shorten(&entry.name, names, model.glyphs.ellipsis);
            let gap = " ".repeat(names.saturating_sub(width(&name)) + 2);
            let room = columns.saturating_sub(names + 4);
            let hint = shorten(&entry.hint, room, model.glyphs.ellipsis);
            let style = if chosen { BOLD.add_modifier(Modifier::REVERSED) } else { Style::new() };
            Line::from(vec![Span::raw(format!("{sign} ")), Span::styled(name, style), Span::raw(gap), Span::styled(hint, DIM)])
        })
        .collect();
    frame.render_widget(Paragraph::new(Text::from(lines)), list);
}

/// Every key, and the ones that cannot be changed.
fn shortcuts(model: &mut Model, frame: &mut Frame<'_>, area: Rect) {
    let mut rows: Vec<(String, &str)> = vec![
        ("Enter".to_owned(), "send"),
        ("Up, Down".to_owned(), "what was sent before"),
        ("1 2 3 4".to_owned(), "a question: once, this session, always, deny"),
        ("y, n, Esc".to_owned(), "a question: once, deny, deny"),
        ("Alt+1 to 4".to_owned(), "the same while a text is being written"),
    ];
    rows.extend(Action::ALL.iter().map(|action| (model.keys.keys_of(*action).join(", "), action.meaning())));
    let inner = window(model, "Keys", u16::try_from(rows.len() + 2).unwrap_or(ROWS_MAX), frame, area);
    let columns = usize::from(inner.width);
    let keys = rows.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let mut lines: Vec<Line<'static>> = Vec::new();
    for (keys_of, meaning) in rows {
        let lead = Span::styled(format!(" {keys_of}{}", " ".repeat(keys - width(&keys_of) + 2)), BOLD);
        let rest = Span::raw(" ".repeat(keys + 3));
        lines.extend(Wrapper::new(columns, vec![lead], vec![rest]).text(meaning, Style::new()));
    }
    lines.push(Line::default());
    lines.extend(Wrapper::indented(columns, 1).text("`keybindings.json` in octi's home folder changes them.", DIM));
    let last = lines.len().saturating_sub(usize::from(inner.height));
    if let Some(Overlay::Shortcuts { scroll }) = &mut model.overlay {
        *scroll = (*scroll).min(last);
        let lines: Vec<Line<'static>> = lines.into_iter().skip(*scroll).collect();
        frame.render_widget(Paragraph::new(Text::from(lines)), inner);
    }
}

fn draw_sign_in(model: &Model, sign_in: &SignIn, frame: &mut Frame<'_>, area: Rect) {
    let inner = window(model, "Sign in", 4, frame, area);
    let columns = usize::from(inner.width);
    let who = shorten(&format!("{} at {}", sign_in.username, model.server), columns.saturating_sub(2), model.glyphs.ellipsis);
    let lead = " password: ";
    let typed = sign_in.password.expose_secret().chars().count().min(columns.saturating_sub(width(lead) + 1));
    let last = if sign_in.busy {
        Line::styled(" asking the server", DIM)
    } else if let Some(problem) = &sign_in.problem {
        let text = format!(" {} {}", model.glyphs.failed, shorten(problem, columns.saturating_sub(4), model.glyphs.ellipsis));
        Line::styled(text, Style::new().fg(Color::Red))
    } else {
        both_sides(vec![Span::styled(" Enter signs in, Esc goes back", DIM)], Vec::new(), columns)
    };
    let lines = vec![
        Line::from(format!(" {who}")),
        Line::from(vec![Span::styled(lead, DIM), Span::raw(model.glyphs.mask.repeat(typed))]),
        Line::default(),
        last,
    ];
    frame.render_widget(Paragraph::new(Text::from(lines)), inner);
    let column = u16::try_from(width(lead) + typed).unwrap_or(0);
    frame.set_cursor_position(Position::new(inner.x + column, inner.y + 1));
}
