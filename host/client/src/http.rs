//! One connection pool to one server, and how its answers are read.

use std::fmt;
use std::time::Duration;

use octi_api::error::ErrorCode;
use reqwest::{Method, RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::ClientError;

/// How long the server may take to accept a connection.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// How long an ordinary answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// A client of one server. Clones share one connection pool.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
}

/// The error envelope, read without the closed list of codes, so that a newer server is understood.
#[derive(Deserialize)]
struct Envelope {
    error: Detail,
}

#[derive(Deserialize)]
struct Detail {
    code: String,
    message: String,
    request_id: String,
    path: Option<String>,
}

impl Client {
    /// A client that signs in with an `octi_…` token or the machine's local token.
    ///
    /// # Errors
    /// [`ClientError::Address`] when `base` is not an http address.
    pub fn new(base: Url, token: SecretString) -> Result<Self, ClientError> {
        Self::build(base, Some(token))
    }

    /// A client without credentials: it can sign in and ask for the server's health.
    ///
    /// # Errors
    /// [`ClientError::Address`] when `base` is not an http address.
    pub fn anonymous(base: Url) -> Result<Self, ClientError> {
        Self::build(base, None)
    }

    /// The server's address.
    #[must_use]
    pub const fn base(&self) -> &Url {
        &self.base
    }

    pub(crate) const fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "it reaches only the server its user named, which is no guest's or model's choice"
    )]
    fn build(base: Url, token: Option<SecretString>) -> Result<Self, ClientError> {
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(ClientError::Address { url: base.to_string() });
        }
        // Fails only when a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("octi-client/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ClientError::Unreachable { url: base.to_string(), reason: error.to_string() })?;
        Ok(Self { http, base, token })
    }

    /// The address of a route. Each segment is encoded, so a model's name may hold a slash.
    pub(crate) fn url(&self, segments: &[&str]) -> Result<Url, ClientError> {
        // These mean other addresses, however they are encoded.
        if let Some(dots) = segments.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(ClientError::Name { name: (*dots).to_owned() });
        }
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::Address { url: self.base.to_string() })?
            .pop_if_empty()
            .extend(segments);
        Ok(url)
    }

    pub(crate) fn request(&self, method: Method, segments: &[&str]) -> Result<RequestBuilder, ClientError> {
        let request = self.http.request(method, self.url(segments)?).timeout(ANSWER_TIME_MAX);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, segments: &[&str]) -> Result<T, ClientError> {
        self.json(self.request(Method::GET, segments)?).await
    }

    pub(crate) async fn get_with<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        query: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.json(self.request(Method::GET, segments)?.query(query)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        self.json(self.request(Method::POST, segments)?.json(body)).await
    }

    pub(crate) async fn delete(&self, segments: &[&str]) -> Result<(), ClientError> {
        self.answer(self.request(Method::DELETE, segments)?).await.map(drop)
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let bytes = self.bytes(request).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.protocol(&error.to_string()))
    }

    pub(crate) async fn bytes(&self, request: RequestBuilder) -> Result<Vec<u8>, ClientError> {
        let response = self.answer(request).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(bytes.into())
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_slice::<Envelope>(&bytes) {
            Ok(Envelope { error }) => Err(ClientError::Server {
                status: status.as_u16(),
                code: ErrorCode::parse(&error.code),
                message: error.message,
                request_id: error.request_id,
                path: error.path,
            }),
            Err(_) => Err(self.protocol(&format!("status {status} without an error envelope"))),
        }
    }

    pub(crate) fn unreachable(&self, error: &dyn std::error::Error) -> ClientError {
        // The innermost cause says it best: "connection refused" rather than "error sending request".
        let mut cause = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        ClientError::Unreachable { url: self.base.to_string(), reason: cause.to_string().to_lowercase() }
    }

    pub(crate) fn protocol(&self, reason: &str) -> ClientError {
        ClientError::Protocol { url: self.base.to_string(), reason: reason.to_owned() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
