//! What plugins ask while a turn runs, field by field at the keyboard.

use octi_api::event::EventBody;
use octi_api::frames::ServerFrame;
use octi_api::v1::questions::{AnswerQuestion, Question, QuestionAction};
use octi_client::ClientError;
use octi_domain::form::{Field, Form};
use octi_domain::ids::QuestionId;
use octi_domain::text::clean;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::prompt;
use super::talk::{Course, Talk};
use crate::failure::Outcome;
use crate::output::{BOLD, DIM, HINT, WARN};

/// What the person wants instead of answering.
const DECLINE: &str = "/decline";
const CANCEL: &str = "/cancel";

/// One line of the person.
enum Line {
    Typed(String),
    /// The input ended.
    Closed,
    /// The question was settled elsewhere meanwhile, or the turn is over.
    Settled,
}

impl Talk {
    /// Lets the person answer, or puts the question away where nobody sits.
    pub(super) async fn reply(&mut self, course: &mut Course, question: Question) -> Outcome {
        let answer = if self.printer.can_ask() {
            self.printer.err(&shown(&question));
            match Form::parse(question.schema.clone()) {
                Ok(form) => match self.fill_in(course, question.id, &form).await? {
                    Some(answer) => answer,
                    None => return Ok(()),
                },
                Err(_) => {
                    self.printer.warning("this octi cannot show the question: answer it in the browser, or update octi");
                    return Ok(());
                }
            }
        } else {
            let plugin = &question.plugin;
            self.printer
                .warning(&format!("put away what `{plugin}` asks: nobody can be asked here; run `octi chat` in a terminal"));
            AnswerQuestion { action: QuestionAction::Cancel, content: None }
        };
        match self.client.answer_question(QuestionId::from(question.id), &answer).await {
            Ok(()) => Ok(()),
            // Somebody was faster, or its time was up: the turn goes on in any case.
            Err(error @ ClientError::Server { .. }) => {
                self.printer.note(&format!("  {DIM}{error}{DIM:#}"));
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks for each field; none when the question was settled elsewhere.
    async fn fill_in(&mut self, course: &mut Course, id: Uuid, form: &Form) -> Outcome<Option<AnswerQuestion>> {
        let mut content = Map::new();
        for field in form.fields() {
            loop {
                self.printer.err(&label(field));
                let typed = match self.line(course, id).await? {
                    Line::Settled => return Ok(None),
                    Line::Closed => return Ok(Some(without(QuestionAction::Cancel))),
                    Line::Typed(typed) => typed,
                };
                match typed.trim() {
                    DECLINE => return Ok(Some(without(QuestionAction::Decline))),
                    CANCEL => return Ok(Some(without(QuestionAction::Cancel))),
                    _ => {}
                }
                match value(field, &typed) {
                    Ok(Some(value)) => {
                        content.insert(field.name.clone(), value);
                    }
                    Ok(None) => {}
                    Err(why) => {
                        self.printer.note(&format!("  {WARN}{why}{WARN:#}"));
                        continue;
                    }
                }
                break;
            }
        }
        Ok(Some(AnswerQuestion { action: QuestionAction::Accept, content: Some(Value::Object(content)) }))
    }

    /// The next line, while the turn is followed.
    async fn line(&mut self, course: &mut Course, id: Uuid) -> Outcome<Line> {
        let typed = prompt::plain_line();
        tokio::pin!(typed);
        loop {
            tokio::select! {
                line = &mut typed => return Ok(line.map_or(Line::Closed, Line::Typed)),
                frame = self.frame() => {
                    let frame = frame?;
                    let settled = settles(&frame, id);
                    self.take(course, frame);
                    if settled || course.is_over() {
                        self.printer.note(&format!("\n{DIM}answered elsewhere, or over; press Enter to go on{DIM:#}"));
                        let _ = typed.await;
                        return Ok(Line::Settled);
                    }
                }
            }
        }
    }
}

const fn without(action: QuestionAction) -> AnswerQuestion {
    AnswerQuestion { action, content: None }
}

/// The value of a field, its default for an empty line.
fn value(field: &Field, typed: &str) -> Result<Option<Value>, String> {
    let value = field.read(typed).map_err(|why| format!("it {why}"))?.or_else(|| field.default.clone());
    if value.is_none() && field.is_required {
        return Err(format!("it must be given: {}", field.wanted()));
    }
    Ok(value)
}

/// The question, and who asks.
fn shown(question: &Question) -> String {
    let message = clean(&question.message);
    let mut lines = message.lines();
    let first = lines.next().unwrap_or_default();
    let mut text = format!("{WARN}?{WARN:#} {BOLD}{}{BOLD:#} asks: {first}\n", clean(&question.plugin));
    lines.for_each(|line| text.push_str(&format!("  {line}\n")));
    text.push_str(&format!("  {DIM}Give no passwords here. {DECLINE} says no, {CANCEL} puts it away.{DIM:#}\n"));
    text
}

/// What stands before the cursor.
fn label(field: &Field) -> String {
    let mut text = format!("  {BOLD}{}{BOLD:#}", clean(field.label()));
    if let Some(description) = &field.description {
        text.push_str(&format!(" {DIM}{description}{DIM:#}"));
    }
    let needed = if field.is_required { "" } else { ", may be left empty" };
    let default = field.default.as_ref().map(|value| match value {
        Value::String(text) => format!(", Enter for {text}"),
        other => format!(", Enter for {other}"),
    });
    let needed = default.as_deref().unwrap_or(needed);
    format!("{text} {DIM}({}{needed}){DIM:#}\n  {HINT}>{HINT:#} ", field.wanted())
}

fn settles(frame: &ServerFrame, id: Uuid) -> bool {
    match frame {
        ServerFrame::Event { event } => {
            matches!(&event.body, EventBody::QuestionResolved(resolved) if resolved.question_id == id)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn question() -> Question {
        Question {
            id: Uuid::nil(),
            session_id: Uuid::nil(),
            agent_id: Uuid::nil(),
            call_id: Uuid::nil(),
            plugin: "acme/tickets".to_owned(),
            tool: "tickets__order".to_owned(),
            message: "How many?\u{1b}[2J\nThey are 5 each.".to_owned(),
            schema: json!({
                "type": "object",
                "properties": {
                    "count": { "type": "integer", "title": "Tickets", "minimum": 1 },
                    "seat": { "type": "string", "enum": ["a", "b"], "default": "b" },
                    "note": { "type": "string" },
                },
                "required": ["count"],
            }),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_person_reads_who_asks_and_what_fits() {
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        let text = plain(&shown(&question()));
        assert!(text.starts_with("? acme/tickets asks: How many?\n  They are 5 each.\n  Give no passwords here."), "{text}");
        let form = Form::parse(question().schema).unwrap();
        let labels: Vec<String> = form.fields().iter().map(|field| plain(&label(field))).collect();
        assert_eq!(
            labels,
            [
                "  Tickets (a whole number of at least 1)\n  > ",
                "  seat (one of `a`, `b`, Enter for b)\n  > ",
                "  note (a text of at most 4000 characters, may be left empty)\n  > ",
            ]
        );
    }

    #[test]
    fn an_empty_line_is_the_default_or_nothing() {
        let form = Form::parse(question().schema).unwrap();
        let [count, seat, note] = form.fields() else { panic!("{form:?}") };
        assert_eq!(value(seat, "\n"), Ok(Some(json!("b"))));
        assert_eq!(value(note, "\n"), Ok(None));
        assert_eq!(value(count, "2\n"), Ok(Some(json!(2))));
        assert_eq!(value(count, "\n"), Err("it must be given: a whole number of at least 1".to_owned()));
        assert_eq!(value(count, "0"), Err("it must be a whole number of at least 1".to_owned()));
    }
}
