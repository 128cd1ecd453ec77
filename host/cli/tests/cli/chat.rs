//! A question, an answer, and what lies between.

use std::process::Stdio;

use crate::support::{Octi, find, until};

const QUESTION: &str = "write a file hello.md with a greeting and read it back";

#[test]
fn a_question_is_answered_with_real_tools() {
    let octi = Octi::new();
    let said = octi.run(&["chat", "--local", "--yes", QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("[demo model] I wrote `hello.md`"), "{said:?}");
    assert!(said.err.contains("▸ filesystem.read_file path=hello.md"), "{said:?}");
    let file = find(octi.home.path(), "hello.md");
    assert_eq!(file.len(), 1, "{file:?}");
    let text = std::fs::read_to_string(&file[0]).expect("the file");
    assert!(said.out.contains(&text), "{said:?}");
}

#[test]
fn without_anybody_to_ask_a_write_is_denied() {
    let octi = Octi::new();
    let said = octi.run(&["chat", "--local", QUESTION]);
    assert!(said.err.contains("nobody can be asked here; `--yes` allows once"), "{said:?}");
    assert_eq!(find(octi.home.path(), "hello.md"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn machines_get_one_event_a_line() {
    let octi = Octi::new();
    let said = octi.run(&["--json", "chat", "--local", "--yes", QUESTION]);
    let types: Vec<String> = said
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["type"].as_str().expect("a type").to_owned())
        .collect();
    for expected in ["chat.message", "agent.spawned", "permission.request", "tool.result", "chat.response", "agent.completed"] {
        assert!(types.iter().any(|found| found == expected), "{expected} is not among {types:?}");
    }
}

#[test]
fn what_would_harm_the_machine_is_refused_before_it_starts() {
    // The device does not exist, so that not even a broken refusal could do harm.
    let said = Octi::new().run(&["chat", "--local", "--yes", "run `mkfs.ext4 /dev/octi-not-there`"]);
    assert!(said.out.contains("is never allowed: it writes over a disk"), "{said:?}");
}

#[test]
fn a_killed_server_leaves_a_whole_session_that_can_be_continued() {
    let mut octi = Octi::new();
    let server = octi.serve();
    let mut talking = octi.command(&["--json", "chat", "--yes", "run `sleep 30`"]);
    let mut talking = talking.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("octi starts");
    let session = wait_for_call(&mut talking);
    server.kill();
    talking.wait().expect("the client notices");

    let _server = octi.serve();
    let said = octi.run(&["chat", "--session", &session, "--continue", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("octi stopped before this call answered"), "{said:?}");
}

/// Reads events until a tool call runs, and gives the session.
fn wait_for_call(talking: &mut std::process::Child) -> String {
    use std::io::{BufRead, BufReader};

    let mut session = String::new();
    let mut lines = BufReader::new(talking.stdout.take().expect("a pipe")).lines();
    until("a tool call", || {
        let line = lines.next().expect("the turn has not ended").expect("text");
        let event: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        session = event["sessionId"].as_str().unwrap_or(&session).to_owned();
        event["type"] == "tool.invoked"
    });
    session
}
