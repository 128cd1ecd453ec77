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

#[test]
fn a_file_is_given_with_the_question() {
    let octi = Octi::new();
    let notes = octi.home.path().join("notes.md");
    std::fs::write(&notes, "the meeting is at ten\n").expect("a file");
    let said = octi.run(&["--json", "chat", "--local", "--file", notes.to_str().expect("UTF-8"), "when is the meeting?"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let events = said.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let message = events.into_iter().find(|event| event["type"] == "chat.message").expect("the question");
    let file = &message["payload"]["attachments"][0];
    assert_eq!((&file["name"], &file["mediaType"], &file["bytes"]), (&"notes.md".into(), &"text/markdown".into(), &22.into()));
}

#[test]
fn files_that_cannot_be_given_are_refused_before_anything_is_said() {
    let octi = Octi::new();
    let large = octi.home.path().join("large.bin");
    let bytes = octi_domain::limits::ATTACHMENT_BYTES_MAX as u64 + 1;
    std::fs::File::create(&large).and_then(|file| file.set_len(bytes)).expect("a file");
    let large = large.to_str().expect("UTF-8");
    let too_large = octi.run(&["chat", "--local", "--file", large, "what is this?"]);
    assert_eq!(too_large.code, Some(1), "{too_large:?}");
    assert!(too_large.err.contains("is larger than 8388608 bytes"), "{too_large:?}");
    let missing = octi.run(&["chat", "--local", "--file", "not-there.txt", "what is this?"]);
    assert!(missing.err.contains("the file `not-there.txt` cannot be read"), "{missing:?}");
    let many: Vec<&str> = (0..11).flat_map(|_| ["--file", large]).collect();
    let many = octi.run(&[&["chat", "--local"], &many[..], &["what are these?"]].concat());
    assert!(many.err.contains("11 files are more than the 10 one message may bring"), "{many:?}");
}
