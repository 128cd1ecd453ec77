//! Every plugin that was ever built for a published contract still loads and does what it did: `tests/corpus/README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_author::{Workbench, find_cases};
use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::channel::{Channel, ChannelContext, Incoming, Outgoing, Webhook};
use octi_extension::hook::{Hook, HookAnswer, HookContext, HookEvent};
use octi_extension::manifest::{Kind, WIT_VERSION};
use octi_extension::registry::Registry as _;
use octi_extension::tool::{ToolError, no_secrets};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// Nothing in a case takes this long.
const TIME_MAX: Duration = Duration::from_secs(30);
/// The kinds that `octi plugin test` asks; the others are asked here.
const ASKED_BY_CASES: [Kind; 3] = [Kind::Tool, Kind::Role, Kind::Skill];

/// A plugin of the corpus.
struct Old {
    /// Such as `1.0/tool`.
    name: String,
    contract: String,
    folder: PathBuf,
    file: Vec<u8>,
}

fn corpus() -> Vec<Old> {
    let folders = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let mut found: Vec<_> = entries.filter(|path| path.is_dir()).collect();
        found.sort();
        found
    };
    let last = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let root = super::root().join("tests/corpus");
    let contracts = folders(&root).into_iter().filter(|folder| last(folder).contains('.'));
    let plugins = contracts.flat_map(|contract| folders(&contract).into_iter().map(move |folder| (contract.clone(), folder)));
    plugins
        .map(|(contract, folder)| Old {
            name: format!("{}/{}", last(&contract), last(&folder)),
            contract: last(&contract),
            file: fs::read(folder.join("plugin.wasm")).expect("a plugin"),
            folder,
        })
        .collect()
}

