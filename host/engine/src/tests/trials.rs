//! Trials of plugins, and what may happen while one runs.

use std::time::Duration;

use octi_domain::plugin_limits::PluginLimits;
use octi_extension::registry::Registry as _;

use super::guests::{answering, generation_of, manifest, plugin, wat};
use super::manager::Home;

/// A module that never ends starting.
const ENDLESS: &str = "(func $begin (loop $again (br $again))) (start $begin) (memory";

/// A plugin that never ends starting, so that its trial takes as long as one may.
fn endless() -> Vec<u8> {
    plugin(&manifest("acme/slow", "1.0.0", ""), &wat("", "", "{}").replacen("(memory", ENDLESS, 1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_is_removed_while_another_one_is_tried() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    // Looked at before and after the slow one: files are taken in the order of their names.
    let (early, late) = (answering("acme/early", "1.0.0", "{}"), answering("acme/late", "1.0.0", "{}"));
    for by_folder in [false, true] {
        manager.install(early.clone(), "a.wasm").await.expect("it is fine");
        manager.install(late.clone(), "z.wasm").await.expect("it is fine");
        let trying = async {
            if by_folder {
                std::fs::write(home.file("slow.wasm"), endless()).expect("written");
                manager.reload(None).await.map(drop)
            } else {
                manager.install(endless(), "slow.wasm").await.map(drop)
            }
        };
        let removing = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let begun = std::time::Instant::now();
            manager.remove("acme/early").await.expect("it is there");
            manager.remove("acme/late").await.expect("it is there");
            begun.elapsed()
        };
        let (tried, took) = tokio::join!(trying, removing);
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(tried.is_err(), !by_folder, "{tried:?}");
        let tools = manager.snapshot().tools.keys().cloned().collect::<Vec<_>>();
        assert_eq!(tools, Vec::<String>::new(), "nobody comes back");
    }
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_goes_while_it_is_tried_is_not_taken() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    std::fs::write(home.file("slow.wasm"), endless()).expect("written");
    let going = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::fs::remove_file(home.file("slow.wasm")).expect("it is there");
    };
    let (reloaded, ()) = tokio::join!(manager.reload(None), going);
    reloaded.expect("the folder can be read");
    assert!(manager.plugins().iter().all(|plugin| plugin.id != "acme/slow"), "{:?}", manager.plugins());
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_failed_answers_for_those_that_waited() {
    let folder = tempfile::tempdir().expect("a folder");
    let endless = wat("", "", "{}").replacen("(memory", ENDLESS, 1);
    let bytes = plugin(&manifest("acme/guest", "1.0.0", "[limits]\ncpu_ms = 50"), &endless);
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, &bytes).expect("a file");
    let generation = generation_of(&file);
    let first = generation.ready().await.err().expect("it does not start");
    // Whatever happens to its file, nobody looks at it again so soon.
    std::fs::remove_file(file).expect("it was there");
    assert_eq!(generation.ready().await.err(), Some(first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_that_were_lowered_after_a_trial_are_told_before_a_call() {
    let mut home = Home::new();
    // No one of its memories is too large for what it gets later.
    let large = wat("", "", "{}").replacen("(memory", "(memory 320) (memory 320) (memory", 1);
    let manager = home.start(vec![]).await;
    manager.install(plugin(&manifest("acme/large", "1.0.0", ""), &large), "large.wasm").await.expect("64 MiB are enough");
    manager.shutdown().await;

    let lower = PluginLimits { memory_mb: Some(32), ..PluginLimits::default() };
    home.plugin_limits.insert("acme/large".to_owned(), lower);
    let manager = home.start(vec![]).await;
    let mut problem = None;
    for _ in 0..200 {
        problem = manager.plugins().into_iter().find_map(|plugin| plugin.problem);
        if problem.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(problem.as_deref().is_some_and(|problem| problem.contains("memory")), "{problem:?}");
    manager.shutdown().await;
}
