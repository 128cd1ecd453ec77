//! A question, an answer, and what lies between.

use crate::support::{Octi, find};

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
