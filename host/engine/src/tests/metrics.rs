//! What is counted, and that its labels stay within their bounds.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use octi_domain::limits;
use octi_domain::telemetry::{ALL, Kind, Values};
use octi_extension::tool::{Containment, ToolError};
use serde_json::json;

use super::guests::{answering, call, call_within, generation, host, manifest, plugin, wat};
use super::manager::{Home, answer};
use crate::quota::Charge;

/// The one recorder of this process; other tests may count too.
fn recorder() -> PrometheusHandle {
    static HANDLE: std::sync::OnceLock<PrometheusHandle> = std::sync::OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().expect("nothing else counts")).clone()
}

/// The value of a series, by the parts of its line.
fn value(text: &str, name: &str, labels: &[&str]) -> f64 {
    let is_it = |line: &&str| line.split(['{', ' ']).next() == Some(name) && labels.iter().all(|label| line.contains(label));
    let line = text.lines().find(is_it);
    line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_crashes_refusals_and_quotas_are_counted() {
    let handle = recorder();
    let host = host();
    let good = generation(&host, answering("count/good", "1.0.0", "{}"));
    let bad = generation(&host, plugin(&manifest("count/bad", "1.0.0", ""), &wat("", "unreachable", "{}")));
    let slow = generation(&host, plugin(&manifest("count/slow", "1.0.0", ""), &wat("", "(loop $again (br $again))", "{}")));
    let kv = r#"(import "octi:kv/store@1.0.0" "delete" (func $delete (param i32 i32 i32)))"#;
    let flood = format!(
        "(loop $again (call $delete (i32.const 1024) (i32.const 2) (i32.const 64))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.le_u (local.get $i) (i32.const {}))))",
        limits::GUEST_KV_CALLS_MAX + 1
    );
    let greedy_manifest = manifest("count/greedy", "1.0.0", "[capabilities]\nkv = { bytes_max = 1000 }");
    let greedy = generation(&host, plugin(&greedy_manifest, &wat(kv, &flood, "{}")));
    let revoked = generation(
        &host,
        plugin(&manifest("count/revoked", "1.0.0", "[capabilities]\nkv = { bytes_max = 1000 }"), &wat(kv, &flood, "{}")),
    );
    revoked.grant.revoke();
    for _ in 0..3 {
        call(&good, json!({})).await.expect("an answer");
    }
    assert!(call(&bad, json!({})).await.is_err());
    call(&greedy, json!({})).await.expect("the guest ignores refusals");
    call(&revoked, json!({})).await.expect("the guest ignores refusals");
    slow.ready().await.expect("it starts");
    let stopped = call_within(&slow, json!({}), Duration::from_millis(30)).await;
    assert_eq!(stopped.err(), Some(ToolError::Contained(Containment::Time { ms_max: 30 })));
    let dropped = tokio::time::timeout(Duration::from_millis(30), call(&slow, json!({}))).await;
    assert!(dropped.is_err());
    let text = handle.render();
    let calls = |plugin: &str, outcome: &str| {
        value(
            &text,
            "octi_plugin_calls_total",
            &[&format!("plugin=\"{plugin}\""), "tool=\"run\"", &format!("outcome=\"{outcome}\"")],
        )
    };
    assert_eq!((calls("count/good", "ok"), calls("count/bad", "trap")), (3.0, 1.0), "{text}");
    assert_eq!((calls("count/slow", "time_limit"), calls("count/slow", "cancelled")), (1.0, 1.0));
    assert_eq!(value(&text, "octi_plugin_traps_total", &["count/bad", "code=\"trap\""]), 1.0);
    assert_eq!(value(&text, "octi_plugin_quota_exhausted_total", &["count/greedy", "capability=\"kv\""]), 2.0);
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let every = limits::GUEST_KV_CALLS_MAX as f64;
    assert_eq!(value(&text, "octi_plugin_denials_total", &["count/revoked", "capability=\"kv\""]), every);
    assert_eq!(value(&text, "octi_plugin_generations", &["count/good"]), 1.0);
    drop(good);
    assert_eq!(value(&handle.render(), "octi_plugin_generations", &["count/good"]), 0.0, "what is dropped is not counted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_and_the_pool_are_counted() {
    let handle = recorder();
    let home = Home::new();
    let manager = home.start(vec![]).await;
    let before = handle.render();
    manager.install(answer(1), "hello.wasm").await.expect("installed");
    manager.install(answer(2), "hello.wasm").await.expect("installed");
    assert!(manager.install(b"broken".to_vec(), "hello.wasm").await.is_err());
    manager.rollback("acme/hello").await.expect("rolled back");
    manager.sample_metrics();
    let after = handle.render();
    let more = |result: &str| {
        let label = format!("result=\"{result}\"");
        value(&after, "octi_plugin_swaps_total", &[&label]) - value(&before, "octi_plugin_swaps_total", &[&label])
    };
    assert!(more("ok") >= 2.0 && more("refused") >= 1.0 && more("rolled_back") >= 1.0, "{after}");
    assert_eq!(value(&after, "octi_plugin_pool_capacity", &[]), 128.0);
    assert!(value(&after, "octi_plugin_cache_total", &["miss"]) >= 2.0);
    let probes = manager.probes();
    assert_eq!(value(&after, "octi_engine_probe", &["pagemap_scan"]), f64::from(u8::from(probes.pagemap_scan)));
    assert_eq!(value(&after, "octi_engine_probe", &["overcommit"]), f64::from(probes.overcommit.expect("Linux tells")));
    manager.shutdown().await;
}

/// Every way a call can end is a word of the metric's label.
#[test]
fn the_outcomes_are_the_words_of_the_label() {
    let words = |metric: &str, label: &str| {
        let metric = ALL.iter().find(|known| known.name == metric).expect("the metric");
        match metric.labels.iter().find(|known| known.name == label).expect("the label").values {
            Values::Words(words) => words.to_vec(),
            other => panic!("{other:?}"),
        }
    };
    let contained = Containment::ALL.map(Containment::code);
    assert_eq!(words("octi_plugin_traps_total", "code"), contained);
    let text = String::new;
    let errors = [
        ToolError::BadInput(text()),
        ToolError::Failed(text()),
        ToolError::NeedsUser(text()),
        ToolError::Unavailable(text()),
        ToolError::Internal(text()),
    ];
    let errors: Vec<&str> = errors.iter().map(ToolError::code).collect();
    let expected: Vec<&str> = ["ok"].into_iter().chain(errors).chain(contained).collect();
    assert_eq!(words("octi_plugin_calls_total", "outcome"), expected);
    assert!(ALL.iter().any(|metric| metric.kind == Kind::Gauge));
    for metric in ["octi_plugin_denials_total", "octi_plugin_quota_exhausted_total"] {
        assert_eq!(words(metric, "capability"), Charge::ALL.map(Charge::capability));
    }
}
