//! Hooks that mean harm, or are broken: no call gets past them, and none of their words commands anything.

use octi_domain::limits;
use octi_domain::message::{Part, ToolResult};
use octi_extension::registry::{PluginState, Registry};
use octi_security::guard::clean;
use octi_store::ToolCallRow;
use octi_testkit::Answer;
use octi_testkit::guests::{FOREVER, Watch};
use serde_json::json;

use crate::host::TestHost;

const BEFORE: &str = "events = ['tool.before']\ntime_ms = 300";

/// One call of the good plugin; what the model got, and the record.
async fn call(host: &TestHost) -> (ToolResult, ToolCallRow) {
    let ask = Answer::calls([("1", "good__run", json!({ "text": "hello" }))]);
    let agents = host.person([ask, Answer::text("I see.")]).await;
    let sent = agents.send("go").await;
    agents.ended(sent.run_id).await;
    agents.shutdown().await;
    let messages = agents.messages().await;
    let mut results = messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.clone()),
        _ => None,
    });
    let calls = agents.store.read(&agents.principal).await.expect("a transaction").list_calls(sent.run_id).await.expect("calls");
    (results.next().expect("a result"), calls[0].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_gets_past_a_hook_that_does_not_let_it() {
    let host = TestHost::start().await;
    let huge = format!("{{\"text\":\"{}\"}}", "x".repeat(limits::ARGUMENTS_BYTES_MAX));
    for (name, hook, code, says) in [
        (
            "says_no",
            Watch::blocks("not \u{1b}[31mtoday\u{9b}2J \u{202e}yad"),
            "blocked",
            "blocked by the hook `acme/says_no`: not",
        ),
        ("says_nothing", Watch::blocks(""), "blocked", "`acme/says_nothing`: it gave no reason"),
        ("loops", Watch::goes_on().does(FOREVER), "hook_failed", "it took longer than 300 ms"),
        ("crashes", Watch::goes_on().does("unreachable"), "hook_failed", "it crashed"),
        ("cannot_tell", Watch::fails("the list of rules is gone"), "hook_failed", "the list of rules is gone"),
        ("is_newer", Watch::says_something_new("postpone"), "hook_failed", "that this version of octi does not know"),
        ("rewrites_too_much", Watch::rewrites(&huge), "hook_failed", "it was stopped (output_limit)"),
        ("rewrites_nonsense", Watch::rewrites("{"), "hook_failed", "something that is not JSON"),
        ("rewrites_wrongly", Watch::rewrites("[1]"), "hook_failed", "what the tool does not take"),
        (
            "takes_memory",
            Watch::goes_on().does("(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable"),
            "hook_failed",
            "it was stopped (memory_limit)",
        ),
    ] {
        let id = format!("acme/{name}");
        host.plugins
            .install(hook.plugin(&id, "1.0.0", BEFORE), "hook.wasm")
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (shown, record) = call(&host).await;
        assert!(shown.is_error && shown.content.contains(says), "{name}: {}", shown.content);
        assert_eq!((clean(&shown.content), record.outcome.as_deref()), (shown.content.clone(), Some(code)), "{name}");
        host.plugins.remove(&id).await.expect("it is there");
    }
    let (shown, _) = call(&host).await;
    assert!(!shown.is_error, "without a hook the call is made: {}", shown.content);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_rewrites_is_obeyed_and_the_record_has_what_ran() {
    let host = TestHost::start().await;
    let hook = Watch::rewrites(r#"{"text":"goodbye"}"#).plugin("acme/polite", "1.0.0", BEFORE);
    let status = host.plugins.install(hook, "hook.wasm").await.expect("a hook");
    assert!(status.capabilities[0].contains("change their arguments"), "who installs it reads what it may do: {status:?}");
    let (shown, record) = call(&host).await;
    assert!(!shown.is_error, "{}", shown.content);
    assert_eq!(record.arguments, json!({ "text": "goodbye" }));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_that_is_made_to_crash_is_quarantined_and_gives_way_to_nobody() {
    let host = TestHost::start().await;
    let weak = Watch::goes_on().plugin("acme/guard", "1.0.0", BEFORE);
    host.plugins.install(weak, "guard.wasm").await.expect("a guard");
    let strict = Watch::goes_on().does("unreachable").plugin("acme/guard", "2.0.0", BEFORE);
    host.plugins.install(strict, "guard.wasm").await.expect("another");
    for _ in 0..limits::PLUGIN_CRASHES_MAX + 2 {
        let (shown, _) = call(&host).await;
        assert!(shown.is_error, "{}", shown.content);
    }
    let (shown, _) = call(&host).await;
    assert!(shown.content.contains("gave no answer: it is quarantined for"), "{}", shown.content);
    let status = host.plugins.plugins().into_iter().find(|plugin| plugin.id == "acme/guard").expect("it is listed");
    assert_eq!((status.state, status.version.as_str()), (PluginState::Quarantined, "2.0.0"));
    host.plugins.remove("acme/guard").await.expect("it is there");
    assert!(!call(&host).await.0.is_error, "an administrator can end it");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_is_told_afterwards_holds_nothing_up() {
    let host = TestHost::start().await;
    let after = "events = ['tool.after', 'message', 'session.started', 'turn.ended']\ntime_ms = 100";
    for (name, hook) in [("loops", Watch::goes_on().does(FOREVER)), ("crashes", Watch::blocks("late").does("unreachable"))] {
        host.plugins.install(hook.plugin(&format!("acme/{name}"), "1.0.0", after), "hook.wasm").await.expect("a hook");
        let (shown, record) = call(&host).await;
        assert_eq!((shown.is_error, record.outcome.as_deref()), (false, Some("ok")), "{name}: {}", shown.content);
    }
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_only_so_many_hooks() {
    let host = TestHost::start().await;
    for nth in 0..limits::HOOKS_MAX {
        let hook = Watch::goes_on().plugin(&format!("acme/hook{nth}"), "1.0.0", BEFORE);
        host.plugins.install(hook, "hook.wasm").await.expect("a place for it");
    }
    let one_more = Watch::goes_on().plugin("acme/one_more", "1.0.0", BEFORE);
    let refused = host.plugins.install(one_more, "hook.wasm").await.expect_err("no place").to_string();
    assert_eq!(refused, "16 hooks are installed already, and each of them takes time of every call; remove one first");
    let newer = Watch::goes_on().plugin("acme/hook0", "2.0.0", BEFORE);
    host.plugins.install(newer, "hook.wasm").await.expect("it takes its own place");
    assert!(!call(&host).await.0.is_error, "all of them let it");
    host.stop().await;
}
