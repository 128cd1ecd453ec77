//! `octi:http`: requests through the egress door, to the hosts and with the methods that a plugin was granted.

mod secret;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use octi_domain::limits;
use octi_security::sandbox::egress::{self, ENDPOINT_SCHEME, EgressError, HostAllow, request_headers};
use url::{Host, Url};
use wasmtime::component::Resource;

use crate::bindings::HostError;
use crate::bindings::tool::octi::http::client::{Head, Host as HttpHost, HostBody, HostRequest, Redirects, Response};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::{CallState, Services};

/// A request whose body is being written.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenRequest {
    planned: Planned,
    body: Vec<u8>,
}

/// The body of an answer.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenBody {
    source: Source,
    endpoint: Option<String>,
}

enum Source {
    Stream(egress::Body),
    /// The answer to a request with a secret: read whole, so that the secret is found wherever the chunks would end.
    Held {
        unread: Bytes,
        /// As they were counted.
        bytes: usize,
    },
}

/// A request that passed its checks.
struct Planned {
    /// As the guest wrote it.
    url: Url,
    /// Where it goes.
    target: Url,
    /// The name of the operator's address, when it goes there.
    endpoint: Option<String>,
    allow: HostAllow,
    method: Method,
    headers: HeaderMap,
    redirects: egress::Redirects,
    time: Option<Duration>,
}

