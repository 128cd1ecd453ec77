//! One request and its answer: vetted, bounded, redirected at most a few times, each hop vetted again.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use octi_domain::limits;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::host::HostAllow;
use super::{Body, Egress, EgressError, dial, headers, redirect};

/// Whether redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// To hosts that are allowed, each looked at like the first.
    Follow,
    /// The redirect itself is the answer.
    Refuse,
}

/// What is sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Made by [`super::request_headers`]. A value marked sensitive stays at its origin.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub redirects: Redirects,
    /// For everything, the answer's body included.
    pub time_max: Duration,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            redirects: Redirects::Follow,
            time_max: Duration::from_secs(limits::EGRESS_SECONDS_MAX),
        }
    }

    fn bytes(&self) -> usize {
        self.url.as_str().len() + headers::size(&self.headers) + self.body.len()
    }
}

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    /// After redirects.
    pub url: Url,
    /// Without those of the connection.
    pub headers: HeaderMap,
    pub body: Body,
}

impl Egress {
    /// Sends a request to a host of the list.
    ///
    /// # Errors
    /// When something about the request, its target, a redirect or the answer is not allowed, or the connection fails.
    pub async fn fetch(&self, allow: &HostAllow, request: Request) -> Result<Response, EgressError> {
        let time = request.time_max.min(self.policy.caps.time);
        let (started, deadline) = (Instant::now(), Instant::now() + time);
        let time_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let method = request.method.clone();
        let fetched = match timeout_at(deadline, self.follow(allow, request, deadline, time_ms)).await {
            Ok(fetched) => fetched,
            Err(_) => Err(EgressError::Timeout { what: "the answer", ms: time_ms }),
        };
        // Neither path nor query: they may hold what nobody should read in a log.
        tracing::debug!(
            host,
            %method,
            status = fetched.as_ref().map_or(0, |response| response.status.as_u16()),
            refused = fetched.as_ref().err().map(tracing::field::display),
            duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "a request went out"
        );
        fetched
    }

    async fn follow(
        &self,
        allow: &HostAllow,
        mut request: Request,
        deadline: Instant,
        time_ms: u64,
    ) -> Result<Response, EgressError> {
        own_headers(&mut request.headers);
        request.url.set_fragment(None);
        let mut from: Option<String> = None;
        for _ in 0..=self.policy.caps.redirects {
            let answer = self.one(allow, &request).await.map_err(|error| match from.take() {
                Some(from) => EgressError::Redirect { from, why: Box::new(error) },
                None => error,
            })?;
            let next = match request.redirects {
                Redirects::Follow => redirect::target(answer.status(), answer.headers(), &request.url)?,
                Redirects::Refuse => None,
            };
            let Some(next) = next else {
                return self.answered(request, answer, deadline, time_ms);
            };
            let (method, with_body) = redirect::method(answer.status(), &request.method);
            redirect::prune(&mut request.headers, &request.url, &next, with_body);
            if !with_body {
                request.body = Bytes::new();
            }
            from = request.url.host_str().map(str::to_owned);
            (request.method, request.url) = (method, next);
        }
        Err(EgressError::Limit { what: "redirects", max: self.policy.caps.redirects as u64 })
    }

    /// One hop.
    async fn one(&self, allow: &HostAllow, request: &Request) -> Result<http::Response<Incoming>, EgressError> {
        let leave = self.check(&request.url, Some(request.method.as_str()), allow)?;
        let bytes_max = self.policy.caps.request_bytes;
        if request.bytes() > bytes_max {
            return Err(EgressError::Limit { what: "bytes of a request", max: bytes_max as u64 });
        }
        let uri: Uri =
            request.url.as_str().parse().map_err(|error| EgressError::Invalid(format!("the address cannot be sent: {error}")))?;
        let http = self.pool(dial::Target::of(&request.url, leave)?)?;
        let mut message = http::Request::new(Full::new(request.body.clone()));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = uri;
        message.headers_mut().clone_from(&request.headers);
        let answer = http.request(message).await.map_err(|error| self.failed(&error))?;
        let header_bytes = self.policy.caps.header_bytes;
        if headers::size(answer.headers()) > header_bytes {
            return Err(EgressError::Limit { what: "bytes of an answer's headers", max: header_bytes as u64 });
        }
        Ok(answer)
    }

    fn answered(
        &self,
        request: Request,
        answer: http::Response<Incoming>,
        deadline: Instant,
        time_ms: u64,
    ) -> Result<Response, EgressError> {
        let caps = self.policy.caps;
        let (mut parts, incoming) = answer.into_parts();
        let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if request.method != Method::HEAD && length.is_some_and(|length| length > caps.wire_bytes) {
            return Err(EgressError::Limit { what: "bytes of an answer on the network", max: caps.wire_bytes });
        }
        let gzip = is_gzip(&parts.headers)?;
        headers::clean_answer(&mut parts.headers, gzip && request.method != Method::HEAD);
        let body = Body::new(incoming, gzip, caps, deadline, time_ms);
        Ok(Response { status: parts.status, url: request.url, headers: parts.headers, body })
    }

    /// The reason at the bottom of a chain, ours when it is one of ours.
    fn failed(&self, error: &hyper_util::client::legacy::Error) -> EgressError {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(source) = next {
            if let Some(ours) = source.downcast_ref::<EgressError>() {
                return ours.clone();
            }
            if source.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse_too_large) {
                let max = self.policy.caps.header_bytes as u64;
                return EgressError::Limit { what: "bytes of an answer's headers", max };
            }
            next = source.source();
        }
        EgressError::Failed(super::last_source(error))
    }
}

/// What only this host says.
fn own_headers(headers: &mut HeaderMap) {
    // A part of something compressed cannot be decompressed.
    let encoding = if headers.contains_key(header::RANGE) { "identity" } else { "gzip" };
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static("octi"));
}

/// Whether a body is compressed; refuses what was not asked for, because it could not be bounded.
fn is_gzip(headers: &HeaderMap) -> Result<bool, EgressError> {
    let mut gzip = false;
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let value = value.to_str().unwrap_or("?").to_ascii_lowercase();
        for coding in value.split(',').map(str::trim).filter(|coding| !coding.is_empty() && *coding != "identity") {
            if gzip || !matches!(coding, "gzip" | "x-gzip") {
                return Err(EgressError::Failed(format!(
                    "the answer is encoded as `{}`, which was not asked for",
                    value.escape_debug()
                )));
            }
            gzip = true;
        }
    }
    Ok(gzip)
}
