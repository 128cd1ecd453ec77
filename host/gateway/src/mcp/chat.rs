//! `octi_chat`: a message and its answer in one call, for programs that would otherwise have to ask again and again.

use std::time::Duration;

use axum::http::Method;
use octi_api::page::Page;
use octi_api::v1::agents::{Agent, AgentStatus};
use octi_api::v1::messages::{Message, MessageSent, Part, Role};
use octi_api::v1::sessions::Session;
use octi_domain::limits;
use octi_mcp::server::{Effects, Operation};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::operations::done;
use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

/// Its name.
pub(super) const NAME: &str = "octi_chat";
/// How often it is looked whether the agent has ended.
const PACE: Duration = Duration::from_millis(200);

/// What clients see of it.
pub(super) fn operation() -> Operation {
    let input = json!({
        "type": "object",
        "properties": {
            "message": {"type": "string", "description": "What to say to the agent."},
            "sessionId": {"type": "string", "format": "uuid", "description": "The conversation to go on with; a new one when absent."},
            "model": {"type": "string", "description": "A configured model's name; the default model when absent."},
        },
        "required": ["message"],
        "additionalProperties": false,
    });
    let output = json!({
        "type": "object",
        "properties": {
            "sessionId": {"type": "string", "format": "uuid"},
            "agentId": {"type": "string", "format": "uuid"},
            "status": {"type": "string", "description": "`completed`, or why there is no whole answer; `running` when it takes long: `octi_get_agent` tells when it has ended."},
            "text": {"type": "string", "description": "The answer."},
            "reason": {"type": "string", "description": "Why it did not complete."},
        },
        "required": ["sessionId", "agentId", "status", "text"],
    });
    let object = |value: Value| value.as_object().cloned().unwrap_or_default();
    Operation {
        title: "Talk to an agent".to_owned(),
        description:
            "Says something to an agent of octi and waits for its answer. The agent works with its own tools; what it must \
                      ask, it asks the person on octi's pages. A call that is cancelled leaves the agent at work: \
                      `octi_stop_agent` stops it."
                .to_owned(),
        input_schema: object(input),
        output_schema: Some(object(output)),
        effects: Effects { is_read_only: false, is_destructive: true, is_open_world: true },
    }
}

/// Says it, and waits.
pub(super) async fn chat(gateway: &Gateway, caller: &Caller, mut given: Map<String, Value>) -> ApiResult<String> {
    let ask = Ask { gateway, caller };
    let session = match given.remove("sessionId") {
        Some(Value::String(id)) => uuid::Uuid::parse_str(&id).map_err(|_| ApiError::field("sessionId", "it is no id"))?,
        Some(_) => return Err(ApiError::field("sessionId", "it must be a text")),
        None => ask.with::<Session>(Method::POST, "/api/sessions", json!({})).await?.id,
    };
    let Some(message @ Value::String(_)) = given.remove("message") else {
        return Err(ApiError::field("message", "it is missing: say something"));
    };
    let mut said = json!({"content": message});
    if let Some(model) = given.remove("model") {
        said["model"] = model;
    }
    if let Some(unknown) = given.keys().next() {
        return Err(ApiError::field(unknown, "it is no argument of this tool"));
    }
    let sent: MessageSent = ask.with(Method::POST, &format!("/api/sessions/{session}/messages"), said).await?;
    let agent = ask.ended(sent.agent_id).await?;
    let text = if agent.status == AgentStatus::Running { String::new() } else { ask.answer(session, agent.id).await? };
    let mut answer = json!({"sessionId": session, "agentId": agent.id, "status": agent.status, "text": text});
    if let Some(reason) = agent.reason {
        answer["reason"] = reason.into();
    }
    Ok(answer.to_string())
}

/// Asks octi's own routes.
struct Ask<'a> {
    gateway: &'a Gateway,
    caller: &'a Caller,
}

impl Ask<'_> {
    async fn with<T: DeserializeOwned>(&self, method: Method, path: &str, body: Value) -> ApiResult<T> {
        read(&done(self.gateway, self.caller, method, path, Some(body)).await?)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> ApiResult<T> {
        read(&done(self.gateway, self.caller, Method::GET, path, None).await?)
    }

    /// The agent when it has ended, or when it takes too long to wait for.
    async fn ended(&self, id: uuid::Uuid) -> ApiResult<Agent> {
        let deadline = Instant::now() + Duration::from_secs(limits::MCP_CHAT_SECONDS_MAX);
        loop {
            let agent: Agent = self.get(&format!("/api/agents/{id}")).await?;
            if agent.status != AgentStatus::Running || Instant::now() >= deadline {
                return Ok(agent);
            }
            sleep(PACE).await;
        }
    }

    /// The last thing it said.
    async fn answer(&self, session: uuid::Uuid, agent: uuid::Uuid) -> ApiResult<String> {
        let count = self.get::<Session>(&format!("/api/sessions/{session}")).await?.message_count;
        let (after, rows) = ((count - i64::from(limits::PAGE_ROWS_MAX)).max(0), limits::PAGE_ROWS_MAX);
        let page: Page<Message> = self.get(&format!("/api/sessions/{session}/messages?after={after}&limit={rows}")).await?;
        let is_its = |message: &&Message| message.agent_id == Some(agent) && message.role == Role::Assistant;
        let last = page.items.iter().rev().find(is_its);
        let texts = last.into_iter().flat_map(|message| &message.parts).filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        });
        Ok(texts.collect::<Vec<_>>().join("\n\n"))
    }
}

fn read<T: DeserializeOwned>(text: &str) -> ApiResult<T> {
    serde_json::from_str(text)
        .map_err(|error| ApiError::internal(format!("a route answered what its own type does not take: {error}")))
}
