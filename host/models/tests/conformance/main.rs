//! One suite for every provider: the same questions over each real wire must give the same answers.

#[cfg(test)]
mod aimock;
#[cfg(test)]
mod embed;
#[cfg(test)]
mod talk;

use std::time::{Duration, Instant};

use aimock::Aimock;
use futures::StreamExt;
use octi_domain::message::{Part, Role, ToolCall, ToolResult};
use octi_models::{ChatEvent, ChatMessage, ChatRequest, Finish, ModelError, Provider};
use serde_json::json;
use talk::{KEY, WIRES, ask, http, model, request};
use tokio_util::sync::CancellationToken;

fn result(call: &ToolCall, content: &str, is_error: bool) -> Part {
    let (call_id, name) = (call.id.clone(), call.name.clone());
    Part::ToolResult(ToolResult { call_id, name, content: content.into(), is_error, artifact: None, files: Vec::new() })
}

/// The request with the model's calls and their results behind it.
fn answered(mut request: ChatRequest, calls: &[ToolCall], results: Vec<Part>) -> ChatRequest {
    let calls = calls.iter().cloned().map(Part::ToolCall).collect();
    request.messages.push(ChatMessage { role: Role::Assistant, parts: calls });
    request.messages.push(ChatMessage { role: Role::Tool, parts: results });
    request
}

#[tokio::test]
async fn an_answer_streams_and_its_usage_is_reported() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let answer = ask(&model(&server.base, wire), request("stream something")).await.unwrap();
        assert!(answer.text.starts_with("The quick brown fox") && answer.text.ends_with("the dög."), "{}: {answer:?}", wire.0);
        assert!(answer.pieces > 2, "{}: {answer:?}", wire.0);
        assert_eq!(answer.finish, Some(Finish::Stop), "{}", wire.0);
        let usage = answer.usage.unwrap();
        if wire.0 == Provider::Ollama {
            // The mock reports zeros on this wire, which nobody believes for an answer with text.
            assert!(usage.estimated && usage.input_tokens > 0 && usage.output_tokens > 0, "{usage:?}");
        } else {
            assert_eq!((usage.input_tokens, usage.output_tokens, usage.estimated), (11, 23, false), "{}", wire.0);
        }
    }
}

#[tokio::test]
async fn thoughts_are_apart_from_the_answer() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let model = model(&server.base, wire);
        let answer = ask(&model, request("think in the text")).await.unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.reasoning.as_str()),
            ("Then I answer.", "Hidden from the answer."),
            "{}",
            wire.0
        );
        let answer = ask(&model, request("think first")).await.unwrap();
        assert_eq!(answer.text, "Then I answer.", "{}", wire.0);
        assert_eq!(answer.reasoning, "First I think about it.", "{}", wire.0);
    }
}

#[tokio::test]
async fn the_system_prompt_and_earlier_turns_arrive() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let mut asked = request("what did I say?");
        asked.system = "You are the conformance test.".into();
        asked.messages.insert(0, ChatMessage::user("remember the number 42"));
        asked.messages.insert(1, ChatMessage::assistant("I will."));
        let answer = ask(&model(&server.base, wire), asked).await.unwrap();
        assert_eq!(answer.text, "You said: remember the number 42.", "{}", wire.0);
    }
}

#[tokio::test]
async fn a_tool_is_called_and_its_result_arrives() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let model = model(&server.base, wire);
        let asked = request("read the file");
        let answer = ask(&model, asked.clone()).await.unwrap();
        assert_eq!(answer.finish, Some(Finish::ToolCalls), "{}", wire.0);
        let [call] = &answer.calls[..] else { panic!("{}: {answer:?}", wire.0) };
        assert_eq!(
            (call.name.as_str(), &call.arguments),
            ("filesystem__read_file", &json!({ "path": "hello.md" })),
            "{}",
            wire.0
        );
        assert!(!call.id.is_empty());
        for (content, is_error, said) in
            [("Hello from the file", false, "The file says hello."), ("not found", true, "There is no such file.")]
        {
            let next = answered(asked.clone(), &answer.calls, vec![result(call, content, is_error)]);
            assert_eq!(ask(&model, next).await.unwrap().text, said, "{}", wire.0);
        }
    }
}

