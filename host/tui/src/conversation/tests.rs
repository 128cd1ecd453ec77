//! Events and stored messages, in every order they may come in.

use octi_api::v1::agents::{Agent, AgentStatus, Usage};
use octi_api::v1::messages::{Message as Stored, Part, Role};
use serde_json::json;

use super::*;
use crate::testing::*;
use octi_api::event::{ChatError, ChatMessage, CompactionStalled, EventBody};

fn heard(bodies: impl IntoIterator<Item = EventBody>) -> Conversation {
    let mut conversation = Conversation::of(SESSION);
    for (id, body) in (1..).zip(bodies) {
        conversation.hear(event(id, body));
    }
    conversation
}

/// Each item in a few words.
fn told(conversation: &Conversation) -> Vec<String> {
    let told = |item: &Item| match &item.kind {
        Kind::Message(m) => {
            let who = if m.speaker == Speaker::User { "you" } else { "octi" };
            let marks = [(m.injected, " (injected)"), (m.cut, " (cut)"), (m.sending.is_some(), " (unconfirmed)")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            format!("{who}: {}{marks}", m.text)
        }
        Kind::Tool(tool) => format!("{}: {:?}", tool.name, tool.state),
        Kind::Notice(notice) => format!("{:?}: {}", notice.tone, notice.text),
        Kind::Aside(Aside::Question { text, state }) => format!("aside: {text} ({state:?})"),
        Kind::Aside(Aside::Answer { question, outcome, .. }) => format!("to {question:?}: {outcome:?}"),
    };
    conversation.items.iter().map(told).collect()
}

fn stored(seq: i64, role: Role, parts: Vec<Part>) -> Stored {
    let id = Uuid::from_u128(0x3000 + seq.unsigned_abs() as u128);
    Stored { id, session_id: SESSION, agent_id: Some(AGENT), seq, role, parts, created_at: start() }
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned() }
}

fn agent(status: AgentStatus) -> Agent {
    Agent {
        id: AGENT,
        session_id: SESSION,
        role: "general".to_owned(),
        model: "demo".to_owned(),
        status,
        reason: None,
        iterations: 1,
        usage: Usage::default(),
        skills: Vec::new(),
        started_at: start(),
        ended_at: None,
    }
}

#[test]
fn a_turn_is_told_in_its_order() {
    let conversation = heard([
        said(1, "write it", false),
        spawned(),
        thought("hm"),
        delta("I will "),
        delta("write."),
        invoked(json!({"path": "a"})),
        EventBody::PermissionRequest(question("write_file", json!({"path": "a"}))),
        result(false, "wrote 3 bytes"),
        said(2, "in capitals", true),
        delta("Done."),
        response(3, "Done."),
        EventBody::AgentCompleted(ended(None)),
    ]);
    let expected =
        ["you: write it", "octi: I will write.", "files__write_file: Done", "you: in capitals (injected)", "octi: Done."];
    assert_eq!(told(&conversation), expected);
    assert!(conversation.turn.is_none());
    let (_, past) = &conversation.agents[0];
    assert_eq!((past.end, past.tokens, past.iterations), (Some(AgentStatus::Completed), 1_234, 2));
}

#[test]
fn the_skills_of_a_turn_stand_below_its_answer_whoever_tells_them_first() {
    let skills = vec!["code-review\u{1b}[2J".to_owned()];
    let given = EventBody::AgentSkills(octi_api::event::AgentSkills { agent_id: AGENT, skills: skills.clone() });
    let mut answer = response(3, "Done.");
    if let EventBody::ChatResponse(response) = &mut answer {
        response.skills = skills.clone();
    }
    let of = |conversation: &Conversation| match conversation.items.last().map(|item| item.kind.clone()) {
        Some(Kind::Message(message)) => message.skills,
        other => panic!("no answer: {other:?}"),
    };
    let live = heard([said(1, "review", false), spawned(), given, answer, EventBody::AgentCompleted(ended(None))]);
    assert_eq!((of(&live), live.agents[0].1.skills.clone()), (vec!["code-review".to_owned()], vec!["code-review".to_owned()]));
    let mut later = Conversation::of(SESSION);
    let answered = stored(2, Role::Assistant, vec![text("Done.")]);
    let turn = Agent { skills, ..agent(AgentStatus::Completed) };
    later.load(&[stored(1, Role::User, vec![text("review")]), answered], &[turn]);
    assert_eq!(of(&later), ["code-review"]);
}

