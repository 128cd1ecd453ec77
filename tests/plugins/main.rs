//! Runs every `tools-wasm/<tool>/cases/<case>/case.json` on the real engine, as `tools-wasm/README.md` defines them.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says why it cannot go on, and what it ran on")]

mod case;
mod host;
mod matching;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use host::TestHost;

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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

async fn run_all(tool: &str) {
    let folder = root().join("tools-wasm").join(tool).join("cases");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&folder).expect("the cases can be listed").map(|entry| entry.expect("an entry").path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "{tool} has no cases in {}", folder.display());
    let host = TestHost::start().await;
    let mut failures = Vec::new();
    for path in &cases {
        let text = fs::read_to_string(path.join("case.json")).expect("case.json can be read");
        let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(problem) = case.run(&host, tool).await {
            failures.push(format!("{}: {problem}", path.strip_prefix(&folder).unwrap_or(path).display()));
        }
    }
    host.stop().await;
    println!("{tool}: {} cases", cases.len());
    assert!(failures.is_empty(), "{} of {} cases of {tool} fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
