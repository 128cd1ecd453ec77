//! Each thing of a conversation as lines.

mod asides;

use octi_api::v1::permissions::Resolution;
use octi_domain::limits;
use octi_domain::tool_name::dotted;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::conversation::{Item, Kind, Message, Notice, Sending, Speaker, Tone, Tool, ToolState, Turn};
use crate::glyphs::Glyphs;
use crate::wrap::{Wrapper, shorten, width};
use crate::{markdown, words};

/// Blanks before everything below a heading.
const INDENT: usize = 2;
/// Lines of what a tool was given, and of what it gave, when details are shown.
const DETAIL_LINES_MAX: usize = 40;
/// Lines of a thought while it is being thought.
const THOUGHT_LINES_MAX: usize = 3;

pub(super) const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// What lines depend on besides the thing itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) columns: usize,
    pub(super) details: bool,
    pub(super) glyphs: &'static Glyphs,
}

impl PartialEq for Look {
    fn eq(&self, other: &Self) -> bool {
        (self.columns, self.details) == (other.columns, other.details) && std::ptr::eq(self.glyphs, other.glyphs)
    }
}

/// What stands above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    User,
    /// Words of an agent.
    Words,
    /// A call of an agent.
    Call,
    Notice,
}

impl Before {
    pub(super) const fn of(kind: &Kind) -> Self {
        match kind {
            Kind::Message(Message { speaker: Speaker::User, .. }) => Self::User,
            Kind::Message(_) => Self::Words,
            Kind::Tool(_) => Self::Call,
            Kind::Notice(_) | Kind::Aside(_) => Self::Notice,
        }
    }
}

/// The lines of a thing.
pub(super) fn item(item: &Item, before: Before, look: Look) -> Vec<Line<'static>> {
    let lines = match &item.kind {
        Kind::Message(message) if message.speaker == Speaker::User => said(message, before, look),
        Kind::Message(message) => answer(message, before, look),
        Kind::Tool(tool) => call(tool, before, look),
        Kind::Notice(notice) => notice_lines(notice, before, look),
        Kind::Aside(aside) => asides::lines(aside, before, look),
    };
    bounded(lines, look)
}

fn bounded(mut lines: Vec<Line<'static>>, look: Look) -> Vec<Line<'static>> {
    let more = lines.len().saturating_sub(limits::TUI_ITEM_LINES_MAX);
    if more > 0 {
        lines.truncate(limits::TUI_ITEM_LINES_MAX);
        lines.push(Line::styled(format!("  {} {more} more lines", look.glyphs.ellipsis), DIM));
    }
    lines
}

/// Says that the conversation begins further up than the screen does.
pub(super) fn cut_line(look: Look) -> Vec<Line<'static>> {
    let text = "older messages are not shown here; the browser has them all";
    Wrapper::indented(look.columns, INDENT).text(text, DIM)
}

/// Who speaks, after a blank line.
fn heading(name: &str, color: Color, extra: &str, before: Before) -> Vec<Line<'static>> {
    let mut spans = vec![Span::styled(name.to_owned(), BOLD.fg(color))];
    if !extra.is_empty() {
        spans.push(Span::styled(format!(" {extra}"), DIM));
    }
    let mut lines = if before == Before::Nothing { Vec::new() } else { vec![Line::default()] };
    lines.push(Line::from(spans));
    lines
}

/// What comes before an agent's words or calls: its name when somebody else spoke, a blank line when it did something else.
fn agent_heading(before: Before, now: Before) -> Vec<Line<'static>> {
    match before {
        Before::Nothing | Before::User | Before::Notice => heading("octi", Color::Green, "", before),
        other if other != now || now == Before::Words => vec![Line::default()],
        _ => Vec::new(),
    }
}

fn said(message: &Message, before: Before, look: Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs;
    let mut extra = if message.injected { format!("{} to the turn that ran", glyphs.dot) } else { String::new() };
    if message.sending == Some(Sending::Under) {
        extra = format!("{} sending{}", glyphs.dot, glyphs.ellipsis);
    }
    let mut lines = heading("You", Color::Cyan, &extra, before);
    let wrapper = Wrapper::indented(look.columns, INDENT);
    if !message.text.is_empty() {
        lines.extend(wrapper.text(&message.text, Style::new()));
    }
    for file in &message.attachments {
        let text = format!("{} {} ({})", glyphs.file, file.name, words::bytes(file.bytes));
        lines.extend(wrapper.text(&text, DIM));
    }
    if let Some(Sending::Failed(problem)) = &message.sending {
        let text = format!("{} not sent: {problem}. Up brings the text back.", glyphs.failed);
        lines.extend(wrapper.text(&text, Style::new().fg(Color::Red)));
    }
    lines
}