#[tokio::test]
async fn parallel_calls_are_kept_apart_and_both_results_arrive() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let model = model(&server.base, wire);
        let asked = request("read both files");
        let answer = ask(&model, asked.clone()).await.unwrap();
        let arguments: Vec<_> = answer.calls.iter().map(|call| call.arguments.clone()).collect();
        assert_eq!(arguments, [json!({ "path": "a.md" }), json!({ "path": "b.md", "limit": 3 })], "{}", wire.0);
        assert_ne!(answer.calls[0].id, answer.calls[1].id, "{}", wire.0);
        let results = vec![result(&answer.calls[0], "the first", false), result(&answer.calls[1], "the second", false)];
        let next = answered(asked, &answer.calls, results);
        assert_eq!(ask(&model, next).await.unwrap().text, "Both are there.", "{}", wire.0);
    }
}

#[tokio::test]
async fn a_text_before_a_call_without_arguments_is_kept() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let answer = ask(&model(&server.base, wire), request("say and call")).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("I will look.", Some(Finish::ToolCalls)), "{}", wire.0);
        assert_eq!(answer.calls[0].arguments, json!({}), "{}", wire.0);
    }
}

#[tokio::test]
async fn an_answer_that_was_cut_off_says_so() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let answer = ask(&model(&server.base, wire), request("be cut off")).await.unwrap();
        // The mock has no override of the reason on Ollama's wire.
        let finish = if wire.0 == Provider::Ollama { Finish::Stop } else { Finish::Length };
        assert_eq!((answer.text.as_str(), answer.finish), ("This answer is", Some(finish)), "{}", wire.0);
    }
}

#[tokio::test]
async fn lasting_errors_are_told_apart_and_asked_once() {
    let server = Aimock::start("conformance.json");
    for (text, status, kind) in [("wrong key", 401, "auth"), ("be too long", 400, "context_length")] {
        for (at, wire) in WIRES.into_iter().enumerate() {
            let error = ask(&model(&server.base, wire), request(text)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {error}", wire.0);
            assert!(!wire.0.needs_key() || !error.to_string().contains(KEY), "{}: {error}", wire.0);
            assert_eq!(server.count(&http(), text, status).await, at + 1, "{}", wire.0);
        }
    }
}

#[tokio::test]
async fn passing_errors_are_asked_again_until_the_attempts_are_used_up() {
    let server = Aimock::start("conformance.json");
    for (text, status, kind) in [("break down", 500, "unavailable"), ("be overloaded", 503, "overloaded")] {
        for (at, wire) in WIRES.into_iter().enumerate() {
            let error = ask(&model(&server.base, wire), request(text)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{}: {error}", wire.0);
            let asked = (at + 1) * octi_domain::limits::MODEL_ATTEMPTS_MAX;
            assert_eq!(server.count(&http(), text, status).await, asked, "{}", wire.0);
        }
    }
}

#[tokio::test]
async fn a_limited_call_waits_as_long_as_it_is_told_and_then_works() {
    for wire in WIRES {
        // The server counts over all providers, so each gets its own.
        let server = Aimock::start("conformance.json");
        let start = Instant::now();
        let answer = ask(&model(&server.base, wire), request("limited")).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.retried), ("Now it works.", 1), "{}", wire.0);
        // The server says `Retry-After: 1`; the first pause of these tests would be some milliseconds.
        assert!(start.elapsed() >= Duration::from_secs(1), "{} waited only {:?}", wire.0, start.elapsed());
    }
}

#[tokio::test]
async fn a_cancelled_answer_ends_at_once() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let cancel = CancellationToken::new();
        let mut stream = model(&server.base, wire).stream(request("take your time"), cancel.clone()).await.unwrap();
        assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))), "{}", wire.0);
        let start = Instant::now();
        cancel.cancel();
        assert_eq!(stream.next().await, Some(Err(ModelError::Cancelled)), "{}", wire.0);
        assert_eq!(stream.next().await, None, "{}", wire.0);
        assert!(start.elapsed() < Duration::from_millis(150), "{}", wire.0);
        let cancelled = model(&server.base, wire).stream(request("take your time"), cancel).await;
        assert_eq!(cancelled.err(), Some(ModelError::Cancelled), "{}", wire.0);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_and_not_an_end() {
    let server = Aimock::start("conformance.json");
    for wire in WIRES {
        let mut stream = model(&server.base, wire).stream(request("hang up"), CancellationToken::new()).await.unwrap();
        assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Text(_)))), "{}", wire.0);
        let mut last = stream.next().await;
        while let Some(Ok(event)) = last {
            assert!(!matches!(event, ChatEvent::End(_)), "{}", wire.0);
            last = stream.next().await;
        }
        assert!(matches!(&last, Some(Err(ModelError::Unavailable(_)))), "{}: {last:?}", wire.0);
        assert_eq!(stream.next().await.map(|event| event.is_ok()), None, "{}", wire.0);
    }
}
