//! Plugins come, break and go while a server runs.

use std::fs;

use octi_testkit::guests::{typed, typed_wat};

use crate::support::{Octi, until};

const ROLE: &str = "id = 'acme/pirate'\nversion = '0.1.0'\nwit = '1.0'\ndescription = 'Talks like a pirate.'\nkinds = ['role']\n\
                    [role]\nname = 'pirate'\npurpose = 'amuse'\ntools = ['*']\n";

fn listed(octi: &Octi) -> String {
    let said = octi.run(&["plugin", "list"]);
    format!("{}{}", said.out, said.err)
}

#[test]
fn a_role_dropped_into_the_folder_appears_and_goes_with_its_file() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let folder = octi.home.path().join("pirate");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("plugin.toml"), ROLE).expect("a file");
    fs::write(folder.join("prompt.md"), "You are a pirate.").expect("a file");
    let file = octi.home.path().join("plugins/pirate.wasm");
    let said = octi.run(&["plugin", "pack", &folder.display().to_string(), "-o", &file.display().to_string()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    until("the role appears", || listed(&octi).contains("role pirate"));
    fs::remove_file(&file).expect("it can be deleted");
    until("the role goes", || !listed(&octi).contains("role pirate"));
}

#[test]
fn a_plugin_is_rolled_back_and_tried_again() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let folder = octi.home.path().join("pirate");
    fs::create_dir(&folder).expect("a folder");
    let file = octi.home.path().join("pirate.wasm").display().to_string();
    for version in ["0.1.0", "0.2.0"] {
        fs::write(folder.join("plugin.toml"), ROLE.replace("0.1.0", version)).expect("a file");
        fs::write(folder.join("prompt.md"), "You are a pirate.").expect("a file");
        assert_eq!(octi.run(&["plugin", "pack", &folder.display().to_string(), "-o", &file]).code, Some(0));
        assert_eq!(octi.run(&["plugin", "install", &file]).code, Some(0));
    }
    let said = octi.run(&["plugin", "rollback", "acme/pirate"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("acme/pirate 0.1.0 runs again (generation 3)"), "{said:?}");
    let list = listed(&octi);
    assert!(
        list.contains("rolled back") && list.contains("version 0.2.0 was rolled back: an administrator took it back"),
        "{list}"
    );
    let said = octi.run(&["plugin", "rollback", "acme/pirate"]);
    assert!(said.code == Some(1) && said.err.contains("no earlier version of `acme/pirate` is kept"), "{said:?}");
    assert_eq!(octi.run(&["plugin", "reload", "acme/pirate"]).code, Some(0));
    assert!(listed(&octi).contains("0.2.0"));
}

#[test]
fn a_broken_file_says_why_and_everything_else_goes_on() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    fs::write(octi.home.path().join("plugins/broken.wasm"), "garbage").expect("a file");
    until("the problem is told", || listed(&octi).contains("this is not a WebAssembly component"));
    let said = octi.run(&["plugin", "call", "tasks.list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "{\"tasks\":[],\"open\":0,\"done\":0}\n"), "{said:?}");
}

#[test]
fn a_component_that_knows_nothing_of_octi_is_looked_at_installed_and_called() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let wit = "package acme:calc@1.2.0;
        interface ops { resource sheet; open: func() -> sheet; add: func(a: u32, b: u32) -> u32; }
        world guest { export ops; }";
    let items = r#"(func (export "acme:calc/ops@1.2.0#open") (result i32) (i32.const 0))
        (func (export "acme:calc/ops@1.2.0#add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))"#;
    let file = octi.home.path().join("calc.wasm");
    fs::write(&file, typed(wit, &typed_wat(items))).expect("a file");
    let file = file.display().to_string();
    let said = octi.run(&["plugin", "inspect", &file]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for part in [
        "local/calc 1.2.0",
        "\nmay reach\n  nothing\n",
        "\ntools\n  add  ",
        "\nleft out\n  `acme:calc/ops@1.2.0#open`: at `result`",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = octi.run(&["plugin", "install", &file]);
    assert!(said.code == Some(0) && said.err.contains("installed local/calc 1.2.0"), "{said:?}");
    assert!(said.err.contains("left out `acme:calc/ops@1.2.0#open`"), "{said:?}");
    let said = octi.run(&["plugin", "call", "calc.add", r#"{"a": 2, "b": 40}"#, "--yes"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "42\n"), "{said:?}");
    let said = octi.run(&["plugin", "call", "calc.add", r#"{"a": -2, "b": 40}"#, "--yes"]);
    assert!(said.code != Some(0) && said.out.contains("at `/a`: -2 is less than the minimum of 0"), "{said:?}");
    assert!(listed(&octi).contains("local/calc"));
}
