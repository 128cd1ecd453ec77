//! A table, in columns where they fit and entry by entry where they do not.

use ratatui::style::{Modifier, Style};
use ratatui::text::Span;

use crate::glyphs::Glyphs;
use crate::wrap::{Wrapper, width};

/// Cells as they are read; the first row is the head.
#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn cell(&mut self, text: String) {
        if let Some(row) = self.rows.last_mut() {
            row.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    /// The table in lines of at most `room` columns.
    pub(super) fn lines(&self, room: usize, glyphs: &Glyphs) -> Vec<Vec<Span<'static>>> {
        let widths = self.widths();
        let whole: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        if whole <= room { self.columns(&widths, whole, glyphs) } else { self.stacked(room) }
    }

    fn widths(&self) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        (0..count)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0))
            .collect()
    }

    fn columns(&self, widths: &[usize], whole: usize, glyphs: &Glyphs) -> Vec<Vec<Span<'static>>> {
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                line.push_str(cell);
                if column + 1 < row.len() {
                    line.push_str(&" ".repeat(widths[column] - width(cell) + 2));
                }
            }
            let style = if index == 0 { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
            lines.push(vec![Span::styled(line, style)]);
            if index == 0 {
                lines.push(vec![Span::styled(glyphs.horizontal.repeat(whole), Style::new().add_modifier(Modifier::DIM))]);
            }
        }
        lines
    }

    fn stacked(&self, room: usize) -> Vec<Vec<Span<'static>>> {
        let Some((head, rows)) = self.rows.split_first() else { return Vec::new() };
        let mut lines = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            for (column, cell) in row.iter().enumerate() {
                let name = head.get(column).map(|name| format!("{name}: ")).unwrap_or_default();
                let wrapper = Wrapper::new(room, Vec::new(), vec![Span::raw("  ")]);
                lines.extend(wrapper.text(&format!("{name}{cell}"), Style::new()).into_iter().map(|line| line.spans));
            }
        }
        lines
    }
}
