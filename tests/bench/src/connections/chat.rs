//! Conversations on one or two screens: how long each piece of an answer took to arrive, and whether every one did, once and
//! in order.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use octi_client::api::event::EventBody;
use octi_client::api::frames::{ChatSend, ClientFrame, ServerFrame};
use octi_client::{Client, Socket};
use octi_domain::ids::SessionId;
use tokio::task::JoinSet;

use super::people;
use super::provider::{PIECES, Piece, question};

/// How long a turn may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What screens heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// From the provider's sending to the screen's reading, of each piece.
    pub(super) times: Vec<Duration>,
    /// Pieces that did not arrive, arrived twice, too late or at the wrong place, and answers that are not their pieces.
    pub(super) wrong: usize,
    /// Turns, once for each screen.
    pub(super) turns: usize,
}

/// A conversation, and the screens that show it.
pub(super) struct Conversation {
    number: usize,
    session: SessionId,
    screen: Socket,
    second: Option<Socket>,
    /// Whether its answers are long ones.
    pub(super) is_long: bool,
}

impl Heard {
    pub(super) fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.wrong += other.wrong;
        self.turns += other.turns;
    }
}

impl Conversation {
    /// A new one, with a second screen or without.
    pub(super) async fn begin(person: &Client, number: usize, has_second: bool, is_long: bool) -> anyhow::Result<Self> {
        let session: SessionId = person.create_session(&Default::default()).await?.id.into();
        let screen = people::connected(person, &[session]).await?;
        let second = if has_second { Some(people::connected(person, &[session]).await?) } else { None };
        Ok(Self { number, session, screen, second, is_long })
    }

    /// So many turns, one right after the other; what both screens heard of them.
    async fn turns(&mut self, clock: Instant, round: &str, count: usize) -> anyhow::Result<Heard> {
        let names: Vec<_> = (0..count).map(|turn| format!("{round}.{}.{turn}", self.number)).collect();
        let (session, is_long, screen) = (self.session, self.is_long, &mut self.screen);
        let first = async {
            let mut heard = Heard::default();
            for name in &names {
                let chat = ChatSend::new(session.as_uuid(), question(name, is_long));
                screen.send(&ClientFrame::ChatSend(chat)).await?;
                heard.add(hear(screen, clock, name).await?);
            }
            anyhow::Ok(heard)
        };
        let second = async {
            let mut heard = Heard::default();
            if let Some(second) = &mut self.second {
                for name in &names {
                    heard.add(hear(second, clock, name).await?);
                }
            }
            anyhow::Ok(heard)
        };
        let (mut heard, other) = tokio::try_join!(first, second)?;
        heard.add(other);
        Ok(heard)
    }
}

/// Everybody has so many turns, and they begin one after another within `spread`. What was heard where answers are short, and
/// where they are long.
pub(super) async fn chat(
    conversations: &mut Vec<Conversation>,
    (clock, round): (Instant, &'static str),
    turns: usize,
    spread: Duration,
) -> anyhow::Result<(Heard, Heard)> {
    let mut chatting = JoinSet::new();
    let count = u32::try_from(conversations.len())?.max(1);
    for (place, mut conversation) in (0..count).zip(conversations.drain(..)) {
        chatting.spawn(async move {
            tokio::time::sleep(spread * place / count).await;
            let heard = Box::pin(conversation.turns(clock, round, turns)).await;
            heard.map(|heard| (conversation, heard))
        });
    }
    let (mut short, mut long) = (Heard::default(), Heard::default());
    while let Some(done) = chatting.join_next().await {
        let (conversation, heard) = done??;
        if conversation.is_long {
            long.add(heard)
        } else {
            short.add(heard)
        };
        conversations.push(conversation);
    }
    conversations.sort_by_key(|conversation| conversation.number);
    Ok((short, long))
}

/// Hears one turn to its end.
async fn hear(screen: &mut Socket, clock: Instant, turn: &str) -> anyhow::Result<Heard> {
    let mut heard = Heard { turns: 1, ..Heard::default() };
    let (mut next, mut written, mut answer) = (0, String::new(), None);
    loop {
        let frame = tokio::time::timeout(PATIENCE, screen.next()).await.context("a turn did not end")?;
        let event = match frame.context("the server went away")?? {
            ServerFrame::Event { event } => event,
            ServerFrame::Error(error) => bail!("the server refused a message: {}", error.message),
            ServerFrame::EventsDropped(dropped) => bail!("{} events were dropped for one that reads", dropped.count),
            _ => continue,
        };
        match event.body {
            EventBody::ChatDelta(delta) => {
                let now = clock.elapsed();
                match Piece::read(&delta.text) {
                    Some(piece) if piece.turn == turn && piece.number >= next => {
                        heard.times.push(now.saturating_sub(piece.sent));
                        heard.wrong += piece.number - next;
                        next = piece.number + 1;
                    }
                    _ => heard.wrong += 1,
                }
                written.push_str(&delta.text);
            }
            EventBody::ChatResponse(response) => answer = Some(response.text),
            EventBody::AgentCompleted(_) => break,
            EventBody::AgentFailed(ended) | EventBody::AgentStopped(ended) | EventBody::AgentInterrupted(ended) => {
                bail!("a turn ended without an answer: {}", ended.reason.unwrap_or_default())
            }
            _ => {}
        }
    }
    heard.wrong += PIECES.saturating_sub(next) + usize::from(answer.is_none_or(|answer| answer != written));
    Ok(heard)
}
