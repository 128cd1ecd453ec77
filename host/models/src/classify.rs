//! Telling a provider's failures apart, and saying what to do about each.

use std::error::Error as StdError;
use std::time::Duration;

use genai::webc::StreamTimeout;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::error::{ModelError, Phase};
use crate::provider::Provider;

/// The longest piece of a provider's own words that is shown.
const DETAIL_CHARS_MAX: usize = 300;

/// Who was asked, for the sentences.
pub(crate) struct Asked<'a> {
    pub(crate) provider: Provider,
    pub(crate) model_id: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) key: Option<&'a SecretString>,
    pub(crate) connect: Duration,
    pub(crate) silence: Duration,
}

impl Asked<'_> {
    /// The error in our vocabulary.
    pub(crate) fn classify(&self, error: &genai::Error) -> ModelError {
        use genai::Error;
        match error {
            Error::HttpError { status, body, headers, .. } => self.status(status.as_u16(), body, retry_after(headers)),
            Error::WebModelCall { webc_error, .. } | Error::WebAdapterCall { webc_error, .. } => match webc_error {
                genai::webc::Error::ResponseFailedStatus { status, body, headers } => {
                    self.status(status.as_u16(), body, retry_after(headers))
                }
                other => self.transport(other),
            },
            Error::WebStream { error, .. } => match error.downcast_ref::<Error>() {
                Some(inner) => self.classify(inner),
                None => self.transport(error.as_ref()),
            },
            Error::ChatResponse { body, .. } => self.in_stream(body),
            Error::Resolver { .. } | Error::RequiresApiKey { .. } | Error::NoAuthData { .. } => self.no_key(),
            other => ModelError::Protocol(format!(
                "`{}` answered something that is not its protocol: {}",
                self.provider,
                self.detail(&other.to_string())
            )),
        }
    }

    /// What a missing key means.
    pub(crate) fn no_key(&self) -> ModelError {
        ModelError::Auth(format!("`{}` needs a key and none is set: {}", self.provider, self.key_hint()))
    }

    fn key_hint(&self) -> String {
        let variable = self.provider.key_variable().map(|name| format!(" or set `{name}`")).unwrap_or_default();
        format!("store one with `octi model add`{variable}")
    }

    /// An error that the provider sent with an HTTP status, read by ourselves.
    pub(crate) fn refused(&self, status: u16, body: &str, headers: &reqwest::header::HeaderMap) -> ModelError {
        self.status(status, body, retry_after(headers))
    }

    /// The provider's own words in an error body.
    pub(crate) fn said(&self, body: &str) -> String {
        self.detail(&message_of(body))
    }

    /// An error that the provider sent with an HTTP status.
    fn status(&self, status: u16, body: &str, retry_after: Option<Duration>) -> ModelError {
        let said = self.said(body);
        let lower = body.to_ascii_lowercase();
        let provider = self.provider;
        match status {
            _ if no_credit(status, &lower) => ModelError::Auth(format!(
                "the account behind the key for `{provider}` has no credit left: add credit or use another model (it said: {said})"
            )),
            _ if wrong_key(status, &lower) => ModelError::Auth(format!(
                "`{provider}` does not accept the key for `{}`: {} (it said: {said})",
                self.model_id,
                self.key_hint()
            )),
            _ if too_long(status, &lower) => ModelError::ContextLength(format!(
                "the conversation is longer than `{}` can read: start a new session or use a model with a larger context (it said: {said})",
                self.model_id
            )),
            404 => ModelError::BadRequest(self.unknown_model(&said)),
            429 => ModelError::RateLimited {
                retry_after,
                message: format!(
                    "`{provider}` gets too many requests at the moment{}: wait or use another model (it said: {said})",
                    retry_after.map(|wait| format!(" and asks to wait {} s", wait.as_secs())).unwrap_or_default()
                ),
            },
            503 | 529 => ModelError::Overloaded(format!(
                "`{provider}` is overloaded ({status}): try again in a moment or use another model (it said: {said})"
            )),
            408 | 500.. => ModelError::Unavailable(format!(
                "`{provider}` failed ({status}): try again in a moment; if it stays so, look at its status page (it said: {said})"
            )),
            300..400 => ModelError::BadRequest(format!(
                "{} sends to another address ({status}) and octi does not follow: set the final address as the endpoint",
                self.endpoint
            )),
            _ => ModelError::BadRequest(format!(
                "`{provider}` does not accept the request for `{}` ({status}): {said}",
                self.model_id
            )),
        }
    }

    fn unknown_model(&self, said: &str) -> String {
        let hint = match self.provider {
            Provider::Ollama => format!("pull it with `ollama pull {}`", self.model_id),
            _ => "check the model id and the endpoint with `octi model list`".to_owned(),
        };
        format!("{} does not know the model `{}`: {hint} (it said: {said})", self.endpoint, self.model_id)
    }

    /// An error in the middle of a stream that began well.
    fn in_stream(&self, body: &Value) -> ModelError {
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let word = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        if ["message", "type", "code", "status"].iter().all(|key| error.get(key).is_none()) && !error.is_string() {
            // Gemini sends no words with this when it does not like the prompt.
            return ModelError::Protocol(format!(
                "`{}` gave no answer and no reason; it may have blocked the prompt: say it in other words or use another model",
                self.provider
            ));
        }
        let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        let kind = format!("{} {} {}", word("type"), word("code"), word("status"));
        let named = [
            ("overloaded", 529),
            ("unavailable", 503),
            ("rate_limit", 429),
            ("resource_exhausted", 429),
            ("authentication", 401),
            ("permission", 403),
            ("not_found", 404),
            ("context_length", 400),
            ("invalid", 400),
        ];
        let status = named.into_iter().find(|(mark, _)| kind.contains(mark)).map(|(_, status)| status);
        self.status(code.filter(|code| *code >= 400).or(status).unwrap_or(500), &body.to_string(), None)
    }

    /// An error without an answer from the provider.
    pub(crate) fn transport(&self, error: &(dyn StdError + 'static)) -> ModelError {
        let causes = causes(error);
        if causes.iter().any(|cause| cause.downcast_ref::<StreamTimeout>().is_some()) {
            return ModelError::Timeout { phase: Phase::Silence, after: self.silence };
        }
        let web = causes.iter().find_map(|cause| match cause.downcast_ref::<genai::webc::Error>() {
            Some(genai::webc::Error::Reqwest(error)) => Some(error),
            _ => cause.downcast_ref::<reqwest::Error>(),
        });
        if let Some(web) = web {
            if web.is_timeout() {
                return if web.is_connect() {
                    ModelError::Timeout { phase: Phase::Connect, after: self.connect }
                } else {
                    ModelError::Timeout { phase: Phase::Silence, after: self.silence }
                };
            }
            if web.is_builder() {
                return ModelError::BadRequest(format!("{} is not an address to send to: correct the endpoint", self.endpoint));
            }
        }
        let reason = self.detail(&causes.last().map(ToString::to_string).unwrap_or_default());
        // rustls' words for a server that proved to be another one, or nobody that this host knows.
        if reason.contains("invalid peer certificate") {
            return ModelError::BadRequest(format!(
                "{} has a certificate that is not trusted ({reason}): if it is from an authority of your own, name its PEM file in \
                 `OCTI_CA_FILE`; if not, correct the endpoint",
                self.endpoint
            ));
        }
        let hint = match self.provider {
            Provider::Ollama => "start it with `ollama serve`, or correct the endpoint",
            _ => "check the network and the endpoint",
        };
        ModelError::Unavailable(format!("{} cannot be reached: {hint} ({reason})", self.endpoint))
    }

    /// What an Ollama server wrote into its stream instead of an answer.
    pub(crate) fn line_error(&self, text: &str) -> ModelError {
        self.status(500, text, None)
    }

    /// The provider's words, without the key, control characters and length.
    fn detail(&self, text: &str) -> String {
        let text = match self.key.map(ExposeSecret::expose_secret) {
            Some(key) if !key.is_empty() => text.replace(key, "[REDACTED_SECRET]"),
            _ => text.to_owned(),
        };
        let words: Vec<&str> =
            text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
        let line = words.join(" ");
        match line.char_indices().nth(DETAIL_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None if line.is_empty() => "nothing".to_owned(),
            None => line,
        }
    }
}

