//! One fresh call of each kind of tool, in one table with wasmtime alone: what a language, an adapter or a process costs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::registry::Registry;
use octi_extension::tool::Tool;
use octi_mcp::client::{Declared, Doors, ExtismFile, ExtismModules, Hub, Joined, NoSecrets, Pin, Source};
use octi_security::sandbox::egress::Egress;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::guests::{typed, typed_wat};
use octi_tests::report::{Group, Row, Skipped, Times};
use serde_json::{Value, json};

use crate::bare::Bare;
use crate::hosted::Hosted;
use crate::{Effort, Paths};

/// Rounds in which every kind takes its turn, so that a busy moment of the machine hits all of them.
const ROUNDS: usize = 20;
/// Samples of a round.
const CALLS: usize = 50;
/// A module of Extism, the one of the tests.
const WORDS: &[u8] = include_bytes!("../../extism/modules/words.wasm");

const NOTE: &str = "`Tool::call`, one after another. Plugins, components and Extism modules start fresh for each call, the module in a \
    process that has compiled it; the MCP server goes on. `echo` and `add` ask nothing of the host. `count` is the tool \
    that `octi plugin new` makes, which reads a file of 400 bytes; `made before` is its call in an instance that waited for it, \
    while another core makes the next one. Extism is `greet` of tests/extism, through the bridge; MCP \
    is `echo` of the reference server on Node. Both run in the process sandbox.";

/// One kind of tool.
struct Kind {
    id: &'static str,
    name: &'static str,
    call: Call,
    samples: Vec<Duration>,
}

enum Call {
    Bare(Box<crate::bare::BareTool>, PathBuf),
    Tool(Arc<dyn Tool>, Value),
}

impl Kind {
    fn tool(id: &'static str, name: &'static str, tool: Arc<dyn Tool>, arguments: Value) -> Self {
        Self { id, name, call: Call::Tool(tool, arguments), samples: Vec::new() }
    }

    async fn round(&mut self, hosted: &Hosted) -> anyhow::Result<()> {
        let text = json!({ "text": "hello" }).to_string();
        for _ in 0..CALLS {
            let begun = Instant::now();
            match &self.call {
                Call::Bare(tool, workspace) => drop(tool.call(workspace, "echo", &text).await?),
                Call::Tool(tool, arguments) => drop(hosted.call(tool, arguments.clone()).await?),
            }
            self.samples.push(begun.elapsed());
        }
        Ok(())
    }

    fn row(self) -> anyhow::Result<Row> {
        let rate = self.samples.len() as f64 / self.samples.iter().sum::<Duration>().as_secs_f64();
        let times = Times::of(self.samples).ok_or_else(|| anyhow!("nothing was sampled"))?.per_second(rate);
        Ok(Row::times(format!("plugins.{}", self.id), self.name, times))
    }
}

/// Measures every kind that is there, and says which are not.
pub(crate) async fn measure(paths: &Paths, effort: Effort) -> anyhow::Result<(Group, Vec<Skipped>)> {
    let mut skipped = Vec::new();
    let templates = templates(paths, &mut skipped);
    let component = paths.work.join("baresum.wasm");
    std::fs::write(&component, bare_component())?;
    let mut files = vec![paths.guest(), component];
    files.extend(templates.iter().map(|(_, _, file, _)| file.clone()));
    let hosted = Hosted::start(paths, &files).await?;
    let engine = Bare::new(128)?;
    let alone = engine.tool(&engine.compile(&std::fs::read(paths.guest())?)?)?;
    let call = Call::Bare(Box::new(alone), paths.workspace.clone());
    let mut kinds = vec![
        Kind { id: "bare", name: "Rust echo, wasmtime alone", call, samples: Vec::new() },
        Kind::tool("rust", "Rust echo", hosted.tool("bench__echo")?, json!({ "text": "hello" })),
        Kind::tool("reflection", "add, by its types (reflection)", hosted.tool("baresum__add")?, json!({ "a": 2, "b": 3 })),
    ];
    for (id, name, _, tool) in &templates {
        kinds.push(Kind::tool(id, name, hosted.tool(tool)?, json!({ "path": "note.txt" })));
    }
    let warm = warm(paths, &templates).await?;
    for (id, name, tool) in [
        ("js_warm", "the same JavaScript, made before", "countjs__count"),
        ("python_warm", "the same Python, made before", "countpython__count"),
    ] {
        if templates.iter().any(|template| template.3 == tool) {
            kinds.push(Kind::tool(id, name, warm.tool(tool)?, json!({ "path": "note.txt" })));
        }
    }
    let others = Others::start(paths)?;
    match &paths.bridge {
        Some(_) => kinds.push(others.extism().await?),
        None => skipped.push(left_out("Extism", "`OCTI_TEST_EXTISM_BRIDGE` names no bridge; `cargo xtask extism` builds it")),
    }
    match &paths.mcp {
        Some(server) => kinds.push(others.server(server).await?),
        None => {
            skipped.push(left_out("MCP stdio", "`OCTI_TEST_MCP_SERVER` names none; tests/peers/mcp-everything.sh installs one"))
        }
    }
    // The first round warms everything up and is forgotten.
    for round in 0..=effort.samples(ROUNDS) {
        for kind in &mut kinds {
            kind.round(&hosted).await.with_context(|| format!("calling {} failed", kind.name))?;
            if round == 0 {
                kind.samples.clear();
            }
        }
    }
    let rows = kinds.into_iter().map(Kind::row).collect::<anyhow::Result<_>>()?;
    others.stop().await;
    warm.stop().await;
    hosted.stop().await;
    Ok((Group { id: "plugins", title: "A call of each kind of tool".to_owned(), note: NOTE.to_owned(), rows }, skipped))
}

