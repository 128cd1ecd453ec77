//! Many connections to the real binary: what each needs, how long an event takes to arrive, and whether all of them do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use octi_client::api::event::{EventBody, EventEnvelope};
use octi_client::api::frames::{ChatSend, ClientFrame, ClientType, ServerFrame};
use octi_client::api::v1::messages::SendMessage;
use octi_client::{Client, Socket};
use octi_domain::ids::SessionId;
use octi_security::audit::Audit;
use octi_security::auth::Auth;
use octi_store::Backend;
use octi_testkit::db::TestDb;
use octi_tests::report::{Goal, Group, Row, Skipped, Times};
use secrecy::SecretString;
use tokio::task::JoinSet;
use url::Url;

use crate::server::Server;
use crate::{Effort, say};

const POSTGRES: &str = "OCTI_TEST_POSTGRES_URL";
/// Connections that only listen.
const IDLE: usize = 1_000;
/// Connections that talk.
const CHATTING: usize = 200;
/// Messages of each of them.
const ROUNDS: usize = 6;
/// How long each waits before its next message, as a person would.
const THINKING: Duration = Duration::from_secs(5);
/// Connections that one person may have.
const EACH: usize = 20;
/// Messages of 100 kB to the conversation that somebody does not read: more than the network holds, and the queue behind it.
const UNREAD: usize = 260;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
const NOTE: &str = "`octi serve` as it ships, with the demo model. 1,000 connections listen to everything of theirs and hear \
    nothing; 200 more have a conversation each and say something every five seconds. Delivery is from an event's own time to its \
    arrival in the client, with both on this machine, so a busy client counts against the server. Then somebody stops reading \
    while their other connection goes on. An event is lost when a turn has not all of its events, in order, with the whole answer.";

/// Measures on SQLite, and on PostgreSQL when there is one.
pub(crate) async fn measure(octi: &Path, effort: Effort) -> anyhow::Result<(Group, Vec<Skipped>)> {
    let (mut rows, mut skipped) = (on(octi, Backend::Sqlite, effort).await?, Vec::new());
    if std::env::var_os(POSTGRES).is_some() {
        rows.extend(on(octi, Backend::Postgres, effort).await?);
    } else {
        let reason = format!("`{POSTGRES}` names no server; start a server: eval \"$(tests/peers/postgres.sh)\"");
        skipped.push(Skipped { what: "connections on PostgreSQL".to_owned(), reason });
    }
    Ok((Group { id: "connections", title: "Many connections".to_owned(), note: NOTE.to_owned(), rows }, skipped))
}

async fn on(octi: &Path, backend: Backend, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let (id, name) = match backend {
        Backend::Sqlite => ("sqlite", "SQLite"),
        Backend::Postgres => ("postgres", "PostgreSQL"),
    };
    let Some(db) = TestDb::open(backend).await else { return Ok(Vec::new()) };
    let home = tempfile::tempdir()?;
    let tokens = people(&db, (IDLE + CHATTING) / EACH + 1).await?;
    let server = Server::start_on(octi, home.path(), Some(&db.url))?;
    let people: Vec<Client> = tokens.into_iter().map(|token| client(&server, token)).collect::<Result<_, _>>()?;
    let last = people.last().context("nobody")?;
    // Loads what a turn needs, so that it does not count for the first connection.
    turn(last, last.create_session(&Default::default()).await?.id.into()).await?;

    let before = server.memory("status", "VmRSS:")?;
    let listening = idle(&people[..IDLE / EACH]).await?;
    let each = (server.memory("status", "VmRSS:")? - before) * 1e3 / IDLE as f64;
    say(&format!("        {name}: {IDLE} connections, {each:.1} kB each"));
    let heard = Heard::default();
    let (delivery, turns) = chat(&people[IDLE / EACH..(IDLE + CHATTING) / EACH], effort, &heard).await?;
    let (slow, told) = unread(last, &heard).await?;
    let unheard = listening.load(Ordering::Relaxed);
    server.stop()?;
    let none = || anyhow::anyhow!("nothing was heard");
    let delivery = Times::of(delivery).ok_or_else(none)?;
    let slow = Times::of(slow).ok_or_else(none)?;
    let lost = heard.lost.load(Ordering::Relaxed) as f64;
    let limit = |times: &Times| Goal::at_most("p99", 100.0, times.p99_us / 1e3, "ms");
    Ok(vec![
        Row::one(format!("connections.{id}.memory"), format!("{name}, memory of an idle one"), each, "kB")
            .goal(Goal::at_most("memory", 64.0, each, "kB")),
        Row::times(format!("connections.{id}.delivery"), format!("{name}, delivery while 200 chat"), delivery)
            .goal(limit(&delivery)),
        Row::times(format!("connections.{id}.beside"), format!("{name}, beside one that does not read"), slow).goal(limit(&slow)),
        Row::one(format!("connections.{id}.turns"), format!("{name}, turns"), turns as f64, ""),
        Row::one(format!("connections.{id}.lost"), format!("{name}, turns with a lost event"), lost, "")
            .goal(Goal::at_most("lost", 0.0, lost, "")),
        Row::one(format!("connections.{id}.strays"), format!("{name}, events to whom they are not for"), unheard as f64, "")
            .goal(Goal::at_most("strays", 0.0, unheard as f64, "")),
        Row::one(format!("connections.{id}.told"), format!("{name}, events told as dropped"), told as f64, "")
            .goal(Goal::at_least("told", 1.0, told as f64, "")),
    ])
}

