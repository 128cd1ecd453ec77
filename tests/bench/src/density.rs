//! What a live instance needs.

use octi_tests::report::{Goal, Group, Row};
use serde_json::json;

use crate::bare::Bare;
use crate::{Paths, machine};

/// Instances alive at once.
const INSTANCES: u32 = 2_000;
const NOTE: &str = "Measured in wasmtime alone, with a pool for this many: octi's own pool holds 128 calls at once. Each \
    instance has answered one `echo` and stays. The number is the growth of this process.";

/// Keeps many instances alive and looks at the process.
pub(crate) async fn measure(paths: &Paths) -> anyhow::Result<Group> {
    let engine = Bare::new(INSTANCES)?;
    let tool = engine.tool(&engine.compile(&std::fs::read(paths.guest())?)?)?;
    let said = json!({ "text": "hello" }).to_string();
    // What is allocated once must not be counted.
    tool.call(&paths.workspace, "echo", &said).await?;
    let before = resident()?;
    let mut alive = Vec::with_capacity(INSTANCES as usize);
    for _ in 0..INSTANCES {
        alive.push(tool.call_and_keep(&paths.workspace, "echo", &said).await?.1);
    }
    let grown = resident()? - before;
    let (each, all) = (grown / f64::from(INSTANCES), grown / 1_024.0 * 1.048_576);
    drop(alive);
    let rows = vec![
        Row::one("density.each", "one live instance", each, "KiB").goal(Goal::at_most("each", 100.0, each, "KiB")),
        Row::one("density.all", "2,000 live instances", all, "MB").goal(Goal::at_most("all", 512.0, all, "MB")),
    ];
    Ok(Group { id: "density", title: "Live instances".to_owned(), note: NOTE.to_owned(), rows })
}

fn resident() -> anyhow::Result<f64> {
    machine::field(std::process::id(), "status", "VmRSS:")
}
