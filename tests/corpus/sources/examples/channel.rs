//! A channel that brings one message for each poll and for each request, and numbers what it sends.
#![cfg(target_arch = "wasm32")]

use octi_sdk::__private::raw::octi::kv::store;
use octi_sdk::__private::raw_channel::exports::octi::plugin::channel::{
    ChannelError, Heard, Incoming, Outgoing, Polled, Reply, Request,
};
use octi_sdk::__private::{ChannelGuest, export_channel, raw_channel};

struct Post;

impl ChannelGuest for Post {
    fn on_poll(cursor: Option<String>) -> Result<Polled, ChannelError> {
        let seen: u32 = match &cursor {
            None => 0,
            Some(cursor) => cursor.parse().map_err(|_| ChannelError::Rejected(format!("`{cursor}` is no cursor")))?,
        };
        let message = incoming(format!("poll-{seen}"), format!("letter {seen}"));
        Ok(Polled { messages: vec![message], cursor: Some((seen + 1).to_string()), more: seen == 0 })
    }

    fn on_webhook(request: Request) -> Result<Heard, ChannelError> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let message = incoming(format!("{}{}", request.method, request.path), text);
        let reply = Reply { status: 202, content_type: Some("text/plain".to_owned()), body: request.headers.len().to_string() };
        Ok(Heard { messages: vec![message], reply: Some(reply) })
    }

    fn send(message: Outgoing) -> Result<Option<String>, ChannelError> {
        match message.text.as_str() {
            "later" => return Err(ChannelError::Unavailable("later".to_owned())),
            "never" => return Err(ChannelError::Rejected("never".to_owned())),
            "connect" => return Err(ChannelError::NeedsUser("connect it again".to_owned())),
            "odd" => return Err(ChannelError::Other("odd".to_owned())),
            _ => {}
        }
        let failed = |error: &dyn std::fmt::Debug| ChannelError::Other(format!("{error:?}"));
        let before = store::get("sent").map_err(|error| failed(&error))?;
        let count = before.map_or(0, |item| item.value.len()) + 1;
        store::set("sent", &vec![b'x'; count], None).map_err(|error| failed(&error))?;
        Ok(Some(format!("{}-{count}", message.conversation)))
    }
}

fn incoming(id: String, text: String) -> Incoming {
    Incoming {
        id,
        conversation: "letters".to_owned(),
        sender: "ada".to_owned(),
        sender_name: Some("Ada".to_owned()),
        text,
        extras: Some(r#"{"stamp":1}"#.to_owned()),
    }
}

export_channel!(Post with_types_in raw_channel);
