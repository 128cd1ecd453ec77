//! Markdown as lines of a terminal.

mod table;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::glyphs::Glyphs;
use crate::wrap::Wrapper;
use table::Table;

/// Lists and quotes inside each other that are shown as such.
const DEPTH_MAX: usize = 8;

/// Lays out a text that was cleaned before, in lines of at most `columns`, each beginning with `indent` blanks.
pub(crate) fn lines(text: &str, columns: usize, indent: usize, glyphs: &'static Glyphs) -> Vec<Line<'static>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut page = Page::new(columns, indent, glyphs);
    for event in Parser::new_ext(text, options) {
        page.event(event);
    }
    page.finish()
}

/// A list or quote around what is being written.
enum Frame {
    Quote,
    /// The number of the next entry, in a list with numbers.
    List(Option<u64>),
    /// The sign of an entry, until its first line has it, and its width.
    Entry {
        sign: Option<String>,
        width: usize,
    },
}

struct Page {
    columns: usize,
    indent: usize,
    glyphs: &'static Glyphs,
    lines: Vec<Line<'static>>,
    frames: Vec<Frame>,
    /// The paragraph being written.
    spans: Vec<Span<'static>>,
    styles: Vec<Style>,
    /// Where the link around what is being written goes, and the text it has.
    link: Option<(String, String)>,
    code: Option<String>,
    table: Option<Table>,
    /// Whether a blank line belongs before the next block.
    gap: bool,
}

impl Page {
    fn new(columns: usize, indent: usize, glyphs: &'static Glyphs) -> Self {
        Self {
            columns,
            indent,
            glyphs,
            lines: Vec::new(),
            frames: Vec::new(),
            spans: Vec::new(),
            styles: Vec::new(),
            link: None,
            code: None,
            table: None,
            gap: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => {
                let style = self.style().fg(Color::Cyan);
                self.inline(&code, style);
            }
            Event::SoftBreak => self.inline(" ", self.style()),
            Event::HardBreak => self.inline("\n", self.style()),
            Event::Rule => {
                self.block();
                let width = self.columns.saturating_sub(self.prefix_width()).min(24);
                let style = Style::new().add_modifier(Modifier::DIM);
                self.spans = vec![Span::styled(self.glyphs.horizontal.repeat(width), style)];
                self.paragraph();
                self.gap = true;
            }
            Event::TaskListMarker(done) => {
                let sign = if done { "[x] " } else { "[ ] " };
                self.inline(sign, self.style());
            }
            // Markup of another language is text here.
            Event::Html(text) | Event::InlineHtml(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(text.trim_end_matches('\n'));
            }
            Event::FootnoteReference(name) => {
                let style = self.style();
                self.inline(&format!("[{name}]"), style);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block(),
            Tag::Heading { level, .. } => {
                self.block();
                let style = self.style().add_modifier(Modifier::BOLD);
                let top = matches!(level, HeadingLevel::H1 | HeadingLevel::H2);
                self.styles.push(if top { style.add_modifier(Modifier::UNDERLINED) } else { style });
            }
            Tag::BlockQuote(_) => {
                self.block();
                self.push(Frame::Quote);
            }
            Tag::List(first) => {
                if !self.frames.iter().any(|frame| matches!(frame, Frame::Entry { .. })) {
                    self.block();
                } else {
                    self.paragraph();
                }
                self.push(Frame::List(first));
            }
            Tag::Item => self.entry(),
            Tag::CodeBlock(kind) => {
                self.block();
                if let CodeBlockKind::Fenced(language) = kind
                    && !language.is_empty()
                {
                    self.spans = vec![Span::styled(language.to_string(), Style::new().add_modifier(Modifier::DIM))];
                    self.paragraph();
                }
                self.code = Some(String::new());
            }
            Tag::Emphasis => self.styles.push(self.style().add_modifier(Modifier::ITALIC)),
            Tag::Strong => self.styles.push(self.style().add_modifier(Modifier::BOLD)),
            Tag::Strikethrough => self.styles.push(self.style().add_modifier(Modifier::CROSSED_OUT)),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.link = Some((dest_url.to_string(), String::new()));
                self.styles.push(self.style().add_modifier(Modifier::UNDERLINED));
            }
            Tag::Table(_) => {
                self.block();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.row();
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.paragraph();
                self.gap = true;
            }
            TagEnd::Heading(_) => {
                self.paragraph();
                self.styles.pop();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.paragraph();
                self.frames.pop();
                self.gap = true;
            }
            TagEnd::List(_) => {
                self.frames.pop();
                self.gap = true;
            }
            TagEnd::Item => {
                self.paragraph();
                self.frames.pop();
                self.gap = false;
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::TableCell => {
                let cell: String = self.spans.drain(..).map(|span| span.content.into_owned()).collect();
                if let Some(table) = &mut self.table {
                    table.cell(cell);
                }
            }
            TagEnd::Table => self.end_table(),
            _ => {}
        }
    }

    fn push(&mut self, frame: Frame) {
        self.frames.push(frame);
        self.gap = false;
    }

    fn entry(&mut self) {
        self.paragraph();
        let sign = match self.frames.last_mut() {
            Some(Frame::List(Some(number))) => {
                let sign = format!("{number}. ");
                *number = number.saturating_add(1);
                sign
            }
            _ => format!("{} ", self.glyphs.bullet),
        };
        let width = crate::wrap::width(&sign);
        self.push(Frame::Entry { sign: Some(sign), width });
    }

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        match &mut self.code {
            Some(code) => code.push_str(text),
            None => self.inline(text, self.style()),
        }
    }

