//! Stories of a person at the screen, with the keys they press and what the server says.

mod asides;
mod forms;
mod places;
mod questions;
mod sessions;
mod watching;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octi_api::event::EventBody;
use octi_api::frames::{ClientFrame, CommandResult, PermissionPending, PermissionRespond, Scope, ServerFrame};
use octi_api::v1::permissions::{PermissionRequest, Resolution};
use octi_domain::limits;
use serde_json::json;
use uuid::Uuid;

use crate::glyphs::GlyphSet;
use crate::message::{Effect, Msg, Purpose};
use crate::overlay::Overlay;
use crate::testing::*;

/// A turn up to its answer.
fn whole_turn(person: &mut Person) {
    person.hear(said(1, "write a greeting", false));
    person.hear(spawned());
    person.hear(iteration(1));
    person.hear(delta("I will write it down."));
    person.hear(invoked(json!({"path": "hello.md", "content": "# Hello\n"})));
    person.hear(result(false, "wrote 8 bytes"));
    person.hear(iteration(2));
    person.hear(delta("Done: see "));
    person.hear(delta("`hello.md`."));
    person.hear(response(3, "Done: see `hello.md`.\n\n| file | bytes |\n|---|---|\n| hello.md | 8 |"));
    person.hear(EventBody::AgentCompleted(ended(None)));
}

fn ask(person: &mut Person, request: PermissionRequest) {
    person.hear(spawned());
    person.hear(iteration(1));
    person.hear(invoked(request.arguments.clone()));
    person.hear(EventBody::PermissionRequest(request));
}

fn write_question() -> PermissionRequest {
    let arguments = json!({"path": "src/main.rs", "old": "fn main() {\n    old();\n}\n", "new": "fn main() {\n    new();\n}\n"});
    PermissionRequest { subject: Some("src/main.rs".to_owned()), ..question("edit_file", arguments) }
}

/// What was answered, if anything was.
fn answered(person: &mut Person) -> Option<(bool, Scope)> {
    person.sent().into_iter().find_map(|(frame, _)| match frame {
        ClientFrame::PermissionRespond(PermissionRespond { approved, scope, .. }) => Some((approved, scope)),
        _ => None,
    })
}

#[test]
fn an_empty_screen_says_what_belongs_there() {
    let mut person = Person::connected(80, 20);
    insta::assert_snapshot!(person.screen());
}

#[test]
fn the_first_message_makes_the_conversation_and_is_shown_at_once() {
    let mut person = Person::connected(80, 20);
    person.say("write a greeting");
    assert!(
        matches!(&person.effects[..], [Effect::Create { title, number: 1, workspace: None, project: None }] if title == "write a greeting"),
        "{:?}",
        person.effects
    );
    assert!(person.sees("You · sending…") && person.sees("write a greeting"));
    person.effects.clear();
    person.say("in capitals");
    assert!(person.effects.is_empty(), "the conversation is being made already: {:?}", person.effects);
    person.happen(Msg::Created { number: 1, outcome: Ok(session("write a greeting")) });
    let sent: Vec<&str> = person
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Send(ClientFrame::ChatSend(chat), _) => chat.content.as_str(),
            Effect::Send(ClientFrame::ChatSteer(chat), _) => chat.content.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sent, ["write a greeting", "in capitals"]);
    person.hear(said(1, "write a greeting", false));
    assert_eq!(person.screen().matches("sending").count(), 1, "the first is confirmed");
}

#[test]
fn a_turn_reads_well_at_both_widths_and_in_both_sets_of_signs() {
    for (columns, glyphs, name) in [
        (80, GlyphSet::Unicode, "turn_80"),
        (140, GlyphSet::Unicode, "turn_140"),
        (80, GlyphSet::Ascii, "turn_80_ascii"),
        (40, GlyphSet::Unicode, "turn_40"),
    ] {
        let mut person = Person::at(columns, 24, glyphs, None);
        person.online();
        person.open_session();
        person.model.panel = columns == 140;
        whole_turn(&mut person);
        let data = Some(json!({"inputTokens": 1200, "outputTokens": 34, "costUsd": 0.0031}));
        let cost = CommandResult { name: "cost".into(), result: "…".into(), error: None, data };
        person.frame(ServerFrame::CommandResult(cost), Some(Purpose::Cost));
        let screen = person.screen();
        assert!(glyphs != GlyphSet::Ascii || screen.is_ascii(), "{screen}");
        insta::assert_snapshot!(name, screen);
    }
}

#[test]
fn what_runs_is_told_with_its_arguments_and_time() {
    let mut person = Person::talking(80, 12);
    person.hear(said(1, "write", false));
    person.hear(spawned());
    person.hear(iteration(1));
    assert!(person.sees("waiting for the model"));
    person.hear(thought("hm"));
    assert!(person.sees("thinking"));
    person.hear(invoked(json!({"path": "hello.md"})));
    person.wait(65_000);
    assert!(person.sees("files.write_file path=hello.md"), "{}", person.screen());
    assert!(person.sees("1 min 5 s · demo"), "{}", person.screen());
}

