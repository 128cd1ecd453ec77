//! What a client sends.

use octi_domain::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::decode::{self, DecodeError};
use crate::v1::messages::OutputMode;

/// How a client proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// An `octi_…` token.
    ApiKey,
    /// A ticket of `POST /api/auth/ws-ticket`.
    SessionToken,
    /// The machine token of `$OCTI_HOME/local-token`.
    Local,
    /// `ID.TIMESTAMP.NONCE.SIGNATURE`, signed with a key of `octi token create NAME --hmac`. The timestamp is in milliseconds
    /// since 1970, the nonce is new each time, and the signature is the HMAC-SHA256 of `TIMESTAMP.ID.NONCE` in hexadecimal.
    Hmac,
}

/// What kind of program is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientType {
    Webchat,
    Tui,
    Channel,
    Mobile,
    Acp,
    Agent,
}

/// The first frame of a connection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    pub method: AuthMethod,
    pub credentials: String,
    pub client_type: ClientType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_version: Option<String>,
    /// The newest protocol the client speaks; the server's newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("method", &self.method).field("client_type", &self.client_type).finish_non_exhaustive()
    }
}

/// A file inside a frame, as far as it fits in there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InlineFile {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The bytes, in base64 (RFC 4648, with padding).
    pub data: String,
}

impl std::fmt::Debug for InlineFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InlineFile").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Starts a turn; while a turn of that session runs, steers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatSend {
    pub session_id: Uuid,
    /// May be empty when there are files.
    #[serde(default)]
    pub content: String,
    /// Small files, sent along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub attachments: Vec<InlineFile>,
    /// Files uploaded before with `POST /api/sessions/{id}/attachments`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub file_refs: Vec<Uuid>,
    /// A configured model's name; the default model when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Id or word of a workspace of the caller's own; what is not theirs means their default one. The conversation
    /// works there from this message on; refused while a turn runs elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_id: Option<String>,
    /// A folder of the workspace, or an absolute one below a folder of the setting `workspace.additional_paths`; an empty text for
    /// the whole workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_path: Option<String>,
    /// Whether the answer is kept as a file of the conversation too; the message then says where.
    #[serde(default, skip_serializing_if = "OutputMode::is_inline")]
    pub output_mode: OutputMode,
}

impl ChatSend {
    /// Words without files, for the default model.
    #[must_use]
    pub fn new(session_id: Uuid, content: impl Into<String>) -> Self {
        Self {
            session_id,
            content: content.into(),
            attachments: Vec::new(),
            file_refs: Vec::new(),
            model: None,
            workspace_id: None,
            project_path: None,
            output_mode: OutputMode::Inline,
        }
    }
}

/// Says something to the turn that runs in a session, which hears it at its next step; starts a turn when none runs. The
/// `chat.message` event of what a running turn hears is `injected`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatSteer {
    pub session_id: Uuid,
    pub content: String,
}

/// Asks something beside the conversation: a model call of its own answers it from what was said so far, without tools, and a
/// turn that runs goes on untouched. The question and its answer are `chat.message` events with `sideChannel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatInterject {
    pub session_id: Uuid,
    pub content: String,
}

/// A command such as `status`, answered by `command.result`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Command {
    /// With or without the leading `/`.
    #[schema(max_length = 50)]
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
}

/// Event types to hear of: exact, `prefix.*` or `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Patterns {
    #[schema(max_items = 50)]
    pub patterns: Vec<String>,
    /// Such as `session:<id>`: of all sessions, hear of these only. Events without a session are heard in any case. Without
    /// resources, and after the last one was unsubscribed, every session is heard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub resources: Vec<String>,
}

impl Patterns {
    /// Patterns for all sessions.
    #[must_use]
    pub fn of(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { patterns: patterns.into_iter().map(Into::into).collect(), resources: Vec::new() }
    }

    /// The sessions that are named; a checked frame names nothing else.
    pub fn sessions(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.resources.iter().filter_map(|resource| session_of(resource))
    }
}

/// How a session is named as a resource.
#[must_use]
pub fn session_resource(id: Uuid) -> String {
    format!("session:{id}")
}

fn session_of(resource: &str) -> Option<Uuid> {
    resource.strip_prefix("session:").and_then(|id| Uuid::try_parse(id).ok())
}

