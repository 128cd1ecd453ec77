//! Every error a client can see: one table of codes, one envelope.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! error_codes {
    ($($variant:ident, $code:literal, $status:literal, $meaning:literal;)*) => {
        /// A stable code that clients may branch on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum ErrorCode {
            $(#[doc = $meaning] #[serde(rename = $code)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as REST spells it, such as `not_found`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status it travels with.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// What it means, for the reference.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

error_codes! {
    InvalidJson, "invalid_json", 400, "The body or frame is not JSON.";
    InvalidField, "invalid_field", 400, "A field is missing, unknown or has the wrong type or value; `path` names it.";
    InvalidPath, "invalid_path", 400, "A part of the URL, such as an id, is not valid.";
    Unauthenticated, "unauthenticated", 401, "No credentials, or credentials that are wrong, expired or revoked.";
    Forbidden, "forbidden", 403, "The credentials are fine, but this needs an administrator.";
    Csrf, "csrf", 403, "A change that a browser asked for without the page's own token, or with an old one.";
    NotFound, "not_found", 404, "There is no such thing, or it belongs to someone else.";
    SessionNotFound, "session_not_found", 404, "There is no such session, or it belongs to someone else.";
    AgentNotFound, "agent_not_found", 404, "There is no such agent, or it belongs to someone else.";
    ApprovalNotFound, "approval_not_found", 404, "There is no such question, or it was put to someone else.";
    RouteNotFound, "route_not_found", 404, "There is no such route.";
    MethodNotAllowed, "method_not_allowed", 405, "The route exists, but not with this method.";
    SetUpAlready, "set_up_already", 409, "Somebody has signed in already, so there is nothing to set up.";
    Conflict, "conflict", 409, "Something of that name exists already, or it is not in the state this needs.";
    KeyReused, "key_reused", 409, "The `Idempotency-Key` was sent before with another request.";
    StillRunning, "still_running", 409, "The request with this `Idempotency-Key` is still being answered; ask again in a moment.";
    ApprovalRequired, "approval_required", 409, "The call must be approved: send it again with `approve`.";
    PermissionDenied, "permission_denied", 403, "A permission rule or a hard limit refuses the call.";
    ApprovalExpired, "approval_expired", 410, "The question was answered or expired before this answer came.";
    TooLarge, "too_large", 413, "The body or frame is larger than allowed.";
    UnsupportedMediaType, "unsupported_media_type", 415, "The body has another content type than the route takes.";
    Refused, "refused", 422, "The request is well formed, but what it asks for cannot be done; the message says why.";
    TooMany, "too_many", 429, "Too many of these at once, or too many attempts.";
    RateLimited, "rate_limited", 429, "Too many of these within a minute; the message says when to try again.";
    Internal, "internal", 500, "The host failed; the log has the rest under the request id.";
    Upstream, "upstream", 502, "A model provider or another service failed.";
    Unavailable, "unavailable", 503, "The host, or its database, cannot answer now; try again later.";
}

impl ErrorCode {
    /// The code as frames spell it, such as `AGENT_NOT_FOUND`.
    #[must_use]
    pub fn frame_code(self) -> String {
        self.as_str().to_ascii_uppercase()
    }

    /// The code of that spelling, in either case.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(word))
    }
}

/// The envelope of every error response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    pub code: ErrorCode,
    /// For a person. Names what to do where there is something to do.
    pub message: String,
    /// Quote it when asking for help: the log has the same.
    pub request_id: String,
    /// The first bad field of the body, such as `parts[2].text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_fit_their_status() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert!((400..600).contains(&code.status()), "{code:?}");
            assert!(code.meaning().ends_with('.'), "{code:?}");
            assert_eq!(ErrorCode::ALL.iter().position(|other| other.as_str() == code.as_str()), Some(index));
        }
    }

    #[test]
    fn both_spellings_are_read() {
        assert_eq!(ErrorCode::AgentNotFound.frame_code(), "AGENT_NOT_FOUND");
        assert_eq!(ErrorCode::parse("AGENT_NOT_FOUND"), Some(ErrorCode::AgentNotFound));
        assert_eq!(ErrorCode::parse("agent_not_found"), Some(ErrorCode::AgentNotFound));
        assert_eq!(ErrorCode::parse("nonsense"), None);
    }

    #[test]
    fn the_table_reads_as_documented() {
        let lines: Vec<String> =
            ErrorCode::ALL.iter().map(|code| format!("{} {} {}", code.status(), code.as_str(), code.meaning())).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