    fn inline(&mut self, text: &str, style: Style) {
        if let Some((_, label)) = &mut self.link {
            label.push_str(text);
        }
        self.spans.push(Span::styled(text.to_owned(), style));
    }

    /// A blank line between two blocks.
    fn block(&mut self) {
        self.paragraph();
        if std::mem::take(&mut self.gap) && !self.lines.is_empty() {
            let quoted = self.frames.iter().any(|frame| matches!(frame, Frame::Quote));
            let line = if quoted { Line::from(self.prefix(false)) } else { Line::default() };
            self.lines.push(line);
        }
    }

    /// Writes down the paragraph, if there is one.
    fn paragraph(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if spans.iter().all(|span| span.content.is_empty()) {
            return;
        }
        let first = self.prefix(true);
        let rest = self.prefix(false);
        self.lines.extend(Wrapper::new(self.columns, first, rest).wrap(&spans));
    }

    fn end_code(&mut self) {
        let code = self.code.take().unwrap_or_default();
        let mut prefix = self.prefix(true);
        let mut rest = self.prefix(false);
        prefix.push(Span::raw("  "));
        rest.push(Span::raw("  "));
        let style = Style::new().fg(Color::Cyan);
        let lines = Wrapper::new(self.columns, prefix, rest).text(&code, style);
        self.lines.extend(lines);
        self.gap = true;
    }

    /// The address stands behind the text of a link, for a terminal that cannot be clicked, unless it is the text.
    fn end_link(&mut self) {
        self.styles.pop();
        let Some((address, label)) = self.link.take() else { return };
        let same = address == label || address.strip_prefix("mailto:") == Some(label.as_str());
        if !same && !address.is_empty() {
            let style = self.style().add_modifier(Modifier::DIM);
            self.spans.push(Span::styled(format!(" ({address})"), style));
        }
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else { return };
        let room = self.columns.saturating_sub(self.prefix_width());
        for spans in table.lines(room, self.glyphs) {
            let mut line = self.prefix(true);
            line.extend(spans);
            self.lines.push(Line::from(line));
        }
        self.gap = true;
    }

    fn prefix_width(&mut self) -> usize {
        self.prefix(false).iter().map(|span| crate::wrap::width(&span.content)).sum()
    }

    /// What a line begins with; the signs of entries are used up by the first one.
    fn prefix(&mut self, first: bool) -> Vec<Span<'static>> {
        let mut spans = vec![Span::raw(" ".repeat(self.indent))];
        for frame in self.frames.iter_mut().take(DEPTH_MAX) {
            match frame {
                Frame::Quote => {
                    let style = Style::new().add_modifier(Modifier::DIM);
                    spans.push(Span::styled(format!("{} ", self.glyphs.quote), style));
                }
                Frame::List(_) => {}
                Frame::Entry { sign, width } => {
                    let sign = if first { sign.take() } else { None };
                    spans.push(Span::raw(sign.unwrap_or_else(|| " ".repeat(*width))));
                }
            }
        }
        spans
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        self.paragraph();
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyphs::GlyphSet;

    fn page(text: &str, columns: usize) -> String {
        lines(text, columns, 0, GlyphSet::Unicode.glyphs())
            .iter()
            .map(|line| line.to_string().trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn an_answer_reads_like_a_page() {
        let text = "# Title\nSome *soft* and **hard** words with `code` in a line that is long.\n\n\
            - one\n- two\n  1. inner\n  2. other\n- [x] done\n\n> quoted\n> twice\n\n```rust\nfn main() {\n    x();\n}\n```\n\
            See [the docs](https://a.example/b) and <https://c.example>.\n\n---\nend";
        insta::assert_snapshot!(page(text, 40));
    }

    #[test]
    fn a_table_is_aligned_where_it_fits_and_stacked_where_it_does_not() {
        let text = "| name | what it does |\n|---|---|\n| `a` | reads a file |\n| long name | **writes** one |\n";
        insta::assert_snapshot!(page(text, 60), @r"
        name       what it does
        ───────────────────────
        a          reads a file
        long name  writes one
        ");
        insta::assert_snapshot!(page(text, 20), @r"
        name: a
        what it does: reads
          a file

        name: long name
        what it does: writes
          one
        ");
    }

    #[test]
    fn broken_markup_is_shown_as_it_is() {
        assert_eq!(page("a **b and `c", 40), "a **b and `c");
        assert_eq!(page("<b>x</b>", 40), "<b>x</b>");
        assert_eq!(page("```\nnever ended", 40), "  never ended");
    }

    #[test]
    fn deep_lists_do_not_run_out_of_the_screen() {
        let text: String = (0..40).map(|depth| format!("{}- x\n", "  ".repeat(depth))).collect();
        for line in lines(&text, 40, 2, GlyphSet::Ascii.glyphs()) {
            assert!(line.width() <= 40, "{line}");
        }
    }
}