/// Asks for the events of a session that were missed, answered by `replay`.
///
/// Subscribe first and ask right after. Live events of the session that come before the answer are in it too: leave them
/// out. Live events that come after it happened after everything in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Replay {
    pub session_id: Uuid,
    /// The last event the client has; all that is kept when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_event_id: Option<Uuid>,
}

/// How far an approval reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This call only.
    #[default]
    Once,
    /// Calls like this one until the session ends.
    Session,
    /// Calls like this one from now on.
    Always,
}

/// Answers a question about a tool call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PermissionRespond {
    pub request_id: Uuid,
    pub approved: bool,
    #[serde(default)]
    pub scope: Scope,
}

impl PermissionRespond {
    /// The answer meant.
    #[must_use]
    pub const fn answer(&self) -> octi_domain::permission::Answer {
        use octi_domain::permission::Answer;
        match (self.approved, self.scope) {
            (false, _) => Answer::Deny,
            (true, Scope::Once) => Answer::Once,
            (true, Scope::Session) => Answer::Session,
            (true, Scope::Always) => Answer::Always,
        }
    }
}

/// Stops one running agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentStop {
    pub agent_id: Uuid,
}

/// Says which conversation this screen shows now. A turn of it that ends is seen, so the person is not told of it elsewhere.
/// It holds until the next one; until the first one, the conversation last spoken in counts as shown for a while.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watch {
    /// None when the screen shows something else, or nobody sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
}

/// Asks whether the server is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {}

macro_rules! client_frames {
    ($($variant:ident($body:ty) => $name:tt,)*) => {
        /// A frame from a client.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(tag = "type")]
        pub enum ClientFrame {
            $(#[serde(rename = $name)] $variant($body),)*
        }

        impl ClientFrame {
            /// The types a client may send.
            pub const TYPES: &[&str] = &[$($name),*];

            fn read(kind: &str, fields: Value) -> Result<Self, DecodeError> {
                match kind {
                    $($name => decode::from_value(fields).map(Self::$variant),)*
                    other => Err(DecodeError::field(
                        "type",
                        format!("unknown type `{other}`, expected one of {}", Self::TYPES.join(", ")),
                    )),
                }
            }
        }
    };
}

client_frames! {
    Auth(Auth) => "auth",
    ChatSend(ChatSend) => "chat.send",
    ChatSteer(ChatSteer) => "chat.steer",
    ChatInterject(ChatInterject) => "chat.interject",
    Command(Command) => "command",
    Subscribe(Patterns) => "subscribe",
    Unsubscribe(Patterns) => "unsubscribe",
    PermissionRespond(PermissionRespond) => "permission.respond",
    AgentStop(AgentStop) => "agent.stop",
    Replay(Replay) => "replay",
    Ping(Ping) => "ping",
    Watch(Watch) => "watch",
}

/// Bytes of a command's name.
const COMMAND_NAME_BYTES_MAX: usize = 50;

impl ClientFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`DecodeError`] with the path of the first bad field.
    pub fn decode(text: &str) -> Result<Self, DecodeError> {
        let mut value = decode::parse(text.as_bytes())?;
        let Some(fields) = value.as_object_mut() else {
            return Err(DecodeError::field(".", "a frame is a JSON object with a `type`"));
        };
        let kind = match fields.shift_remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => return Err(DecodeError::field("type", "expected a string")),
            None => return Err(DecodeError::field("type", "missing field `type`")),
        };
        Self::read(&kind, value)?.check()
    }

    fn check(self) -> Result<Self, DecodeError> {
        match &self {
            Self::ChatSend(chat) => check_files(chat).map(|()| self),
            Self::ChatSteer(ChatSteer { content, .. }) => check_content(content, limits::MESSAGE_BYTES_MAX).map(|()| self),
            Self::ChatInterject(ChatInterject { content, .. }) => {
                check_content(content, limits::SIDE_QUESTION_BYTES_MAX).map(|()| self)
            }
            Self::Auth(auth) if auth.client_version.as_ref().is_some_and(|version| version.len() > limits::NAME_CHARS_MAX) => {
                Err(DecodeError::field("clientVersion", format!("longer than the {} bytes allowed", limits::NAME_CHARS_MAX)))
            }
            Self::Command(command) if command.name.len() > COMMAND_NAME_BYTES_MAX => {
                Err(DecodeError::field("name", format!("longer than the {COMMAND_NAME_BYTES_MAX} bytes allowed")))
            }
            Self::Subscribe(list) | Self::Unsubscribe(list) => {
                check_patterns(&list.patterns).and_then(|()| check_resources(&list.resources)).map(|()| self)
            }
            _ => Ok(self),
        }
    }
}

