//! A conversation as lines on a terminal: the answer streams, tool calls are folded to a line each.

use std::collections::HashMap;

use octi_api::event::{AgentEnded, EventBody, ToolInvoked, ToolResult};
use octi_api::v1::messages::Attachment;
use octi_api::v1::permissions::PermissionRequest;
use octi_domain::text::clean;
use octi_domain::tool_name::dotted;
use serde_json::Value;
use uuid::Uuid;

use crate::output::{BAD, BOLD, DIM, HINT, OK, WARN, human_time, shorten};

/// Where a piece of text goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The answer, on standard output.
    Answer(String),
    /// Everything else, on standard error.
    Aside(String),
}

/// How the turn stands after an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    Running,
    Completed,
    /// It ended otherwise; the text says why.
    Ended(String),
}

/// Turns events into text. Pure: it prints nothing itself.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Whether the answer's last line is unfinished, so that an aside must begin on a new one.
    in_line: bool,
    in_reasoning: bool,
    streamed: bool,
    failure: Option<String>,
    calls: HashMap<Uuid, String>,
}

impl View {
    /// What an event adds to the screen.
    pub(crate) fn show(&mut self, body: &EventBody) -> Vec<Piece> {
        match body {
            EventBody::ChatDelta(delta) if delta.reasoning => self.reasoning(&delta.text),
            EventBody::ChatDelta(delta) => self.answer(&delta.text),
            EventBody::ChatResponse(response) => self.response(&response.text, &response.skills),
            EventBody::ChatError(error) => {
                self.failure = Some(error.message.clone());
                Vec::new()
            }
            EventBody::ToolInvoked(call) => self.invoked(call),
            EventBody::ToolProgress(progress) => self.aside(format!("  {DIM}… {}{DIM:#}\n", shorten(&progress.message, 70))),
            EventBody::ToolResult(result) => self.result(result),
            EventBody::HookBlocked(blocked) => {
                self.aside(format!("{HINT}hook{HINT:#} {} blocked {}: {}\n", blocked.hook, dotted(&blocked.name), blocked.reason))
            }
            EventBody::HookRewrote(rewrote) => self.aside(format!(
                "{HINT}hook{HINT:#} {} changed the arguments of {}: {}\n",
                rewrote.hook,
                dotted(&rewrote.name),
                one_line(&rewrote.arguments, 200)
            )),
            EventBody::CompactionStalled(stalled) => self.aside(format!("{HINT}note{HINT:#} {}\n", stalled.reason)),
            EventBody::PluginChanged(change) => {
                self.aside(format!("{HINT}plugin{HINT:#} {}: {}\n", change.plugin, change.change))
            }
            _ => Vec::new(),
        }
    }

    /// Whether the turn is over.
    pub(crate) fn turn(&self, body: &EventBody) -> Turn {
        let ended = |word: &str, ended: &AgentEnded| {
            let reason = ended.reason.clone().or_else(|| self.failure.clone());
            Turn::Ended(reason.unwrap_or_else(|| format!("the turn {word}")))
        };
        match body {
            EventBody::AgentCompleted(_) => Turn::Completed,
            EventBody::AgentFailed(end) => ended("failed", end),
            EventBody::AgentStopped(end) => ended("was stopped", end),
            EventBody::AgentInterrupted(end) => ended("was interrupted", end),
            _ => Turn::Running,
        }
    }

    /// Ends the answer's last line.
    pub(crate) fn finish(&mut self) -> Vec<Piece> {
        if std::mem::take(&mut self.in_line) { vec![Piece::Answer("\n".to_owned())] } else { Vec::new() }
    }

    fn answer(&mut self, text: &str) -> Vec<Piece> {
        if text.is_empty() {
            return Vec::new();
        }
        let mut pieces = Vec::new();
        if std::mem::take(&mut self.in_reasoning) {
            pieces.push(Piece::Aside("\n".to_owned()));
        }
        self.in_line = !text.ends_with('\n');
        self.streamed = true;
        pieces.push(Piece::Answer(text.to_owned()));
        pieces
    }

    fn reasoning(&mut self, text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.in_reasoning {
            pieces.extend(self.finish());
            pieces.push(Piece::Aside(format!("{DIM}thinking: {DIM:#}")));
            self.in_reasoning = true;
        }
        pieces.push(Piece::Aside(format!("{DIM}{text}{DIM:#}")));
        pieces
    }

    /// The whole answer, shown only when none of it was streamed, and below it what it was helped by.
    fn response(&mut self, text: &str, skills: &[String]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.streamed {
            pieces.extend(self.answer(text));
        }
        pieces.extend(self.finish());
        self.streamed = false;
        if !skills.is_empty() {
            let names = shorten(&skills.join(", "), 100);
            pieces.push(Piece::Aside(format!("{DIM}skills({}) {names}{DIM:#}\n", skills.len())));
        }
        pieces
    }

