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