impl CallState {
    /// Checks everything about a request that can be checked before it is sent.
    fn plan(&self, services: &Services, head: Head) -> Result<Planned, HostError> {
        secret::refuse_in("url", &head.url)?;
        let method = Method::from_bytes(head.method.as_bytes())
            .map_err(|_| HostError::Invalid(format!("method: `{}` is not one", head.method.escape_debug())))?;
        let url = Url::parse(&head.url).map_err(|error| HostError::Invalid(format!("url: {error}")))?;
        let headers = request_headers(head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
            .map_err(|error| self.refusal(&error, None))?;
        let (target, endpoint, allow) = if url.scheme() == ENDPOINT_SCHEME {
            let name = url.host_str().unwrap_or_default().to_owned();
            self.grant.http_endpoint(&name, method.as_str()).map_err(|why| self.denied("http", why))?;
            let target = services.endpoints.resolve(&name, &url).map_err(|error| self.refusal(&error, None))?;
            let allow = HostAllow::operator(&target).map_err(|error| self.refusal(&error, Some(&name)))?;
            (target, Some(name), allow)
        } else {
            self.may_reach(&url, &method)?;
            (url.clone(), None, self.grant.hosts().clone())
        };
        let redirects = match head.redirects {
            // A redirect of an endpoint would tell the plugin where it is.
            Redirects::Follow if endpoint.is_none() => egress::Redirects::Follow,
            _ => egress::Redirects::Refuse,
        };
        let time = head.timeout_ms.map(|ms| Duration::from_millis(u64::from(ms)));
        Ok(Planned { url, target, endpoint, allow, method, headers, redirects, time })
    }

    /// The refusal that teaches: which line is missing in which file. The door asks again, for each hop.
    fn may_reach(&self, url: &Url, method: &Method) -> Result<(), HostError> {
        let port = url.port_or_known_default();
        let (Some(host), Some(port), "http" | "https") = (url.host_str(), port, url.scheme()) else {
            let text = format!("url: `{}` is not for requests: use `https://host/…` or `endpoint://name/…`", url.scheme());
            return Err(HostError::Invalid(text));
        };
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        let host = octi_extension::host::bare(host);
        self.grant.http(host, is_name, port, method.as_str()).map_err(|why| self.denied("http", why))
    }

    /// What a guest is told. Of an endpoint it learns the name and the setting, not the address.
    fn refusal(&self, error: &EgressError, endpoint: Option<&str>) -> HostError {
        let text = match (error, endpoint) {
            (EgressError::Limit { .. } | EgressError::Timeout { .. } | EgressError::Invalid(_), _) | (_, None) => {
                self.teach(error)
            }
            (_, Some(name)) => {
                tracing::warn!(endpoint = name, %error, "an endpoint does not answer");
                return HostError::Unavailable(format!("the endpoint `{name}` does not answer; the log says why"));
            }
        };
        match innermost(error) {
            EgressError::NotAllowed { .. }
            | EgressError::Method { .. }
            | EgressError::Refused(_)
            | EgressError::NotSet { .. } => HostError::Denied(text),
            EgressError::Invalid(_) | EgressError::BadRule { .. } => HostError::Invalid(text),
            EgressError::NotFound { .. } => HostError::NotFound(text),
            EgressError::Limit { what, max } => {
                HostError::Quota(crate::bindings::Quota { name: (*what).to_owned(), limit: *max, retry_after_ms: None })
            }
            EgressError::Timeout { .. } => HostError::Timeout,
            EgressError::Failed(_) => HostError::Unavailable(text),
            EgressError::Redirect { .. } | EgressError::Setup(_) => HostError::Other(text),
        }
    }

    /// The error's text, with the missing line of the manifest when a redirect led to a host without a grant.
    fn teach(&self, error: &EgressError) -> String {
        match error {
            EgressError::Redirect { from, why } => format!("`{from}` redirected the request: {}", self.teach(why)),
            EgressError::NotAllowed { host, port, .. } => {
                self.grant.http(host, true, *port, "GET").err().unwrap_or_else(|| error.to_string())
            }
            EgressError::Method { host, port, method } => {
                self.grant.http(host, true, *port, method).err().unwrap_or_else(|| error.to_string())
            }
            other => other.to_string(),
        }
    }

    async fn fetch(&mut self, services: &Services, mut planned: Planned, body: Vec<u8>) -> HostResult<Response> {
        refuse!(secret::refuse_in_body(&body));
        let used = refuse!(self.inject(services, &mut planned).await?);
        let mut request = egress::Request::new(planned.method, planned.target);
        request.headers = planned.headers;
        request.body = Bytes::from(body);
        request.redirects = planned.redirects;
        let left = self.time_left();
        request.time_max = planned.time.map_or(left, |time| time.min(left));
        let since = self.meter.host_call();
        let answer = services.egress.fetch(&planned.allow, request).await;
        self.meter.waited(since);
        let mut answer = refuse!(answer.map_err(|error| without(&used, self.refusal(&error, planned.endpoint.as_deref()))));
        let url = if planned.endpoint.is_some() {
            answer.headers.remove(http::header::LOCATION);
            planned.url
        } else {
            answer.url
        };
        let text = |value: &http::HeaderValue| used.redact(String::from_utf8_lossy(value.as_bytes()).into_owned());
        let headers = answer.headers.iter().map(|(name, value)| (used.redact(name.to_string()), text(value))).collect();
        let source = if used.is_empty() {
            Source::Stream(answer.body)
        } else {
            let whole = refuse!(self.whole(answer.body).await.map_err(|error| without(&used, error)));
            let counted = whole.len();
            let unread = used.redact_bytes(whole);
            // What stands for a secret may be longer than it.
            refuse!(
                self.quotas.http_held(unread.len().saturating_sub(counted)).inspect_err(|_| self.quotas.http_let_go(counted))
            );
            Source::Held { bytes: unread.len().max(counted), unread }
        };
        let body = refuse!(self.hold(OpenBody { source, endpoint: planned.endpoint }));
        Ok(Ok(Response { status: answer.status.as_u16(), url: used.redact(url.into()), headers, body }))
    }

    /// Everything that is left of an answer. It is counted as held, unless it is refused.
    async fn whole(&mut self, mut body: egress::Body) -> Result<Vec<u8>, HostError> {
        let mut whole = Vec::new();
        loop {
            let since = self.meter.host_call();
            let read = body.read(limits::EGRESS_CHUNK_BYTES_MAX).await;
            self.meter.waited(since);
            let chunk = read.map_err(|error| self.refusal(&error, None));
            match chunk.and_then(|chunk| self.quotas.http_held(chunk.len()).map(|()| chunk)) {
                Ok(chunk) if chunk.is_empty() => return Ok(whole),
                Ok(chunk) => whole.extend_from_slice(&chunk),
                Err(refusal) => {
                    self.quotas.http_let_go(whole.len());
                    return Err(refusal);
                }
            }
        }
    }
}

/// A refusal that does not repeat a secret, wherever a server may have put it.
fn without(used: &secret::Used, error: HostError) -> HostError {
    match error {
        HostError::Denied(text) => HostError::Denied(used.redact(text)),
        HostError::NotFound(text) => HostError::NotFound(used.redact(text)),
        HostError::Invalid(text) => HostError::Invalid(used.redact(text)),
        HostError::Conflict(text) => HostError::Conflict(used.redact(text)),
        HostError::Unavailable(text) => HostError::Unavailable(used.redact(text)),
        HostError::Other(text) => HostError::Other(used.redact(text)),
        bounded @ (HostError::Quota(_) | HostError::Timeout | HostError::Cancelled) => bounded,
    }
}

/// What is wrong at the end of a redirect.
fn innermost(error: &EgressError) -> &EgressError {
    match error {
        EgressError::Redirect { why, .. } => innermost(why),
        other => other,
    }
}

impl HttpHost for CallState {
    async fn send(&mut self, head: Head) -> HostResult<Response> {
        let services = refuse!(self.enter(Charge::Http)?);
        let planned = refuse!(self.plan(&services, head));
        self.fetch(&services, planned, Vec::new()).await
    }
}

impl HostRequest for CallState {
    async fn start(&mut self, head: Head) -> HostResult<Resource<OpenRequest>> {
        let services = refuse!(self.enter(Charge::Http)?);
        let planned = refuse!(self.plan(&services, head));
        Ok(self.hold(OpenRequest { planned, body: Vec::new() }))
    }

