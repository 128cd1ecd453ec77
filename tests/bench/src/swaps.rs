//! Swapping a plugin while it is called: what is lost, what is mixed up, what it costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use octi_tests::report::{Goal, Group, Row, Times, short};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::hosted::Hosted;
use crate::machine::{Footprint, footprint};
use crate::{Effort, Paths, say, tiny};

/// Swaps as fast as they go.
const SWAPS: usize = 200;
/// Calls of the soak, and of the same without swaps.
const CALLS: usize = 1_000_000;
const CALLS_QUICK: usize = 50_000;
/// With and without swaps take turns, so that a busy moment of the machine hits both.
const ROUNDS: usize = 10;
const ROUNDS_QUICK: usize = 2;
/// What calls at once.
const CALLERS: usize = 2;
const EVERY: Duration = Duration::from_millis(100);
/// Threads that waited for blocking work, and generations that ended, are gone after this.
const SETTLE: Duration = Duration::from_secs(12);
const ID: &str = "test/swap";
const FILE: &str = "swap.wasm";
const TOOL: &str = "swap__run";
const VERSIONS: [&str; 2] = ["1.0.0", "2.0.0"];
const NOTE: &str = "Two callers, one call after another each, on the engine; a third task installs the other of two versions of the \
    tool: checked, tried, written to disk, swapped. A call takes the tool that is offered at that moment and must be answered \
    with the version of that one. Lost: no answer. Mixed: another version's answer. With and without swaps take turns, in blocks. \
    After: some seconds after the last swap, so that what was replaced is let go.";

/// Measures 200 swaps in a row, then the soak.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    let hosted = Arc::new(Hosted::start(paths, &[]).await?);
    let versions = [tiny::tool(ID, VERSIONS[0])?, tiny::tool(ID, VERSIONS[1])?];
    // Both are compiled, and twice installed, before anything counts.
    for version in versions.iter().cycle().take(4) {
        hosted.install(version.clone(), FILE).await?;
    }
    let (calls, rounds) = if effort.quick { (CALLS_QUICK, ROUNDS_QUICK) } else { (CALLS, ROUNDS) };
    // Written once, so that the memory of the samples is there before and after.
    let (mut quiet, mut busy) = (Samples::of(calls), Samples::of(calls));
    round(&hosted, &versions, &mut Samples::of(calls / 10), calls / 10, true).await?;
    tokio::time::sleep(if effort.quick { SETTLE / 10 } else { SETTLE }).await;
    let before = footprint()?;

    let (installs, meanwhile) = in_a_row(&hosted, &versions, effort.samples(SWAPS)).await?;
    for _ in 0..rounds {
        round(&hosted, &versions, &mut quiet, calls / rounds, false).await?;
        round(&hosted, &versions, &mut busy, calls / rounds, true).await?;
    }
    tokio::time::sleep(if effort.quick { SETTLE / 10 } else { SETTLE }).await;
    let after = footprint()?;
    if let Ok(hosted) = Arc::try_unwrap(hosted) {
        hosted.stop().await;
    }
    let mut rows = rows_of(installs, &meanwhile, quiet, busy)?;
    rows.extend(rows_of_footprint(before, after));
    Ok(Group { id: "swaps", title: "Swaps under load".to_owned(), note: NOTE.to_owned(), rows })
}

/// What became of some calls.
#[derive(Default)]
struct Samples {
    times: Vec<u32>,
    /// Until they all were made.
    spent: Duration,
    lost: usize,
    mixed: usize,
    swaps: usize,
}

impl Samples {
    /// With room for so many.
    fn of(calls: usize) -> Self {
        let mut times = vec![u32::MAX; calls];
        times.clear();
        Self { times, ..Self::default() }
    }

    fn take(&mut self, other: &Self) {
        self.times.extend_from_slice(&other.times);
        (self.lost, self.mixed) = (self.lost + other.lost, self.mixed + other.mixed);
    }

    fn figures(&self) -> anyhow::Result<Times> {
        let times = self.times.iter().map(|nanos| Duration::from_nanos(u64::from(*nanos))).collect();
        let figures = Times::of(times).ok_or_else(|| anyhow::anyhow!("nothing was sampled"))?;
        Ok(figures.per_second(self.times.len() as f64 / self.spent.as_secs_f64()))
    }
}

