//! A model behind a provider's API: retried before its first event, bounded in time, closed when nobody waits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use genai::chat::ChatOptions;
use octi_domain::limits;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::able;
use crate::again;
use crate::answer::Answer;
use crate::chat::{ChatModel, ChatRequest, ChatStream, ModelInfo, ToolChoice};
use crate::cost;
use crate::demo::DemoModel;
use crate::embed::{self, EmbedRequest, Embeddings};
use crate::error::ModelError;
use crate::live::{LineError, Live, Peer};
use crate::provider::Provider;
use crate::request;
use crate::target;

/// How to reach a model.
#[derive(Debug, Clone)]
pub struct ModelConfig {
    /// What the person calls it.
    pub name: String,
    pub provider: Provider,
    /// What the provider calls it.
    pub model_id: String,
    /// Where its API is, when not at the provider's usual place.
    pub endpoint: Option<Url>,
    pub key: Option<SecretString>,
    pub context_window: Option<u32>,
    pub max_output: Option<u32>,
    /// US dollars for a million input tokens.
    pub price_in: Option<f64>,
    /// US dollars for a million output tokens.
    pub price_out: Option<f64>,
    pub supports_tools: bool,
}

impl ModelConfig {
    /// A configuration with nothing but the necessary; what the catalog knows about the model is filled in.
    #[must_use]
    pub fn new(name: impl Into<String>, provider: Provider, model_id: impl Into<String>) -> Self {
        let model_id = model_id.into();
        let known = crate::catalog::facts(provider, &model_id);
        Self {
            name: name.into(),
            provider,
            endpoint: None,
            key: None,
            context_window: known.and_then(|facts| facts.context_window),
            max_output: None,
            price_in: known.and_then(|facts| facts.price_in),
            price_out: known.and_then(|facts| facts.price_out),
            supports_tools: true,
            model_id,
        }
    }
}

/// How long to wait, and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// What the HTTP client was given; see [`with_connect_limit`].
    pub connect: Duration,
    /// Without a byte from the server.
    pub silence: Duration,
    /// For the whole call, its retries included.
    pub total: Duration,
    /// The first retry waits this long, each further one twice as long.
    pub backoff: Duration,
    /// A provider that asks to wait longer than this is not asked again.
    pub retry_after_max: Duration,
    pub attempts_max: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(limits::MODEL_CONNECT_SECONDS_MAX),
            silence: Duration::from_secs(limits::MODEL_SILENCE_SECONDS_MAX),
            total: Duration::from_secs(limits::MODEL_SECONDS_MAX),
            backoff: Duration::from_millis(500),
            retry_after_max: Duration::from_secs(30),
            attempts_max: limits::MODEL_ATTEMPTS_MAX,
        }
    }
}

/// Sets on a client what only the client can limit: the time to connect.
pub fn with_connect_limit(builder: reqwest::ClientBuilder, patience: &Patience) -> reqwest::ClientBuilder {
    builder.connect_timeout(patience.connect)
}

/// The model of that configuration. Nothing is sent yet.
///
/// # Errors
/// When a key or an endpoint is missing, or the endpoint is not an address that can be used.
pub fn connect(config: ModelConfig, http: reqwest::Client) -> Result<Arc<dyn ChatModel>, ModelError> {
    connect_with(config, http, Patience::default())
}

/// Like [`connect`], with other limits.
///
/// # Errors
/// As [`connect`].
pub fn connect_with(config: ModelConfig, http: reqwest::Client, patience: Patience) -> Result<Arc<dyn ChatModel>, ModelError> {
    if config.provider == Provider::Demo {
        return Ok(Arc::new(DemoModel::named(config.name)));
    }
    let endpoint = target::endpoint(&config)?;
    let client = target::client(&config, &endpoint, http.clone())?;
    let supports_images = crate::catalog::sees_images(config.provider, &config.model_id);
    let info = ModelInfo {
        name: config.name,
        provider: config.provider,
        model_id: config.model_id,
        context_window: config.context_window,
        max_output: config.max_output,
        supports_tools: config.supports_tools,
        supports_images,
        price_in: config.price_in,
        price_out: config.price_out,
        is_demo: false,
    };
    let (provider, model_id) = (info.provider, info.model_id.clone());
    let peer = Arc::new(Peer { provider, model_id, endpoint, key: config.key, patience });
    let model = Connected { info, client, http, peer };
    if provider.needs_key() && model.peer.key.is_none() {
        return Err(model.peer.asked().no_key());
    }
    Ok(Arc::new(model))
}