fn check_files(chat: &ChatSend) -> Result<(), DecodeError> {
    let count = chat.attachments.len() + chat.file_refs.len();
    if count > limits::ATTACHMENTS_PER_MESSAGE_MAX {
        let field = if chat.attachments.is_empty() { "fileRefs" } else { "attachments" };
        let message = format!("{count} files are more than the {} one message may bring", limits::ATTACHMENTS_PER_MESSAGE_MAX);
        return Err(DecodeError::field(field, message));
    }
    if count > 0 && chat.content.is_empty() {
        return Ok(());
    }
    check_content(&chat.content, limits::MESSAGE_BYTES_MAX)
}

fn check_content(content: &str, bytes_max: usize) -> Result<(), DecodeError> {
    if content.trim().is_empty() {
        return Err(DecodeError::field("content", "say something: the message is empty"));
    }
    if content.len() > bytes_max {
        let message = format!("{} bytes are more than the {bytes_max} allowed", content.len());
        return Err(DecodeError::field("content", message));
    }
    Ok(())
}

fn check_patterns(patterns: &[String]) -> Result<(), DecodeError> {
    if patterns.len() > limits::WS_PATTERNS_MAX {
        return Err(DecodeError::field(
            "patterns",
            format!("{} patterns are more than the {} allowed", patterns.len(), limits::WS_PATTERNS_MAX),
        ));
    }
    match patterns.iter().position(|pattern| !is_pattern(pattern)) {
        Some(index) => Err(DecodeError::field(
            format!("patterns[{index}]"),
            "a pattern is an event type such as `chat.delta`, a prefix such as `chat.*`, or `*`",
        )),
        None => Ok(()),
    }
}

fn check_resources(resources: &[String]) -> Result<(), DecodeError> {
    if resources.len() > limits::WS_RESOURCES_MAX {
        let message = format!("{} resources are more than the {} allowed", resources.len(), limits::WS_RESOURCES_MAX);
        return Err(DecodeError::field("resources", message));
    }
    match resources.iter().position(|resource| session_of(resource).is_none()) {
        Some(index) => Err(DecodeError::field(format!("resources[{index}]"), "a resource is `session:` and the id of a session")),
        None => Ok(()),
    }
}

/// `*`, `prefix.*` or an exact type.
fn is_pattern(pattern: &str) -> bool {
    let stem = if pattern == "*" { return true } else { pattern.strip_suffix(".*").unwrap_or(pattern) };
    !stem.is_empty() && stem.len() <= 100 && stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
}

#[cfg(test)]
mod tests {
    use octi_domain::permission::Answer;

    use super::*;

    fn problem(text: &str) -> (String, String) {
        match ClientFrame::decode(text) {
            Err(DecodeError::Field { path, message }) => (path, message),
            Err(DecodeError::Syntax { message }) => ("syntax".to_owned(), message),
            Ok(frame) => panic!("accepted: {frame:?}"),
        }
    }

