//! The question whether a call may run: the most important thing on the screen.

use octi_api::v1::permissions::PermissionRequest;
use octi_domain::text::clean;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Paragraph;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::{BOLD, DIM, both_sides};
use crate::danger;
use crate::model::Model;
use crate::words;
use crate::wrap::{Wrapper, shorten, width};

/// Names of arguments that are what a text was, and what it becomes.
const PAIRS: [(&str, &str); 5] =
    [("old", "new"), ("old_text", "new_text"), ("old_string", "new_string"), ("search", "replace"), ("before", "after")];
/// Lines around a change.
const CONTEXT: usize = 2;
/// Lines of a question, and bytes of one argument; the rest is not shown, which is said.
const LINES_MAX: usize = 400;
const ARGUMENT_BYTES_MAX: usize = 32 * 1024;
/// A difference that takes longer is shown in larger pieces.
const DIFF_TIME_MAX: std::time::Duration = std::time::Duration::from_millis(20);
/// Rows of the reason.
const WHY_ROWS_MAX: usize = 3;
/// Columns of the names of arguments that stand in a column.
const NAME_COLUMNS_MAX: usize = 16;
/// Narrower screens say who asks on a line of its own.
const NARROW: usize = 60;
/// Narrower screens have the answers on two rows.
const TINY: usize = 36;

/// The lines of a question.
struct Parts {
    head: Vec<Line<'static>>,
    body: Vec<Line<'static>>,
    why: Vec<Line<'static>>,
    answers: Vec<Line<'static>>,
    /// What the answers mean, or which key is to be pressed again.
    meaning: Line<'static>,
}

impl Parts {
    fn of(model: &Model, question: &PermissionRequest, columns: usize) -> Self {
        Self {
            head: head(model, question, columns),
            body: body(model, question, columns),
            why: why(model, question, columns),
            answers: answers(model, columns),
            meaning: meaning(model, question, columns),
        }
    }

    /// Rows of everything but the body.
    fn fixed(&self) -> usize {
        self.head.len() + self.why.len() + self.answers.len() + 1
    }
}

/// How many rows of each part there is room for.
struct Shares {
    head: usize,
    body: usize,
    why: usize,
    meaning: usize,
}

impl Shares {
    /// The answers come first, because without them the question cannot be answered; then what is asked for.
    fn of(parts: &Parts, room: usize, armed: bool) -> Self {
        let mut left = room.saturating_sub(parts.answers.len());
        let mut take = |rows: usize| {
            let taken = rows.min(left);
            left -= taken;
            taken
        };
        let again = take(usize::from(armed));
        let body = take(parts.body.len().min(1));
        let head = take(1);
        let meaning = again + take(1 - again);
        let head = head + take(parts.head.len().saturating_sub(1));
        let why = take(parts.why.len());
        Self { head, body: body + left, why, meaning }
    }
}

/// Rows that the question takes, of about `max` and never more than `all`.
pub(super) fn rows(model: &Model, columns: u16, max: u16, all: u16) -> u16 {
    let Some(question) = model.question() else { return 0 };
    let parts = Parts::of(model, question, usize::from(columns));
    let fixed = count(parts.fixed());
    let least = count(parts.answers.len() + 3);
    let wanted = count(parts.body.len()).saturating_add(fixed).min(max.max(fixed + 1));
    // A row is left for what octi has to say, where the question can do without it.
    wanted.min(all.saturating_sub(1).max(least)).min(all)
}

fn count(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect) {
    let Some(question) = model.question() else { return };
    let columns = usize::from(area.width);
    let parts = Parts::of(model, question, columns);
    let shares = Shares::of(&parts, usize::from(area.height), model.prompt.armed.is_some());
    let Parts { mut head, body, mut why, answers, meaning } = parts;
    let scroll = model.prompt.scroll.min(body.len().saturating_sub(shares.body));
    let hidden = body.len().saturating_sub(scroll + shares.body);
    let mut body: Vec<Line<'static>> = body.into_iter().skip(scroll).take(shares.body).collect();
    head.truncate(shares.head);
    why.truncate(shares.why);
    // Without a row for the reason the last row of the body says what is out of sight.
    let (row, is_short) = if why.is_empty() { (body.last_mut(), true) } else { (why.first_mut(), false) };
    if let Some(row) = row {
        let right = out_of_sight(model, hidden, scroll, is_short);
        if !right.is_empty() {
            *row = both_sides(std::mem::take(&mut row.spans), right, columns);
        }
    }
    let mut lines = head;
    lines.extend(body);
    lines.extend(why);
    lines.extend(answers);
    lines.extend((shares.meaning > 0).then_some(meaning));
    model.prompt.scroll = scroll;
    frame.render_widget(Paragraph::new(Text::from(lines)), area);
}