#[test]
fn an_event_that_comes_twice_changes_nothing() {
    let mut conversation = heard([said(1, "hi", false), spawned(), delta("hel")]);
    for (id, body) in [(1, said(1, "hi", false)), (3, delta("hel"))] {
        conversation.hear(event(id, body));
    }
    assert_eq!(conversation.turn.as_ref().map(|turn| turn.draft.as_str()), Some("hel"));
    assert_eq!(told(&conversation), ["you: hi"]);
}

#[test]
fn what_the_host_says_is_told() {
    let host = |id, text: &str| match said(id, text, false) {
        EventBody::ChatMessage(message) => EventBody::ChatMessage(ChatMessage { role: Role::System, ..message }),
        other => other,
    };
    let (cleared, summarised) = (octi_domain::message::CLEARED, "Summarised: 10 older messages.");
    let conversation = heard([host(1, cleared), said(2, "hi", false), host(3, summarised)]);
    let expected = ["Rule: what was said before is not recalled", "you: hi", "Info: Summarised: 10 older messages."];
    assert_eq!(told(&conversation), expected);
}

#[test]
fn an_event_of_another_session_is_not_for_this_one() {
    let mut conversation = Conversation::of(Uuid::from_u128(7));
    conversation.hear(event(1, said(1, "hi", false)));
    assert!(conversation.items.is_empty());
}

#[test]
fn a_message_is_shown_once_when_the_server_confirms_it() {
    let mut conversation = Conversation::of(SESSION);
    conversation.add_sending("hi", false);
    assert_eq!(told(&conversation), ["you: hi (unconfirmed)"]);
    let key = conversation.items[0].key;
    conversation.hear(event(1, said(1, "hi", false)));
    assert_eq!(told(&conversation), ["you: hi"]);
    assert_eq!(conversation.items[0].key, key, "it keeps its place");
}

#[test]
fn an_answer_keeps_its_place_when_it_becomes_a_message() {
    let mut conversation = heard([spawned(), delta("hel")]);
    let key = conversation.peek_draft_key(AGENT);
    assert_eq!(conversation.peek_draft_key(AGENT), key);
    conversation.hear(event(9, response(3, "hello")));
    assert_eq!(conversation.items[0].key, key);
    assert_ne!(conversation.peek_draft_key(AGENT), key, "the next answer is another thing");
}

#[test]
fn a_failure_is_told_once_and_what_ran_is_not_finished() {
    let conversation = heard([
        spawned(),
        invoked(json!({})),
        EventBody::ChatError(ChatError { agent_id: AGENT, code: "unavailable".into(), message: "the model is away".into() }),
        EventBody::AgentFailed(ended(Some("no answer"))),
    ]);
    assert_eq!(told(&conversation), ["files__write_file: Unfinished", "Error: the model is away"]);
    let stopped = heard([spawned(), delta("half"), EventBody::AgentStopped(ended(None))]);
    assert_eq!(told(&stopped), ["octi: half", "Stopped: you stopped this turn"]);
}

#[test]
fn live_events_wait_for_a_replay_and_count_once() {
    let mut conversation = heard([said(1, "hi", false), spawned(), delta("a")]);
    conversation.await_replay(start());
    // These come before the answer, and are in it.
    conversation.hear(event(5, delta("c")));
    assert_eq!(conversation.turn.as_ref().unwrap().draft, "a");
    let events = vec![event(4, delta("b")), event(5, delta("c"))];
    let replay = Replayed { session_id: SESSION, events, gap: false };
    assert_eq!(conversation.replayed(replay), AfterReplay::Nothing);
    conversation.hear(event(6, delta("d")));
    assert_eq!(conversation.turn.as_ref().unwrap().draft, "abcd");
}

