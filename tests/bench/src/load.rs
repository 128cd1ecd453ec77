//! Loading compiled code: what the first call after a start waits for.

use std::time::Instant;

use octi_tests::report::{Goal, Group, Row, Times};
use serde_json::json;

use crate::bare::Bare;
use crate::hosted::Hosted;
use crate::{Effort, Paths};

const STARTS: usize = 30;
const NOTE: &str = "The compiled `filesystem` plugin is on disk; what is timed goes from there to the answer of its \
    first call. The engine also checks the code's authentication tag and tries the plugin once in an instance that is \
    denied everything.";

/// Measures on one thread: the engine's own loading behind the start must not have begun before the call does.
pub(crate) fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<Group> {
    // A thread of its own, because a runtime cannot be started inside another one.
    let rows = std::thread::scope(|scope| {
        let measuring = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(rows(paths, effort))
        });
        measuring.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the measuring thread panicked")))
    })?;
    Ok(Group { id: "load", title: "Warm load and first call".to_owned(), note: NOTE.to_owned(), rows })
}

async fn rows(paths: &Paths, effort: Effort) -> anyhow::Result<Vec<Row>> {
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
    Ok(vec![
        Row::times("load.bare", "wasmtime alone", bare),
        Row::times("load.engine", "engine", ours).goal(Goal::at_most("p50", 1_000.0, ours.p50_us, "µs")),
    ])
}
