//! Watching over calls: [`hook!`](macro@crate::hook) makes a component of one function.
//!
//! ```
//! use octi_sdk::hook::{Event, Verdict};
//!
//! /// Nothing is deleted on this host.
//! fn guard(event: Event) -> Result<Verdict, String> {
//!     let Event::ToolBefore(call) = event else { return Ok(Verdict::GoOn) };
//!     let command = call.arguments["command"].as_str().unwrap_or_default();
//!     if command.split_whitespace().any(|word| word == "rm") {
//!         return Ok(Verdict::block("nothing is deleted here; move it to `trash/` instead"));
//!     }
//!     Ok(Verdict::GoOn)
//! }
//!
//! octi_sdk::hook!(guard);
//! # fn main() {
//! let call = r#"{"call_id":"1","user_id":"u","origin":"chat","tool":"shell.run","arguments":{"command":"rm x"}}"#;
//! let event = Event::read("tool.before", call).unwrap();
//! assert!(matches!(guard(event), Ok(Verdict::Block(_))));
//! # }
//! ```
//!
//! Before a call an error, a crash and silence mean the same: the call is not made. After the fact none of them matters.

use serde::Deserialize;
use serde_json::Value;

/// Something that happens. A later version may tell of more.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A tool is about to be called; the verdict is obeyed.
    ToolBefore(ToolBefore),
    /// A call ended, or was refused.
    ToolAfter(ToolAfter),
    /// The first message of a conversation was said.
    SessionStarted(SessionStarted),
    /// A person said something.
    Message(Message),
    /// A turn ended.
    TurnEnded(TurnEnded),
    /// Something this SDK does not know: its name and its fields.
    Other(String, Value),
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ToolBefore {
    pub call_id: String,
    pub user_id: String,
    /// None for a call by hand outside of a conversation.
    #[serde(default)]
    pub session_id: Option<String>,
    /// `chat`, or `unattended` where nobody can be asked.
    pub origin: String,
    /// Such as `shell.run`.
    pub tool: String,
    /// `publisher/name` of the tool's plugin.
    #[serde(default)]
    pub plugin: String,
    /// What the tool says that it does: `read`, `write`, `network`, `secret`, `process`, `money`.
    #[serde(default)]
    pub effects: Vec<String>,
    /// As the hooks before this one left them, with the values of secrets blacked out.
    pub arguments: Value,
}

/// A call that ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ToolAfter {
    pub call_id: String,
    pub user_id: String,
    #[serde(default)]
    pub session_id: Option<String>,
    /// Such as `shell.run`.
    pub tool: String,
    /// `ok`, or why it failed.
    pub code: String,
    pub is_error: bool,
    /// JSON, or a sentence for an error; cut when it is long.
    pub content: String,
    pub duration_ms: u64,
}

/// A conversation that began.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SessionStarted {
    pub session_id: String,
    #[serde(default)]
    pub user_id: Option<String>,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Message {
    pub session_id: String,
    #[serde(default)]
    pub user_id: Option<String>,
    pub message_id: String,
    /// Cut when it is long.
    pub text: String,
    /// The names of the files with it.
    #[serde(default)]
    pub attachments: Vec<String>,
}

/// A turn that ended.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct TurnEnded {
    pub session_id: String,
    pub user_id: String,
    pub run_id: String,
    /// `completed`, `failed`, `stopped` or `interrupted`.
    pub status: String,
    pub iterations: u32,
    pub tokens: u64,
}

impl Event {
    /// Reads an event as the host writes it.
    ///
    /// # Errors
    /// What does not fit, when the details are not those of the name.
    pub fn read(name: &str, details: &str) -> Result<Self, String> {
        fn of<'a, T: Deserialize<'a>>(details: &'a str, make: fn(T) -> Event) -> Result<Event, String> {
            serde_json::from_str(details).map(make).map_err(|error| error.to_string())
        }
        match name {
            "tool.before" => of(details, Self::ToolBefore),
            "tool.after" => of(details, Self::ToolAfter),
            "session.started" => of(details, Self::SessionStarted),
            "message" => of(details, Self::Message),
            "turn.ended" => of(details, Self::TurnEnded),
            other => serde_json::from_str(details)
                .map(|fields| Self::Other(other.to_owned(), fields))
                .map_err(|error| error.to_string()),
        }
    }
}

