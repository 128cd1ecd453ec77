//! Other places where people write and read: [`channel!`](macro@crate::channel) makes a component of a [`Channel`].
//!
//! ```
//! use octi_sdk::channel::{Channel, ChannelError, Outgoing, Polled};
//! use octi_sdk::http;
//!
//! struct Mailbox;
//!
//! impl Channel for Mailbox {
//!     fn poll(cursor: Option<String>) -> Result<Polled, ChannelError> {
//!         // What is kept between two polls is the cursor, and nothing else.
//!         let seen: u64 = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
//!         Ok(Polled { cursor: Some(seen.to_string()), ..Polled::default() })
//!     }
//!
//!     fn send(message: Outgoing) -> Result<Option<String>, ChannelError> {
//!         let sent = http::post("https://mail.example/send").body(message.text.as_bytes()).send()?;
//!         if sent.is_success() { Ok(None) } else { Err(ChannelError::Rejected(format!("status {}", sent.status()))) }
//!     }
//! }
//!
//! octi_sdk::channel!(Mailbox);
//! # fn main() {
//! assert_eq!(Mailbox::poll(Some("7".to_owned())).unwrap().cursor.as_deref(), Some("7"));
//! # }
//! ```
//!
//! The host takes in the messages and keeps the cursor in one step, and a message whose id it knows is not taken in again. So a poll
//! may be repeated at any time, by this version of the plugin or by the next.

use crate::HostError;
use crate::raw::channel::exports::octi::plugin::channel as raw;

/// A message that came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incoming {
    /// The channel's own id of it: what was taken once is not taken again.
    pub id: String,
    /// Where it was written, and where an answer goes.
    pub conversation: String,
    /// Who wrote it, by an id that nobody else can take.
    pub sender: String,
    /// What the sender is called, for people.
    pub sender_name: Option<String>,
    pub text: String,
}

/// A message that goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The same in every attempt, so that a channel that can sends it once.
    pub id: String,
    pub conversation: String,
    /// No longer than the manifest says that the channel takes.
    pub text: String,
    /// The id of the message that it answers.
    pub reply_to: Option<String>,
}

/// What a poll brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Polled {
    pub messages: Vec<Incoming>,
    /// Where the next poll goes on.
    pub cursor: Option<String>,
    /// Whether there is more already.
    pub more: bool,
}

/// A request to the channel's address, whose signature the host has checked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    pub method: String,
    /// What follows the address: a path and a query, or nothing.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What is answered to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: String,
}

/// What a request brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    pub messages: Vec<Incoming>,
    /// None to say that it was accepted.
    pub reply: Option<Reply>,
}

/// Why a channel could not do it, by what the host does about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// It is tried again later.
    #[error("{0}")]
    Unavailable(String),
    /// Trying the same again is pointless.
    #[error("{0}")]
    Rejected(String),
    /// Whoever connected it must do something.
    #[error("{0}")]
    NeedsUser(String),
    #[error("{0}")]
    Other(String),
}

impl From<HostError> for ChannelError {
    fn from(error: HostError) -> Self {
        let text = error.to_string();
        match error {
            HostError::Denied(_) => Self::NeedsUser(text),
            HostError::Timeout | HostError::Cancelled | HostError::Unavailable(_) | HostError::Quota(_) => {
                Self::Unavailable(text)
            }
            HostError::NotFound(_) | HostError::Invalid(_) | HostError::Conflict(_) => Self::Rejected(text),
            HostError::Other(_) => Self::Other(text),
        }
    }
}

/// Another place where people write and read.
pub trait Channel {
    /// Asks for what is new since the cursor; called when the manifest has `poll_ms`.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is taken in then, and the next poll has the same cursor.
    fn poll(cursor: Option<String>) -> Result<Polled, ChannelError> {
        Ok(Polled { cursor, ..Polled::default() })
    }

    /// Takes a request; called when the manifest has a table `webhook`.
    ///
    /// # Errors
    /// [`ChannelError`]; nothing is taken in then, and whoever asked is told to try again or not.
    fn webhook(_request: Request) -> Result<Heard, ChannelError> {
        Err(ChannelError::Rejected("this channel takes no requests".to_owned()))
    }

    /// Sends a message; the channel's own id of it, if it has one.
    ///
    /// # Errors
    /// [`ChannelError`]; only `Unavailable` is tried again.
    fn send(message: Outgoing) -> Result<Option<String>, ChannelError>;
}

