//! What servers ask people while they answer a call: forms, links, and the person's model.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_extension::llm::{Completion, Llm, LlmError, Prompt, Stop};
use octi_extension::person::{AskError, Person, Question, Reply};
use serde_json::{Map, Value, json};

use crate::host::{Host, People, SECRET, Vault, hostile};

/// Answers everything the same way after a while, and remembers what it was asked.
struct Ann {
    reply: Reply,
    thinks: Duration,
    asked: Mutex<Vec<Question>>,
    lent: Mutex<Vec<Prompt>>,
}

#[async_trait]
impl Person for Ann {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        self.asked.lock().unwrap().push(question);
        tokio::time::sleep(self.thinks).await;
        Ok(self.reply.clone())
    }
}

#[async_trait]
impl Llm for Ann {
    async fn complete(&self, prompt: Prompt) -> Result<Completion, LlmError> {
        self.lent.lock().unwrap().push(prompt);
        Ok(Completion { text: "it is 42".to_owned(), input_tokens: 9, output_tokens: 3, stop: Stop::Length })
    }
}

fn given(value: Value) -> Reply {
    let Value::Object(fields) = value else { return Reply::Given(Map::new()) };
    Reply::Given(fields)
}

fn ann(reply: Reply, thinks: Duration) -> Arc<Ann> {
    Arc::new(Ann { reply, thinks, asked: Mutex::default(), lent: Mutex::default() })
}

/// A host where she is asked, with a server that asks in its calls.
fn host(ann: &Arc<Ann>, more: Value) -> Host {
    let host = Host::with([], Vault::of(SECRET), People(ann.clone(), ann.clone()));
    let mut config = hostile("asks");
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    host.add("one", config);
    host
}

/// What the server hears when it asks all this in one call.
async fn heard(host: &Host, asks: Value) -> Value {
    let answer = host.call("one", "echo", json!({"text": asks.to_string()})).await.unwrap();
    serde_json::from_str(answer["text"].as_str().unwrap()).unwrap()
}

fn form(message: &str) -> Value {
    let fields = json!({
        "city": {"type": "string", "title": "City"},
        "days": {"type": "integer", "default": 3},
        "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
        "alerts": {"type": "boolean", "default": false},
    });
    let schema = json!({"type": "object", "properties": fields, "required": ["city"]});
    json!({"method": "elicitation/create", "params": {"message": message, "requestedSchema": schema}})
}

fn sampling(text: &str) -> Value {
    let messages = json!([{"role": "user", "content": {"type": "text", "text": text}}]);
    let params = json!({"systemPrompt": "Be brief.", "messages": messages, "maxTokens": 1_000_000});
    json!({"method": "sampling/createMessage", "params": params})
}

#[tokio::test]
async fn a_form_goes_to_the_person_and_its_defaults_stand_where_they_left_it_open() {
    let ann = ann(given(json!({"city": "Oslo", "days": 5})), Duration::ZERO);
    let answer = heard(&host(&ann, json!({})), json!([form("Where\u{1b}[2J?")])).await;
    assert_eq!(answer[0]["action"], "accept");
    assert_eq!(answer[0]["content"], json!({"city": "Oslo", "days": 5, "unit": "c", "alerts": false}));
    let asked = ann.asked.lock().unwrap();
    assert_eq!((asked[0].plugin.as_str(), asked[0].message.as_str()), ("mcp/one", "Where?"));
    assert_eq!(asked[0].form.schema()["properties"]["city"]["title"], "City");
}

#[tokio::test]
async fn a_person_may_say_no_or_put_a_question_away() {
    for (reply, word) in [(Reply::Declined, "decline"), (Reply::Cancelled, "cancel")] {
        let answer = heard(&host(&ann(reply, Duration::ZERO), json!({})), json!([form("Where?")])).await;
        assert_eq!((&answer[0]["action"], answer[0].get("content")), (&json!(word), None));
    }
}

#[tokio::test]
async fn the_time_of_a_call_stands_still_while_a_person_thinks() {
    let ann = ann(given(json!({"city": "Oslo"})), Duration::from_secs(4));
    let answer = heard(&host(&ann, json!({"timeoutMs": 3_000})), json!([form("Where?")])).await;
    assert_eq!(answer[0]["action"], "accept", "{answer}");
}

