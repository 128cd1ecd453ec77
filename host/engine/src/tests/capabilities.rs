//! What a guest reaches, and what it is told when it may not.
//!
//! The guests crash unless the host answered as the test says, so a call that returns is the proof.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_extension::tool::{CallContext, Tool, ToolError};
use serde_json::json;

use super::guests::{EXPECT_GOOD, call, context, generation, host, manifest, plugin, wat};
use crate::generation::Generation;

/// Case numbers of `host-error`.
const DENIED: u8 = 0;
const INVALID: u8 = 2;

/// Crashes unless the result at 64 is an error of that case.
fn expect_refusal(case: u8) -> String {
    format!(
        "(if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 72)) (i32.const {case})) (then unreachable))"
    )
}

const FS: &str = r#"(import "octi:fs/files@1.0.0" "root" (func $root (param i32 i32 i32)))
    (import "octi:fs/files@1.0.0" "[method]dir.make-dir" (func $make_dir (param i32 i32 i32 i32)))"#;

/// Opens the root `workspace` and makes the directory `sub` in it, or `../up`.
fn maker(access: &str, name: (usize, usize), expect: &str) -> Arc<Generation> {
    let fs = format!("[capabilities]\nfs = [{{ root = 'workspace', access = '{access}', reason = 'try' }}]");
    let body = format!(
        "(call $root (i32.const 1536) (i32.const 9) (i32.const 64)) {EXPECT_GOOD}
         (call $make_dir (i32.load (i32.const 72)) (i32.const {}) (i32.const {}) (i32.const 64)) {expect}",
        name.0, name.1
    );
    let data = "(data (i32.const 1536) \"workspace\") (data (i32.const 1600) \"sub\") (data (i32.const 1610) \"../up\") (data (i32.const 1024)";
    let text = wat(FS, &body, "{}").replace("(data (i32.const 1024)", data);
    generation(&host(), plugin(&manifest("acme/maker", "1.0.0", &fs), &text))
}

async fn call_in(generation: &Arc<Generation>, folder: &std::path::Path) -> Result<(), ToolError> {
    call_with(generation, context(folder.to_owned(), Duration::from_secs(20))).await
}

async fn call_with(generation: &Arc<Generation>, context: CallContext) -> Result<(), ToolError> {
    let entry = generation.manifest().tools.get("run").cloned().unwrap_or_default();
    let tool = crate::tool::WasmTool::new(generation, "run", &entry);
    tool.call(context, json!({})).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_granted_directory_can_be_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(call_in(&maker("write", (1600, 3), EXPECT_GOOD), folder.path()).await, Ok(()));
    assert!(folder.path().join("sub").is_dir());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_is_told_that_it_may_not_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let guest = maker("read", (1600, 3), &expect_refusal(DENIED));
    assert_eq!(call_in(&guest, folder.path()).await, Ok(()));
    assert!(!folder.path().join("sub").exists());
    let health = guest.grant.health().told("acme/maker");
    assert_eq!((health.refusals[0].capability, health.whole.denials.get("fs")), ("fs", Some(&1)));
    assert!(health.refusals[0].text.contains("access = \"write\""), "whoever looks reads the same: {:?}", health.refusals);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_of_a_refusal_has_no_secrets_and_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let guest = maker("read", (1600, 3), &expect_refusal(DENIED));
    let redact = |text: &str| text.replace("acme/maker", "***") + &"x".repeat(limits::PLUGIN_REFUSAL_BYTES_MAX);
    let context = CallContext { redact: Arc::new(redact), ..context(folder.path().to_owned(), Duration::from_secs(20)) };
    assert_eq!(call_with(&guest, context).await, Ok(()));
    let text = &guest.grant.health().told("acme/maker").refusals[0].text;
    assert!(text.contains("***") && !text.contains("acme/maker"), "{text}");
    assert!(text.len() <= limits::PLUGIN_REFUSAL_BYTES_MAX && text.ends_with('…'), "{}", text.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_never_leaves_its_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = folder.path().join("workspace");
    let guest = maker("write", (1610, 5), &expect_refusal(INVALID));
    assert_eq!(call_in(&guest, &workspace).await, Ok(()));
    assert!(!folder.path().join("up").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_rights_are_gone_in_the_next_host_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let guest = maker("write", (1600, 3), EXPECT_GOOD);
    guest.grant.revoke();
    assert!(call_in(&guest, folder.path()).await.is_err(), "even the root is refused, so the guest crashes");
    assert!(!folder.path().join("sub").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_that_was_not_granted_is_refused() {
    let shell = "[capabilities]\nshell = [{ profile = 'git', reason = 'try' }]";
    let import = format!(r#"(import "octi:shell/process@1.0.0" "run" (func $run (param{})))"#, " i32".repeat(15));
    let rest = "(i32.const 0) ".repeat(12);
    let body = format!("(call $run (i32.const 1536) (i32.const 15) {rest} (i32.const 64)) {}", expect_refusal(DENIED));
    let text = wat(&import, &body, "{}")
        .replace("(data (i32.const 1024)", "(data (i32.const 1536) \"workspace-shell\") (data (i32.const 1024)");
    let guest = generation(&host(), plugin(&manifest("acme/runner", "1.0.0", shell), &text));
    assert!(call(&guest, json!({})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_nobody_should_run_is_refused_whatever_was_granted() {
    let shell = "[capabilities]\nshell = [{ profile = 'workspace-shell', reason = 'try' }]";
    let import = format!(r#"(import "octi:shell/process@1.0.0" "run" (func $run (param{})))"#, " i32".repeat(15));
    let rest = "(i32.const 0) ".repeat(10);
    let body = format!(
        "(call $run (i32.const 1536) (i32.const 15) (i32.const 1600) (i32.const 1) {rest} (i32.const 64)) {}",
        expect_refusal(DENIED)
    );
    let data = r#"(data (i32.const 1536) "workspace-shell") (data (i32.const 1600) "\50\06\00\00\08\00\00\00")
        (data (i32.const 1616) "rm -rf /") (data (i32.const 1024)"#;
    let text = wat(&import, &body, "{}").replace("(data (i32.const 1024)", data);
    let guest = generation(&host(), plugin(&manifest("acme/runner", "1.0.0", shell), &text));
    assert!(call(&guest, json!({})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_keeps_crashing_is_quarantined() {
    let guest = generation(&host(), plugin(&manifest("acme/crash", "1.0.0", ""), &wat("", "unreachable", "{}")));
    for _ in 0..octi_domain::limits::PLUGIN_CRASHES_MAX {
        assert!(matches!(call(&guest, json!({})).await, Err(ToolError::Contained(_))));
    }
    let refused = call(&guest, json!({})).await;
    assert!(matches!(&refused, Err(ToolError::Unavailable(text)) if text.contains("quarantined for")), "{refused:?}");
}
