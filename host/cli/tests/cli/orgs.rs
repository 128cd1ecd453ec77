//! Organisations from the terminal, and what they mean for a plugin.

use serde_json::Value;

use crate::support::{Octi, Said};

const PLUGIN: &str = "octi/shell";

fn fine(octi: &Octi, arguments: &[&str]) -> Said {
    let said = octi.run(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    said
}

fn json(octi: &Octi, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
    serde_json::from_str(&fine(octi, &arguments).out).expect("JSON")
}

#[test]
fn an_organisation_is_made_filled_denied_a_plugin_and_deleted() {
    let octi = Octi::new();
    let none = fine(&octi, &["org", "list"]);
    assert!(none.err.ends_with("there are no organisations\nhint: `octi org create NAME` makes one\n"), "{none:?}");
    let made = fine(&octi, &["org", "create", "The House"]);
    assert_eq!(made.err, "made the organisation `the-house`\nhint: `octi org add the-house USER` lets people be in it\n");
    let again = octi.run(&["org", "create", "the house"]);
    assert!(again.code == Some(1) && again.err.contains("already exists"), "{again:?}");
    let wrong = octi.run(&["org", "create", "Sneaky", "--slug", "../up"]);
    assert!(wrong.code == Some(1) && wrong.err.contains("small letters, digits and hyphens"), "{wrong:?}");
    assert_eq!(fine(&octi, &["org", "show", "the-house"]).err, "nobody is in `the-house`\n");

    let access = json(&octi, &["plugin", "access", PLUGIN]);
    let me = access["people"][0]["username"].as_str().expect("one person");
    let added = fine(&octi, &["org", "add", "the-house", me, "--admin"]);
    assert!(added.out.contains(me) && added.out.contains("administrator"), "{added:?}");
    assert_eq!(json(&octi, &["org", "show", "the-house"])["members"][0]["role"], "org_admin");
    let nobody = octi.run(&["org", "add", "the-house", "nobody"]);
    assert!(nobody.code == Some(1) && nobody.err.contains("no such person"), "{nobody:?}");

    let denied = fine(&octi, &["plugin", "deny", PLUGIN, "--org", "the-house"]);
    assert!(denied.out.contains("org the-house  denied") && denied.out.contains("like org the-house"), "{denied:?}");
    let call = octi.run(&["plugin", "call", "shell.run", r#"{"command": "true"}"#, "--yes"]);
    assert!(call.code == Some(1) && call.err.contains("you have no grant to use the plugin `octi/shell`"), "{call:?}");
    let forgot = fine(&octi, &["plugin", "access", PLUGIN, "--forget-org", "the-house"]);
    assert!(!forgot.out.contains("denied"), "{forgot:?}");
    fine(&octi, &["plugin", "call", "shell.run", r#"{"command": "true"}"#, "--yes"]);

    fine(&octi, &["plugin", "deny", PLUGIN, "--org", "the-house"]);
    assert_eq!(fine(&octi, &["org", "remove", "the-house", me]).err, "nobody is in `the-house`\n");
    fine(&octi, &["plugin", "call", "shell.run", r#"{"command": "true"}"#, "--yes"]);
    let deleted = fine(&octi, &["org", "delete", "the-house"]);
    assert_eq!(deleted.err, "deleted the organisation `the-house`, and what was said of it\n");
    assert_eq!(json(&octi, &["plugin", "access", PLUGIN])["orgs"], serde_json::json!([]));
    let gone = octi.run(&["org", "show", "the-house"]);
    assert!(gone.code == Some(1) && gone.err.contains("no such organisation"), "{gone:?}");
}
