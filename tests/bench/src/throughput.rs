//! Instances started, called and dropped in a second, on one thread and on two.

use std::time::{Duration, Instant};

use octi_tests::report::{Goal, Group, Row};
use serde_json::json;

use crate::bare::Bare;
use crate::hosted::Hosted;
use crate::{Effort, Paths};

const TIME: Duration = Duration::from_secs(3);
const NOTE: &str = "New store, instance, `echo`, drop, as often as possible, each thread with a runtime of its own.";

/// Measures both on one and on two threads.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    let time = if effort.quick { TIME / 10 } else { TIME };
    let engine = Bare::new(128)?;
    let bare = engine.tool(&engine.compile(&std::fs::read(paths.guest())?)?)?;
    let hosted = Hosted::start(paths, &[paths.guest()]).await?;
    let tool = hosted.tool("bench__echo")?;
    let arguments = json!({ "text": "hello" });
    let text = arguments.to_string();
    hosted.call(&tool, arguments.clone()).await?;
    let mut rows = Vec::new();
    for threads in [1, 2] {
        let alone = on_threads(threads, time, async || bare.call(&paths.workspace, "echo", &text).await.map(drop))?;
        let ours = on_threads(threads, time, async || hosted.call(&tool, arguments.clone()).await.map(drop))?;
        let of = if threads == 1 { "one thread" } else { "two threads" };
        rows.push(Row::one(format!("throughput.bare.{threads}"), format!("wasmtime alone, {of}"), alone, "/s"));
        let row = Row::one(format!("throughput.engine.{threads}"), format!("engine, {of}"), ours, "/s");
        rows.push(if threads == 1 { row.goal(Goal::at_least("on one core", 40_000.0, ours, "/s")) } else { row });
    }
    hosted.stop().await;
    Ok(Group { id: "throughput", title: "Calls each second".to_owned(), note: NOTE.to_owned(), rows })
}

fn on_threads(threads: usize, time: Duration, work: impl AsyncFn() -> anyhow::Result<()> + Sync) -> anyhow::Result<f64> {
    let one = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (begun, mut calls) = (Instant::now(), 0_u64);
            while begun.elapsed() < time {
                work().await?;
                calls += 1;
            }
            Ok::<_, anyhow::Error>(calls as f64 / begun.elapsed().as_secs_f64())
        })
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let panicked = || anyhow::anyhow!("a measuring thread panicked");
        running.into_iter().map(|thread| thread.join().map_err(|_| panicked())?).sum()
    })
}
