//! Screens that hear everything of one person: one that reads, and one that stops reading.

use std::time::Duration;

use anyhow::{Context, bail};
use octi_client::Socket;
use octi_client::api::event::EventBody;
use octi_client::api::frames::ServerFrame;

/// How long an event may take to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a screen that reads again may wait for more.
const CATCH_UP: Duration = Duration::from_secs(5);

/// What became of the events for a screen that had stopped reading.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Missed {
    pub(super) read: u64,
    /// What it was told that it missed.
    pub(super) told: u64,
}

/// Reads until so many turns have ended, and counts the events.
pub(super) async fn awake(screen: &mut Socket, mut turns: usize) -> anyhow::Result<u64> {
    let mut events = 0;
    while turns > 0 {
        let frame = tokio::time::timeout(PATIENCE, screen.next()).await.context("the turns did not end")?;
        match frame.context("the server went away")?? {
            ServerFrame::Event { event } => {
                events += 1;
                turns -= usize::from(matches!(event.body, EventBody::AgentCompleted(_)));
            }
            ServerFrame::EventsDropped(dropped) => bail!("{} events were dropped for one that reads", dropped.count),
            _ => {}
        }
    }
    Ok(events)
}

/// Reads again: what waited, and what it is told. Ends when that is as much as happened, or nothing more comes.
pub(super) async fn wake(screen: &mut Socket, happened: u64) -> Missed {
    let mut missed = Missed::default();
    while missed.read + missed.told < happened {
        match tokio::time::timeout(CATCH_UP, screen.next()).await {
            Ok(Some(Ok(ServerFrame::Event { .. }))) => missed.read += 1,
            Ok(Some(Ok(ServerFrame::EventsDropped(dropped)))) => missed.told += dropped.count,
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) | Err(_) => break,
        }
    }
    missed
}