struct Connected {
    info: ModelInfo,
    client: genai::Client,
    http: reqwest::Client,
    peer: Arc<Peer>,
}

#[async_trait]
impl ChatModel for Connected {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ChatRequest, cancel: CancellationToken) -> Result<ChatStream, ModelError> {
        let patience = self.peer.patience;
        let deadline = Instant::now() + patience.total;
        let sent = request::request(&self.info, &self.supported(&request));
        let input = cost::estimate_request(&request);
        let attempt = || self.attempt(&request, sent.clone(), input, deadline, cancel.clone());
        let (live, retried) = again::until_answered(attempt, &self.info, patience, deadline, &cancel).await?;
        Ok(live.into_stream(retried))
    }

    async fn embed(&self, request: EmbedRequest, cancel: CancellationToken) -> Result<Embeddings, ModelError> {
        embed::embed(&self.peer, &self.http, &self.info, request, cancel).await
    }
}

impl Connected {
    /// The request without tools when the model cannot, or must not, call any.
    fn supported(&self, request: &ChatRequest) -> ChatRequest {
        let mut request = request.clone();
        // Ollama cannot be told that no tool may be called.
        let must_not = request.tool_choice == ToolChoice::None && self.info.provider == Provider::Ollama;
        if !self.info.supports_tools || must_not {
            request.tools.clear();
        }
        request
    }

    fn options(&self, request: &ChatRequest) -> ChatOptions {
        let mut options = ChatOptions::default()
            .with_capture_usage(true)
            .with_capture_tool_calls(true)
            .with_stream_header_timeout(self.peer.patience.silence)
            .with_stream_read_timeout(self.peer.patience.silence);
        options.max_tokens = request.max_output_tokens.or(self.info.max_output);
        options.temperature = request.temperature;
        options.top_p = request.top_p;
        options.seed = request.seed;
        if self.info.supports_tools && !request.tools.is_empty() {
            options.tool_choice = request::tool_choice(&request.tool_choice);
        }
        if !matches!(self.info.provider, Provider::Gemini | Provider::Ollama) {
            // The library takes endings such as `-high` off a model's name; the name is sent as it was given.
            options.extra_body = Some(self.extra(request));
        }
        options
    }

    /// What the library has no words for.
    fn extra(&self, request: &ChatRequest) -> Value {
        let mut extra = json!({ "model": self.info.model_id });
        if able::takes_penalties(self.info.provider) {
            let penalties = [("presence_penalty", request.presence_penalty), ("frequency_penalty", request.frequency_penalty)];
            for (name, penalty) in penalties {
                if let Some(penalty) = penalty {
                    extra[name] = penalty.into();
                }
            }
        }
        extra
    }

    /// Opens the stream and waits for its first event, so that a failure up to there can be tried again.
    async fn attempt(
        &self,
        request: &ChatRequest,
        sent: genai::chat::ChatRequest,
        input: u64,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> Result<Live, ModelError> {
        let line_error = LineError::default();
        let mut options = self.options(request);
        if self.info.provider == Provider::Ollama {
            let seen = line_error.clone();
            options = options.with_raw_frame_fn(move |_, frame| seen.look(frame.data));
        }
        let opened = self.client.exec_chat_stream(self.info.model_id.as_str(), sent, Some(&options)).await;
        let opened = opened.map_err(|error| self.peer.asked().classify(&error))?;
        let answer = Answer::new(self.info.provider, input);
        Live::new(self.peer.clone(), answer, opened.stream, line_error, deadline, cancel).begun().await
    }
}
