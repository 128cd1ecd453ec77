//! The WebSocket to the server, opened again whenever it is lost.

use std::collections::VecDeque;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::TimeDelta;
use octi_api::frames::{ClientFrame, Ping, ServerFrame};
use octi_client::{Client, ClientError, Socket};
use octi_domain::ambient::Ambient;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::message::{Msg, Purpose};

const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LONGEST: Duration = Duration::from_secs(15);
const PING_EVERY: Duration = Duration::from_secs(20);
/// Silence after which a connection counts as lost: two pings without an answer.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// How long handing a frame over may take before the connection counts as lost.
const SEND_TIME_MAX: Duration = Duration::from_secs(10);

/// What the link is asked to do.
pub(crate) enum Order {
    Send(Box<ClientFrame>, Purpose),
    /// Connects at once, as this client.
    Connect(Client),
    ConnectNow,
    /// Connects at once, in the workspace of that word or in the default one.
    ConnectTo(Option<String>),
}

/// As whom to connect, and where.
struct Target {
    client: Client,
    /// The word of a workspace; none for the default one.
    workspace: Option<String>,
}

impl Target {
    async fn connect(&self) -> Result<Socket, ClientError> {
        match &self.workspace {
            Some(workspace) => self.client.connect_in(workspace).await,
            None => self.client.connect().await,
        }
    }
}

/// Why a connection is over.
enum End {
    Lost(String),
    /// It was ended to connect anew.
    Again,
    /// Nobody listens any more.
    Over,
}

/// Keeps the connection until nobody gives orders any more.
pub(crate) async fn keep(client: Client, ambient: Ambient, mut orders: Receiver<Order>, out: Sender<Msg>) {
    let mut target = Target { client, workspace: None };
    let mut waits = backoff();
    loop {
        if out.send(Msg::Connecting).await.is_err() {
            return;
        }
        let reason = match target.connect().await {
            Ok(socket) => {
                waits = backoff();
                match attend(socket, &mut target, &mut orders, &out).await {
                    End::Lost(reason) => reason,
                    End::Again => continue,
                    End::Over => return,
                }
            }
            Err(error) => error.to_string(),
        };
        let wait = waits.next().unwrap_or(RETRY_LONGEST);
        let retry_at = ambient.now() + TimeDelta::from_std(wait).unwrap_or_default();
        if out.send(Msg::Offline { reason, retry_at }).await.is_err() {
            return;
        }
        if !rest(wait, &mut target, &mut orders).await {
            return;
        }
    }
}

/// Doubles with each attempt, up to a bound, and varies so that many clients do not come back at once.
fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(RETRY_FIRST)
        .with_max_delay(RETRY_LONGEST)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Waits for the next attempt; false when nobody gives orders any more.
async fn rest(wait: Duration, target: &mut Target, orders: &mut Receiver<Order>) -> bool {
    let end = sleep(wait);
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => return true,
            order = orders.recv() => match order {
                None => return false,
                Some(Order::Connect(client)) => {
                    *target = Target { client, workspace: None };
                    return true;
                }
                Some(Order::ConnectTo(workspace)) => {
                    target.workspace = workspace;
                    return true;
                }
                Some(Order::ConnectNow) => return true,
                // The model knows that nothing leaves now: what is still on its way was written before.
                Some(Order::Send(..)) => {}
            },
        }
    }
}

/// Serves one connection until it ends.
async fn attend(mut socket: Socket, target: &mut Target, orders: &mut Receiver<Order>, out: &Sender<Msg>) -> End {
    if out.send(Msg::Online(socket.hello().clone())).await.is_err() {
        return End::Over;
    }
    // What was sent and has not been worked on yet, the oldest first. The server works on frames in their order and answers an
    // error without saying to what; the pong of a ping right behind each frame tells that it is done with that one.
    let mut sent: VecDeque<Purpose> = VecDeque::new();
    let mut heard = Instant::now();
    let mut beat = interval(PING_EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        tokio::select! {
            frame = socket.next() => {
                heard = Instant::now();
                let frame = match frame {
                    Some(Ok(frame)) => frame,
                    // A frame that this version does not know is not for it.
                    Some(Err(ClientError::Protocol { .. })) => continue,
                    Some(Err(error)) => return End::Lost(error.to_string()),
                    None => return End::Lost("the server closed the connection".to_owned()),
                };
                if matches!(frame, ServerFrame::Pong(_)) {
                    sent.pop_front();
                } else if out.send(Msg::Frame(Box::new(frame), sent.front().cloned())).await.is_err() {
                    return End::Over;
                }
            }
            order = orders.recv() => match order {
                None => {
                    socket.close().await;
                    return End::Over;
                }
                Some(Order::Connect(client)) => {
                    *target = Target { client, workspace: None };
                    socket.close().await;
                    return End::Again;
                }
                Some(Order::ConnectTo(workspace)) => {
                    target.workspace = workspace;
                    socket.close().await;
                    return End::Again;
                }
                Some(Order::ConnectNow) => {}
                Some(Order::Send(frame, purpose)) => {
                    sent.push_back(purpose);
                    if let Err(reason) = hand_over(&mut socket, &frame).await {
                        return End::Lost(reason);
                    }
                }
            },
            _ = beat.tick() => {
                if heard.elapsed() > SILENCE_MAX {
                    return End::Lost("the server stopped answering".to_owned());
                }
                sent.push_back(Purpose::Other);
                if let Err(reason) = timeout_send(&mut socket, &ClientFrame::Ping(Ping {})).await {
                    return End::Lost(reason);
                }
            }
        }
    }
}

async fn hand_over(socket: &mut Socket, frame: &ClientFrame) -> Result<(), String> {
    timeout_send(socket, frame).await?;
    timeout_send(socket, &ClientFrame::Ping(Ping {})).await
}

async fn timeout_send(socket: &mut Socket, frame: &ClientFrame) -> Result<(), String> {
    match timeout(SEND_TIME_MAX, socket.send(frame)).await {
        Ok(sent) => sent.map_err(|error| error.to_string()),
        Err(_) => Err("the server takes nothing any more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_rarer_up_to_a_bound() {
        let waits: Vec<Duration> = backoff().take(40).collect();
        assert!(waits[0] >= RETRY_FIRST && waits[0] <= RETRY_FIRST * 2, "{waits:?}");
        assert!(waits[39] >= RETRY_LONGEST && waits.iter().all(|wait| *wait <= RETRY_LONGEST * 2), "{waits:?}");
    }
}
