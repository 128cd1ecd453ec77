//! Runs every `tools-wasm/<tool>/cases/<case>/case.json` on the real engine, as `tools-wasm/README.md` defines them and
//! `octi plugin test` does.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says why it cannot go on, and what it ran")]

mod corpus;

use std::path::{Path, PathBuf};

use octi_author::{CaseFile, Project, Workbench, WorkbenchConfig, find_cases};
use octi_engine::Compiler;
use octi_extension::tool::ToolError;
use octi_security::sandbox::egress::Endpoints;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filesystem_cases_hold() {
    run_all("filesystem").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn git_cases_hold() {
    run_all("git").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shell_cases_hold() {
    run_all("shell").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_cases_hold() {
    run_all("tasks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websearch_cases_hold() {
    run_all("websearch").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_without_a_server_says_what_to_set() {
    let endpoints = Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", None);
    let bench = start("websearch", WorkbenchConfig { endpoints, ..config() }).await;
    let folder = tempfile::tempdir().expect("a folder");
    let called = bench.call(bench.person(), folder.path(), "search", &serde_json::json!({ "query": "octi" })).await;
    bench.stop().await;
    let text = "the endpoint `searxng` is not set up: the operator sets `OCTI_SEARXNG_URL`";
    assert_eq!(called.result.err(), Some(ToolError::NeedsUser(text.to_owned())));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

fn target() -> PathBuf {
    let launcher = Path::new(env!("CARGO_BIN_EXE_octi-test-launcher"));
    launcher.ancestors().nth(2).expect("the launcher is in <target>/<profile>").to_path_buf()
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the plugins are")]
fn bundle() -> PathBuf {
    let bundle = std::env::var_os("OCTI_PLUGIN_BUNDLE").map_or_else(|| target().join("octi-plugins"), PathBuf::from);
    assert!(bundle.join("filesystem.wasm").is_file(), "no plugins in {}: run `cargo xtask wasm`", bundle.display());
    bundle
}

/// What tests compile is kept for the next run: it takes longer than the tests.
fn config() -> WorkbenchConfig {
    let launcher = PathBuf::from(env!("CARGO_BIN_EXE_octi-test-launcher"));
    let cache = Some((target().join("octi-test-cache"), [7; 32]));
    let processes = ProcessDoor::new(ProcessConfig { launcher, level: Level::Auto });
    WorkbenchConfig { cache, ..WorkbenchConfig::scripted(processes, Compiler::InProcess) }
}

async fn start(tool: &str, config: WorkbenchConfig) -> Workbench {
    let plugin = std::fs::read(bundle().join(tool).with_extension("wasm")).expect("the plugin can be read");
    Workbench::start(config, plugin, "plugin.wasm").await.expect("the engine takes the plugin")
}

async fn run_all(tool: &str) {
    let cases = find_cases(&root().join("tools-wasm").join(tool).join("cases"), None).expect("the tool has cases");
    let bench = start(tool, config()).await;
    check(&bench, tool, &cases).await;
    bench.stop().await;
}

async fn check(bench: &Workbench, plugin: &str, cases: &[CaseFile]) {
    let mut failures = Vec::new();
    for case in cases {
        if let Some(problem) = case.run(bench).await.problem {
            failures.push(format!("{}: {problem}", case.name));
        }
    }
    println!("{plugin}: {} cases", cases.len());
    assert!(failures.is_empty(), "{} of {} cases of {plugin} fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// The plugins of `docs/cookbook` in Rust, and those that are texts. Those in JavaScript and Python run in `host/author/tests/scripts.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookbook_holds() {
    let cookbook = root().join("docs/cookbook");
    let entries = std::fs::read_dir(&cookbook).expect("the cookbook").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("plugin.toml").is_file()).collect();
    folders.sort();
    assert_eq!(folders.len(), 10, "{folders:?}");
    let mut count = 0;
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let is_script = ["src/plugin.js", "src/plugin.py"].iter().any(|file| folder.join(file).is_file());
        if is_script {
            continue;
        }
        let plugin = if folder.join("Cargo.toml").is_file() {
            let packed = bundle().with_file_name("octi-cookbook").join(&name).with_extension("wasm");
            std::fs::read(&packed).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask wasm`", packed.display()))
        } else {
            let project = Project::open(&folder).expect("a plugin's folder");
            octi_author::build(&project, "release").await.expect("it is packed").bytes
        };
        let bench = Workbench::start(config(), plugin, "plugin.wasm").await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let cases = find_cases(&folder.join("cases"), None).expect("the plugin has cases");
        check(&bench, &name, &cases).await;
        bench.stop().await;
        count += 1;
    }
    assert_eq!(count, 5);
}
