//! Answers of models that a plugin asks for.

use octi_domain::limits;
use serde::{Deserialize, Serialize};

use super::require_reason;

/// Answers of a model about one topic, paid by the person whose call it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmRequest {
    /// What it is for, such as `summarise`.
    pub topic: String,
    /// Tokens that one tool call may use for it, read and written together.
    pub tokens_per_call_max: u64,
    pub reason: String,
}

impl LlmRequest {
    pub(super) fn line(&self) -> String {
        let Self { topic, tokens_per_call_max, reason } = self;
        format!("llm: let your model write for `{topic}`, up to {tokens_per_call_max} tokens a call, which you pay ({reason})")
    }

    fn check(&self, field: &str) -> Result<(), (String, String)> {
        if !crate::manifest::is_name(&self.topic) {
            let problem = format!("`{}` is not the name of a topic: lower case letters, digits, `-` and `_`", self.topic);
            return Err((format!("{field}.topic"), problem));
        }
        if self.tokens_per_call_max == 0 || self.tokens_per_call_max > limits::LLM_TOKENS_PER_CALL_MAX {
            let problem = format!("must be between 1 and {}", limits::LLM_TOKENS_PER_CALL_MAX);
            return Err((format!("{field}.tokens_per_call_max"), problem));
        }
        require_reason(field, &self.reason)
    }
}

pub(super) fn check(all: &[LlmRequest]) -> Result<(), (String, String)> {
    if all.len() > limits::LLM_TOPICS_MAX {
        return Err(("llm".to_owned(), format!("{} topics are more than the {} allowed", all.len(), limits::LLM_TOPICS_MAX)));
    }
    for (index, request) in all.iter().enumerate() {
        request.check(&format!("llm[{index}]"))?;
        if all.iter().take(index).any(|other| other.topic == request.topic) {
            return Err((format!("llm[{index}].topic"), format!("`{}` is there already", request.topic)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Capabilities;

    fn asked(topics: &[(&str, u64, &str)]) -> Capabilities {
        let request = |(topic, tokens_per_call_max, reason): &(&str, u64, &str)| LlmRequest {
            topic: (*topic).to_owned(),
            tokens_per_call_max: *tokens_per_call_max,
            reason: (*reason).to_owned(),
        };
        Capabilities { llm: topics.iter().map(request).collect(), ..Capabilities::default() }
    }

    #[test]
    fn the_granter_reads_what_is_written_for_and_who_pays() {
        let capabilities = asked(&[("summarise", 4_000, "shorten pages")]);
        assert!(capabilities.asks_for("llm") && capabilities.check().is_ok());
        assert_eq!(
            capabilities.lines(),
            ["llm: let your model write for `summarise`, up to 4000 tokens a call, which you pay (shorten pages)"]
        );
    }

    #[test]
    fn what_is_wrong_with_a_topic_is_named_with_its_field() {
        let most = limits::LLM_TOKENS_PER_CALL_MAX;
        for (topics, field) in [
            (&[("A b", 1, "x")][..], "llm[0].topic"),
            (&[("a", 0, "x")], "llm[0].tokens_per_call_max"),
            (&[("a", most + 1, "x")], "llm[0].tokens_per_call_max"),
            (&[("a", most, " ")], "llm[0].reason"),
            (&[("a", 1, "x"), ("a", 2, "x")], "llm[1].topic"),
            (&[("a", 1, "x"); limits::LLM_TOPICS_MAX + 1], "llm"),
        ] {
            assert_eq!(asked(topics).check().err().map(|(field, _)| field).as_deref(), Some(field), "{topics:?}");
        }
    }
}
