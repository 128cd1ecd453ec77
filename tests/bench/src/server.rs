//! The real binary: from its start to its first answer, and what it needs while nobody asks anything.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use octi_tests::report::{Goal, Group, Row, Times};

use crate::hosted::plugin_files;
use crate::{Effort, Paths, machine};

const STARTS: usize = 20;
const COLD_STARTS: usize = 5;
const IDLE: Duration = Duration::from_secs(10);
/// How long anything may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(120);
const START_NOTE: &str = "`octi serve` from its execution to the line that says where it listens, and to the answer of \
    `/api/health`. Warm: home folder, database and compiled plugins are there. Nothing compiled: the same without the compiled \
    plugins. The first start makes the home folder, the database and the first administrator. Plugins are compiled behind the \
    start, one after another.";
const IDLE_NOTE: &str = "The process of `octi serve` after its last warm start. PSS counts shared pages in part.";

/// A running server.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From its execution to the line that says where it listens.
    pub(crate) listening: Duration,
    /// And to its first answer.
    pub(crate) healthy: Duration,
}

impl Server {
    pub(crate) fn start(octi: &Path, home: &Path) -> anyhow::Result<Self> {
        Self::start_on(octi, home, None)
    }

    /// The same on a database elsewhere.
    pub(crate) fn start_on(octi: &Path, home: &Path, database: Option<&str>) -> anyhow::Result<Self> {
        let said_to = home.join("bench.log");
        let log = File::create(&said_to)?;
        let begun = Instant::now();
        let child = Command::new(octi)
            .args(["--json", "serve", "--port", "0"])
            .env_clear()
            .env("OCTI_HOME", home)
            .env("OCTI_LOG", "warn")
            // Nobody listens there, so that no model of this machine is found.
            .env("OLLAMA_HOST", "http://127.0.0.1:9")
            .envs(database.map(|url| ("DATABASE_URL", url)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start `{}`", octi.display()))?;
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { child, address: nowhere, listening: Duration::ZERO, healthy: Duration::ZERO };
        let mut line = String::new();
        BufReader::new(server.child.stdout.take().context("the server has no output")?).read_line(&mut line)?;
        server.listening = begun.elapsed();
        let address = address(&line).with_context(|| {
            let log = std::fs::read_to_string(&said_to).unwrap_or_default();
            format!("the server does not say where it listens: `{line}`, and said `{log}`")
        })?;
        server.address = address;
        healthy(address)?;
        server.healthy = begun.elapsed();
        Ok(server)
    }

    /// MB of a field of its memory.
    pub(crate) fn memory(&self, file: &str, field: &str) -> anyhow::Result<f64> {
        Ok(machine::field(self.child.id(), file, field)? * 1_024.0 / 1e6)
    }

    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only after an error: one that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line with which a server says that it listens.
fn address(line: &str) -> Option<SocketAddr> {
    let said: serde_json::Value = serde_json::from_str(line).ok()?;
    said["listening"].as_str()?.strip_prefix("http://")?.parse().ok()
}

fn healthy(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        bail!("the server is not healthy: {answer}");
    }
    Ok(())
}

/// Starts it on an empty home, then again and again on the same.
pub(crate) fn measure(paths: &Paths, octi: &Path, effort: Effort) -> anyhow::Result<Vec<Group>> {
    let home = tempfile::tempdir()?;
    let bundled = plugin_files(&paths.plugins)?.len();
    let (mut start_rows, mut idle_rows) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    let first = Server::start(octi, home.path())?;
    let first_ready = first.healthy.as_secs_f64() * 1e3;
    until_compiled(home.path(), bundled, PATIENCE)?;
    let compiled = begun.elapsed().as_secs_f64();
    first.stop()?;

    let (mut listening, mut healthy) = (Vec::new(), Vec::new());
    let starts = effort.samples(STARTS).max(5);
    for start in 1..=starts {
        let server = Server::start(octi, home.path())?;
        listening.push(server.listening);
        healthy.push(server.healthy);
        if start == starts {
            idle_rows = idle(&server, effort)?;
        }
        server.stop()?;
    }
    let mut cold = Vec::new();
    for _ in 0..effort.samples(COLD_STARTS) {
        std::fs::remove_dir_all(cache(home.path()))?;
        let server = Server::start(octi, home.path())?;
        cold.push(server.healthy);
        until_compiled(home.path(), bundled, PATIENCE)?;
        server.stop()?;
    }
    let none = || anyhow::anyhow!("nothing was sampled");
    let (listening, healthy) = (Times::of(listening).ok_or_else(none)?, Times::of(healthy).ok_or_else(none)?);
    start_rows.push(Row::times("start.listening", "warm, listening", listening));
    let goal = Goal::at_most("p50", 300.0, healthy.p50_us / 1e3, "ms");
    start_rows.push(Row::times("start.healthy", "warm, ready", healthy).goal(goal));
    let cold = Times::of(cold).ok_or_else(none)?;
    start_rows.push(Row::times("start.cold", "nothing compiled, ready", cold));
    start_rows.push(Row::one("start.first", "first start, ready", first_ready, "ms"));
    start_rows.push(Row::one("start.compiled", "first start, all plugins compiled", compiled, "s"));
    let installed = crate::installed::measure(paths, octi, home.path(), effort)?;
    Ok(vec![
        Group { id: "start", title: "Start to ready".to_owned(), note: START_NOTE.to_owned(), rows: start_rows },
        installed,
        Group { id: "idle", title: "Idle memory".to_owned(), note: IDLE_NOTE.to_owned(), rows: idle_rows },
    ])
}

fn idle(server: &Server, effort: Effort) -> anyhow::Result<Vec<Row>> {
    let both = |when: &str, name: &str| {
        let resident = server.memory("status", "VmRSS:")?;
        let share = server.memory("smaps_rollup", "Pss:")?;
        let rss = Row::one(format!("idle.{when}.rss"), format!("RSS, {name}"), resident, "MB");
        let pss = Row::one(format!("idle.{when}.pss"), format!("PSS, {name}"), share, "MB");
        Ok::<_, anyhow::Error>((resident, [rss, pss]))
    };
    let (_, ready) = both("ready", "just ready")?;
    std::thread::sleep(if effort.quick { IDLE / 5 } else { IDLE });
    let (resident, [rss, pss]) = both("later", if effort.quick { "2 s later" } else { "10 s later" })?;
    let mut rows: Vec<Row> = ready.into();
    rows.extend([rss.goal(Goal::at_most("RSS", 80.0, resident, "MB")), pss]);
    Ok(rows)
}

/// Where a home keeps compiled plugins.
fn cache(home: &Path) -> PathBuf {
    home.join("cache").join("plugins")
}

/// Waits until the code of so many plugins is in the cache.
pub(crate) fn until_compiled(home: &Path, plugins: usize, patience: Duration) -> anyhow::Result<()> {
    let cache = cache(home);
    let begun = Instant::now();
    loop {
        let entries = std::fs::read_dir(&cache).into_iter().flatten().flatten();
        let done = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "cwasm")).count();
        if done >= plugins {
            return Ok(());
        }
        if begun.elapsed() > patience {
            bail!("after {} s only {done} of {plugins} plugins are compiled in `{}`", patience.as_secs(), cache.display());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
