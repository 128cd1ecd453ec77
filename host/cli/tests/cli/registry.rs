//! A publisher, the owner of a registry and somebody who looks for a plugin, in a folder and in a real registry.
#![expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::support::{Octi, Said};

const ROLE: &str = "id = 'acme/pirate'\nversion = '0.1.0'\nwit = '1.0'\ndescription = 'Talks like a pirate.'\nkinds = ['role']\n\
                    [role]\nname = 'pirate'\npurpose = 'amuse'\ntools = ['*']\n";

/// One machine with a signed plugin, and a registry somewhere.
struct World {
    octi: Octi,
    registry: String,
}

impl World {
    fn new(registry: Option<String>) -> Self {
        let octi = Octi::new();
        let registry = registry.unwrap_or_else(|| octi.home.path().join("plugins").display().to_string());
        let world = Self { octi, registry };
        fs::create_dir(world.path("pirate")).expect("a folder");
        fs::write(world.path("pirate/prompt.md"), "You are a pirate.").expect("a file");
        world.version("0.1.0");
        world.fine("plugin key new");
        world
    }

    fn path(&self, below: &str) -> String {
        self.octi.home.path().join(below).display().to_string()
    }

    /// The plugin in another version, built and with a bill of materials.
    fn version(&self, version: &str) {
        fs::write(self.path("pirate/plugin.toml"), ROLE.replace("0.1.0", version)).expect("a file");
        self.fine("plugin build HOME/pirate");
        self.fine("plugin sbom HOME/pirate");
    }

    /// Runs a command line; `REGISTRY` is the place, `HOME` the home folder, `FILE` the plugin's file, `~` a space.
    fn run(&self, line: &str) -> Said {
        let real = |word: &str| {
            let file = self.path("pirate/pirate.wasm");
            word.replace("REGISTRY", &self.registry).replace("FILE", &file).replace("HOME", &self.path(""))
        };
        let words: Vec<String> = line.split(' ').map(|word| real(word).replace('~', " ")).collect();
        self.octi.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn fine(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, Some(0), "{line}: {said:?}");
        said
    }

    fn refused(&self, line: &str) -> Said {
        let said = self.run(line);
        assert_eq!(said.code, Some(1), "{line}: {said:?}");
        said
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.fine(&format!("{line} --json")).out).expect("JSON")
    }

    fn publisher(&self) -> String {
        self.json("plugin key show")["publicKey"].as_str().expect("a key").to_owned()
    }

    /// The whole story; what was said, line by line.
    fn story(&self) -> String {
        let mut told = Vec::new();
        let mut tell = |line: &str, said: Said| told.push(format!("$ octi {line}\n{}{}", said.out, said.err));
        tell("plugin publish FILE", self.refused("plugin publish FILE --registry REGISTRY"));
        for line in ["plugin sign FILE", "plugin inspect FILE", "registry init REGISTRY"] {
            tell(line, self.fine(line));
        }
        for line in ["plugin publish HOME/pirate --registry REGISTRY", "plugin publish FILE --registry REGISTRY"] {
            tell(line, self.fine(line));
        }
        tell("registry add", self.refused("registry add REGISTRY acme/pirate 0.1.0"));
        let add = format!("registry add REGISTRY acme/pirate 0.1.0 --publisher-key {}", self.publisher());
        tell("registry add --publisher-key", self.fine(&add));
        tell("registry add, once more", self.fine("registry add REGISTRY acme/pirate 0.1.0"));
        for line in ["plugin search pirate role --registry REGISTRY", "plugin search parrot --registry REGISTRY"] {
            tell(line, self.fine(line));
        }
        // Signed anew, it is another package of the same version.
        fs::write(self.path("pirate/prompt.md"), "You are a captain.").expect("a file");
        self.version("0.1.0");
        tell("plugin publish, built again", self.refused("plugin publish FILE --registry REGISTRY"));
        self.fine("plugin sign FILE");
        tell("plugin publish, changed", self.refused("plugin publish FILE --registry REGISTRY"));
        for line in [
            "registry yank REGISTRY acme/pirate 0.1.0 --reason too~salty",
            "registry revoke REGISTRY --version acme/pirate@0.1.0 --reason it~sinks~ships",
            "registry sign REGISTRY",
            "registry list REGISTRY",
        ] {
            tell(line, self.fine(line));
        }
        tell("registry revoke, nothing", self.refused("registry revoke REGISTRY --version pirate --reason x"));
        told.join("\n").replace(&self.registry, "REGISTRY").replace(&self.path(""), "HOME/")
    }
}

/// Compares a text with the reviewed one, without what is different in each run.
fn reviewed(told: &str) {
    let filters = [
        (r"ed25519:[A-Za-z0-9+/]{43}=", "PUBLIC-KEY"),
        (r"sha256:[0-9a-f]{64}", "DIGEST"),
        (r"sha256    [0-9a-f]{64}", "sha256    DIGEST"),
        (r"key [0-9a-f]{32}", "key KEY-ID"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "[a time]"),
    ];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!("what_is_said_of_a_registry", told) });
}

