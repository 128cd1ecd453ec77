//! Loading compiled code: into a host that runs, and what the first call after a start waits for.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString, Unit};
use octi_domain::telemetry::READY_SECONDS;
use octi_testkit::guests::with_section;
use octi_tests::report::{Goal, Group, Row, Times};
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::hosted::Hosted;
use crate::{Effort, Paths};

const STARTS: usize = 30;
/// Calls that make everything of a running host warm.
const WARM: usize = 50;
const NOTE: &str = "Compiled code is on disk. `into a running host` goes from there to code that can be called, when a plugin is \
    swapped: `echo` is the plugin of the calls above, `filesystem` the bundled one with twice as much code. `first call` goes to \
    the answer of the first call of `filesystem` in an engine that has just been made. The engine also checks the code's \
    authentication tag.";

/// Measures on one thread: the engine's own loading behind the start must not have begun before the call does.
pub(crate) fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    // A thread of its own, because a runtime cannot be started inside another one.
    let rows = std::thread::scope(|scope| {
        let measuring = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let mut rows = runtime.block_on(first_calls(paths, effort))?;
            for (name, file, tool, arguments) in [
                ("echo", paths.guest(), "bench__echo", json!({ "text": "hello" })),
                ("filesystem", paths.filesystem(), "filesystem__read_file", json!({ "path": "note.txt" })),
            ] {
                let times = swapped_in(&runtime, paths, effort, &file, (tool, &arguments))?;
                let row = Row::times(format!("load.swap.{name}"), format!("{name}, into a running host"), times);
                let goal = Goal::at_most("p50", 1_000.0, times.p50_us, "µs");
                rows.push(if name == "echo" { row.goal(goal) } else { row });
            }
            Ok(rows)
        });
        measuring.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the measuring thread panicked")))
    })?;
    Ok(Group { id: "load", title: "Warm load".to_owned(), note: NOTE.to_owned(), rows })
}

async fn first_calls(paths: &Paths, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let arguments = json!({ "path": "note.txt" });
    let text = arguments.to_string();
    let engine = Bare::new(128)?;
    let native = paths.work.join("filesystem.cwasm");
    let compiled = engine.compile(&std::fs::read(paths.filesystem())?)?;
    std::fs::write(&native, compiled.serialize().map_err(|error| anyhow::anyhow!("{error:#}"))?)?;
    let (mut bare, mut ours) = (Vec::new(), Vec::new());
    for round in 0..=effort.samples(STARTS) {
        let begun = Instant::now();
        let tool = engine.tool(&engine.load(&native)?)?;
        tool.call(&paths.workspace, "read_file", &text).await?;
        let alone = begun.elapsed();

        let hosted = Hosted::start(paths, &[paths.filesystem()]).await?;
        let tool = hosted.tool("filesystem__read_file")?;
        let begun = Instant::now();
        hosted.call(&tool, arguments.clone()).await?;
        let took = begun.elapsed();
        hosted.stop().await;
        // The first round may compile.
        if round > 0 {
            bare.push(alone);
            ours.push(took);
        }
    }
    let none = || anyhow::anyhow!("nothing was sampled");
    let (bare, ours) = (Times::of(bare).ok_or_else(none)?, Times::of(ours).ok_or_else(none)?);
    Ok(vec![Row::times("load.bare", "first call, wasmtime alone", bare), Row::times("load.engine", "first call, engine", ours)])
}

/// Swaps one of two versions for the other, again and again, and asks the engine how long each took to be ready.
fn swapped_in(
    runtime: &tokio::runtime::Runtime,
    paths: &Paths,
    effort: Effort,
    file: &Path,
    (tool, arguments): (&str, &Value),
) -> anyhow::Result<Times> {
    let plugin = std::fs::read(file)?;
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    let versions = [b"a", b"b"].map(|mark| with_section(plugin.clone(), "bench", mark));
    let ready = Ready::default();
    metrics::with_local_recorder(&ready, || {
        runtime.block_on(async {
            let hosted = Hosted::start(paths, &[file.to_path_buf()]).await?;
            let tool = hosted.tool(tool)?;
            for _ in 0..WARM {
                hosted.call(&tool, arguments.clone()).await?;
            }
            drop(tool);
            // The first two may compile.
            for round in 0..effort.samples(STARTS) + versions.len() {
                if round == versions.len() {
                    ready.take();
                }
                hosted.install(versions[round % versions.len()].clone(), &file_name).await?;
            }
            hosted.stop().await;
            Ok::<_, anyhow::Error>(())
        })
    })?;
    Times::of(ready.take()).ok_or_else(|| anyhow::anyhow!("the engine made nothing ready"))
}

/// Keeps the times of [`READY_SECONDS`], and nothing else that is counted.
#[derive(Clone, Default)]
struct Ready(Arc<Mutex<Vec<Duration>>>);

impl Ready {
    fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl metrics::HistogramFn for Ready {
    fn record(&self, seconds: f64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Duration::from_secs_f64(seconds));
    }
}

impl metrics::Recorder for Ready {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        if key.name() == READY_SECONDS.name { Histogram::from_arc(Arc::new(self.clone())) } else { Histogram::noop() }
    }
}
