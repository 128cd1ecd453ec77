//! A plugin's channel as a `octi_extension::channel::Channel`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_extension::channel::{
    Channel, ChannelContext, ChannelEntry, ChannelSpec, Heard, Incoming, Outgoing, Polled, Reply, Webhook,
};
use octi_extension::tool::{Containment, ToolError};
use tracing::Instrument;

use crate::bindings::channel::exports::octi::plugin::channel as raw;
use crate::generation::{Generation, Pin, Ready};
use crate::instance::{Ended, Setup};
use crate::native::ChannelGuest;
use crate::observe::{Meters, Observed};
use crate::places::Place;
use crate::state::Caller;

/// What channels are metered as; no tool can have the name, since nothing calls a channel.
const METERED_AS: &str = "channel";

/// One channel, bound to its generation.
pub(crate) struct WasmChannel {
    spec: ChannelSpec,
    generation: Pin,
    meters: Meters,
}

impl WasmChannel {
    pub(crate) fn new(generation: &Arc<Generation>, entry: ChannelEntry) -> Self {
        let manifest = generation.manifest();
        let spec = ChannelSpec { plugin: manifest.id.clone(), plugin_version: manifest.version.clone(), entry };
        let meters = Meters::new(&manifest.id, METERED_AS);
        Self { spec, generation: Pin::new(generation), meters }
    }

    /// The code for one call, its place among those that run, and what it is made with.
    async fn begin(&self, context: ChannelContext) -> Result<(Arc<Ready>, Place, Setup), ToolError> {
        let ready = self.generation.admit().await?;
        let place = self.generation.place().await.map_err(ToolError::Contained)?;
        let time_max = context.time_max.min(Duration::from_millis(limits::CHANNEL_CALL_MS_MAX));
        let setup = self.generation.setup(Caller::of_channel(context), time_max);
        Ok((ready, place, setup))
    }

    fn guest<'a>(&self, ready: &'a Ready) -> Result<&'a ChannelGuest, ToolError> {
        let none = || ToolError::Internal(format!("plugin `{}` has no channel", self.spec.plugin));
        ready.channel.as_ref().ok_or_else(none)
    }

    /// Does the work of a call.
    async fn work<T>(
        &self,
        work: impl Future<Output = Ended<Result<T, raw::ChannelError>>>,
        observed: &Observed<'_>,
    ) -> Result<T, ToolError> {
        let (outcome, usage) = self.generation.unless_closed(work).await;
        if let Some(usage) = &usage {
            observed.used(usage);
        }
        self.generation.learn(&outcome);
        outcome.map_err(ToolError::Contained)?.map_err(|error| match error {
            raw::ChannelError::Unavailable(text) => ToolError::Unavailable(text),
            raw::ChannelError::NeedsUser(text) => ToolError::NeedsUser(text),
            raw::ChannelError::Rejected(text) | raw::ChannelError::Other(text) => ToolError::Failed(text),
        })
    }

    /// Ends a call whose answer was looked at: what a host may not believe is the plugin's bug.
    fn end<T>(&self, observed: Observed<'_>, given: Result<Result<T, String>, ToolError>) -> Result<T, ToolError> {
        let given = given.and_then(|checked| {
            checked.map_err(|problem| ToolError::Internal(format!("the channel `{}` {problem}", self.spec.plugin)))
        });
        observed.end(given.as_ref().map(|_| ()));
        given
    }
}

#[async_trait]
impl Channel for WasmChannel {
    fn spec(&self) -> &ChannelSpec {
        &self.spec
    }

    async fn poll(&self, context: ChannelContext, cursor: Option<String>) -> Result<Polled, ToolError> {
        let bytes_in = cursor.as_ref().map_or(0, String::len);
        let observed = Observed::begin(&self.meters, &self.generation, None, bytes_in);
        let given = async {
            let (ready, _place, setup) = self.begin(context).await?;
            self.work(self.guest(&ready)?.on_poll(setup, cursor.as_deref()), &observed).await
        };
        let given = given.instrument(observed.span()).await;
        self.end(observed, given.map(polled))
    }

    async fn webhook(&self, context: ChannelContext, request: Webhook) -> Result<Heard, ToolError> {
        if request.body.len() > limits::CHANNEL_WEBHOOK_BYTES_MAX {
            return Err(ToolError::Contained(Containment::Quota));
        }
        let observed = Observed::begin(&self.meters, &self.generation, None, request.body.len());
        let Webhook { method, path, headers, body } = request;
        let request = raw::Request { method, path, headers, body };
        let given = async {
            let (ready, _place, setup) = self.begin(context).await?;
            self.work(self.guest(&ready)?.on_webhook(setup, &request), &observed).await
        };
        let given = given.instrument(observed.span()).await;
        self.end(observed, given.map(heard))
    }

    async fn send(&self, context: ChannelContext, message: Outgoing) -> Result<Option<String>, ToolError> {
        let observed = Observed::begin(&self.meters, &self.generation, None, message.text.len());
        let Outgoing { id, conversation, text, reply_to, extras } = message;
        let message = raw::Outgoing { id, conversation, text, reply_to, extras };
        let given = async {
            let (ready, _place, setup) = self.begin(context).await?;
            self.work(self.guest(&ready)?.send(setup, &message), &observed).await
        };
        let given = given.instrument(observed.span()).await;
        self.end(observed, given.map(|id| within(id, "an id", limits::CHANNEL_ID_BYTES_MAX)))
    }
}

