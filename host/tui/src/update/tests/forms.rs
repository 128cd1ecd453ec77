//! What plugins ask, and how a person answers it.

use chrono::TimeDelta;
use octi_api::event::QuestionResolved;
use octi_api::v1::questions::{AnswerQuestion, Question, QuestionAction, QuestionOutcome};

use super::*;

const FORM: Uuid = Uuid::from_u128(0xf0);

fn tickets() -> Question {
    Question {
        id: FORM,
        session_id: SESSION,
        agent_id: AGENT,
        call_id: CALL,
        plugin: "acme/tickets".to_owned(),
        tool: "tickets__order".to_owned(),
        message: "How many tickets?\u{1b}[2J\nThey are 5 each.".to_owned(),
        schema: json!({
            "type": "object",
            "properties": {
                "count": { "type": "integer", "title": "Tickets", "description": "For everybody who comes along", "minimum": 1 },
                "seat": { "type": "string", "enum": ["aisle", "window", "any"], "default": "any" },
                "days": { "type": "array", "items": { "type": "string", "enum": ["Monday", "Tuesday"] }, "maxItems": 2 },
            },
            "required": ["count"],
        }),
        created_at: start(),
        expires_at: start() + TimeDelta::minutes(5),
    }
}

/// At the screen while a plugin asks.
fn asked(columns: u16, rows: u16) -> Person {
    let mut person = Person::talking(columns, rows);
    person.hear(said(1, "two tickets, please", false));
    person.hear(spawned());
    person.hear(invoked(json!({"film": "Solaris"})));
    person.hear(EventBody::QuestionAsked(tickets()));
    person.effects.clear();
    person
}

/// What was sent as an answer.
fn answer(person: &mut Person) -> Option<AnswerQuestion> {
    std::mem::take(&mut person.effects).into_iter().find_map(|effect| match effect {
        Effect::Answer { question: FORM, answer } => Some(answer),
        _ => None,
    })
}

#[test]
fn a_form_is_opened_with_a_key_and_answered() {
    let mut person = asked(80, 24);
    assert!(person.sees("the plugin acme/tickets asks: How many tickets?"), "{}", person.screen());
    assert!(person.sees("acme/tickets waits for you: F2 answers"), "{}", person.screen());
    person.write("half a thought");
    person.press(KeyCode::F(2));
    insta::assert_snapshot!("form_80", person.screen());
    person.write("2");
    person.press(KeyCode::Enter);
    insta::assert_snapshot!("form_choice_80", person.screen());
    person.press(KeyCode::Up);
    person.press(KeyCode::Enter);
    person.write(" ");
    assert!(person.sees("[x] Monday") && person.sees("[ ] Tuesday"), "{}", person.screen());
    person.press(KeyCode::Enter);
    let content = Some(json!({"count": 2, "seat": "window", "days": ["Monday"]}));
    assert_eq!(answer(&mut person), Some(AnswerQuestion { action: QuestionAction::Accept, content }));
    assert!(person.sees("telling the server"), "{}", person.screen());
    person.happen(Msg::Answered { question: FORM, outcome: Ok(()) });
    assert!(!person.sees("acme/tickets asks ") && !person.sees("F2 answers"), "{}", person.screen());
    assert_eq!(person.model.input.text(), "half a thought", "the text stays as it was");
}

#[test]
fn a_refusal_is_said_in_the_form_and_what_was_written_stays() {
    let mut person = asked(80, 24);
    person.press(KeyCode::F(2));
    person.write("3");
    for _ in 0..3 {
        person.press(KeyCode::Enter);
    }
    assert!(answer(&mut person).is_some());
    person.happen(Msg::Answered { question: FORM, outcome: Err("`count` is more than there are".to_owned()) });
    assert!(person.sees("`count` is more than there are"), "{}", person.screen());
    assert!(matches!(person.effects[..], [Effect::ListQuestions]), "somebody may have been faster: {:?}", person.effects);
    person.happen(Msg::Questions(Ok(vec![tickets()])));
    person.press(KeyCode::Esc);
    assert!(person.sees("F2 answers"), "it still waits: {}", person.screen());
    person.press(KeyCode::F(2));
    assert!(person.sees("Tickets  3"), "{}", person.screen());
    person.happen(Msg::Questions(Ok(Vec::new())));
    assert!(person.sees("the question is settled"), "{}", person.screen());
}