fn no_credit(status: u16, body: &str) -> bool {
    status == 402 || body.contains("insufficient_quota") || body.contains("credit balance is too low")
}

fn wrong_key(status: u16, body: &str) -> bool {
    matches!(status, 401 | 403) || (status == 400 && (body.contains("api_key_invalid") || body.contains("api key not valid")))
}

fn too_long(status: u16, body: &str) -> bool {
    const MARKS: [&str; 10] = [
        "context_length_exceeded",
        "exceed_context_size",
        "maximum context length",
        "context length",
        "context window",
        "context size",
        "prompt is too long",
        "input token count",
        "too many input tokens",
        "input is too long",
    ];
    status == 413 || (matches!(status, 400 | 422 | 500) && MARKS.iter().any(|mark| body.contains(mark)))
}

/// The sentence in an error body, wherever the provider puts it.
fn message_of(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(body) else { return body.to_owned() };
    // Gemini's compatible endpoint wraps its error into a list.
    let value = value.get(0).unwrap_or(&value);
    let places = [value.pointer("/error/message"), value.get("message"), value.get("error"), value.get("detail")];
    let message = places.into_iter().flatten().find_map(Value::as_str);
    message.map_or_else(|| value.to_string(), str::to_owned)
}

/// How long the provider asks to wait: in seconds, as every provider here sends it, or in milliseconds.
fn retry_after(headers: &reqwest::header::HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let millis = number("retry-after-ms").map(|millis| millis / 1_000.0);
    Duration::try_from_secs_f64(millis.or_else(|| number("retry-after"))?).ok()
}

/// The error and everything behind it.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    causes
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
