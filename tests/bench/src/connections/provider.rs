//! A model provider on loopback: it answers every question with numbered pieces, at the pace of a real model.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Pieces of one answer.
pub(super) const PIECES: usize = 60;
/// Time between two of them; a fast model writes twenty tokens a second.
const PACE: Duration = Duration::from_millis(50);
/// Bytes of a piece of an answer that was asked for as a long one.
const LONG_BYTES: usize = 4 * 1024;
/// Bytes of a question, with the conversation and the schemas of all tools.
const QUESTION_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long a question may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);
/// What stands before the name of a turn in a message.
const TURN: &str = "turn=";
const LONG: &str = "at length";

/// The provider. Dropped, it answers nobody any more.
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    clock: Instant,
    answering: Arc<Answering>,
    _tasks: JoinSet<()>,
}

/// How many it answers at once.
#[derive(Debug, Default)]
struct Answering {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A piece of an answer, as it reached somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The turn that it was written for.
    pub(super) turn: String,
    /// From 0.
    pub(super) number: usize,
    /// On the provider's clock.
    pub(super) sent: Duration,
}

/// The message that asks for the answer of a turn.
pub(super) fn question(turn: &str, is_long: bool) -> String {
    if is_long { format!("Tell me {LONG}, {TURN}{turn} please") } else { format!("Tell me, {TURN}{turn} please") }
}

impl Provider {
    /// Listens on a free port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (address, clock, answering) = (listener.local_addr()?, Instant::now(), Arc::<Answering>::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, clock, Arc::clone(&answering)));
        Ok(Self { address, clock, answering, _tasks: tasks })
    }

    /// The time that pieces are stamped with.
    pub(super) const fn clock(&self) -> Instant {
        self.clock
    }

    /// The most answers that were written at once.
    pub(super) fn most_at_once(&self) -> usize {
        self.answering.most.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, clock: Instant, answering: Arc<Answering>) {
    // They end with this task.
    let mut answers = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while answers.try_join_next().is_some() {}
        let answering = Arc::clone(&answering);
        answers.spawn(async move {
            answering.most.fetch_max(answering.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            if let Err(error) = answer(stream, clock).await {
                crate::say(&format!("        the provider could not answer: {error:#}"));
            }
            answering.now.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Answers one question as OpenAI's chat completions stream, and closes the connection.
async fn answer(mut stream: TcpStream, clock: Instant) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let asked = timeout(PATIENCE, question_of(&mut stream)).await.context("a question did not arrive")??;
    let (turn, is_long) = asked;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let padding = if is_long { "x".repeat(LONG_BYTES) } else { String::new() };
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..PIECES {
        pace.tick().await;
        let text = format!("{turn} {number} {} {padding}\n", clock.elapsed().as_micros());
        let choice = json!({ "index": 0, "delta": { "content": text }, "finish_reason": null });
        stream.write_all(event(&json!([choice]), &Value::Null).as_bytes()).await?;
    }
    let choice = json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": PIECES, "total_tokens": PIECES + 10 });
    let end = event(&json!([choice]), &Value::Null) + &event(&json!([]), &usage) + "data: [DONE]\n\n";
    stream.write_all(end.as_bytes()).await?;
    Ok(stream.shutdown().await?)
}

fn event(choices: &Value, usage: &Value) -> String {
    let (id, object) = ("scripted", "chat.completion.chunk");
    let chunk = json!({ "id": id, "object": object, "created": 0, "model": id, "choices": choices, "usage": usage });
    format!("data: {chunk}\n\n")
}

/// Which turn is asked for, and whether at length.
async fn question_of(stream: &mut TcpStream) -> anyhow::Result<(String, bool)> {
    let mut bytes = Vec::new();
    let body = loop {
        ensure!(stream.read_buf(&mut bytes).await? > 0, "a question broke off");
        ensure!(bytes.len() <= QUESTION_BYTES_MAX, "a question is larger than {QUESTION_BYTES_MAX} bytes");
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(&bytes[..end])?.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        let length = length.context("a question does not say how long it is")?;
        if bytes.len() >= end + 4 + length {
            break &bytes[end + 4..];
        }
    };
    let body: Value = serde_json::from_slice(body)?;
    let messages = body["messages"].as_array().context("a question without messages")?;
    let last = messages.iter().rfind(|message| message["role"] == "user").context("nobody asked anything")?;
    let text = last["content"].to_string();
    let (_, rest) = text.rsplit_once(TURN).context("a question about no turn")?;
    let turn = rest.split_whitespace().next().context("a turn without a name")?;
    Ok((turn.to_owned(), text.contains(LONG)))
}

impl Piece {
    /// Reads the text of one piece; none when it is not exactly one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n').filter(|text| !text.contains('\n'))?.split(' ');
        let (turn, number, micros) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { turn: turn.to_owned(), number, sent: Duration::from_micros(micros) })
    }
}