#[test]
fn an_answer_elsewhere_takes_the_form_away() {
    let mut person = asked(80, 24);
    person.press(KeyCode::F(2));
    let resolved = QuestionResolved { question_id: FORM, call_id: CALL, outcome: QuestionOutcome::Accepted };
    person.hear(EventBody::QuestionResolved(resolved));
    assert!(person.model.overlay.is_none() && person.sees("the question is settled"), "{}", person.screen());
    person.press(KeyCode::F(2));
    assert!(person.sees("no plugin asks anything in this conversation"), "{}", person.screen());
}

#[test]
fn saying_no_needs_no_field() {
    for (key, action) in [('n', QuestionAction::Decline), ('c', QuestionAction::Cancel)] {
        let mut person = asked(80, 24);
        person.press(KeyCode::F(2));
        person.alt(key);
        assert_eq!(answer(&mut person), Some(AnswerQuestion { action, content: None }));
    }
}

#[test]
fn without_a_connection_the_answer_waits_in_the_form() {
    let mut person = asked(80, 24);
    person.press(KeyCode::F(2));
    person.offline();
    person.alt('n');
    assert_eq!(answer(&mut person), None);
    assert!(person.sees("the answer did not leave"), "{}", person.screen());
    person.online();
    assert!(person.effects.iter().any(|effect| matches!(effect, Effect::ListQuestions)), "{:?}", person.effects);
    person.alt('n');
    assert!(answer(&mut person).is_some());
}

#[test]
fn a_form_fits_on_every_screen_and_a_long_question_is_scrolled() {
    for (columns, rows) in [(20, 6), (24, 10), (40, 12), (60, 14), (140, 40)] {
        let mut person = asked(columns, rows);
        person.press(KeyCode::F(2));
        person.write("42");
        assert!(person.sees("42"), "{columns} by {rows}:\n{}", person.screen());
    }
    let mut person = Person::talking(80, 16);
    let message: Vec<String> = (1..=40).map(|line| format!("line {line}")).collect();
    person.hear(spawned());
    person.hear(EventBody::QuestionAsked(Question { message: message.join("\n"), ..tickets() }));
    person.press(KeyCode::F(2));
    assert!(person.sees("line 1") && person.sees("lines PageDown"), "{}", person.screen());
    for _ in 0..12 {
        person.press(KeyCode::PageDown);
    }
    assert!(person.sees("line 40") && person.sees("lines PageUp"), "{}", person.screen());
    person.press(KeyCode::PageUp);
    assert!(!person.sees("Tickets"), "the end is not scrolled past: {}", person.screen());
    person.write("4");
    assert!(person.sees("Tickets  4"), "writing brings the field back: {}", person.screen());
}

#[test]
fn what_is_asked_elsewhere_is_shown_at_its_conversation() {
    let mut person = Person::talking(80, 24);
    person.happen(Msg::Questions(Ok(vec![Question { session_id: Uuid::from_u128(7), ..tickets() }])));
    assert!(person.sees("1 waiting elsewhere (F3)"), "{}", person.screen());
    person.press(KeyCode::F(2));
    assert!(person.sees("no plugin asks anything in this conversation"), "{}", person.screen());
}

#[test]
fn a_form_that_cannot_be_shown_says_where_to_answer() {
    let mut person = Person::talking(80, 24);
    let schema = json!({"type": "object", "properties": {"map": {"type": "object"}}});
    person.hear(EventBody::QuestionAsked(Question { schema, ..tickets() }));
    assert!(person.sees("this octi cannot show the form of acme/tickets"), "{}", person.screen());
}
