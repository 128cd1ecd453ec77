//! What a person was told of, in the terminal.

use crate::support::Octi;

const QUESTION: &str = "write a file hello.md with a greeting and read it back";

#[test]
fn what_was_told_is_listed_and_read() {
    let octi = Octi::new();
    let empty = octi.run(&["notification", "list"]);
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), ""), "{empty:?}");
    assert!(empty.err.ends_with("you were told of nothing yet\n"), "{empty:?}");

    // The call waited for an answer, and `--yes` gave it; the terminal itself saw the turn end.
    octi.run(&["chat", "--local", "--yes", QUESTION]);
    let listed = octi.run(&["notification", "list"]);
    let lines: Vec<Vec<&str>> = listed.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["WHEN", "KIND", "WHAT", "ID"], "{listed:?}");
    assert!(
        lines.len() == 2 && lines[1][2] == "waits" && listed.out.contains("`filesystem write_file` waits for you"),
        "{listed:?}"
    );
    assert_eq!(listed.err, "0 unread\n");
    let json = octi.run(&["notification", "list", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert!(json[0]["kind"] == "permission_request" && json[0]["readAt"].is_string(), "{json}");

    let unread = octi.run(&["notification", "list", "--unread"]);
    assert_eq!((unread.out.as_str(), unread.err.as_str()), ("", "all is read\n"));
    let read = octi.run(&["notification", "read", json[0]["id"].as_str().expect("an id")]);
    assert_eq!((read.code, read.err.as_str()), (Some(0), "marked as read\n"));
    let all = octi.run(&["notification", "read", "--all"]);
    assert_eq!((all.code, all.err.as_str()), (Some(0), "marked all as read\n"));
}

#[test]
fn a_wrong_id_is_explained() {
    let octi = Octi::new();
    let unknown = octi.run(&["notification", "read", "018f4e5a-7c1d-7b3a-9f00-0123456789ab"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown.err.contains("there is no such notification") && unknown.err.contains("`octi notification list`"),
        "{unknown:?}"
    );
    let nothing = octi.run(&["notification", "read"]);
    assert!(nothing.code == Some(1) && nothing.err.contains("<ID>"), "{nothing:?}");
    let nonsense = octi.run(&["notification", "read", "seven"]);
    assert!(nonsense.err.contains("`seven` is not a notification id"), "{nonsense:?}");
}