/// Makes a component of a type that is a [`Channel`](crate::channel::Channel): `channel!(Mailbox);`, once in a crate. A crate may
/// have tools too.
#[macro_export]
macro_rules! channel {
    ($channel:ty) => {
        // Checked on the build machine too.
        const _: fn($crate::channel::Outgoing) -> ::core::result::Result<Option<String>, $crate::channel::ChannelError> =
            <$channel as $crate::channel::Channel>::send;

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            use $crate::__private::raw_channel::exports::octi::plugin::channel as raw;

            struct Component;

            impl $crate::__private::ChannelGuest for Component {
                fn on_poll(cursor: Option<String>) -> Result<raw::Polled, raw::ChannelError> {
                    $crate::__private::poll::<$channel>(cursor)
                }

                fn on_webhook(request: raw::Request) -> Result<raw::Heard, raw::ChannelError> {
                    $crate::__private::webhook::<$channel>(request)
                }

                fn send(message: raw::Outgoing) -> Result<Option<String>, raw::ChannelError> {
                    $crate::__private::send::<$channel>(message)
                }
            }

    $crate::__private::export_channel!(Component with_types_in $crate::__private::raw_channel);
        };
    };
}

/// The export `on-poll`.
///
/// # Errors
/// What the channel says.
#[doc(hidden)]
pub fn poll<C: Channel>(cursor: Option<String>) -> Result<raw::Polled, raw::ChannelError> {
    let Polled { messages, cursor, more } = C::poll(cursor)?;
    Ok(raw::Polled { messages: messages.into_iter().map(Into::into).collect(), cursor, more })
}

/// The export `on-webhook`.
///
/// # Errors
/// What the channel says.
#[doc(hidden)]
pub fn webhook<C: Channel>(request: raw::Request) -> Result<raw::Heard, raw::ChannelError> {
    let raw::Request { method, path, headers, body } = request;
    let Heard { messages, reply } = C::webhook(Request { method, path, headers, body })?;
    let reply = reply.map(|Reply { status, content_type, body }| raw::Reply { status, content_type, body });
    Ok(raw::Heard { messages: messages.into_iter().map(Into::into).collect(), reply })
}

/// The export `send`.
///
/// # Errors
/// What the channel says.
#[doc(hidden)]
pub fn send<C: Channel>(message: raw::Outgoing) -> Result<Option<String>, raw::ChannelError> {
    let raw::Outgoing { id, conversation, text, reply_to, extras: _ } = message;
    Ok(C::send(Outgoing { id, conversation, text, reply_to })?)
}

impl From<Incoming> for raw::Incoming {
    fn from(message: Incoming) -> Self {
        let Incoming { id, conversation, sender, sender_name, text } = message;
        Self { id, conversation, sender, sender_name, text, extras: None }
    }
}

impl From<ChannelError> for raw::ChannelError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unavailable(text) => Self::Unavailable(text),
            ChannelError::Rejected(text) => Self::Rejected(text),
            ChannelError::NeedsUser(text) => Self::NeedsUser(text),
            ChannelError::Other(text) => Self::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Echo;

    impl Channel for Echo {
        fn webhook(request: Request) -> Result<Heard, ChannelError> {
            let text = String::from_utf8(request.body).map_err(|error| ChannelError::Rejected(error.to_string()))?;
            let message = Incoming {
                id: "1".to_owned(),
                conversation: "c".to_owned(),
                sender: "s".to_owned(),
                text,
                ..Incoming::default()
            };
            Ok(Heard { messages: vec![message], reply: None })
        }

        fn send(message: Outgoing) -> Result<Option<String>, ChannelError> {
            Err(HostError::Denied(format!("no grant to send `{}`", message.text)).into())
        }
    }

    #[test]
    fn a_channel_is_called_with_what_the_host_gives_and_its_answers_go_back() {
        assert_eq!(poll::<Echo>(Some("7".to_owned())).map(|polled| polled.cursor).ok().flatten().as_deref(), Some("7"));
        let request = |body: &[u8]| raw::Request {
            method: "POST".to_owned(),
            path: String::new(),
            headers: Vec::new(),
            body: body.to_vec(),
        };
        let heard = webhook::<Echo>(request(b"hello")).ok().map(|heard| heard.messages[0].text.clone());
        assert_eq!(heard.as_deref(), Some("hello"));
        assert!(matches!(webhook::<Echo>(request(b"\xff")), Err(raw::ChannelError::Rejected(_))));
        let text = |text: &str| text.to_owned();
        let message = raw::Outgoing { id: text("1"), conversation: text("c"), text: text("hi"), reply_to: None, extras: None };
        assert!(matches!(send::<Echo>(message), Err(raw::ChannelError::NeedsUser(text)) if text == "no grant to send `hi`"));
    }
}