    fn invoked(&mut self, call: &ToolInvoked) -> Vec<Piece> {
        let name = dotted(&call.name);
        let arguments = one_line(&call.arguments, 60);
        self.calls.insert(call.call_id, name.clone());
        self.aside(format!("{BOLD}▸ {name}{BOLD:#} {DIM}{arguments}{DIM:#}\n"))
    }

    fn result(&mut self, result: &ToolResult) -> Vec<Piece> {
        let name = self.calls.remove(&result.call_id).unwrap_or_else(|| dotted(&result.name));
        let summary = shorten(&result.summary, 100);
        let time = format!("{DIM}({name}, {}){DIM:#}", human_time(result.duration_ms));
        if result.is_error {
            self.aside(format!("  {BAD}✗ failed{BAD:#} {summary} {time}\n"))
        } else {
            let files: String = result.files.iter().map(file_line).collect();
            self.aside(format!("  {OK}✓ done{OK:#} {summary} {time}\n{files}"))
        }
    }

    fn aside(&mut self, text: String) -> Vec<Piece> {
        let mut pieces = self.finish();
        if std::mem::take(&mut self.in_reasoning) {
            pieces.push(Piece::Aside("\n".to_owned()));
        }
        // What streams after a tool call is a new answer.
        self.streamed = false;
        pieces.push(Piece::Aside(text));
        pieces
    }
}

/// The question put to a person, with everything they need to decide.
pub(crate) fn question(request: &PermissionRequest) -> String {
    let mut text = format!("{WARN}?{WARN:#} {BOLD}{}.{}{BOLD:#} needs your permission\n", request.tool, request.operation);
    if let Some(arguments) = request.arguments.as_object() {
        let width = arguments.keys().map(String::len).max().unwrap_or_default();
        for (name, value) in arguments {
            text.push_str(&format!("    {DIM}{name:width$}{DIM:#}  {}\n", indented(value, width + 6)));
        }
    }
    text.push_str(&format!("    {DIM}why{DIM:#}: {}\n", request.reason));
    text.push_str(&format!("  1 once   2 this session   3 always ({})   4 deny\n", request.suggested_rule));
    text
}

/// At most eight lines of a value, each beginning in the same column.
fn indented(value: &Value, column: usize) -> String {
    const LINES_MAX: usize = 8;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut lines: Vec<String> = text.lines().take(LINES_MAX).map(|line| shorten_line(line, 100)).collect();
    let rest = text.lines().count().saturating_sub(LINES_MAX);
    if rest > 0 {
        lines.push(format!("… {rest} more lines"));
    }
    lines.join(&format!("\n{}", " ".repeat(column)))
}

/// A line with its leading blanks kept.
fn shorten_line(line: &str, width: usize) -> String {
    let blanks: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    format!("{blanks}{}", shorten(line.trim_start(), width))
}

fn one_line(arguments: &Value, width: usize) -> String {
    let Some(arguments) = arguments.as_object() else { return shorten(&arguments.to_string(), width) };
    let words: Vec<String> = arguments
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={}", shorten(text, 40)),
            other => format!("{name}={}", shorten(&other.to_string(), 40)),
        })
        .collect();
    shorten(&words.join(" "), width)
}

/// A file that a tool gave, with what fetches it.
fn file_line(file: &Attachment) -> String {
    let Attachment { artifact_id, name, media_type, bytes } = file;
    format!("    {HINT}file{HINT:#} {} {DIM}({media_type}, {bytes} bytes) /api/artifacts/{artifact_id}/raw{DIM:#}\n", clean(name))
}

#[cfg(test)]
mod tests {
    use octi_api::event::{ChatDelta, ChatResponse, HookBlocked, HookRewrote};
    use octi_api::v1::agents::Usage;
    use serde_json::json;

    use super::*;

