//! The providers octi speaks to.

use std::fmt;

/// Who serves a model, and with which wire format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    OpenAi,
    /// Any server with OpenAI's chat completions: LiteLLM, llama.cpp, vLLM, LM Studio and many more.
    OpenAiCompatible,
    Anthropic,
    Gemini,
    Ollama,
    OpenRouter,
    DeepSeek,
    /// The built-in model that needs no network.
    Demo,
}

impl Provider {
    /// Every provider, in the order they are offered.
    pub const ALL: [Self; 8] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Gemini,
        Self::OpenRouter,
        Self::DeepSeek,
        Self::Ollama,
        Self::OpenAiCompatible,
        Self::Demo,
    ];

    /// The word stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::OpenAiCompatible => "openai-compatible",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::OpenRouter => "openrouter",
            Self::DeepSeek => "deepseek",
            Self::Demo => "demo",
        }
    }

    /// The provider of that name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == word)
    }

    /// Where its API is, unless a person says otherwise. `None` when there is no such place.
    #[must_use]
    pub const fn default_endpoint(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1/"),
            Self::Anthropic => Some("https://api.anthropic.com/v1/"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta/"),
            Self::Ollama => Some("http://127.0.0.1:11434/"),
            Self::OpenRouter => Some("https://openrouter.ai/api/v1/"),
            Self::DeepSeek => Some("https://api.deepseek.com/v1/"),
            Self::OpenAiCompatible | Self::Demo => None,
        }
    }

    /// The environment variable that usually holds its key. `None` when it needs none.
    #[must_use]
    pub const fn key_variable(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("OPENAI_API_KEY"),
            Self::Anthropic => Some("ANTHROPIC_API_KEY"),
            Self::Gemini => Some("GEMINI_API_KEY"),
            Self::OpenRouter => Some("OPENROUTER_API_KEY"),
            Self::DeepSeek => Some("DEEPSEEK_API_KEY"),
            Self::OpenAiCompatible | Self::Ollama | Self::Demo => None,
        }
    }

    /// True when nothing can be asked of it without a key.
    #[must_use]
    pub const fn needs_key(self) -> bool {
        self.key_variable().is_some()
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_is_found_by_its_word() {
        for provider in Provider::ALL {
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
        }
        assert_eq!(Provider::parse("skynet"), None);
    }

    #[test]
    fn every_default_endpoint_is_a_folder() {
        for endpoint in Provider::ALL.into_iter().filter_map(Provider::default_endpoint) {
            let url = url::Url::parse(endpoint).unwrap();
            assert!(url.path().ends_with('/'), "{endpoint} loses its last segment when a path is joined");
        }
    }
}
