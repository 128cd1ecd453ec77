//! Installing, replacing and removing plugins while calls run.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::registry::{PluginState, PluginStatus, Registry, Source};
use octi_extension::services::KvStore;
use octi_extension::tool::{Tool, ToolError, ToolOutput};
use octi_testkit::services::Memory;
use serde_json::{Value, json};

use super::guests::{answering, context, manifest, plugin, processes, wat};
use crate::{Change, Compiler, EngineConfig, InstallError, PluginManager};

type Changes = Arc<Mutex<Vec<(String, Change, String)>>>;

/// A host in a folder of its own.
pub(super) struct Home {
    pub(super) folder: tempfile::TempDir,
    changes: Changes,
    pub(super) kv: Arc<dyn KvStore>,
    pub(super) plugin_limits: BTreeMap<String, PluginLimits>,
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("plugins")).expect("a folder");
        Self { folder, changes: Changes::default(), kv: Arc::new(Memory::default()), plugin_limits: BTreeMap::new() }
    }

    pub(super) fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    pub(super) async fn start(&self, bundle: Vec<Vec<u8>>) -> Arc<PluginManager> {
        let bundle: Vec<(&'static str, &'static [u8])> = bundle.into_iter().map(|b| ("bundled", &*b.leak())).collect();
        let changes = self.changes.clone();
        let config = EngineConfig {
            egress: Arc::default(),
            endpoints: Arc::default(),
            secrets: Arc::new(super::guests::secrets()),
            cache_dir: self.folder.path().join("cache"),
            cache_key: [1; 32],
            compiler: Compiler::InProcess,
            plugin_limits: self.plugin_limits.clone(),
            plugins_dir: Some(self.folder.path().join("plugins")),
            bundle: bundle.leak(),
            kv: self.kv.clone(),
            processes: processes(),
            ambient: Ambient::system(),
            on_change: Arc::new(move |plugin, change, text| {
                changes.lock().expect("the list").push((plugin.to_owned(), change, text.to_owned()));
            }),
        };
        PluginManager::start(config).await.expect("a host")
    }

    pub(super) fn told(&self, plugin: &str, change: Change, part: &str) -> bool {
        let changes = self.changes.lock().expect("the list");
        changes.iter().any(|(id, kind, text)| id == plugin && *kind == change && text.contains(part))
    }
}

