//! A tool is replaced while a chat uses it.

use std::fs;

use crate::guests;
use crate::support::{Octi, until};

/// The line of the shell tool in the list of plugins, and whatever the list warns of.
fn listed(octi: &Octi) -> String {
    let said = octi.run(&["plugin", "list"]);
    let line = said.out.lines().find(|line| line.starts_with("octi/shell")).unwrap_or_default();
    format!("{}\n{}", line.split_whitespace().collect::<Vec<_>>().join(" "), said.err)
}

#[test]
fn a_running_call_ends_on_the_old_version_and_the_next_uses_the_new() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let files = octi.files();
    let newer = guests::shell(&octi, "0.9.0");
    assert!(listed(&octi).contains("octi/shell 0.1.0 octi"), "{}", listed(&octi));

    // The first call waits for a file, so that it surely spans the swap.
    let mut talk = octi.ask("run `until test -e go; do sleep 0.1; done` and run `echo second`");
    assert_eq!(talk.until("tool.invoked")["payload"]["pluginVersion"], "0.1.0");
    let place = guests::drop_in(&octi, &newer);
    until("the new version runs", || listed(&octi).contains("octi/shell 0.9.0 folder"));
    fs::write(files.join("go"), "").expect("the workspace");
    let ended = talk.until("tool.result");
    assert_eq!(ended["payload"]["isError"], false, "{ended}");
    assert_eq!(talk.until("tool.invoked")["payload"]["pluginVersion"], "0.9.0");
    let ended = talk.until("tool.result");
    assert!(ended["payload"]["preview"].as_str().is_some_and(|text| text.contains("second")), "{ended}");
    assert_eq!(talk.end(), Some(0));

    // A broken file leaves what runs, and says why.
    fs::write(&place, "garbage").expect("the folder of plugins");
    until("the problem is told", || listed(&octi).contains("this is not a WebAssembly component"));
    assert!(listed(&octi).contains("octi/shell 0.9.0 folder"), "{}", listed(&octi));
    let said = octi.run(&["plugin", "call", "shell.run", "{\"command\": \"echo still\"}", "--yes"]);
    assert!(said.code == Some(0) && said.out.contains("still"), "{said:?}");

    // Without the file the bundled version is back.
    fs::remove_file(&place).expect("it can be deleted");
    until("the bundled version is back", || listed(&octi).starts_with("octi/shell 0.1.0 octi"));
    assert!(!listed(&octi).contains("WebAssembly"), "{}", listed(&octi));
}