#[test]
fn details_are_one_key_away() {
    let mut person = Person::talking(80, 30);
    whole_turn(&mut person);
    assert!(!person.sees("wrote 8 bytes, in full"));
    person.press(KeyCode::F(6));
    assert!(person.sees("wrote 8 bytes, in full") && person.sees("    content\n      # Hello"), "{}", person.screen());
    person.press(KeyCode::F(6));
    assert!(!person.sees("wrote 8 bytes, in full"));
}

#[test]
fn what_is_said_to_a_running_turn_steers_it() {
    let mut person = Person::talking(80, 20);
    person.hear(spawned());
    person.say("in capitals");
    assert!(
        matches!(&person.sent()[..], [(ClientFrame::ChatSteer(steer), Purpose::Message(_))] if steer.content == "in capitals")
    );
    person.hear(said(5, "in capitals", true));
    assert!(person.sees("You · to the turn that ran"));
}

#[test]
fn a_question_is_shown_with_all_one_needs_to_decide() {
    for (columns, glyphs, name) in [
        (80, GlyphSet::Unicode, "question_80"),
        (140, GlyphSet::Ascii, "question_140_ascii"),
        (40, GlyphSet::Unicode, "question_40"),
    ] {
        let mut person = Person::at(columns, 24, glyphs, None);
        person.online();
        person.open_session();
        ask(&mut person, write_question());
        let second = PermissionRequest { id: Uuid::from_u128(0x9a), ..question("read_file", json!({"path": "b"})) };
        person.hear(EventBody::PermissionRequest(second));
        insta::assert_snapshot!(name, person.screen());
    }
}

#[test]
fn what_a_question_does_not_show_it_says() {
    let mut person = Person::talking(80, 24);
    ask(&mut person, question("write_file", json!({"path": "a", "content": "line\n".repeat(20_000)})));
    assert!(person.sees("more lines"), "{}", person.screen());
    person.model.prompt.scroll = 500;
    person.press(KeyCode::Down);
    assert!(person.sees("are not shown here") && person.sees("lines above"), "{}", person.screen());
}

#[test]
fn each_key_gives_its_answer() {
    let answers = [
        ('1', (true, Scope::Once)),
        ('2', (true, Scope::Session)),
        ('3', (true, Scope::Always)),
        ('4', (false, Scope::Once)),
        ('y', (true, Scope::Once)),
        ('N', (false, Scope::Once)),
    ];
    for (key, expected) in answers {
        let mut person = Person::talking(80, 24);
        ask(&mut person, write_question());
        person.wait(1_000);
        person.press(KeyCode::Char(key));
        assert_eq!(answered(&mut person), Some(expected), "{key}");
        assert!(!person.sees("may files.edit_file"), "it goes away at once");
        assert!(person.model.input.is_empty());
    }
}

#[test]
fn escape_declines_and_never_leaves_an_agent_waiting() {
    let mut person = Person::talking(80, 24);
    ask(&mut person, write_question());
    person.press(KeyCode::Esc);
    assert_eq!(answered(&mut person), Some((false, Scope::Once)));
}

#[test]
fn a_key_that_was_meant_for_the_text_does_not_answer() {
    let mut person = Person::talking(80, 24);
    person.write("buy 1");
    ask(&mut person, write_question());
    person.write("2 eggs, yes");
    assert_eq!(answered(&mut person), None);
    assert_eq!(person.model.input.text(), "buy 12 eggs, yes");
    person.wait(1_000);
    person.write("1");
    assert_eq!(answered(&mut person), None, "a moment is short while a text is being written");
    person.alt('1');
    assert_eq!(answered(&mut person), Some((true, Scope::Once)), "with Alt there is no doubt");
    assert_eq!(person.model.input.text(), "buy 12 eggs, yes1");
}

#[test]
fn only_so_many_questions_are_kept() {
    let mut person = Person::talking(80, 24);
    for id in 0..limits::TUI_QUESTIONS_MAX as u128 + 5 {
        person.model.questions.retain(|question| question.id != Uuid::from_u128(id));
        person.hear(EventBody::PermissionRequest(PermissionRequest { id: Uuid::from_u128(id), ..write_question() }));
    }
    assert_eq!(person.model.questions.len(), limits::TUI_QUESTIONS_MAX);
}

