//! Installed, replaced, restarted, tampered with, removed.

use std::path::PathBuf;
use std::sync::Arc;

use octi_extension::registry::{PluginState, Source};
use octi_mcp::client::ExtismModules;
use serde_json::json;

use crate::host::{Host, bridge, module};

/// The module's file, the only one in the directory of its process.
fn kept(host: &Host) -> PathBuf {
    let mut files = std::fs::read_dir(host.home.path().join("mcp/words")).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[tokio::test]
async fn what_is_installed_is_there_after_a_restart_until_it_is_removed() {
    let Some(bridge) = bridge() else { return };
    let home = Arc::new(tempfile::tempdir().unwrap());
    let host = Host::at(home.clone(), bridge.clone(), &[]);
    let installed = host.words().await;
    assert_eq!(
        (installed.id.as_str(), installed.source, installed.state),
        ("extism/words", Source::Extism, PluginState::Running)
    );
    assert!(installed.version.starts_with("0.0.0+") && installed.digest.starts_with(&installed.version[6..]), "{installed:?}");
    let tools = ["count_vowels", "crash", "fetch", "fill", "flip", "greet", "grow", "refuse", "silent", "spin"];
    assert_eq!(installed.tools, tools.map(|tool| format!("words__{tool}")));
    host.hub.shutdown().await;

    let next = Host::at(home.clone(), bridge, &[]);
    assert_eq!(next.modules.open(), Vec::<String>::new());
    assert_eq!(next.registry.plugins(), [installed]);
    assert_eq!(next.ask("words__greet", "Ada").await.unwrap(), "Hello, Ada!");
    next.modules.restart(Some("words")).await.unwrap();
    assert_eq!(next.ask("words__greet", "Bo").await.unwrap(), "Hello, Bo!");
    next.modules.remove("words").await.unwrap();
    assert!(next.registry.plugins().is_empty() && next.registry.snapshot().tools.is_empty());
    let error = next.modules.remove("words").await.unwrap_err().to_string();
    assert!(error.contains("no plugin `extism/words` is installed"), "{error}");
    assert!(std::fs::read_dir(home.path().join("extism")).unwrap().next().is_none());
}

#[tokio::test]
async fn another_file_takes_its_place_and_one_that_does_not_run_does_not() {
    let Some(host) = Host::start() else { return };
    host.words().await;
    assert_eq!(host.ask("words__greet", "Ada").await.unwrap(), "Hello, Ada!");
    let before = kept(&host);

    let broken = wat::parse_str(
        r#"(module (import "extism:host/env" "from_the_future" (func)) (func (export "greet") (result i32) (i32.const 0)))"#,
    );
    let refused = host.install("words", broken.unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("does not run") && refused.contains("from_the_future"), "{refused}");
    let empty = wat::parse_str(
        r#"(module (import "extism:host/env" "input_length" (func (result i64))) (func (export "_start")) (func (export "f") (param i32)))"#,
    );
    let refused = host.install("words", empty.unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("exports no function that takes no parameters"), "{refused}");
    assert_eq!((host.ask("words__greet", "Bo").await.unwrap(), kept(&host)), ("Hello, Bo!".to_owned(), before.clone()));

    let servlet = host.install("words", std::fs::read(module("servlet")).unwrap()).await.unwrap();
    assert_eq!(servlet.tools, ["words__add", "words__divide"]);
    assert_eq!(host.call("words__add", json!({"a": 1, "b": 2})).await.unwrap(), json!({"text": "3"}));
    assert_ne!(kept(&host), before);
    host.hub.shutdown().await;
}

#[tokio::test]
async fn its_calls_are_counted_over_its_files() {
    let Some(host) = Host::start() else { return };
    host.words().await;
    let told = |host: &Host| {
        let report = host.registry.health().expect("modules are counted");
        report.plugins.into_iter().find(|health| health.id == "extism/words").expect("the module")
    };
    assert_eq!((told(&host).whole.calls, told(&host).last_call), (0, None), "starting it is no call");
    host.ask("words__greet", "Ada").await.unwrap();
    host.ask("words__refuse", "").await.unwrap_err();
    host.install("words", std::fs::read(module("servlet")).unwrap()).await.unwrap();
    host.call("words__add", json!({"a": 1, "b": 2})).await.unwrap();
    let told = told(&host);
    assert_eq!((told.whole.calls, told.active), (3, 0));
    assert_eq!(told.whole.errors, std::collections::BTreeMap::from([("failed", 1)]));
    assert!(told.whole.p95_us >= told.whole.p50_us && told.whole.p50_us > Some(0) && told.last_call.is_some(), "{told:?}");
    host.hub.shutdown().await;
}

#[tokio::test]
async fn a_file_that_is_not_what_was_installed_does_not_run() {
    let Some(host) = Host::start() else { return };
    host.words().await;
    assert_eq!(host.ask("words__greet", "Ada").await.unwrap(), "Hello, Ada!");
    std::fs::write(kept(&host), std::fs::read(module("servlet")).unwrap()).unwrap();
    assert_eq!(host.ask("words__greet", "Ada").await.unwrap(), "Hello, Ada!", "it runs from memory");
    host.modules.restart(None).await.unwrap();
    let error = host.ask("words__greet", "Ada").await.unwrap_err();
    assert!(error.contains("is not what was installed") && error.contains("install it again"), "{error}");
    std::fs::remove_file(kept(&host)).unwrap();
    let error = host.ask("words__greet", "Ada").await.unwrap_err();
    assert!(error.contains("cannot read the module"), "{error}");
    host.words().await;
    assert_eq!(host.ask("words__greet", "Ada").await.unwrap(), "Hello, Ada!");
    host.hub.shutdown().await;
}

#[tokio::test]
async fn a_tool_that_says_another_thing_of_itself_is_out_of_service() {
    let Some(bridge) = bridge() else { return };
    let home = Arc::new(tempfile::tempdir().unwrap());
    let host = Host::at(home.clone(), bridge.clone(), &[]);
    host.words().await;
    host.hub.shutdown().await;
    let record = home.path().join("extism/words.json");
    let text = std::fs::read_to_string(&record).unwrap().replace("Runs the function `greet`", "Greets");
    std::fs::write(&record, text).unwrap();
    let next = Host::at(home, bridge, &[]);
    assert_eq!(next.modules.open(), Vec::<String>::new());
    let error = next.ask("words__greet", "Ada").await.unwrap_err();
    assert!(error.contains("out of service"), "{error}");
    assert_eq!(next.ask("words__fill", "3").await.unwrap(), "xxx");
    next.hub.shutdown().await;
}

#[tokio::test]
async fn without_the_bridge_a_module_says_how_to_build_it() {
    let home = Arc::new(tempfile::tempdir().unwrap());
    let host = Host::at(home.clone(), home.path().join("nowhere"), &[]);
    let refused = host.install("words", std::fs::read(module("words")).unwrap()).await.unwrap_err().to_string();
    assert!(refused.contains("`cargo xtask extism`") && refused.contains("OCTI_EXTISM_BRIDGE"), "{refused}");
    assert_eq!(host.modules.open(), Vec::<String>::new());

    let Some(bridge) = bridge() else { return };
    Host::at(home.clone(), bridge, &[]).words().await;
    let without = Host::at(home.clone(), home.path().join("nowhere"), &[]);
    assert!(without.modules.open()[0].contains("`cargo xtask extism`"));
    let status = &without.registry.plugins()[0];
    assert!(status.state == PluginState::Broken && status.problem.as_ref().unwrap().contains("cargo xtask extism"), "{status:?}");

    std::fs::write(home.path().join("extism/words.json"), "{}").unwrap();
    let notes = without_records(&without.modules);
    assert!(notes.contains("the Extism module `words` cannot be used"), "{notes}");
}

fn without_records(modules: &ExtismModules) -> String {
    modules.open().join("\n")
}
