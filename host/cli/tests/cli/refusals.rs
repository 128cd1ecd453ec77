//! Registries that lie in every way they can, and what a person reads of each.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use octi_extension::manifest::SECTION;
use octi_registry::Digest;
use octi_registry::freshness::Freshness;
use octi_testkit::guests::{Guest, with_section};
use octi_testkit::shelf::{Shelf, key, now, plugin, release};

use crate::from_registries::shown;
use crate::support::Octi;

/// The registries of one host, each with `acme/weather` or what it passes off as that.
struct Shelves<'f> {
    folder: &'f Path,
    config: String,
}

impl Shelves<'_> {
    fn shelf(&mut self, name: &str) -> Shelf {
        let shelf = Shelf::new(&self.folder.join(name));
        self.config.push_str(&shelf.config(name));
        shelf
    }

    fn with_weather(&mut self, name: &str) -> Shelf {
        let mut shelf = self.shelf(name);
        shelf.publish(&weather("1.0.0"));
        shelf
    }
}

fn weather(version: &str) -> Vec<u8> {
    plugin("acme/weather", version, "", "{}")
}

/// A plugin for a contract that is still to come.
fn of_tomorrow() -> Vec<u8> {
    let manifest = r#"{"id":"acme/weather","version":"1.0.0","wit":"9.9","description":"Forecasts","moods":["sunny"]}"#;
    with_section(Guest::default().component(), SECTION, manifest.as_bytes())
}

/// A registry, and what is asked of it.
const LIES: [(&str, &str); 15] = [
    ("other-wasm", "acme/weather"),
    ("other-manifest", "acme/weather"),
    ("other-key", "acme/weather"),
    ("other-owner", "acme/weather"),
    ("expired", "acme/weather"),
    ("rolled-back", "acme/weather"),
    ("forked", "acme/weather"),
    ("revoked", "acme/weather"),
    ("yanked", "acme/weather"),
    ("tomorrow", "acme/weather"),
    ("empty", "acme/weather"),
    ("revoked", "acme/weather@3.0.0"),
    ("ours", "octi/shell"),
    ("nowhere", "acme/weather"),
    ("yanked", "Acme/Weather"),
];

