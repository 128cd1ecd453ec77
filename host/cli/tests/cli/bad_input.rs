//! Whatever is wrong, the text says what to do, and the exit code says whose turn it is.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Octi, Said, said};

/// Runs a command with one variable set.
fn under(octi: &Octi, name: &str, value: &str, arguments: &[&str]) -> Said {
    said(octi.command(arguments).env(name, value).output().expect("octi starts"))
}

/// The error that machines read: one JSON object at the end of standard error, and nothing on standard output.
fn error(said: &Said) -> Value {
    let last = said.err.lines().last().unwrap_or_default();
    let error = serde_json::from_str::<Value>(last).unwrap_or_else(|_| panic!("no JSON: {said:?}"))["error"].clone();
    let keys: Vec<&String> = error.as_object().expect("an object").keys().collect();
    assert!(keys == ["kind", "message", "causes", "hints"] && said.out.is_empty(), "{said:?}");
    error
}

#[test]
fn every_mistake_is_named() {
    let octi = Octi::new();
    for (arguments, code, says) in [
        (&["chat", "hello"][..], 3, "`octi chat --local` needs no server"),
        (&["plugin", "call", "filesystem.read_file", "{\"pth\":1}"][..], 1, "'pth' was unexpected"),
        (&["plugin", "call", "filesystem.read_file", "{"][..], 1, "the arguments are not JSON"),
        (&["plugin", "call", "filesystem.write_file", "{\"path\":\"a\",\"content\":\"b\"}"][..], 1, "add `--yes`"),
        (&["plugin", "inspect", "nothing.wasm"][..], 1, "or a `.wasm` file that exists"),
        (&["permission", "set", "shell(", "allow"][..], 1, "without the closing `)`"),
        (&["model", "test", "nope"][..], 1, "there is no model `nope`"),
        (&["token", "revoke", "nope"][..], 1, "no active token or program is called `nope`"),
        (&["nonsense"][..], 1, "unrecognized subcommand"),
    ] {
        let said = octi.run(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {said:?}");
        assert!(said.err.contains(says) || said.out.contains(says), "{arguments:?}: {said:?}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let octi = Octi::new();
    for (name, value, code, says) in [
        ("OCTI_PORT", "high", 1, "a port is a number from 0 to 65535"),
        ("OCTI_HOME", "/proc/octi", 1, "set `OCTI_HOME`"),
        ("OCTI_CA_FILE", "/nonexistent.pem", 1, "No such file"),
        ("OCTI_CA_FILE", "/proc/self/status", 1, "it holds no certificate"),
        ("DATABASE_URL", "postgres://octi:s3cret@127.0.0.1:9/octi", 3, "check that the server runs there"),
    ] {
        let said = said(octi.command(&["token", "list"]).env(name, value).output().expect("octi starts"));
        assert_eq!(said.code, Some(code), "{name}: {said:?}");
        assert!(said.err.contains(says), "{name}: {said:?}");
        assert!(!said.err.contains("s3cret"), "{said:?}");
    }
}

#[test]
fn a_port_or_a_home_in_use_is_named() {
    let mut octi = Octi::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let said = octi.run(&["serve", "--port", &port]);
    assert!(said.code == Some(1) && said.err.contains("choose one with `--port`"), "{said:?}");

    let _server = octi.serve();
    let said = octi.run(&["serve", "--port", "0"]);
    assert!(said.code == Some(1) && said.err.contains("octi already serves the data in"), "{said:?}");

    // The port is asked for first, so that a second server leaves no trace.
    let octi = Octi::new();
    let said = octi.run(&["--json", "serve", "--port", &port]);
    assert_eq!(error(&said)["kind"], "user");
    assert_eq!(octi.left_behind(), Vec::<String>::new());
}

#[test]
fn a_file_of_settings_with_a_mistake_is_named_with_line_and_key() {
    let octi = Octi::new();
    let file = octi.home.path().join("config.toml");
    for (text, says) in [
        ("[server]\nprot = 4000\n", &["config.toml", "line 2", "unknown field `prot`"][..]),
        ("[server]\nport = \"high\"\n", &["config.toml", "line 2", "expected u16"]),
        ("[sandbox]\nprocesses = \"on\"\n", &["config.toml", "`off`, `auto`, `required`"]),
        ("[server\n", &["config.toml", "line 1"]),
    ] {
        fs::write(&file, text).expect("the file");
        let said = octi.run(&["token", "list"]);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(says.iter().all(|says| said.err.contains(says)), "{said:?}");
        let said = octi.run(&["--json", "token", "list"]);
        assert!(error(&said)["message"].as_str().is_some_and(|message| message.contains("config.toml")), "{said:?}");
    }
    // Nothing but the file was touched.
    assert_eq!(octi.left_behind(), ["config.toml"]);
}

#[test]
fn a_request_with_a_mistake_is_answered_with_the_field() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let token = octi.token();
    for (line, body, code, path) in [
        ("POST /api/sessions", "{\"titel\": \"x\"}", "invalid_field", "titel"),
        ("POST /api/sessions", "{\"title\": 7}", "invalid_field", "title"),
        ("POST /api/sessions", "{\"title\"", "invalid_json", ""),
        ("POST /api/models", "{\"name\": \"m\"}", "invalid_field", "provider"),
        ("POST /api/models", "{\"name\": \"m\", \"provider\": \"openai\", \"maxOutput\": -1}", "invalid_field", "maxOutput"),
        ("POST /api/auth/api-tokens", "{\"name\": \"t\", \"expires\": 3}", "invalid_field", "expires"),
        ("PUT /api/tools/permissions", "{\"rule\": \"shell\", \"level\": \"maybe\"}", "invalid_field", "level"),
    ] {
        let (status, answer) = octi.request(line, &token, body);
        assert_eq!(status, 400, "{line} {body}: {answer}");
        assert_eq!(answer["error"]["code"], code, "{line} {body}: {answer}");
        assert_eq!(answer["error"]["path"].as_str().unwrap_or_default(), path, "{line} {body}: {answer}");
    }
    let (_, sessions) = octi.request("GET /api/sessions", &token, "");
    assert_eq!(sessions["items"], json!([]), "nothing came of any of them");
}

#[test]
fn a_wrong_key_is_refused_with_the_reason_and_what_to_do() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    for wrong in ["octi_0000000000000000000000000000000000000000000", "nonsense", ""] {
        let (status, answer) = octi.request("GET /api/sessions", wrong, "");
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("unauthenticated")), "{answer}");
    }
    for wrong in ["octi_0000000000000000000000000000000000000000000", "nonsense"] {
        let said = under(&octi, "OCTI_TOKEN", wrong, &["token", "list"]);
        assert!(said.code == Some(1) && said.err.contains("octi token create"), "{said:?}");
        assert!(!said.err.contains(wrong), "{said:?}");
        let said = under(&octi, "OCTI_TOKEN", wrong, &["--json", "chat", "hello"]);
        assert_eq!((said.code, &error(&said)["kind"]), (Some(1), &json!("user")));
    }
    // A revoked token is as good as none.
    let made = octi.run(&["token", "create", "ci"]);
    let token = made.out.trim();
    assert_eq!(under(&octi, "OCTI_TOKEN", token, &["token", "list"]).code, Some(0));
    assert_eq!(octi.run(&["token", "revoke", "ci"]).code, Some(0));
    let said = under(&octi, "OCTI_TOKEN", token, &["token", "list"]);
    assert!(said.code == Some(1) && said.err.contains("revoked"), "{said:?}");
}

