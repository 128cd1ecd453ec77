//! What becomes of the calls of a generation that is replaced or removed.

#![expect(clippy::disallowed_methods, reason = "each test waits for the task that it starts")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_extension::registry::Registry;
use octi_extension::tool::{Containment, Tool, ToolError};
use octi_testkit::guests::{Guest, manifest, with_manifest};
use serde_json::json;

use super::guests::{Gate, answering, call_within, context, generation, host_on, waiting};
use super::manager::{Home, answer, call, now, status};
use crate::PluginManager;
use crate::drain::{self, Ending};

const NOWHERE: &str = "/nonexistent";

fn tool(manager: &PluginManager) -> Arc<dyn Tool> {
    manager.snapshot().tools.get("hello__run").cloned().expect("the tool")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_runs_while_its_tool_is_replaced_ends_on_the_old_version() {
    let gate = Arc::new(Gate::default());
    let mut home = Home::new();
    home.kv = gate.clone();
    let manager = home.start(vec![waiting("acme/hello", "1.0.0", "")]).await;
    let old = tool(&manager);
    let running = tokio::spawn(async move { call(&old, json!({}), Path::new(NOWHERE)).await });
    gate.entered.notified().await;
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }), "a new call has the new version already");
    gate.open.notify_one();
    let output = running.await.expect("no panic").expect("not lost");
    assert_eq!(output.content, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
}

/// Ends a generation while a call waits at a gate; what the call got, and how long that took.
async fn end_during_a_call(ending: Ending) -> (Option<ToolError>, Duration) {
    let gate = Arc::new(Gate::default());
    let guest = generation(&host_on(gate.clone()), waiting("acme/hello", "1.0.0", ""));
    guest.ready().await.expect("it starts");
    let begun = guest.clone();
    let running = tokio::spawn(async move { call_within(&begun, json!({}), Duration::from_secs(600)).await });
    gate.entered.notified().await;
    // From here on nothing computes, so the clock jumps from timer to timer.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    drain::drain(&guest, ending).await;
    let took = began.elapsed();
    let error = running.await.expect("no panic").err();
    assert!(guest.build().is_none(), "its code is let go");
    let late = call_within(&guest, json!({}), Duration::from_secs(1)).await.err();
    assert_eq!(late, error, "a late call is told the same");
    (error, took)
}

#[tokio::test]
async fn a_replaced_generation_has_a_deadline() {
    let (error, took) = end_during_a_call(Ending::Replaced).await;
    assert_eq!(error, Some(ToolError::Contained(Containment::Replaced)));
    assert_eq!(took.as_secs(), limits::PLUGIN_DRAIN_SECONDS_MAX);
}

