//! Many connections to the real binary: what each needs, how long a piece of an answer takes to arrive, and whether all of them
//! do.

mod chat;
mod people;
mod provider;
mod unread;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context;
use chat::{Conversation, Heard};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use octi_client::api::frames::ServerFrame;
use octi_client::{Client, Socket};
use octi_domain::limits;
use octi_store::Backend;
use octi_testkit::db::TestDb;
use octi_tests::report::{Goal, Group, Row, Skipped, Times, short};
use provider::Provider;
use tokio::task::JoinSet;
use unread::Missed;

use crate::hosted::plugin_files;
use crate::server::{Server, until_compiled};
use crate::{Effort, Paths};

const POSTGRES: &str = "OCTI_TEST_POSTGRES_URL";
/// Connections that only listen.
const IDLE: usize = 1_000;
/// Conversations, all of them at once.
const CHATS: usize = 200;
/// Those of one person; the first person's answers are long.
const CHATS_EACH: usize = 10;
/// Those of one person that are shown on two screens.
const ON_TWO_SCREENS: usize = 4;
/// Turns of each conversation: with everybody reading, with one that does not, and with everybody reading again.
const TURNS: usize = 4;
/// The conversations begin within this time: that of one answer, so that answers are in all their stages at any time.
const SPREAD: Duration = Duration::from_secs(3);
/// When all of them are under way, and none has ended.
const MIDDLE: Duration = Duration::from_secs(6);
/// Time for memory to settle before it is read.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the plugins may take to be compiled.
const PATIENCE: Duration = Duration::from_secs(120);
const NOTE: &str = "`octi serve` as it ships, its clients and the provider on this machine, so a busy client counts against the server. \
    Idle connections listen to everything of theirs and hear nothing. Conversations get answers of 60 pieces, 20 a second, one \
    after the other; four in ten are on two screens. Delivery is from the provider's sending of a piece to its arrival on a \
    screen. Then all of it again, with one more screen that hears everything of a person with long answers and stops reading, and \
    once more with everybody reading, which counts with the first. A piece is wrong when it is missing, doubled, out of order or of another conversation. Memory is PSS; what the kernel holds for a \
    socket is not in it.";

/// How many of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    idle: usize,
    chats: usize,
}

/// What was found out on one database.
struct Found {
    /// MB before anybody was connected, with all idle connections, and with all conversations under way.
    memory: [f64; 3],
    connecting: Vec<Duration>,
    at_once: usize,
    /// While everybody read, and while one did not: short answers, and the long ones of the person whose screen it was.
    read: (Heard, Heard),
    beside: (Heard, Heard),
    happened: u64,
    missed: Missed,
    strays: usize,
}

/// Measures on SQLite, and on PostgreSQL when there is one.
pub(crate) async fn measure(paths: &Paths, octi: &Path, effort: Effort) -> anyhow::Result<(Vec<Group>, Vec<Skipped>)> {
    raise_open_files()?;
    let scale = Scale { idle: effort.samples(IDLE), chats: effort.samples(CHATS) };
    // One home, so that the plugins are compiled once.
    let home = tempfile::tempdir()?;
    let (mut groups, mut skipped) = (Vec::new(), Vec::new());
    let found = Box::pin(on(paths, octi, home.path(), Backend::Sqlite, scale)).await?;
    groups.extend(found.map(|found| group("connections-sqlite", "SQLite", NOTE, scale, found)).transpose()?);
    if std::env::var_os(POSTGRES).is_some() {
        let found = Box::pin(on(paths, octi, home.path(), Backend::Postgres, scale)).await?;
        let note = "The same as on SQLite.";
        groups.extend(found.map(|found| group("connections-postgres", "PostgreSQL", note, scale, found)).transpose()?);
    } else {
        let reason = format!("`{POSTGRES}` names no server; start a server: eval \"$(tests/peers/postgres.sh)\"");
        skipped.push(Skipped { what: "many connections on PostgreSQL".to_owned(), reason });
    }
    Ok((groups, skipped))
}

/// Each connection has an end in this process.
fn raise_open_files() -> anyhow::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?)
}

async fn on(paths: &Paths, octi: &Path, home: &Path, backend: Backend, scale: Scale) -> anyhow::Result<Option<Found>> {
    let Some(db) = TestDb::open(backend).await else { return Ok(None) };
    let (each, talkers) = (limits::WS_CONNECTIONS_PER_USER_MAX, scale.chats / CHATS_EACH);
    let tokens = people::enrol(&db, scale.idle / each + talkers).await?;
    db.store.close().await;
    let provider = Provider::start().await?;
    let server = Server::start_on(octi, home, Some(&db.url))?;
    let people = tokens.into_iter().map(|token| people::client(&server, token)).collect::<Result<Vec<_>, _>>()?;
    let (talking, listening) = people.split_at(talkers);
    for person in talking {
        people::use_model(person, &provider).await?;
    }
    until_compiled(home, plugin_files(&paths.plugins)?.len(), PATIENCE)?;
    // Loads what a turn needs, so that it counts for nobody.
    let loud = talking.first().context("nobody talks")?;
    let mut first = vec![Conversation::begin(loud, 0, false, false).await?];
    chat::chat(&mut first, (provider.clock(), "first"), 1, Duration::ZERO).await?;
    drop(first);

    tokio::time::sleep(SETTLE).await;
    let before = server.memory("smaps_rollup", "Pss:")?;
    let (idle, connecting) = people::connect_all(listening, each).await?;
    tokio::time::sleep(SETTLE).await;
    let connected = server.memory("smaps_rollup", "Pss:")?;
    let strays = Strays::watch(idle);

    let mut conversations = begin(talking).await?;
    let (mut awake, mut asleep) = (people::connected(loud, &[]).await?, people::connected(loud, &[]).await?);
    let turns = CHATS_EACH * TURNS;
    let clock = provider.clock();
    let (mut read, _, _, busy) = tokio::try_join!(
        chat::chat(&mut conversations, (clock, "read"), TURNS, SPREAD),
        unread::awake(&mut awake, turns),
        unread::awake(&mut asleep, turns),
        async {
            tokio::time::sleep(MIDDLE).await;
            server.memory("smaps_rollup", "Pss:")
        },
    )?;
    let (beside, happened) =
        tokio::try_join!(chat::chat(&mut conversations, (clock, "beside"), TURNS, SPREAD), unread::awake(&mut awake, turns))?;
    let missed = unread::wake(&mut asleep, happened).await;
    // Once more as at first: a database that grew and a machine that got busier count on both sides.
    let (after, ..) = tokio::try_join!(
        chat::chat(&mut conversations, (clock, "after"), TURNS, SPREAD),
        unread::awake(&mut awake, turns),
        unread::awake(&mut asleep, turns),
    )?;
    read.0.add(after.0);
    read.1.add(after.1);
    let strays = strays.heard.load(Ordering::Relaxed);
    server.stop()?;
    let memory = [before, connected, busy];
    Ok(Some(Found { memory, connecting, at_once: provider.most_at_once(), read, beside, happened, missed, strays }))
}

