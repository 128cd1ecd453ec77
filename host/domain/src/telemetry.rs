//! Every metric of the host: its name, what it tells, and what its labels may hold.
//!
//! Labels are bounded, because each combination is a series that somebody stores: a word of a closed list, an installed
//! plugin, one of its tools, or the template of a route. Never a person, a file, a model or a text.

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub help: &'static str,
    pub labels: &'static [Label],
}

/// How a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// The value of this moment.
    Gauge,
    /// How many observations were how large.
    Histogram,
}

impl Kind {
    /// The word for it in the exposition format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    pub name: &'static str,
    pub values: Values,
}

/// What a label may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these words.
    Words(&'static [&'static str]),
    /// The id of an installed plugin.
    Plugin,
    /// A tool or role of that plugin.
    Tool,
    /// The template of a route, or `unknown`.
    Route,
}

/// Upper bounds of the buckets of every histogram, in seconds: from one call of a small plugin to a compilation.
pub const BUCKETS_SECONDS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0];

/// `ok` and the codes of `octi_extension::tool::ToolError`; those of its `Containment` come last.
const OUTCOMES: &[&str] = &[
    "ok",
    "bad_input",
    "failed",
    "needs_user",
    "unavailable",
    "internal",
    "cpu_limit",
    "time_limit",
    "memory_limit",
    "table_limit",
    "stack_limit",
    "trap",
    "output_limit",
    "quota",
    "busy",
    "cancelled",
    "replaced",
    "removed",
];
/// Words of [`OUTCOMES`] before the first of [`CONTAINED`].
const NOT_CONTAINED: usize = 6;
/// The codes of `octi_extension::tool::Containment`.
const CONTAINED: &[&str] = OUTCOMES.split_at(NOT_CONTAINED).1;
const CAPABILITIES: &[&str] = &["fs", "kv", "shell", "http", "http_chunk", "artifacts", "artifact_chunk", "ask", "llm"];
const SWAPS: &[&str] = &["ok", "refused", "rolled_back", "auto_rolled_back", "removed", "quarantined"];
const MODEL_OUTCOMES: &[&str] = &[
    "ok",
    "auth",
    "context_length",
    "rate_limited",
    "overloaded",
    "unavailable",
    "bad_request",
    "timeout",
    "cancelled",
    "protocol",
    "too_large",
];
const RUN_ENDS: &[&str] = &["completed", "failed", "stopped", "interrupted"];
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"];
const STATUSES: &[&str] = &["1xx", "2xx", "3xx", "4xx", "5xx"];

const PLUGIN: Label = Label { name: "plugin", values: Values::Plugin };

const fn words(name: &'static str, words: &'static [&'static str]) -> Label {
    Label { name, values: Values::Words(words) }
}

const PROBED: &[&str] = &["pagemap_scan", "address_space_bytes_max", "mappings_max", "overcommit", "cgroup_memory_bytes_max"];

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal { $($label:expr),* } $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Metric = Metric { name: $name, kind: Kind::$kind, help: $help, labels: &[$($label),*] };
        )*
        /// All of them, in the order of the reference page.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

