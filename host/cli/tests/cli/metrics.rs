//! What a scrape of `/metrics` tells, and that no label leaves its bounds.

use std::collections::{BTreeMap, BTreeSet};

use octi_domain::telemetry::{ALL, Kind, Metric, Values};
use serde_json::Value;

use crate::support::Octi;

/// One line of the exposition.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').expect("a series and its value");
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').expect("labels end").split("\",").filter(|label| !label.is_empty());
    let pair = |label: &str| {
        let (name, value) = label.split_once("=\"").expect("a label and its value");
        (name.to_owned(), value.trim_end_matches('"').to_owned())
    };
    Sample { name: name.to_owned(), labels: labels.map(pair).collect(), value: value.parse().expect("a number") }
}

/// The metric that a series belongs to: histograms have three kinds of series.
fn metric_of(name: &str) -> &'static Metric {
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
    let known = |metric: &&Metric| metric.name == name || (metric.kind == Kind::Histogram && base == Some(metric.name));
    ALL.iter().find(known).unwrap_or_else(|| panic!("`{name}` is not in the list of metrics"))
}

/// What labels may hold on this host.
struct Bounds {
    plugins: BTreeSet<String>,
    tools: BTreeSet<String>,
    routes: BTreeSet<String>,
}

impl Bounds {
    fn of(octi: &Octi) -> Self {
        let json = |arguments: &[&str]| -> Value {
            let said = octi.run(arguments);
            serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
        };
        let plugins = json(&["--json", "plugin", "list"]);
        let plugins = plugins.as_array().expect("a list");
        let names = plugins.iter().flat_map(|plugin| plugin["tools"].as_array().expect("a list"));
        let operation = |name: &Value| name.as_str().and_then(|name| name.split_once("__")).map(|(_, tool)| tool.to_owned());
        let openapi = json(&["__reference", "openapi"]);
        let routes = openapi["paths"].as_object().expect("the routes").keys().cloned();
        Self {
            plugins: plugins.iter().filter_map(|plugin| plugin["id"].as_str().map(str::to_owned)).collect(),
            tools: names.filter_map(operation).chain(["role", "skill", "hook", "channel"].map(str::to_owned)).collect(),
            routes: routes.chain(["/gateway".to_owned(), "unknown".to_owned()]).collect(),
        }
    }

    fn check(&self, sample: &Sample) {
        let metric = metric_of(&sample.name);
        let own = sample.labels.iter().filter(|(name, _)| !(metric.kind == Kind::Histogram && *name == "le"));
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), metric.labels.len(), "{sample:?}");
        for (name, value) in own {
            let label = metric.labels.iter().find(|label| label.name == name).unwrap_or_else(|| panic!("{sample:?}"));
            let is_within = match label.values {
                Values::Words(words) => words.contains(&value.as_str()),
                Values::Plugin => self.plugins.contains(value),
                Values::Tool => self.tools.contains(value),
                Values::Route => self.routes.contains(value),
            };
            assert!(is_within, "`{name}` of {sample:?} is out of bounds");
        }
    }
}

async fn scrape(octi: &Octi, token: &str) -> reqwest::Response {
    let http = http();
    http.get(format!("{}/metrics", octi.url())).bearer_auth(token).send().await.expect("the server answers")
}

#[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
fn http() -> reqwest::Client {
    // The library brings no cryptography of its own; nothing here is encrypted, but it wants to have it.
    let _second = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().build().expect("a client")
}

#[tokio::test]
async fn a_scrape_holds_what_happened_and_nothing_without_bounds() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    assert_eq!(octi.run(&["plugin", "call", "tasks.list"]).code, Some(0));
    assert_eq!(octi.run(&["chat", "--yes", "write a file hello.md with a greeting and read it back"]).code, Some(0));
    let odd = http().request(reqwest::Method::from_bytes(b"BREW").expect("a method"), format!("{}/api/pot/7", octi.url()));
    assert!(odd.send().await.expect("an answer").status().is_client_error());
    assert_eq!(scrape(&octi, "octi_wrong").await.status(), 401);

    let token = std::fs::read_to_string(octi.home.path().join("local-token")).expect("the token");
    let answer = scrape(&octi, token.trim()).await;
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.expect("text");
    let samples: Vec<Sample> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect();
    let bounds = Bounds::of(&octi);
    samples.iter().for_each(|sample| bounds.check(sample));
    for metric in ALL.iter().filter(|metric| samples.iter().any(|sample| metric_of(&sample.name) == *metric)) {
        assert!(text.contains(&format!("# TYPE {} {}\n", metric.name, metric.kind.as_str())), "{}", metric.name);
        assert!(text.contains(&format!("# HELP {} {}\n", metric.name, metric.help)), "{}", metric.name);
    }
    let sum = |name: &str, labels: &[(&str, &str)]| -> f64 {
        let has = |sample: &&Sample| {
            sample.name == name && labels.iter().all(|(name, value)| sample.labels.get(*name).is_some_and(|own| own == value))
        };
        samples.iter().filter(has).map(|sample| sample.value).sum()
    };
    assert!(sum("octi_plugin_calls_total", &[("tool", "list"), ("outcome", "ok")]) >= 1.0, "{text}");
    assert!(sum("octi_plugin_calls_total", &[("tool", "write_file"), ("outcome", "ok")]) >= 1.0, "{text}");
    assert!(sum("octi_plugin_call_seconds_count", &[]) >= 3.0, "{text}");
    assert!(sum("octi_plugin_generations", &[]) >= 1.0, "{text}");
    assert!(sum("octi_plugin_pool_capacity", &[]) >= 1.0, "{text}");
    assert_eq!(sum("octi_runs_total", &[("status", "completed")]), 1.0, "{text}");
    assert_eq!(sum("octi_runs_active", &[]), 0.0, "{text}");
    assert!(sum("octi_model_calls_total", &[("outcome", "ok")]) >= 2.0, "{text}");
    assert!(sum("octi_model_tokens_total", &[("direction", "output")]) >= 1.0, "{text}");
    assert!(sum("octi_http_requests_total", &[("method", "other"), ("route", "unknown"), ("status", "4xx")]) >= 1.0, "{text}");
    assert!(sum("octi_http_requests_total", &[("route", "/metrics"), ("status", "4xx")]) >= 1.0, "{text}");
}