#[test]
fn a_gap_keeps_the_beginning_of_an_answer_until_there_is_a_better_one() {
    let mut conversation = heard([said(0x3001, "hi", false), spawned(), delta("The answer ")]);
    conversation.loaded = true;
    conversation.await_replay(start());
    let events = vec![event(90, delta("tail"))];
    assert_eq!(conversation.replayed(Replayed { session_id: SESSION, events, gap: true }), AfterReplay::Reload);
    assert_eq!(conversation.turn.as_ref().map(|turn| turn.draft.as_str()), Some("tail"), "what comes now has a hole before it");
    let messages =
        [stored(1, Role::User, vec![text("hi")]), stored(2, Role::Assistant, vec![text("The answer is 4 and a tail")])];
    conversation.load(&messages, &[agent(AgentStatus::Completed)]);
    assert_eq!(told(&conversation), ["you: hi", "octi: The answer is 4 and a tail"]);
    assert!(conversation.turn.is_none(), "the turn ended meanwhile");
}

#[test]
fn a_replay_that_does_not_come_is_not_waited_for() {
    let mut conversation = heard([spawned(), delta("a")]);
    let limit = chrono::TimeDelta::seconds(4);
    conversation.await_replay(start());
    conversation.hear(event(9, delta("b")));
    assert_eq!(conversation.give_up_replay(start(), limit), AfterReplay::Nothing);
    assert_eq!(conversation.give_up_replay(start() + limit, limit), AfterReplay::Reload);
    assert_eq!(conversation.turn.as_ref().unwrap().draft, "ab");
    let late = Replayed { session_id: SESSION, events: vec![event(9, delta("b"))], gap: true };
    assert_eq!(conversation.replayed(late), AfterReplay::Nothing, "too late: the stored messages were loaded");
}

#[test]
fn stored_messages_and_events_are_one_conversation() {
    let mut conversation =
        heard([said(0x3001, "write it", false), spawned(), invoked(json!({"path": "a"})), result(false, "wrote it")]);
    conversation.add_sending("and more", true);
    let call = Part::ToolCall { id: "call_1".into(), name: "files__write_file".into(), arguments: json!({"path": "a"}) };
    let given = Part::ToolResult {
        call_id: "call_1".into(),
        name: "files__write_file".into(),
        content: "all of it".into(),
        is_error: false,
        artifact_id: None,
        files: Vec::new(),
    };
    let messages = [
        stored(1, Role::User, vec![text("write it")]),
        stored(2, Role::Assistant, vec![text("Writing."), call]),
        stored(3, Role::Tool, vec![given]),
    ];
    conversation.load(&messages, &[agent(AgentStatus::Running)]);
    let expected = ["you: write it", "octi: Writing.", "files__write_file: Done", "you: and more (injected) (unconfirmed)"];
    assert_eq!(told(&conversation), expected);
    let tool = conversation.tool_of_call(CALL).expect("the event's id is kept");
    assert_eq!((tool.summary.as_deref(), tool.result.as_deref()), (Some("wrote it"), Some("all of it")));
    assert!(conversation.turn.is_some());
    conversation.load(&messages, &[agent(AgentStatus::Running)]);
    assert_eq!(told(&conversation), expected, "loading twice changes nothing");
}

