//! The machine under random inputs, and its decisions one by one.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn said(text: &str) -> Vec<Part> {
    vec![Part::Text(text.to_owned())]
}

fn budget(iterations_max: u32, tokens_max: u64) -> Budget {
    Budget { iterations_max, tokens_max, time_max: Duration::from_secs(60) }
}

fn call(id: &str, argument: &str) -> Input {
    let call = ToolCall { id: id.into(), name: "t__x".into(), arguments: json!({ "a": argument }), signature: None };
    Input::ModelToolCall(call, Reach::nothing())
}

fn done(step: u32, index: usize) -> Input {
    let content = format!("result {step} {index}");
    let result =
        ToolResult { call_id: "?".into(), name: "t__x".into(), content, is_error: false, artifact: None, files: Vec::new() };
    Input::ToolFinished(CallKey { step, index }, result)
}

fn used(tokens: u64) -> Input {
    Input::ModelUsage(Usage { input_tokens: tokens, output_tokens: 0, estimated: false })
}

fn too_long() -> Input {
    Input::ModelFailed(ModelFailure {
        code: "context_length",
        message: "the conversation is too long".into(),
        is_context_length: true,
    })
}

/// Everything the machine wanted while it took in these inputs.
fn play(turn: &mut Turn, inputs: impl IntoIterator<Item = Input>) -> Vec<Effect> {
    inputs.into_iter().flat_map(|input| turn.step(input)).collect()
}

fn model_calls(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::CallModel { .. })).count()
}

fn ending(effects: &[Effect]) -> Option<(RunStatus, String)> {
    match effects.last() {
        Some(Effect::Finish { status, reason }) => Some((*status, reason.clone().unwrap_or_default())),
        _ => None,
    }
}

/// Ids of stored calls and of stored results, in order.
fn ledger(effects: &[Effect]) -> (Vec<String>, Vec<String>) {
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for effect in effects {
        if let Effect::Persist { parts, .. } = effect {
            for part in parts {
                match part {
                    Part::ToolCall(call) => calls.push(call.id.clone()),
                    Part::ToolResult(result) => results.push(result.call_id.clone()),
                    _ => {}
                }
            }
        }
    }
    (calls, results)
}

#[test]
fn a_plain_answer_is_stored_before_it_is_announced() {
    let mut turn = Turn::new(budget(50, 0));
    let effects = play(&mut turn, [Input::Started, Input::ModelText("hi".into()), used(7), Input::ModelEnd(Finish::Stop)]);
    assert_eq!(
        effects[effects.len() - 3..],
        [
            Effect::Persist { role: Role::Assistant, parts: vec![Part::Text("hi".into())] },
            Effect::Emit(Notice::Answer("hi".into())),
            Effect::Finish { status: RunStatus::Completed, reason: None },
        ]
    );
    assert_eq!((turn.iterations(), turn.usage().total()), (1, 7));
}

#[test]
fn the_next_step_waits_for_every_result() {
    let mut turn = Turn::new(budget(50, 0));
    play(&mut turn, [Input::Started, call("1", "a"), call("2", "b"), Input::ModelEnd(Finish::ToolCalls)]);
    assert_eq!(model_calls(&turn.step(done(1, 1))), 0);
    assert_eq!(turn.step(done(1, 1)), [], "a second result of one call is ignored");
    assert_eq!(model_calls(&turn.step(done(1, 0))), 1);
}

#[test]
fn empty_and_equal_ids_are_told_apart() {
    let mut turn = Turn::new(budget(50, 0));
    let inputs = [Input::Started, call("", "a"), call("", "b"), call("call_1_0", "c"), Input::ModelEnd(Finish::ToolCalls)];
    let (calls, _) = ledger(&play(&mut turn, inputs));
    assert_eq!(calls.iter().collect::<HashSet<_>>().len(), 3, "{calls:?}");
}

#[test]
fn an_endless_loop_stops_at_its_iterations() {
    let mut turn = Turn::new(Budget::default());
    let mut effects = turn.step(Input::Started);
    for step in 1..=60 {
        effects.extend(play(&mut turn, [call("1", &step.to_string()), Input::ModelEnd(Finish::ToolCalls), done(step, 0)]));
    }
    assert_eq!(model_calls(&effects), 50);
    let (status, reason) = ending(&effects).unwrap();
    assert!(status == RunStatus::Failed && reason.contains("50 times"), "{reason}");
}

