//! Other conversations and other people.

use super::*;

#[test]
fn signing_in_while_a_conversation_is_being_made_leaves_nothing_of_the_one_before() {
    let mut person = Person::connected(80, 20);
    person.say("a secret of ann");
    person.say("and more of it");
    assert!(person.sees("a secret of ann"));
    person.happen(Msg::SignedIn(Ok(user("bob"))));
    assert!(person.sees("signed in as bob") && person.sees("what was said last was not sent"), "{}", person.screen());
    person.press(KeyCode::Up);
    assert!(!person.sees("secret") && !person.sees("and more of it"), "{}", person.screen());
    person.effects.clear();
    // What was asked for as ann comes when bob is there.
    person.happen(Msg::Created { number: 1, outcome: Ok(session("a secret of ann")) });
    assert!(person.effects.is_empty() && person.model.conversation.session.is_none(), "{:?}", person.effects);
    assert!(!person.sees("secret"), "{}", person.screen());

    person.say("hello");
    assert!(matches!(&person.effects[..], [Effect::Create { number: 2, .. }]), "{:?}", person.effects);
    person.happen(Msg::Created { number: 1, outcome: Err("ann is not signed in".to_owned()) });
    assert!(person.sees("hello") && !person.sees("not sent:"), "{}", person.screen());
    person.effects.clear();
    person.happen(Msg::Created { number: 2, outcome: Ok(session("hello")) });
    assert!(matches!(&person.sent()[..], [(ClientFrame::ChatSend(chat), _)] if chat.content == "hello"));
}

#[test]
fn signing_out_while_a_conversation_is_being_made_does_the_same() {
    let mut person = Person::connected(80, 20);
    person.say("a secret of bob");
    person.happen(Msg::SignedOut(Ok(user("ann"))));
    assert!(person.sees("signed in as ann") && !person.sees("secret"), "{}", person.screen());
    assert!(!person.model.signed_in && person.model.creating.is_none());
}
