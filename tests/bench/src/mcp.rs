//! The same echo from an MCP server on standard input and output: what a tool costs when it is a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use octi_tests::report::{Group, Row, Times};
use serde_json::{Value, json};

use crate::{Effort, machine};

const CALLS: usize = 5_000;
const STARTS: usize = 10;
/// Calls that let the server's own compiler see what is hot.
const WARM_UP: usize = 500;
const NOTE: &str = "The reference server `@modelcontextprotocol/server-everything` on Node, called by the benchmark over its \
    pipes, one call after another. A call goes to a process that runs already and keeps its state; a start is what a fresh \
    state costs there. `echo` above starts fresh for each call.";

/// A running server.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    id: u64,
}

impl Server {
    /// Starts it and waits until it has introduced itself.
    fn start(program: &Path) -> anyhow::Result<Self> {
        let mut child = Command::new("node")
            .arg(program)
            .arg("stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start `node`")?;
        let input = child.stdin.take().context("the server has no input")?;
        let output = BufReader::new(child.stdout.take().context("the server has no output")?);
        let mut server = Self { child, input, output, id: 0 };
        let about = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "octi-bench", "version": env!("CARGO_PKG_VERSION") },
        });
        server.ask("initialize", &about)?;
        server.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        Ok(server)
    }

    fn echo(&mut self) -> anyhow::Result<()> {
        let result = self.ask("tools/call", &json!({ "name": "echo", "arguments": { "message": "hello" } }))?;
        let text = result["content"][0]["text"].as_str().unwrap_or_default();
        anyhow::ensure!(text.contains("hello"), "the server echoed {result}");
        Ok(())
    }

    fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        self.id += 1;
        self.tell(&json!({ "jsonrpc": "2.0", "id": self.id, "method": method, "params": params }))?;
        let mut line = String::new();
        loop {
            line.clear();
            anyhow::ensure!(self.output.read_line(&mut line)? > 0, "the server ended before it answered `{method}`");
            let mut message: Value = serde_json::from_str(&line).with_context(|| format!("the server said `{line}`"))?;
            // It also tells what nobody asked.
            if message["id"] == self.id {
                anyhow::ensure!(message["error"].is_null(), "the server refused `{method}`: {}", message["error"]);
                return Ok(message["result"].take());
            }
        }
    }

    fn tell(&mut self, message: &Value) -> anyhow::Result<()> {
        Ok(writeln!(self.input, "{message}")?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures calls, starts and memory of a server.
pub(crate) fn measure(program: &Path, effort: Effort) -> anyhow::Result<Group> {
    let mut starts = Vec::new();
    for _ in 0..effort.samples(STARTS) {
        let begun = Instant::now();
        drop(Server::start(program)?);
        starts.push(begun.elapsed());
    }
    let mut server = Server::start(program)?;
    for _ in 0..WARM_UP {
        server.echo()?;
    }
    let mut calls = Vec::new();
    let whole = Instant::now();
    for _ in 0..effort.samples(CALLS) {
        let begun = Instant::now();
        server.echo()?;
        calls.push(begun.elapsed());
    }
    let rate = calls.len() as f64 / whole.elapsed().as_secs_f64();
    let resident = machine::field(server.child.id(), "status", "VmRSS:")? * 1_024.0 / 1e6;
    let none = || anyhow::anyhow!("nothing was sampled");
    let rows = vec![
        Row::times("mcp.echo", "echo, running server", Times::of(calls).ok_or_else(none)?.per_second(rate)),
        Row::times("mcp.start", "start of a server", Times::of(starts).ok_or_else(none)?),
        Row::one("mcp.memory", "RSS of the server", resident, "MB"),
    ];
    Ok(Group { id: "mcp", title: "The same echo from an MCP server".to_owned(), note: NOTE.to_owned(), rows })
}
