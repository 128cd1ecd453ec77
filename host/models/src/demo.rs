//! The demo model: works offline, follows patterns instead of thinking, and says so in every answer.
//!
//! It reads a plain request, plans tool calls, makes them one after another, and reports what the tools really answered.
//! With it, octi can be tried, and tested from end to end, before any real model is connected.

mod arguments;
mod plan;
mod report;
mod turn;

use async_trait::async_trait;
use futures::StreamExt;
use octi_domain::run::Usage;
use tokio_util::sync::CancellationToken;

use crate::chat::{ChatEvent, ChatModel, ChatRequest, ChatStream, Finish, ModelInfo, ToolChoice};
use crate::cost;
use crate::error::ModelError;
use crate::provider::Provider;

pub use plan::{Step, plan};

/// What every answer begins with.
pub const LABEL: &str = "[demo model]";

/// The name under which the demo model is listed.
pub const NAME: &str = "demo";

/// The model.
#[derive(Debug, Clone)]
pub struct DemoModel {
    info: ModelInfo,
}

impl Default for DemoModel {
    fn default() -> Self {
        Self::new()
    }
}

impl DemoModel {
    /// The demo model; there is only one kind of it.
    #[must_use]
    pub fn new() -> Self {
        Self::named(NAME)
    }

    /// The demo model under another name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            info: ModelInfo {
                name: name.into(),
                provider: Provider::Demo,
                model_id: "demo".into(),
                context_window: None,
                max_output: None,
                supports_tools: true,
                supports_images: false,
                price_in: Some(0.0),
                price_out: Some(0.0),
                is_demo: true,
            },
        }
    }
}

#[async_trait]
impl ChatModel for DemoModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ChatRequest, cancel: CancellationToken) -> Result<ChatStream, ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let events = answer(&request).into_iter();
        let stream = futures::stream::unfold((events, cancel, false), |(mut events, cancel, stopped)| async move {
            if stopped || events.len() == 0 {
                return None;
            }
            if cancel.is_cancelled() {
                return Some((Err(ModelError::Cancelled), (events, cancel, true)));
            }
            events.next().map(|event| (Ok(event), (events, cancel, false)))
        });
        Ok(stream.boxed())
    }
}

/// The whole answer to a request: either one tool call, or a report in small pieces.
fn answer(request: &ChatRequest) -> Vec<ChatEvent> {
    let input_tokens = cost::estimate_request(request);
    let usage = |output_tokens| ChatEvent::Usage(Usage { input_tokens, output_tokens, estimated: true });
    // The demo model knows only one way to be kept from a tool: not to have it.
    let without_tools = (request.tool_choice == ToolChoice::None).then(|| ChatRequest { tools: Vec::new(), ..request.clone() });
    match turn::next(without_tools.as_ref().unwrap_or(request)) {
        turn::Next::Call(call) => {
            let output = cost::estimate_tokens(&call.arguments.to_string());
            vec![ChatEvent::ToolCall(call), usage(output), ChatEvent::End(Finish::ToolCalls)]
        }
        turn::Next::Say(text) => {
            let text = format!("{LABEL} {text}");
            let output = cost::estimate_tokens(&text);
            let pieces = text.split_inclusive(' ').map(|piece| ChatEvent::Text(piece.to_owned()));
            pieces.chain([usage(output), ChatEvent::End(Finish::Stop)]).collect()
        }
    }
}

#[cfg(test)]
#[path = "demo/demo_tests.rs"]
mod tests;