#[test]
fn what_is_asked_beside_is_told_once_and_in_any_order() {
    let mut conversation = Conversation::of(SESSION);
    conversation.add_aside("why?");
    let (question, answer) = (beside(7, Role::User, "why?", None), beside(8, Role::Assistant, "So.", Some(7)));
    for (id, body) in [(1, question.clone()), (2, answer.clone()), (3, question.clone()), (4, answer.clone())] {
        conversation.hear(event(id, body));
    }
    assert_eq!(told(&conversation), ["aside: why? (Answered)", "to \"why?\": Ok(\"So.\")"]);
    let turned = heard([answer, question]);
    assert_eq!(told(&turned), ["to \"\": Ok(\"So.\")", "aside: why? (Answered)"]);
    let long = heard([beside(7, Role::Assistant, &"x".repeat(limits::TUI_TEXT_BYTES_MAX + 9), Some(6))]);
    assert!(told(&long)[0].len() <= limits::TUI_TEXT_BYTES_MAX + 20);
}

/// What a person said to that turn, as the event and as the stored message; its place in the conversation is its text.
fn spoken(seq: i64, agent: Uuid) -> (EventBody, Stored) {
    let message = Stored { agent_id: Some(agent), ..stored(seq, Role::User, vec![text(&seq.to_string())]) };
    let said = match said(message.id.as_u128(), &seq.to_string(), false) {
        EventBody::ChatMessage(said) => EventBody::ChatMessage(ChatMessage { agent_id: Some(agent), ..said }),
        other => other,
    };
    (said, message)
}

/// The same, each to a turn of its own.
fn spoken_alone(seq: i64) -> (EventBody, Stored) {
    spoken(seq, Uuid::from_u128(seq.unsigned_abs().into()))
}

fn heard_of(numbers: std::ops::RangeInclusive<i64>) -> Conversation {
    heard(numbers.map(|seq| spoken_alone(seq).0))
}

fn stored_of(numbers: std::ops::RangeInclusive<i64>) -> Vec<Stored> {
    numbers.map(|seq| spoken_alone(seq).1).collect()
}

