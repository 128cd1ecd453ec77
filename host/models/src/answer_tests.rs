//! One answer, fed with the library's events.

use genai::chat::{MessageContent, StreamChunk, ToolChunk};

use super::*;

fn chunk(text: &str) -> ChatStreamEvent {
    ChatStreamEvent::Chunk(StreamChunk { content: text.into() })
}

fn call(id: &str, name: &str, arguments: Value) -> SentCall {
    SentCall { call_id: id.into(), fn_name: name.into(), fn_arguments: arguments, thought_signatures: None }
}

fn end(reason: &str, calls: Vec<SentCall>, usage: Option<(i32, i32)>) -> ChatStreamEvent {
    ChatStreamEvent::End(StreamEnd {
        captured_stop_reason: (!reason.is_empty()).then(|| StopReason::from(reason.to_owned())),
        captured_content: (!calls.is_empty()).then(|| MessageContent::from_tool_calls(calls)),
        captured_usage: usage.map(|(input, output)| genai::chat::Usage {
            prompt_tokens: Some(input),
            completion_tokens: Some(output),
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn answer(provider: Provider, events: Vec<ChatStreamEvent>) -> Result<Vec<ChatEvent>, ModelError> {
    let mut answer = Answer::new(provider, 7);
    let mut out = Vec::new();
    for event in events {
        out.extend(answer.take(event)?);
    }
    Ok(out)
}

#[test]
fn reported_usage_is_believed_and_missing_usage_is_estimated_and_marked() {
    let events = answer(Provider::OpenAi, vec![chunk("hello"), end("stop", vec![], Some((11, 3)))]).unwrap();
    let reported = Usage { input_tokens: 11, output_tokens: 3, estimated: false };
    assert_eq!(events, [ChatEvent::Text("hello".into()), ChatEvent::Usage(reported), ChatEvent::End(Finish::Stop)]);
    for usage in [None, Some((0, 0))] {
        let events = answer(Provider::OpenAi, vec![chunk("hello"), end("stop", vec![], usage)]).unwrap();
        assert_eq!(events[1], ChatEvent::Usage(Usage { input_tokens: 7, output_tokens: 2, estimated: true }));
    }
}

#[test]
fn thoughts_in_the_text_become_reasoning() {
    let events = answer(Provider::Ollama, vec![chunk("<thi"), chunk("nk>a</think>b"), end("stop", vec![], None)]).unwrap();
    assert_eq!(events[..2], [ChatEvent::Reasoning("a".into()), ChatEvent::Text("b".into())]);
}

#[test]
fn calls_make_the_finish_whatever_the_provider_calls_it() {
    let events = answer(Provider::Gemini, vec![end("STOP", vec![call("1", "t", json!({"a": 1}))], None)]).unwrap();
    assert_eq!(events.last(), Some(&ChatEvent::End(Finish::ToolCalls)));
    let events = answer(Provider::OpenAi, vec![end("tool_calls", vec![], None)]).unwrap();
    assert_eq!(events.last(), Some(&ChatEvent::End(Finish::Stop)));
}

#[test]
fn call_ids_are_made_unique_and_empty_arguments_an_object() {
    let calls = vec![call("x", "a", json!("")), call("x", "b", json!(null)), call("", "c", json!("{\"k\":1}"))];
    let events = answer(Provider::OpenAi, vec![end("tool_calls", calls, None)]).unwrap();
    let calls: Vec<(&str, &Value)> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::ToolCall(call) => Some((call.id.as_str(), &call.arguments)),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [("x", &json!({})), ("x_1", &json!({})), ("_2", &json!({ "k": 1 }))]);
}

#[test]
fn a_call_that_was_cut_off_is_not_made() {
    let calls = vec![call("1", "a", json!({})), call("2", "b", json!("{\"path\": \"he"))];
    let events = answer(Provider::Anthropic, vec![end("max_tokens", calls, None)]).unwrap();
    let made = events.iter().filter(|event| matches!(event, ChatEvent::ToolCall(_))).count();
    assert_eq!((made, events.last()), (1, Some(&ChatEvent::End(Finish::Length))));
}

#[test]
fn filtered_and_failed_answers_are_told_apart() {
    let events = answer(Provider::Gemini, vec![end("SAFETY", vec![], None)]).unwrap();
    assert_eq!(events.last(), Some(&ChatEvent::End(Finish::Filtered)));
    let error = answer(Provider::Gemini, vec![end("MALFORMED_FUNCTION_CALL", vec![], None)]).unwrap_err();
    assert!(matches!(error, ModelError::Protocol(_)), "{error}");
}

#[test]
fn an_end_that_is_only_the_connections_end_is_an_error() {
    let error = answer(Provider::Ollama, vec![chunk("half"), end("", vec![], None)]).unwrap_err();
    assert!(matches!(&error, ModelError::Unavailable(text) if text.contains("middle")), "{error}");
    let error = answer(Provider::Gemini, vec![end("", vec![], None)]).unwrap_err();
    assert!(matches!(&error, ModelError::Protocol(text) if text.contains("endpoint")), "{error}");
}

#[test]
fn text_beyond_the_limit_ends_the_answer() {
    let piece = "x".repeat(MODEL_ANSWER_BYTES_MAX / 4);
    assert!(answer(Provider::OpenAi, vec![chunk(&piece), chunk(&piece), chunk(&piece), chunk(&piece)]).is_ok());
    let error = answer(Provider::OpenAi, (0..5).map(|_| chunk(&piece)).collect());
    assert_eq!(error, Err(ModelError::TooLarge));
}

#[test]
fn arguments_count_once_although_they_are_repeated() {
    let size = MODEL_ANSWER_BYTES_MAX / 4;
    let grown =
        |part: usize| ChatStreamEvent::ToolCallChunk(ToolChunk { tool_call: call("1", "t", json!("x".repeat(part * size))) });
    assert!(answer(Provider::OpenAi, vec![grown(1), grown(2), grown(3)]).is_ok());
    assert_eq!(answer(Provider::OpenAi, vec![grown(3), grown(5)]), Err(ModelError::TooLarge));
}
