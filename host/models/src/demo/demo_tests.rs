//! The demo model behind the trait.

use futures::TryStreamExt;

use super::*;
use crate::chat::{ChatMessage, ToolSchema};

fn request(text: &str) -> ChatRequest {
    let tool =
        ToolSchema { name: "filesystem__read_file".into(), description: String::new(), input_schema: serde_json::Value::Null };
    ChatRequest { messages: vec![ChatMessage::user(text)], tools: vec![tool], ..ChatRequest::default() }
}

async fn ask(text: &str) -> Vec<ChatEvent> {
    let stream = DemoModel::new().stream(request(text), CancellationToken::new()).await.unwrap();
    stream.try_collect().await.unwrap()
}

#[tokio::test]
async fn every_answer_in_words_begins_with_the_label_and_streams() {
    let events = ask("tell me a story").await;
    let text: String =
        events.iter().filter_map(|event| if let ChatEvent::Text(text) = event { Some(text.as_str()) } else { None }).collect();
    assert!(text.starts_with(LABEL), "{text}");
    assert!(events.len() > 5);
    assert_eq!(events.last(), Some(&ChatEvent::End(Finish::Stop)));
}

#[tokio::test]
async fn a_step_is_a_call_and_its_usage_is_marked_as_estimated() {
    let events = ask("read a.txt").await;
    assert!(matches!(&events[0], ChatEvent::ToolCall(call) if call.name == "filesystem__read_file"));
    assert!(matches!(&events[1], ChatEvent::Usage(usage) if usage.estimated && usage.input_tokens > 0));
    assert_eq!(events[2], ChatEvent::End(Finish::ToolCalls));
}

#[tokio::test]
async fn it_can_be_cancelled_in_the_middle() {
    let cancel = CancellationToken::new();
    let mut stream = DemoModel::new().stream(request("tell me a story"), cancel.clone()).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(_))));
    cancel.cancel();
    assert_eq!(stream.next().await, Some(Err(ModelError::Cancelled)));
    assert_eq!(stream.next().await, None);
}

#[test]
fn no_tool_is_called_when_none_may_be() {
    let free = request("read a.txt");
    let called = |request: &ChatRequest| answer(request).iter().any(|event| matches!(event, ChatEvent::ToolCall(_)));
    assert!(called(&free));
    assert!(!called(&ChatRequest { tool_choice: ToolChoice::None, ..free }));
}
