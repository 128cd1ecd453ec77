//! Questions beside the conversation, and their answers.

use ratatui::style::{Color, Style};
use ratatui::text::Line;

use super::{BOLD, Before, DIM, INDENT, Look, headed};
use crate::conversation::{Aside, Asked};
use crate::markdown;
use crate::wrap::{Wrapper, shorten, width};

pub(super) fn lines(aside: &Aside, before: Before, look: Look) -> Vec<Line<'static>> {
    let mut lines = if before == Before::Nothing { Vec::new() } else { vec![Line::default()] };
    match aside {
        Aside::Question { text, state } => lines.extend(question(text, state, look)),
        Aside::Answer { question, outcome, .. } => lines.extend(answer(question, outcome, look)),
    }
    lines
}

fn question(text: &str, state: &Asked, look: Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs;
    let mut lines = headed(glyphs.waiting, &format!("aside: {text}"), Style::new().fg(Color::Cyan), look);
    let (text, style) = match state {
        Asked::Under => (format!("asking{}", glyphs.ellipsis), DIM),
        Asked::Waiting => (format!("waiting for the answer{}", glyphs.ellipsis), DIM),
        Asked::Failed(problem) => {
            let text = format!("{} not asked: {problem}. Up brings the text back.", glyphs.failed);
            (text, Style::new().fg(Color::Red))
        }
        Asked::Missed => {
            let text = "no answer was heard: the connection was away, and the answer may have come meanwhile. Ask again.";
            (text.to_owned(), Style::new().fg(Color::Yellow))
        }
        Asked::Answered => return lines,
    };
    lines.extend(Wrapper::indented(look.columns, INDENT * 2).text(&text, style));
    lines
}

/// An answer names its question, because much may stand between them.
fn answer(question: &str, outcome: &Result<String, String>, look: Look) -> Vec<Line<'static>> {
    let glyphs = look.glyphs;
    let room = look.columns.saturating_sub(INDENT * 2 + width("answer to the aside \"\""));
    let heading = if question.is_empty() {
        "answer to an aside".to_owned()
    } else {
        format!("answer to the aside \"{}\"", shorten(question, room, glyphs.ellipsis))
    };
    match outcome {
        Ok(text) => {
            let mut lines = headed(glyphs.info, &heading, BOLD, look);
            lines.extend(markdown::lines(text.trim_end(), look.columns, INDENT * 2, glyphs));
            lines
        }
        Err(problem) => {
            let heading = heading.replacen("answer", "no answer", 1);
            headed(glyphs.failed, &format!("{heading}: {problem}"), Style::new().fg(Color::Red), look)
        }
    }
}
