//! A module of Extism through the whole program: installed by its file, asked about, called, listed, there after a restart, removed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Octi, Said};

fn module(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/extism/modules").canonicalize().expect("the modules");
    folder.join(format!("{name}.wasm")).to_str().expect("text").to_owned()
}

/// An installation with the bridge; none when nobody built it for these tests.
#[expect(clippy::print_stderr, clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn octi() -> Option<Octi> {
    let Some(bridge) = std::env::var_os("OCTI_TEST_EXTISM_BRIDGE").map(PathBuf::from) else {
        eprintln!("left out: OCTI_TEST_EXTISM_BRIDGE is not set; `cargo xtask extism` builds what it names");
        return None;
    };
    Some(Octi::new().with("OCTI_EXTISM_BRIDGE", bridge.to_str().expect("text")))
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

#[test]
fn a_module_is_installed_asked_about_called_listed_and_removed() {
    let Some(mut octi) = octi() else { return };
    {
        let _server = octi.serve();
        let said = octi.run(&["plugin", "install", &module("words"), "--config", "greeting=Good day"]);
        assert!(said.code == Some(0) && said.err.contains("installed extism/words 0.0.0+"), "{said:?}");
        let said = octi.run(&["plugin", "call", "words.greet", r#"{"input": "Ada"}"#]);
        assert!(said.code != Some(0) && said.err.contains("`words__greet` asks unless a rule allows it"), "{said:?}");
        let said = octi.run(&["plugin", "call", "words.greet", r#"{"input": "Ada"}"#, "--yes"]);
        assert!(said.code == Some(0) && said.out.contains("Good day, Ada!"), "{said:?}");
        let said = octi.run(&["plugin", "call", "words.refuse", r#"{"input": "this"}"#, "--yes"]);
        assert!(said.code != Some(0) && said.err.contains("`this` is not taken"), "{said:?}");

        let listed = json(&octi.run(&["--json", "plugin", "list"]));
        let found =
            listed.as_array().expect("a list").iter().find(|plugin| plugin["id"] == "extism/words").expect("it is listed");
        assert_eq!((found["source"].as_str(), found["state"].as_str()), (Some("extism"), Some("running")));
        let said = octi.run(&["plugin", "list"]);
        assert!(said.out.lines().any(|line| line.contains("extism/words") && line.contains("10 tools")), "{said:?}");
        let said = octi.run(&["mcp", "server", "remove", "words"]);
        assert!(said.code != Some(0) && said.err.contains("`octi plugin remove extism/words`"), "{said:?}");
    }
    let _server = octi.serve();
    let said = octi.run(&["plugin", "call", "words.greet", r#"{"input": "Bo"}"#, "--yes"]);
    assert!(said.code == Some(0) && said.out.contains("Good day, Bo!"), "{said:?}");
    let said = octi.run(&["plugin", "rollback", "extism/words"]);
    assert!(said.code != Some(0) && said.err.contains("install the file that you want"), "{said:?}");
    let said = octi.run(&["plugin", "reload", "extism/words"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = octi.run(&["plugin", "remove", "extism/words"]);
    assert!(said.code == Some(0) && said.err.contains("removed extism/words"), "{said:?}");
    let said = octi.run(&["plugin", "call", "words.greet", r#"{"input": "Ada"}"#, "--yes"]);
    assert!(said.code != Some(0), "{said:?}");
}

#[test]
fn without_the_bridge_the_person_is_told_how_to_build_it() {
    let octi = Octi::new().with("OCTI_EXTISM_BRIDGE", "/nowhere/octi-extism-bridge");
    let said = octi.run(&["plugin", "install", &module("words")]);
    assert!(said.code != Some(0) && said.err.contains("`cargo xtask extism`"), "{said:?}");
    let said = octi.run(&["plugin", "inspect", &module("servlet")]);
    assert!(said.code == Some(0) && said.out.contains("describe") && said.out.contains("extism:host/env::"), "{said:?}");
    let said = octi.run(&["plugin", "install", "acme/weather", "--network", "a.example"]);
    assert!(said.code != Some(0) && said.err.contains("modules of Extism"), "{said:?}");
}