#[test]
fn zero_iterations_are_without_limit() {
    let mut turn = Turn::new(budget(0, 0));
    let mut effects = turn.step(Input::Started);
    for step in 1..=200 {
        effects.extend(play(&mut turn, [call("1", &step.to_string()), Input::ModelEnd(Finish::ToolCalls), done(step, 0)]));
    }
    assert_eq!(model_calls(&effects), 201);
}

#[test]
fn used_up_tokens_end_the_turn_after_the_results_are_stored() {
    let mut turn = Turn::new(budget(50, 100));
    let effects = play(&mut turn, [Input::Started, call("1", "a"), used(100), Input::ModelEnd(Finish::ToolCalls), done(1, 0)]);
    let (status, reason) = ending(&effects).unwrap();
    assert!(status == RunStatus::Failed && reason.contains("100 of at most 100 tokens"), "{reason}");
    assert_eq!(ledger(&effects).1, ["1"]);
}

#[test]
fn time_runs_out_in_the_middle_of_an_answer_and_keeps_what_was_said() {
    let mut turn = Turn::new(budget(50, 0));
    let effects =
        play(&mut turn, [Input::Started, Input::ModelText("half".into()), used(3), Input::Tick(Duration::from_secs(60))]);
    assert!(effects.contains(&Effect::CancelModel));
    assert!(effects.contains(&Effect::Persist { role: Role::Assistant, parts: vec![Part::Text("half".into())] }));
    assert!(ending(&effects).unwrap().1.contains("longer than 1 minute"));
    assert_eq!(turn.usage().total(), 3);
}

#[test]
fn stopping_during_tools_answers_every_open_call() {
    let mut turn = Turn::new(budget(50, 0));
    let inputs = [
        Input::Started,
        call("1", "a"),
        call("2", "b"),
        Input::ModelEnd(Finish::ToolCalls),
        done(1, 0),
        Input::StopRequested(StopCause::Person),
        done(1, 1),
    ];
    let effects = play(&mut turn, inputs);
    assert_eq!(ledger(&effects).1, ["1", "2"]);
    assert!(effects.contains(&Effect::CancelTools));
    assert_eq!(ending(&effects).unwrap().0, RunStatus::Stopped);
}

#[test]
fn a_shutdown_leaves_a_turn_that_can_be_continued() {
    let mut turn = Turn::new(budget(50, 0));
    let effects = play(&mut turn, [Input::Started, Input::StopRequested(StopCause::Shutdown)]);
    assert_eq!(ending(&effects).unwrap().0, RunStatus::Interrupted);
}

#[test]
fn what_is_said_meanwhile_goes_into_the_next_step() {
    let mut turn = Turn::new(budget(50, 0));
    play(&mut turn, [Input::Started, call("1", "a"), Input::Steered(said("faster")), Input::ModelEnd(Finish::ToolCalls)]);
    let effects = turn.step(done(1, 0));
    assert!(effects.contains(&Effect::CallModel { step: 2, trim: false, steered: vec![said("faster")] }));
}

#[test]
fn an_answer_that_missed_what_was_said_is_not_the_last_one() {
    let mut turn = Turn::new(budget(50, 0));
    let inputs = [Input::Started, Input::ModelText("blue".into()), Input::Steered(said("red!")), Input::ModelEnd(Finish::Stop)];
    let effects = play(&mut turn, inputs);
    assert_eq!(model_calls(&effects), 2);
    assert!(effects.contains(&Effect::Emit(Notice::Said("blue".into()))));
    assert!(!turn.is_finished());
}

#[test]
fn a_conversation_too_long_is_trimmed_once() {
    let mut turn = Turn::new(budget(50, 0));
    let effects = play(&mut turn, [Input::Started, too_long()]);
    assert!(effects.contains(&Effect::CallModel { step: 2, trim: true, steered: vec![] }));
    let effects = turn.step(too_long());
    assert_eq!(ending(&effects), Some((RunStatus::Failed, "the conversation is too long".into())));
}

#[test]
fn calls_beyond_the_limit_of_one_answer_are_refused() {
    let mut turn = Turn::new(budget(50, 0));
    turn.step(Input::Started);
    for index in 0..limits::RUN_CALLS_PER_STEP_MAX + 2 {
        turn.step(call(&format!("c{index}"), &index.to_string()));
    }
    let effects = turn.step(Input::ModelEnd(Finish::ToolCalls));
    assert_eq!(ledger(&effects).1, ["c64", "c65"]);
    let Some(Effect::RunTools(lanes)) = effects.last() else { panic!("no tools run: {effects:?}") };
    assert_eq!(lanes.iter().map(Vec::len).sum::<usize>(), limits::RUN_CALLS_PER_STEP_MAX);
}