/// So many people with a token each. No route makes people yet, so the store does.
async fn people(db: &TestDb, count: usize) -> anyhow::Result<Vec<SecretString>> {
    let auth = Auth::new(db.store.clone(), db.ambient.clone(), Audit::start(db.store.clone(), db.ambient.clone()));
    let mut tokens = Vec::with_capacity(count);
    for number in 0..count {
        let (_, principal) = db.user(&format!("person{number}")).await;
        tokens.push(SecretString::from(auth.create_token(&principal, "bench", None).await?.1));
    }
    Ok(tokens)
}

fn client(server: &Server, token: SecretString) -> anyhow::Result<Client> {
    Ok(Client::new(Url::parse(&format!("http://{}", server.address))?, token)?)
}

/// Connects everybody as often as they may, and counts what they hear from then on.
async fn idle(people: &[Client]) -> anyhow::Result<Arc<AtomicU64>> {
    let heard = Arc::new(AtomicU64::new(0));
    let mut connecting = JoinSet::new();
    for person in people {
        let (person, heard) = (person.clone(), Arc::clone(&heard));
        // Those of one person one after another: only so many may be signing in at once.
        connecting.spawn(async move {
            for _ in 0..EACH {
                let mut socket = connected(&person, &[]).await?;
                let heard = Arc::clone(&heard);
                tokio::spawn(async move {
                    while let Some(Ok(frame)) = socket.next().await {
                        heard.fetch_add(u64::from(matches!(frame, ServerFrame::Event { .. })), Ordering::Relaxed);
                    }
                });
            }
            anyhow::Ok(())
        });
        if connecting.len() >= 8 {
            connecting.join_next().await.context("nobody connects")???;
        }
    }
    while let Some(done) = connecting.join_next().await {
        done??;
    }
    Ok(heard)
}

async fn connected(person: &Client, sessions: &[SessionId]) -> anyhow::Result<Socket> {
    let mut socket = person.connect_as(ClientType::Tui).await?;
    socket.subscribe(&["*"], sessions).await?;
    loop {
        match socket.next().await.context("the server went away")?? {
            // Comes behind `subscribed`, and ends the answer to it.
            ServerFrame::PermissionPending(_) => return Ok(socket),
            ServerFrame::Subscribed(_) => {}
            other => bail!("`{other:?}` came instead of the answer to a subscription"),
        }
    }
}

/// What went wrong so far.
#[derive(Debug, Default)]
struct Heard {
    lost: AtomicU64,
}

