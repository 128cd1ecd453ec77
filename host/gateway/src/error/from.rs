//! What the parts of the host say, as clients hear it.

use octi_agents::{AgentsError, CallError};
use octi_api::decode::DecodeError;
use octi_api::error::ErrorCode;
use octi_security::auth::AuthError;
use octi_security::vault::VaultError;
use octi_store::StoreError;

use super::ApiError;
use crate::ports::PortError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Unavailable(_) | StoreError::Migration(_) => ErrorCode::Unavailable,
            StoreError::Conflict { .. } => ErrorCode::Conflict,
            StoreError::Missing { .. } => ErrorCode::NotFound,
            StoreError::Limit { .. } => ErrorCode::TooLarge,
            _ => return Self::internal(error.detail().unwrap_or_else(|| error.to_string())),
        };
        Self::new(code, error.to_string()).with_log(error.detail())
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Syntax { message } => Self::new(ErrorCode::InvalidJson, format!("this is not JSON: {message}")),
            DecodeError::Field { path, message } => Self::field(path, message),
        }
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        let code = match &error {
            PortError::NotFound(_) => ErrorCode::NotFound,
            PortError::Refused(_) => ErrorCode::Refused,
            PortError::Conflict(_) => ErrorCode::Conflict,
            PortError::Upstream(_) => ErrorCode::Upstream,
            PortError::Internal(log) => return Self::internal(log),
        };
        Self::new(code, error.to_string())
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            VaultError::Nobody => Self::new(ErrorCode::Forbidden, error.to_string()),
            VaultError::TooLong { .. } | VaultError::Name { .. } => Self::new(ErrorCode::Refused, error.to_string()),
            VaultError::Sealed { .. } => Self::internal(error.to_string()),
        }
    }
}

impl From<AgentsError> for ApiError {
    fn from(error: AgentsError) -> Self {
        let code = match error {
            AgentsError::Store(error) => return error.into(),
            AgentsError::Unanswered(why) => {
                let mut told = Self::from(*why);
                told.message = format!("the message is kept, but nothing answers it yet: {}", told.message);
                return told;
            }
            AgentsError::SessionNotFound(_) => return Self::not_found("session"),
            AgentsError::MessageEmpty | AgentsError::MessageTooLong { .. } | AgentsError::QuestionTooLong { .. } => {
                return Self::field("content", error.to_string());
            }
            AgentsError::AttachmentsTooMany { .. } => return Self::field("fileRefs", error.to_string()),
            AgentsError::AttachmentNotFound { index } => return Self::field(format!("fileRefs[{index}]"), error.to_string()),
            AgentsError::FocusTooLong { .. } => return Self::field("args", error.to_string()),
            AgentsError::Project(_) => return Self::field("projectPath", error.to_string()),
            AgentsError::AttachmentName => return Self::field("name", error.to_string()),
            AgentsError::AttachmentTooLarge { .. } | AgentsError::SessionFull => ErrorCode::TooLarge,
            AgentsError::TooManyRuns { .. } | AgentsError::TooManySideCalls { .. } => ErrorCode::TooMany,
            AgentsError::SessionBusy | AgentsError::StillRunning | AgentsError::Working | AgentsError::NothingToContinue => {
                ErrorCode::Conflict
            }
            AgentsError::Model(_) | AgentsError::NotCompacted(_) => ErrorCode::Refused,
            AgentsError::NoPerson => ErrorCode::Forbidden,
            AgentsError::ShuttingDown => ErrorCode::Unavailable,
            other => return Self::internal(other.to_string()),
        };
        Self::new(code, error.to_string())
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        let code = match error {
            CallError::Agents(error) => return error.into(),
            CallError::UnknownTool(_) => ErrorCode::NotFound,
            CallError::ApprovalRequired { .. } => ErrorCode::ApprovalRequired,
            CallError::Denied(_) => ErrorCode::PermissionDenied,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let code = match error {
            AuthError::Store(error) => return error.into(),
            AuthError::LockedOut { seconds } => {
                return Self::new(ErrorCode::TooMany, error.to_string()).with_retry_after(seconds);
            }
            AuthError::PasswordLength => return Self::field("password", error.to_string()),
            AuthError::UserName => return Self::field("username", error.to_string()),
            AuthError::AlreadySetUp => ErrorCode::SetUpAlready,
            AuthError::Vault(error) => return error.into(),
            AuthError::SignaturesTooMany => ErrorCode::TooMany,
            AuthError::WrongPassword
            | AuthError::WrongToken
            | AuthError::WrongAccess
            | AuthError::SignedOut
            | AuthError::NoOwner
            | AuthError::SecretSent
            | AuthError::SignatureForm
            | AuthError::SignatureTime { .. }
            | AuthError::SignatureBeforeStart
            | AuthError::SignatureUsed
            | AuthError::WrongSignature => ErrorCode::Unauthenticated,
            AuthError::Io { .. } | AuthError::Internal(_) => return Self::internal(format!("{error:?}")),
        };
        Self::new(code, error.to_string())
    }
}
