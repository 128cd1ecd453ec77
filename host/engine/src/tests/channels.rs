//! A channel goes on where the version before it stopped.

#![expect(clippy::disallowed_methods, reason = "each test waits for the tasks that it starts")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_extension::channel::{Channel, ChannelContext, Outgoing, Webhook};
use octi_extension::registry::Registry;
use octi_extension::tool::{Containment, ToolError, no_secrets};
use octi_testkit::guests::counting_channel;

use super::manager::Home;
use crate::PluginManager;

const ID: &str = "acme/count";

fn context() -> ChannelContext {
    ChannelContext { principal: Principal::system("a test"), time_max: Duration::from_secs(10), redact: no_secrets() }
}

fn channel(manager: &PluginManager) -> Arc<dyn Channel> {
    manager.snapshot().channels.get(ID).cloned().expect("the channel")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_under_load_lose_no_message_and_bring_none_twice() {
    const POLLS: usize = 250;
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(counting_channel(ID, "1.0.0", ""), "count.wasm").await.expect("installed");
    let done = Arc::new(AtomicBool::new(false));
    let swapping = tokio::spawn({
        let (manager, done) = (manager.clone(), done.clone());
        async move {
            let mut swaps = 0_u32;
            while !done.load(Ordering::Acquire) {
                let version = format!("1.0.{}", swaps + 1);
                manager.install(counting_channel(ID, &version, ""), "count.wasm").await.expect("installed");
                swaps += 1;
            }
            swaps
        }
    });
    // What a host keeps in one step: the cursor, and what came with it.
    let (mut cursor, mut taken) = (None, Vec::new());
    let mut versions = std::collections::BTreeSet::new();
    while taken.len() < POLLS {
        let channel = channel(&manager);
        let Ok(polled) = channel.poll(context(), cursor.clone()).await else { continue };
        versions.insert(channel.spec().plugin_version.clone());
        taken.extend(polled.messages.into_iter().map(|message| message.id.len()));
        cursor = polled.cursor;
        if taken.len() == POLLS && versions.len() < 3 {
            // A fast machine would be done before anything was swapped.
            taken.clear();
            cursor = None;
        }
    }
    done.store(true, Ordering::Release);
    let swaps = swapping.await.expect("no panic");
    assert!(swaps >= 2 && versions.len() >= 3, "{swaps} swaps, {versions:?}");
    assert_eq!(taken, (1..=POLLS).collect::<Vec<_>>(), "each message once, in order, over {} versions", versions.len());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_sends_hears_and_polls_and_its_crashes_are_contained() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(counting_channel(ID, "1.0.0", ""), "count.wasm").await.expect("installed");
    let text = |text: &str| text.to_owned();
    let message = Outgoing { id: text("1"), conversation: text("c"), text: text("hello"), reply_to: None, extras: None };
    assert_eq!(channel(&manager).send(context(), message).await, Ok(Some("x".to_owned())));
    let request = |bytes| Webhook { method: text("POST"), path: text(""), headers: vec![], body: vec![0; bytes] };
    let heard = channel(&manager).webhook(context(), request(10)).await.expect("it hears");
    assert_eq!((heard.messages.len(), heard.reply), (0, None));
    let refused = channel(&manager).webhook(context(), request(limits::CHANNEL_WEBHOOK_BYTES_MAX + 1)).await;
    assert_eq!(refused, Err(ToolError::Contained(Containment::Quota)));
    let status = manager.plugins().into_iter().find(|plugin| plugin.id == ID).expect("it is listed");
    assert!(status.capabilities[0].starts_with("channel: bring what linked people write in Count"), "{status:?}");

    manager.install(counting_channel(ID, "2.0.0", "unreachable"), "count.wasm").await.expect("installed");
    let crashed = channel(&manager).poll(context(), None).await;
    assert_eq!(crashed.err(), Some(ToolError::Contained(Containment::Trap)));
    // A cursor that would not be kept is the plugin's bug, and nothing was taken in.
    manager.install(counting_channel(ID, "3.0.0", ""), "count.wasm").await.expect("installed");
    let long = "x".repeat(limits::CHANNEL_CURSOR_BYTES_MAX);
    let refused = channel(&manager).poll(context(), Some(long)).await.err();
    assert!(matches!(&refused, Some(ToolError::Internal(text)) if text.contains("a cursor of 4097 bytes")), "{refused:?}");
    manager.shutdown().await;
}
