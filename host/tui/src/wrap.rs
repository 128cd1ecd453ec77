//! Styled text broken into lines of a width, by columns and never inside a character.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns of a text.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text, on one line, at most `columns` wide.
pub(crate) fn shorten(text: &str, columns: usize, ellipsis: &str) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&flat) <= columns {
        return flat;
    }
    let room = columns.saturating_sub(width(ellipsis));
    let mut short = String::new();
    for grapheme in flat.graphemes(true) {
        if width(&short) + width(grapheme) > room {
            break;
        }
        short.push_str(grapheme);
    }
    if columns >= width(ellipsis) {
        short.push_str(ellipsis);
    }
    short
}

/// Breaks paragraphs into lines.
pub(crate) struct Wrapper {
    columns: usize,
    first: Vec<Span<'static>>,
    rest: Vec<Span<'static>>,
}

impl Wrapper {
    /// Lines of at most `columns`, of which the first begins with `first` and the others with `rest`.
    pub(crate) fn new(columns: usize, first: Vec<Span<'static>>, rest: Vec<Span<'static>>) -> Self {
        Self { columns, first, rest }
    }

    /// Lines that all begin with these blanks.
    pub(crate) fn indented(columns: usize, indent: usize) -> Self {
        let blanks = vec![Span::raw(" ".repeat(indent))];
        Self::new(columns, blanks.clone(), blanks)
    }

    /// One paragraph. A line end in it begins a new line.
    pub(crate) fn wrap(&self, spans: &[Span<'static>]) -> Vec<Line<'static>> {
        let mut lines = Lines::new(self);
        for span in spans {
            let mut rest: &str = &span.content;
            while let Some(first) = rest.chars().next() {
                let is_blank = first.is_whitespace();
                let end = match first {
                    '\n' => 1,
                    _ => rest.find(|c: char| c == '\n' || c.is_whitespace() != is_blank).unwrap_or(rest.len()),
                };
                let (piece, after) = rest.split_at(end);
                match (first, is_blank) {
                    ('\n', _) => lines.end(),
                    (_, true) => lines.blank(piece, span.style),
                    (_, false) => lines.word.push((piece.to_owned(), span.style)),
                }
                rest = after;
            }
        }
        lines.end();
        lines.done
    }

    /// Plain text in one style; each of its lines is wrapped by itself.
    pub(crate) fn text(&self, text: &str, style: Style) -> Vec<Line<'static>> {
        self.wrap(&[Span::styled(text.trim_end_matches('\n').to_owned(), style)])
    }
}

struct Lines<'w> {
    wrapper: &'w Wrapper,
    done: Vec<Line<'static>>,
    spans: Vec<Span<'static>>,
    /// Columns that the line has, with its prefix.
    used: usize,
    prefix: usize,
    /// The word being read, which may have several styles: a full stop belongs to the code before it.
    word: Vec<(String, Style)>,
}

/// A tab is as wide as this: terminals disagree on what else it is.
const TAB: &str = "    ";

impl<'w> Lines<'w> {
    fn new(wrapper: &'w Wrapper) -> Self {
        let mut lines = Self { wrapper, done: Vec::new(), spans: Vec::new(), used: 0, prefix: 0, word: Vec::new() };
        lines.begin();
        lines
    }

    fn begin(&mut self) {
        let prefix = if self.done.is_empty() { &self.wrapper.first } else { &self.wrapper.rest };
        self.prefix = prefix.iter().map(|span| width(&span.content)).sum();
        self.used = self.prefix;
        self.spans = prefix.clone();
    }

    fn end(&mut self) {
        self.settle();
        self.line();
    }

    fn line(&mut self) {
        let line = Line::from(std::mem::take(&mut self.spans));
        self.done.push(line);
        self.begin();
    }

    fn room(&self) -> usize {
        self.wrapper.columns.saturating_sub(self.used)
    }

    /// Blanks between two words; at the end of a line they are the end of the line.
    fn blank(&mut self, blank: &str, style: Style) {
        self.settle();
        let blank = blank.replace('\t', TAB);
        if width(&blank) <= self.room() {
            self.push(&blank, style);
        } else if self.used > self.prefix {
            self.line();
        }
    }

    /// Puts the word down: on this line, on the next, or in pieces when no line has room for it.
    fn settle(&mut self) {
        let word = std::mem::take(&mut self.word);
        let columns: usize = word.iter().map(|(piece, _)| width(piece)).sum();
        let whole = self.wrapper.columns.saturating_sub(self.prefix);
        if columns > self.room() && columns <= whole && self.used > self.prefix {
            self.line();
        }
        if columns <= self.room() {
            for (piece, style) in word {
                self.push(&piece, style);
            }
            return;
        }
        for (piece, style) in word {
            for grapheme in piece.graphemes(true) {
                if width(grapheme) > self.room() && self.used > self.prefix {
                    self.line();
                }
                self.push(grapheme, style);
            }
        }
    }

    fn push(&mut self, text: &str, style: Style) {
        self.used += width(text);
        match self.spans.last_mut() {
            Some(last) if last.style == style && self.used > self.prefix + width(text) => {
                last.content.to_mut().push_str(text);
            }
            _ => self.spans.push(Span::styled(text.to_owned(), style)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(columns: usize, text: &str) -> Vec<String> {
        let wrapper = Wrapper::new(columns, vec![Span::raw("- ")], vec![Span::raw("  ")]);
        wrapper.text(text, Style::new()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_break_between_words_and_hang_below_the_first() {
        assert_eq!(wrapped(12, "the quick brown fox"), ["- the quick ", "  brown fox"]);
    }

    #[test]
    fn a_word_that_fits_no_line_is_broken_where_a_character_ends() {
        assert_eq!(wrapped(6, "abcdefghij"), ["- abcd", "  efgh", "  ij"]);
        assert_eq!(wrapped(5, "漢字漢字"), ["- 漢", "  字", "  漢", "  字"]);
    }

    #[test]
    fn what_follows_a_word_without_a_blank_stays_with_it() {
        assert_eq!(wrapped(12, "requests as: x"), ["- requests ", "  as: x"]);
        assert_eq!(wrapped(11, "requests: x"), ["- requests:", "  x"]);
        let code = Span::styled("code", Style::new().add_modifier(ratatui::style::Modifier::BOLD));
        let spans = [Span::raw("see the "), code, Span::raw(", here")];
        let lines = Wrapper::new(12, Vec::new(), Vec::new()).wrap(&spans);
        assert_eq!(lines.iter().map(ToString::to_string).collect::<Vec<_>>(), ["see the ", "code, here"]);
    }

    #[test]
    fn line_ends_stay_and_tabs_become_blanks() {
        assert_eq!(wrapped(20, "a\n\nb\tc"), ["- a", "  ", "  b    c"]);
    }

    #[test]
    fn nothing_is_ever_wider_than_the_screen() {
        let text = "Größe 漢字 x👩‍👩‍👧y https://example.org/a/very/long/path?with=query#and-more, end";
        for columns in 4..40 {
            for line in Wrapper::indented(columns, 2).text(text, Style::new()) {
                assert!(line.width() <= columns, "{columns}: {line}");
            }
        }
    }

    #[test]
    fn a_text_is_shortened_to_its_columns() {
        assert_eq!(shorten("one\n two   three", 40, "…"), "one two three");
        assert_eq!(shorten("abcdefgh", 5, "…"), "abcd…");
        assert_eq!(shorten("漢字漢字", 5, "…"), "漢字…");
        assert_eq!(shorten("abcdefgh", 5, "..."), "ab...");
    }
}