#[test]
fn each_lie_of_a_registry_is_refused_in_words_of_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shelves = Shelves { folder: folder.path(), config: String::new() };
    // The registry's key signs whatever it likes, but the publisher signed something else.
    shelves.shelf("other-wasm").publish_changed(&weather("1.0.0"), |package| package.wasm = weather("6.6.6"));
    let changed = br#"{"id":"acme/weather","version":"1.0.0","wit":"1.0","description":"harmless"}"#;
    shelves.shelf("other-manifest").publish_changed(&weather("1.0.0"), |package| package.manifest = changed.to_vec());
    let mut damaged = shelves.shelf("damaged");
    let wasm = weather("1.0.0");
    damaged.publish(&wasm);
    fs::write(damaged.blob(Digest::of(&wasm)), b"something else").expect("a blob");
    let mut stolen = shelves.shelf("other-key");
    stolen.publisher = key(66);
    stolen.publish(&weather("1.0.0"));
    let mut forged = shelves.shelf("other-owner");
    forged.publish(&weather("1.0.0"));
    forged.key = key(67);
    forged.seal();
    let expired = shelves.with_weather("expired");
    let created = now() - TimeDelta::days(3);
    expired.seal_as(Freshness { sequence: 9, created, expires: created + TimeDelta::days(1) });
    let rolled_back = shelves.with_weather("rolled-back");
    let forked = shelves.with_weather("forked");
    shelves.with_weather("revoked").revoke(release("acme/weather", "1.0.0"), "it sells what it reads");
    shelves.with_weather("yanked").yank("acme/weather", "1.0.0", "it is always wrong");
    shelves.shelf("tomorrow").publish(&of_tomorrow());
    shelves.shelf("empty");
    shelves.shelf("ours").publish(&plugin("octi/shell", "9.0.0", "", "{}"));

    let mut octi = Octi::new();
    fs::write(octi.home.path().join("config.toml"), &shelves.config).expect("a file");
    let _server = octi.serve();
    let publisher = key(5).public().to_string();
    assert_eq!(octi.run(&["plugin", "trust", "add", "acme", &publisher]).code, Some(0));
    for registry in ["rolled-back", "forked"] {
        let said = octi.run(&["plugin", "review", "acme/weather", "--registry", registry]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let (created, sequence) = (now() - TimeDelta::minutes(30), rolled_back.sequence());
    let expires = created + TimeDelta::days(2);
    rolled_back.seal_as(Freshness { sequence: sequence - 1, created, expires });
    forked.seal_as(Freshness { sequence, created, expires });

    let mut told = String::new();
    for (registry, plugin) in LIES {
        let said = octi.run(&["plugin", "review", plugin, "--registry", registry]);
        assert_eq!(said.code, Some(1), "{registry}: {said:?}");
        writeln!(told, "{plugin} of {registry}\n{}", said.err).expect("a text");
    }
    // The file is fetched last, when a person has said yes.
    let said = octi.run(&["--json", "plugin", "review", "acme/weather", "--registry", "damaged"]);
    let offer: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let accept =
        ["plugin", "install", "acme/weather", "--registry", "damaged", "--accept", offer["package"].as_str().expect("a text")];
    let said = octi.run(&accept);
    assert_eq!(said.code, Some(1), "{said:?}");
    writeln!(told, "acme/weather of damaged\n{}", said.err).expect("a text");
    // One that is taken back can be installed by a person who insists, and is told why they should not.
    let said = octi.run(&["plugin", "review", "acme/weather@1.0.0", "--registry", "yanked"]);
    writeln!(told, "acme/weather@1.0.0 of yanked\n{}", said.out).expect("a text");
    let said = octi.run(&["plugin", "list"]);
    assert!(!said.out.contains("acme/"), "{said:?}");
    shown("refusals", &told);
}

#[test]
fn a_name_that_somebody_has_is_refused_and_one_like_it_is_warned_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shelves = Shelves { folder: folder.path(), config: String::new() };
    let mut shelf = shelves.shelf("main");
    shelf.publish(&plugin("acme/weather", "1.0.0", "", "{}"));
    shelf.publish(&plugin("acme/weathers", "1.0.0", "", "{}"));
    shelf.publish(&plugin("acne/weather", "1.0.0", "", "{}"));
    shelf.publish(&plugin("acme/shell", "1.0.0", "", "{}"));
    let mut octi = Octi::new();
    fs::write(octi.home.path().join("config.toml"), &shelves.config).expect("a file");
    let _server = octi.serve();
    assert_eq!(octi.run(&["plugin", "trust", "add", "acme", &shelf.publisher.public().to_string()]).code, Some(0));
    let review = |plugin: &str| -> serde_json::Value {
        serde_json::from_str(&octi.run(&["--json", "plugin", "review", plugin]).out).expect("JSON")
    };
    let package = |plugin: &str| review(plugin)["package"].as_str().expect("a text").to_owned();
    let said = octi.run(&["plugin", "install", "acme/weather", "--accept", &package("acme/weather")]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(review("acme/weather")["warnings"], serde_json::json!([]));
    assert_eq!(review("acme/weathers")["warnings"], serde_json::json!([]), "who holds the pinned key calls theirs as they like");
    assert_eq!(
        review("acne/weather")["warnings"],
        serde_json::json!(["its id is nearly that of `acme/weather`; make sure that it is the one you mean"])
    );
    assert_eq!(
        review("acme/shell")["warnings"],
        serde_json::json!(["its name is that of `octi/shell`, of another publisher; make sure that it is the one you mean"])
    );
    let said = octi.run(&["plugin", "install", "acme/shell", "--accept", &package("acme/shell")]);
    assert_eq!(said.code, Some(1), "{said:?}");
    shown("a_name_clash", &said.err);
}