/// Everybody has conversations; how long every event of them took, and how many turns there were.
async fn chat(people: &[Client], effort: Effort, heard: &Heard) -> anyhow::Result<(Vec<Duration>, usize)> {
    let rounds = if effort.quick { 2 } else { ROUNDS };
    let mut chatting = JoinSet::new();
    for (number, person) in people.iter().flat_map(|person| std::iter::repeat_n(person, EACH)).enumerate() {
        let person = person.clone();
        chatting.spawn(async move {
            let session: SessionId = person.create_session(&Default::default()).await?.id.into();
            let mut socket = connected(&person, &[session]).await?;
            let (mut times, mut broken) = (Vec::new(), 0);
            // Nobody begins at the same moment.
            tokio::time::sleep(THINKING * u32::try_from(number)? / u32::try_from(CHATTING)?).await;
            for _ in 0..rounds {
                let chat = ChatSend::new(session.as_uuid(), "hello");
                socket.send(&ClientFrame::ChatSend(chat)).await?;
                broken += u64::from(!listen(&mut socket, &mut times).await?);
                tokio::time::sleep(THINKING).await;
            }
            anyhow::Ok((times, broken))
        });
    }
    let mut all = Vec::new();
    while let Some(done) = chatting.join_next().await {
        let (times, broken) = done??;
        all.extend(times);
        heard.lost.fetch_add(broken, Ordering::Relaxed);
    }
    Ok((all, rounds * CHATTING))
}

/// Hears one turn to its end. False when something of it is missing, doubled or out of order.
async fn listen(socket: &mut Socket, times: &mut Vec<Duration>) -> anyhow::Result<bool> {
    let (mut seen, mut written, mut answer) = (Vec::new(), String::new(), None);
    loop {
        let frame = tokio::time::timeout(PATIENCE, socket.next()).await.context("a turn did not end")?;
        let event = match frame.context("the server went away")?? {
            ServerFrame::Event { event } => event,
            ServerFrame::Error(error) => bail!("the server refused a message: {}", error.message),
            ServerFrame::EventsDropped(dropped) => bail!("{} events were dropped for one that reads", dropped.count),
            _ => continue,
        };
        times.push(age(event.timestamp));
        match &event.body {
            EventBody::ChatDelta(delta) => {
                written.push_str(&delta.text);
                if seen.last() != Some(&"delta") {
                    seen.push("delta");
                }
            }
            EventBody::ChatMessage(_) => seen.push("message"),
            EventBody::AgentSpawned(_) => seen.push("spawned"),
            EventBody::AgentIteration(_) => seen.push("iteration"),
            EventBody::ChatResponse(response) => {
                seen.push("response");
                answer = Some(response.text.clone());
            }
            _ if has_ended(&event) => break,
            _ => {}
        }
    }
    Ok(seen == ["message", "spawned", "iteration", "delta", "response"] && answer == Some(written))
}

const fn has_ended(event: &EventEnvelope) -> bool {
    matches!(event.body, EventBody::AgentCompleted(_) | EventBody::AgentFailed(_))
}

#[expect(clippy::disallowed_methods, reason = "the server's own clock stamped the event")]
fn age(of: DateTime<Utc>) -> Duration {
    (Utc::now() - of).to_std().unwrap_or_default()
}

/// A turn, started by REST and waited for by polling.
async fn turn(person: &Client, session: SessionId) -> anyhow::Result<()> {
    say_to(person, session, "hello".to_owned()).await?;
    let begun = tokio::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        if person.session(session).await?.message_count >= 2 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the first turn did not end")
}

async fn say_to(person: &Client, session: SessionId, content: String) -> anyhow::Result<()> {
    person.send_message(session, &SendMessage { content, ..SendMessage::default() }).await?;
    Ok(())
}

/// One connection stops reading while another one of the same person goes on: how long events took to the second, and how many
/// the first was told that it missed.
async fn unread(person: &Client, heard: &Heard) -> anyhow::Result<(Vec<Duration>, u64)> {
    let session: SessionId = person.create_session(&Default::default()).await?.id.into();
    let mut asleep = connected(person, &[session]).await?;
    let mut awake = connected(person, &[session]).await?;
    let mut times = Vec::new();
    let long = format!("hello {}", "x".repeat(100_000));
    for _ in 0..UNREAD {
        say_to(person, session, long.clone()).await?;
        let whole = listen(&mut awake, &mut times).await?;
        heard.lost.fetch_add(u64::from(!whole), Ordering::Relaxed);
    }
    let mut told = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_secs(3), asleep.next()).await {
        if let ServerFrame::EventsDropped(dropped) = frame {
            told += dropped.count;
        }
    }
    Ok((times, told))
}