/// What a hook says to a call that is about to be made.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Let it be made.
    GoOn,
    /// Refuse it, with a sentence that the model and the person read.
    Block(String),
    /// Let it be made with these arguments, which the tool's schema must take.
    Rewrite(Value),
}

impl Verdict {
    /// Refuses the call, with a sentence that says why and what to do instead.
    #[must_use]
    pub fn block(reason: impl Into<String>) -> Self {
        Self::Block(reason.into())
    }
}

/// Makes a component of a function from an [`Event`](crate::hook::Event) to a `Result<Verdict, String>`: `hook!(guard);`, once in
/// a crate. A crate may have tools too.
#[macro_export]
macro_rules! hook {
    ($hook:path) => {
        // Checked on the build machine too.
        const _: fn($crate::hook::Event) -> ::core::result::Result<$crate::hook::Verdict, ::std::string::String> = $hook;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::__private::HookGuest for Component {
                fn on_event(event: $crate::__private::RawEvent) -> Result<$crate::__private::RawVerdict, String> {
                    $crate::__private::on_event(event, $hook)
                }
            }

    $crate::__private::export_hook!(Component with_types_in $crate::__private::raw_hook);
        };
    };
}

/// The export `on-event`.
///
/// # Errors
/// What the function says, or that the event cannot be read.
#[doc(hidden)]
pub fn on_event(
    event: crate::raw::hook::exports::octi::plugin::hook::Event,
    hook: fn(Event) -> Result<Verdict, String>,
) -> Result<crate::raw::hook::exports::octi::plugin::hook::Verdict, String> {
    use crate::raw::hook::exports::octi::plugin::hook::Verdict as Raw;
    let read = Event::read(&event.name, &event.details);
    let event = read.map_err(|error| format!("the event `{}` cannot be read: {error}", event.name))?;
    Ok(match hook(event)? {
        Verdict::GoOn => Raw::GoOn,
        Verdict::Block(reason) => Raw::Block(reason),
        Verdict::Rewrite(arguments) => Raw::Rewrite(arguments.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::raw::hook::exports::octi::plugin::hook as raw;

    fn told(name: &str, details: &Value, hook: fn(Event) -> Result<Verdict, String>) -> Result<raw::Verdict, String> {
        on_event(raw::Event { name: name.to_owned(), details: details.to_string() }, hook)
    }

    #[test]
    fn fields_of_a_later_version_are_ignored_and_its_events_are_told_by_name() {
        let details = json!({ "session_id": "s", "user_id": "u", "mood": "good" });
        let began = Event::read("session.started", &details.to_string());
        assert!(matches!(began, Ok(Event::SessionStarted(SessionStarted { session_id, .. })) if session_id == "s"));
        assert_eq!(Event::read("moon.rose", &details.to_string()), Ok(Event::Other("moon.rose".to_owned(), details)));
    }

    #[test]
    fn a_verdict_goes_out_as_it_is_and_an_event_that_cannot_be_read_is_an_error() {
        let call = json!({ "call_id": "c", "user_id": "u", "origin": "chat", "tool": "a.b", "arguments": { "x": 1 } });
        let rewriting = |event| match event {
            Event::ToolBefore(call) => Ok(Verdict::Rewrite(call.arguments)),
            _ => Ok(Verdict::GoOn),
        };
        assert!(matches!(told("tool.before", &call, rewriting), Ok(raw::Verdict::Rewrite(text)) if text == r#"{"x":1}"#));
        assert!(
            matches!(told("tool.before", &call, |_| Ok(Verdict::block("no"))), Ok(raw::Verdict::Block(text)) if text == "no")
        );
        assert!(matches!(told("moon.rose", &call, rewriting), Ok(raw::Verdict::GoOn)));
        assert_eq!(told("tool.before", &call, |_| Err("lost".to_owned())).err().as_deref(), Some("lost"));
        let error = told("tool.before", &json!({}), rewriting).err().unwrap_or_default();
        assert!(error.starts_with("the event `tool.before` cannot be read: missing field"), "{error}");
    }
}
