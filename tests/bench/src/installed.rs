//! A start with many plugins in the folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use octi_domain::limits::HOOKS_MAX;
use octi_engine::PluginManager;
use octi_testkit::shelf::{Shelf, release};
use octi_tests::report::{Goal, Group, Row, Times};
use serde_json::json;

use crate::hosted::plugin_files;
use crate::server::{Server, until_compiled};
use crate::{Effort, Paths, tiny};

/// As many as a host takes.
const PLUGINS: usize = octi_domain::limits::PLUGINS_MAX;
const STARTS: usize = 10;
/// How long compiling one of them may take, on average, before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(1);
/// What the registry revoked, none of it installed.
const REVOKED: usize = 100;
const NOTE: &str = "`octi serve` with that many small plugins in its folder, beside the bundled ones: as many hooks as a host takes, and \
    tools, roles, skills and channels in turn. All of them came from a registry, so they have origins, grants and a line in the lock \
    file, and are held against what was revoked. Warm as above: every one of them has run and its compiled code is kept. Each file is \
    read, checked and taken apart at every start.";

/// Fills the plugin folder of a home where the server has run before, lets everything be compiled, and starts it again and again.
pub(crate) fn measure(paths: &Paths, octi: &Path, home: &Path, effort: Effort) -> anyhow::Result<Group> {
    let plugins = effort.samples(PLUGINS);
    fill(home, plugins)?;
    let begun = Instant::now();
    let first = Server::start(octi, home)?;
    let cold = first.healthy;
    let all = plugins + plugin_files(&paths.plugins)?.len();
    until_compiled(home, all, PATIENCE * u32::try_from(all)?)?;
    let compiled = begun.elapsed();
    first.stop()?;
    is_locked(home, plugins)?;
    let (mut listening, mut healthy, mut memory) = (Vec::new(), Vec::new(), [0.0; 2]);
    for _ in 0..effort.samples(STARTS).max(3) {
        let server = Server::start(octi, home)?;
        listening.push(server.listening);
        healthy.push(server.healthy);
        memory = [server.memory("status", "VmRSS:")?, server.memory("smaps_rollup", "Pss:")?];
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
        Row::one("installed.rss", "RSS, just ready", memory[0], "MB"),
        Row::one("installed.pss", "PSS, just ready", memory[1], "MB"),
    ];
    let title = format!("Start to ready with {} installed plugins", octi_tests::report::short(plugins as f64));
    Ok(Group { id: "installed", title, note: NOTE.to_owned(), rows })
}

/// Every kind of plugin, and what an installation from a registry leaves behind.
fn fill(home: &Path, plugins: usize) -> anyhow::Result<()> {
    let (scratch, folder) = (tempfile::tempdir()?, home.join("registries"));
    std::fs::create_dir_all(&folder)?;
    let mut shelf = Shelf::new(&home.join("bench-registry"));
    for number in 0..REVOKED {
        shelf.revoke(release(&format!("test/revoked-{number:03}"), "1.0.0"), "it is one of many");
    }
    std::fs::write(home.join("config.toml"), shelf.config("main"))?;
    let publisher = shelf.publisher.public().to_string();
    let (mut origins, mut grants) = (BTreeMap::new(), BTreeMap::new());
    for number in 0..plugins {
        let (id, name) = (format!("test/bench-{number:04}"), format!("bench-{number:04}"));
        let plugin = one_of_many(scratch.path(), number, &id, &name)?;
        let digest = format!("sha256:{}", PluginManager::inspect_packed(&plugin)?.digest);
        std::fs::write(home.join("plugins").join(format!("{name}.wasm")), plugin)?;
        let right = json!({ "right": { "kind": "kv", "bytes-max": 1_000 }, "manifest": digest });
        grants.insert(id.clone(), json!({ "publisher": publisher, "rights": [right] }));
        let origin = json!({ "name": id, "version": "1.0.0", "registry": "main", "package": digest, "publisher": publisher,
            "fetched": "2026-11-29T10:42:21Z" });
        origins.insert(digest, origin);
    }
    std::fs::write(folder.join("origins.json"), json!({ "format": 1, "origins": origins }).to_string())?;
    std::fs::write(folder.join("grants.json"), json!({ "format": 1, "plugins": grants }).to_string())?;
    Ok(())
}

fn one_of_many(scratch: &Path, number: usize, id: &str, name: &str) -> anyhow::Result<Vec<u8>> {
    Ok(match number % 4 {
        _ if number < HOOKS_MAX => tiny::hook(id),
        0 => tiny::tool(id, "1.0.0")?,
        1 => tiny::role(scratch, id, name)?,
        2 => tiny::skill(scratch, id, name)?,
        _ => tiny::channel(id),
    })
}

/// The lock file names all of them only when their origins were understood.
fn is_locked(home: &Path, plugins: usize) -> anyhow::Result<()> {
    let lock = std::fs::read_to_string(home.join("plugins.lock")).context("the server wrote no lock file")?;
    let locked = lock.matches("[[plugin]]").count();
    if locked != plugins {
        bail!("{locked} plugins of {plugins} are in the lock file");
    }
    Ok(())
}