fn answer(message: &Message, before: Before, look: Look) -> Vec<Line<'static>> {
    let mut lines = agent_heading(before, Before::Words);
    if !message.reasoning.trim().is_empty() {
        lines.extend(thought(&message.reasoning, look));
        if !message.text.trim().is_empty() {
            lines.push(Line::default());
        }
    }
    lines.extend(markdown::lines(message.text.trim_end(), look.columns, INDENT, look.glyphs));
    if message.cut {
        let text = format!("{} cut off here", look.glyphs.ellipsis);
        lines.extend(Wrapper::indented(look.columns, INDENT).text(&text, DIM));
    }
    if !message.skills.is_empty() {
        lines.extend(Wrapper::indented(look.columns, INDENT).text(&words::skills(&message.skills), DIM));
    }
    lines
}

/// A thought: one line of it, or all of it with details.
fn thought(reasoning: &str, look: Look) -> Vec<Line<'static>> {
    let style = DIM.add_modifier(Modifier::ITALIC);
    let wrapper = Wrapper::indented(look.columns, INDENT);
    if look.details {
        return wrapper.text(reasoning.trim(), style);
    }
    let room = look.columns.saturating_sub(INDENT + width("thought: "));
    wrapper.text(&format!("thought: {}", shorten(reasoning, room, look.glyphs.ellipsis)), style)
}

/// The answer being written, as plain text: half a table or half a list would jump about.
pub(super) fn draft(turn: &Turn, before: Before, look: Look) -> Vec<Line<'static>> {
    let draft = octi_domain::text::clean(&turn.draft);
    let reasoning = octi_domain::text::clean(&turn.reasoning);
    if draft.trim().is_empty() && reasoning.trim().is_empty() {
        return Vec::new();
    }
    let mut lines = agent_heading(before, Before::Words);
    let wrapper = Wrapper::indented(look.columns, INDENT);
    if draft.trim().is_empty() {
        let thoughts = wrapper.text(reasoning.trim(), DIM.add_modifier(Modifier::ITALIC));
        let skip = if look.details { 0 } else { thoughts.len().saturating_sub(THOUGHT_LINES_MAX) };
        lines.extend(thoughts.into_iter().skip(skip));
    } else {
        if !reasoning.trim().is_empty() {
            lines.extend(thought(&reasoning, look));
            lines.push(Line::default());
        }
        let text = wrapper.text(draft.trim_end(), Style::new());
        let skip = text.len().saturating_sub(limits::TUI_ITEM_LINES_MAX);
        lines.extend(text.into_iter().skip(skip));
    }
    lines
}

fn call(tool: &Tool, before: Before, look: Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs;
    let mut lines = agent_heading(before, Before::Call);
    let (sign, color) = match tool.state {
        ToolState::Running => (glyphs.running, Color::Cyan),
        ToolState::Waiting => (glyphs.waiting, Color::Yellow),
        ToolState::Done => (glyphs.done, Color::Green),
        ToolState::Failed => (glyphs.failed, Color::Red),
        ToolState::Unfinished => (glyphs.unfinished, Color::Yellow),
    };
    let name = dotted(&tool.name);
    let lead = format!("{}{sign} ", " ".repeat(INDENT));
    let room = look.columns.saturating_sub(width(&lead) + width(&name) + 1);
    let mut spans = vec![
        Span::raw(" ".repeat(INDENT)),
        Span::styled(format!("{sign} "), Style::new().fg(color)),
        Span::styled(shorten(&name, look.columns.saturating_sub(width(&lead)), glyphs.ellipsis), BOLD),
    ];
    if let Some(arguments) = &tool.arguments
        && room > 8
    {
        spans.push(Span::styled(format!(" {}", words::arguments(arguments, room, glyphs.ellipsis)), DIM));
    }
    lines.push(Line::from(spans));
    let wrapper = Wrapper::indented(look.columns, INDENT + width(sign) + 1);
    if let Some((text, style)) = outcome(tool, look) {
        lines.extend(wrapper.text(&text, style));
    }
    for file in &tool.files {
        let text = format!("{} {} ({})", glyphs.file, file.name, words::bytes(file.bytes));
        lines.extend(wrapper.text(&text, DIM));
    }
    if look.details {
        lines.extend(details(tool, look));
    }
    lines
}

