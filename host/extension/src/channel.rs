//! Other places where people write and read: the `[channel]` table of a manifest, and a channel as its host sees it.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_domain::principal::Principal;
use serde::{Deserialize, Serialize};

use crate::manifest::one_line;
use crate::tool::{Redact, ToolError};

/// The `[channel]` table of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelEntry {
    /// What people call it, such as `Telegram`.
    pub title: String,
    /// Milliseconds between two polls; one without is never polled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_ms: Option<u64>,
    /// How requests to it are known to be genuine; one without receives none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookEntry>,
    /// Characters of one message; longer ones are split.
    #[serde(default = "text_chars_default")]
    pub text_chars_max: u32,
}

/// HMAC-SHA256 of the body as it came, in hex, in a header. The host checks it, so that the plugin never has the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    /// Such as `x-hub-signature-256`, whose value may begin with `sha256=`.
    pub header: String,
    /// The secret of whoever connected the channel.
    pub secret: String,
}

const fn text_chars_default() -> u32 {
    limits::CHANNEL_TEXT_CHARS_DEFAULT
}

impl ChannelEntry {
    /// What it brings and takes, for whoever installs it.
    #[must_use]
    pub fn line(&self) -> String {
        let ways = [
            self.poll_ms.map(|ms| format!("asked every {ms} ms")),
            self.webhook.as_ref().map(|webhook| format!("told by requests signed with your secret {}", webhook.secret)),
        ];
        let ways: Vec<String> = ways.into_iter().flatten().collect();
        format!("channel: bring what linked people write in {}, and send them what is answered ({})", self.title, ways.join(", "))
    }

    pub(crate) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.title.trim().is_empty() || self.title.len() > 64 {
            return Err(("title", "say what people call it, in at most 64 bytes".to_owned()));
        }
        one_line(&self.title).map_err(|problem| ("title", problem))?;
        let polls = limits::CHANNEL_POLL_MS_MIN..=limits::CHANNEL_POLL_MS_MAX;
        match (self.poll_ms, &self.webhook) {
            (None, None) => return Err(("poll_ms", "say how it brings messages: `poll_ms`, or a table `webhook`".to_owned())),
            (Some(ms), _) if !polls.contains(&ms) => {
                return Err(("poll_ms", format!("must be between {} and {}", polls.start(), polls.end())));
            }
            _ => {}
        }
        if let Some(webhook) = &self.webhook {
            let is_token = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if webhook.header.is_empty() || webhook.header.len() > 64 || !webhook.header.chars().all(is_token) {
                return Err(("webhook.header", format!("`{}` is no header in lower case", webhook.header.escape_debug())));
            }
            if !octi_domain::secret::is_name(&webhook.secret) {
                return Err(("webhook.secret", format!("`{}` is no name of a secret", webhook.secret.escape_debug())));
            }
        }
        if self.text_chars_max < limits::CHANNEL_TEXT_CHARS_MIN {
            return Err(("text_chars_max", format!("must be at least {}", limits::CHANNEL_TEXT_CHARS_MIN)));
        }
        Ok(())
    }
}

/// Which channel it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSpec {
    /// `publisher/name` of the plugin, which is the channel's name too.
    pub plugin: String,
    pub plugin_version: String,
    pub entry: ChannelEntry,
}

/// For whom a channel works: whoever connected it.
#[derive(Clone)]
pub struct ChannelContext {
    pub principal: Principal,
    /// How long it may take; the plugin's own limit may be lower.
    pub time_max: Duration,
    /// For what the plugin writes to the log.
    pub redact: Redact,
}

/// A message that came in. Its parts are within the limits; what people read of it is not cleaned yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    pub id: String,
    pub conversation: String,
    pub sender: String,
    pub sender_name: Option<String>,
    pub text: String,
    /// JSON.
    pub extras: Option<String>,
}

/// A message that goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub id: String,
    pub conversation: String,
    pub text: String,
    pub reply_to: Option<String>,
    /// JSON.
    pub extras: Option<String>,
}

/// What a poll brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    pub messages: Vec<Incoming>,
    /// Where the next poll goes on: to be kept in one step with the messages.
    pub cursor: Option<String>,
    pub more: bool,
}

/// A request to the channel's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a webhook is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: String,
}

/// What a webhook brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub messages: Vec<Incoming>,
    pub reply: Option<Reply>,
}

/// A channel of a plugin, bound to its generation.
///
/// Errors are typed by who can act on them: `Unavailable` means later, `Failed` never, `NeedsUser` whoever connected it. Whatever
/// the error, nothing was taken in: the next call goes on from the cursor that was kept.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Which it is.
    fn spec(&self) -> &ChannelSpec;

    /// Asks for what is new since the cursor.
    ///
    /// # Errors
    /// [`ToolError`], by who can act on it.
    async fn poll(&self, context: ChannelContext, cursor: Option<String>) -> Result<Polled, ToolError>;

    /// Hands over a request that is genuine.
    ///
    /// # Errors
    /// [`ToolError`], by who can act on it.
    async fn webhook(&self, context: ChannelContext, request: Webhook) -> Result<Heard, ToolError>;

    /// Sends a message; the channel's own id of it, if it has one.
    ///
    /// # Errors
    /// [`ToolError`], by who can act on it. It may have been sent all the same.
    async fn send(&self, context: ChannelContext, message: Outgoing) -> Result<Option<String>, ToolError>;
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    fn read(channel: &str) -> Result<Manifest, String> {
        let text = format!("id = 'acme/chat'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n[channel]\n{channel}");
        Manifest::from_toml(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn whoever_installs_a_channel_reads_how_it_is_reached() {
        let manifest = read("title = 'Chat'\npoll_ms = 1000\nwebhook = { header = 'x-signature', secret = 'chat_key' }").unwrap();
        assert_eq!(
            manifest.lines(),
            [
                "channel: bring what linked people write in Chat, and send them what is answered (asked every 1000 ms, told by requests signed with your secret chat_key)"
            ]
        );
    }

    #[test]
    fn what_a_channel_may_not_ask_for_is_refused_by_its_field() {
        for (table, says) in [
            ("title = ''\npoll_ms = 1000", "`channel.title`: say what"),
            ("title = \"a\\u001b[2J\"\npoll_ms = 1000", "`channel.title`: it holds the control character"),
            ("title = 'a'", "`channel.poll_ms`: say how it brings messages"),
            ("title = 'a'\npoll_ms = 499", "`channel.poll_ms`: must be between 500 and 3600000"),
            ("title = 'a'\npoll_ms = 3600001", "`channel.poll_ms`: must be between"),
            ("title = 'a'\npoll_ms = 1000\ntext_chars_max = 99", "`channel.text_chars_max`: must be at least 100"),
            ("title = 'a'\nwebhook = { header = 'X-Key', secret = 'k' }", "`channel.webhook.header`"),
            ("title = 'a'\nwebhook = { header = 'x-key', secret = 'two words' }", "`channel.webhook.secret`"),
            ("title = 'a'\npoll_ms = 1000\ncolour = 'red'", "unknown field `colour`"),
        ] {
            let error = read(table).err().unwrap_or_default();
            assert!(error.contains(says), "{table}: {error}");
        }
    }
}
