//! A start with many plugins in the folder.

use std::path::Path;
use std::time::{Duration, Instant};

use octi_tests::report::{Goal, Group, Row, Times};

use crate::hosted::plugin_files;
use crate::server::{Server, until_compiled};
use crate::{Effort, Paths, tiny};

/// As many as a host takes.
const PLUGINS: usize = octi_domain::limits::PLUGINS_MAX;
const STARTS: usize = 10;
/// How long compiling one of them may take, on average, before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(1);
const NOTE: &str = "`octi serve` with that many small plugins in its folder, half of them tools and half roles, beside the bundled ones. \
    Warm as above: every one of them has run and its compiled code is kept. Each file is read, checked and taken apart at every \
    start.";

/// Fills the plugin folder of a home where the server has run before, lets everything be compiled, and starts it again and again.
pub(crate) fn measure(paths: &Paths, octi: &Path, home: &Path, effort: Effort) -> anyhow::Result<Group> {
    let plugins = effort.samples(PLUGINS);
    fill(&home.join("plugins"), plugins)?;
    let begun = Instant::now();
    let first = Server::start(octi, home)?;
    let cold = first.healthy;
    let all = plugins + plugin_files(&paths.plugins)?.len();
    until_compiled(home, all, PATIENCE * u32::try_from(all)?)?;
    let compiled = begun.elapsed();
    first.stop()?;
    let (mut listening, mut healthy) = (Vec::new(), Vec::new());
    for _ in 0..effort.samples(STARTS).max(3) {
        let server = Server::start(octi, home)?;
        listening.push(server.listening);
        healthy.push(server.healthy);
        server.stop()?;
    }
    let none = || anyhow::anyhow!("nothing was sampled");
    let (listening, healthy) = (Times::of(listening).ok_or_else(none)?, Times::of(healthy).ok_or_else(none)?);
    let ready = Row::times("installed.healthy", "warm, ready", healthy);
    // Fewer plugins say nothing about the goal.
    let goal = Goal::at_most("p50", 1_000.0, healthy.p50_us / 1e3, "ms");
    let rows = vec![
        Row::times("installed.listening", "warm, listening", listening),
        if plugins == PLUGINS { ready.goal(goal) } else { ready },
        Row::one("installed.first", "nothing compiled, ready", cold.as_secs_f64() * 1e3, "ms"),
        Row::one("installed.compiled", "until all of them are compiled", compiled.as_secs_f64(), "s"),
    ];
    let title = format!("Start to ready with {} installed plugins", octi_tests::report::short(plugins as f64));
    Ok(Group { id: "installed", title, note: NOTE.to_owned(), rows })
}

/// Tools and roles in turn.
fn fill(folder: &Path, plugins: usize) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    for number in 1..=plugins {
        let (id, name) = (format!("test/bench-{number:04}"), format!("bench-{number:04}"));
        let plugin = if number % 2 == 1 { tiny::tool(&id, "1.0.0")? } else { tiny::role(scratch.path(), &id, &name)? };
        std::fs::write(folder.join(format!("{name}.wasm")), plugin)?;
    }
    Ok(())
}
