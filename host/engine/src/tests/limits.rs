//! Calls that are stopped: each limit has a guest that trips it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::manifest::Limits;
use octi_extension::tool::{Containment, ToolError};
use serde_json::json;

use super::guests::{answering, call, call_within, context, generation, host, host_with, manifest, plugin, wat};
use crate::bindings::HostError;
use crate::engine::Class;
use crate::generation::{Generation, Host};
use crate::instance::{Ended, Setup};
use crate::limits::Budget;
use crate::quota::Charge;
use crate::rights::Rights;
use crate::state::{CallState, Caller};

/// A plugin whose `run` does that.
fn guest(extra: &str, top: &str, body: &str) -> Arc<Generation> {
    generation(&host(), plugin(&manifest("acme/guest", "1.0.0", extra), &wat(top, body, "{}")))
}

async fn containment(generation: &Arc<Generation>) -> Option<Containment> {
    match call(generation, json!({})).await {
        Err(ToolError::Contained(containment)) => Some(containment),
        other => panic!("expected a contained call, got {other:?}"),
    }
}

/// One call with that budget of guest time, and what it used.
async fn raw(generation: &Arc<Generation>, cpu_ms: u64) -> Ended<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup =
        generation.setup(Caller::of(context(folder.path().to_owned(), Duration::from_secs(20))), Duration::from_secs(20));
    setup.budget.cpu_ms = cpu_ms;
    let ready = generation.ready().await.expect("it starts");
    let plugin = ready.tool.as_ref().expect("a tool");
    let (result, usage) = plugin.call(setup, None, "run", &"{}".to_owned()).await;
    (result.map(drop), usage)
}

