//! Typed identifiers, from one registry: a `SessionId` cannot be passed where a `UserId` is meant.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// An identifier that wraps a UUID version 7 (RFC 9562), so ids sort by creation time.
pub trait TypedId: Copy + From<Uuid> + Into<Uuid> {
    /// What a person calls the thing, such as `session`.
    const NOUN: &'static str;
}

/// The text is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {noun} id: expected a UUID such as `018f4e5a-7c1d-7b3a-9f00-0123456789ab`")]
pub struct ParseIdError {
    noun: &'static str,
    text: String,
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident => $noun:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The UUID inside, for storage and wire types.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl TypedId for $name {
            const NOUN: &'static str = $noun;
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", $noun, self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| ParseIdError { noun: $noun, text: text.to_owned() })
            }
        }
    )*};
}

typed_ids! {
    /// A person (or service account) with data of their own.
    UserId => "user";
    /// A conversation.
    SessionId => "session";
    /// One message of a conversation.
    MessageId => "message";
    /// One turn of an agent: from a person's message to the answer. Clients call it `agentId`.
    RunId => "run";
    /// One tool call inside a run.
    CallId => "call";
    /// A large result kept beside the conversation.
    ArtifactId => "artifact";
    /// An API token (its row, never its value).
    TokenId => "token";
    /// A browser that a person is signed in with (its row, never its cookie).
    SignInId => "sign-in";
    /// A question put to a person: may this call run?
    PermissionRequestId => "permission request";
    /// A standing permission rule.
    RuleId => "rule";
    /// A configured model.
    ModelId => "model";
    /// One row of what a model call cost.
    CostId => "cost";
    /// One event on the bus.
    EventId => "event";
    /// One WebSocket connection.
    ConnectionId => "connection";
    /// One HTTP request or frame, for support.
    RequestId => "request";
    /// One line of the audit log.
    AuditId => "audit";
    /// One secret in the vault.
    SecretId => "secret";
    /// One thing a person was told.
    NotificationId => "notification";
    /// A folder in which a person's agents work.
    WorkspaceId => "workspace";
    /// A summary that stands for the older messages of a conversation.
    CompactionId => "compaction";
    /// An offer of a plugin that waits for a person's answer.
    PluginOfferId => "plugin offer";
    /// A question that a plugin puts to a person while its call waits.
    QuestionId => "question";
    /// A program that a person let in with OAuth: what they let it do, never its tokens.
    ProgramId => "program";
    /// People of whom something can be said together.
    OrgId => "organisation";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_id_says_what_was_expected() {
        let error = "nonsense".parse::<SessionId>().err().map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some("`nonsense` is not a session id: expected a UUID such as `018f4e5a-7c1d-7b3a-9f00-0123456789ab`")
        );
    }

    #[test]
    fn an_id_survives_its_text() {
        let id = UserId::from(Uuid::from_u128(7));
        assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
    }
}
