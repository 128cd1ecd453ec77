//! Which contract a plugin was built for, and which packages of it.

use std::collections::BTreeSet;

use octi_extension::capability::GATED_PACKAGES;
use octi_extension::manifest::SECTION;
use octi_extension::registry::Registry;
use octi_testkit::guests::{Guest, importing_each, manifest, with_manifest, with_section};
use wasmtime::component::{Component, Linker};

use super::manager::Home;
use crate::capability;
use crate::engine::{Class, Reach, Target, compiler};
use crate::install::OPEN_PACKAGES;
use crate::state::CallState;

const NEWER: &str = "update octi, or choose an older version of the plugin";
const REMOVED: &str = "choose a newer version of the plugin, or rebuild it with the SDK of this octi";

fn package(import: &str) -> &str {
    import.split('/').next().unwrap_or(import)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_import_beyond_the_manifest_is_refused_by_name_whatever_package_it_is_of() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    let mut seen = BTreeSet::new();
    for (import, guest) in importing_each() {
        let plugin = with_manifest(guest.component(), &manifest("acme/greedy", "1.0.0", ""));
        let installed = manager.install(plugin, "greedy.wasm").await.map(drop).map_err(|error| error.to_string());
        let expected = match GATED_PACKAGES.iter().find(|(name, _)| *name == package(&import)) {
            Some((_, key)) => Err(format!(
                "it imports `{import}`, but its manifest does not ask for it; add `{key}` to `[capabilities]` of plugin.toml and pack it again"
            )),
            None => Ok(()),
        };
        assert_eq!(installed, expected, "{import}");
        seen.insert(package(&import).to_owned());
    }
    manager.shutdown().await;
    // Whatever is added to the contract is gated, or it was decided that it need not be.
    let decided = GATED_PACKAGES.iter().map(|(name, _)| *name).chain(OPEN_PACKAGES).filter(|name| *name != "octi:types");
    assert_eq!(seen, decided.map(str::to_owned).collect());
}

/// A component that has one import of the contract, or one export.
fn having(what: &str, name: &str) -> Vec<u8> {
    let text = match what {
        "imports" => format!(r#"(component (import "{name}" (instance (export "cancelled" (func (result bool))))))"#),
        _ => format!(r#"(component (instance $i) (export "{name}" (instance $i)))"#),
    };
    wat::parse_str(text).expect("valid text format")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_that_is_not_served_is_refused_by_name_with_what_to_do() {
    let home = Home::new();
    let manager = home.start(vec![]).await;
    for (what, name, wanted, remedy) in [
        ("imports", "octi:log/log@1.1.0", "1.1", NEWER),
        ("imports", "octi:log/log@2.0.0", "2.0", NEWER),
        ("imports", "octi:log/log@0.1.0", "0.1", REMOVED),
        ("exports", "octi:plugin/tools@1.1.0", "1.1", NEWER),
        ("exports", "octi:plugin/tools@0.1.0", "0.1", REMOVED),
    ] {
        let plugin = with_manifest(having(what, name), &manifest("acme/elsewhere", "1.0.0", ""));
        let refused = manager.install(plugin, "elsewhere.wasm").await.map(drop).map_err(|error| error.to_string());
        assert_eq!(refused, Err(format!("it {what} `{name}`: built for contract {wanted}, this octi serves 1.0; {remedy}")));
    }
    manager.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_for_another_contract_is_not_used_at_a_start_and_the_list_says_what_to_do() {
    let home = Home::new();
    for (file, contract) in [("newer.wasm", "9.0"), ("older.wasm", "0.1")] {
        // It may have what this host cannot read.
        let manifest = format!(r#"{{"id":"acme/x","version":"1.0.0","wit":"{contract}","description":"x","moods":[]}}"#);
        let plugin = with_section(Guest::default().component(), SECTION, manifest.as_bytes());
        std::fs::write(home.file(file), plugin).expect("a file");
    }
    let manager = home.start(vec![]).await;
    let problem = |file: &str| manager.plugins().into_iter().find(|plugin| plugin.id == file).and_then(|plugin| plugin.problem);
    let told = |contract: &str, remedy: &str| {
        Some(format!("manifest field `wit`: built for contract {contract}, this octi serves 1.0; {remedy}"))
    };
    assert_eq!(problem("newer.wasm"), told("9.0", NEWER));
    assert_eq!(problem("older.wasm"), told("0.1", REMOVED));
    manager.shutdown().await;
}

#[test]
fn the_linker_gives_a_plugin_for_an_older_minor_what_a_newer_one_has() {
    let engine = compiler(Target { class: Class::Small, reach: Reach::Whole }, None).expect("an engine");
    let guest = Guest::default().imports(r#"(import "octi:log/log@1.0.0" "cancelled" (func $cancelled (result i32)))"#);
    let guest = Component::new(&engine, guest.component()).expect("it compiles");
    let offered = |version: &str| {
        let mut linker = Linker::<()>::new(&engine);
        let mut log = linker.instance(&format!("octi:log/log@{version}")).expect("a name");
        log.func_new("cancelled", |_, _, _, _| Ok(())).expect("a function");
        log.func_new("of-a-later-version", |_, _, _, _| Ok(())).expect("a function");
        linker
    };
    for (version, links) in [("1.0.0", true), ("1.1.0", true), ("1.9.3", true), ("2.0.0", false)] {
        assert_eq!(offered(version).instantiate_pre(&guest).is_ok(), links, "{version}");
    }
    // Two majors are served side by side.
    let mut both = offered("2.0.0");
    both.instance("octi:log/log@1.4.0").and_then(|mut log| log.func_new("cancelled", |_, _, _, _| Ok(()))).expect("a function");
    assert!(both.instantiate_pre(&guest).is_ok());
}

#[test]
fn the_linker_alone_would_take_a_newer_contract_by_mistake() {
    let engine = compiler(Target { class: Class::Small, reach: Reach::Whole }, None).expect("an engine");
    let linker: Linker<CallState> = capability::linker(&engine).expect("a linker");
    let newer = Component::new(&engine, having("imports", "octi:log/log@1.1.0")).expect("it compiles");
    assert!(linker.instantiate_pre(&newer).is_ok(), "so an import is compared with what is served, and not left to the linker");
}
