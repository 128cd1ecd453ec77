//! Why a connection is refused or fails.

/// Why there is no connection. Every text is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The host is not on the list.
    #[error("`{host}:{port}` is not among the hosts that may be connected to: {allowed}")]
    NotAllowed { host: String, port: u16, allowed: String },
    /// The host is on the list, but not with this method.
    #[error("the method `{method}` is not allowed with `{host}:{port}`")]
    Method { host: String, port: u16, method: String },
    /// The address leads where nothing may go.
    #[error("{0}")]
    Refused(String),
    /// Where a redirect led.
    #[error("`{from}` redirected the request: {why}")]
    Redirect { from: String, why: Box<EgressError> },
    /// The request itself.
    #[error("{0}")]
    Invalid(String),
    /// An endpoint without an address.
    #[error("the endpoint `{name}` is not set up: the operator sets `{setting}`")]
    NotSet { name: String, setting: String },
    /// An entry of a host list.
    #[error("`{entry}` is not a host to allow: {why}")]
    BadRule { entry: String, why: String },
    /// The name has no address.
    #[error("`{name}` was not found: {why}")]
    NotFound { name: String, why: String },
    /// Something was larger than it may be.
    #[error("more {what} than the {max} allowed")]
    Limit { what: &'static str, max: u64 },
    /// Something took longer than it may.
    #[error("{what} took longer than {ms} ms")]
    Timeout { what: &'static str, ms: u64 },
    /// The request failed on its way.
    #[error("the request failed: {0}")]
    Failed(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(String),
}