pub(super) fn answer(version: u32) -> Vec<u8> {
    answering("acme/hello", &format!("{version}.0.0"), &format!(r#"{{"version":"{version}.0.0"}}"#))
}

pub(super) async fn call(tool: &Arc<dyn Tool>, arguments: Value, workspace: &Path) -> Result<ToolOutput, ToolError> {
    tool.call(context(workspace.to_owned(), Duration::from_secs(20)), arguments).await
}

/// What the tool that is offered now answers.
pub(super) async fn now(manager: &PluginManager) -> Value {
    let snapshot = manager.snapshot();
    let tool = snapshot.tools.get("hello__run").expect("the tool");
    call(tool, json!({}), Path::new("/nonexistent")).await.expect("an answer").content
}

pub(super) fn status(manager: &PluginManager, id: &str) -> Option<PluginStatus> {
    manager.plugins().into_iter().find(|plugin| plugin.id == id)
}

pub(super) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..500 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("did not happen in ten seconds: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_in_the_folder_replaces_the_bundled_one_until_it_is_deleted() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    std::fs::write(home.file("hello.wasm"), answer(2)).expect("written");
    until("version 2 runs", || status(&manager, "acme/hello").is_some_and(|s| s.version == "2.0.0")).await;
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    assert_eq!(status(&manager, "acme/hello").map(|s| (s.source, s.generation)), Some((Source::Folder, 2)));
    std::fs::remove_file(home.file("hello.wasm")).expect("removed");
    until("version 1 is back", || status(&manager, "acme/hello").is_some_and(|s| s.source == Source::Bundled)).await;
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    let told = || {
        home.told("acme/hello", Change::Swapped, "version 2.0.0 runs")
            && home.told("acme/hello", Change::Gone, "its file is gone")
    };
    until("it is told", told).await;
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_new_file_leaves_the_old_version_running_and_says_why() {
    let home = Home::new();
    std::fs::write(home.file("hello.wasm"), answer(1)).expect("written");
    let manager = home.start(vec![]).await;
    let crashes_at_start = wat("", "", "{}")
        .replace("(func (export \"cabi_realloc\")", "(func $crash unreachable) (start $crash) (func (export \"cabi_realloc\")");
    let broken =
        [b"not wasm at all".to_vec(), answer(2)[..500].to_vec(), plugin(&manifest("acme/hello", "2.0.0", ""), &crashes_at_start)];
    for (bytes, why) in broken.into_iter().zip(["WebAssembly header", "not valid", "crashed"]) {
        std::fs::write(home.file("hello.wasm"), bytes).expect("written");
        let problem = || status(&manager, "acme/hello").and_then(|s| s.problem).unwrap_or_default();
        until(why, || problem().contains(why)).await;
        assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
        until("it is told", || home.told("acme/hello", Change::Refused, why)).await;
    }
    std::fs::write(home.file("hello.wasm"), answer(3)).expect("written");
    until("version 3 runs", || status(&manager, "acme/hello").is_some_and(|s| s.version == "3.0.0" && s.problem.is_none())).await;
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_never_a_plugin_is_listed_with_its_problem() {
    let home = Home::new();
    std::fs::write(home.file("notes.wasm"), "hello").expect("written");
    let manager = home.start(vec![]).await;
    let listed = status(&manager, "notes.wasm").expect("listed");
    assert!(listed.problem.is_some_and(|problem| problem.contains("not a WebAssembly component")));
    assert!(home.told("notes.wasm", Change::Found, "is not used"));
    manager.remove("notes.wasm").await.expect("removed");
    assert!(!home.file("notes.wasm").exists() && manager.plugins().is_empty());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_refused_for_a_clash_does_not_win_at_the_next_start() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    // Both come before it in the folder: one has its tool's name, the other its id.
    std::fs::write(home.file("a.wasm"), answering("other/hello", "1.0.0", "{}")).expect("written");
    std::fs::write(home.file("b.wasm"), answer(2)).expect("written");
    manager.reload(None).await.expect("looked");
    manager.shutdown().await;
    let manager = home.start(vec![]).await;
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    let problem = |file: &str| status(&manager, file).and_then(|status| status.problem).unwrap_or_default();
    assert!(problem("a.wasm").contains("belongs to plugin `acme/hello` already"), "{}", problem("a.wasm"));
    assert!(problem("b.wasm").contains("is plugin `acme/hello` too"), "{}", problem("b.wasm"));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_plugin_is_never_overwritten() {
    let home = Home::new();
    let theirs = answering("other/greeting", "1.0.0", "{}");
    for name in ["hello.wasm", "acme.hello.wasm"] {
        std::fs::write(home.file(name), if name == "hello.wasm" { b"notes".to_vec() } else { theirs.clone() }).expect("written");
    }
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    assert_eq!(std::fs::read(home.file("acme.hello.wasm")).expect("there"), theirs);
    assert_eq!(std::fs::read(home.file("hello.wasm")).expect("there"), b"notes");
    assert!(home.file("acme.hello-2.wasm").exists());
    // The next version goes where this one is.
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    assert!(!home.file("acme.hello-3.wasm").exists());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_not_run_is_refused_until_it_may_again() {
    let home = Home::new();
    let manager = home.start(vec![answering("octi/inside", "1.0.0", "{}")]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    let shown = manager.snapshot().tools["hello__run"].clone();
    let forbids = |version: &'static str| -> crate::Verdict {
        Arc::new(move |accused| (accused.version == version).then(|| format!("{version} is evil")))
    };
    manager.judge(forbids("2.0.0")).await;
    assert!(!manager.snapshot().tools.contains_key("hello__run"));
    let listed = status(&manager, "acme/hello").expect("listed");
    assert_eq!((listed.state, listed.problem.as_deref()), (PluginState::Quarantined, Some("2.0.0 is evil")));
    assert!(home.told("acme/hello", Change::Quarantined, "2.0.0 is evil"));
    let refused = call(&shown, json!({}), Path::new("/nonexistent")).await.expect_err("refused");
    assert!(refused.to_string().contains("2.0.0 is evil"), "{refused}");
    assert!(matches!(manager.install(answer(2), "again.wasm").await, Err(InstallError::Revoked { .. })));
    manager.rollback("acme/hello").await.expect("version 1 may run");
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    // The other way round: what may run again does, and what is inside of octi is asked about by nobody.
    manager.judge(Arc::new(|_| Some("everything is evil".to_owned()))).await;
    assert!(manager.snapshot().tools.contains_key("inside__run") && !manager.snapshot().tools.contains_key("hello__run"));
    manager.judge(forbids("9.0.0")).await;
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_does_not_start_at_boot_gives_way_to_the_bundled_one() {
    let home = Home::new();
    let crashes = wat("", "", "{}")
        .replace("(func (export \"cabi_realloc\")", "(func $crash unreachable) (start $crash) (func (export \"cabi_realloc\")");
    std::fs::write(home.file("hello.wasm"), plugin(&manifest("acme/hello", "2.0.0", ""), &crashes)).expect("written");
    let manager = home.start(vec![answer(1)]).await;
    until("the bundled one is back", || status(&manager, "acme/hello").is_some_and(|s| s.problem.is_some())).await;
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn install_checks_everything_before_anything_changes() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    let kv = r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#;
    let asks_too_much = plugin(&manifest("acme/hello", "2.0.0", ""), &wat(kv, "", "{}"));
    let refusal = manager.install(asks_too_much, "hello.wasm").await.expect_err("not in the manifest");
    assert_eq!(refusal, InstallError::NotInManifest { import: "octi:kv/store@1.0.0".to_owned(), key: "kv" });
    let core = wat::parse_str("(module)").expect("a module");
    assert!(matches!(manager.install(core, "x.wasm").await, Err(InstallError::NotComponent(why)) if why.contains("core module")));
    let clash = manager.install(answering("evil/hello", "1.0.0", "{}"), "evil.wasm").await.expect_err("the name is taken");
    assert_eq!(
        clash.to_string(),
        "the tool name `hello` belongs to plugin `acme/hello` already; remove that one first, or rename this one"
    );
    let huge = vec![0; octi_domain::limits::PLUGIN_BYTES_MAX + 1];
    assert!(matches!(manager.install(huge, "huge.wasm").await, Err(InstallError::TooLarge { .. })));
    assert_eq!(std::fs::read_dir(home.file("")).expect("the folder").count(), 0, "nothing was written");
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn native_code_is_never_accepted() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    until("it is compiled", || std::fs::read_dir(home.folder.path().join("cache")).is_ok_and(|entries| entries.count() > 0))
        .await;
    let entry =
        std::fs::read_dir(home.folder.path().join("cache")).expect("the cache").next().expect("an entry").expect("readable");
    let native = std::fs::read(entry.path()).expect("the entry")[40..].to_vec();
    let refusal = manager.install(native, "native.wasm").await;
    assert!(matches!(&refusal, Err(InstallError::NotComponent(why)) if why.contains("native code")), "{refusal:?}");
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_installed_can_be_removed_and_what_is_bundled_cannot() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    assert_eq!(manager.remove("acme/hello").await, Err(InstallError::Bundled("acme/hello".to_owned())));
    assert_eq!(manager.remove("acme/other").await, Err(InstallError::NotFound("acme/other".to_owned())));
    let installed = manager.install(answer(2), "../../escape.wasm").await.expect("installed");
    assert_eq!((installed.version.as_str(), installed.source), ("2.0.0", Source::Folder));
    let snapshot = manager.snapshot();
    let offered = snapshot.tools.get("hello__run").expect("the tool").spec();
    assert_eq!(offered.digest, crate::loader::digest(&answer(2)), "what is offered names the very file it runs from");
    assert_eq!((offered.digest.len(), &offered.digest), (64, &installed.digest));
    assert!(home.file("acme.hello.wasm").exists(), "a strange name is replaced by the id");
    assert_eq!(manager.reload(None).await.map(|all| all.len()), Ok(1));
    manager.remove("acme/hello").await.expect("removed");
    assert!(home.told("acme/hello", Change::Installed, "version 2.0.0") && home.told("acme/hello", Change::Removed, "removed"));
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_file_of_the_same_plugin_is_refused() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    std::fs::write(home.file("a.wasm"), answer(1)).expect("written");
    manager.reload(None).await.expect("read");
    std::fs::write(home.file("b.wasm"), answer(2)).expect("written");
    manager.reload(None).await.expect("read");
    assert!(status(&manager, "b.wasm").and_then(|s| s.problem).is_some_and(|p| p.contains("a.wasm` is plugin `acme/hello` too")));
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    std::fs::rename(home.file("b.wasm"), home.file("a.wasm")).expect("moved");
    manager.reload(None).await.expect("read");
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    assert_eq!(manager.plugins().len(), 1);
    manager.shutdown().await;
}

/// The same plugin with a section of that many bytes that nobody needs, so that looking at it takes a while.
fn padded(mut bytes: Vec<u8>, padding: usize) -> Vec<u8> {
    let section = wasm_encoder::CustomSection { name: "padding".into(), data: vec![0; padding].into() };
    bytes.push(wasm_encoder::ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut bytes);
    bytes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_files_are_looked_at_together_and_taken_in_the_order_of_their_names() {
    let home = Home::new();
    for number in 0..40 {
        let plugin = answering(&format!("acme/p{number:02}"), "1.0.0", "{}");
        std::fs::write(home.file(&format!("p{number:02}.wasm")), plugin).expect("written");
    }
    std::fs::write(home.file("p07.wasm"), "not a plugin").expect("written");
    // The first of two files of one plugin counts, though looking at it ends long after looking at the second.
    std::fs::write(home.file("p20.wasm"), padded(answering("acme/p20", "1.0.0", "{}"), 4 << 20)).expect("written");
    std::fs::write(home.file("p20z.wasm"), answering("acme/p20", "2.0.0", "{}")).expect("written");
    let manager = home.start(vec![]).await;
    let problem = |id: &str| status(&manager, id).and_then(|status| status.problem).unwrap_or_default();
    assert!(problem("p20z.wasm").contains("p20.wasm` is plugin `acme/p20` too"), "{:?}", problem("p20z.wasm"));
    assert!(problem("p07.wasm").contains("not a WebAssembly component"), "{:?}", problem("p07.wasm"));
    assert_eq!(status(&manager, "acme/p20").map(|status| status.version).as_deref(), Some("1.0.0"));
    assert_eq!(manager.snapshot().tools.len(), 39);
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_swaps_under_load_lose_no_call_and_mix_no_versions() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (manager, stop, calls) = (manager.clone(), stop.clone(), calls.clone());
        callers.spawn(async move {
            let mut seen = HashSet::new();
            while !stop.load(Ordering::Relaxed) {
                let snapshot = manager.snapshot();
                let tool = snapshot.tools.get("hello__run").expect("never gone");
                let output = call(tool, json!({}), Path::new("/nonexistent")).await.expect("never lost");
                let version = tool.spec().plugin_version.clone();
                assert_eq!(output.content, json!({ "version": version }), "the version that was shown is the one that runs");
                seen.insert(version);
                calls.fetch_add(1, Ordering::Relaxed);
            }
            seen.len()
        });
    }
    for version in 2..202 {
        manager.install(answer(version), "hello.wasm").await.expect("installed");
    }
    stop.store(true, Ordering::Relaxed);
    let seen: Vec<usize> = callers.join_all().await;
    assert!(seen.iter().all(|versions| *versions > 20), "{seen:?}");
    println!("{} calls over 200 swaps", calls.load(Ordering::Relaxed));
    assert_eq!(status(&manager, "acme/hello").map(|s| s.generation), Some(201));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_keeps_the_version_it_was_shown() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    let shown = manager.snapshot();
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    let tool = shown.tools.get("hello__run").expect("the tool");
    assert_eq!(call(tool, json!({}), Path::new("/nonexistent")).await.expect("an answer").content, json!({ "version": "1.0.0" }));
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    manager.shutdown().await;
}