type Template = (&'static str, &'static str, PathBuf, &'static str);

/// The plugins that were made from the templates of `octi plugin new`.
fn templates(paths: &Paths, skipped: &mut Vec<Skipped>) -> Vec<Template> {
    let all = [
        ("rust_template", "Rust count, from the template", "countrust", "countrust__count"),
        ("js_template", "JavaScript count, from the template", "countjs", "countjs__count"),
        ("python_template", "Python count, from the template", "countpython", "countpython__count"),
    ];
    let mut there = Vec::new();
    for (id, name, file, tool) in all {
        let path = paths.work.join("templates").join(format!("{file}.wasm"));
        if path.is_file() {
            there.push((id, name, path, tool));
        } else {
            skipped.push(left_out(name, "it was not built; `cargo xtask bench plugins` builds it where its tools are"));
        }
    }
    there
}

/// An engine that makes instances of these before they are called.
async fn warm(paths: &Paths, templates: &[Template]) -> anyhow::Result<Hosted> {
    let limits = PluginLimits { warm: Some(limits::PLUGIN_WARM_MAX as u64), ..PluginLimits::default() };
    let set = ["acme/countjs", "acme/countpython"].map(|id| (id.to_owned(), limits));
    let files: Vec<PathBuf> = templates.iter().map(|(_, _, file, _)| file.clone()).collect();
    Hosted::start_with(paths, &files, set.into()).await
}

fn left_out(what: &str, reason: &str) -> Skipped {
    Skipped { what: what.to_owned(), reason: reason.to_owned() }
}

/// A component that knows nothing of octi.
fn bare_component() -> Vec<u8> {
    let wit = "package acme:sums; world guest { export add: func(a: s32, b: s32) -> s32; }";
    typed(wit, &typed_wat(r#"(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"#))
}

/// What runs in processes of its own.
struct Others {
    hub: Arc<Hub>,
    modules: ExtismModules,
    processes: Arc<ProcessDoor>,
    _home: tempfile::TempDir,
}

impl Others {
    fn start(paths: &Paths) -> anyhow::Result<Self> {
        let home = tempfile::tempdir()?;
        // Without `octi` nothing of this is called.
        let config = ProcessConfig { launcher: paths.octi.clone().unwrap_or_default(), level: Level::Auto };
        let processes = Arc::new(ProcessDoor::new(config));
        let hub = Arc::new(Hub::new(Doors::new(
            processes.clone(),
            &Egress::default(),
            Arc::new(NoSecrets),
            home.path().join("mcp"),
            Ambient::system(),
        )));
        let bridge = paths.bridge.clone().unwrap_or_default();
        let modules = ExtismModules::new(hub.clone(), home.path().join("extism"), bridge);
        Ok(Self { hub, modules, processes, _home: home })
    }

    async fn extism(&self) -> anyhow::Result<Kind> {
        let found = octi_engine::extism_module(WORDS)?.context("the module of the tests is none of Extism's")?;
        let file = ExtismFile {
            file_name: "words.wasm".to_owned(),
            bytes: WORDS.to_vec(),
            digest: found.digest,
            network: Vec::new(),
            config: Default::default(),
        };
        Box::pin(self.modules.install(Ambient::system().id(), file)).await?;
        Ok(Kind::tool("extism", "Extism greet, bridge", self.tool("words__greet")?, json!({ "input": "Ada" })))
    }

    async fn server(&self, program: &Path) -> anyhow::Result<Kind> {
        let installed = program.ancestors().nth(5).context("the server's package lies deeper")?;
        let config = json!({"command": "/usr/bin/node", "args": [program, "stdio"], "read": [installed]});
        let config = serde_json::from_value(config)?;
        let declared =
            Declared { name: "everything".to_owned(), config, owner: None, source: Source::Database, pins: Vec::new() };
        self.hub.declare(declared)?;
        let accepted = Box::pin(self.hub.acceptable("everything", "echo")).await.map_err(anyhow::Error::msg)?;
        self.hub.set_pins("everything", vec![Pin { tool: "echo".to_owned(), accepted }]);
        Ok(Kind::tool("mcp", "MCP echo, stdio", self.tool("everything__echo")?, json!({ "message": "hello" })))
    }

    fn tool(&self, name: &str) -> anyhow::Result<Arc<dyn Tool>> {
        let joined = Joined::new(Arc::new(octi_testkit::fakes::FakeRegistry::default()), self.hub.clone());
        joined.snapshot().tools.get(name).cloned().with_context(|| format!("there is no tool `{name}`"))
    }

    async fn stop(self) {
        self.hub.shutdown().await;
        self.processes.shutdown().await;
    }
}
