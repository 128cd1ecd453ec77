//! Notices changes of the skills folder: by notification where the system has it, and by looking now and then anyway.

use std::path::Path;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// A copy in progress makes many events; the folder is read when this long nothing happened.
const QUIET: Duration = Duration::from_millis(150);
/// It is read after this long even if it never gets quiet.
const QUIET_WAIT_MAX: Duration = Duration::from_secs(2);
/// Network file systems do not notify.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Without notification.
const LOOK_OFTEN: Duration = Duration::from_secs(2);

/// Calls `look` after each change, until it is dropped.
pub(crate) async fn each_change<F: Future<Output = ()>>(folder: &Path, look: impl Fn() -> F) {
    let (sender, mut events) = mpsc::channel(1);
    let watcher = start(folder, sender);
    let every = if watcher.is_some() { LOOK_EVERY } else { LOOK_OFTEN };
    // What changed before anybody watched.
    look().await;
    loop {
        match timeout(every, events.recv()).await {
            Ok(Some(())) => settle(&mut events).await,
            Ok(None) => tokio::time::sleep(every).await,
            Err(_) => {}
        }
        look().await;
    }
}

fn start(folder: &Path, sender: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let tell = move |event: notify::Result<Event>| {
        // Reading makes events too: looking at those would never end. A full queue means that a look is due anyway.
        if event.is_ok_and(|event| changes(&event.kind)) {
            let _ = sender.try_send(());
        }
    };
    let watcher = RecommendedWatcher::new(tell, Config::default().with_follow_symlinks(false)).and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watcher
        .inspect_err(|error| tracing::warn!(%error, "the skills folder is not watched; it is read every {LOOK_OFTEN:?} instead"))
        .ok()
}

const fn changes(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
        EventKind::Access(kind) => matches!(kind, AccessKind::Close(AccessMode::Write)),
        EventKind::Any | EventKind::Other => false,
    }
}

async fn settle(events: &mut mpsc::Receiver<()>) {
    let latest = Instant::now() + QUIET_WAIT_MAX;
    while Instant::now() < latest && matches!(timeout(QUIET, events.recv()).await, Ok(Some(()))) {}
}
