//! The activity: the turns of this conversation, and the calls of the last one.

use octi_api::v1::agents::AgentStatus;
use octi_domain::tool_name::dotted;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;

use super::{BOLD, DIM, both_sides};
use crate::conversation::{Kind, Past, ToolState};
use crate::keys::Action;
use crate::model::Model;
use crate::words;
use crate::wrap::shorten;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let key = model.keys.key_of(Action::Panel).unwrap_or_default();
    let head = both_sides(vec![Span::styled(" Activity", BOLD)], vec![Span::styled(format!("{key} hides "), DIM)], columns);
    let mut lines = vec![head, Line::default()];
    let agents = &model.conversation.agents;
    if agents.is_empty() {
        lines.push(Line::styled(" Turns and their tools appear here.", DIM));
    }
    let room = usize::from(area.height).saturating_sub(lines.len());
    let mut body = Vec::new();
    for (index, (agent, past)) in agents.iter().rev().enumerate() {
        body.extend(turn(model, past, columns));
        if index == 0 {
            body.extend(calls(model, *agent, columns));
        }
        if body.len() >= room {
            break;
        }
    }
    body.truncate(room);
    lines.extend(body);
    frame.render_widget(Paragraph::new(Text::from(lines)), area);
}

/// One turn: who, how it stands, what it used.
fn turn(model: &Model, past: &Past, columns: usize) -> Vec<Line<'static>> {
    let glyphs = model.glyphs;
    let (sign, word, color) = match past.end {
        None | Some(AgentStatus::Running) => (glyphs.running, "running", Color::Cyan),
        Some(AgentStatus::Completed) => (glyphs.done, "done", Color::Green),
        Some(AgentStatus::Failed) => (glyphs.failed, "failed", Color::Red),
        Some(AgentStatus::Stopped) => (glyphs.stopped, "stopped", Color::Yellow),
        Some(AgentStatus::Interrupted) => (glyphs.stopped, "interrupted", Color::Yellow),
    };
    let dot = glyphs.dot;
    let when = words::ago(model.now - past.started_at);
    let role = if past.role.is_empty() { "agent" } else { &past.role };
    let left = vec![Span::styled(format!(" {sign} "), Style::new().fg(color)), Span::styled(role.to_owned(), BOLD)];
    let head =
        both_sides(left, vec![Span::styled(word, Style::new().fg(color)), Span::styled(format!(" {dot} {when} "), DIM)], columns);
    let steps = if past.iterations == 1 { "1 step".to_owned() } else { format!("{} steps", past.iterations) };
    let mut text = format!("{} {dot} {steps} {dot} {}", past.model, words::tokens(past.tokens));
    if !past.skills.is_empty() {
        text.push_str(&format!(" {dot} {}", words::skills(&past.skills)));
    }
    vec![head, Line::styled(format!("   {}", shorten(&text, columns.saturating_sub(4), glyphs.ellipsis)), DIM)]
}

/// The calls of a turn, in order.
fn calls(model: &Model, agent: uuid::Uuid, columns: usize) -> Vec<Line<'static>> {
    let glyphs = model.glyphs;
    let mut lines = Vec::new();
    for item in &model.conversation.items {
        let Kind::Tool(tool) = &item.kind else { continue };
        if tool.agent != Some(agent) {
            continue;
        }
        let (sign, word) = match tool.state {
            ToolState::Running => (glyphs.running, "running".to_owned()),
            ToolState::Waiting => (glyphs.waiting, "waits".to_owned()),
            ToolState::Done => (glyphs.done, tool.duration_ms.map(words::milliseconds).unwrap_or_default()),
            ToolState::Failed => (glyphs.failed, "failed".to_owned()),
            ToolState::Unfinished => (glyphs.unfinished, "not finished".to_owned()),
        };
        let name = shorten(&dotted(&tool.name), columns.saturating_sub(20), glyphs.ellipsis);
        lines.push(both_sides(
            vec![Span::raw(format!("   {sign} {name}"))],
            vec![Span::styled(format!("{word} "), DIM)],
            columns,
        ));
    }
    lines
}
