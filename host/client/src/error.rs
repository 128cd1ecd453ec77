//! Why a request to the server failed.

use octi_api::error::ErrorCode;

/// Why a request failed. The text is for the person at the keyboard.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server answered with an error.
    #[error("{message}")]
    Server {
        status: u16,
        /// None when the server is newer and uses a code this client does not know.
        code: Option<ErrorCode>,
        message: String,
        request_id: String,
        /// The first bad field of the request.
        path: Option<String>,
    },
    /// Nothing answers there.
    #[error("no octi server answers at `{url}` ({reason}); start one with `octi serve`, or name another with `OCTI_URL`")]
    Unreachable { url: String, reason: String },
    /// Something answers, but not like an octi server of this version.
    #[error("`{url}` does not answer like an octi server: {reason}")]
    Protocol { url: String, reason: String },
    /// The WebSocket was not let in.
    #[error("the server refused the connection: {0}")]
    Refused(String),
    /// The WebSocket was closed.
    #[error("the server closed the connection ({code}): {reason}")]
    Closed { code: u16, reason: String },
    /// The address cannot be used.
    #[error("`{url}` is not the address of a server: expected one such as `http://127.0.0.1:3005`")]
    Address { url: String },
    /// Nothing can be called that.
    #[error("nothing on a server can be called `{name}`: expected a name or an id, such as `acme/hello` for a plugin")]
    Name { name: String },
}

impl ClientError {
    /// The server's code, if it sent one this client knows.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Server { code, .. } => *code,
            _ => None,
        }
    }

    /// The id under which the server's log has more, if the server answered.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Server { request_id, .. } => Some(request_id),
            _ => None,
        }
    }
}