#[test]
fn the_corpus_has_every_kind_for_the_contract_of_today_and_stays_small() {
    let mut kinds: BTreeMap<String, BTreeSet<Kind>> = BTreeMap::new();
    let mut bytes: BTreeMap<String, usize> = BTreeMap::new();
    for old in corpus() {
        let found = PluginManager::inspect_packed(&old.file).unwrap_or_else(|error| panic!("{}: {error}", old.name));
        assert_eq!(found.manifest.wit, old.contract, "{}", old.name);
        kinds.entry(old.contract.clone()).or_default().extend(found.manifest.kinds);
        *bytes.entry(old.contract).or_default() += old.file.len();
    }
    let all = BTreeSet::from([Kind::Tool, Kind::Role, Kind::Skill, Kind::Hook, Kind::Channel]);
    assert_eq!(kinds.get(WIT_VERSION), Some(&all), "`cargo xtask corpus` builds them");
    assert!(bytes.values().all(|bytes| *bytes <= 400 << 10), "{bytes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_plugin_of_the_corpus_does_what_it_did() {
    let mut failures = Vec::new();
    for old in corpus() {
        let found = PluginManager::inspect_packed(&old.file).unwrap_or_else(|error| panic!("{}: {error}", old.name));
        let by_cases = found.manifest.kinds.iter().any(|kind| ASKED_BY_CASES.contains(kind));
        let failed = if by_cases { by_their_cases(&old).await } else { by_steps(&old).await };
        failures.extend(failed.into_iter().map(|failed| format!("{}: {failed}", old.name)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

async fn by_their_cases(old: &Old) -> Vec<String> {
    let cases = find_cases(&old.folder.join("cases"), None).unwrap_or_else(|error| panic!("{}: {error}", old.name));
    let bench = Workbench::start(super::config(), old.file.clone(), "plugin.wasm").await;
    let bench = bench.unwrap_or_else(|error| panic!("{}: {error}", old.name));
    let mut failures = Vec::new();
    for case in &cases {
        failures.extend(case.run(&bench).await.problem.map(|problem| format!("{}: {problem}", case.name)));
    }
    bench.stop().await;
    failures
}

/// What a hook or a channel is told, and what it gives back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Steps {
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
struct Step {
    #[serde(flatten)]
    told: Told,
    /// An error without `text` may have any.
    gives: Value,
    /// Of an event.
    #[serde(default)]
    details: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Event(HookEvent),
    Poll(Option<String>),
    Webhook(String),
    Send(String),
}

async fn by_steps(old: &Old) -> Vec<String> {
    let home = tempfile::tempdir().expect("a folder");
    let plugins = PluginManager::start(engine(home.path())).await.expect("the engine starts");
    let installed = plugins.install(old.file.clone(), "plugin.wasm").await;
    installed.unwrap_or_else(|error| panic!("{}: {error}", old.name));
    let snapshot = plugins.snapshot();
    let (hook, channel) = (snapshot.hooks.first(), snapshot.channels.values().next());
    let mut failures = Vec::new();
    for case in fs::read_dir(old.folder.join("cases")).expect("it has cases") {
        let file = case.expect("an entry").path().join("case.json");
        let steps = serde_json::from_slice::<Steps>(&fs::read(&file).expect("a case"));
        let Steps { steps } = steps.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (nth, Step { told, gives, details }) in steps.into_iter().enumerate() {
            let given = match told {
                Told::Event(event) => tell(hook.expect("a hook").as_ref(), event, details).await,
                told => ask(channel.expect("a channel").as_ref(), told).await,
            };
            let mut given = given.unwrap_or_else(|error| json!({ "error": error.code(), "text": error.to_string() }));
            if gives["error"].is_string() && gives["text"].is_null() {
                given = json!({ "error": given["error"] });
            }
            if given != gives {
                failures.push(format!("step {} gives {given}", nth + 1));
            }
        }
    }
    plugins.shutdown().await;
    failures
}

async fn tell(hook: &dyn Hook, event: HookEvent, details: Value) -> Result<Value, ToolError> {
    let principal = Principal::system("the corpus");
    let context = HookContext { principal, session_id: None, call_id: None, time_max: TIME_MAX, redact: no_secrets() };
    Ok(match hook.tell(context, event, details).await? {
        HookAnswer::GoOn => json!("go-on"),
        HookAnswer::Block(reason) => json!({ "block": reason }),
        HookAnswer::Rewrite(arguments) => json!({ "rewrite": arguments }),
    })
}

async fn ask(channel: &dyn Channel, told: Told) -> Result<Value, ToolError> {
    // What a channel keeps belongs to whoever connected it.
    let principal = octi_testkit::db::principal(UserId::from(Uuid::nil()));
    let context = ChannelContext { principal, time_max: TIME_MAX, redact: no_secrets() };
    let text = str::to_owned;
    match told {
        Told::Event(_) => Ok(Value::Null),
        Told::Poll(cursor) => {
            let polled = channel.poll(context, cursor).await?;
            let messages: Vec<Value> = polled.messages.into_iter().map(message).collect();
            Ok(json!({ "messages": messages, "cursor": polled.cursor, "more": polled.more }))
        }
        Told::Webhook(body) => {
            let headers = vec![(text("x-signature"), text("checked"))];
            let request = Webhook { method: text("POST"), path: text("/letters"), headers, body: body.into_bytes() };
            let heard = channel.webhook(context, request).await?;
            let messages: Vec<Value> = heard.messages.into_iter().map(message).collect();
            let reply = heard.reply.map(|reply| json!([reply.status, reply.content_type, reply.body]));
            Ok(json!({ "messages": messages, "reply": reply }))
        }
        Told::Send(words) => {
            let message = Outgoing { id: text("1"), conversation: text("letters"), text: words, reply_to: None, extras: None };
            Ok(json!(channel.send(context, message).await?))
        }
    }
}

fn message(of: Incoming) -> Value {
    json!([of.id, of.conversation, of.sender, of.sender_name, of.text, of.extras])
}

fn engine(home: &Path) -> EngineConfig {
    let launcher = PathBuf::from(env!("CARGO_BIN_EXE_octi-test-launcher"));
    EngineConfig {
        cache_dir: super::target().join("octi-test-cache"),
        cache_key: [7; 32],
        compiler: Compiler::InProcess,
        plugin_limits: BTreeMap::new(),
        plugins_dir: Some(home.join("plugins")),
        bundle: &[],
        kv: Arc::new(Memory::default()),
        processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher, level: Level::Auto })),
        egress: Arc::default(),
        endpoints: Arc::default(),
        secrets: Arc::new(Secrets::default()),
        ambient: Ambient::system(),
        on_change: Arc::new(|_, _, _| {}),
    }
}
