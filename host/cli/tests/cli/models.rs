//! Chats over each provider's wire, with a real small model, and what a person reads when a provider says no.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use crate::aimock::Aimock;
use crate::smollm::SmolLm;
use crate::support::{Octi, Said, find};

const QUESTION: &str = "write a file hello.md with a greeting and read it back";
/// The key that no output may contain.
const KEY: &str = "key-of-the-tests";
/// Provider, model, and where its wire is at the mock server.
const WIRES: [(&str, &str, &str); 5] = [
    ("openai", "gpt-5", "/v1"),
    ("openai-compatible", "local-model", "/v1"),
    ("anthropic", "claude-sonnet-4-5", "/v1"),
    ("gemini", "gemini-2.5-flash", "/v1beta"),
    ("ollama", "llama3.2:3b", "/"),
];

fn add(octi: &Octi, name: &str, (provider, model, path): (&str, &str, &str), base: &str) {
    let endpoint = format!("{base}{path}");
    let arguments = ["model", "add", name, "--provider", provider, "--model", model, "--endpoint", &endpoint, "--default"];
    let said = octi.feed(&arguments, KEY);
    assert_eq!(said.code, Some(0), "{provider}: {said:?}");
    assert!(!said.err.contains(KEY) && !said.out.contains(KEY), "{said:?}");
}

fn wrote_and_read(octi: &Octi, said: &Said) {
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.out, "It is written, and it says hello.\n", "{said:?}");
    assert!(said.err.contains("▸ filesystem.write_file") && said.err.contains("▸ filesystem.read_file"), "{said:?}");
    let files = find(octi.home.path(), "hello.md");
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(fs::read_to_string(&files[0]).expect("the file"), "Hello over the wire\n");
    fs::remove_file(&files[0]).expect("the next one writes it anew");
}

#[test]
fn a_question_is_answered_with_real_tools_over_each_providers_wire() {
    let server = Aimock::start("chat.json");
    let mut octi = Octi::new();
    let _server = octi.serve();
    for wire in WIRES {
        add(&octi, wire.0, wire, &server.base);
        let said = octi.run(&["chat", "--local", "--yes", QUESTION]);
        assert!(!said.err.contains(KEY), "{said:?}");
        wrote_and_read(&octi, &said);
    }
}

/// What warns of it is a line of the log, and every line is searched for the secrets that are just being read.
#[test]
fn a_key_that_is_too_short_to_be_hidden_stops_nothing() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let endpoint = "http://127.0.0.1:9/v1";
    let arguments = ["model", "add", "local", "--provider", "openai-compatible", "--model", "m", "--endpoint", endpoint];
    let said = octi.feed(&arguments, "k");
    assert_eq!(said.code, Some(0), "{said:?}");
    let listed = octi.run(&["model", "list"]);
    assert!(listed.code == Some(0) && listed.out.contains("local"), "{listed:?}");
}

#[test]
fn at_first_start_the_environment_says_which_model_answers() {
    let server = Aimock::start("chat.json");
    let octi = Octi::new()
        .with("OPENAI_API_KEY", KEY)
        .with("OPENAI_BASE_URL", &format!("{}/v1", server.base))
        .with("OPENAI_MODEL", "some-model")
        .with("ANTHROPIC_API_KEY", KEY);
    let said = octi.run(&["chat", "--local", "--yes", QUESTION]);
    for (name, of) in [("openai", "some-model of openai-compatible"), ("anthropic", "of anthropic")] {
        let told = said.err.lines().any(|line| line.starts_with(&format!("model `{name}` (")) && line.contains(of));
        assert!(told && !said.err.contains(KEY), "{name}: {said:?}");
    }
    wrote_and_read(&octi, &said);
}

#[test]
fn an_environment_that_cannot_be_used_is_named_and_leaves_nothing_behind() {
    let octi = Octi::new();
    let mut command = octi.command(&["chat", "--local", "hello"]);
    command.env("OPENAI_BASE_URL", "not an address").env("ANTHROPIC_API_KEY", KEY);
    let said = crate::support::said(command.output().expect("octi starts"));
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("OPENAI_BASE_URL") && said.err.contains("is not an address"), "{said:?}");
    // The start got as far as making the administrator, whose password is never shown again.
    assert!(said.err.contains("sign in to the server as `admin` with the password"), "{said:?}");
    // Corrected, the models are set up as at a first start.
    let said = octi.run(&["model", "list"]);
    assert!(said.out.contains("demo (default)") && !said.out.contains("anthropic"), "{said:?}");
}

