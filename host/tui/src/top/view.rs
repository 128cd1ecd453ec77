//! Drawing the table.

use octi_api::v1::plugin_health::PluginsHealth;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Paragraph, Row as Drawn, Table, Wrap};

use super::{COLUMNS, Row, Watched};

/// Troubles that are written out below the table.
const TROUBLES_MAX: usize = 3;
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const WIDTHS: [Constraint; 9] = [
    Constraint::Min(16),
    Constraint::Length(11),
    Constraint::Length(7),
    Constraint::Length(6),
    Constraint::Length(5),
    Constraint::Length(6),
    Constraint::Length(6),
    Constraint::Length(6),
    Constraint::Length(6),
];

pub(super) fn draw(watched: &Watched, frame: &mut Frame<'_>) {
    let troubles: Vec<Line<'_>> =
        watched.rows.iter().filter_map(|row| row.trouble.as_deref()).take(TROUBLES_MAX).map(Line::from).collect();
    let below = u16::try_from(troubles.len()).unwrap_or_default().saturating_mul(3);
    let [title, table, trouble, keys] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(3), Constraint::Length(below), Constraint::Length(1)])
            .areas(frame.area());
    frame.render_widget(Paragraph::new(headline(watched)), title);
    let header = COLUMNS.iter().enumerate().map(|(place, name)| aligned(place, (*name).to_uppercase()));
    let header = Drawn::new(header).style(DIM);
    let rows = watched.rows.iter().skip(watched.above).map(drawn);
    frame.render_widget(Table::new(rows, WIDTHS).header(header), table);
    frame.render_widget(Paragraph::new(troubles).wrap(Wrap { trim: true }).style(Style::new().fg(Color::Yellow)), trouble);
    let last = watched.problem.as_deref().map_or_else(
        || Line::styled("q quit   ↑↓ scroll   calls/s of this moment, everything else of the last hour", DIM),
        |problem| Line::styled(problem, Style::new().fg(Color::Red)),
    );
    frame.render_widget(Paragraph::new(last), keys);
}

fn headline(watched: &Watched) -> Line<'static> {
    let Some(PluginsHealth { since, at, items }) = &watched.last else { return Line::from("octi plugin top") };
    let (active, unwell) =
        (items.iter().map(|plugin| plugin.active).sum::<u64>(), watched.rows.iter().filter(|row| !row.is_well));
    let minutes = (*at - *since).num_minutes();
    let up = if minutes < 60 { format!("{minutes} min") } else { format!("{} h {} min", minutes / 60, minutes % 60) };
    let text = format!("{} plugins, {} not well, {active} calls run; up {up}", items.len(), unwell.count());
    Line::styled(text, Style::new().add_modifier(Modifier::BOLD))
}

fn drawn(row: &Row) -> Drawn<'static> {
    let style = if row.is_well { Style::new() } else { Style::new().fg(Color::Yellow) };
    Drawn::new(row.cells().into_iter().enumerate().map(|(place, text)| aligned(place, text))).style(style)
}

/// Numbers stand at the right, names at the left.
fn aligned(place: usize, text: String) -> Cell<'static> {
    let line = Line::from(text);
    Cell::from(if place < 2 { line } else { line.right_aligned() })
}
