//! Wishes that a model, or its provider, cannot fulfil.

use crate::chat::{ChatRequest, ModelInfo, ToolChoice};
use crate::provider::Provider;

/// A wish of a request that would be passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unable {
    /// The field of [`ChatRequest`].
    pub field: &'static str,
    /// Why not, and what to do.
    pub message: String,
}

/// The first wish of the request that this model cannot fulfil. A person who was not told would take the answer for what they
/// asked for.
#[must_use]
pub fn unable(info: &ModelInfo, request: &ChatRequest) -> Option<Unable> {
    let name = &info.name;
    if matches!(request.tool_choice, ToolChoice::Required | ToolChoice::Tool(_)) && !can_force(info) {
        let why = if info.supports_tools { "has no way to say so" } else { "is set up as one that calls no tools" };
        let message = format!(
            "`{name}` cannot be made to call a tool, because it {why}: ask with `auto`, and say in a message what has to be called"
        );
        return Some(Unable { field: "tool_choice", message });
    }
    let penalties = [("presence_penalty", request.presence_penalty), ("frequency_penalty", request.frequency_penalty)];
    let (field, _) = penalties.into_iter().find(|(_, penalty)| penalty.is_some_and(|penalty| penalty != 0.0))?;
    if takes_penalties(info.provider) {
        return None;
    }
    let message = format!("octi cannot pass `{field}` on to `{name}` of `{}`: leave it out", info.provider);
    Some(Unable { field, message })
}

/// Whether the model can be made to call a tool.
fn can_force(info: &ModelInfo) -> bool {
    info.supports_tools && info.provider != Provider::Ollama && !info.is_demo
}

/// Whether the provider knows OpenAI's penalties, under the same names.
pub(crate) const fn takes_penalties(provider: Provider) -> bool {
    matches!(provider, Provider::OpenAi | Provider::OpenAiCompatible | Provider::OpenRouter | Provider::DeepSeek)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatModel;
    use crate::scripted::ScriptedModel;

    fn info(provider: Provider) -> ModelInfo {
        ScriptedModel::new([]).with_info(|info| info.provider = provider).info().clone()
    }

    fn field(info: &ModelInfo, request: &ChatRequest) -> Option<&'static str> {
        unable(info, request).map(|unable| unable.field)
    }

    #[test]
    fn a_call_can_be_forced_where_somebody_can_be_told() {
        for choice in [ToolChoice::Required, ToolChoice::Tool("weather".into())] {
            let request = ChatRequest { tool_choice: choice, ..ChatRequest::default() };
            for provider in [Provider::OpenAi, Provider::Anthropic, Provider::Gemini, Provider::OpenAiCompatible] {
                assert_eq!(field(&info(provider), &request), None, "{provider}");
            }
            assert_eq!(field(&info(Provider::Ollama), &request), Some("tool_choice"));
            let toolless = ModelInfo { supports_tools: false, ..info(Provider::OpenAi) };
            let unable = unable(&toolless, &request).unwrap();
            assert!(unable.message.contains("calls no tools") && unable.message.contains("`auto`"), "{}", unable.message);
            assert_eq!(field(crate::demo::DemoModel::new().info(), &request), Some("tool_choice"));
        }
        for choice in [ToolChoice::Auto, ToolChoice::None] {
            let request = ChatRequest { tool_choice: choice, ..ChatRequest::default() };
            assert_eq!(field(&info(Provider::Ollama), &request), None);
        }
    }

    #[test]
    fn a_penalty_that_is_not_passed_on_is_told_unless_it_is_none() {
        let presence = ChatRequest { presence_penalty: Some(0.5), ..ChatRequest::default() };
        let frequency = ChatRequest { frequency_penalty: Some(-0.5), ..ChatRequest::default() };
        let none = ChatRequest { presence_penalty: Some(0.0), frequency_penalty: Some(0.0), ..ChatRequest::default() };
        for provider in [Provider::Anthropic, Provider::Gemini, Provider::Ollama, Provider::Demo] {
            assert_eq!(field(&info(provider), &presence), Some("presence_penalty"), "{provider}");
            assert_eq!(field(&info(provider), &frequency), Some("frequency_penalty"), "{provider}");
            assert_eq!(field(&info(provider), &none), None, "{provider}");
        }
        for provider in [Provider::OpenAi, Provider::OpenAiCompatible, Provider::OpenRouter, Provider::DeepSeek] {
            assert_eq!(field(&info(provider), &presence), None, "{provider}");
        }
    }
}
