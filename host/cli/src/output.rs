//! The only door to standard output and standard error.
//!
//! Standard output carries data that can be piped on; everything said to a person goes to standard error. Colours follow
//! `NO_COLOR` and never carry meaning alone.

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// Green: it worked.
pub(crate) const OK: Style = AnsiColor::Green.on_default();
/// Red: it did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Yellow: look here.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// Cyan: hints and paths.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
/// Secondary text.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();

/// Writes what commands have to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    json: bool,
}

impl Printer {
    /// `json` turns tables and lines into one JSON document.
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether machines read the output.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Data on standard output: JSON for machines, `human` for people.
    pub(crate) fn data<T: Serialize>(self, value: &T, human: impl FnOnce(Self)) {
        if self.json {
            self.json_line(value);
        } else {
            human(self);
        }
    }

    /// One JSON value on one line of standard output.
    pub(crate) fn json_line<T: Serialize>(self, value: &T) {
        match serde_json::to_string(value) {
            Ok(text) => self.out(&format!("{text}\n")),
            Err(error) => self.error(&format!("the answer cannot be written as JSON: {error}")),
        }
    }

    /// Text on standard output, as it stands.
    pub(crate) fn out(self, text: &str) {
        let mut out = anstream::stdout().lock();
        // Whoever reads may have gone away (`octi … | head`); there is nobody left to tell.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// A line on standard output.
    pub(crate) fn line(self, text: &str) {
        self.out(&format!("{text}\n"));
    }

    /// Text on standard error, as it stands.
    pub(crate) fn err(self, text: &str) {
        let mut err = anstream::stderr().lock();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// A line to the person.
    pub(crate) fn note(self, text: &str) {
        self.err(&format!("{text}\n"));
    }

    /// `error: …`, in red.
    pub(crate) fn error(self, text: &str) {
        self.err(&format!("{BAD}error{BAD:#}: {text}\n"));
    }

    /// `warning: …`, in yellow.
    pub(crate) fn warning(self, text: &str) {
        self.err(&format!("{WARN}warning{WARN:#}: {text}\n"));
    }

    /// `hint: …`, in cyan: what to do next.
    pub(crate) fn hint(self, text: &str) {
        self.err(&format!("{HINT}hint{HINT:#}: {text}\n"));
    }

    /// A table with aligned columns. The last column may be long; the others keep their width.
    pub(crate) fn table(self, header: &[&str], rows: &[Vec<String>]) {
        self.out(&render_table(header, rows));
    }

    /// Whether a person can be asked: both where they read and where they type are terminals.
    pub(crate) fn can_ask(self) -> bool {
        !self.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

fn render_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|cell| cell.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    let heads: Vec<String> = header.iter().map(|cell| cell.to_uppercase()).collect();
    text.push_str(&format!("{DIM}{}{DIM:#}\n", render_row(&heads, &widths)));
    for row in rows {
        text.push_str(&render_row(row, &widths));
        text.push('\n');
    }
    text
}

fn render_row(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        line.push_str(cell);
        if index + 1 < cells.len() {
            let width = widths.get(index).copied().unwrap_or_default();
            line.push_str(&" ".repeat(width.saturating_sub(cell.width()) + 2));
        }
    }
    line.trim_end().to_owned()
}

/// Bytes as a person says them.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A time as a person says it.
pub(crate) fn human_time(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} s", ms / 1_000),
    }
}

/// The beginning of a text, on one line, at most `width` columns wide.
pub(crate) fn shorten(text: &str, width: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.width() <= width {
        return flat;
    }
    let mut short = String::new();
    for character in flat.chars() {
        if short.width() + 1 >= width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_width_not_by_bytes() {
        let rows = vec![vec!["größe".to_owned(), "1".to_owned()], vec!["漢字".to_owned(), "2".to_owned()]];
        let table = anstream::adapter::strip_str(&render_table(&["name", "n"], &rows)).to_string();
        assert_eq!(table, "NAME   N\ngröße  1\n漢字   2\n");
    }

    #[test]
    fn long_text_is_cut_on_one_line() {
        assert_eq!(shorten("one\n two   three", 40), "one two three");
        assert_eq!(shorten("abcdefgh", 5), "abcd…");
    }

    #[test]
    fn bytes_are_said_in_their_unit() {
        assert_eq!(human_bytes(999), "999 B");
        assert_eq!(human_bytes(105_000), "102.5 KiB");
    }

    #[test]
    fn times_are_said_in_their_unit() {
        let said = [0, 999, 1_000, 2_803, 59_999, 60_000, 754_321].map(human_time);
        assert_eq!(said, ["0 ms", "999 ms", "1.0 s", "2.8 s", "59.9 s", "60 s", "754 s"]);
    }
}
