//! Plugins of a registry: reviewed, installed, upgraded, locked, revoked, while a server runs.

use std::fs;
use std::path::PathBuf;

use octi_testkit::shelf::{Shelf, plugin, release};
use serde_json::Value;

use crate::support::{Octi, Said, Server, until};
use crate::terminal::Terminal;

const NETWORK: &str = "[capabilities]\nhttp = [{ host = 'api.weather.example', methods = ['GET'], reason = 'read forecasts' }]";
const MORE: &str = "[capabilities]\nhttp = [{ host = 'api.weather.example', methods = ['GET', 'POST'], reason = 'read forecasts' }]\n\
                    fs = [{ root = 'workspace', access = 'read', reason = 'where you live' }]";

/// An installation beside a registry that it knows as `main`.
struct World {
    octi: Octi,
    shelf: Shelf,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::new(&folder.path().join("main"));
        let octi = Octi::new();
        fs::write(octi.home.path().join("config.toml"), shelf.config("main")).expect("a file");
        Self { octi, shelf, folder }
    }

    /// The same with a server, a publisher whose key is pinned, and `acme/weather` 1.0.0 on the registry.
    fn serving() -> (Self, Server) {
        let mut world = Self::new();
        let server = world.octi.serve();
        let key = world.shelf.publisher.public().to_string();
        let said = world.octi.run(&["plugin", "trust", "add", "acme", &key]);
        assert_eq!(said.code, Some(0), "{said:?}");
        world.publish("1.0.0", NETWORK);
        (world, server)
    }

    fn publish(&mut self, version: &str, extra: &str) {
        let answer = format!(r#"{{"version":"{version}"}}"#);
        self.shelf.publish(&plugin("acme/weather", version, extra, &answer));
    }

    /// The digest by which a script accepts what is offered now.
    fn reviewed(&self, plugin: &str) -> String {
        let said = self.octi.run(&["--json", "plugin", "review", plugin]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let offer: Value = serde_json::from_str(&said.out).expect("JSON");
        offer["package"].as_str().expect("a digest").to_owned()
    }

    fn install(&self, plugin: &str) {
        let said = self.octi.run(&["plugin", "install", plugin, "--accept", &self.reviewed(plugin)]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    fn listed(&self) -> String {
        let said = self.octi.run(&["plugin", "list"]);
        let lines = said.out.lines().filter(|line| line.starts_with("acme/"));
        let lines: Vec<String> = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        format!("{}\n{}", lines.join("\n"), said.err)
    }

    /// The version that answers.
    fn answers(&self) -> Said {
        self.octi.run(&["plugin", "call", "weather.run", "{}", "--yes"])
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.octi.home.path().join("plugins.lock")).unwrap_or_default()
    }
}

/// Compares what a person reads, without what is another at each run.
pub(crate) fn shown(name: &str, text: &str) {
    let filters = vec![
        (r"\b[0-9a-f]{64}\b", "…"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<id>"),
        (r"ed25519:[A-Za-z0-9+/=]{44}", "ed25519:…"),
        (r"\b[0-9a-f]{32}\b", "<key id>"),
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(Z| UTC)?", "<time>"),
        (r"/[^ `']*/\.tmp[A-Za-z0-9]+", "<folder>"),
        (r"[0-9]+(\.[0-9]+)? (B|KiB)\b", "<size>"),
    ];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(name, text) });
}

#[test]
fn a_plugin_is_reviewed_installed_locked_upgraded_and_revoked() {
    let (mut world, _server) = World::serving();
    let refused = world.octi.run(&["plugin", "install", "acme/weather"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    shown("a_first_review", &refused.err);

    world.install("acme/weather");
    assert!(world.answers().out.contains("1.0.0"), "{:?}", world.answers());
    assert!(world.listed().contains("acme/weather 1.0.0 main"), "{}", world.listed());
    shown("a_lock_file", &world.lock());

    // Nothing more is asked for, so nobody is asked.
    world.publish("1.1.0", NETWORK);
    let said = world.octi.run(&["plugin", "upgrade", "--all"]);
    assert!(said.code == Some(0) && said.err.contains("installed acme/weather 1.1.0"), "{said:?}");
    assert!(world.answers().out.contains("1.1.0"), "{:?}", world.answers());

    // More is asked for, so a person is.
    world.publish("1.2.0", MORE);
    let refused = world.octi.run(&["plugin", "upgrade", "acme/weather"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    shown("a_review_of_more", &refused.err);
    assert!(world.answers().out.contains("1.1.0"), "{:?}", world.answers());
    world.install("acme/weather");
    assert!(world.lock().contains("1.2.0"), "{}", world.lock());

    world.shelf.revoke(release("acme/weather", "1.2.0"), "it sells where you live");
    let said = world.octi.run(&["plugin", "registries", "--refresh"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let listed = world.listed();
    assert!(listed.contains("acme/weather 1.2.0 main") && listed.contains("revoked"), "{listed}");
    assert!(
        listed.contains("registry `main` revoked it: it sells where you live; `octi plugin upgrade acme/weather`"),
        "{listed}"
    );
    let refused = world.answers();
    assert!(refused.code != Some(0) && !refused.out.contains("1.2.0"), "{refused:?}");
}

#[test]
fn what_was_revoked_stays_so_without_the_registry_and_an_upgrade_is_the_way_back() {
    let (mut world, server) = World::serving();
    world.install("acme/weather");
    world.shelf.revoke(release("acme/weather", "1.0.0"), "it is broken");
    // The server looks every 40 seconds, and when it starts.
    server.kill();
    let server = world.octi.serve();
    until("the revocation is seen", || world.listed().contains("revoked"));
    server.kill();
    let away = world.folder.path().join("away");
    fs::rename(world.folder.path().join("main"), &away).expect("moved");
    let _server = world.octi.serve();
    assert!(world.listed().contains("registry `main` revoked it: it is broken"), "{}", world.listed());
    let file = world.octi.home.path().join("plugins/acme.weather.wasm");
    let said = world.octi.run(&["plugin", "install", &file.display().to_string()]);
    assert!(said.code == Some(1) && said.err.contains("it is broken"), "{said:?}");

    fs::rename(away, world.folder.path().join("main")).expect("moved");
    world.publish("1.0.1", NETWORK);
    let said = world.octi.run(&["plugin", "upgrade", "acme/weather"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(world.answers().out.contains("1.0.1") && !world.listed().contains("revoked"), "{}", world.listed());
    let said = world.octi.run(&["plugin", "rollback", "acme/weather"]);
    assert!(said.code == Some(1) && said.err.contains("it is broken"), "{said:?}");
}

#[test]
fn another_host_installs_exactly_what_a_lock_file_names() {
    let (mut world, _server) = World::serving();
    world.install("acme/weather");
    let lock = world.octi.home.path().join("plugins.lock");
    // The other host has never heard of the publisher, and the registry has something newer.
    world.publish("2.0.0", MORE);
    let mut other = Octi::new();
    fs::write(other.home.path().join("config.toml"), world.shelf.config("main")).expect("a file");
    let _other = other.serve();
    let install = ["plugin", "install", "--locked", "--lock"].map(str::to_owned);
    let install: Vec<String> = install.into_iter().chain([lock.display().to_string()]).collect();
    let install: Vec<&str> = install.iter().map(String::as_str).collect();
    let said = other.run(&install);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(fs::read_to_string(other.home.path().join("plugins.lock")).expect("written"), world.lock());
    // Again is nothing new.
    assert_eq!(other.run(&install).code, Some(0));
    assert!(!fs::read_to_string(other.home.path().join("plugins.lock")).expect("written").contains("2.0.0"));

    // Somebody publishes other bytes under the version that is locked.
    assert_eq!(other.run(&["plugin", "remove", "acme/weather"]).code, Some(0));
    world.shelf.publish(&plugin("acme/weather", "1.0.0", NETWORK, r#"{"version":"evil"}"#));
    let said = other.run(&install);
    assert_eq!(said.code, Some(1), "{said:?}");
    shown("not_as_locked", &said.err);
}

#[test]
fn a_script_says_yes_only_to_what_somebody_saw() {
    let (mut world, _server) = World::serving();
    let said = world.octi.run(&["plugin", "install", "acme/weather", "--yes"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    shown("yes_to_anything", &said.err);
    let seen = world.reviewed("acme/weather");
    world.publish("1.0.1", MORE);
    let said = world.octi.run(&["plugin", "install", "acme/weather", "--accept", &seen]);
    assert_eq!(said.code, Some(1), "{said:?}");
    shown("accepted_another", &said.err);
    let said = world.octi.run(&["plugin", "install", "acme/weather@1.0.0", "--yes", "--accept", &seen]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn the_server_itself_wants_a_review_whatever_a_client_says() {
    let (mut world, _server) = World::serving();
    let token = world.octi.token();
    let offered = |world: &World| {
        let (status, offer) = world.octi.request("POST /api/plugin-offers", &token, r#"{"plugin":"acme/weather"}"#);
        assert_eq!(status, 201, "{offer}");
        let text = |field: &str| offer[field].as_str().expect("a text").to_owned();
        (text("id"), text("package"))
    };
    let accepted = |world: &World, id: &str, package: &str, reviewed: bool| {
        let body = format!(r#"{{"package":"{package}","reviewed":{reviewed}}}"#);
        world.octi.request(&format!("POST /api/plugin-offers/{id}/accept"), &token, &body)
    };
    let mut told = String::new();
    let mut tell = |(status, answer): (u16, Value)| {
        told.push_str(&format!(
            "{status} {}\n{}\n",
            answer["error"]["code"],
            answer["error"]["message"].as_str().expect("a text")
        ));
    };
    let (id, package) = offered(&world);
    tell(accepted(&world, &id, &package, false));
    tell(accepted(&world, &id, &format!("sha256:{}", "0".repeat(64)), true));
    tell(accepted(&world, &id, "latest", true));
    assert_eq!(accepted(&world, &id, &package, true).0, 200);
    // One yes is for one installation.
    tell(accepted(&world, &id, &package, true));
    world.publish("2.0.0", MORE);
    let (id, package) = offered(&world);
    tell(accepted(&world, &id, &package, false));
    // While the person reads, something else becomes the newest.
    world.publish("2.0.1", MORE);
    tell(accepted(&world, &id, &package, true));
    tell(world.octi.request("POST /api/plugin-offers", &token, r#"{"plugin":"Acme/Weather"}"#));
    assert!(world.listed().contains("acme/weather 1.0.0"), "{}", world.listed());
    shown("what_the_server_refuses", &told);
}

#[test]
fn a_publisher_whose_key_is_forgotten_is_met_again() {
    let (mut world, _server) = World::serving();
    world.install("acme/weather");
    let said = world.octi.run(&["plugin", "trust", "list"]);
    assert!(said.out.contains("acme") && said.out.contains("pinned"), "{said:?}");
    assert_eq!(world.octi.run(&["plugin", "trust", "remove", "acme"]).code, Some(0));
    world.publish("1.0.1", NETWORK);
    let seen = world.reviewed("acme/weather");
    let said = world.octi.run(&["plugin", "upgrade", "acme/weather", "--accept", &seen]);
    assert_eq!(said.code, Some(1), "{said:?}");
    shown("an_unknown_publisher", &said.err);
    assert!(world.answers().out.contains("1.0.0"), "{:?}", world.answers());
    let (first, second) = (world.shelf.publisher.public().to_string(), world.shelf.key.public().to_string());
    let said = world.octi.run(&["plugin", "trust", "add", "acme", &first]);
    assert!(said.code == Some(0) && !said.err.contains("took the place"), "{said:?}");
    let said = world.octi.run(&["plugin", "trust", "add", "acme", &second]);
    assert!(said.err.contains(&format!("it took the place of {first}")), "{said:?}");
    assert!(said.err.contains(&format!("`octi plugin trust add acme {first}` takes it back")), "{said:?}");
    let said = world.octi.run(&["plugin", "trust", "add", "octi", &first]);
    assert!(said.code == Some(1) && said.err.contains("stands for what is inside of octi"), "{said:?}");
}

#[test]
fn a_person_at_a_terminal_says_whose_the_key_is_and_then_yes() {
    let mut world = World::new();
    let _server = world.octi.serve();
    world.publish("1.0.0", NETWORK);
    for (answers, ends) in
        [(["n", ""], "nothing was installed"), (["y", "n"], "nothing was installed"), (["y", "y"], "installed")]
    {
        let mut terminal = Terminal::start(&world.octi, &["plugin", "install", "acme/weather"], 120, 40);
        terminal.shows("nothing is known of its publisher; does ed25519:");
        terminal.press(&format!("{}\r", answers[0]));
        if !answers[1].is_empty() {
            terminal.shows("install it? [y/N]");
            terminal.press(&format!("{}\r", answers[1]));
        }
        terminal.shows(ends);
    }
    until("it answers", || world.answers().out.contains("1.0.0"));
    let said = world.octi.run(&["plugin", "trust", "list"]);
    assert!(said.out.contains("acme") && said.out.contains("first use") && said.out.contains("registry main"), "{said:?}");
}

#[test]
fn a_person_finds_what_there_is_and_what_is_newer() {
    let (mut world, _server) = World::serving();
    world.shelf.publish(&plugin("acme/calendar", "0.3.0", "", "{}"));
    let said = world.octi.run(&["plugin", "list", "--available"]);
    shown("what_there_is", &said.out);
    world.install("acme/weather");
    assert!(world.octi.run(&["plugin", "outdated"]).err.contains("nothing that is installed has a newer version"));
    world.publish("1.5.0", NETWORK);
    let said = world.octi.run(&["plugin", "outdated"]);
    assert!(said.out.contains("acme/weather") && said.out.contains("1.5.0") && !said.out.contains("calendar"), "{said:?}");
    let said = world.octi.run(&["plugin", "list", "--available", "--search", "CALEN"]);
    assert!(said.out.contains("calendar") && !said.out.contains("weather"), "{said:?}");
}

#[test]
fn a_registry_that_cannot_be_asked_is_told_where_a_person_looks() {
    let mut world = World::new();
    fs::remove_dir_all(world.folder.path().join("main")).expect("removed");
    let _server = world.octi.serve();
    until("the registry is missed", || world.octi.run(&["plugin", "registries"]).err.contains("warning: main: "));
    let (status, health) = world.octi.request("GET /api/health/detailed", &world.octi.token(), "");
    let part = health["parts"].as_array().and_then(|parts| parts.iter().find(|part| part["name"] == "registries"));
    assert!(status == 200 && part.is_some_and(|part| part["status"] == "degraded"), "{health}");
    let said = world.octi.run(&["doctor"]);
    assert!(said.out.contains("registries") && said.out.contains("main: "), "{said:?}");
}

#[test]
fn a_registry_is_set_up_with_words_that_help() {
    let octi = Octi::new();
    let config = |text: &str| fs::write(octi.home.path().join("config.toml"), text).expect("a file");
    let mut told = String::new();
    for text in [
        "[registries.main]\nkeys = ['x']",
        "[registries.main]\nlocation = 'plugins'\nkeys = ['x']",
        "[registries.main]\nlocation = '/srv/plugins'\nkeys = []",
        "[registries.main]\nlocation = '/srv/plugins'\nkeys = ['x']",
        "[registries.Main]\nlocation = '/srv/plugins'\nkeys = ['x']",
        "[registries.main]\nlocation = '/srv/plugins'\nkeys = ['x']\nurl = 'x'",
    ] {
        config(text);
        let said = octi.run(&["plugin", "registries"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        told.push_str(&format!("{text}\n\n{}\n", said.err));
    }
    let home: PathBuf = octi.home.path().into();
    shown("what_is_wrong_with_a_registry", &told.replace(&home.display().to_string(), "<home>"));
}
