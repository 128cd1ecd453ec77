//! `octi:llm`: answers of a model, as far as the grant of their topic goes.

use std::time::Duration;

use octi_domain::limits;
use octi_domain::message::Role as Speaker;
use octi_extension::llm::{LlmError, Prompt, Stop};

use crate::bindings::HostError;
use crate::bindings::tool::octi::llm::model::{Completion, Host, Request, Role, StopReason};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::CallState;

/// Tokens that a message has around its text.
const MESSAGE_TOKENS: u64 = 4;

impl CallState {
    /// The request, if a model can be asked it.
    fn prompt(&self, request: Request) -> Result<Prompt, HostError> {
        let invalid = |text: String| Err(HostError::Invalid(text));
        let Request { topic, system, messages, max_tokens, temperature } = request;
        if messages.len() > limits::LLM_MESSAGES_MAX {
            return invalid(format!(
                "messages: {} are more than the {} of one request",
                messages.len(),
                limits::LLM_MESSAGES_MAX
            ));
        }
        if messages.last().is_none_or(|last| last.role != Role::User || last.text.trim().is_empty()) {
            return invalid("messages: the last one must be of `user`, and say something".to_owned());
        }
        let bytes = messages.iter().map(|message| message.text.len()).sum::<usize>() + system.as_ref().map_or(0, String::len);
        if bytes > limits::LLM_REQUEST_BYTES_MAX {
            return invalid(format!(
                "messages: {bytes} bytes are more than the {} of one request",
                limits::LLM_REQUEST_BYTES_MAX
            ));
        }
        if max_tokens == 0 {
            return invalid("max-tokens: must be above 0".to_owned());
        }
        if temperature.is_some_and(|temperature| !(0.0..=2.0).contains(&temperature)) {
            return invalid("temperature: must be from 0 to 2".to_owned());
        }
        let speaker = |role| if role == Role::User { Speaker::User } else { Speaker::Assistant };
        Ok(Prompt {
            plugin: self.grant.plugin().to_owned(),
            topic,
            system,
            messages: messages.into_iter().map(|message| (speaker(message.role), message.text)).collect(),
            output_max: max_tokens,
            temperature,
            time_max: self.time_left().min(Duration::from_secs(limits::SIDE_CALL_SECONDS_MAX)),
        })
    }
}

/// About how many tokens a request has at most.
fn tokens(prompt: &Prompt) -> u64 {
    let texts = prompt.messages.iter().map(|(_, text)| text.len().div_ceil(4) as u64 + MESSAGE_TOKENS);
    texts.sum::<u64>() + prompt.system.as_ref().map_or(0, |text| text.len().div_ceil(4) as u64) + u64::from(prompt.output_max)
}

impl From<LlmError> for HostError {
    fn from(error: LlmError) -> Self {
        match error {
            LlmError::Invalid(text) => Self::Invalid(text),
            LlmError::Unavailable(text) => Self::Unavailable(text),
            LlmError::Failed(text) => Self::Other(text),
            LlmError::TimedOut => Self::Timeout,
        }
    }
}

impl Host for CallState {
    async fn complete(&mut self, request: Request) -> HostResult<Completion> {
        refuse!(self.enter(Charge::Llm)?);
        let tokens_max = refuse!(self.grant.llm_tokens_max(&request.topic).map_err(|why| self.denied("llm", why)));
        let prompt = refuse!(self.prompt(request));
        let topic = prompt.topic.clone();
        refuse!(self.quotas.llm_room(&topic, tokens(&prompt), tokens_max));
        let llm = self.caller.llm.clone();
        let since = self.meter.host_call();
        let answered = llm.complete(prompt).await;
        self.meter.waited(since);
        let given = refuse!(answered);
        self.quotas.llm_used(&topic, given.input_tokens.saturating_add(given.output_tokens));
        let stop_reason = match given.stop {
            Stop::Finished => StopReason::Finished,
            Stop::Length => StopReason::Length,
            Stop::Filtered => StopReason::Filtered,
        };
        let (input_tokens, output_tokens) = (given.input_tokens, given.output_tokens);
        Ok(Ok(Completion { text: given.text, input_tokens, output_tokens, stop_reason }))
    }
}