#[test]
fn nothing_said_is_a_failure_with_advice() {
    let mut turn = Turn::new(budget(50, 0));
    let effects = play(&mut turn, [Input::Started, Input::ModelReasoning("hm".into()), Input::ModelEnd(Finish::Stop)]);
    assert!(effects.contains(&Effect::Persist { role: Role::Assistant, parts: vec![Part::Reasoning("hm".into())] }));
    assert!(ending(&effects).unwrap().1.contains("answered nothing"));
}

fn inputs() -> impl Strategy<Value = Input> {
    prop_oneof![
        1 => Just(Input::Started),
        4 => "[a-z ]{0,4}".prop_map(Input::ModelText),
        2 => "[a-z]{0,4}".prop_map(Input::ModelReasoning),
        4 => ("[a-c]{0,1}", "[a-c]").prop_map(|(id, argument)| call(&id, &argument)),
        3 => (0_u64..40).prop_map(used),
        4 => prop_oneof![Just(Finish::Stop), Just(Finish::ToolCalls), Just(Finish::Length), Just(Finish::Filtered)]
            .prop_map(Input::ModelEnd),
        1 => any::<bool>().prop_map(|is_context_length| {
            Input::ModelFailed(ModelFailure { code: "x", message: "m".into(), is_context_length })
        }),
        8 => (1_u32..6, 0_usize..4).prop_map(|(step, index)| done(step, index)),
        2 => "[a-z]{1,4}".prop_map(|text: String| Input::Steered(said(&text))),
        1 => (0_u64..70).prop_map(|seconds| Input::Tick(Duration::from_secs(seconds))),
    ]
}

proptest! {
    #[test]
    fn random_inputs_keep_every_promise(
        iterations_max in 0_u32..5,
        tokens_max in 0_u64..120,
        inputs in prop::collection::vec(inputs(), 0..120),
    ) {
        let mut turn = Turn::new(budget(iterations_max, tokens_max));
        let mut effects = turn.step(Input::Started);
        for input in inputs {
            let late = matches!(&input, Input::Tick(elapsed) if *elapsed >= Duration::from_secs(60));
            let wanted = turn.step(input);
            if model_calls(&wanted) > 0 {
                prop_assert!(tokens_max == 0 || turn.usage().total() < tokens_max, "called the model without tokens left");
                prop_assert!(!late, "called the model without time left");
            }
            prop_assert!(!late || turn.is_finished(), "went on after its time");
            effects.extend(wanted);
        }
        effects.extend(turn.step(Input::StopRequested(StopCause::Person)));

        prop_assert!(turn.is_finished(), "always ends");
        let finishes = effects.iter().filter(|effect| matches!(effect, Effect::Finish { .. })).count();
        prop_assert_eq!(finishes, 1, "ends once");
        prop_assert!(ending(&effects).is_some(), "nothing happens after the end");
        let calls = u32::try_from(model_calls(&effects)).unwrap_or(u32::MAX);
        prop_assert!(iterations_max == 0 || calls <= iterations_max, "{calls} model calls");
        check_pairs(&effects)?;
    }
}

/// Every stored call gets exactly one stored result, before the next assistant message.
fn check_pairs(effects: &[Effect]) -> Result<(), TestCaseError> {
    let mut open: Vec<String> = Vec::new();
    for effect in effects {
        let Effect::Persist { role, parts } = effect else { continue };
        prop_assert!(!parts.is_empty(), "an empty message was stored");
        if *role == Role::Assistant {
            prop_assert!(open.is_empty(), "the next answer came before the results of {open:?}");
        }
        for part in parts {
            match part {
                Part::ToolCall(call) => {
                    prop_assert!(!open.contains(&call.id), "two calls with one id");
                    open.push(call.id.clone());
                }
                Part::ToolResult(result) => {
                    let place = open.iter().position(|id| *id == result.call_id);
                    prop_assert!(place.is_some(), "a result without a call: {}", result.call_id);
                    open.remove(place.unwrap_or_default());
                }
                _ => {}
            }
        }
    }
    prop_assert!(open.is_empty(), "calls without a result: {open:?}");
    Ok(())
}
