//! Secrets come in through a pipe and never out again.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Octi, Said, said};

const VALUE: &str = "s3cr3t-Value-of-1";

fn set(octi: &Octi, name: &str, input: &str) -> Said {
    let mut child = octi
        .command(&["secret", "set", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("octi starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    said(child.wait_with_output().expect("it ends"))
}

#[test]
fn the_help_says_where_values_come_from() {
    let octi = Octi::new();
    let help = octi.run(&["secret", "set", "--help"]).out;
    let words: Vec<&str> = help.split_whitespace().collect();
    let says = "the value is read from standard input or asked for, never from the command line";
    assert!(words.join(" ").contains(says), "{help}");
}

#[test]
fn a_secret_is_set_listed_and_removed() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let empty = octi.run(&["secret", "list"]);
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), ""));
    assert_eq!(empty.err, "there are no secrets\nhint: `octi secret set NAME` adds one\n");

    let made = set(&octi, "weather_key", &format!("{VALUE}\n"));
    assert_eq!((made.code, made.out.as_str()), (Some(0), ""), "{made:?}");
    assert_eq!(
        made.err,
        "set `weather_key`\nhint: no plugin may use it yet: a plugin asks for it under `capabilities.vault` of its plugin.toml\n"
    );
    let listed = octi.run(&["secret", "list"]);
    let lines: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["NAME", "SET", "MAY", "BE", "USED", "BY"]);
    assert!(lines[1][0] == "weather_key" && lines[1][3] == "nobody", "{listed:?}");
    let json = octi.run(&["secret", "list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((json[0]["name"].as_str(), &json[0]["uses"]), (Some("weather_key"), &serde_json::json!([])));
    assert!(!format!("{made:?}{listed:?}{json:?}").contains(VALUE));

    let removed = octi.run(&["secret", "remove", "weather_key"]);
    assert_eq!((removed.code, removed.err.as_str()), (Some(0), "removed `weather_key`\n"));
    let again = octi.run(&["secret", "remove", "weather_key"]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("there is no such secret") && again.err.contains("`octi secret list`"), "{again:?}");
}

#[test]
fn what_cannot_be_a_secret_is_said() {
    let octi = Octi::new();
    for (name, value, says) in [
        ("key", "", "`octi secret set key < FILE` reads it from a file"),
        ("key", "q7x\n", "a secret has 8 to 65536 bytes"),
        ("two words", VALUE, "a secret's name has 1 to 64 letters, digits, `_`, `-` and `.`"),
    ] {
        let said = set(&octi, name, value);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains(says) && !said.err.contains(VALUE), "{said:?}");
    }
    let argument = octi.run(&["secret", "set", "key", VALUE]);
    assert_eq!(argument.code, Some(1), "a value on the command line is refused: {argument:?}");
}

#[test]
fn a_secret_of_a_file_is_hidden_from_its_reader() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let call = |arguments: &[&str]| octi.run(&[&["plugin", "call", "--yes"], arguments].concat());
    let write = |value: &str| serde_json::json!({ "path": "notes.txt", "content": value }).to_string();
    assert_eq!(call(&["filesystem.write_file", &write(&format!("the key is {VALUE}, twice: {VALUE}"))]).code, Some(0));
    assert_eq!(set(&octi, "key", VALUE).code, Some(0));

    let read = call(&["filesystem.read_file", r#"{"path":"notes.txt"}"#]);
    assert!(read.out.contains("the key is [REDACTED_SECRET], twice: [REDACTED_SECRET]"), "{read:?}");
    let repeated = call(&["filesystem.write_file", &write(VALUE)]);
    assert!(repeated.code != Some(0) && repeated.err.contains("write `{{secret:key}}` instead"), "{repeated:?}");
    let placeholder = call(&["filesystem.write_file", &write("{{secret:key}}")]);
    assert!(placeholder.err.contains("plugin `octi/filesystem` has no grant for the secret `key`"), "{placeholder:?}");

    assert_eq!(octi.run(&["secret", "remove", "key"]).code, Some(0));
    assert!(call(&["filesystem.read_file", r#"{"path":"notes.txt"}"#]).out.contains(VALUE), "what is no secret is shown");
}

/// What a program in the sandbox makes of a file it may read.
const ECHOES: [(&str, &str); 11] = [
    ("as it is", "cat notes.txt"),
    ("base64", "base64 notes.txt"),
    ("base64 in short lines", "base64 -w 7 notes.txt"),
    ("base64url", "basenc --base64url notes.txt"),
    ("hex with spaces", "od -An -v -tx1 notes.txt"),
    ("HEX", "basenc --base16 notes.txt"),
    ("decimal bytes", "od -An -v -tu1 notes.txt"),
    ("percent-encoded", "od -An -v -tx1 notes.txt | tr ' ' '%'"),
    ("backwards", "fold -w 1 notes.txt | tac"),
    ("in short lines", "fold -w 3 notes.txt"),
    ("letter by letter", "sed 's/./& + /g' notes.txt"),
];

#[test]
fn a_tool_that_echoes_what_it_can_reach_yields_no_secret() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let call = |name: &str, arguments: serde_json::Value| octi.run(&["plugin", "call", "--yes", name, &arguments.to_string()]);
    let written = call("filesystem.write_file", serde_json::json!({ "path": "notes.txt", "content": VALUE }));
    assert_eq!(written.code, Some(0), "{written:?}");
    let echo = |command: &str| {
        let said = call("shell.run", serde_json::json!({ "command": command }));
        assert_eq!(said.code, Some(0), "{command}: {said:?}");
        let output: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
        output["stdout"].as_str().expect("text").to_owned()
    };
    let before: Vec<String> = ECHOES.iter().map(|(_, command)| echo(command)).collect();
    assert_eq!(set(&octi, "key", VALUE).code, Some(0));
    for ((name, command), before) in ECHOES.iter().zip(before) {
        let after = echo(command);
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        assert!(letters(&before) >= VALUE.len() - 3, "{name}: {before}");
        assert!(after.contains("[REDACTED_SECRET]"), "{name}: {after}");
        assert!(letters(&after.replace("[REDACTED_SECRET]", "")) <= 1, "{name}: {after}");
    }
    let environment = echo("env");
    assert!(!environment.contains(VALUE), "{environment}");
}
