//! What is counted of plugins, over their versions, and how it is told when one is not well.

use std::path::Path;
use std::sync::Arc;

use octi_extension::health::PluginHealth;
use octi_extension::registry::{Incident, PluginState, Registry};
use serde_json::json;

use super::guests::{manifest, plugin, wat};
use super::manager::{Home, answer, call, now, status, until};
use crate::PluginManager;

const ID: &str = "acme/hello";

fn health(manager: &PluginManager) -> PluginHealth {
    let report = manager.health().expect("this host counts");
    report.plugins.into_iter().find(|health| health.id == ID).expect("the plugin")
}

fn crashing(version: &str) -> Vec<u8> {
    plugin(&manifest(ID, version, ""), &wat("", "unreachable", "{}"))
}

async fn crash(manager: &Arc<PluginManager>) {
    let tool = manager.snapshot().tools.get("hello__run").cloned().expect("the tool");
    assert!(call(&tool, json!({}), Path::new("/nonexistent")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_summed_up_over_versions_and_a_version_that_gave_way_is_told_with_when_and_why() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    assert_eq!((health(&manager).whole.calls, health(&manager).last_call), (0, None));
    now(&manager).await;
    manager.install(crashing("2.0.0"), "hello.wasm").await.expect("installed");
    for _ in 0..3 {
        crash(&manager).await;
    }
    until("the version before is back", || status(&manager, ID).is_some_and(|s| s.version == "1.0.0")).await;
    now(&manager).await;
    let told = health(&manager);
    assert_eq!((told.whole.calls, told.active), (5, 0), "the plugin's, whichever version ran");
    assert_eq!(told.whole.errors.get("trap"), Some(&3));
    assert!(told.whole.memory_peak > 0 && told.whole.p95_us >= told.whole.p50_us && told.last_call.is_some(), "{told:?}");
    let listed = status(&manager, ID).expect("listed");
    assert_eq!(listed.state, PluginState::RolledBack);
    let Some(Incident::RolledBack { version, reason, at }) = &listed.incident else { panic!("{listed:?}") };
    assert_eq!((version.as_str(), reason.as_str()), ("2.0.0", "it crashed 3 times (trap) when it was new"));
    let at = *at;
    assert!(at.is_some());
    manager.shutdown().await;
    drop(manager);
    let manager = home.start(vec![]).await;
    let Some(Incident::RolledBack { at: again, .. }) = status(&manager, ID).and_then(|s| s.incident) else { panic!("forgotten") };
    assert_eq!(again, at, "when it happened survives a restart");
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantine_is_told_with_its_reason_its_beginning_and_its_end() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(crashing("1.0.0"), "hello.wasm").await.expect("installed");
    for _ in 0..3 {
        crash(&manager).await;
    }
    let listed = status(&manager, ID).expect("listed");
    let Some(Incident::Quarantined { reason, since, until }) = listed.incident else { panic!("{listed:?}") };
    assert_eq!((reason, (until - since).num_seconds()), ("trap", 60));
    crash(&manager).await;
    assert_eq!(health(&manager).whole.errors.get("unavailable"), Some(&1), "what was refused counts as an error too");
    manager.reload(Some(ID)).await.expect("read");
    assert!(status(&manager, ID).is_some_and(|s| s.incident.is_none()));
    manager.shutdown().await;
}
