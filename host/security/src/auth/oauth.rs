//! Programs that a person lets in (OAuth 2.1). octi is the authorization server of its own MCP server: a program registers, a person
//! agrees in their browser, and the program gets tokens that work for MCP and nothing else.
//!
//! Every secret has 256 random bits and only its SHA-256 is stored, in a table of its own: nothing that looks for an API token finds
//! one of these. A code and a refresh token work once. Whoever shows one again has stolen it, or was robbed of it, and what came of
//! it ends.

mod clients;
mod document;
mod grants;
mod place;
mod redirect;
mod request;
mod scope;

use std::fmt;

pub use clients::{Described, Registration};
pub use grants::{Admitted, Issued, Redeem};
pub use place::{BadPlace, Place};
pub use request::{Answer, Asked, Request, Unfit, Wrong};
pub use scope::Scope;

use crate::auth::AuthError;
use octi_store::StoreError;

/// What an access token begins with.
pub const ACCESS_PREFIX: &str = "octi_oat_";
/// What a refresh token begins with.
const REFRESH_PREFIX: &str = "octi_ort_";
/// What a code begins with.
const CODE_PREFIX: &str = "octi_oac_";

/// The words that programs know for what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    AccessDenied,
    InvalidClient,
    InvalidClientMetadata,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    TemporarilyUnavailable,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl Word {
    /// As RFC 6749, RFC 7591 and RFC 8707 write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// Why a program does not get what it asked for. The text is for whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub word: Word,
    pub text: String,
}

impl Refused {
    pub(crate) fn new(word: Word, text: impl Into<String>) -> Self {
        Self { word, text: text.into() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Refused {}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum OauthError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Auth(#[from] AuthError),
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        Self::Auth(error.into())
    }
}

/// What a person is told of where a program's browser was sent.
#[must_use]
pub fn host_of(redirect_uri: &str) -> String {
    redirect::check(redirect_uri).map(|url| redirect::host(&url)).unwrap_or_default()
}
