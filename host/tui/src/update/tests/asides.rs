//! Questions beside the conversation, and summaries, which a model answers late.

use octi_api::v1::messages::Role;

use super::*;

/// What was asked beside the conversation, and the purpose of its frame.
fn asked(person: &mut Person) -> Option<(String, Purpose)> {
    person.sent().into_iter().find_map(|(frame, purpose)| match frame {
        ClientFrame::ChatInterject(aside) if aside.session_id == SESSION => Some((aside.content, purpose)),
        _ => None,
    })
}

#[test]
fn an_answer_comes_beside_the_turn_that_writes() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.hear(said(1, "paint the door", false));
    person.hear(spawned());
    person.hear(iteration(1));
    person.hear(delta("The door will "));
    person.say("/ask why red,  and not blue?");
    assert_eq!(asked(&mut person).map(|(text, _)| text).as_deref(), Some("why red,  and not blue?"));
    assert!(person.sees("? aside: why red,  and not blue?\n    asking…"), "{}", person.screen());
    person.hear(beside(7, Role::User, "why red,  and not blue?", None));
    assert!(person.sees("waiting for the answer…"), "{}", person.screen());
    person.hear(delta("be red"));
    person.hear(beside(8, Role::Assistant, "Because **you** like it.", Some(7)));
    person.hear(delta(" soon."));
    insta::assert_snapshot!("aside_80", person.screen());
    assert!(person.sees("The door will be red soon."), "what is being written stays whole");
    person.hear(response(9, "The door will be red soon."));
    person.hear(EventBody::AgentCompleted(ended(None)));
    let screen = person.screen();
    assert_eq!(screen.matches("The door will be red soon.").count(), 1, "{screen}");
    assert_eq!(screen.matches("Because you like it.").count(), 1, "{screen}");
}

#[test]
fn what_an_answer_cost_is_asked_for() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.hear(beside(7, Role::User, "why?", None));
    assert!(person.sent().is_empty());
    person.hear(beside(8, Role::Assistant, "So.", Some(7)));
    assert!(matches!(&person.sent()[..], [(ClientFrame::Command(command), Purpose::Cost)] if command.name == "cost"));
}

#[test]
fn why_there_is_no_answer_is_said() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.hear(beside(7, Role::User, "why?", None));
    person.hear(beside(8, Role::System, "the model is away", Some(7)));
    assert!(person.sees("✗ no answer to the aside \"why?\": the model is away"), "{}", person.screen());
    assert!(!person.sees("waiting for the answer"));
}

#[test]
fn a_question_that_is_refused_says_so_where_it_stands() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.say("/ask why?");
    let (_, purpose) = asked(&mut person).expect("a question");
    person.frame(refusal("3 side questions are under way already"), Some(purpose));
    assert!(person.sees("✗ not asked: 3 side questions are under way already. Up brings"), "{}", person.screen());
    person.press(KeyCode::Up);
    assert_eq!(person.model.input.text(), "/ask why?");
}

#[test]
fn a_question_that_cannot_be_asked_says_why() {
    let refused = |person: &mut Person, text: &str, why: &str| {
        person.happen(Msg::Paste(text.to_owned()));
        person.press(KeyCode::Enter);
        assert!(person.sees(why), "{}", person.screen());
        assert_eq!(asked(person), None);
    };
    let mut person = Person::talking_to(&["chat.interject"]);
    refused(&mut person, "/ask", "`/ask` needs a question, as in");
    let long = format!("/ask {}", "x".repeat(limits::SIDE_QUESTION_BYTES_MAX + 1));
    refused(&mut person, &long, "longer than the 20 kB of a question");
    let whole = "x".repeat(limits::SIDE_QUESTION_BYTES_MAX);
    person.happen(Msg::Paste(format!("/ask {whole}")));
    person.press(KeyCode::Enter);
    assert_eq!(asked(&mut person).map(|(text, _)| text), Some(whole));
    person.say("/new");
    refused(&mut person, "/ask why?", "there is no conversation yet to ask beside");
    refused(&mut Person::talking_to(&["chat.send"]), "/ask why?", "this server answers nothing beside a conversation");
}

#[test]
fn a_question_waits_in_the_text_field_for_the_connection() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.offline();
    person.say("/ask why?");
    assert_eq!((asked(&mut person), person.model.input.text().as_str()), (None, "/ask why?"));
    assert!(person.sees("your text stays here"), "{}", person.screen());
}

#[test]
fn a_question_that_the_connection_was_lost_with_tells_what_became_of_it() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.say("/ask first?");
    person.say("/ask second?");
    person.hear(beside(7, Role::User, "second?", None));
    person.offline();
    assert!(person.sees("not asked: the connection was lost before"), "{}", person.screen());
    person.online();
    person.replayed(vec![event(0x70, beside(6, Role::User, "first?", None))], true);
    let screen = person.screen();
    assert!(!screen.contains("not asked") && screen.contains("waiting for the answer…"), "it had arrived: {screen}");
    assert!(screen.contains("no answer was heard: the connection was away"), "{screen}");
    person.hear(beside(8, Role::Assistant, "After all.", Some(7)));
    assert!(person.sees("After all.") && !person.sees("no answer was heard"), "{}", person.screen());
}

#[test]
fn the_palette_writes_the_beginning_of_a_question() {
    let mut person = Person::talking_to(&["chat.interject"]);
    person.ctrl('p');
    person.write("beside");
    person.press(KeyCode::Enter);
    assert_eq!(person.model.input.text(), "/ask ");
}

#[test]
fn a_summary_is_announced_until_it_is_refused_written_or_not_heard_of() {
    let data = |session: Uuid| Some(json!({ "sessionId": session.to_string() }));
    let failed = CommandResult {
        name: "compact".into(),
        result: "the model answered nothing".into(),
        error: Some("the model answered nothing".into()),
        data: data(SESSION),
    };
    let written = CommandResult { result: "summarised".into(), error: None, ..failed.clone() };
    let elsewhere = CommandResult { data: data(Uuid::nil()), ..written.clone() };
    let begin = || {
        let mut person = Person::talking(80, 20);
        person.say("/compact the names");
        assert!(person.sees("• summarising what is older…"), "{}", person.screen());
        let (frame, purpose) = person.sent().remove(0);
        assert!(matches!(frame, ClientFrame::Command(command) if command.args.as_deref() == Some("the names")));
        (person, purpose)
    };

    let (mut person, purpose) = begin();
    person.frame(refusal("there is nothing older to summarise"), Some(purpose));
    assert!(person.sees("there is nothing older") && !person.sees("summarising"), "{}", person.screen());

    let (mut person, _) = begin();
    person.frame(ServerFrame::CommandResult(failed), None);
    assert!(person.sees("error: the model answered nothing") && !person.sees("summarising"), "{}", person.screen());

    let (mut person, _) = begin();
    person.frame(ServerFrame::CommandResult(elsewhere), None);
    assert!(person.sees("summarising"), "that was another conversation: {}", person.screen());
    person.frame(ServerFrame::CommandResult(written), Some(Purpose::Command));
    assert!(!person.sees("summaris"), "a message of the host tells what it is: {}", person.screen());

    let (mut person, _) = begin();
    person.offline();
    assert!(!person.sees("summarising"), "{}", person.screen());
}