const FOREVER: &str = "(loop $again (br $again))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_infinite_loop_ends_with_its_budget() {
    let guest = guest("", "", FOREVER);
    guest.ready().await.expect("it starts");
    let start = Instant::now();
    let (result, usage) = raw(&guest, 100).await;
    assert_eq!(result, Err(Containment::Cpu { ms_max: 100 }));
    assert!(usage.times.guest >= Duration::from_millis(100) && usage.ticks >= 1, "{usage:?}");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(80) && took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_infinite_loop_lets_others_run_on_the_same_thread() {
    let guest = guest("", "", FOREVER);
    guest.ready().await.expect("it starts");
    let mut others = 0;
    let counting = async {
        loop {
            tokio::task::yield_now().await;
            others += 1;
        }
    };
    tokio::select! {
        (result, _) = raw(&guest, 100) => assert_eq!(result, Err(Containment::Cpu { ms_max: 100 })),
        () = counting => {}
    }
    assert!(others >= 5, "the loop yields at every tick, but others ran only {others} times");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wall_clock_ends_a_call_too() {
    let guest = guest("[limits]\ntime_ms = 60", "", FOREVER);
    assert_eq!(containment(&guest).await, Some(Containment::Time { ms_max: 60 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_caller_can_give_less_time_than_the_plugin_asked_for() {
    let guest = guest("", "", FOREVER);
    let result = call_within(&guest, json!({}), Duration::from_millis(50)).await;
    assert_eq!(result.err(), Some(ToolError::Contained(Containment::Time { ms_max: 50 })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_memories_share_one_budget() {
    let grow = "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow $second (i32.const 16)))))
        (loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow $third (i32.const 16))))) unreachable";
    // Imported and defined first, the others would be memory 0, which the contract's strings are in.
    let text = wat("", grow, "{}")
        .replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 2) (memory $second 1) (memory $third 1)");
    let guest = generation(&host(), plugin(&manifest("acme/guest", "1.0.0", "[limits]\nmemory_mb = 8"), &text));
    let (result, usage) = raw(&guest, 5_000).await;
    assert_eq!(result, Err(Containment::Memory { bytes_max: 8 << 20 }));
    assert!(usage.memory_peak <= 8 << 20 && usage.memory_peak > 6 << 20, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_cannot_have_more_memories_than_the_limit() {
    let more = "(memory 1) ".repeat(limits::GUEST_MEMORIES_MAX);
    let text = wat("", "", "{}").replace("(memory (export \"memory\") 2)", &format!("(memory (export \"memory\") 2) {more}"));
    let guest = generation(&host(), plugin(&manifest("acme/guest", "1.0.0", ""), &text));
    assert!(guest.ready().await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_recursion_is_a_stack_limit() {
    let text = wat("", "(call $deeper)", "{}")
        .replace("(func (export \"cabi_realloc\")", "(func $deeper (call $deeper)) (func (export \"cabi_realloc\")");
    let guest = generation(&host(), plugin(&manifest("acme/guest", "1.0.0", ""), &text));
    assert_eq!(containment(&guest).await, Some(Containment::Stack));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_is_told_without_its_text_and_the_next_call_works() {
    let body = "(if (i32.eq (local.get $args_len) (i32.const 2)) (then unreachable))";
    let guest = guest("", "", body);
    assert_eq!(containment(&guest).await, Some(Containment::Trap));
    assert!(call(&guest, json!({ "longer": true })).await.is_ok());
}

/// Says that the answer is `length` bytes long and starts at 1024.
fn long_answer(length: usize) -> String {
    format!(
        "(drop (memory.grow 0 (i32.const 600)))
         (memory.fill (i32.const 2048) (i32.const 0x61) (i32.const {length}))
         (i32.store8 (i32.const 2048) (i32.const 0x22))
         (i32.store8 (i32.add (i32.const 2047) (i32.const {length})) (i32.const 0x22))
         (i32.store (i32.const 36) (i32.const 2048)) (i32.store (i32.const 40) (i32.const {length}))
         (return (i32.const 32))"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_output_is_refused() {
    let fits = guest("", "", &long_answer(limits::ARTIFACT_BYTES_MAX));
    assert!(call(&fits, json!({})).await.is_ok());
    let bytes_max = limits::ARTIFACT_BYTES_MAX as u64;
    let over = guest("", "", &long_answer(limits::ARTIFACT_BYTES_MAX + 1));
    assert_eq!(containment(&over).await, Some(Containment::Output { bytes_max }));
    let far_over = guest("", "", &long_answer(limits::ARTIFACT_BYTES_MAX * 2));
    assert_eq!(containment(&far_over).await, Some(Containment::Output { bytes_max }));
}

const LOG: &str = r#"(import "octi:log/log@1.0.0" "log" (func $log (param i32 i32 i32 i32 i32)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_is_dropped_and_counted() {
    let body = "(loop $again
        (call $log (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 5000))))";
    let (result, usage) = raw(&guest("", LOG, body), 5_000).await;
    assert_eq!(result, Ok(()));
    assert_eq!((usage.log_lines, usage.log_dropped), (limits::GUEST_LOG_LINES_MAX, 4_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_that_are_too_long_use_up_the_lines_too() {
    // As many bytes as all lines may have, in a quarter of the lines.
    let length = limits::GUEST_LOG_LINE_BYTES_MAX * 4;
    let body = format!(
        "(loop $again
        (call $log (i32.const 4) (i32.const 1024) (i32.const {length}) (i32.const 0) (i32.const 0))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 300))))"
    );
    let (result, usage) = raw(&guest("", LOG, &body), 5_000).await;
    assert_eq!(result, Ok(()));
    assert_eq!((usage.log_lines, usage.log_dropped), (limits::GUEST_LOG_LINES_MAX / 4 + 1, 49));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_host_call_cannot_copy_everything() {
    let body = format!(
        "(drop (memory.grow 0 (i32.const 600)))
         (call $log (i32.const 4) (i32.const 1024) (i32.const {}) (i32.const 0) (i32.const 0))",
        limits::ARTIFACT_BYTES_MAX * 2
    );
    assert_eq!(containment(&guest("", LOG, &body)).await, Some(Containment::Quota));
}

const KV: &str = r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#;
const KV_GRANT: &str = "[capabilities]\nkv = { bytes_max = 1000 }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_host_calls_is_refused_and_then_stopped() {
    let body = "(loop $again (call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) (br $again))";
    assert_eq!(containment(&guest(KV_GRANT, KV, body)).await, Some(Containment::Quota));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_the_quota_is_a_value_for_the_guest() {
    // Crashes unless the call at 64 was refused with case 4, `quota`, of host-error (its byte is at 72).
    let body = format!(
        "(loop $again
           (call $delete (i32.const 1024) (i32.const 2) (i32.const 64))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (if (i32.and (i32.le_u (local.get $i) (i32.const {max})) (i32.load8_u (i32.const 64))) (then unreachable))
           (br_if $again (i32.le_u (local.get $i) (i32.const {max}))))
         (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 72)) (i32.const 4)) (then unreachable))",
        max = limits::GUEST_KV_CALLS_MAX
    );
    assert!(call(&guest(KV_GRANT, KV, &body), json!({})).await.is_ok());
}

const FS: &str = r#"(import "octi:fs/files@1.0.0" "root" (func $root (param i32 i32 i32)))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_files_are_bounded() {
    // Opens the root until it is refused; the number of refusals' case must be 4, `quota`.
    let fs = "[capabilities]\nfs = [{ root = 'workspace', access = 'read', reason = 'try' }]";
    let body = r#"(i32.store8 (i32.const 512) (i32.const 0x77))
        (loop $again
          (call $root (i32.const 1536) (i32.const 9) (i32.const 64))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (if (i32.gt_u (local.get $i) (i32.const 3000)) (then unreachable))
          (br_if $again (i32.eqz (i32.load8_u (i32.const 64)))))
        (if (i32.ne (i32.load8_u (i32.const 72)) (i32.const 4)) (then unreachable))
        (if (i32.ne (local.get $i) (i32.const MORE)) (then unreachable))"#;
    let body = body.replace("MORE", &(limits::GUEST_FILES_MAX + 1).to_string());
    let text =
        wat(FS, &body, "{}").replace("(data (i32.const 1024)", "(data (i32.const 1536) \"workspace\") (data (i32.const 1024)");
    let guest = generation(&host(), plugin(&manifest("acme/guest", "1.0.0", fs), &text));
    call(&guest, json!({})).await.expect("the guest saw the refusal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_places_wait_and_all_come_through() {
    let guest = generation(&host(), answering("acme/hello", "1.0.0", "{}"));
    let calls = (0..limits::PLUGIN_CALLS_MAX * 4).map(|_| call(&guest, json!({})));
    let outcomes = futures::future::join_all(calls).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[tokio::test]
async fn a_call_that_gets_no_place_in_time_is_told_so() {
    let guest = generation(&host(), answering("acme/hello", "1.0.0", "{}"));
    guest.ready().await.expect("it starts");
    let mut held = Vec::new();
    for _ in 0..limits::PLUGIN_CALLS_MAX {
        held.push(guest.place().await.expect("a place"));
    }
    assert_eq!(guest.place_within(Duration::from_millis(30)).await.err(), Some(Containment::Busy));
    drop(held);
    assert!(call(&guest, json!({})).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_ends_and_gives_its_place_back() {
    let guest = guest("", "", FOREVER);
    guest.ready().await.expect("it starts");
    for _ in 0..limits::PLUGIN_CALLS_MAX * 2 {
        let dropped = tokio::time::timeout(Duration::from_millis(15), call(&guest, json!({}))).await;
        assert!(dropped.is_err(), "the call runs for ever");
    }
    let held = tokio::time::timeout(Duration::from_secs(1), guest.place()).await;
    assert!(matches!(held, Ok(Ok(_))), "every dropped call gave its place back");
}

/// The same guest where an administrator set limits for it.
fn guest_with(set: PluginLimits, extra: &str, top: &str, body: &str) -> Arc<Generation> {
    let host = host_with([("acme/guest".to_owned(), set)]);
    generation(&host, plugin(&manifest("acme/guest", "1.0.0", extra), &wat(top, body, "{}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_manifest_asks_and_the_host_caps() {
    let asks = guest(
        "[limits]\nmemory_mb = 9999\ntime_ms = 999999999\ncpu_ms = 9999999\noutput_bytes = 999999999\nconcurrency = 999",
        "",
        "",
    );
    let most = *asks.budget();
    assert_eq!((most.memory_bytes, most.wall.as_millis()), (256 << 20, 600_000));
    assert_eq!((most.cpu_ms, most.output_bytes, most.concurrency), (60_000, limits::ARTIFACT_BYTES_MAX, 16));
    let modest = guest("[limits]\ncpu_ms = 50\noutput_bytes = 1", "", "");
    assert_eq!((modest.budget().cpu_ms, modest.budget().output_bytes), (50, 1));
    assert_eq!(containment(&modest).await, Some(Containment::Output { bytes_max: 1 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_can_ask_for_less_time_of_a_processor() {
    assert_eq!(containment(&guest("[limits]\ncpu_ms = 30", "", FOREVER)).await, Some(Containment::Cpu { ms_max: 30 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_overrides_the_manifest_both_ways() {
    let wants = "[limits]\ncpu_ms = 5000\nmemory_mb = 8";
    let set = PluginLimits { cpu_ms: Some(20), ..PluginLimits::default() };
    assert_eq!(containment(&guest_with(set, wants, "", FOREVER)).await, Some(Containment::Cpu { ms_max: 20 }));
    let set = PluginLimits { time_ms: Some(40), ..PluginLimits::default() };
    assert_eq!(containment(&guest_with(set, wants, "", FOREVER)).await, Some(Containment::Time { ms_max: 40 }));
    // 10 MiB more than the two pages it starts with.
    let grow = "(if (i32.eq (i32.const -1) (memory.grow 0 (i32.const 160))) (then unreachable))";
    assert_eq!(containment(&guest("[limits]\nmemory_mb = 8", "", grow)).await, Some(Containment::Memory { bytes_max: 8 << 20 }));
    let set = PluginLimits { memory_mb: Some(16), ..PluginLimits::default() };
    assert!(call(&guest_with(set, wants, "", grow), json!({})).await.is_ok());
    let set = PluginLimits { output_bytes: Some(1), ..PluginLimits::default() };
    assert_eq!(containment(&guest_with(set, wants, "", "")).await, Some(Containment::Output { bytes_max: 1 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_sets_what_host_calls_a_plugin_gets() {
    // Crashes unless the second call was refused with case 4, `quota`.
    let twice =
        "(call $delete (i32.const 1024) (i32.const 2) (i32.const 64)) (if (i32.load8_u (i32.const 64)) (then unreachable))
        (call $delete (i32.const 1024) (i32.const 2) (i32.const 64))
        (if (i32.ne (i32.load8_u (i32.const 72)) (i32.const 4)) (then unreachable))";
    let set = PluginLimits { kv_calls: Some(1), ..PluginLimits::default() };
    let guest = guest_with(set, KV_GRANT, KV, twice);
    let (result, usage) = raw(&guest, 5_000).await;
    assert_eq!(result, Ok(()));
    assert_eq!(usage.host_calls().collect::<Vec<_>>(), [("kv", 1)]);
    assert_eq!(usage.refused, 1);
    let log = "(call $log (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0))
        (call $log (i32.const 4) (i32.const 1024) (i32.const 2) (i32.const 0) (i32.const 0))";
    let set = PluginLimits { log_lines: Some(1), ..PluginLimits::default() };
    let (_, usage) = raw(&guest_with(set, "", LOG, log), 5_000).await;
    assert_eq!((usage.log_lines, usage.log_dropped), (1, 1));
    let set = PluginLimits { http_requests: Some(7), ..PluginLimits::default() };
    assert_eq!(guest_with(set, "", "", "").budget().calls[Charge::Http as usize], 7);
}

#[test]
fn a_full_table_of_resources_names_its_size_and_an_administrator_can_set_it() {
    for (set, max) in [(None, limits::GUEST_RESOURCES_MAX), (Some(1), 1)] {
        let set = PluginLimits { resources: set, ..PluginLimits::default() };
        let (budget, rights) = (Budget::of(Limits::default(), &set), Rights::new("acme/x".to_owned(), Default::default()));
        let mut state = CallState::of(Setup { caller: Caller::host("test"), grant: rights, services: None, budget });
        for number in 0..max {
            assert!(state.hold(number).is_ok(), "{number}");
        }
        let refused = state.hold(max);
        assert!(matches!(&refused, Err(HostError::Quota(quota)) if quota.limit == max as u64), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_sets_how_many_calls_run_at_once() {
    let set = PluginLimits { concurrency: Some(2), ..PluginLimits::default() };
    let guest = guest_with(set, "", "", "");
    guest.ready().await.expect("it starts");
    let held = [guest.place().await, guest.place().await];
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(guest.place_within(Duration::from_millis(20)).await.err(), Some(Containment::Busy));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_known_of_good_and_of_bad_calls() {
    let (good, usage) = raw(&guest("", "", "(drop (memory.grow 0 (i32.const 10)))"), 5_000).await;
    assert_eq!(good, Ok(()));
    assert_eq!((usage.bytes_in, usage.bytes_out, usage.memory_peak), (2, 2, 12 * 65_536));
    let times = usage.times;
    assert!(times.store > Duration::ZERO && times.instantiate > Duration::ZERO && times.guest > Duration::ZERO, "{times:?}");
    assert!(times.store + times.instantiate + times.guest + times.host <= times.total, "{times:?}");
    let (bad, usage) = raw(&guest("", "", "unreachable"), 5_000).await;
    assert_eq!(bad, Err(Containment::Trap));
    assert!(usage.memory_peak == 2 * 65_536 && usage.bytes_in == 2 && usage.bytes_out == 0, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copying_memory_without_end_is_paid_for() {
    let copy = "(drop (memory.grow 0 (i32.const 900)))
        (loop $again (memory.copy (i32.const 0) (i32.const 65536) (i32.const 50000000)) (br $again))";
    let guest = guest("", "", copy);
    guest.ready().await.expect("it starts");
    let start = Instant::now();
    let (result, _) = raw(&guest, 100).await;
    assert_eq!(result, Err(Containment::Cpu { ms_max: 100 }));
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

/// Compiles, links and starts a component that is no plugin.
async fn start_bare(component: &str) -> Result<(), String> {
    start_bare_on(&host(), component).await
}

pub(super) async fn start_bare_on(host: &Arc<Host>, component: &str) -> Result<(), String> {
    let code = wat::parse_str(component).expect("valid text format");
    let lane = host.runtime.lane(Class::Small).expect("an engine");
    let native = host
        .cache
        .component(lane, ("acme/guest", "bare"), move || Ok(code), |_| async { Ok(()) })
        .await
        .map_err(|error| error.to_string())?;
    let linked = native.link().map_err(|error| error.to_string())?;
    let setup = guest("", "", "").setup(Caller::host("test"), Duration::from_secs(5));
    linked.try_start(setup).await.0.map_err(|containment| containment.code().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_has_room_for_the_largest_call() {
    let host = host();
    let memories = "(memory 1)".repeat(limits::GUEST_MEMORIES_MAX);
    let tables = "(table 1 funcref)".repeat(limits::GUEST_TABLES_MAX);
    let others = "(core instance (instantiate $small))".repeat(limits::GUEST_INSTANCES_MAX - 1);
    let largest = format!(
        "(component (core module $large {memories} {tables}) (core module $small) (core instance (instantiate $large)) {others})"
    );
    let code = wat::parse_str(largest).expect("valid text format");
    let lane = host.runtime.lane(Class::Small).expect("an engine");
    let native =
        host.cache.component(lane, ("acme/guest", "largest"), move || Ok(code), |_| async { Ok(()) }).await.expect("it compiles");
    let linked = native.link().expect("it imports nothing");
    let guest = guest("", "", "");
    let mut held = Vec::new();
    for place in 1..=lane.pool_calls.expect("a pool") {
        let mut store = lane.store(guest.setup(Caller::host("test"), Duration::from_secs(5)));
        let started = linked.pre.instantiate_async(&mut store).await;
        assert!(started.is_ok(), "place {place}: {:?}", started.err());
        held.push(store);
    }
}

/// Takes that many random bytes while it starts.
fn random(bytes: u64) -> String {
    format!(
        r#"(component
          (import "wasi:random/random@0.2.6" (instance $random (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
          (core module $memory (memory (export "memory") 4)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
          (core instance $memory (instantiate $memory))
          (core func $take (canon lower (func $random "get-random-bytes")
            (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
          (core module $main (import "host" "take" (func $take (param i64 i32))) (func $start (call $take (i64.const {bytes}) (i32.const 16)))
            (start $start))
          (core instance (instantiate $main (with "host" (instance (export "take" (func $take)))))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_are_bounded() {
    assert_eq!(start_bare(&random(limits::GUEST_RANDOM_BYTES_MAX)).await, Ok(()));
    assert_eq!(start_bare(&random(limits::GUEST_RANDOM_BYTES_MAX + 1)).await, Err("quota".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn core_instances_and_tables_are_bounded() {
    let instances = |count| {
        let all = "(core instance (instantiate $m))".repeat(count);
        format!("(component (core module $m) {all})")
    };
    assert_eq!(start_bare(&instances(limits::GUEST_INSTANCES_MAX)).await, Ok(()));
    assert!(start_bare(&instances(limits::GUEST_INSTANCES_MAX + 1)).await.is_err());
    let tables = |count| {
        let all = "(table 1 funcref)".repeat(count);
        format!("(component (core module $m {all}) (core instance (instantiate $m)))")
    };
    assert_eq!(start_bare(&tables(limits::GUEST_TABLES_MAX)).await, Ok(()));
    assert!(start_bare(&tables(limits::GUEST_TABLES_MAX + 1)).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_elements_are_bounded() {
    let grow = "(loop $more (br_if $more (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000))))) unreachable";
    let text = wat("", grow, "{}").replace("(global $next", "(table $t 1 funcref) (global $next");
    let guest = generation(&host(), plugin(&manifest("acme/guest", "1.0.0", ""), &text));
    let elements_max = limits::GUEST_TABLE_ELEMENTS_MAX as u64;
    assert_eq!(containment(&guest).await, Some(Containment::Table { elements_max }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_guest_runs_on_the_big_engine_and_a_small_one_does_not_start_it() {
    let host = host();
    let small = generation(&host, answering("acme/small", "1.0.0", "{}"));
    call(&small, json!({})).await.expect("an answer");
    assert!(!host.runtime.has_big());
    // 100 MiB, which the small engine has no memories for.
    let grow = "(if (i32.eq (i32.const -1) (memory.grow 0 (i32.const 1600))) (then unreachable))";
    let big = generation(&host, plugin(&manifest("acme/big", "1.0.0", "[limits]\nmemory_mb = 128"), &wat("", grow, "{}")));
    call(&big, json!({})).await.expect("an answer");
    assert!(host.runtime.has_big());
    let greedy = "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow 0 (i32.const 16))))) unreachable";
    let greedy =
        generation(&host, plugin(&manifest("acme/greedy", "1.0.0", "[limits]\nmemory_mb = 256"), &wat("", greedy, "{}")));
    assert_eq!(containment(&greedy).await, Some(Containment::Memory { bytes_max: 256 << 20 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_starts_larger_than_it_may_be_is_told_what_to_ask_for() {
    let text = wat("", "", "{}").replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 1000)");
    let refused = |extra: &str| generation(&host(), plugin(&manifest("acme/guest", "1.0.0", extra), &text));
    let error = refused("[limits]\nmemory_mb = 32").ready().await.map(drop).expect_err("too large").to_string();
    assert!(error.contains("needs 63 MiB") && error.contains("gets 32 MiB") && error.contains("`limits.memory_mb`"), "{error}");
    assert!(refused("[limits]\nmemory_mb = 63").ready().await.is_ok());
}