#[test]
fn a_lost_connection_loses_nothing_that_was_typed() {
    let mut person = Person::talking(80, 20);
    person.say("first");
    person.sent();
    person.offline();
    assert!(person.sees("not connected, again in 3 s (connection reset)"), "{}", person.screen());
    assert!(person.sees("not sent: the connection was lost"), "{}", person.screen());
    person.say("second");
    assert_eq!(person.model.input.text(), "second", "it stays where it was typed");
    assert!(matches!(person.effects[..], [Effect::ConnectNow]), "{:?}", person.effects);
    person.effects.clear();
    person.happen(Msg::Connecting);
    person.online();
    let asked: Vec<String> = person.sent().iter().map(|(frame, _)| format!("{frame:?}")).collect();
    assert!(asked.iter().any(|frame| frame.starts_with("Subscribe")) && asked.iter().any(|frame| frame.starts_with("Replay")));
    // The first had arrived after all.
    person.replayed(vec![event(0x77, said(1, "first", false))], false);
    assert!(!person.sees("not sent"), "{}", person.screen());
    person.press(KeyCode::Enter);
    assert!(matches!(&person.sent().last(), Some((ClientFrame::ChatSend(chat), _)) if chat.content == "second"));
}

#[test]
fn a_gap_loads_the_conversation_again() {
    let mut person = Person::talking(80, 20);
    whole_turn(&mut person);
    person.offline();
    person.online();
    person.effects.clear();
    person.replayed(Vec::new(), true);
    assert!(person.effects.iter().any(|effect| matches!(effect, Effect::Load(id) if *id == SESSION)), "{:?}", person.effects);
}

#[test]
fn a_refusal_stands_at_what_was_refused() {
    let mut person = Person::talking(80, 20);
    person.say("hi");
    let (_, purpose) = person.sent().pop().expect("a frame");
    person.frame(refusal("too many messages; wait a minute"), Some(purpose));
    assert!(person.sees("✗ not sent: too many messages; wait a minute. Up brings the text back."), "{}", person.screen());
    person.press(KeyCode::Up);
    assert_eq!(person.model.input.text(), "hi");
}

#[test]
fn new_output_does_not_move_what_is_read() {
    let mut person = Person::talking(80, 12);
    for number in 0..30 {
        person.hear(said(0x100 + number, &format!("message {number}"), false));
    }
    person.press(KeyCode::PageUp);
    let read = person.screen();
    let first = read.lines().next().expect("a line").to_owned();
    person.hear(said(0x200, "one more", false));
    person.hear(spawned());
    person.hear(delta("word\nby\nword"));
    let now = person.screen();
    assert_eq!(now.lines().next(), Some(first.as_str()));
    assert!(now.contains("new below · End") && now.contains("above"), "{now}");
    person.press(KeyCode::End);
    assert!(person.sees("word\n") && !person.sees("new below"));
}

#[test]
fn a_command_is_completed_and_obeyed() {
    let mut person = Person::talking(80, 20);
    let data = Some(help());
    let result = CommandResult { name: "help".into(), result: "/help: list the commands".into(), error: None, data };
    person.frame(ServerFrame::CommandResult(result.clone()), Some(Purpose::Help));
    assert!(!person.sees("/help: list"), "nobody asked for it");
    person.write("/c");
    person.press(KeyCode::Tab);
    assert!(person.sees("/clear, /cost"), "{}", person.screen());
    person.write("o");
    person.press(KeyCode::Tab);
    assert_eq!(person.model.input.text(), "/cost ");
    person.press(KeyCode::Enter);
    assert!(matches!(&person.sent()[..], [(ClientFrame::Command(command), Purpose::Command)]
        if command.name == "cost" && command.session_id == Some(SESSION)));
    person.frame(ServerFrame::CommandResult(result), Some(Purpose::Command));
    assert!(person.sees("/help: list the commands") && person.sees("/resume [ID or title]"), "{}", person.screen());
}

#[test]
fn clearing_wipes_the_screen() {
    let mut person = Person::talking(80, 20);
    whole_turn(&mut person);
    let result = CommandResult { name: "clear".into(), result: "cleared".into(), error: None, data: None };
    person.frame(ServerFrame::CommandResult(result), Some(Purpose::Command));
    assert!(person.sees("cleared") && !person.sees("Done: see"), "{}", person.screen());
}

#[test]
fn a_summary_that_fails_is_told_late_and_in_its_own_conversation() {
    let mut person = Person::talking(80, 20);
    let failed = |session: Uuid, why: &str| {
        let data = Some(json!({ "sessionId": session.to_string() }));
        ServerFrame::CommandResult(CommandResult { name: "compact".into(), result: why.into(), error: Some(why.into()), data })
    };
    person.frame(failed(Uuid::nil(), "of another one"), None);
    person.frame(failed(SESSION, "the model answered nothing"), None);
    assert!(person.sees("error: the model answered nothing") && !person.sees("another one"), "{}", person.screen());
}