    fn plain(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Answer(text) => text.clone(),
                Piece::Aside(text) => format!("[{}]", anstream::adapter::strip_str(text)),
            })
            .collect()
    }

    fn delta(text: &str) -> EventBody {
        EventBody::ChatDelta(ChatDelta { agent_id: Uuid::nil(), text: text.into(), reasoning: false })
    }

    fn response(text: &str) -> EventBody {
        let usage = Usage::default();
        EventBody::ChatResponse(ChatResponse {
            agent_id: Uuid::nil(),
            message_id: Uuid::nil(),
            text: text.into(),
            model: "m".into(),
            usage,
            skills: Vec::new(),
        })
    }

    fn call() -> EventBody {
        EventBody::ToolInvoked(ToolInvoked {
            agent_id: Uuid::nil(),
            call_id: Uuid::nil(),
            name: "filesystem__read_file".into(),
            plugin_version: "0.1.0".into(),
            arguments: json!({ "path": "a.txt" }),
        })
    }

    fn result(is_error: bool) -> EventBody {
        EventBody::ToolResult(ToolResult {
            agent_id: Uuid::nil(),
            call_id: Uuid::nil(),
            name: "filesystem__read_file".into(),
            is_error,
            summary: "read 3 lines".into(),
            preview: String::new(),
            artifact_id: None,
            files: Vec::new(),
            duration_ms: 4,
        })
    }

    #[test]
    fn what_a_hook_does_to_a_call_is_a_line() {
        let (hook, name) = ("acme/guard".to_owned(), "shell__run".to_owned());
        let ids = (Uuid::nil(), Uuid::nil());
        let arguments = json!({ "command": "rm -i x" });
        let rewrote = HookRewrote { agent_id: ids.0, call_id: ids.1, hook: hook.clone(), name: name.clone(), arguments };
        let blocked = HookBlocked { agent_id: ids.0, call_id: ids.1, hook, name, reason: "not on a Friday".to_owned() };
        let mut view = View::default();
        let shown: String = [EventBody::HookRewrote(rewrote), EventBody::HookBlocked(blocked)]
            .iter()
            .map(|body| plain(&view.show(body)))
            .collect();
        assert_eq!(
            shown,
            "[hook acme/guard changed the arguments of shell.run: command=rm -i x\n][hook acme/guard blocked shell.run: not on a Friday\n]"
        );
    }

    #[test]
    fn a_streamed_answer_is_shown_once() {
        let mut view = View::default();
        let mut shown = plain(&view.show(&delta("Hel")));
        shown += &plain(&view.show(&delta("lo")));
        shown += &plain(&view.show(&response("Hello")));
        assert_eq!(shown, "Hello\n");
    }

    #[test]
    fn an_answer_that_was_not_streamed_is_shown_whole() {
        assert_eq!(plain(&View::default().show(&response("Hello"))), "Hello\n");
    }

    #[test]
    fn a_tool_call_begins_on_a_line_of_its_own() {
        let mut view = View::default();
        let mut shown = plain(&view.show(&delta("Looking")));
        shown += &plain(&view.show(&call()));
        shown += &plain(&view.show(&result(false)));
        shown += &plain(&view.show(&delta("Found.")));
        shown += &plain(&view.show(&response("Found.")));
        assert_eq!(
            shown,
            "Looking\n[▸ filesystem.read_file path=a.txt\n][  ✓ done read 3 lines (filesystem.read_file, 4 ms)\n]Found.\n"
        );
    }

    #[test]
    fn the_files_of_a_result_are_lines_below_it() {
        let EventBody::ToolResult(mut given) = result(false) else { unreachable!("it is one") };
        let name = "chart\u{1b}[31m.png".to_owned();
        given.files = vec![Attachment { artifact_id: Uuid::nil(), name, media_type: "image/png".to_owned(), bytes: 12 }];
        let pieces = View::default().show(&EventBody::ToolResult(given));
        let line = "    file chart.png (image/png, 12 bytes) /api/artifacts/00000000-0000-0000-0000-000000000000/raw\n";
        assert!(plain(&pieces).contains(line), "{pieces:?}");
        // A name colours nothing.
        assert!(pieces.iter().all(|piece| !matches!(piece, Piece::Aside(text) if text.contains("\u{1b}[31m"))), "{pieces:?}");
    }

    #[test]
    fn what_helped_is_told_below_the_answer() {
        let EventBody::ChatResponse(mut response) = response("Hello") else { unreachable!("it is one") };
        response.skills = vec!["technical-writing".to_owned(), "house-rules".to_owned()];
        let shown = plain(&View::default().show(&EventBody::ChatResponse(response)));
        assert_eq!(shown, "Hello\n[skills(2) technical-writing, house-rules\n]");
    }

    #[test]
    fn a_failed_call_says_so_in_words() {
        let mut view = View::default();
        assert!(plain(&view.show(&result(true))).contains("✗ failed read 3 lines"));
    }

    #[test]
    fn a_question_shows_every_argument() {
        let request: PermissionRequest = serde_json::from_value(json!({
            "id": Uuid::nil(), "sessionId": Uuid::nil(), "agentId": Uuid::nil(), "callId": Uuid::nil(),
            "tool": "filesystem", "operation": "write_file", "subject": "a.txt",
            "arguments": { "path": "a.txt", "content": "one\n  two\n3\n4\n5\n6\n7\n8\n9\n10" },
            "reason": "writing asks by default", "suggestedRule": "filesystem.write_file(a.txt)",
            "createdAt": "2026-01-01T00:00:00Z", "expiresAt": "2026-01-01T00:05:00Z"
        }))
        .expect("a request");
        insta::assert_snapshot!(anstream::adapter::strip_str(&question(&request)).to_string(), @r"
        ? filesystem.write_file needs your permission
            path     a.txt
            content  one
                       two
                     3
                     4
                     5
                     6
                     7
                     8
                     … 2 more lines
            why: writing asks by default
          1 once   2 this session   3 always (filesystem.write_file(a.txt))   4 deny
        ");
    }
}
