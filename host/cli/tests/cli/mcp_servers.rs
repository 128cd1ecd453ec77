//! Servers of others through the whole program: set up, tried, used, accepted, removed; and those in `mcp.json`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Octi, Said};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/mcp/hostile.py").canonicalize().expect("the script")
}

fn set(octi: &Octi, name: &str, mode: &str) -> Said {
    let script = script();
    let (folder, file) = (script.parent().expect("a folder").to_str().expect("text"), script.to_str().expect("text"));
    octi.run(&["mcp", "server", "set", name, "--read", folder, "--", "/usr/bin/python3", file, mode])
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(&said.out).expect("JSON")
}

#[test]
fn a_server_is_set_up_tried_used_accepted_and_removed() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let said = octi.run(&["mcp", "server", "list"]);
    assert!(said.err.contains("there are no MCP servers"), "{said:?}");
    let said = set(&octi, "Mine", "plain");
    assert!(said.code != Some(0) && said.err.contains("`Mine` is not a server's name"), "{said:?}");

    let said = set(&octi, "mine", "plain");
    assert!(said.code == Some(0) && said.err.contains("`octi mcp server test mine`"), "{said:?}");
    let tested = json(&octi.run(&["--json", "mcp", "server", "test", "mine"]));
    assert_eq!(
        (&tested["running"], &tested["version"], &tested["tools"][1]["state"]),
        (&json!(true), &json!("6.6.6"), &json!("lazy"))
    );

    let given = r#"{"server": "mine", "tool": "echo", "arguments": {"text": "hello"}}"#;
    let said = octi.run(&["plugin", "call", "mcp.call_tool", given]);
    assert!(said.code != Some(0) && said.err.contains("`mine__echo` asks unless a rule allows it"), "{said:?}");
    let said = octi.run(&["permission", "set", "mcp.mine.echo", "allow"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = octi.run(&["plugin", "call", "mcp.call_tool", given]);
    assert!(said.code == Some(0) && said.out.contains("hello"), "{said:?}");

    let said = octi.run(&["plugin", "call", "mine.echo", r#"{"text": "hello"}"#]);
    assert!(said.code != Some(0), "it was not accepted: {said:?}");
    let said = octi.run(&["mcp", "server", "accept", "mine", "echo"]);
    assert!(said.code == Some(0) && said.err.contains("`mine.echo`"), "{said:?}");
    let said = octi.run(&["plugin", "call", "mine.echo", r#"{"text": "hello"}"#]);
    assert!(said.code == Some(0) && said.out.contains("hello"), "{said:?}");
    let said = octi.run(&["mcp", "server", "tools", "mine"]);
    assert!(said.code == Some(0) && said.out.contains("accepted") && said.out.contains("on demand"), "{said:?}");

    for verb in ["restart", "reset"] {
        let said = octi.run(&["mcp", "server", verb, "mine"]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let said = octi.run(&["mcp", "server", "withdraw", "mine", "echo"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = octi.run(&["mcp", "server", "remove", "mine"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = octi.run(&["mcp", "server", "tools", "mine"]);
    assert!(said.code != Some(0) && said.err.contains("there is no MCP server `mine`"), "{said:?}");
}

#[test]
fn what_was_set_up_and_accepted_is_there_after_a_restart_and_a_broken_server_says_why() {
    let mut octi = Octi::new();
    {
        let _server = octi.serve();
        assert_eq!(set(&octi, "mine", "plain").code, Some(0));
        assert_eq!(octi.run(&["mcp", "server", "accept", "mine", "echo"]).code, Some(0));
    }
    let _server = octi.serve();
    let said = octi.run(&["plugin", "call", "mine.echo", r#"{"text": "again"}"#, "--yes"]);
    assert!(said.code == Some(0) && said.out.contains("again"), "{said:?}");

    assert_eq!(set(&octi, "broken", "crash").code, Some(0));
    let said = octi.run(&["mcp", "server", "test", "broken"]);
    assert!(said.code != Some(0) && said.err.contains("the MCP server `broken` does not work"), "{said:?}");
    let said = octi.run(&["mcp", "server", "set", "lost", "--", "/nowhere/at/all"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = octi.run(&["mcp", "server", "test", "lost"]);
    assert!(said.code != Some(0) && said.err.contains("/nowhere/at/all"), "{said:?}");
}

#[test]
fn a_file_in_the_home_folder_has_servers_too_and_reads_only_the_variables_that_are_named() {
    let folder = script().parent().expect("a folder").to_str().expect("text").to_owned();
    let octi = Octi::new().with("OCTI_MCP_ENV", "SCRIPTS").with("SCRIPTS", &folder).with("OTHER", "x");
    let write = |variable: &str| {
        let args = json!([format!("${{{variable}}}/hostile.py"), "plain"]);
        let file = json!({"mcpServers": {"filed": {"command": "/usr/bin/python3", "args": args, "read": ["${SCRIPTS}"]}}});
        std::fs::write(octi.home.path().join("mcp.json"), file.to_string()).expect("a file");
    };
    write("SCRIPTS");
    let said = octi.run(&["plugin", "call", "mcp.list_tools", r#"{"server": "filed"}"#]);
    assert!(said.code == Some(0) && said.out.contains("echo"), "{said:?}");
    let said = octi.run(&["mcp", "server", "remove", "filed"]);
    assert!(said.code != Some(0) && said.err.contains("is in `mcp.json`"), "{said:?}");

    write("OTHER");
    let said = octi.run(&["mcp", "server", "list"]);
    assert!(said.code == Some(0) && said.err.contains("there are no MCP servers"), "{said:?}");
}
