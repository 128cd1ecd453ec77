//! One question, five kinds of tools: plugins in JavaScript and Python, a component without a manifest, a module of Extism and a
//! server of the Model Context Protocol. A person is asked about each in the same way, and each gives the same answer.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use octi_author::{Language, NewKind, NewPlugin, Project, Sdk};
use octi_domain::permission::Answer as Say;
use octi_domain::run::RunStatus;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_mcp::client::{Declared, Pin, Source};
use octi_security::sandbox::egress::Endpoints;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_store::Backend;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::clock::manual;
use octi_testkit::db::TestDb;
use octi_testkit::guests::{typed, typed_wat};
use octi_testkit::services::{Memory, Secrets};
use serde_json::json;

use crate::host::{Host, bridge, module};

const JAVASCRIPT: &str = r#"import { output, plugin, schema, tool } from "@octi/plugin";

const add = tool({
  name: "add",
  description: "Adds two numbers.",
  input: schema.object({ a: schema.integer("One."), b: schema.integer("The other.") }),
  output: schema.object({ sum: schema.integer("Both together.") }),
  run: ({ a, b }) => output({ sum: a + b }),
});

export default plugin(add);
"#;

const PYTHON: &str = r#"from dataclasses import dataclass
from typing import Annotated

from octi_plugin import Output, tool


@dataclass
class Sum:
    sum: Annotated[int, "Both together."]


@tool
def add(a: Annotated[int, "One."], b: Annotated[int, "The other."]) -> Output[Sum]:
    """Adds two numbers."""
    return Output(Sum(sum=a + b))
"#;

/// What the peer scripts say; none, with the reason told, when one of them did not run.
#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn peers() -> Option<(PathBuf, PathBuf)> {
    let named = ["OCTI_TEST_COMPONENTIZE", "OCTI_TEST_MCP_SERVER"].map(|name| {
        let found = std::env::var_os(name).map(PathBuf::from);
        if found.is_none() {
            eprintln!("skipped: {name} is not set; `tests/peers/componentize.sh` and `mcp-everything.sh` say it");
        }
        found
    });
    let [componentize, server] = named;
    Some((componentize?, server?))
}

#[tokio::test]
async fn five_kinds_of_tools_answer_one_question_through_one_prompt() {
    let (Some(bridge), Some((componentize, server))) = (bridge(), peers()) else { return };
    let home = Arc::new(tempfile::tempdir().unwrap());
    let plugins = engine(home.path()).await;
    for (language, name, source) in [(Language::JavaScript, "jssum", JAVASCRIPT), (Language::Python, "pysum", PYTHON)] {
        let built = Box::pin(built(language, name, source, &componentize)).await;
        plugins.install(built, &format!("{name}.wasm")).await.expect("it is installed");
    }
    plugins.install(bare(), "baresum.wasm").await.expect("it is installed");
    let host = Host::beside(plugins.clone(), home.clone(), bridge, &[]);
    host.install("servlet", std::fs::read(module("servlet")).unwrap()).await.expect("it is installed");
    accepted(&host, &server).await;

    // As the model calls it, and as a person's rules and the question name it.
    let tools = [
        ("jssum__add", "jssum", "add"),
        ("pysum__add", "pysum", "add"),
        ("baresum__add", "baresum", "add"),
        ("servlet__add", "mcp", "servlet.add"),
        ("everything__get-sum", "mcp", "everything.get-sum"),
    ];
    let question = json!({"a": 2, "b": 3});
    let mut answers: Vec<Answer> = tools.iter().map(|(name, _, _)| Answer::calls([(*name, *name, question.clone())])).collect();
    answers.push(Answer::text("five, says everybody"));
    let db = TestDb::open(Backend::Sqlite).await.expect("a database");
    let test = Box::pin(TestAgents::answering(answers).registry(host.registry.clone()).start(&db.store)).await;
    let sent = test.send("what are two and three, by everybody's count?").await;
    for (nth, (_, tool, operation)) in tools.iter().enumerate() {
        let asked = test.events.question(nth + 1).await;
        assert_eq!((asked.tool.as_str(), asked.operation.as_str(), &asked.arguments), (*tool, *operation, &question));
        assert_eq!(results(&test).await.len(), nth, "nothing runs before the answer");
        test.agents.answer(&test.principal, asked.id, Say::Once).await.expect("it is taken");
    }
    assert_eq!(test.ended(sent.run_id).await.0, RunStatus::Completed);
    let results = results(&test).await;
    assert_eq!(results.len(), tools.len());
    for ((name, _, _), result) in tools.iter().zip(&results) {
        assert!(result.contains('5'), "{name}: {result}");
    }
    test.shutdown().await;
    host.hub.shutdown().await;
    plugins.shutdown().await;
}

/// What the tools of the conversation gave.
async fn results(test: &TestAgents) -> Vec<String> {
    let parts = test.messages().await.into_iter().flat_map(|message| message.parts);
    parts
        .filter_map(|part| if let octi_domain::message::Part::ToolResult(result) = part { Some(result.content) } else { None })
        .collect()
}