#[tokio::test]
async fn a_removed_one_has_a_shorter_one() {
    let (error, took) = end_during_a_call(Ending::Removed).await;
    assert_eq!(error, Some(ToolError::Contained(Containment::Removed)));
    assert_eq!(took.as_secs(), limits::PLUGIN_HURRY_SECONDS_MAX);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_nobody_uses_ends_at_once() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    let pinned = manager.snapshot();
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    let old = pinned.tools.get("hello__run").expect("the tool").clone();
    drop(pinned);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(call(&old, json!({}), Path::new(NOWHERE)).await.is_ok(), "a step that was shown it may call it");
    let weak = Arc::downgrade(&old);
    drop(old);
    assert!(weak.upgrade().is_none(), "nobody else holds what was replaced");
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_a_plugin_takes_its_rights_out_of_a_running_call() {
    take_away_during_a_call(async |manager| manager.remove("acme/hello").await.expect("removed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoking_a_plugin_takes_its_rights_out_of_a_running_call() {
    take_away_during_a_call(async |manager| manager.judge(Arc::new(|_| Some("it is evil".to_owned()))).await).await;
}

/// Takes a plugin away while it waits in a host call, and lets it try another.
async fn take_away_during_a_call(take_away: impl AsyncFnOnce(&PluginManager)) {
    // After the gate: one more host call, which must be refused with case 0, `denied`.
    let body = "(call $delete (i32.const 1024) (i32.const 2) (i32.const 64))
        (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
        (if (i32.load8_u (i32.const 72)) (then unreachable))";
    let gate = Arc::new(Gate::default());
    let mut home = Home::new();
    home.kv = gate.clone();
    let manager = home.start(vec![]).await;
    manager.install(waiting("acme/hello", "1.0.0", body), "hello.wasm").await.expect("installed");
    let old = tool(&manager);
    let running = tokio::spawn(async move { call(&old, json!({}), Path::new(NOWHERE)).await });
    gate.entered.notified().await;
    take_away(&manager).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    gate.open.notify_one();
    assert!(running.await.expect("no panic").is_ok(), "the guest saw that its rights are gone");
    assert!(manager.snapshot().tools.is_empty());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_its_file_does_the_same_and_replacing_it_does_not() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    let first = manager.active("acme/hello").await;
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    let second = manager.active("acme/hello").await;
    assert_eq!(first.grant.live(), Ok(()), "an upgrade takes nothing from calls that run");
    std::fs::remove_file(home.file("hello.wasm")).expect("removed");
    manager.reload(None).await.expect("read");
    for _ in 0..200 {
        if second.grant.live().is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(second.grant.live().is_err());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_three_generations_are_loaded() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    let mut held = Vec::new();
    let mut generations = Vec::new();
    for version in 1..=3 {
        manager.install(answer(version), "hello.wasm").await.expect("installed");
        held.push(tool(&manager));
        generations.push(manager.active("acme/hello").await);
    }
    let before = tokio::time::Instant::now();
    manager.install(answer(4), "hello.wasm").await.expect("installed");
    let waited = before.elapsed();
    assert!(waited >= Duration::from_secs(limits::PLUGIN_HURRY_SECONDS_MAX), "it waits for the oldest: {waited:?}");
    let loaded: Vec<bool> = generations.iter().map(|generation| generation.build().is_some()).collect();
    assert_eq!(loaded, [false, true, true]);
    let outcomes = futures::future::join_all(held.iter().map(|tool| call(tool, json!({}), Path::new(NOWHERE)))).await;
    assert_eq!(outcomes[0].as_ref().err(), Some(&ToolError::Contained(Containment::Replaced)));
    assert!(outcomes[1].is_ok() && outcomes[2].is_ok(), "{outcomes:?}");
    assert_eq!(status(&manager, "acme/hello").map(|s| s.generation), Some(4));
    manager.shutdown().await;
}

/// Resident bytes, open descriptors and threads of this process.
fn footprint() -> (u64, usize, u64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("the status");
    let number = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).expect("the line");
        line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number")
    };
    (number("VmRSS:") << 10, std::fs::read_dir("/proc/self/fd").expect("the descriptors").count(), number("Threads:"))
}

/// Installs these versions in turn, that often, and calls each.
async fn swap(manager: &PluginManager, versions: &[Vec<u8>], times: usize) {
    for (version, bytes) in (1..).zip(versions).cycle().take(times) {
        manager.install(bytes.clone(), "hello.wasm").await.expect("installed");
        assert_eq!(now(manager).await, json!({ "version": format!("{version}.0.0") }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_swaps_leave_nothing_behind() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    let versions: Vec<Vec<u8>> = (1..=10).map(answer).collect();
    swap(&manager, &versions, 100).await;
    let (bytes, descriptors, threads) = footprint();
    swap(&manager, &versions, 1_000).await;
    // Threads that waited for blocking work are still there for a moment.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = footprint();
    println!("before: {:?}, after: {after:?}", (bytes, descriptors, threads));
    // One build of this guest takes about 100 KiB: a leak of each would be 100 MiB.
    assert!(after.0 < bytes + (16 << 20), "resident bytes: {bytes} before, {} after", after.0);
    assert!(after.1 <= descriptors + 2, "descriptors: {descriptors} before, {} after", after.1);
    assert!(after.2 <= threads + 2, "threads: {threads} before, {} after", after.2);
    manager.shutdown().await;
    let kept = std::fs::read_dir(home.file(".kept")).expect("the folder").count();
    assert_eq!(kept, 3, "two copies and the notes");
}

/// Version 1 notes where it stopped; version 2 looks where that was, crashes when it cannot know, and goes on from there.
fn reader(version: u32) -> Vec<u8> {
    let mut guest = Guest::default();
    let (cursor, old, new) = (guest.text("cursor"), guest.text("0041"), guest.text("0042"));
    let set = |value: &str, expected: u64| {
        format!(
            "(call $set {cursor} {value} (i32.const 1) (i64.const {expected}) (i32.const 64)) (if (i32.load8_u (i32.const 64)) (then unreachable))"
        )
    };
    let does = if version == 1 {
        set(&old, 0)
    } else {
        // An item is there, and its value begins with the first of the two texts.
        let at = old.split_whitespace().nth(1).map(|at| at.trim_end_matches(')')).expect("an operand");
        let same = format!("(i32.eq (i32.load (i32.load (i32.const 88))) (i32.load (i32.const {at})))");
        let get = format!("(call $get {cursor} (i32.const 64))");
        format!("{get} (if (i32.eqz (i32.and (i32.load8_u (i32.const 72)) {same})) (then unreachable)) {}", set(&new, 1))
    };
    let store = "octi:kv/store@1.0.0";
    let guest = guest.import(store, "get", "$get", "i32 i32 i32").import(store, "set", "$set", "i32 i32 i32 i32 i32 i64 i32");
    let guest = guest.does(&does).answers(&json!({ "version": version }).to_string());
    let manifest = manifest("acme/hello", &format!("{version}.0.0"), "[capabilities]\nkv = { bytes_max = 1000 }");
    with_manifest(guest.component(), &manifest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_version_goes_on_where_the_last_one_stopped() {
    let home = Home::new();
    let manager = home.start(vec![reader(1)]).await;
    // One person, because a plugin's memory is of each person's own.
    let mine = context(NOWHERE.into(), Duration::from_secs(20));
    let run = async |tool: &Arc<dyn Tool>| tool.call(mine.clone(), json!({})).await.map(|output| output.content);
    let old = tool(&manager);
    assert_eq!(run(&old).await, Ok(json!({ "version": 1 })));
    manager.install(reader(2), "hello.wasm").await.expect("installed");
    assert_eq!(run(&tool(&manager)).await, Ok(json!({ "version": 2 })));
    // A call that still runs on the old version cannot set it back: it would be the first to write.
    assert_eq!(run(&old).await, Err(ToolError::Contained(Containment::Trap)));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_plugins_keep_what_they_have_when_one_is_replaced() {
    let home = Home::new();
    let manager = home.start(vec![answer(1), answering("acme/other", "1.0.0", "{}")]).await;
    let before = manager.snapshot();
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    let after = manager.snapshot();
    let same = |name: &str| Arc::ptr_eq(&before.tools[name], &after.tools[name]);
    assert!(same("other__run") && !same("hello__run"));
    manager.shutdown().await;
}