    async fn write(&mut self, request: Resource<OpenRequest>, chunk: Vec<u8>) -> HostResult<()> {
        refuse!(self.enter(Charge::HttpChunk)?);
        if chunk.len() > limits::EGRESS_CHUNK_BYTES_MAX {
            let text = format!("chunk: {} bytes are more than the {} of one call", chunk.len(), limits::EGRESS_CHUNK_BYTES_MAX);
            return Ok(Err(HostError::Invalid(text)));
        }
        refuse!(self.quotas.http_sent(chunk.len()));
        self.table.get_mut(&request)?.body.extend_from_slice(&chunk);
        Ok(Ok(()))
    }

    async fn send(&mut self, request: Resource<OpenRequest>) -> HostResult<Response> {
        let OpenRequest { planned, body } = self.table.delete(request)?;
        let services = refuse!(self.enter(Charge::HttpChunk)?);
        self.fetch(&services, planned, body).await
    }

    async fn drop(&mut self, request: Resource<OpenRequest>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

impl HostBody for CallState {
    async fn read(&mut self, body: Resource<OpenBody>, max: u32) -> HostResult<Vec<u8>> {
        refuse!(self.enter(Charge::HttpChunk)?);
        let since = self.meter.host_call();
        let open = self.table.get_mut(&body)?;
        let max = (max as usize).clamp(1, limits::EGRESS_CHUNK_BYTES_MAX);
        let read = match &mut open.source {
            Source::Stream(body) => body.read(max).await,
            Source::Held { unread, bytes } => {
                let part = unread.split_to(max.min(unread.len()));
                if unread.is_empty() {
                    self.quotas.http_let_go(std::mem::take(bytes));
                }
                Ok(part)
            }
        };
        let endpoint = open.endpoint.clone();
        self.meter.waited(since);
        let bytes = refuse!(read.map_err(|error| self.refusal(&error, endpoint.as_deref())));
        refuse!(self.quotas.http_received(bytes.len()));
        Ok(Ok(bytes.into()))
    }

    async fn drop(&mut self, body: Resource<OpenBody>) -> wasmtime::Result<()> {
        if let Source::Held { bytes, .. } = self.table.delete(body)?.source {
            self.quotas.http_let_go(bytes);
        }
        Ok(())
    }
}