/// Swaps without a pause while calls are made; how long each took, and what became of the calls.
async fn in_a_row(hosted: &Arc<Hosted>, versions: &[Vec<u8>; 2], swaps: usize) -> anyhow::Result<(Times, Samples)> {
    let stop = Arc::new(AtomicBool::new(false));
    let callers = callers(hosted, usize::MAX, &stop);
    let mut took = Vec::with_capacity(swaps);
    for version in versions.iter().cycle().take(swaps) {
        let begun = Instant::now();
        hosted.install(version.clone(), FILE).await?;
        took.push(begun.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let mut samples = Samples { swaps, ..Samples::default() };
    for caller in callers {
        samples.take(&caller.await?);
    }
    Ok((Times::of(took).ok_or_else(|| anyhow::anyhow!("nothing was swapped"))?, samples))
}

/// So many calls, with or without a swap every [`EVERY`].
async fn round(
    hosted: &Arc<Hosted>,
    versions: &[Vec<u8>; 2],
    samples: &mut Samples,
    calls: usize,
    swapping: bool,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let callers = callers(hosted, calls / CALLERS, &Arc::default());
    let (mut ticks, mut next) = (tokio::time::interval(EVERY), versions.iter().cycle());
    while swapping && !callers.iter().all(JoinHandle::is_finished) {
        ticks.tick().await;
        if let Some(version) = next.next() {
            hosted.install(version.clone(), FILE).await?;
            samples.swaps += 1;
        }
    }
    let mut ended = Vec::new();
    for caller in callers {
        ended.push(caller.await?);
    }
    samples.spent += ended.iter().map(|caller| caller.spent).max().unwrap_or_else(|| begun.elapsed());
    ended.iter().for_each(|caller| samples.take(caller));
    Ok(())
}

/// Tasks that make so many calls each, or as many as they can before they are told to stop.
fn callers(hosted: &Arc<Hosted>, calls: usize, stop: &Arc<AtomicBool>) -> Vec<JoinHandle<Samples>> {
    let caller = |_| {
        let (hosted, stop) = (hosted.clone(), stop.clone());
        tokio::spawn(async move { call(&hosted, calls, &stop).await })
    };
    (0..CALLERS).map(caller).collect()
}

async fn call(hosted: &Hosted, calls: usize, stop: &AtomicBool) -> Samples {
    let mut samples = Samples { times: Vec::with_capacity(calls.min(CALLS)), ..Samples::default() };
    let all = Instant::now();
    while samples.times.len() < calls && !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answered = match hosted.tool(TOOL) {
            Ok(tool) => hosted.call(&tool, json!({})).await.map(|answer| (answer, tool.spec().plugin_version.clone())),
            Err(error) => Err(error),
        };
        samples.times.push(u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX));
        match answered {
            Ok((answer, version)) if answer == tiny::answer(&version) => {}
            Ok((answer, version)) => {
                samples.mixed += 1;
                say(&format!("      mixed: version {version} was called and {answer} was the answer"));
            }
            Err(error) => {
                samples.lost += 1;
                say(&format!("      lost: {error:#}"));
            }
        }
    }
    samples.spent = all.elapsed();
    samples
}

fn rows_of(installs: Times, meanwhile: &Samples, quiet: Samples, busy: Samples) -> anyhow::Result<Vec<Row>> {
    let count = |id: &str, name: String, value: usize| Row::one(format!("swaps.{id}"), name, value as f64, "");
    let none = |id: &str, name: &str, value: usize| {
        count(id, name.to_owned(), value).goal(Goal::at_most("calls", 0.0, value as f64, ""))
    };
    let times = |what: &str, samples: &Samples| format!("{} calls, {what}", short(samples.times.len() as f64));
    Ok(vec![
        Row::times("swaps.row.install", format!("{} swaps in a row, each", meanwhile.swaps), installs),
        count("row.calls", "calls meanwhile".to_owned(), meanwhile.times.len()),
        none("row.lost", "calls meanwhile, lost", meanwhile.lost),
        none("row.mixed", "calls meanwhile, mixed", meanwhile.mixed),
        Row::times("swaps.soak.quiet", times("no swaps", &quiet), quiet.figures()?),
        Row::times("swaps.soak.busy", times("with swaps", &busy), busy.figures()?),
        count("soak.swaps", format!("swaps in them, one in {} ms", EVERY.as_millis()), busy.swaps),
        none("soak.lost", "lost of both", busy.lost + quiet.lost),
        none("soak.mixed", "mixed of both", busy.mixed + quiet.mixed),
    ])
}

fn rows_of_footprint(before: Footprint, after: Footprint) -> Vec<Row> {
    let row = |id: &str, name: &str, value: f64, unit| Row::one(format!("swaps.{id}"), name, value, unit);
    vec![
        row("memory.before", "RSS before", before.memory, "MB"),
        row("memory.after", "RSS after", after.memory, "MB"),
        row("descriptors.before", "descriptors before", before.descriptors, ""),
        row("descriptors.after", "descriptors after", after.descriptors, ""),
        row("threads.before", "threads before", before.threads, ""),
        row("threads.after", "threads after", after.threads, ""),
    ]
}