#[test]
fn the_palette_finds_commands_and_conversations() {
    let mut person = Person::talking(80, 24);
    person.happen(Msg::Sessions(Ok(vec![session("buy milk")])));
    person.write("draft");
    person.ctrl('p');
    insta::assert_snapshot!(person.screen());
    person.write("whoami");
    person.press(KeyCode::Enter);
    assert!(matches!(person.effects[..], [Effect::WhoAmI]), "{:?}", person.effects);
    assert_eq!(person.model.input.text(), "draft", "what was being written is still there");
    person.press(KeyCode::F(3));
    assert!(person.sees("buy milk  now, 2 messages, open"), "{}", person.screen());
    person.press(KeyCode::Esc);
    assert!(person.model.overlay.is_none());
}

#[test]
fn every_key_is_listed() {
    let mut person = Person::talking(80, 30);
    person.press(KeyCode::F(5));
    insta::assert_snapshot!(person.screen());
    person.press(KeyCode::Esc);
    assert!(person.model.overlay.is_none());
}

#[test]
fn signing_in_asks_for_the_password_and_shows_none_of_it() {
    let mut person = Person::talking(80, 20);
    whole_turn(&mut person);
    person.say("/login bob");
    person.write("hunter2");
    assert!(!person.sees("hunter2") && person.sees("password: •••••••"), "{}", person.screen());
    person.press(KeyCode::Enter);
    assert!(matches!(person.effects.last(), Some(Effect::SignIn { username, .. }) if username == "bob"));
    person.happen(Msg::SignedIn(Err("the name or the password is wrong".to_owned())));
    assert!(person.sees("the name or the password is wrong"));
    person.happen(Msg::SignedIn(Ok(user("bob"))));
    assert!(person.sees("signed in as bob") && !person.sees("hello.md"), "nothing of the one before stays: {}", person.screen());
    assert!(person.model.signed_in);
    person.say("/logout");
    assert!(matches!(person.effects.last(), Some(Effect::SignOut)));
}

#[test]
fn control_c_stops_the_turn_and_twice_leaves() {
    let mut person = Person::talking(80, 20);
    person.hear(spawned());
    person.ctrl('c');
    assert!(matches!(&person.sent()[..], [(ClientFrame::AgentStop(stop), _)] if stop.agent_id == AGENT));
    person.wait(4_000);
    person.hear(EventBody::AgentStopped(ended(None)));
    assert!(person.sees("you stopped this turn"));
    person.sent();
    person.write("half a text");
    person.ctrl('c');
    assert!(person.model.input.is_empty() && person.effects.is_empty());
    person.press(KeyCode::Up);
    assert_eq!(person.model.input.text(), "half a text", "it is not lost");
    person.ctrl('c');
    person.ctrl('c');
    assert!(matches!(person.effects[..], [Effect::Quit]), "{:?}", person.effects);
}

#[test]
fn several_lines_are_written_and_pasted() {
    let mut person = Person::talking(80, 20);
    person.write("one\\");
    person.press(KeyCode::Enter);
    person.happen(Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT)));
    person.happen(Msg::Paste("two\r\nthree\u{1b}[2J".to_owned()));
    person.press(KeyCode::Enter);
    let sent = person.sent();
    assert!(matches!(&sent[..], [(ClientFrame::ChatSend(chat), _)] if chat.content == "one\n\ntwo\nthree"), "{sent:?}");
    person.happen(Msg::Paste("x".repeat(limits::TUI_PASTE_BYTES_MAX + 1)));
    assert!(person.sees("nothing was pasted: it is longer than 200 kB"), "{}", person.screen());
}

#[test]
fn the_activity_is_beside_the_conversation_or_over_it() {
    let mut person = Person::talking(140, 20);
    whole_turn(&mut person);
    person.alt('s');
    assert!(person.sees("Activity") && person.sees("Done: see") && person.sees("2 steps · 1.2k tokens"), "{}", person.screen());
    let mut narrow = Person::talking(60, 20);
    whole_turn(&mut narrow);
    narrow.press(KeyCode::F(7));
    assert!(narrow.sees("Activity") && !narrow.sees("Done: see"), "{}", narrow.screen());
}

#[test]
fn no_size_of_the_screen_is_too_small_to_draw() {
    for (columns, rows) in [(1, 1), (5, 2), (20, 6), (25, 8), (40, 10), (300, 80)] {
        let mut person = Person::at(columns, rows, GlyphSet::Emoji, None);
        person.online();
        person.open_session();
        whole_turn(&mut person);
        ask(&mut person, write_question());
        person.offline();
        person.ctrl('p');
        person.press(KeyCode::Esc);
        person.press(KeyCode::F(5));
        person.press(KeyCode::Esc);
        person.say("/login x");
        assert!(matches!(person.model.overlay, Some(Overlay::SignIn(_))));
    }
}