/// What is said below a call.
fn outcome(tool: &Tool, look: Look) -> Option<(String, Style)> {
    let dot = look.glyphs.dot;
    let took = tool.duration_ms.map(|ms| format!(" {dot} {}", words::milliseconds(ms))).unwrap_or_default();
    let summary = tool.summary.as_deref().or(tool.result.as_deref()).unwrap_or_default();
    let room = look.columns.saturating_mul(2).min(160);
    let summary = shorten(summary, room, look.glyphs.ellipsis);
    let denied = match tool.resolution {
        Some(Resolution::Deny) => "denied",
        Some(Resolution::Expired) => "nobody answered in time",
        _ => "failed",
    };
    match tool.state {
        ToolState::Running => tool.progress.as_ref().map(|(text, fraction)| {
            let done = fraction.map(|fraction| format!("{:.0} % {dot} ", fraction * 100.0)).unwrap_or_default();
            (format!("{done}{}", shorten(text, room, look.glyphs.ellipsis)), DIM)
        }),
        ToolState::Waiting => Some(("waits for your answer".to_owned(), Style::new().fg(Color::Yellow))),
        ToolState::Done if summary.is_empty() => Some((format!("done{took}"), DIM)),
        ToolState::Done => Some((format!("{summary}{took}"), DIM)),
        ToolState::Failed => {
            let colon = if summary.is_empty() { "" } else { ": " };
            Some((format!("{denied}{colon}{summary}{took}"), Style::new().fg(Color::Red)))
        }
        ToolState::Unfinished => Some(("not finished".to_owned(), Style::new().fg(Color::Yellow))),
    }
}

/// What a call was given and gave.
fn details(tool: &Tool, look: Look) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let wrapper = Wrapper::indented(look.columns, INDENT * 3);
    let mut part = |name: &str, text: &str| {
        if text.trim().is_empty() {
            return;
        }
        lines.push(Line::styled(format!("{}{name}", " ".repeat(INDENT * 2)), DIM));
        let all = wrapper.text(text, Style::new());
        let more = all.len().saturating_sub(DETAIL_LINES_MAX);
        lines.extend(all.into_iter().take(DETAIL_LINES_MAX));
        if more > 0 {
            let text = format!("{}{} {more} more lines", " ".repeat(INDENT * 3), look.glyphs.ellipsis);
            lines.push(Line::styled(text, DIM));
        }
    };
    if let Some(Value::Object(arguments)) = &tool.arguments {
        for (name, value) in arguments {
            part(&octi_domain::text::clean(name), &words::value(value));
        }
    }
    part("result", tool.result.as_deref().unwrap_or_default());
    lines
}

fn notice_lines(notice: &Notice, before: Before, look: Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs;
    if notice.tone == Tone::Rule {
        let rule = glyphs.horizontal.repeat(2);
        let text = shorten(&format!("{rule} {} {rule}", notice.text), look.columns, glyphs.ellipsis);
        return vec![Line::default(), Line::styled(text, DIM)];
    }
    let (sign, word, style) = match notice.tone {
        Tone::Error => (glyphs.failed, "error: ", Style::new().fg(Color::Red)),
        Tone::Stopped => (glyphs.stopped, "", Style::new().fg(Color::Yellow)),
        Tone::Interrupted => (glyphs.stopped, "interrupted: ", Style::new().fg(Color::Yellow)),
        Tone::Waiting => (glyphs.info, "", DIM),
        Tone::Info | Tone::Rule => (glyphs.info, "", Style::new()),
    };
    let mut lines = if before == Before::Nothing { Vec::new() } else { vec![Line::default()] };
    lines.extend(headed(sign, &format!("{word}{}", notice.text), style, look));
    lines
}

/// A sign and a text beside it.
fn headed(sign: &str, text: &str, style: Style, look: Look) -> Vec<Line<'static>> {
    let lead = format!("{}{sign} ", " ".repeat(INDENT));
    let rest = " ".repeat(width(&lead));
    Wrapper::new(look.columns, vec![Span::styled(lead, style)], vec![Span::raw(rest)]).text(text, style)
}
