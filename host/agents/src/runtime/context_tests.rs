//! Conversations in all the states a crash, a long day or a small model leaves them in.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn call(id: &str) -> Part {
    Part::ToolCall(ToolCall { id: id.into(), name: "t__x".into(), arguments: json!({}), signature: Some("s".into()) })
}

fn result(id: &str, content: &str) -> Part {
    Part::ToolResult(ToolResult {
        call_id: id.into(),
        name: "t__x".into(),
        content: content.into(),
        is_error: false,
        artifact: None,
        files: Vec::new(),
    })
}

fn conversation(entries: Vec<(Role, Vec<Part>)>) -> Conversation {
    let mut conversation = Conversation::default();
    for (role, parts) in entries {
        conversation.push(role, parts);
    }
    conversation
}

fn text(role: Role, text: &str) -> (Role, Vec<Part>) {
    (role, vec![Part::Text(text.into())])
}

const WIDE: Room = Room { context_window: None, taken: 0, trim: false };

fn window(tokens: u32) -> Room {
    Room { context_window: Some(tokens), ..WIDE }
}

fn roles(messages: &[ChatMessage]) -> Vec<Role> {
    messages.iter().map(|message| message.role).collect()
}

#[test]
fn results_stand_beside_their_calls_in_the_order_of_the_calls() {
    let talk = conversation(vec![
        text(Role::User, "go"),
        (Role::Assistant, vec![call("1"), call("2")]),
        (Role::Tool, vec![result("2", "two")]),
        text(Role::User, "and hurry"),
        (Role::Tool, vec![result("1", "one")]),
    ]);
    let seen = talk.fit(WIDE);
    assert_eq!(roles(&seen), [Role::User, Role::Assistant, Role::Tool, Role::User]);
    assert_eq!(seen[2].parts, [result("1", "one"), result("2", "two")]);
}

#[test]
fn a_call_that_never_answered_says_it_was_interrupted() {
    let talk = conversation(vec![
        text(Role::User, "go"),
        (Role::Assistant, vec![call("1")]),
        text(Role::User, "continue"),
        (Role::Assistant, vec![call("1")]),
        (Role::Tool, vec![result("1", "of the second")]),
    ]);
    let seen = talk.fit(WIDE);
    let Part::ToolResult(first) = &seen[2].parts[0] else { panic!("{seen:?}") };
    assert!(first.is_error && first.content.starts_with("interrupted"), "{first:?}");
    assert_eq!(seen[5].parts, [result("1", "of the second")]);
}