/// Who asks for what, and how long the question stands.
fn head(model: &Model, question: &PermissionRequest, columns: usize) -> Vec<Line<'static>> {
    let seconds = (question.expires_at - model.now).num_seconds().max(0);
    let left = if seconds > 90 { format!("{} min left", seconds / 60) } else { format!("{seconds} s left") };
    let (here, _) = model.questions_here_and_elsewhere();
    let queue = if here > 1 { format!("1 of {here} {} ", model.glyphs.dot) } else { String::new() };
    let countdown = Span::styled(format!("{queue}{left}"), DIM);
    let forever = danger::is_destructive(question).then(|| Span::styled("cannot be undone  ", BOLD.fg(Color::Red)));
    let name = clean(&format!("{}.{}", question.tool, question.operation));
    let turn = model.conversation.turn.as_ref().filter(|turn| turn.agent == question.agent_id && !turn.role.is_empty());
    let role = turn.map_or_else(|| "An agent".to_owned(), |turn| format!("The role {}", turn.role));
    let version = model.conversation.tool_of_call(question.call_id).and_then(|tool| tool.plugin_version.clone());
    let version = version.map(|version| format!(" {version}")).unwrap_or_default();
    let yellow = BOLD.fg(Color::Yellow);
    let sign = Span::styled(format!("{} ", model.glyphs.waiting), yellow);
    if columns < NARROW {
        let what = shorten(&format!("May {name} run?"), columns.saturating_sub(2), model.glyphs.ellipsis);
        let who = Span::styled(format!("  {role} asks{version}"), DIM);
        let mut right: Vec<Span<'static>> = Vec::from_iter(forever);
        right.push(countdown);
        return vec![Line::from(vec![sign, Span::styled(what, yellow)]), both_sides(vec![who], right, columns)];
    }
    let spans = vec![
        sign,
        Span::raw(format!("{role} asks: may ")),
        Span::styled(name, yellow),
        Span::styled(version, DIM),
        Span::raw(" run?"),
    ];
    let mut right: Vec<Span<'static>> = Vec::from_iter(forever);
    right.push(countdown);
    vec![both_sides(spans, right, columns)]
}

/// What exactly: the command or path, the change, the other arguments.
fn body(model: &Model, question: &PermissionRequest, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let wrapper = Wrapper::indented(columns, 4);
    let subject = question.subject.as_deref().map(clean).filter(|subject| !subject.trim().is_empty());
    if let Some(subject) = &subject {
        let (text, more) = beginning(subject);
        lines.extend(wrapper.text(text, BOLD));
        if more > 0 {
            lines.push(not_shown(model, &format!("{more} more bytes")));
        }
    }
    match &question.arguments {
        Value::Object(fields) => {
            let pair = PAIRS.iter().find(|(old, new)| {
                fields.get(*old).is_some_and(Value::is_string) && fields.get(*new).is_some_and(Value::is_string)
            });
            let names = fields.keys().map(|name| width(name)).filter(|columns| *columns <= NAME_COLUMNS_MAX).max().unwrap_or(0);
            for (name, value) in fields {
                let text = words::value(value);
                let in_pair = pair.is_some_and(|(old, new)| name == old || name == new);
                if !in_pair && subject.as_deref() != Some(text.as_str()) {
                    let (text, more) = beginning(&text);
                    lines.extend(field(&format!("{:names$}", clean(name)), text, columns));
                    if more > 0 {
                        lines.push(not_shown(model, &format!("{more} more bytes")));
                    }
                }
            }
            if let Some((old, new)) = pair {
                let text = |name: &str| fields.get(name).map(words::value).unwrap_or_default();
                let (old, new) = (text(old), text(new));
                let ((old, more_old), (new, more_new)) = (beginning(&old), beginning(&new));
                lines.extend(change(old, new, columns, model));
                if more_old + more_new > 0 {
                    lines.push(not_shown(model, &format!("{} more bytes", more_old + more_new)));
                }
            }
        }
        Value::Null => {}
        other => lines.extend(wrapper.text(beginning(&words::value(other)).0, Style::new())),
    }
    let more = lines.len().saturating_sub(LINES_MAX);
    if more > 0 {
        lines.truncate(LINES_MAX);
        lines.push(not_shown(model, &format!("{more} more lines")));
    }
    lines
}

fn not_shown(model: &Model, what: &str) -> Line<'static> {
    Line::styled(format!("    {} {what} are not shown here", model.glyphs.ellipsis), BOLD.fg(Color::Yellow))
}

/// The beginning of an argument, and how much more there is.
fn beginning(text: &str) -> (&str, usize) {
    let end = text.floor_char_boundary(ARGUMENT_BYTES_MAX);
    (&text[..end], text.len() - end)
}

