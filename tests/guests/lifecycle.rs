//! Plugins that crash over and over, that come in crowds, and that are replaced by worse ones.

use std::time::Duration;

use chrono::TimeDelta;
use octi_domain::message::Part;
use octi_extension::registry::{PluginState, PluginStatus, Registry};
use octi_testkit::Answer;
use octi_testkit::guests::{Guest, manifest, with_manifest};
use serde_json::{Value, json};

use crate::host::TestHost;
use crate::row::is_well;

/// Crashes unless its arguments are long.
fn moody(id: &str, version: &str, extra: &str) -> Vec<u8> {
    let guest = Guest::default().does("(if (i32.lt_u (local.get $args_len) (i32.const 40)) (then unreachable))");
    with_manifest(guest.component(), &manifest(id, version, extra))
}

fn long() -> Value {
    json!({ "text": "long enough to be in a good mood about it" })
}

/// One turn with calls of a tool; the results as the model got them, and whether each is an error.
async fn calls(host: &TestHost, tool: &str, arguments: impl IntoIterator<Item = Value>) -> Vec<(bool, String)> {
    let ids: Vec<(String, Value)> = arguments.into_iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect();
    let asked = Answer::calls(ids.iter().map(|(id, value)| (id.as_str(), tool, value.clone())));
    let agents = host.person([asked, Answer::text("I see.")]).await;
    agents.chat("go").await;
    agents.shutdown().await;
    let messages = agents.messages().await;
    let results = messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::ToolResult(result) => Some((result.is_error, result.content.clone())),
        _ => None,
    });
    results.collect()
}

fn status(host: &TestHost, id: &str) -> PluginStatus {
    host.plugins.plugins().into_iter().find(|plugin| plugin.id == id).expect("it is listed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_crashes_ends_in_quarantine_and_touches_nobody_else() {
    let host = TestHost::start().await;
    host.plugins.install(moody("acme/storm", "1.0.0", ""), "storm.wasm").await.expect("it is fine at first");
    let crashing = |turn: usize| calls(&host, "storm__run", (0..25).map(move |call| json!({ "turn": turn, "call": call })));
    let well = async {
        for _ in 0..10 {
            is_well(&host, "a crash").await;
        }
    };
    let (storm, ()) = tokio::join!(futures::future::join_all((0..4).map(crashing)), well);
    let storm: Vec<(bool, String)> = storm.into_iter().flatten().collect();
    assert_eq!(storm.len(), 100);
    let crashed = storm.iter().filter(|(_, text)| text == "the tool crashed; nothing outside its sandbox was touched").count();
    let refused = storm.iter().filter(|(_, text)| text.contains("plugin `acme/storm` is quarantined for")).count();
    assert!(storm.iter().all(|(is_error, _)| *is_error) && crashed + refused == 100, "{storm:?}");
    assert!(crashed >= 3 && refused > 0, "{crashed} crashes, {refused} refusals");
    assert_eq!(status(&host, "acme/storm").state, PluginState::Quarantined);
    // Even a call that would go well is not made.
    let waiting = calls(&host, "storm__run", [long()]).await;
    assert!(waiting[0].1.contains("`octi plugin reload acme/storm` ends that"), "{waiting:?}");
    host.clock.advance(TimeDelta::seconds(octi_domain::limits::PLUGIN_QUARANTINE_SECONDS + 1));
    assert_eq!(calls(&host, "storm__run", [long()]).await, [(false, "{}".to_owned())]);
    assert_eq!(status(&host, "acme/storm").state, PluginState::Running);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_installed_it_can_end_a_quarantine() {
    let host = TestHost::start().await;
    host.plugins.install(moody("acme/moody", "1.0.0", ""), "moody.wasm").await.expect("it is fine at first");
    calls(&host, "moody__run", (0..8).map(|call| json!({ "call": call }))).await;
    assert_eq!(status(&host, "acme/moody").state, PluginState::Quarantined);
    host.plugins.reload(Some("acme/moody")).await.expect("it is there");
    assert_eq!(calls(&host, "moody__run", [long()]).await, [(false, "{}".to_owned())]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_at_once_than_the_engine_has_places_all_come_through() {
    let host = TestHost::start().await;
    let narrow = "[limits]\nconcurrency = 2";
    host.plugins.install(moody("acme/narrow", "1.0.0", narrow), "narrow.wasm").await.expect("it is fine");
    host.plugins.install(moody("acme/wide", "1.0.0", ""), "wide.wasm").await.expect("it is fine");
    let crowd = |tool: &'static str| {
        let host = &host;
        (0..10).map(move |_| calls(host, tool, (0..8).map(|_| long())))
    };
    let (narrow, wide) =
        tokio::join!(futures::future::join_all(crowd("narrow__run")), futures::future::join_all(crowd("wide__run")));
    let results: Vec<(bool, String)> = narrow.into_iter().chain(wide).flatten().collect();
    assert_eq!(results.len(), 160);
    assert!(results.iter().all(|(is_error, _)| !is_error), "{results:?}");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worse_version_gives_way_to_the_one_before() {
    let host = TestHost::start().await;
    host.plugins.install(moody("acme/twice", "1.0.0", ""), "twice.wasm").await.expect("the good one");
    let crashing = Guest::default().does("unreachable");
    let crashing = with_manifest(crashing.component(), &manifest("acme/twice", "2.0.0", ""));
    host.plugins.install(crashing, "twice.wasm").await.expect("it starts");
    assert_eq!(status(&host, "acme/twice").version, "2.0.0");
    calls(&host, "twice__run", (0..8).map(|_| long())).await;
    for _ in 0..200 {
        if status(&host, "acme/twice").version == "1.0.0" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status(&host, "acme/twice").state, PluginState::RolledBack);
    assert_eq!(calls(&host, "twice__run", [long()]).await, [(false, "{}".to_owned())]);
    // What does not even start never replaces anything.
    let endless = Guest::default().items("(func $begin (loop $again (br $again))) (start $begin)");
    let endless = with_manifest(endless.component(), &manifest("acme/twice", "3.0.0", "[limits]\ncpu_ms = 50"));
    host.plugins.install(endless, "twice.wasm").await.expect_err("it does not start");
    assert_eq!(status(&host, "acme/twice").version, "1.0.0");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_into_the_folder_is_checked_as_what_is_installed() {
    let host = TestHost::start().await;
    let stealing = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32").component();
    let files = [
        ("text.wasm", b"#!/bin/sh".to_vec(), "it does not start with the WebAssembly header"),
        ("thief.wasm", with_manifest(stealing, &manifest("acme/thief", "1.0.0", "")), "add `fs` to `[capabilities]`"),
        ("impostor.wasm", moody("evil/good", "1.0.0", ""), "belongs to plugin `acme/good` already"),
    ];
    for (name, bytes, _) in &files {
        std::fs::write(host.folder.path().join(name), bytes).expect("a file");
    }
    std::os::unix::fs::symlink("/etc/passwd", host.folder.path().join("link.wasm")).expect("a link");
    let listed = host.plugins.reload(None).await.expect("the folder can be read");
    for (name, _, says) in &files {
        let found = listed.iter().find(|plugin| plugin.problem.as_ref().is_some_and(|problem| problem.contains(says)));
        let found = found.unwrap_or_else(|| panic!("{name}: {listed:#?}"));
        assert_eq!(found.state, PluginState::Broken, "{name}");
    }
    let names: Vec<String> = host.plugins.snapshot().tools.keys().cloned().collect();
    assert_eq!(names, ["good__run"]);
    is_well(&host, "the files").await;
    host.stop().await;
}