#[test]
fn thoughts_and_signatures_of_older_runs_stay_here() {
    let message = |run: u128, parts| Message {
        id: uuid(9).into(),
        session_id: uuid(8).into(),
        run_id: Some(uuid(run).into()),
        seq: 1,
        role: Role::Assistant,
        parts,
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    let messages = vec![message(1, vec![Part::Reasoning("hm".into()), call("a")]), message(2, vec![call("b")])];
    let seen = Conversation::from_messages(messages, uuid(2).into()).fit(WIDE);
    let signatures: Vec<_> = seen.iter().flat_map(|m| &m.parts).filter_map(call_of).map(|c| c.signature.clone()).collect();
    assert_eq!(signatures, [None, Some("s".into())]);
    assert!(!seen.iter().flat_map(|m| &m.parts).any(|part| matches!(part, Part::Reasoning(_))));
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[test]
fn what_does_not_fit_is_left_out_from_the_oldest_on() {
    let old = "x".repeat(4_000);
    let talk = conversation(vec![
        text(Role::User, &old),
        text(Role::Assistant, &old),
        text(Role::User, "short question"),
        text(Role::Assistant, "short answer"),
        text(Role::User, "now"),
    ]);
    let seen = talk.fit(window(1_500));
    assert_eq!(roles(&seen), [Role::User, Role::Assistant, Role::User]);
    assert_eq!(seen[0], ChatMessage::user("short question"));
}

#[test]
fn the_question_of_a_long_turn_is_never_lost() {
    let mut entries = vec![text(Role::User, "the question")];
    for n in 0..50 {
        entries.push((Role::Assistant, vec![call(&n.to_string())]));
        entries.push((Role::Tool, vec![result(&n.to_string(), &"y".repeat(400))]));
    }
    let seen = conversation(entries).fit(window(1_000));
    assert_eq!(seen[0], ChatMessage::user("the question"));
    assert!(seen.len() > 3 && seen.len() < 20, "{}", seen.len());
    assert_eq!(seen.last().unwrap().parts, [result("49", &"y".repeat(400))]);
}

#[test]
fn trimming_cuts_older_results_and_keeps_the_newest() {
    let long = "é".repeat(2_000);
    let talk = conversation(vec![
        text(Role::User, "go"),
        (Role::Assistant, vec![call("1")]),
        (Role::Tool, vec![result("1", &long)]),
        (Role::Assistant, vec![call("2")]),
        (Role::Tool, vec![result("2", &long)]),
    ]);
    let seen = talk.fit(Room { trim: true, ..WIDE });
    let Part::ToolResult(older) = &seen[2].parts[0] else { panic!("{seen:?}") };
    assert!(older.content.len() < 300 && older.content.contains("4000 bytes of an older result"), "{older:?}");
    assert_eq!(seen[4].parts, [result("2", &long)]);
}

#[test]
fn a_conversation_knows_whether_it_awaits_an_answer() {
    assert!(conversation(vec![text(Role::User, "go")]).awaits_answer());
    assert!(conversation(vec![(Role::Assistant, vec![call("1")])]).awaits_answer());
    assert!(!conversation(vec![text(Role::User, "go"), text(Role::Assistant, "half")]).awaits_answer());
    assert!(!Conversation::default().awaits_answer());
}

fn entries() -> impl Strategy<Value = (Role, Vec<Part>)> {
    prop_oneof![
        2 => "[a-z ]{1,80}".prop_map(|words| text(Role::User, &words)),
        2 => "[a-z ]{1,80}".prop_map(|words| text(Role::Assistant, &words)),
        2 => prop::collection::btree_set("[a-c]", 1..3)
            .prop_map(|ids| (Role::Assistant, ids.iter().map(|id| call(id)).collect())),
        3 => ("[a-c]", "[a-z]{0,200}").prop_map(|(id, content)| (Role::Tool, vec![result(&id, &content)])),
    ]
}

proptest! {
    #[test]
    fn calls_and_results_are_never_parted(
        entries in prop::collection::vec(entries(), 0..30),
        tokens in 0_u32..600,
        trim in any::<bool>(),
    ) {
        let seen = conversation(entries.clone()).fit(Room { context_window: Some(tokens), taken: 20, trim });
        let mut asked: Vec<String> = Vec::new();
        for message in &seen {
            let calls: Vec<String> = message.parts.iter().filter_map(call_of).map(|c| c.id.clone()).collect();
            let results: Vec<String> = message.parts.iter().filter_map(|part| match part {
                Part::ToolResult(result) => Some(result.call_id.clone()),
                _ => None,
            }).collect();
            prop_assert_eq!(&results, &asked, "every call is answered by the very next message");
            asked = calls;
        }
        prop_assert!(asked.is_empty());
        if let Some(question) = entries.iter().rev().find(|(role, _)| *role == Role::User) {
            prop_assert!(seen.iter().any(|m| m.parts == question.1), "the last question is always there");
            prop_assert_eq!(seen[0].role, Role::User);
        }
    }
}

#[test]
fn what_stands_before_the_last_clearing_is_not_seen_and_nobody_clears_by_saying_so() {
    let stored = |seq: i64, role, text: &str| Message {
        id: uuid(seq.unsigned_abs().into()).into(),
        session_id: uuid(0).into(),
        run_id: None,
        seq,
        role,
        parts: vec![Part::Text(text.to_owned())],
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    let seen = |messages| {
        let conversation = Conversation::from_messages(messages, uuid(9).into());
        let texts = conversation.fit(WIDE).into_iter().map(|message| octi_domain::message::plain_text(&message.parts));
        texts.collect::<Vec<_>>()
    };
    let said = |number| stored(number, Role::User, &format!("said {number}"));
    let cleared = |number| stored(number, Role::System, CLEARED);
    assert_eq!(seen(vec![said(1), cleared(2), said(3), cleared(4), said(5)]), ["said 5"]);
    assert_eq!(seen(vec![said(1), cleared(2)]), Vec::<String>::new());
    assert_eq!(seen(vec![said(1), stored(2, Role::User, CLEARED), said(3)]).len(), 3);
}
