//! Going back to the version before: by hand, by crashes, and over restarts; and quarantine where there is none.

use std::path::Path;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::registry::{PluginState, Registry};
use octi_extension::tool::{Containment, ToolError};
use serde_json::json;

use super::guests::{manifest, plugin, wat};
use super::manager::{Home, answer, call, now, status, until};
use crate::Change;
use crate::{InstallError, PluginManager};

const ID: &str = "acme/hello";

fn crashing(version: &str) -> Vec<u8> {
    plugin(&manifest(ID, version, ""), &wat("", "unreachable", "{}"))
}

fn state(manager: &PluginManager) -> Option<(PluginState, String, Option<String>)> {
    status(manager, ID).map(|status| (status.state, status.version, status.previous))
}

fn seen(state: PluginState, version: &str, previous: Option<&str>) -> Option<(PluginState, String, Option<String>)> {
    Some((state, version.to_owned(), previous.map(str::to_owned)))
}

async fn crash(manager: &PluginManager) -> Option<ToolError> {
    let tool = manager.snapshot().tools.get("hello__run").cloned().expect("the tool");
    call(&tool, json!({}), Path::new("/nonexistent")).await.err()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_holds_until_the_file_changes() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    assert_eq!(manager.rollback(ID).await, Err(InstallError::NothingKept(ID.to_owned())));
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    assert_eq!(state(&manager), seen(PluginState::Running, "2.0.0", Some("1.0.0")));
    let back = manager.rollback(ID).await.expect("rolled back");
    assert_eq!((back.version.as_str(), back.generation, back.state), ("1.0.0", 3, PluginState::RolledBack));
    let problem = back.problem.unwrap_or_default();
    assert!(problem.contains("version 2.0.0 was rolled back: an administrator took it back"), "{problem}");
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    assert_eq!(std::fs::read(home.file("hello.wasm")).expect("the file"), answer(2), "the file is the person's");
    assert!(home.told(ID, Change::RolledBack, "rolled back to version 1.0.0"));
    assert_eq!(manager.rollback(ID).await, Err(InstallError::NothingKept(ID.to_owned())));
    manager.reload(None).await.expect("read");
    assert_eq!(state(&manager), seen(PluginState::RolledBack, "1.0.0", None), "looking again changes nothing");
    std::fs::write(home.file("hello.wasm"), answer(3)).expect("written");
    manager.reload(None).await.expect("read");
    assert_eq!(state(&manager), seen(PluginState::Running, "3.0.0", Some("1.0.0")));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_survives_a_restart_and_reload_takes_it_back() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    manager.rollback(ID).await.expect("rolled back");
    manager.shutdown().await;
    drop(manager);
    let manager = home.start(vec![]).await;
    assert_eq!(state(&manager), seen(PluginState::RolledBack, "1.0.0", None));
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.reload(Some(ID)).await.expect("read");
    assert_eq!(state(&manager), seen(PluginState::Running, "2.0.0", Some("1.0.0")));
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_version_before_is_there_after_a_restart() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    manager.shutdown().await;
    // Replaced while the host is down: what ran last is what comes back.
    std::fs::write(home.file("hello.wasm"), answer(3)).expect("written");
    let manager = home.start(vec![]).await;
    assert_eq!(state(&manager), seen(PluginState::Running, "3.0.0", Some("2.0.0")));
    manager.rollback(ID).await.expect("rolled back");
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_changed_is_not_run() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    manager.rollback(ID).await.expect("rolled back");
    manager.shutdown().await;
    let kept = std::fs::read_dir(home.file(".kept")).expect("the folder").filter_map(Result::ok);
    for copy in kept.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "wasm")) {
        std::fs::write(copy.path(), answer(6)).expect("planted");
    }
    let manager = home.start(vec![]).await;
    let listed = status(&manager, ID).expect("listed");
    assert_eq!(listed.state, PluginState::Broken);
    let problem = listed.problem.unwrap_or_default();
    assert!(problem.contains("cannot be had any more: its copy was changed"), "{problem}");
    assert!(manager.snapshot().tools.is_empty());
    manager.reload(Some(ID)).await.expect("read");
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bundled_version_is_one_to_go_back_to() {
    let home = Home::new();
    let manager = home.start(vec![answer(1)]).await;
    assert_eq!(manager.rollback(ID).await, Err(InstallError::NothingKept(ID.to_owned())));
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    manager.rollback(ID).await.expect("rolled back");
    assert_eq!(now(&manager).await, json!({ "version": "1.0.0" }));
    manager.shutdown().await;
    let manager = home.start(vec![answer(1)]).await;
    assert_eq!(state(&manager), seen(PluginState::RolledBack, "1.0.0", None));
    manager.remove(ID).await.expect("removed");
    assert_eq!(state(&manager), seen(PluginState::Running, "1.0.0", None));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_version_that_crashes_under_load_gives_way_to_the_one_before() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(crashing("2.0.0"), "hello.wasm").await.expect("it starts, so it is installed");
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let manager: Arc<PluginManager> = manager.clone();
        callers.spawn(async move {
            let mut crashes = 0;
            for _ in 0..500 {
                let tool = manager.snapshot().tools.get("hello__run").cloned().expect("never gone");
                match call(&tool, json!({}), Path::new("/nonexistent")).await {
                    Ok(output) => {
                        assert_eq!(output.content, json!({ "version": "1.0.0" }));
                        return crashes;
                    }
                    Err(ToolError::Contained(Containment::Trap)) => crashes += 1,
                    // Between the last crash and the rollback.
                    Err(ToolError::Unavailable(text)) => assert!(text.contains("quarantined"), "{text}"),
                    other => panic!("{other:?}"),
                }
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            panic!("version 1 never came back");
        });
    }
    let crashes: usize = callers.join_all().await.into_iter().sum();
    assert!((limits::PLUGIN_CRASHES_MAX..=limits::PLUGIN_CRASHES_MAX + 3).contains(&crashes), "{crashes}");
    let listed = status(&manager, ID).expect("listed");
    assert_eq!(listed.state, PluginState::RolledBack);
    assert!(listed.problem.is_some_and(|problem| problem.contains("it crashed 3 times (trap) when it was new")));
    let told = "version 2.0.0 crashed 3 times (trap) when it was new; version 1.0.0 runs again";
    until("it is told", || home.told(ID, Change::GaveWay, told)).await;
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_version_before_it_is_quarantined_and_can_come_back() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    manager.install(crashing("1.0.0"), "hello.wasm").await.expect("it starts");
    for _ in 0..limits::PLUGIN_CRASHES_MAX {
        assert_eq!(crash(&manager).await, Some(ToolError::Contained(Containment::Trap)));
    }
    assert!(matches!(crash(&manager).await, Some(ToolError::Unavailable(text)) if text.contains("quarantined for")));
    let listed = status(&manager, ID).expect("listed");
    assert_eq!(listed.state, PluginState::Quarantined);
    assert!(listed.problem.is_some_and(|problem| problem.contains("`octi plugin reload acme/hello` ends that")));
    until("it is told", || home.told(ID, Change::Quarantined, "crashed 3 times (trap) and is quarantined for 60 seconds")).await;
    manager.reload(Some(ID)).await.expect("read");
    assert_eq!(state(&manager), seen(PluginState::Running, "1.0.0", None));
    assert_eq!(crash(&manager).await, Some(ToolError::Contained(Containment::Trap)), "it is called again");
    for _ in 1..limits::PLUGIN_CRASHES_MAX {
        crash(&manager).await;
    }
    assert_eq!(status(&manager, ID).map(|listed| listed.state), Some(PluginState::Quarantined));
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    assert_eq!(now(&manager).await, json!({ "version": "2.0.0" }), "a new file ends it too");
    manager.shutdown().await;
}
