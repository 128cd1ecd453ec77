//! The lines of one row: the border with what is out of sight, what happens now, and where one is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{BOLD, DIM, both_sides};
use crate::conversation::{Kind, Tool};
use crate::keys::Action;
use crate::model::{Link, Model};
use crate::words;
use crate::wrap::{shorten, width};

/// Narrower screens say less.
const NARROW: u16 = 60;

/// The border between the conversation and the rest; it says what is out of sight.
pub(super) fn rule(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let glyphs = model.glyphs;
    let columns = usize::from(area.width);
    let line = |count: usize| Span::styled(glyphs.horizontal.repeat(count), DIM);
    if model.transcript.is_tail() {
        frame.render_widget(Paragraph::new(Line::from(line(columns))), area);
        return;
    }
    let (below, new) = model.transcript.below();
    let key = model.keys.key_of(Action::Tail).unwrap_or_default();
    let pill = if new > 0 {
        format!(" {} {new} new below {} {key} ", glyphs.down, glyphs.dot)
    } else {
        format!(" {} {below} below {} {key} ", glyphs.down, glyphs.dot)
    };
    let above = match model.transcript.above() {
        0 => " the beginning ".to_owned(),
        above => format!(" {} {above} above ", glyphs.up),
    };
    let style = if new > 0 { BOLD.fg(Color::Yellow) } else { BOLD };
    let rest = columns.saturating_sub(width(&pill) + width(&above) + 4);
    let spans = vec![line(2), Span::styled(above, DIM), line(rest), Span::styled(pill, style), line(2)];
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

/// What happens now: the agent's step with its arguments, or a short word to the person.
pub(super) fn activity(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let line = if let Some(note) = &model.note {
        let text = shorten(&note.text, columns.saturating_sub(2), model.glyphs.ellipsis);
        Line::from(vec![Span::styled(format!("{} ", model.glyphs.info), BOLD.fg(Color::Yellow)), Span::raw(text)])
    } else if let Some(line) = working(model, columns) {
        line
    } else {
        idle(model, columns)
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn working(model: &Model, columns: usize) -> Option<Line<'static>> {
    let glyphs = model.glyphs;
    let spinner = glyphs.spinner[model.beat % glyphs.spinner.len()];
    let Some(turn) = &model.conversation.turn else {
        let text = if model.creating.is_some() { "beginning a conversation" } else { return None };
        return Some(Line::from(format!("{spinner} {text}")));
    };
    let dot = glyphs.dot;
    let elapsed = words::elapsed(model.now - turn.started_at);
    let step = if turn.iteration > 1 && columns >= usize::from(NARROW) {
        format!(" {dot} step {}", turn.iteration)
    } else {
        String::new()
    };
    let model_name =
        if turn.model.is_empty() || columns < usize::from(NARROW) { String::new() } else { format!(" {dot} {}", turn.model) };
    let right = vec![Span::styled(format!("{elapsed}{step}{model_name}"), DIM)];
    let room = columns.saturating_sub(width(&right[0].content) + width(spinner) + 2);
    let mut left = vec![Span::styled(format!("{spinner} "), Style::new().fg(Color::Cyan))];
    let open = open_calls(model, turn.agent);
    if let Some(question) = model.question() {
        let text = format!("waits for you: {}.{}", question.tool, question.operation);
        left.push(Span::styled(shorten(&octi_domain::text::clean(&text), room, glyphs.ellipsis), BOLD.fg(Color::Yellow)));
    } else if let Some(asked) = model.asked() {
        let plugin = octi_domain::text::clean(&asked.question.plugin);
        let key = model.keys.key_of(Action::Answer).map_or_else(|| "/answer".to_owned(), |key| format!("{key} answers"));
        left.push(Span::styled(
            shorten(&format!("{plugin} waits for you: {key}"), room, glyphs.ellipsis),
            BOLD.fg(Color::Yellow),
        ));
    } else if let Some(tool) = open.last() {
        let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
        let name = octi_domain::tool_name::dotted(&tool.name);
        let room = room.saturating_sub(width(&name) + width(&more) + 1);
        left.push(Span::styled(format!("{name} "), BOLD));
        if let Some(arguments) = &tool.arguments {
            left.push(Span::styled(words::arguments(arguments, room, glyphs.ellipsis), DIM));
        }
        left.push(Span::raw(more));
    } else {
        let text = match (turn.draft.is_empty(), turn.reasoning.is_empty()) {
            (false, _) => "writing",
            (true, false) => "thinking",
            (true, true) => "waiting for the model",
        };
        left.push(Span::raw(text));
    }
    Some(both_sides(left, right, columns))
}

fn open_calls(model: &Model, agent: uuid::Uuid) -> Vec<&Tool> {
    let calls = model.conversation.items.iter().filter_map(|item| match &item.kind {
        Kind::Tool(tool) if tool.agent == Some(agent) && tool.is_open() => Some(tool),
        _ => None,
    });
    calls.collect()
}

fn idle(model: &Model, columns: usize) -> Line<'static> {
    let dot = model.glyphs.dot;
    let palette = model.keys.key_of(Action::Palette).unwrap_or_default();
    let shortcuts = model.keys.key_of(Action::Shortcuts).unwrap_or_default();
    let long = format!("Enter sends {dot} \\ and Enter: new line {dot} {palette} commands {dot} {shortcuts} keys");
    let short = format!("{palette} commands {dot} {shortcuts} keys");
    let text = if width(&long) <= columns { long } else { short };
    Line::styled(shorten(&text, columns, ""), DIM)
}

/// The workspace, when there are several, and the project: its last part where there is no room for more.
fn place(model: &Model, narrow: bool) -> Option<String> {
    let conversation = &model.conversation;
    let (workspace, project) = match conversation.session {
        Some(_) => (model.place.word(conversation.workspace), conversation.project.as_deref()),
        None => (model.place.word(None), model.place.project.as_ref().map(|project| project.path.as_str())),
    };
    let columns = if narrow { 12 } else { 30 };
    let shown = project.map(octi_domain::text::clean).map(|path| match path.rsplit_once('/') {
        Some((_, last)) if width(&path) > columns => format!("{}/{last}", model.glyphs.ellipsis),
        _ => path,
    });
    let parts: Vec<String> = workspace.into_iter().chain(shown).collect();
    (!parts.is_empty()).then(|| shorten(&parts.join(": "), 2 * columns, model.glyphs.ellipsis))
}

/// Where one is: the model, what the conversation used, where it works, its title, the connection.
pub(super) fn status(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let glyphs = model.glyphs;
    let columns = usize::from(area.width);
    let narrow = area.width < NARROW;
    let mut parts = Vec::new();
    let agents = &model.conversation.agents;
    let last = agents.last().map(|(_, past)| past.model.clone()).filter(|name| !name.is_empty());
    parts.extend(last.or_else(|| model.default_model.clone()));
    if let Some(cost) = model.cost {
        parts.push(words::tokens(cost.tokens));
        if let Some(usd) = cost.usd {
            parts.push(if usd == 0.0 { "$0".to_owned() } else { format!("${usd:.4}") });
        }
    }
    parts.extend(place(model, narrow));
    if !narrow && let Some(title) = &model.conversation.title {
        parts.push(shorten(title, 40, glyphs.ellipsis));
    }
    let left = vec![Span::styled(parts.join(&format!(" {} ", glyphs.dot)), DIM)];
    let mut right = Vec::new();
    let (here, elsewhere) = model.questions_here_and_elsewhere();
    if here > 1 {
        right.push(Span::styled(format!("{here} questions  "), BOLD.fg(Color::Yellow)));
    }
    if elsewhere > 0 {
        let key = model.keys.key_of(Action::Sessions).unwrap_or_default();
        let text =
            if narrow { format!("{} {elsewhere}  ", glyphs.waiting) } else { format!("{elsewhere} waiting elsewhere ({key})  ") };
        right.push(Span::styled(text, BOLD.fg(Color::Yellow)));
    }
    right.push(match &model.link {
        Link::Online => Span::styled(format!("{} connected", glyphs.online), Style::new().fg(Color::Green)),
        Link::Connecting => Span::styled(format!("{} connecting", glyphs.offline), Style::new().fg(Color::Yellow)),
        Link::Offline { retry_at, reason } => {
            let seconds = ((*retry_at - model.now).num_milliseconds().max(0) + 999) / 1_000;
            let why = if narrow { String::new() } else { format!(" ({})", shorten(reason, columns / 3, glyphs.ellipsis)) };
            Span::styled(format!("{} not connected, again in {seconds} s{why}", glyphs.offline), BOLD.fg(Color::Red))
        }
    });
    frame.render_widget(Paragraph::new(both_sides(left, right, columns)), area);
}