async fn engine(home: &Path) -> Arc<PluginManager> {
    let config = EngineConfig {
        // Engines of whole languages take long to compile, and are the same every time.
        cache_dir: kept("compiled"),
        cache_key: [7; 32],
        compiler: Compiler::InProcess,
        plugin_limits: Default::default(),
        plugins_dir: Some(home.join("plugins")),
        bundle: &[],
        kv: Arc::new(Memory::default()),
        processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::new(), level: Level::Off })),
        ambient: manual().0,
        on_change: Arc::new(|_, _, _| {}),
        egress: Arc::default(),
        endpoints: Arc::new(Endpoints::default()),
        secrets: Arc::new(Secrets::default()),
    };
    let plugins = PluginManager::start(config).await.expect("the engine starts");
    let role = tempfile::tempdir().unwrap();
    let manifest = format!(
        "id = 'acme/general'\nversion = '1.0.0'\nwit = '{}'\ndescription = 'A role'\n\
         [role]\nname = 'general'\npurpose = 'help'\ntools = ['*']\n",
        octi_extension::manifest::WIT_VERSION
    );
    std::fs::write(role.path().join("plugin.toml"), manifest).unwrap();
    std::fs::write(role.path().join("prompt.md"), "You help.").unwrap();
    plugins.install(octi_engine::pack::pack_role(role.path()).expect("a role"), "general.wasm").await.expect("the role");
    plugins
}

/// A component that knows nothing of octi.
fn bare() -> Vec<u8> {
    let wit = "package acme:sums; world guest { export add: func(a: s32, b: s32) -> s32; }";
    let body = r#"(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"#;
    typed(wit, &typed_wat(body))
}

/// The reference server, and its sum accepted.
async fn accepted(host: &Host, server: &Path) {
    let installed = server.ancestors().nth(5).expect("the package lies deeper");
    let config = json!({"command": "/usr/bin/node", "args": [server, "stdio"], "read": [installed]});
    let declared = |pins| Declared {
        name: "everything".to_owned(),
        config: serde_json::from_value(config.clone()).expect("a configuration"),
        owner: None,
        source: Source::Database,
        pins,
    };
    host.hub.declare(declared(Vec::new())).expect("a good configuration");
    let described = host.hub.acceptable("everything", "get-sum").await.expect("it has that tool");
    host.hub.set_pins("everything", vec![Pin { tool: "get-sum".to_owned(), accepted: described }]);
}

/// A folder that outlives the test.
fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("five").join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The plugin of that source, made from the template of its language; built once for everything that it is made of.
async fn built(language: Language, name: &str, source: &str, tools: &Path) -> Vec<u8> {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join(name);
    let wanted =
        NewPlugin { id: format!("acme/{name}"), folder: Some(folder.clone()), kind: NewKind::Tool, language, sdk: Sdk::Copy };
    octi_author::create(&wanted).expect("a project");
    let manifest = format!(
        "id = \"acme/{name}\"\nversion = \"1.0.0\"\nwit = \"{}\"\ndescription = \"Adds.\"\nkinds = [\"tool\"]\n\
         [limits]\nmemory_mb = 128\n[tools.add]\npermission = \"ask\"\neffects = []\n",
        octi_extension::manifest::WIT_VERSION
    );
    std::fs::write(folder.join("plugin.toml"), manifest).unwrap();
    let file = if language == Language::JavaScript { "src/plugin.js" } else { "src/plugin.py" };
    std::fs::write(folder.join(file), source).unwrap();
    let cached = kept("built").join(format!("{name}-{:016x}.wasm", content(&folder, tools)));
    if let Ok(bytes) = std::fs::read(&cached) {
        return bytes;
    }
    linked(&folder, tools);
    let project = Project::open(&folder).expect("a project");
    let built = Box::pin(octi_author::build(&project, "release")).await.expect("it builds");
    octi_author::write_whole(&cached, &built.bytes).expect("it is kept");
    built.bytes
}

/// What the project and its tools are: the folder of those is named after their lock files.
fn content(folder: &Path, tools: &Path) -> u64 {
    let (mut files, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    tools.hash(&mut hasher);
    for file in files {
        file.strip_prefix(folder).unwrap().hash(&mut hasher);
        std::fs::read(&file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// Puts the tools into the project, as `npm ci` and `pip install` do.
fn linked(folder: &Path, tools: &Path) {
    let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).expect("a link");
    let modules = folder.join("node_modules");
    std::fs::create_dir_all(modules.join("@octi")).unwrap();
    link(Path::new("../../vendor/octi-plugin"), modules.join("@octi/plugin"));
    for entry in std::fs::read_dir(tools.join("node_modules")).expect("the packages").flatten() {
        if entry.file_name() != "@octi" {
            link(&entry.path(), modules.join(entry.file_name()));
        }
    }
    link(&tools.join(".venv"), folder.join(".venv"));
}
