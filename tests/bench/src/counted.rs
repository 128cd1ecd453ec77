//! A fixed number of calls and nothing else, for a tool that counts instructions.
//!
//! Two runs with different numbers of calls, subtracted, leave the calls alone: starting and compiling are the same in both.

use anyhow::Context;
use clap::ValueEnum;
use octi_store::Backend;
use serde_json::json;

use crate::Paths;
use crate::bare::Bare;
use crate::fresh::DISPATCHED;
use crate::hosted::{Hosted, Working};

/// What makes the calls.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    Bare,
    Engine,
    Dispatch,
    /// A file read through dispatch.
    Read,
    Load,
}

/// Makes so many calls, of `echo` where it is not said otherwise.
pub(crate) async fn run(paths: &Paths, path: Path, calls: u32) -> anyhow::Result<()> {
    let arguments = json!({ "text": "hello" });
    match path {
        Path::Bare => {
            // valgrind gives a program 128 GiB of addresses, where the engine falls back to code with checks too.
            let engine = Bare::checked(16)?;
            let native = paths.work.join("counted.cwasm");
            // Compiling under an instruction counter takes minutes, so the first run leaves its code for the next.
            if !native.is_file() {
                let compiled = engine.compile(&std::fs::read(paths.guest())?)?;
                std::fs::write(&native, compiled.serialize().map_err(|error| anyhow::anyhow!("{error:#}"))?)?;
            }
            let tool = engine.tool(&engine.load(&native)?)?;
            let text = arguments.to_string();
            for _ in 0..calls {
                tool.call(&paths.workspace, "echo", &text).await?;
            }
        }
        Path::Engine => {
            let hosted = Hosted::start(paths, &[paths.guest()]).await?;
            let tool = hosted.tool("bench__echo")?;
            for _ in 0..calls {
                hosted.call(&tool, arguments.clone()).await?;
            }
            hosted.stop().await;
        }
        Path::Load => {
            let hosted = Hosted::start(paths, &[paths.filesystem()]).await?;
            let plugin = std::fs::read(paths.filesystem())?;
            let versions = [b"a", b"b"].map(|mark| octi_testkit::guests::with_section(plugin.clone(), "bench", mark));
            for round in 0..calls as usize {
                hosted.install(versions[round % 2].clone(), "filesystem.wasm").await?;
            }
            hosted.stop().await;
        }
        Path::Dispatch | Path::Read => {
            let reads = matches!(path, Path::Read);
            let (file, tool) = if reads { (paths.filesystem(), "filesystem__read_file") } else { (paths.guest(), "bench__echo") };
            let arguments = if reads { json!({ "path": "note.txt" }) } else { arguments };
            let hosted = Hosted::start(paths, &[file]).await?;
            let working = Working::start(&hosted, Backend::Sqlite).await?.context("SQLite is always there")?;
            // As the other benchmark makes them, so that the queue of records never fills up.
            let mut left = calls as usize;
            while left > 0 {
                let now = left.min(DISPATCHED);
                working.timed(tool, &arguments, now).await?;
                working.flush().await;
                left -= now;
            }
            working.stop().await;
            hosted.stop().await;
        }
    }
    Ok(())
}
