//! What the server is told of what somebody looks at.

use super::*;

const OTHER: Uuid = Uuid::from_u128(0x77);

#[test]
fn the_conversation_on_the_screen_is_told_when_it_changes_and_only_then() {
    let mut person = Person::at(80, 20, GlyphSet::Unicode, Some(SESSION));
    person.capabilities = vec!["watch".to_owned()];
    assert!(person.watched().is_empty(), "nothing can be told yet");
    person.online();
    assert_eq!(person.watched(), [Some(SESSION)]);
    person.press(KeyCode::Right);
    person.hear(said(1, "hi", false));
    assert!(person.watched().is_empty(), "it is still the same");
    person.say("/new");
    assert_eq!(person.watched(), [None]);
    person.say(&format!("/resume {OTHER}"));
    assert_eq!(person.watched(), [Some(OTHER)]);
}

#[test]
fn a_new_conversation_is_told_as_soon_as_it_is_there() {
    let mut person = Person::at(80, 20, GlyphSet::Unicode, None);
    person.capabilities = vec!["watch".to_owned()];
    person.online();
    assert_eq!(person.watched(), [None]);
    person.say("write a greeting");
    person.happen(Msg::Created { number: 1, outcome: Ok(session("write a greeting")) });
    assert_eq!(person.watched(), [Some(SESSION)]);
}

#[test]
fn nobody_looks_while_the_terminal_has_not_the_focus() {
    let mut person = Person::talking_to(&["watch"]);
    person.happen(Msg::Focus(false));
    person.happen(Msg::Focus(false));
    assert_eq!(person.watched(), [None]);
    person.happen(Msg::Focus(true));
    assert_eq!(person.watched(), [Some(SESSION)]);
    person.happen(Msg::Focus(false));
    person.write("x");
    assert_eq!(person.watched(), [None, Some(SESSION)], "whoever types looks");
}

#[test]
fn a_new_connection_is_told_again() {
    let mut person = Person::talking_to(&["watch"]);
    person.offline();
    person.happen(Msg::Focus(false));
    assert!(person.watched().is_empty(), "there is nobody to tell");
    person.happen(Msg::Connecting);
    person.online();
    assert_eq!(person.watched(), [None]);
    person.happen(Msg::Focus(true));
    person.happen(Msg::Connecting);
    person.online();
    assert_eq!(person.watched(), [Some(SESSION), Some(SESSION)]);
    person.frame(refusal("too many frames"), Some(Purpose::Watch));
    assert!(!person.sees("too many frames"), "nobody asked for it");
}

#[test]
fn a_server_that_does_not_ask_is_not_told() {
    let mut person = Person::talking_to(&["chat.send"]);
    person.happen(Msg::Focus(false));
    person.say("/new");
    assert!(person.watched().is_empty());
}