    #[test]
    fn frames_survive_their_text() {
        let id = Uuid::from_u128(7);
        let frames = [
            ClientFrame::Auth(Auth {
                method: AuthMethod::ApiKey,
                credentials: "octi_x".to_owned(),
                client_type: ClientType::Tui,
                client_version: None,
                protocol_version: Some("1.0".to_owned()),
            }),
            ClientFrame::ChatSend(ChatSend {
                session_id: id,
                content: "hello".to_owned(),
                attachments: vec![InlineFile { name: "a.txt".to_owned(), media_type: None, data: "aGk=".to_owned() }],
                file_refs: vec![id],
                model: None,
                workspace_id: Some("site".to_owned()),
                project_path: Some("pages".to_owned()),
                output_mode: OutputMode::File,
            }),
            ClientFrame::ChatSteer(ChatSteer { session_id: id, content: "no, red".to_owned() }),
            ClientFrame::ChatInterject(ChatInterject { session_id: id, content: "what is red?".to_owned() }),
            ClientFrame::Command(Command { name: "status".to_owned(), args: None, session_id: Some(id) }),
            ClientFrame::Subscribe(Patterns { resources: vec![session_resource(id)], ..Patterns::of(["*", "chat.*"]) }),
            ClientFrame::Unsubscribe(Patterns::of(["chat.delta"])),
            ClientFrame::PermissionRespond(PermissionRespond { request_id: id, approved: true, scope: Scope::Always }),
            ClientFrame::AgentStop(AgentStop { agent_id: id }),
            ClientFrame::Replay(Replay { session_id: id, after_event_id: Some(id) }),
            ClientFrame::Ping(Ping {}),
            ClientFrame::Watch(Watch { session_id: Some(id) }),
        ];
        assert_eq!(frames.len(), ClientFrame::TYPES.len());
        for frame in frames {
            let text = serde_json::to_string(&frame).unwrap();
            assert_eq!(ClientFrame::decode(&text), Ok(frame), "{text}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_place() {
        assert_eq!(problem("{").0, "syntax");
        assert_eq!(problem("[]").0, ".");
        assert_eq!(problem("{}").0, "type");
        assert_eq!(problem(r#"{"type":7}"#).0, "type");
        assert!(problem(r#"{"type":"nonsense"}"#).1.contains("chat.send"));
        assert_eq!(problem(r#"{"type":"chat.send","sessionId":"x","content":"hi"}"#).0, "sessionId");
        assert_eq!(problem(r#"{"type":"ping","extra":1}"#).0, "extra");
        assert_eq!(problem(r#"{"type":"subscribe","patterns":["*","a b"]}"#).0, "patterns[1]");
        for resource in ["session", "session:x", "agent:00000000-0000-0000-0000-000000000000"] {
            let text = format!(r#"{{"type":"subscribe","patterns":["*"],"resources":["{resource}"]}}"#);
            assert_eq!(problem(&text).0, "resources[0]");
        }
        assert_eq!(problem(r#"{"type":"permission.respond","approved":true}"#).0, "requestId");
    }

    #[test]
    fn limits_are_tripped() {
        let session = Uuid::from_u128(1);
        for (kind, bytes_max) in [
            ("chat.send", limits::MESSAGE_BYTES_MAX),
            ("chat.steer", limits::MESSAGE_BYTES_MAX),
            ("chat.interject", limits::SIDE_QUESTION_BYTES_MAX),
        ] {
            for content in ["x".repeat(bytes_max + 1).as_str(), " "] {
                let text = format!(r#"{{"type":"{kind}","sessionId":"{session}","content":"{content}"}}"#);
                assert_eq!(problem(&text).0, "content");
            }
        }
        let many = vec![format!("\"{session}\""); limits::ATTACHMENTS_PER_MESSAGE_MAX + 1].join(",");
        assert_eq!(problem(&format!(r#"{{"type":"chat.send","sessionId":"{session}","fileRefs":[{many}]}}"#)).0, "fileRefs");
        assert_eq!(problem(&format!(r#"{{"type":"chat.send","sessionId":"{session}"}}"#)).0, "content");
        let many = vec!["\"*\""; limits::WS_PATTERNS_MAX + 1].join(",");
        assert_eq!(problem(&format!(r#"{{"type":"subscribe","patterns":[{many}]}}"#)).0, "patterns");
        let many = vec![format!("\"session:{session}\""); limits::WS_RESOURCES_MAX + 1].join(",");
        assert_eq!(problem(&format!(r#"{{"type":"subscribe","patterns":[],"resources":[{many}]}}"#)).0, "resources");
        let name = "x".repeat(COMMAND_NAME_BYTES_MAX + 1);
        assert_eq!(problem(&format!(r#"{{"type":"command","name":"{name}"}}"#)).0, "name");
    }

    #[test]
    fn a_refusal_has_no_scope() {
        let respond = PermissionRespond { request_id: Uuid::nil(), approved: false, scope: Scope::Always };
        assert_eq!(respond.answer(), Answer::Deny);
    }

    #[test]
    fn credentials_stay_out_of_logs() {
        let text = r#"{"type":"auth","method":"api_key","credentials":"octi_secret","clientType":"tui"}"#;
        assert!(!format!("{:?}", ClientFrame::decode(text)).contains("octi_secret"));
    }
}