/// Idle connections, and how many events of a conversation reached them: none is theirs.
struct Strays {
    heard: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Strays {
    fn watch(idle: Vec<Socket>) -> Self {
        let (heard, mut tasks) = (Arc::<AtomicUsize>::default(), JoinSet::new());
        for mut socket in idle {
            let heard = Arc::clone(&heard);
            tasks.spawn(async move {
                while let Some(Ok(frame)) = socket.next().await {
                    let is_stray = matches!(frame, ServerFrame::Event { event } if event.session_id.is_some());
                    heard.fetch_add(usize::from(is_stray), Ordering::Relaxed);
                }
            });
        }
        Self { heard, _tasks: tasks }
    }
}

/// The conversations of everybody who talks.
async fn begin(talking: &[Client]) -> anyhow::Result<Vec<Conversation>> {
    let mut conversations = Vec::new();
    for (place, person) in talking.iter().enumerate() {
        for number in 0..CHATS_EACH {
            let (number, has_second) = (place * CHATS_EACH + number, number < ON_TWO_SCREENS);
            conversations.push(Conversation::begin(person, number, has_second, place == 0).await?);
        }
    }
    Ok(conversations)
}

fn group(id: &'static str, database: &str, note: &str, scale: Scale, found: Found) -> anyhow::Result<Group> {
    let Found { memory: [before, connected, busy], connecting, at_once, read, beside, happened, missed, strays } = found;
    let all = [&read.0, &read.1, &beside.0, &beside.1];
    let wrong = all.iter().map(|heard| heard.wrong).sum::<usize>() as f64;
    let turns = all.iter().map(|heard| heard.turns).sum::<usize>() as f64;
    let each = (connected - before) * 1e3 / scale.idle as f64;
    let of_chat = (busy - connected) * 1e3 / scale.chats as f64;
    let untold = happened.abs_diff(missed.read + missed.told) as f64;
    let (told, strays) = (missed.told as f64, strays as f64);
    let times = |samples| Times::of(samples).ok_or_else(|| anyhow::anyhow!("nothing was heard"));
    let (connecting, delivery, beside_it) = (times(connecting)?, times(read.0.times)?, times(beside.0.times)?);
    let slower = beside_it.p99_us / delivery.p99_us;
    let one = |name: &str, shown: &str, value: f64, unit| Row::one(format!("{id}.{name}"), shown, value, unit);
    let many = |name: &str, shown: &str, times: Times| Row::times(format!("{id}.{name}"), shown, times);
    let rows = vec![
        many("connect", "connecting and signing in", connecting).goal(at_most_ms("p50", 20.0, connecting.p50_us)),
        one("memory", "memory of an idle connection", each, "kB").goal(Goal::at_most("memory", 64.0, each, "kB")),
        one("chat-memory", "memory of a conversation", of_chat, "kB"),
        one("at-once", "most answers at once", at_once as f64, ""),
        many("delivery", "delivery, everybody reads", delivery).goal(at_most_ms("p99", 100.0, delivery.p99_us)),
        many("delivery-long", "  of long answers", times(read.1.times)?),
        many("beside", "delivery, one does not read", beside_it).goal(Goal::at_most(
            "p99 / p99 when everybody reads",
            2.0,
            slower,
            "x",
        )),
        many("beside-long", "  of long answers, on other screens", times(beside.1.times)?),
        one("turns", "turns heard", turns, ""),
        one("wrong", "wrong pieces", wrong, "").goal(Goal::at_most("wrong", 0.0, wrong, "")),
        one("strays", "events for somebody else", strays, "").goal(Goal::at_most("strays", 0.0, strays, "")),
        one("told", "told as missed, not reading", told, "").goal(Goal::at_least("told", 1.0, told, "")),
        one("untold", "neither read nor told", untold, "").goal(Goal::at_most("untold", 0.0, untold, "")),
    ];
    let title = format!("{} connections and {} conversations on {database}", short(scale.idle as f64), scale.chats);
    Ok(Group { id, title, note: note.to_owned(), rows })
}

fn at_most_ms(what: &str, limit: f64, actual_us: f64) -> Goal {
    Goal::at_most(what, limit, actual_us / 1e3, "ms")
}