metrics! {
    PLUGIN_CALLS = Counter "octi_plugin_calls_total" { PLUGIN, Label { name: "tool", values: Values::Tool }, words("outcome", OUTCOMES) }
        "Calls of plugins that ended, by how.";
    PLUGIN_CALL_SECONDS = Histogram "octi_plugin_call_seconds" { PLUGIN }
        "Time of a plugin's call, waiting for its place included.";
    PLUGIN_TRAPS = Counter "octi_plugin_traps_total" { PLUGIN, words("code", CONTAINED) }
        "Calls that the sandbox ended, by why.";
    PLUGIN_DENIALS = Counter "octi_plugin_denials_total" { PLUGIN, words("capability", CAPABILITIES) }
        "Host calls refused because nothing grants them.";
    PLUGIN_QUOTAS = Counter "octi_plugin_quota_exhausted_total" { PLUGIN, words("capability", CAPABILITIES) }
        "Host calls refused because the call had used up its quota.";
    PLUGIN_ACTIVE = Gauge "octi_plugin_calls_active" {}
        "Calls of plugins that run or wait for a place.";
    POOL_IN_USE = Gauge "octi_plugin_pool_in_use" {}
        "Places for running instances that are taken.";
    POOL_CAPACITY = Gauge "octi_plugin_pool_capacity" {}
        "Places for running instances.";
    PROBES = Gauge "octi_engine_probe" { words("probe", PROBED) }
        "What the machine gives the engine, as found at the start; what is unlimited or unknown has no value.";
    GENERATIONS = Gauge "octi_plugin_generations" { PLUGIN }
        "Generations of a plugin whose code this host holds.";
    WARM = Gauge "octi_plugin_warm_instances" { PLUGIN }
        "Instances of a plugin that were made before they are needed.";
    SWAPS_TOTAL = Counter "octi_plugin_swaps_total" { words("result", SWAPS) }
        "Changes of what runs, and refusals to change it.";
    DRAIN_SECONDS = Histogram "octi_plugin_drain_seconds" {}
        "Time from a generation's replacement to the end of its last user.";
    COMPILE_SECONDS = Histogram "octi_plugin_compile_seconds" {}
        "Time to compile a plugin.";
    READY_SECONDS = Histogram "octi_plugin_ready_seconds" {}
        "Time until a plugin's code can be called: loaded from the cache, or compiled and tried, and linked.";
    CACHE = Counter "octi_plugin_cache_total" { words("result", &["hit", "miss"]) }
        "Compiled plugins asked from the cache.";
    RUNS = Counter "octi_runs_total" { words("status", RUN_ENDS) }
        "Turns of agents that ended, by how.";
    RUNS_ACTIVE = Gauge "octi_runs_active" {}
        "Turns of agents that run.";
    HOOK_ANSWERS = Counter "octi_hook_answers_total" { PLUGIN, words("outcome", &["go_on", "blocked", "rewrote", "failed"]) }
        "Answers of hooks before calls; one that failed refused its call.";
    HOOK_DROPPED = Counter "octi_hook_events_dropped_total" {}
        "Events that no hook was told of, because too many waited.";
    MODEL_CALLS = Counter "octi_model_calls_total" { words("outcome", MODEL_OUTCOMES) }
        "Calls of models that ended, by how.";
    MODEL_TOKENS = Counter "octi_model_tokens_total" { words("direction", &["input", "output"]) }
        "Tokens of model calls, estimated where the provider reports none.";
    HTTP_REQUESTS = Counter "octi_http_requests_total" { words("method", METHODS), Label { name: "route", values: Values::Route }, words("status", STATUSES) }
        "HTTP requests answered.";
    HTTP_SECONDS = Histogram "octi_http_request_seconds" {}
        "Time to answer an HTTP request.";
    WEBSOCKETS = Gauge "octi_websocket_connections" {}
        "WebSocket connections of signed-in people.";
}

/// The reference page of all metrics.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\nWritten by `cargo xtask codegen` from `host/domain/src/telemetry.rs`.\n\n\
         `GET /metrics` answers in the text format of Prometheus, to administrators only.\n\n\
         | metric | kind | labels | what it tells |\n| --- | --- | --- | --- |\n",
    );
    for metric in ALL {
        let labels: Vec<String> =
            metric.labels.iter().map(|label| format!("`{}`: {}", label.name, values(label.values))).collect();
        page.push_str(&format!("| `{}` | {} | {} | {} |\n", metric.name, metric.kind.as_str(), labels.join("; "), metric.help));
    }
    page
}

fn values(values: Values) -> String {
    match values {
        Values::Words(words) => words.join(", "),
        Values::Plugin => "an installed plugin".to_owned(),
        Values::Tool => "one of its tools, or `role`, `skill`, `hook` or `channel`".to_owned(),
        Values::Route => "a route's template, or `unknown`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_their_kind() {
        let names: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            assert!(metric.name.starts_with("octi_"), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Histogram, metric.name.ends_with("_seconds"), "{}", metric.name);
        }
    }

    #[test]
    fn no_label_is_about_a_person_or_a_text() {
        let names: BTreeSet<&str> = ALL.iter().flat_map(|metric| metric.labels).map(|label| label.name).collect();
        let known =
            ["capability", "code", "direction", "method", "outcome", "plugin", "probe", "result", "route", "status", "tool"];
        assert_eq!(names, BTreeSet::from(known), "a new label needs a bound: see the top of this file");
    }

    #[test]
    fn every_metric_is_on_the_page() {
        let page = reference();
        assert!(ALL.iter().all(|metric| page.contains(metric.name)));
    }
}
