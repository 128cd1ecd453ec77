//! Where a model is, and how to sign in there.

use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, Headers, ModelIden, ServiceTarget};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::connect::ModelConfig;
use crate::error::ModelError;
use crate::provider::Provider;

/// The wire format of the provider.
const fn adapter(provider: Provider) -> AdapterKind {
    match provider {
        Provider::Anthropic => AdapterKind::Anthropic,
        Provider::Gemini => AdapterKind::Gemini,
        Provider::Ollama => AdapterKind::Ollama,
        Provider::OpenRouter => AdapterKind::OpenRouter,
        Provider::DeepSeek => AdapterKind::DeepSeek,
        Provider::OpenAi | Provider::OpenAiCompatible | Provider::Demo => AdapterKind::OpenAI,
    }
}

/// The address that paths are added to, checked, with a `/` at its end.
pub(crate) fn endpoint(config: &ModelConfig) -> Result<String, ModelError> {
    let Some(url) = &config.endpoint else {
        return config.provider.default_endpoint().map(str::to_owned).ok_or_else(|| {
            ModelError::BadRequest(format!(
                "`{}` has no usual address: give the endpoint, such as `http://127.0.0.1:8080/v1`",
                config.provider
            ))
        });
    };
    let wrong = |why: &str| ModelError::BadRequest(format!("the endpoint of `{}` {why}", config.name));
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("is not a web address: it begins with `http://` or `https://` and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("contains a user name or password: store the key with `octi model add` instead"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a `?` or `#` part, which paths cannot be added to: leave it away"));
    }
    let mut url: Url = url.clone();
    let path = url.path().trim_end_matches('/').to_owned();
    // People copy Ollama's OpenAI address; its own API lies beside it.
    let path = if config.provider == Provider::Ollama { path.strip_suffix("/v1").unwrap_or(&path) } else { &path };
    url.set_path(&format!("{path}/"));
    Ok(url.into())
}

/// A client that always goes to that address with that key, through our connections.
pub(crate) fn client(config: &ModelConfig, endpoint: &str, http: reqwest::Client) -> Result<Client, ModelError> {
    let kind = adapter(config.provider);
    let (model_id, base, key, provider) = (config.model_id.clone(), endpoint.to_owned(), config.key.clone(), config.provider);
    let resolver = ServiceTargetResolver::from_resolver_fn(move |_: ServiceTarget| -> Result<_, genai::resolver::Error> {
        Ok(ServiceTarget {
            endpoint: Endpoint::from_owned(base.clone()),
            auth: auth(provider, &base, key.as_ref()),
            model: ModelIden::new(kind, model_id.clone()),
        })
    });
    let built = Client::builder().with_reqwest(http).with_adapter_kind(kind).with_service_target_resolver(resolver).build();
    built.map_err(|error| ModelError::BadRequest(format!("the client for `{}` cannot be made: {error}", config.name)))
}

/// The key the way the provider takes it. Two cases are outside of what the library does itself: a compatible server
/// without a key must get no `Authorization` at all, and an Ollama server behind a proxy may want one.
fn auth(provider: Provider, base: &str, key: Option<&SecretString>) -> AuthData {
    match (provider, key) {
        (Provider::Ollama, Some(key)) => AuthData::RequestOverride {
            url: format!("{base}api/chat"),
            headers: Headers::from(("Authorization".to_owned(), format!("Bearer {}", key.expose_secret()))),
        },
        (Provider::Ollama, None) => AuthData::None,
        (_, Some(key)) => AuthData::from_single(key.expose_secret()),
        (_, None) => AuthData::RequestOverride { url: format!("{base}chat/completions"), headers: Headers::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(provider: Provider, endpoint: &str) -> Result<String, ModelError> {
        let mut config = ModelConfig::new("mine", provider, "m");
        config.endpoint = Some(Url::parse(endpoint).unwrap());
        super::endpoint(&config)
    }

    #[test]
    fn an_endpoint_always_ends_with_a_slash() {
        assert_eq!(at(Provider::OpenAiCompatible, "http://h:1/v1").unwrap(), "http://h:1/v1/");
        assert_eq!(at(Provider::OpenAiCompatible, "https://h").unwrap(), "https://h/");
        assert_eq!(at(Provider::Ollama, "http://h:11434/v1/").unwrap(), "http://h:11434/");
    }

    #[test]
    fn an_endpoint_that_cannot_work_is_refused_with_a_reason() {
        for (endpoint, word) in
            [("ftp://h/", "web address"), ("http://user:hunter2@h/", "password"), ("http://h/?key=1", "leave it away")]
        {
            let error = at(Provider::OpenAi, endpoint).unwrap_err().to_string();
            assert!(error.contains(word) && !error.contains("hunter2"), "{error}");
        }
        let config = ModelConfig::new("mine", Provider::OpenAiCompatible, "m");
        assert!(super::endpoint(&config).unwrap_err().to_string().contains("give the endpoint"));
    }

    #[test]
    fn only_a_server_that_needs_none_is_asked_without_a_key() {
        let headers = |auth| match auth {
            AuthData::RequestOverride { headers, .. } => headers.iter().count(),
            _ => 99,
        };
        assert_eq!(headers(auth(Provider::OpenAiCompatible, "http://h/", None)), 0);
        let key = SecretString::from("k");
        assert_eq!(headers(auth(Provider::Ollama, "http://h/", Some(&key))), 1);
        assert!(matches!(auth(Provider::Anthropic, "http://h/", Some(&key)), AuthData::Key(_)));
    }
}