#[test]
fn a_plugin_goes_from_its_publisher_over_a_registry_to_who_looks_for_it() {
    reviewed(&World::new(None).story());
}

fn peer(name: &str) -> Option<String> {
    let found = std::env::var(name).ok();
    if found.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: `{name}` is not set; `tests/peers/registry.sh` starts the registries and prints it"
        );
    }
    found
}

/// A place that no other test uses.
fn somewhere(registry: &str) -> String {
    let started = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_nanos();
    format!("oci://{registry}/octi-cli-tests/{}-{started}", std::process::id())
}

#[test]
fn the_same_is_said_of_a_registry_on_the_network() {
    let Some(registry) = peer("OCTI_TEST_REGISTRY") else { return };
    let (here, there) = (World::new(None), World::new(Some(somewhere(&registry))));
    let plain = |told: String| {
        let lines = told
            .lines()
            .filter(|line| !["ed25519:", "sha256:", "sha256  ", "key ", "holds until"].iter().any(|part| line.contains(part)));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(here.story()), plain(there.story()));
}

#[test]
fn a_password_is_told_to_the_registry_it_is_for() {
    let Some(registry) = peer("OCTI_TEST_REGISTRY_CLOSED") else { return };
    let mut world = World::new(Some(somewhere(&registry)));
    let docker = world.path("docker");
    fs::create_dir(&docker).expect("a folder");
    // `octi-test` and `open-sesame`, as `docker login` writes them.
    let logins = format!(r#"{{"auths":{{"{registry}":{{"auth":"b2N0aS10ZXN0Om9wZW4tc2VzYW1l"}}}}}}"#);
    fs::write(format!("{docker}/config.json"), logins).expect("a file");
    let nobody = world.refused("registry init REGISTRY");
    assert!(nobody.err.contains("`docker login`"), "{nobody:?}");
    let given = |octi: Octi, host: &str| {
        octi.with("OCTI_REGISTRY_HOST", host)
            .with("OCTI_REGISTRY_USER", "octi-test")
            .with("OCTI_REGISTRY_PASSWORD", "open-sesame")
    };
    world.octi = given(world.octi, "registry.example");
    world.refused("registry init REGISTRY");
    world.octi = given(world.octi, &registry);
    world.fine("registry init REGISTRY");
    world.octi = given(world.octi, "registry.example").with("DOCKER_CONFIG", &docker);
    world.fine("registry list REGISTRY");
}

#[test]
fn a_publisher_changes_their_key_and_the_owner_theirs() {
    let world = World::new(None);
    world.fine("registry init REGISTRY");
    world.fine("plugin sign FILE");
    world.fine("plugin publish FILE --registry REGISTRY");
    world.fine(&format!("registry add REGISTRY acme/pirate 0.1.0 --publisher-key {}", world.publisher()));

    world.version("0.2.0");
    world.fine("plugin key new HOME/new.key");
    world.fine("plugin key rotate acme --to HOME/new.key -o HOME/rotation.json");
    world.fine("plugin sign FILE --key HOME/new.key");
    world.fine("plugin publish FILE --registry REGISTRY --key HOME/new.key --rotation HOME/rotation.json");
    world.fine("registry add REGISTRY acme/pirate 0.2.0");

    let before = world.json("plugin key show HOME/registry.key")["publicKey"].as_str().expect("a key").to_owned();
    world.fine("plugin key new HOME/owner.key");
    let stranger = world.refused("registry sign REGISTRY --key HOME/owner.key");
    assert!(stranger.err.contains("the index is signed with"), "{stranger:?}");
    world.fine(&format!("registry sign REGISTRY --key HOME/owner.key --before {before}"));
    let old = world.refused("plugin search --registry REGISTRY");
    assert!(old.err.contains("compare the keys"), "{old:?}");
    let found = world.json("plugin search --registry REGISTRY --registry-key HOME/owner.key");
    assert_eq!((found[0]["name"].as_str(), found[0]["newest"].as_str()), (Some("acme/pirate"), Some("0.2.0")));
}

#[test]
fn a_registry_that_is_away_is_no_fault_of_the_persons() {
    let world = World::new(Some("oci://127.0.0.1:9/plugins".to_owned()));
    world.fine("plugin sign FILE");
    let away = world.run("plugin publish FILE --registry REGISTRY");
    assert!(away.code == Some(3) && away.err.contains("gave no answer that can be used"), "{away:?}");
    let half = Octi::new().with("OCTI_REGISTRY_USER", "me");
    let half = half.run(&["plugin", "search", "--registry", &world.registry, "--registry-key", &world.publisher()]);
    assert!(half.code == Some(1) && half.err.contains("one is not set"), "{half:?}");
    let nowhere = world.run("plugin search --registry https://registry.example/plugins");
    assert!(nowhere.code == Some(1) && nowhere.err.contains("`oci://HOST[:PORT]/PREFIX`"), "{nowhere:?}");
}
