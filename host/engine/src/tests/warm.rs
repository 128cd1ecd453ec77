//! Instances that are made before they are needed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::plugin_limits::PluginLimits;
use octi_extension::tool::{Containment, ToolError};
use serde_json::json;
use wasmtime_wasi::WasiView as _;

use super::guests::{answering, call, context, generation, host_with, manifest, plugin, wat};
use crate::drain::Ending;
use crate::engine::Class;
use crate::generation::Generation;
use crate::instance::{Ended, Setup};
use crate::limits::Budget;
use crate::state::{CallState, Caller};

/// Crashes in an instance that was called before.
const ONCE: &str = "(if (i32.load8_u (i32.const 60000)) (then unreachable)) (i32.store8 (i32.const 60000) (i32.const 1))";

/// The plugin, two of whose instances an administrator wants ready.
fn kept_ready(file: Vec<u8>) -> Arc<Generation> {
    let limits = PluginLimits { warm: Some(2), ..PluginLimits::default() };
    generation(&host_with(BTreeMap::from([("acme/guest".to_owned(), limits)])), file)
}

fn guest(extra: &str, body: &str) -> Arc<Generation> {
    kept_ready(plugin(&manifest("acme/guest", "1.0.0", extra), &wat("", body, "{}")))
}

/// Waits until so many instances are there.
async fn filled(generation: &Generation, instances: usize) {
    let there = async {
        while generation.warm.len() < instances {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there).await.expect("instances are made");
}

/// A call in an instance that is there.
async fn in_a_warm_one(generation: &Generation, cpu_ms: u64) -> Ended<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut setup =
        generation.setup(Caller::of(context(folder.path().to_owned(), Duration::from_secs(20))), Duration::from_secs(20));
    setup.budget.cpu_ms = cpu_ms;
    let instance = generation.warm.take().expect("one is there");
    let ready = generation.ready().await.expect("it starts");
    let (result, usage) = ready.tool.as_ref().expect("a tool").call(setup, Some(instance), "run", &"{}".to_owned()).await;
    (result.map(drop), usage)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_waited_serves_one_call_and_another_takes_its_place() {
    let guest = guest("", ONCE);
    for _ in 0..6 {
        call(&guest, json!({})).await.expect("an instance that nobody called before");
        filled(&guest, 2).await;
    }
    let (result, usage) = in_a_warm_one(&guest, 1_000).await;
    assert_eq!((result, guest.warm.len()), (Ok(()), 1));
    assert!(usage.times.instantiate < Duration::from_millis(1) && usage.memory_peak > 0, "{usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_administrator_none_is_made() {
    let file = plugin(&manifest("acme/guest", "1.0.0", ""), &wat("", "", "{}"));
    let guest = generation(&host_with(BTreeMap::new()), file);
    call(&guest, json!({})).await.expect("an answer");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(guest.warm.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_in_an_instance_that_waited() {
    let forever = guest("", "(if (i32.eq (local.get $args_len) (i32.const 2)) (then (loop $again (br $again))))");
    call(&forever, json!({ "longer": true })).await.expect("an answer");
    filled(&forever, 2).await;
    // The engine's clock goes on meanwhile, and none of that is the call's.
    tokio::time::sleep(Duration::from_millis(60)).await;
    let (result, usage) = in_a_warm_one(&forever, 100).await;
    assert_eq!(result, Err(Containment::Cpu { ms_max: 100 }));
    assert!(usage.times.guest >= Duration::from_millis(100), "{usage:?}");

    let grow = "(if (i32.eq (local.get $args_len) (i32.const 2))
        (then (loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable))";
    let large = guest("[limits]\nmemory_mb = 8", grow);
    call(&large, json!({ "longer": true })).await.expect("an answer");
    filled(&large, 2).await;
    let (result, usage) = in_a_warm_one(&large, 1_000).await;
    assert_eq!(result, Err(Containment::Memory { bytes_max: 8 << 20 }));
    assert!(usage.memory_peak <= 8 << 20, "what its start took counts too: {usage:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_go_with_their_generation() {
    let guest = kept_ready(answering("acme/guest", "1.0.0", "{}"));
    call(&guest, json!({})).await.expect("an answer");
    filled(&guest, 2).await;
    guest.close(Ending::Replaced);
    assert_eq!(guest.warm.len(), 0);
    assert_eq!(call(&guest, json!({})).await.err(), Some(ToolError::Contained(Containment::Replaced)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(guest.warm.len(), 0, "no more are made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_bounds_those_of_all_plugins() {
    let guest = kept_ready(answering("acme/guest", "1.0.0", "{}"));
    let ready = guest.ready().await.expect("it starts");
    let places = &ready.tool.as_ref().expect("a tool").lane.warm;
    let others = places.clone().acquire_many_owned(places.available_permits() as u32 - 1).await.expect("places");
    call(&guest, json!({})).await.expect("an answer");
    filled(&guest, 1).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(guest.warm.len(), 1, "there is one place left");
    drop(others);
    call(&guest, json!({})).await.expect("an answer");
    filled(&guest, 2).await;
}

#[test]
fn what_asked_the_host_at_its_start_is_not_kept() {
    let (file, set) = (manifest("acme/guest", "1.0.0", ""), PluginLimits::default());
    let budget = Budget::of(file.limits, &set);
    let setup = || Setup::without_rights("test", &file, budget);
    let untouched = CallState::of(setup());
    assert!(!untouched.is_touched());
    let mut asked = CallState::of(setup());
    assert!(asked.ctx().table.is_empty());
    assert!(asked.is_touched(), "it has called into WASI");
    let mut left = CallState::of(setup());
    left.table.push(1_u8).expect("a place in the table");
    assert!(left.is_touched(), "it has left something with the host");
}

#[test]
fn a_class_has_places_for_them_beside_its_calls() {
    let runtime = crate::engine::Runtime::start().expect("an engine");
    let lane = runtime.lane(Class::Small).expect("the small engine");
    let calls = lane.places.available_permits();
    assert_eq!(lane.warm.available_permits(), calls / 8);
}