fn texts(conversation: &Conversation) -> Vec<i64> {
    told(conversation).iter().filter_map(|text| text.strip_prefix("you: ")?.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn what_is_older_than_the_loaded_messages_stays_above_them() {
    let mut conversation = heard_of(1..=6);
    conversation.inform(Tone::Info, "at the end");
    conversation.await_load();
    conversation.hear(event(90, spoken_alone(9).0));
    conversation.load(&stored_of(4..=8), &[]);
    assert_eq!(texts(&conversation), (1..=9).collect::<Vec<_>>());
    assert_eq!(told(&conversation).last().map(String::as_str), Some("you: 9"), "it came last");
}

#[test]
fn what_a_running_turn_did_before_the_loaded_messages_stays_above_them() {
    let mut conversation = heard((1..=6).map(|seq| spoken(seq, AGENT).0));
    let loaded: Vec<Stored> = (4..=8).map(|seq| spoken(seq, AGENT).1).collect();
    conversation.await_load();
    conversation.load(&loaded, &[agent(AgentStatus::Running)]);
    assert_eq!(texts(&conversation), (1..=8).collect::<Vec<_>>());
}

#[test]
fn what_this_screen_said_stays_where_it_was_said() {
    let mut conversation = heard_of(1..=2);
    conversation.inform(Tone::Info, "between");
    conversation.hear(event(90, spoken_alone(3).0));
    conversation.load(&stored_of(1..=4), &[]);
    assert_eq!(told(&conversation), ["you: 1", "you: 2", "Info: between", "you: 3", "you: 4"]);
}

#[test]
fn what_is_older_than_a_hole_is_left_out() {
    let mut conversation = heard_of(1..=6);
    conversation.inform(Tone::Info, "old");
    conversation.add_sending("unsent", false);
    conversation.await_load();
    conversation.hear(event(90, spoken_alone(30).0));
    conversation.load(&stored_of(20..=29), &[]);
    let mut expected: Vec<String> = (20..=29).map(|seq| format!("you: {seq}")).collect();
    expected.extend(["you: unsent (unconfirmed)".to_owned(), "you: 30".to_owned()]);
    assert_eq!(told(&conversation), expected);
    assert!(conversation.is_cut, "that something is left out is said");
}

#[test]
fn a_short_conversation_leaves_nothing_out() {
    let mut conversation = Conversation::of(SESSION);
    conversation.inform(Tone::Error, "it cannot be loaded");
    conversation.await_load();
    conversation.load(&stored_of(1..=3), &[]);
    assert_eq!(told(&conversation), ["you: 1", "you: 2", "you: 3", "Error: it cannot be loaded"]);
}

#[test]
fn a_stored_call_is_the_one_that_is_announced_later() {
    let call = Part::ToolCall { id: "call_1".into(), name: "files__write_file".into(), arguments: json!({"path": "a"}) };
    let mut conversation = Conversation::of(SESSION);
    conversation.load(&[stored(1, Role::Assistant, vec![call])], &[agent(AgentStatus::Running)]);
    assert_eq!(told(&conversation), ["files__write_file: Running"], "it has no result and its turn runs");
    conversation.hear(event(1, invoked(json!({"path": "a"}))));
    conversation.hear(event(2, result(true, "no room")));
    assert_eq!(told(&conversation), ["files__write_file: Failed"]);
}

#[test]
fn what_was_not_confirmed_and_arrived_is_not_shown_as_lost() {
    let mut conversation = heard([spawned()]);
    conversation.add_sending("arrived", false);
    conversation.add_sending("lost", false);
    conversation.mark_failed();
    conversation.await_replay(start());
    let events = vec![event(8, said(0x55, "arrived", false))];
    conversation.replayed(Replayed { session_id: SESSION, events, gap: false });
    assert_eq!(told(&conversation), ["you: arrived", "you: lost (unconfirmed)"]);
}

#[test]
fn texts_of_strangers_obey_no_terminal() {
    let conversation = heard([spawned(), response(3, "a\u{1b}[2Jb"), result(true, "\u{1b}]0;title\u{7}x")]);
    assert_eq!(told(&conversation)[0], "octi: ab");
    assert!(matches!(&conversation.items[1].kind, Kind::Tool(tool) if tool.summary.as_deref() == Some("x")));
}

#[test]
fn a_conversation_that_is_nearly_too_long_says_so() {
    let reason = "It takes about 9 of 10 tokens.\u{1b}[2J".to_owned();
    let stalled = CompactionStalled { agent_id: AGENT, reason, tokens: 9, tokens_max: 10 };
    let conversation = heard([spawned(), EventBody::CompactionStalled(stalled)]);
    assert_eq!(told(&conversation), ["Info: It takes about 9 of 10 tokens."]);
    assert!(conversation.turn.is_some());
}

#[test]
fn the_oldest_things_and_turns_are_forgotten() {
    let mut conversation = Conversation::of(SESSION);
    for number in 0..=limits::TUI_ITEMS_MAX {
        conversation.inform(Tone::Info, &number.to_string());
    }
    assert_eq!(conversation.items.len(), limits::TUI_ITEMS_MAX);
    assert_eq!(told(&conversation)[0], "Info: 1");
    assert!(conversation.is_cut);
    let agents: Vec<Agent> = (0..=limits::TUI_AGENTS_MAX as u128)
        .map(|id| Agent { id: Uuid::from_u128(id), ..agent(AgentStatus::Completed) })
        .collect();
    conversation.load(&[], &agents);
    assert_eq!(conversation.agents.len(), limits::TUI_AGENTS_MAX);
}

#[test]
fn a_text_without_end_is_cut() {
    let half = "x".repeat(limits::TUI_TEXT_BYTES_MAX / 2 + 1);
    let mut conversation = heard([spawned(), delta(&half), delta(&half), delta("y")]);
    assert!(conversation.turn.as_ref().unwrap().draft.len() <= limits::TUI_TEXT_BYTES_MAX);
    conversation.hear(event(9, response(3, &half.repeat(2))));
    assert!(told(&conversation)[0].len() <= limits::TUI_TEXT_BYTES_MAX + 20);
}
