//! A guard that does not start, and hooks in their order.

use std::time::Duration;

use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_extension::hook::{Hook, HookAnswer, HookContext, HookEvent};
use octi_extension::registry::Registry;
use octi_extension::tool::{ToolError, no_secrets};
use octi_testkit::guests::Watch;
use serde_json::json;

use super::manager::Home;

const BEFORE: &str = "events = ['tool.before']";

async fn tell(hook: &dyn Hook) -> Result<HookAnswer, ToolError> {
    let time_max = Duration::from_millis(limits::HOOKS_MS_MAX);
    let context =
        HookContext { principal: Principal::system("a test"), session_id: None, call_id: None, time_max, redact: no_secrets() };
    hook.tell(context, HookEvent::ToolBefore, json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_does_not_start_after_a_restart_is_still_asked_and_says_no() {
    // It begins with more memory than a call of it gets.
    let large = Watch::blocks(&"x".repeat(2 << 20)).plugin("acme/guard", "1.0.0", &format!("{BEFORE}\n[limits]\nmemory_mb = 1"));
    let home = Home::new();
    std::fs::write(home.file("guard.wasm"), large).expect("a file");
    let manager = home.start(vec![]).await;
    let problem = || manager.plugins().into_iter().find(|plugin| plugin.id == "acme/guard").and_then(|plugin| plugin.problem);
    for _ in 0..200 {
        if problem().is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(problem().is_some_and(|problem| problem.contains("of memory to start")), "who looks after it is told");
    let hook = manager.snapshot().hooks.first().cloned().expect("it is still there");
    let refused = tell(hook.as_ref()).await;
    assert!(matches!(&refused, Err(ToolError::Unavailable(text)) if text.contains("cannot run")), "{refused:?}");

    manager.install(Watch::goes_on().plugin("acme/guard", "1.0.1", BEFORE), "guard.wasm").await.expect("a better one");
    let hook = manager.snapshot().hooks.first().cloned().expect("one hook");
    assert_eq!(tell(hook.as_ref()).await, Ok(HookAnswer::GoOn));
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_stand_in_the_order_of_their_priorities_and_names() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    for (id, priority) in [("acme/z", 1), ("acme/b", 500), ("acme/a", 500), ("acme/y", 0)] {
        let hook = Watch::goes_on().plugin(id, "1.0.0", &format!("{BEFORE}\npriority = {priority}"));
        manager.install(hook, "hook.wasm").await.expect("a hook");
    }
    let snapshot = manager.snapshot();
    let order: Vec<&str> = snapshot.hooks.iter().map(|hook| hook.spec().plugin.as_str()).collect();
    assert_eq!(order, ["acme/y", "acme/z", "acme/a", "acme/b"]);
    assert!(snapshot.tools.is_empty(), "what only watches is no tool");
    drop(snapshot);
    let answers = [
        (Watch::blocks("no"), Ok(HookAnswer::Block("no".to_owned()))),
        (Watch::rewrites("{\"a\":1}"), Ok(HookAnswer::Rewrite(json!({ "a": 1 })))),
        (Watch::fails("lost"), Err(ToolError::Failed("lost".to_owned()))),
    ];
    for (nth, (watch, answer)) in answers.into_iter().enumerate() {
        manager.install(watch.plugin("acme/y", &format!("2.0.{nth}"), BEFORE), "hook.wasm").await.expect("a newer one");
        let hook = manager.snapshot().hooks.iter().find(|hook| hook.spec().plugin == "acme/y").cloned().expect("the hook");
        assert_eq!(tell(hook.as_ref()).await, answer);
    }
    manager.shutdown().await;
}
