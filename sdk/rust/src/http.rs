//! Requests to the hosts of `capabilities.http`, through the host's egress policy.
//!
//! An address is `https://…` of a granted host, or `endpoint://<name>/<path>` for an address that the operator set under that name and
//! the plugin never learns.

use std::time::Duration;

use crate::HostError;
use crate::raw::bindings::octi::http::client as raw;

/// Bytes that cross the border at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A request that is being put together.
#[derive(Debug, Clone)]
pub struct Request {
    head: raw::Head,
    body: Option<Vec<u8>>,
}

/// An answer: its head, and a body that is read in chunks.
#[derive(Debug)]
pub struct Response {
    raw: raw::Response,
}

/// A `GET` request.
#[must_use]
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A `POST` request.
#[must_use]
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

impl Request {
    /// A request; redirects are followed.
    #[must_use]
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        let head = raw::Head {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            timeout_ms: None,
            redirects: raw::Redirects::Follow,
        };
        Self { head, body: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.head.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Gives up after this long, the body of the answer included.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.head.timeout_ms = Some(u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
        self
    }

    /// Takes a redirect as the answer.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        self.head.redirects = raw::Redirects::Refuse;
        self
    }

    /// Sends these bytes along.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    /// Sends a value along as JSON.
    ///
    /// # Errors
    /// [`HostError::Invalid`] when the value has no JSON form.
    pub fn json(self, value: &impl serde::Serialize) -> Result<Self, HostError> {
        let bytes = serde_json::to_vec(value).map_err(|error| HostError::Invalid(format!("body: {error}")))?;
        Ok(self.header("content-type", "application/json").body(bytes))
    }

    /// Sends it and waits for the head of the answer. An answer with an error status is an answer: see [`Response::status`].
    ///
    /// # Errors
    /// [`HostError`] when the host is not granted, does not answer, or a limit is reached.
    pub fn send(self) -> Result<Response, HostError> {
        let Some(body) = self.body else { return Ok(Response { raw: raw::send(&self.head)? }) };
        let request = raw::Request::start(&self.head)?;
        for chunk in body.chunks(CHUNK_BYTES) {
            request.write(chunk)?;
        }
        Ok(Response { raw: raw::Request::send(request)? })
    }
}

impl Response {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.raw.status
    }

    /// Whether the status code is one of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.raw.status)
    }

    /// Where the answer came from, after redirects.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.raw.url
    }

    /// The first header of that name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.raw.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The next bytes of the body, at most 64 KiB; none at the end.
    ///
    /// # Errors
    /// [`HostError`] when the connection breaks or a limit is reached.
    pub fn chunk(&self) -> Result<Vec<u8>, HostError> {
        Ok(self.raw.body.read(CHUNK_BYTES as u32)?)
    }

    /// The body up to `bytes_max`, and whether there was more.
    ///
    /// # Errors
    /// As [`Response::chunk`].
    pub fn bytes(&self, bytes_max: usize) -> Result<(Vec<u8>, bool), HostError> {
        let mut all = Vec::new();
        loop {
            let chunk = self.chunk()?;
            if chunk.is_empty() {
                return Ok((all, false));
            }
            all.extend_from_slice(&chunk);
            if all.len() > bytes_max {
                all.truncate(bytes_max);
                return Ok((all, true));
            }
        }
    }
}
