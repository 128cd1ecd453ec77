//! Plugins come, break and go while a server runs.

use std::fs;

use crate::support::{Octi, until};

const ROLE: &str = "id = 'acme/pirate'\nversion = '0.1.0'\nwit = '0.1'\ndescription = 'Talks like a pirate.'\nkinds = ['role']\n\
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
fn a_broken_file_says_why_and_everything_else_goes_on() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    fs::write(octi.home.path().join("plugins/broken.wasm"), "garbage").expect("a file");
    until("the problem is told", || listed(&octi).contains("this is not a WebAssembly component"));
    let said = octi.run(&["plugin", "call", "tasks.list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "{\"tasks\":[],\"open\":0,\"done\":0}\n"), "{said:?}");
}