#[tokio::test]
async fn a_link_is_shown_and_never_opened() {
    let ann = ann(given(json!({"agree": true})), Duration::ZERO);
    let link = |url: &str| {
        let params = json!({"mode": "url", "message": "Pay here", "url": url, "elicitationId": "1"});
        json!({"method": "elicitation/create", "params": params})
    };
    let answer = heard(&host(&ann, json!({})), json!([link("https://pay.example/x"), link("http://127.0.0.1/x")])).await;
    assert_eq!((&answer[0]["action"], answer[0].get("content")), (&json!("accept"), None));
    assert!(answer[1].as_str().unwrap().contains("`https` addresses only"), "{answer}");
    let asked = ann.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].message.contains("at `pay.example` yourself") && asked[0].message.ends_with("https://pay.example/x"));
}

#[tokio::test]
async fn a_model_is_lent_to_nobody_unless_the_operator_says_so() {
    let ann = ann(given(json!({})), Duration::ZERO);
    let answer = heard(&host(&ann, json!({})), json!([sampling("2 + 40?")])).await;
    assert!(answer[0].as_str().unwrap().contains("its operator sets `sampling` to true for `one` first"), "{answer}");
    assert!(ann.asked.lock().unwrap().is_empty() && ann.lent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_model_is_lent_when_the_person_agrees_to_exactly_what_it_is_asked() {
    let ann = ann(given(json!({"agree": true})), Duration::ZERO);
    let answer = heard(&host(&ann, json!({"sampling": true})), json!([sampling("2 + 40?")])).await;
    assert_eq!((&answer[0]["content"]["text"], &answer[0]["stopReason"]), (&json!("it is 42"), &json!("maxTokens")));
    assert_eq!(answer[0]["model"], "octi", "which one it was is the person's business");
    let (asked, lent) = (ann.asked.lock().unwrap().clone(), ann.lent.lock().unwrap().clone());
    assert!(asked[0].message.contains("[system] Be brief.\n\n[user] 2 + 40?"), "{}", asked[0].message);
    assert_eq!((lent[0].output_max, lent[0].messages[0].1.as_str()), (limits::MCP_LOAN_TOKENS_MAX, "2 + 40?"));

    for no in [Reply::Declined, given(json!({"agree": false}))] {
        let no = self::ann(no, Duration::ZERO);
        let answer = heard(&host(&no, json!({"sampling": true})), json!([sampling("2 + 40?")])).await;
        assert!(answer[0].as_str().unwrap().contains("did not agree"), "{answer}");
        assert!(no.lent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn what_is_too_long_or_too_often_is_not_asked() {
    let ann = ann(given(json!({"city": "Oslo"})), Duration::ZERO);
    let host = host(&ann, json!({"sampling": true}));
    let mut large = form("Where?");
    large["params"]["requestedSchema"]["properties"]["city"]["description"] = json!("x".repeat(limits::MCP_FORM_BYTES_MAX));
    let answer = heard(&host, json!([large, sampling(&"x".repeat(limits::MCP_LOAN_BYTES_MAX))])).await;
    assert!(answer[0].as_str().unwrap().contains("at most 16384 are shown to a person"), "{answer}");
    assert!(answer[1].as_str().unwrap().contains("octi lends a model for at most 16384"), "{answer}");
    let many: Vec<Value> = (0..=limits::MCP_QUESTIONS_PER_CALL_MAX).map(|_| form(&"y".repeat(9_999))).collect();
    let answer = heard(&host, Value::Array(many)).await;
    assert!(answer[limits::MCP_QUESTIONS_PER_CALL_MAX].as_str().unwrap().contains("octi asked 8 times for this call already"));
    let asked = ann.asked.lock().unwrap();
    assert_eq!(asked.len(), limits::MCP_QUESTIONS_PER_CALL_MAX);
    assert!(asked.iter().all(|question| question.message.len() <= limits::MCP_QUESTION_TEXT_BYTES_MAX + '…'.len_utf8()));
}

#[tokio::test]
async fn nobody_is_asked_what_may_be_somebody_elses() {
    let ann = ann(given(json!({"city": "Oslo"})), Duration::from_secs(2));
    let host = host(&ann, json!({}));
    host.list(json!({"server": "one"})).await.unwrap();
    // Each call of this host is of another person. The second begins while the first is asked.
    let first = heard(&host, json!([form("Where?"), form("And then?")]));
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        heard(&host, json!([])).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((&first[0]["action"], &second), (&json!("accept"), &json!([])));
    assert!(first[1].as_str().unwrap().contains("calls of several people are under way"), "{first}");
    assert_eq!(ann.asked.lock().unwrap().len(), 1);
}