#[test]
fn another_master_key_opens_no_secret_and_the_right_one_still_does() {
    let octi = Octi::new();
    let endpoint = "http://127.0.0.1:9/v1";
    let arguments = ["model", "add", "m", "--provider", "openai", "--endpoint", endpoint, "--default"];
    assert_eq!(octi.feed(&arguments, "key-of-the-tests").code, Some(0));
    let said = under(&octi, "MASTER_KEY", "short", &["model", "list"]);
    assert!(said.code == Some(1) && said.err.contains("64 hexadecimal digits"), "{said:?}");
    let said = under(&octi, "MASTER_KEY", &"0".repeat(64), &["model", "test", "m"]);
    assert!(said.code == Some(1) && said.err.contains("the master key is not the one it was sealed with"), "{said:?}");
    // The key is opened again: what fails now is the address, where nobody listens.
    let said = octi.run(&["model", "test", "m"]);
    assert!(said.code == Some(3) && said.out.contains("cannot be reached"), "{said:?}");
}

#[test]
fn a_home_that_cannot_be_written_or_a_database_that_is_away_changes_nothing() {
    let octi = Octi::new();
    let file = octi.home.path().join("a-file");
    fs::write(&file, "mine").expect("a file");
    let below = file.join("home").display().to_string();
    for arguments in
        [&["--json", "serve", "--port", "0"][..], &["--json", "chat", "--local", "hello"], &["--json", "token", "list"]]
    {
        let said = under(&octi, "OCTI_HOME", &below, arguments);
        let error = error(&said);
        assert_eq!((said.code, &error["kind"]), (Some(1), &json!("user")), "{said:?}");
        assert!(error["hints"].to_string().contains("set `OCTI_HOME` (or `--home`)"), "{said:?}");
    }
    assert_eq!(fs::read_to_string(&file).expect("the file"), "mine");

    assert_eq!(octi.run(&["token", "create", "kept"]).code, Some(0));
    let away = "postgres://octi:s3cret@127.0.0.1:9/octi";
    for arguments in [&["--json", "serve", "--port", "0"][..], &["--json", "chat", "--local", "hello"]] {
        let said = under(&octi, "DATABASE_URL", away, arguments);
        let error = error(&said);
        assert_eq!((said.code, &error["kind"]), (Some(3), &json!("external")), "{said:?}");
        assert!(error["hints"].to_string().contains("check `DATABASE_URL`") && !said.err.contains("s3cret"), "{said:?}");
    }
    let said = octi.run(&["token", "list"]);
    assert!(said.code == Some(0) && said.out.contains("kept"), "{said:?}");
}

#[test]
fn a_database_file_that_is_none_is_named_and_left_alone() {
    let octi = Octi::new();
    let file = octi.home.path().join("octi.db");
    fs::write(&file, "this is a letter, and no database; it is long enough to look like one. ".repeat(20)).expect("a file");
    let before = fs::read(&file).expect("the file");
    let said = octi.run(&["--json", "token", "list"]);
    assert!(matches!(said.code, Some(1 | 3)) && error(&said).to_string().contains("octi.db"), "{said:?}");
    assert_eq!(fs::read(&file).expect("the file"), before);
}

#[test]
fn machines_read_mistakes_of_the_command_line_too() {
    let octi = Octi::new();
    for arguments in [&["--json", "nonsense"][..], &["token", "create", "--json"], &["--json", "serve", "--port", "high"]] {
        let said = octi.run(arguments);
        assert_eq!((said.code, &error(&said)["kind"]), (Some(1), &json!("user")), "{said:?}");
    }
    let said = octi.run(&["--json", "--help"]);
    assert!(said.code == Some(0) && said.out.contains("Usage: octi"), "{said:?}");
}