fn polled(given: raw::Polled) -> Result<Polled, String> {
    let cursor = within(given.cursor, "a cursor", limits::CHANNEL_CURSOR_BYTES_MAX)?;
    Ok(Polled { messages: messages(given.messages)?, cursor, more: given.more })
}

fn heard(given: raw::Heard) -> Result<Heard, String> {
    Ok(Heard { messages: messages(given.messages)?, reply: given.reply.map(reply).transpose()? })
}

fn messages(given: Vec<raw::Incoming>) -> Result<Vec<Incoming>, String> {
    if given.len() > limits::CHANNEL_MESSAGES_MAX {
        return Err(format!("brought {} messages at once; {} are allowed", given.len(), limits::CHANNEL_MESSAGES_MAX));
    }
    given.into_iter().map(message).collect()
}

fn message(given: raw::Incoming) -> Result<Incoming, String> {
    let raw::Incoming { id, conversation, sender, sender_name, text, extras } = given;
    for (what, id) in [("message", &id), ("conversation", &conversation), ("sender", &sender)] {
        if id.is_empty() || id.len() > limits::CHANNEL_ID_BYTES_MAX {
            return Err(format!(
                "brought a {what} whose id has {} bytes; 1 to {} are allowed",
                id.len(),
                limits::CHANNEL_ID_BYTES_MAX
            ));
        }
    }
    if text.len() > limits::MESSAGE_BYTES_MAX {
        return Err(format!("brought a message of {} bytes; {} are allowed", text.len(), limits::MESSAGE_BYTES_MAX));
    }
    let extras = within(extras, "extras", limits::CHANNEL_EXTRAS_BYTES_MAX)?;
    let sender_name = within(sender_name, "a sender's name", limits::CHANNEL_ID_BYTES_MAX)?;
    Ok(Incoming { id, conversation, sender, sender_name, text, extras })
}

fn reply(given: raw::Reply) -> Result<Reply, String> {
    let raw::Reply { status, content_type, body } = given;
    if !(200..=599).contains(&status) {
        return Err(format!("answered a request with the status {status}"));
    }
    if body.len() > limits::CHANNEL_WEBHOOK_BYTES_MAX {
        return Err(format!("answered a request with {} bytes; {} are allowed", body.len(), limits::CHANNEL_WEBHOOK_BYTES_MAX));
    }
    let content_type = within(content_type, "a type", limits::CHANNEL_ID_BYTES_MAX)?;
    Ok(Reply { status, content_type, body })
}

fn within(text: Option<String>, what: &str, bytes_max: usize) -> Result<Option<String>, String> {
    match text {
        Some(text) if text.len() > bytes_max => Err(format!("gave {what} of {} bytes; {bytes_max} are allowed", text.len())),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(change: impl FnOnce(&mut raw::Incoming)) -> raw::Incoming {
        let text = |text: &str| text.to_owned();
        let mut message = raw::Incoming {
            id: text("1"),
            conversation: text("c"),
            sender: text("s"),
            sender_name: None,
            text: text("hello"),
            extras: None,
        };
        change(&mut message);
        message
    }

    #[test]
    fn what_a_channel_brings_is_bounded_in_every_part() {
        let long = |bytes: usize| "x".repeat(bytes + 1);
        for (given, says) in [
            (incoming(|m| m.id = String::new()), "a message whose id has 0 bytes"),
            (incoming(|m| m.conversation = long(limits::CHANNEL_ID_BYTES_MAX)), "a conversation whose id has 257 bytes"),
            (incoming(|m| m.sender = String::new()), "a sender whose id has 0 bytes"),
            (incoming(|m| m.text = long(limits::MESSAGE_BYTES_MAX)), "a message of"),
            (incoming(|m| m.extras = Some(long(limits::CHANNEL_EXTRAS_BYTES_MAX))), "extras of 16385 bytes"),
            (incoming(|m| m.sender_name = Some(long(limits::CHANNEL_ID_BYTES_MAX))), "a sender's name of 257 bytes"),
        ] {
            let problem = messages(vec![given]).err().unwrap_or_default();
            assert!(problem.contains(says), "{says}: {problem}");
        }
        let many = (0..=limits::CHANNEL_MESSAGES_MAX).map(|_| incoming(|_| {})).collect();
        assert_eq!(messages(many).err().as_deref(), Some("brought 101 messages at once; 100 are allowed"));
        assert_eq!(messages(vec![incoming(|_| {})]).map(|messages| messages.len()), Ok(1));
    }

    #[test]
    fn an_answer_to_a_request_is_one() {
        let of =
            |status, bytes| reply(raw::Reply { status, content_type: None, body: "x".repeat(bytes) }).map(|reply| reply.status);
        assert_eq!(of(202, 0), Ok(202));
        assert!(of(101, 0).is_err() && of(600, 0).is_err());
        assert!(of(200, limits::CHANNEL_WEBHOOK_BYTES_MAX + 1).is_err_and(|problem| problem.contains("65537 bytes")));
        assert!(within(Some("x".repeat(5)), "a cursor", 4).is_err());
    }
}
