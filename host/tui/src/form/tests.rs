//! Tests of the form: what a person types becomes the answer that the page asked for.

use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::*;

fn asked() -> Asked {
    let question = Question {
        id: Uuid::nil(),
        session_id: Uuid::nil(),
        agent_id: Uuid::nil(),
        call_id: Uuid::nil(),
        plugin: "acme/tickets".to_owned(),
        tool: "tickets__order".to_owned(),
        message: "How many?".to_owned(),
        schema: json!({
            "type": "object",
            "properties": {
                "count": { "type": "integer", "title": "Tickets", "minimum": 1 },
                "seat": { "type": "string", "enum": ["a", "b"], "default": "b" },
                "late": { "type": "boolean" },
                "days": { "type": "array", "items": { "type": "string", "enum": ["mon", "tue", "wed"] }, "minItems": 1 },
                "note": { "type": "string" },
            },
            "required": ["count", "days"],
        }),
        created_at: DateTime::UNIX_EPOCH,
        expires_at: DateTime::UNIX_EPOCH,
    };
    Asked::of(question).unwrap()
}

fn press(asked: &mut Asked, code: KeyCode) -> Option<Done> {
    asked.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn write(asked: &mut Asked, text: &str) {
    for c in text.chars() {
        assert_eq!(press(asked, KeyCode::Char(c)), None);
    }
}

fn name(asked: &Asked) -> &str {
    &asked.current().unwrap().0.name
}

#[test]
fn a_form_is_answered_field_by_field() {
    let mut asked = asked();
    write(&mut asked, "2");
    assert_eq!(press(&mut asked, KeyCode::Enter), None);
    assert_eq!(name(&asked), "seat");
    press(&mut asked, KeyCode::Enter);
    press(&mut asked, KeyCode::Down);
    press(&mut asked, KeyCode::Enter);
    assert_eq!(name(&asked), "days");
    press(&mut asked, KeyCode::Char(' '));
    press(&mut asked, KeyCode::Down);
    press(&mut asked, KeyCode::Down);
    press(&mut asked, KeyCode::Char(' '));
    press(&mut asked, KeyCode::Enter);
    assert_eq!(name(&asked), "note");
    let answer = AnswerQuestion {
        action: QuestionAction::Accept,
        content: Some(json!({ "count": 2, "seat": "b", "late": true, "days": ["mon", "wed"] })),
    };
    assert_eq!(press(&mut asked, KeyCode::Enter), Some(Done::Answer(answer)));
    assert!(asked.busy);
    assert_eq!(press(&mut asked, KeyCode::Enter), None, "it is being sent");
}

#[test]
fn what_does_not_fit_is_said_at_its_field() {
    let mut asked = asked();
    press(&mut asked, KeyCode::Enter);
    assert_eq!(asked.problem.as_deref(), Some("it must be given: a whole number of at least 1"));
    write(&mut asked, "0");
    assert_eq!(asked.problem, None, "writing takes the words away");
    press(&mut asked, KeyCode::Enter);
    assert_eq!((name(&asked), asked.problem.as_deref()), ("count", Some("it must be a whole number of at least 1")));
    press(&mut asked, KeyCode::Backspace);
    write(&mut asked, "1");
    for _ in 0..4 {
        press(&mut asked, KeyCode::Tab);
    }
    assert_eq!(name(&asked), "note");
    assert_eq!(press(&mut asked, KeyCode::Enter), None);
    assert_eq!((name(&asked), asked.problem.as_deref()), ("days", Some("tick 1 to 3 of them")));
}

#[test]
fn up_and_down_leave_a_field_at_its_ends() {
    let mut asked = asked();
    press(&mut asked, KeyCode::Down);
    assert_eq!(name(&asked), "seat");
    press(&mut asked, KeyCode::Up);
    press(&mut asked, KeyCode::Up);
    assert!(matches!(asked.current().unwrap().1, Entry::One(None)), "an optional choice can be taken back");
    press(&mut asked, KeyCode::Up);
    assert_eq!(name(&asked), "count");
    press(&mut asked, KeyCode::Up);
    assert_eq!(name(&asked), "count", "there is nothing above");
}

#[test]
fn saying_no_putting_away_and_later_are_three_things() {
    let alt = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT);
    let without = |action| Some(Done::Answer(AnswerQuestion { action, content: None }));
    let mut asked = asked();
    assert_eq!(asked.key(alt('n')), without(QuestionAction::Decline));
    assert_eq!(asked.key(alt('c')), None, "it is being sent");
    asked.refuse("no".to_owned());
    assert_eq!(asked.key(alt('c')), without(QuestionAction::Cancel));
    asked.refuse("no".to_owned());
    write(&mut asked, "7");
    assert_eq!(press(&mut asked, KeyCode::Esc), Some(Done::Later));
    let Some((_, Entry::Text(input))) = asked.current() else { panic!("{asked:?}") };
    assert_eq!(input.text(), "7", "what was written stays");
}
