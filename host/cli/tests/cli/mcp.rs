//! Programs that start `octi mcp serve`, and what `octi mcp config` writes for them.

use serde_json::{Value, json};

use crate::support::Octi;

fn hello() -> String {
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "editor", "version": "1"}
    }});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    format!("{hello}\n{ready}\n")
}

/// The answers by the ids of what was asked.
fn answers(out: &str) -> impl Fn(u64) -> Value {
    let all: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    move |id| all.iter().find(|answer| answer["id"] == id).unwrap_or_else(|| panic!("no answer to {id}: {all:?}")).clone()
}

#[test]
fn a_program_works_through_standard_input_and_output() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let call = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "filesystem__list_directory", "arguments": {}}});
    let write = json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {
        "name": "filesystem__delete_file", "arguments": {"path": "notes.md"}
    }});
    let said = octi.feed(&["mcp", "serve"], &format!("{}{list}\n{call}\n{write}\n", hello()));
    assert_eq!(said.code, Some(0), "{said:?}");
    let answer = answers(&said.out);
    assert_eq!(answer(1)["result"]["serverInfo"]["name"], "octi");
    let tools = answer(2)["result"]["tools"].as_array().unwrap().clone();
    let hints =
        |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap_or_else(|| panic!("{name}"))["annotations"].clone();
    assert_eq!(hints("filesystem__read_file")["readOnlyHint"], true);
    assert_eq!(hints("octi_delete_session")["destructiveHint"], true);
    assert_eq!(answer(3)["result"]["isError"], false, "{}", answer(3));
    let refused = answer(4)["result"].clone();
    assert_eq!((&refused["isError"], &refused["_meta"]["octi/code"]), (&json!(true), &json!("approval_required")), "{refused}");
}

#[test]
fn what_is_written_for_a_program_works_and_holds_no_token() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let project = tempfile::tempdir().unwrap();
    let mut command = octi.command(&["mcp", "config", "--client", "vscode", "--write"]);
    assert!(command.current_dir(project.path()).status().unwrap().success());
    let text = std::fs::read_to_string(project.path().join(".vscode/mcp.json")).unwrap();
    assert!(!text.contains("octi_"), "{text}");
    let written: Value = serde_json::from_str(&text).unwrap();
    let arguments: Vec<&str> =
        written["servers"]["octi"]["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let token = std::fs::read_to_string(arguments.last().unwrap()).unwrap();
    let listed = octi.run(&["--json", "token", "list"]);
    assert!(token.starts_with("octi_") && listed.out.contains("mcp vscode"), "{listed:?}");
    let whoami = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "octi_whoami", "arguments": {}}});
    let said = octi.feed(&arguments, &format!("{}{whoami}\n", hello()));
    assert_eq!(answers(&said.out)(2)["result"]["isError"], false, "{said:?}");
    assert!(!said.err.contains(token.trim()), "{said:?}");
}

#[test]
fn without_a_server_a_program_is_told_to_start_one() {
    let octi = Octi::new();
    let said = octi.feed(&["mcp", "serve"], "");
    assert_ne!(said.code, Some(0));
    assert!(said.out.is_empty(), "only messages of the protocol go to standard output: {said:?}");
    assert!(said.err.contains("octi serve"), "{said:?}");
}
