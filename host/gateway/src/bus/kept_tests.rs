//! What is kept, in which order things go, and that a client can go on anywhere.

use chrono::DateTime;
use octi_domain::event::{Event, EventKind};
use octi_domain::ids::RunId;

use super::*;

const ANN: u128 = 1;

fn session(number: u128) -> SessionId {
    Uuid::from_u128(number).into()
}

fn envelope(number: u128, kind: EventKind) -> EventEnvelope {
    EventEnvelope::from_domain(&Event {
        id: Uuid::from_u128(number).into(),
        user_id: Uuid::from_u128(ANN).into(),
        session_id: Some(session(1)),
        at: DateTime::UNIX_EPOCH,
        kind,
    })
}

/// A piece of the answer of an agent.
fn piece(number: u128, agent: u128, text: &str) -> EventEnvelope {
    let run_id = RunId::from(Uuid::from_u128(agent));
    envelope(number, EventKind::ChatDelta { run_id, text: text.to_owned(), reasoning: false })
}

/// An event that is never merged.
fn step(number: u128) -> EventEnvelope {
    envelope(number, EventKind::AgentIteration { run_id: RunId::from(Uuid::nil()), iteration: 1 })
}

impl Kept {
    fn take(&mut self, of: u128, event: EventEnvelope) {
        let bytes = match &event.body {
            EventBody::ChatDelta(delta) => delta.text.len(),
            _ => 100,
        };
        self.add(Uuid::from_u128(ANN).into(), Some(session(of)), event, bytes);
    }

    fn ask(&mut self, of: u128, after: Option<u128>) -> Past {
        self.after(Uuid::from_u128(ANN).into(), session(of), after.map(Uuid::from_u128))
    }
}

fn ids(past: &Past) -> Vec<u128> {
    past.events.iter().map(|event| event.id.as_u128()).collect()
}

fn text(past: &Past) -> String {
    let texts = past.events.iter().filter_map(|event| match &event.body {
        EventBody::ChatDelta(delta) => Some(delta.text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[test]
fn exactly_what_was_missed_is_replayed() {
    let mut kept = Kept::default();
    (1..=5).for_each(|number| kept.take(1, step(number)));
    assert_eq!((ids(&kept.ask(1, Some(3))), kept.ask(1, Some(3)).gap), (vec![4, 5], false));
    assert_eq!((ids(&kept.ask(1, Some(5))), kept.ask(1, Some(5)).gap), (vec![], false));
    assert_eq!((ids(&kept.ask(1, None)), kept.ask(1, None).gap), (vec![1, 2, 3, 4, 5], false));
    assert_eq!((ids(&kept.ask(1, Some(99))), kept.ask(1, Some(99)).gap), (vec![1, 2, 3, 4, 5], true), "an unknown id");
    assert_eq!(kept.ask(2, None), Past { events: Vec::new(), gap: true }, "nothing is kept of it");
}

#[test]
fn the_oldest_events_go_and_that_is_told() {
    let mut kept = Kept::default();
    let last = limits::REPLAY_EVENTS_MAX as u128 + 1;
    (1..=last).for_each(|number| kept.take(1, step(number)));
    let past = kept.ask(1, None);
    assert_eq!((past.events.len(), ids(&past)[0], past.gap), (limits::REPLAY_EVENTS_MAX, 2, true));
    assert!(kept.ask(1, Some(1)).gap, "the one after which to go on is forgotten");
    assert!(!kept.ask(1, Some(2)).gap);
}

#[test]
fn a_long_answer_pushes_nothing_out_and_can_be_entered_anywhere() {
    let mut kept = Kept::default();
    kept.take(1, step(1));
    let whole: String = (0..1_000).map(|number| format!("ü{number}")).collect();
    (0..1_000).for_each(|number| kept.take(1, piece(10 + number, 7, &format!("ü{number}"))));
    kept.take(1, step(2_000));
    let past = kept.ask(1, None);
    assert_eq!((text(&past), past.gap, ids(&past)[0]), (whole.clone(), false, 1));
    assert!(past.events.len() < 10, "{}", past.events.len());
    for seen in [0, 1, 499, 998] {
        let past = kept.ask(1, Some(10 + seen));
        let before: String = (0..=seen).map(|number| format!("ü{number}")).collect();
        assert_eq!((before + &text(&past), past.gap), (whole.clone(), false), "{seen}");
    }
    assert_eq!(ids(&kept.ask(1, Some(1_009))), [2_000]);
}

#[test]
fn pieces_of_different_kinds_stay_apart() {
    let mut kept = Kept::default();
    let run_id = RunId::from(Uuid::from_u128(7));
    let thought = envelope(2, EventKind::ChatDelta { run_id, text: "hm".to_owned(), reasoning: true });
    [piece(1, 7, "a"), thought, piece(3, 7, "b"), piece(4, 8, "c"), step(5), piece(6, 8, "d")]
        .into_iter()
        .for_each(|event| kept.take(1, event));
    assert_eq!(ids(&kept.ask(1, None)), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_session_that_was_used_the_longest_ago_goes() {
    let mut kept = Kept::default();
    let count = limits::REPLAY_SESSIONS_MAX as u128;
    (1..=count).for_each(|of| kept.take(of, step(1)));
    kept.ask(1, None);
    kept.take(count + 1, step(1));
    assert_eq!(kept.sessions.len(), limits::REPLAY_SESSIONS_MAX);
    assert!(!kept.ask(1, None).gap, "asking is using");
    assert!(kept.ask(2, None).gap);
}

#[test]
fn bytes_are_bounded_for_one_session_and_for_all() {
    let mut kept = Kept::default();
    let long = "x".repeat(limits::REPLAY_MERGED_BYTES_MAX);
    (0..40).for_each(|number| kept.take(1, piece(number, 7, &long)));
    assert!(kept.bytes <= limits::REPLAY_SESSION_BYTES_MAX && kept.ask(1, None).gap);
    assert!(kept.ask(1, None).events.len() > 10);

    kept.take(2, piece(1, 7, &"x".repeat(2 * limits::REPLAY_SESSION_BYTES_MAX)));
    assert_eq!(kept.ask(2, None).events.len(), 1, "the newest stays whatever its size");
    kept.take(2, step(2));
    assert_eq!(ids(&kept.ask(2, None)), [2]);

    let many = (limits::REPLAY_BYTES_MAX / limits::REPLAY_SESSION_BYTES_MAX + 3) as u128;
    let large = "x".repeat(limits::REPLAY_SESSION_BYTES_MAX);
    (10..10 + many).for_each(|of| kept.take(of, piece(1, 7, &large)));
    assert!(kept.bytes <= limits::REPLAY_BYTES_MAX, "{}", kept.bytes);
    assert!(kept.sessions.len() < many as usize && kept.ask(1, None).gap);
    let counted: usize = kept.sessions.values().map(|history| history.bytes).sum();
    assert_eq!(kept.bytes, counted);
}
