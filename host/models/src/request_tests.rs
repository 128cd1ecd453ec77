//! What is sent, looked at before any adapter writes it.

use genai::chat::ChatRole;
use serde_json::json;

use super::*;

fn call(id: &str, signature: Option<&str>) -> Part {
    Part::ToolCall(ToolCall {
        id: id.into(),
        name: "fs__read".into(),
        arguments: json!({}),
        signature: signature.map(str::to_owned),
    })
}

fn result(id: &str, content: &str, is_error: bool) -> ChatMessage {
    let result = ToolResult {
        call_id: id.into(),
        name: "fs__read".into(),
        content: content.into(),
        is_error,
        artifact: None,
        files: Vec::new(),
    };
    ChatMessage { role: Role::Tool, parts: vec![Part::ToolResult(result)] }
}

fn says(parts: Vec<Part>) -> ChatMessage {
    ChatMessage { role: Role::Assistant, parts }
}

fn info(provider: Provider) -> ModelInfo {
    ModelInfo {
        name: "m".to_owned(),
        provider,
        model_id: "m".to_owned(),
        context_window: None,
        max_output: None,
        supports_tools: true,
        supports_images: true,
        price_in: None,
        price_out: None,
        is_demo: false,
    }
}

fn written(provider: Provider, talk: &[ChatMessage]) -> Vec<Sent> {
    let info = info(provider);
    messages(&info, &ChatRequest { messages: talk.to_vec(), ..ChatRequest::default() })
}

fn roles(sent: &[Sent]) -> Vec<ChatRole> {
    sent.iter().map(|message| message.role.clone()).collect()
}

fn responses(message: &Sent) -> Vec<(String, String)> {
    let responses = message.content.tool_responses();
    responses.into_iter().map(|response| (response.call_id.clone(), response.content.clone())).collect()
}

#[test]
fn parallel_results_share_a_message_except_for_ollama() {
    let talk = [
        ChatMessage::user("go"),
        says(vec![call("1", None), call("2", None)]),
        result("2", "two", false),
        result("1", "one", true),
    ];
    let sent = written(Provider::Anthropic, &talk);
    assert_eq!(roles(&sent), [ChatRole::User, ChatRole::Assistant, ChatRole::Tool]);
    assert_eq!(responses(&sent[2]), [("1".into(), "ERROR: one".into()), ("2".into(), "two".into())]);
    assert_eq!(written(Provider::Ollama, &talk).len(), 4);
}

#[test]
fn a_picture_of_a_tool_follows_its_result_for_a_model_that_sees() {
    let id: octi_domain::ids::ArtifactId = "018f4e5a-7c1d-7b3a-9f00-0123456789ab".parse().unwrap();
    let (name, media_type) = ("chart.png".to_owned(), "image/png".to_owned());
    let picture = octi_domain::message::Attachment { artifact: id, name, media_type, bytes: 3 };
    let mut given = result("1", "one", false);
    given.parts.push(Part::Attachment(picture));
    let messages = vec![ChatMessage::user("go"), says(vec![call("1", None)]), given];
    let sent = |sees: bool, files: Files| {
        let info = ModelInfo { supports_images: sees, ..info(Provider::Anthropic) };
        super::messages(&info, &ChatRequest { messages: messages.clone(), files, ..ChatRequest::default() })
    };
    let files = || Files::from([(id, b"png".as_slice().into())]);
    let seen = sent(true, files());
    assert_eq!(roles(&seen), [ChatRole::User, ChatRole::Assistant, ChatRole::Tool, ChatRole::User]);
    assert_eq!(seen[3].content.parts().len(), 2, "{seen:?}");
    assert_eq!(sent(false, files()).len(), 3, "who does not see has the name in the result");
    assert_eq!(sent(true, Files::new()).len(), 3);
}

#[test]
fn a_call_without_a_result_gets_one_and_a_result_without_a_call_is_left_out() {
    let talk = [ChatMessage::user("go"), says(vec![call("1", None)]), result("9", "?", false), ChatMessage::user("go on")];
    let sent = written(Provider::OpenAi, &talk);
    assert_eq!(roles(&sent), [ChatRole::User, ChatRole::Assistant, ChatRole::Tool, ChatRole::User]);
    assert_eq!(responses(&sent[2]), [("1".into(), NO_RESULT.into())]);
}

#[test]
fn a_steering_message_between_call_and_result_does_not_part_them() {
    let talk = [ChatMessage::user("go"), says(vec![call("1", None)]), ChatMessage::user("faster"), result("1", "done", false)];
    let sent = written(Provider::Anthropic, &talk);
    assert_eq!(roles(&sent), [ChatRole::User, ChatRole::Assistant, ChatRole::Tool, ChatRole::User]);
    assert_eq!(responses(&sent[2]), [("1".into(), "done".into())]);
}

#[test]
fn ids_are_written_in_letters_every_provider_takes() {
    let long = "x".repeat(60);
    assert_eq!(sent_id(Provider::Anthropic, "call#fs__read#0"), "call_fs__read_0");
    assert_eq!(sent_id(Provider::OpenAi, &long).len(), ID_BYTES_MAX);
    assert_eq!(sent_id(Provider::Gemini, "call#fs__read#0"), "call#fs__read#0");
}

#[test]
fn a_signature_goes_back_only_to_who_signed() {
    let signed = tag(Provider::Gemini, "abc|def");
    let talk = [ChatMessage::user("go"), says(vec![call("1", Some(&signed))])];
    let signatures = |provider| {
        let sent = written(provider, &talk);
        sent[1].content.tool_calls()[0].thought_signatures.clone()
    };
    assert_eq!(signatures(Provider::Gemini), Some(vec!["abc|def".into()]));
    assert_eq!(signatures(Provider::OpenAi), None);
}

#[test]
fn thoughts_go_back_to_nobody_but_deepseek_in_the_same_turn() {
    let thought = says(vec![Part::Reasoning("hm".into()), Part::Text("ok".into())]);
    let talk = [ChatMessage::user("a"), thought.clone(), ChatMessage::user("b"), thought];
    let thoughts = |provider| -> Vec<bool> {
        written(provider, &talk).iter().map(|message| message.content.contains_reasoning_content()).collect()
    };
    assert_eq!(thoughts(Provider::DeepSeek), [false, false, false, true]);
    assert_eq!(thoughts(Provider::OpenAi), [false; 4]);
}

#[test]
fn empty_texts_and_messages_are_not_sent() {
    let talk = [
        ChatMessage::user(""),
        ChatMessage::user("a"),
        says(vec![Part::Reasoning("only a thought".into())]),
        says(vec![Part::Text(String::new())]),
    ];
    assert_eq!(roles(&written(Provider::Anthropic, &talk)), [ChatRole::User]);
}

#[test]
fn arguments_that_are_no_object_are_wrapped() {
    let broken = ToolCall { id: "1".into(), name: "t".into(), arguments: json!("{\"a\":"), signature: None };
    assert_eq!(sent_call(Provider::Anthropic, &broken).fn_arguments, json!({ "invalid_arguments": "{\"a\":" }));
}