#[test]
fn a_provider_that_says_no_is_understood() {
    let server = Aimock::start("chat.json");
    let mut octi = Octi::new();
    let _server = octi.serve();
    add(&octi, "mine", WIRES[0], &server.base);
    let mut texts = String::new();
    for (question, code) in [("with the wrong key", 1), ("far too often", 3)] {
        let said = octi.run(&["chat", question]);
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{said:?}");
        texts.push_str(&said.err);
    }
    insta::with_settings!({filters => [("[0-9a-f-]{36}", "[session]")]}, {
        insta::assert_snapshot!(texts, @r"
        error: `openai` does not accept the key for `gpt-5`: store one with `octi model add` or set `OPENAI_API_KEY` (it said: Incorrect API key provided: [REDACTED_SECRET])
        hint: `octi chat --session [session]` goes on with the conversation
        error: `openai` gets too many requests at the moment and asks to wait 1 s: wait or use another model (it said: Rate limit reached)
        hint: `octi chat --session [session]` goes on with the conversation
        ");
    });
}

#[test]
fn where_clouds_keep_their_credentials_no_model_is_looked_for() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    for endpoint in ["http://169.254.169.254/v1", "http://[fd00:ec2::254]/v1", "http://metadata.google.internal/v1"] {
        let arguments =
            ["model", "add", "m", "--provider", "openai-compatible", "--model", "m", "--no-key", "--endpoint", endpoint];
        let said = octi.run(&arguments);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.err.contains("credentials"), "{said:?}");
    }
}

/// Answers one request with "wrong key" and gives what was sent.
fn one_request(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().expect("a request");
    let mut head = [0; 4096];
    let length = stream.read(&mut head).expect("its head");
    stream.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("it is read");
    String::from_utf8_lossy(&head[..length]).into_owned()
}

#[test]
fn a_model_that_cannot_be_used_leaves_the_one_it_was_to_replace_as_it_is() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    add(&octi, "mine", WIRES[0], &base);
    for endpoint in ["http://169.254.169.254/v1", "ftp://127.0.0.1/v1", "nonsense"] {
        let arguments = ["model", "add", "mine", "--provider", "openai", "--model", "other", "--endpoint", endpoint];
        let said = octi.feed(&arguments, "another-key");
        assert!(said.code == Some(1) && said.err.contains("endpoint"), "{said:?}");
    }
    let asking = std::thread::spawn(move || one_request(&listener));
    let said = octi.run(&["model", "test", "mine"]);
    assert!(said.code == Some(3) && said.out.contains("does not accept the key for `gpt-5`"), "{said:?}");
    let asked = asking.join().expect("the request");
    assert!(asked.to_lowercase().contains(&format!("authorization: bearer {KEY}")), "{asked}");
}

#[test]
fn a_real_model_answers_piece_by_piece() {
    let Some(server) = SmolLm::start() else {
        eprintln!("skipped: the model is not installed; run `tests/peers/smollm.sh`");
        return;
    };
    let octi = Octi::new();
    let endpoint = format!("{}/v1", server.base);
    let arguments = ["model", "add", "smol", "--provider", "openai-compatible", "--model", "smollm2", "--endpoint", &endpoint];
    let rest = ["--default", "--no-key", "--no-tools", "--context-window", "2048", "--max-output", "24"];
    let said = octi.run(&[&arguments[..], &rest].concat());
    assert_eq!(said.code, Some(0), "{said:?}");

    let said = octi.run(&["--json", "chat", "--local", "Count from one to twenty."]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let events: Vec<serde_json::Value> = said.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).collect::<Vec<_>>();
    assert!(of("chat.delta").len() > 1, "{said:?}");
    let answer = of("chat.response")[0]["payload"]["text"].as_str().expect("a text").to_owned();
    let pieces: String = of("chat.delta").iter().filter_map(|event| event["payload"]["text"].as_str()).collect();
    assert!(!answer.trim().is_empty() && pieces.contains(answer.trim()), "{said:?}");
}