/// One argument: short ones on a line, long ones below their name.
fn field(name: &str, text: &str, columns: usize) -> Vec<Line<'static>> {
    let lead = vec![Span::raw("    "), Span::styled(format!("{name}  "), DIM)];
    if text.lines().count() <= 1 {
        return Wrapper::new(columns, lead, vec![Span::raw("      ")]).text(text, Style::new());
    }
    let mut lines = vec![Line::from(lead)];
    lines.extend(Wrapper::indented(columns, 6).text(text, Style::new()));
    lines
}

/// What changes, line by line; the signs say it without colours.
fn change(old: &str, new: &str, columns: usize, model: &Model) -> Vec<Line<'static>> {
    let diff = TextDiff::configure().timeout(DIFF_TIME_MAX).diff_lines(old, new);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            lines.push(Line::styled(format!("    {}", model.glyphs.ellipsis), DIM));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ("- ", Style::new().fg(Color::Red)),
                ChangeTag::Insert => ("+ ", Style::new().fg(Color::Green)),
                ChangeTag::Equal => ("  ", DIM),
            };
            let first = vec![Span::raw("    "), Span::styled(sign, style)];
            let wrapper = Wrapper::new(columns, first, vec![Span::raw("      ")]);
            lines.extend(wrapper.text(change.value().trim_end_matches('\n'), style));
        }
    }
    lines
}

/// Why it is asked.
fn why(model: &Model, question: &PermissionRequest, columns: usize) -> Vec<Line<'static>> {
    let lead = vec![Span::styled("    why: ", DIM)];
    // The first line has room for what is out of sight.
    let wrapper = Wrapper::new(columns.saturating_sub(18), lead, vec![Span::raw("    ")]);
    let mut lines = wrapper.text(&shorten(&clean(&question.reason), columns * WHY_ROWS_MAX, model.glyphs.ellipsis), DIM);
    lines.truncate(WHY_ROWS_MAX);
    lines
}

/// How much of the question is further up or down.
fn out_of_sight(model: &Model, hidden: usize, scroll: usize, is_short: bool) -> Vec<Span<'static>> {
    let glyphs = model.glyphs;
    let text = match (hidden, scroll) {
        (0, 0) => return Vec::new(),
        (0, _) if is_short => format!(" {} {scroll}", glyphs.up),
        (_, _) if is_short => format!(" {} {hidden}", glyphs.down),
        (0, _) => format!("{} {scroll} lines above", glyphs.up),
        _ => format!("{} {hidden} more lines", glyphs.down),
    };
    vec![Span::styled(text, BOLD)]
}

/// The names of the answers on a screen of this width.
const fn choices(columns: usize) -> [(char, &'static str, Color); 4] {
    let session = if columns < NARROW { "session" } else { "this session" };
    [('1', "once", Color::Green), ('2', session, Color::Green), ('3', "always", Color::Green), ('4', "deny", Color::Red)]
}

/// The answers and their keys, on two rows where one is too short.
fn answers(model: &Model, columns: usize) -> Vec<Line<'static>> {
    let narrow = columns < NARROW;
    let armed = model.prompt.armed.map(|(choice, _)| choice);
    let lead = if narrow { " " } else { "    " };
    let mut lines = Vec::new();
    for choices in choices(columns).chunks(if columns < TINY { 2 } else { 4 }) {
        let mut spans = vec![Span::raw(lead)];
        for (key, name, color) in choices {
            let style = if armed == Some(*key) { BOLD.fg(Color::Red) } else { BOLD.fg(*color) };
            spans.push(Span::styled(key.to_string(), style));
            spans.push(Span::raw(format!(" {name}{}", if narrow { " " } else { "   " })));
        }
        lines.push(Line::from(spans));
    }
    if let Some(last) = lines.last_mut().filter(|_| !narrow) {
        last.push_span(Span::styled("y/n, Esc declines", DIM));
    }
    lines
}

/// What the answers allow, or which key allows what cannot be undone.
fn meaning(model: &Model, question: &PermissionRequest, columns: usize) -> Line<'static> {
    let armed = model.prompt.armed.map(|(choice, _)| choice);
    match armed.and_then(|armed| choices(columns).into_iter().find(|(key, ..)| *key == armed)) {
        Some((key, ..)) if columns < TINY => Line::styled(format!(" press {key} again"), BOLD.fg(Color::Red)),
        Some((key, ..)) if columns < NARROW => Line::styled(format!(" Cannot be undone: press {key} again"), BOLD.fg(Color::Red)),
        Some((key, name, _)) => {
            let text = format!("    This cannot be undone: press {key} again to allow it ({name}).");
            Line::styled(text, BOLD.fg(Color::Red))
        }
        None => {
            let rule = shorten(&clean(&question.suggested_rule), columns.saturating_sub(24), model.glyphs.ellipsis);
            Line::styled(format!("    2 and 3 allow {rule}"), DIM)
        }
    }
}
