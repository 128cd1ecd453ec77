//! One call of a model: its stream, and what it used.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::run::Usage;
use octi_domain::telemetry;
use octi_models::cost::{self, estimate_request, estimate_tokens};
use octi_models::{ChatEvent, ChatModel, ChatRequest, ChatStream, ModelError, ModelInfo};
use octi_store::{CostKind, CostRow};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A call under way. Dropping it cancels it.
pub struct ModelCall {
    stream: ChatStream,
    asked: u64,
    answered: u64,
    reported: Option<Usage>,
    retries: u32,
    started: Instant,
    outcome: &'static str,
    _cancel_on_drop: DropGuard,
}

impl ModelCall {
    /// Begins a call; nothing is sent before the first event is waited for.
    #[must_use]
    pub fn begin(model: Arc<dyn ChatModel>, request: ChatRequest) -> Self {
        let cancel = CancellationToken::new();
        let asked = estimate_request(&request);
        let token = cancel.clone();
        let stream = stream::once(async move { model.stream(request, token).await }).try_flatten().boxed();
        Self {
            stream,
            asked,
            answered: 0,
            reported: None,
            retries: 0,
            started: Instant::now(),
            // Until it ends in another way.
            outcome: ModelError::Cancelled.kind(),
            _cancel_on_drop: cancel.drop_guard(),
        }
    }

    /// The next event; none when the stream ended without saying so.
    pub async fn next(&mut self) -> Option<Result<ChatEvent, ModelError>> {
        let Some(event) = self.stream.next().await else {
            if self.outcome == ModelError::Cancelled.kind() {
                self.outcome = ModelError::Protocol(String::new()).kind();
            }
            return None;
        };
        match &event {
            Ok(ChatEvent::Text(text) | ChatEvent::Reasoning(text)) => self.answered += estimate_tokens(text),
            Ok(ChatEvent::ToolCall(call)) => {
                self.answered += estimate_tokens(&call.name) + estimate_tokens(&call.arguments.to_string());
            }
            Ok(ChatEvent::Usage(usage)) => self.reported = Some(*usage),
            Ok(ChatEvent::Retried(count)) => self.retries = *count,
            Ok(ChatEvent::End(_)) => self.outcome = "ok",
            Err(error) => self.outcome = error.kind(),
        }
        Some(event)
    }

    /// What the call used: as reported, else estimated once anything was answered, else nothing.
    #[must_use]
    pub fn usage(&self, ended_well: bool) -> Option<Usage> {
        let answered = ended_well || self.answered > 0;
        let estimate = Usage { input_tokens: self.asked, output_tokens: self.answered, estimated: true };
        self.reported.or_else(|| answered.then_some(estimate))
    }

    /// Counts what the call used, and says what it cost; of no conversation, unless the caller adds one.
    #[must_use]
    pub fn cost(&self, ambient: &Ambient, user_id: UserId, info: &ModelInfo, usage: Usage) -> CostRow {
        cost_row(ambient, user_id, info, usage, self.started, self.retries)
    }
}

/// Counts what a call used, and says what it cost; of no conversation.
pub(super) fn cost_row(
    ambient: &Ambient,
    user_id: UserId,
    info: &ModelInfo,
    usage: Usage,
    started: Instant,
    retries: u32,
) -> CostRow {
    metrics::counter!(telemetry::MODEL_TOKENS.name, "direction" => "input").increment(usage.input_tokens);
    metrics::counter!(telemetry::MODEL_TOKENS.name, "direction" => "output").increment(usage.output_tokens);
    let cost_usd = cost::price(info, &usage);
    // Whose count it is does not depend on whether the price is known.
    let kind = if usage.estimated { CostKind::Estimated } else { CostKind::Reported };
    CostRow {
        id: ambient.id(),
        user_id,
        session_id: None,
        run_id: None,
        model: info.name.clone(),
        provider: info.provider.as_str().to_owned(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        cost_usd,
        kind,
        latency_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX),
        retries: retries.into(),
        created_at: ambient.now(),
    }
}

impl Drop for ModelCall {
    fn drop(&mut self) {
        metrics::counter!(telemetry::MODEL_CALLS.name, "outcome" => self.outcome).increment(1);
    }
}
