//! Runs every `tools-wasm/<tool>/cases/<case>/case.json` on the real engine, as `tools-wasm/README.md` defines them.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test says why it cannot go on, and what it ran on")]

mod case;
mod host;
mod matching;
mod web;

use std::fs;
use std::path::{Path, PathBuf};

use case::Case;
use host::TestHost;
use octi_extension::tool::ToolError;
use octi_security::sandbox::egress::Endpoints;

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
    let host = TestHost::start_with(Some(Endpoints::default().with("searxng", "OCTI_SEARXNG_URL", None))).await;
    let folder = tempfile::tempdir().expect("a folder");
    let refused = host.call(host.person(), folder.path(), "websearch__search", serde_json::json!({ "query": "octi" })).await;
    host.stop().await;
    let text = "the endpoint `searxng` is not set up: the operator sets `OCTI_SEARXNG_URL`";
    assert_eq!(refused.err(), Some(ToolError::NeedsUser(text.to_owned())));
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
