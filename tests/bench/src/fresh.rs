//! A call in a new store and instance: wasmtime alone, the engine, and everything around it.

use std::time::{Duration, Instant};

use octi_store::Backend;
use octi_tests::report::{Goal, Group, Row, Times};
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::hosted::{Hosted, Working, plugin_files};
use crate::machine::Pinned;
use crate::{Effort, Paths, timed};

/// The three take turns on one processor, so that a busy moment of the machine hits all of them, and the rounds take turns with the
/// processors. What one takes against another is told of each round, since the next may be on a slower processor.
const ROUNDS: usize = 20;
/// Samples of a round.
const CALLS: usize = 250;
/// Samples of a round on the whole path; the queue of records has room for these.
pub(crate) const DISPATCHED: usize = 50;

const NOTE: &str = "One call after another, each in a new store and instance. `wasmtime alone` runs the same \
    component with the same pool and none of the limits; `engine` is `Tool::call`; `dispatch` is schema, permission, run, \
    redact, bound and record on SQLite, its records written behind it (the rate includes writing them). The three take \
    turns on the same processor, and a ratio is the median of their rounds. `echo` calls nothing of the host; `read_file` \
    opens and reads a file of 400 bytes, in wasmtime alone without confining the path.";

/// What is called.
struct Job {
    id: &'static str,
    name: &'static str,
    file: std::path::PathBuf,
    tool: &'static str,
    operation: &'static str,
    arguments: Value,
    /// What a call through the engine may take at the median, where it is not mostly the work that it asks the machine for.
    us_max: Option<f64>,
}

#[derive(Default)]
struct Samples {
    bare: Vec<Duration>,
    engine: Vec<Duration>,
    dispatch: Vec<Duration>,
    /// Of each round, how many times wasmtime alone the engine took at the median, and dispatch.
    ratios: Vec<(f64, f64)>,
    /// Calls with their records in a second.
    recorded: f64,
}

impl Samples {
    /// Takes in a round.
    fn add(&mut self, bare: Vec<Duration>, engine: Vec<Duration>, dispatch: Vec<Duration>) {
        let median = |samples: &[Duration]| Times::of(samples.to_vec()).map_or(f64::NAN, |times| times.p50_us);
        let alone = median(&bare);
        self.ratios.push((median(&engine) / alone, median(&dispatch) / alone));
        self.bare.extend(bare);
        self.engine.extend(engine);
        self.dispatch.extend(dispatch);
    }
}

/// The one in the middle.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Measures both tools.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    let mut files = plugin_files(&paths.plugins)?;
    files.push(paths.guest());
    let hosted = Hosted::start(paths, &files).await?;
    let working = Working::start(&hosted, Backend::Sqlite).await?.ok_or_else(|| anyhow::anyhow!("SQLite is always there"))?;
    let jobs = [
        Job {
            id: "echo",
            name: "echo",
            file: paths.guest(),
            tool: "bench__echo",
            operation: "echo",
            arguments: json!({ "text": "hello" }),
            us_max: Some(25.0),
        },
        Job {
            id: "read_file",
            name: "read_file",
            file: paths.filesystem(),
            tool: "filesystem__read_file",
            operation: "read_file",
            arguments: json!({ "path": "note.txt" }),
            us_max: None,
        },
    ];
    let mut rows = Vec::new();
    for job in &jobs {
        let samples = compare(paths, effort, &hosted, &working, job).await?;
        rows.extend(rows_of(job, samples)?);
    }
    working.stop().await;
    hosted.stop().await;
    Ok(Group { id: "fresh", title: "Fresh call of a Rust tool".to_owned(), note: NOTE.to_owned(), rows })
}

async fn compare(paths: &Paths, effort: Effort, hosted: &Hosted, working: &Working, job: &Job) -> anyhow::Result<Samples> {
    let engine = Bare::new(128)?;
    let bare = engine.tool(&engine.compile(&std::fs::read(&job.file)?)?)?;
    let tool = hosted.tool(job.tool)?;
    let text = job.arguments.to_string();
    let alone: Value = serde_json::from_str(&bare.call(&paths.workspace, job.operation, &text).await?)?;
    let ours = hosted.call(&tool, job.arguments.clone()).await?;
    anyhow::ensure!(alone == ours, "wasmtime alone answered {alone}, the engine {ours}: they do not do the same work");

    let mut samples = Samples::default();
    let (mut calls, mut spent) = (0, Duration::ZERO);
    // The first round warms everything up and is forgotten.
    for round in 0..=effort.samples(ROUNDS) {
        let (mut alone, mut engine) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
        let pinned = Pinned::to(round)?;
        timed(&mut alone, CALLS, async || bare.call(&paths.workspace, job.operation, &text).await.map(drop)).await?;
        timed(&mut engine, CALLS, async || hosted.call(&tool, job.arguments.clone()).await.map(drop)).await?;
        let begun = Instant::now();
        let dispatch = working.timed(job.tool, &job.arguments, DISPATCHED).await?;
        drop(pinned);
        working.flush().await;
        if round == 0 {
            continue;
        }
        (calls, spent) = (calls + DISPATCHED, spent + begun.elapsed());
        samples.add(alone, engine, dispatch);
    }
    samples.recorded = calls as f64 / spent.as_secs_f64();
    Ok(samples)
}

fn rows_of(job: &Job, samples: Samples) -> anyhow::Result<[Row; 3]> {
    let none = || anyhow::anyhow!("nothing was sampled");
    let rate = |samples: &[Duration]| samples.len() as f64 / samples.iter().sum::<Duration>().as_secs_f64();
    let (of_engine, of_dispatch): (Vec<f64>, Vec<f64>) = samples.ratios.iter().copied().unzip();
    let (bare_rate, engine_rate) = (rate(&samples.bare), rate(&samples.engine));
    let bare = Times::of(samples.bare).ok_or_else(none)?.per_second(bare_rate);
    let engine = Times::of(samples.engine).ok_or_else(none)?.per_second(engine_rate);
    let dispatch = Times::of(samples.dispatch).ok_or_else(none)?.per_second(samples.recorded);
    let id = |path: &str| format!("fresh.{}.{path}", job.id);
    let ratio = |ratios| Goal::at_most("p50 against wasmtime alone", 2.5, middle(ratios), "x");
    let tail = |times: &Times| Goal::at_most("p99", 500.0, times.p99_us, "µs");
    let mut through_engine = Row::times(id("engine"), format!("{}, engine", job.name), engine).goal(ratio(of_engine));
    if let Some(max) = job.us_max {
        through_engine = through_engine.goal(Goal::at_most("p50", max, engine.p50_us, "µs"));
    }
    Ok([
        Row::times(id("bare"), format!("{}, wasmtime alone", job.name), bare),
        through_engine.goal(tail(&engine)),
        Row::times(id("dispatch"), format!("{}, dispatch", job.name), dispatch).goal(ratio(of_dispatch)).goal(tail(&dispatch)),
    ])
}
