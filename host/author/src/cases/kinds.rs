//! Steps of a case that tell a hook what happens, or ask a channel for what a host asks it.

use std::collections::BTreeMap;

use octi_domain::ids::UserId;
use octi_extension::channel::{Channel, Incoming, Outgoing, Webhook};
use octi_extension::hook::{HookAnswer, HookEvent};
use octi_extension::tool::{ToolError, ToolOutput};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use crate::workbench::Workbench;

/// Where a poll goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Poll {
    #[serde(default)]
    cursor: Option<String>,
}

/// A request whose signature was checked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    /// A text; anything else is sent as JSON.
    body: Value,
}

impl Default for Request {
    fn default() -> Self {
        let (path, headers) = (String::new(), BTreeMap::new());
        Self { method: "POST".to_owned(), path, headers, body: Value::Null }
    }
}

/// A message that goes out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    #[serde(default = "first")]
    id: String,
    conversation: String,
    text: String,
    #[serde(default)]
    reply_to: Option<String>,
}

fn first() -> String {
    "1".to_owned()
}

/// What a step tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    Event(&'a str, &'a Map<String, Value>),
    Poll(&'a Poll),
    Webhook(&'a Request),
    Send(&'a Message),
}

impl Told<'_> {
    /// What the step is called when it fails.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Event(..) => "event",
            Self::Poll(_) => "poll",
            Self::Webhook(_) => "webhook",
            Self::Send(_) => "send",
        }
    }

    /// Tells it. What comes of it is JSON, as what a tool gives.
    pub(super) async fn run(self, bench: &Workbench, person: UserId) -> Result<Result<ToolOutput, ToolError>, Problem> {
        let given = match self {
            Self::Event(name, details) => verdict(bench, person, name, details).await?,
            Self::Poll(Poll { cursor }) => {
                let polled = channel(bench)?.poll(bench.channel_context(person), cursor.clone()).await;
                polled
                    .map(|polled| json!({ "messages": messages(polled.messages), "cursor": polled.cursor, "more": polled.more }))
            }
            Self::Webhook(request) => {
                let heard = channel(bench)?.webhook(bench.channel_context(person), request.webhook()).await;
                heard.map(|heard| {
                    let reply = heard
                        .reply
                        .map(|reply| json!({ "status": reply.status, "content_type": reply.content_type, "body": reply.body }));
                    json!({ "messages": messages(heard.messages), "reply": reply })
                })
            }
            Self::Send(Message { id, conversation, text, reply_to }) => {
                let (id, conversation, text) = (id.clone(), conversation.clone(), text.clone());
                let message = Outgoing { id, conversation, text, reply_to: reply_to.clone(), extras: None };
                let sent = channel(bench)?.send(bench.channel_context(person), message).await;
                sent.map(|id| json!({ "id": id }))
            }
        };
        Ok(given.map(|content| ToolOutput::new(content, None)))
    }
}

impl Request {
    fn webhook(&self) -> Webhook {
        let body = match &self.body {
            Value::Null => Vec::new(),
            Value::String(text) => text.clone().into_bytes(),
            json => json.to_string().into_bytes(),
        };
        let headers = self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        Webhook { method: self.method.clone(), path: self.path.clone(), headers, body }
    }
}

fn channel(bench: &Workbench) -> Result<std::sync::Arc<dyn Channel>, Problem> {
    bench.channel().ok_or_else(|| Problem::of("the plugin has no channel"))
}

fn messages(all: Vec<Incoming>) -> Vec<Value> {
    let shown = |Incoming { id, conversation, sender, sender_name, text, extras: _ }| json!({ "id": id, "conversation": conversation, "sender": sender, "sender_name": sender_name, "text": text });
    all.into_iter().map(shown).collect()
}

/// What the hook says, or that a host would not have told it.
async fn verdict(
    bench: &Workbench,
    person: UserId,
    name: &str,
    details: &Map<String, Value>,
) -> Result<Result<Value, ToolError>, Problem> {
    let hook = bench.hook().ok_or_else(|| Problem::of("the plugin has no hook"))?;
    let event: HookEvent = serde_json::from_value(Value::from(name)).map_err(|error| Problem::of(error.to_string()))?;
    let tool = details.get("tool").and_then(Value::as_str);
    if matches!(event, HookEvent::ToolBefore | HookEvent::ToolAfter) && tool.is_none() {
        return Err(Problem::of("`details.tool` has to say which tool it is, such as `shell.run`"));
    }
    let entry = &hook.spec().entry;
    let watches = tool.is_none_or(|tool| tool.split_once('.').is_some_and(|(of, operation)| entry.watches(of, operation)));
    if !entry.hears(event) || !watches {
        return Ok(Ok(json!({ "verdict": "not_asked" })));
    }
    let answer = hook.tell(bench.hook_context(person), event, filled(event, person, details)).await;
    Ok(answer.map(|answer| match answer {
        HookAnswer::GoOn => json!({ "verdict": "go_on" }),
        HookAnswer::Block(reason) => json!({ "verdict": "block", "reason": reason }),
        HookAnswer::Rewrite(arguments) => json!({ "verdict": "rewrite", "arguments": arguments }),
    }))
}

/// The fields that a host gives, and those of the case instead of them.
fn filled(event: HookEvent, person: UserId, details: &Map<String, Value>) -> Value {
    let user_id = person.to_string();
    let mut whole = match event {
        HookEvent::ToolBefore => {
            json!({ "call_id": "1", "user_id": user_id, "origin": "chat", "plugin": "", "effects": [], "arguments": {} })
        }
        HookEvent::ToolAfter => {
            json!({ "call_id": "1", "user_id": user_id, "code": "ok", "is_error": false, "content": "{}", "duration_ms": 1 })
        }
        HookEvent::SessionStarted => json!({ "session_id": "1", "user_id": user_id }),
        HookEvent::Message => {
            json!({ "session_id": "1", "user_id": user_id, "message_id": "1", "text": "", "attachments": [] })
        }
        HookEvent::TurnEnded => json!({
            "session_id": "1", "user_id": user_id, "run_id": "1", "status": "completed", "iterations": 1, "tokens": 1
        }),
    };
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(details.clone());
    }
    whole
}
