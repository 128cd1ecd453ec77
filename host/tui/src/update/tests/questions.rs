//! Answers that are meant, and those that are not.

use super::*;

#[test]
fn what_destroys_needs_its_key_twice() {
    let mut person = Person::talking(80, 24);
    ask(&mut person, question("delete_file", json!({"path": "a"})));
    person.wait(1_000);
    person.press(KeyCode::Char('1'));
    assert_eq!(answered(&mut person), None);
    assert!(person.sees("cannot be undone") && person.sees("press 1 again to allow it (once)"), "{}", person.screen());
    person.press(KeyCode::Char('2'));
    assert_eq!(answered(&mut person), None, "another key is another answer");
    person.wait(6_000);
    person.press(KeyCode::Char('2'));
    assert_eq!(answered(&mut person), None, "it was too long ago");
    person.wait(500);
    person.press(KeyCode::Char('2'));
    assert_eq!(answered(&mut person), None, "a key that is held down repeats itself");
    person.wait(1_000);
    person.press(KeyCode::Char('2'));
    assert_eq!(answered(&mut person), Some((true, Scope::Session)));
    ask(&mut person, question("delete_file", json!({"path": "a"})));
    person.wait(1_000);
    person.press(KeyCode::Char('4'));
    assert_eq!(answered(&mut person), Some((false, Scope::Once)), "denying destroys nothing");
}

#[test]
fn what_is_typed_in_a_text_or_behind_a_list_is_no_answer() {
    let mut person = Person::talking(80, 24);
    ask(&mut person, question("write_file", json!({"path": "a"})));
    person.wait(1_000);
    person.press(KeyCode::F(5));
    person.wait(1_000);
    person.press(KeyCode::Esc);
    person.press(KeyCode::Char('y'));
    assert_eq!(answered(&mut person), None, "the list was closed a moment ago");
    person.wait(5_000);
    person.press(KeyCode::Char('1'));
    assert_eq!(answered(&mut person), None, "a text is being written");
    person.alt('1');
    assert_eq!(answered(&mut person), Some((true, Scope::Once)));
}

#[test]
fn questions_wait_in_their_order_and_go_when_they_are_answered_elsewhere() {
    let mut person = Person::talking(80, 24);
    ask(&mut person, write_question());
    let second = PermissionRequest { id: Uuid::from_u128(0x9a), ..question("read_file", json!({"path": "b"})) };
    person.hear(EventBody::PermissionRequest(second.clone()));
    assert!(person.sees("may files.edit_file") && person.sees("1 of 2"), "{}", person.screen());
    person.resolved(Resolution::Once);
    assert!(person.sees("may files.read_file"), "{}", person.screen());
    person.write("1");
    assert_eq!(answered(&mut person), None, "the second appeared just now");
    let elsewhere = PermissionRequest { id: Uuid::from_u128(0x9b), session_id: Uuid::from_u128(7), ..second };
    person.frame(ServerFrame::PermissionPending(PermissionPending { requests: vec![elsewhere] }), None);
    assert!(!person.sees("may files.read_file") && person.sees("1 waiting elsewhere (F3)"), "{}", person.screen());
}

#[test]
fn on_a_low_screen_the_answers_are_always_there() {
    let reason = "writing asks unless a rule allows it, and no rule of yours names this path or a folder above it";
    for columns in [20, 24, 35, 36, 59, 60, 80, 140] {
        for rows in 6..=14 {
            let mut person = Person::talking(columns, rows);
            whole_turn(&mut person);
            ask(&mut person, PermissionRequest { reason: reason.to_owned(), ..write_question() });
            person.happen(Msg::Paste("one\ntwo\nthree\nfour".to_owned()));
            let screen = person.screen();
            let session = if columns < 60 { "2 session" } else { "2 this session" };
            for text in ["1 once", session, "3 always", "4 deny", "main.rs"] {
                assert!(screen.contains(text), "`{text}` at {columns} by {rows}:\n{screen}");
            }
            assert!(screen.contains("connected") && screen.contains("four"), "{columns} by {rows}:\n{screen}");
        }
    }
}

#[test]
fn on_a_low_screen_everything_asked_for_can_be_scrolled_to() {
    for (columns, rows, name) in [(80, 6, "question_80_low"), (40, 8, "question_40_low"), (20, 6, "question_20_low")] {
        let mut person = Person::talking(columns, rows);
        ask(&mut person, write_question());
        insta::assert_snapshot!(name, person.screen());
        for _ in 0..20 {
            person.press(KeyCode::Down);
        }
        assert!(person.sees("new") || person.sees("}"), "{}", person.screen());
        let up = person.model.prompt.scroll;
        person.press(KeyCode::Up);
        assert_eq!(person.model.prompt.scroll, up - 1, "the end is not scrolled past");
    }
}

#[test]
fn on_a_low_screen_the_second_key_is_asked_for() {
    for columns in [20, 40, 80] {
        let mut person = Person::talking(columns, 6);
        ask(&mut person, question("delete_file", json!({"path": "a"})));
        person.wait(1_000);
        person.press(KeyCode::Char('1'));
        assert!(person.sees("press 1 again") && person.sees("4 deny"), "{}", person.screen());
    }
}
