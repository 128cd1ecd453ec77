//! Whole turns, with results as tools give them.

use serde_json::json;

use super::*;

fn tools(names: &[&str]) -> Vec<ToolSchema> {
    let tool = |name: &&str| ToolSchema { name: (*name).to_owned(), description: String::new(), input_schema: json!({}) };
    names.iter().map(tool).collect()
}

/// Plays a turn: each call is answered with the next result. Gives the calls and the last words.
fn play(text: &str, names: &[&str], answers: &[(&str, bool)]) -> (Vec<(String, Value)>, String) {
    let mut request = ChatRequest { messages: vec![ChatMessage::user(text)], tools: tools(names), ..ChatRequest::default() };
    let mut answers = answers.iter();
    let mut calls = Vec::new();
    loop {
        let call = match next(&request) {
            Next::Say(text) => return (calls, text),
            Next::Call(call) => call,
        };
        let (content, is_error) = answers.next().expect("a result for each call");
        let result = ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: (*content).to_owned(),
            is_error: *is_error,
            artifact: None,
            files: Vec::new(),
        };
        calls.push((call.name.clone(), call.arguments.clone()));
        request.messages.push(ChatMessage { role: Role::Assistant, parts: vec![Part::ToolCall(call)] });
        request.messages.push(ChatMessage { role: Role::Tool, parts: vec![Part::ToolResult(result)] });
    }
}

const FILES: [&str; 3] = ["filesystem__write_file", "filesystem__read_file", "filesystem__list_directory"];
const TASKS: [&str; 3] = ["tasks__add", "tasks__list", "tasks__complete"];

#[test]
fn a_file_is_written_read_and_reported() {
    let answers = [(r#"{"path":"hello.md","size":9}"#, false), (r#"{"content":"Hi there\n"}"#, false)];
    let (calls, said) = play("write a file hello.md with a greeting and read it back", &FILES, &answers);
    assert_eq!(calls[0].0, "filesystem__write_file");
    assert_eq!(calls[1], ("filesystem__read_file".into(), json!({ "path": "hello.md" })));
    assert!(said.contains("I wrote `hello.md`") && said.contains("```\nHi there\n```"), "{said}");
}

#[test]
fn an_error_is_reported_and_ends_the_turn() {
    let answers = [("a person said no to this call", true)];
    let (calls, said) = play("write a file hello.md with a greeting and read it back", &FILES, &answers);
    assert_eq!(calls.len(), 1);
    assert!(said.contains("I could not write `hello.md`. The tool said: a person said no"), "{said}");
    assert!(said.contains("did not read `hello.md`") && !said.contains("I wrote"), "{said}");
}

#[test]
fn a_tool_that_is_not_there_is_named_and_not_called() {
    let (calls, said) = play("list the files and run `ls`", &FILES, &[("[]", false)]);
    assert_eq!(calls.len(), 1);
    assert!(said.contains("`shell__run`") && said.contains("`.` is empty"), "{said}");
}

#[test]
fn a_to_do_is_done_by_its_number_or_title() {
    let list = r#"{"tasks":[{"id":"t7","title":"buy milk","done":false},{"id":"t9","title":"call Ann","done":false}]}"#;
    let done = [(list, false), ("{}", false)];
    for text in ["mark to-do 2 done", "mark \"call ann\" as done", "complete the task Ann", "mark \"t9\" done"] {
        let (calls, said) = play(text, &TASKS, &done);
        assert_eq!(calls[1], ("tasks__complete".into(), json!({ "id": "t9" })), "{text}");
        assert!(said.contains("as done"), "{said}");
    }
    let (calls, said) = play("mark to-do 5 done", &TASKS, &[(list, false)]);
    assert_eq!(calls.len(), 1);
    assert!(said.contains("no to-do `5` among the 2"), "{said}");
}

#[test]
fn lists_show_what_the_tool_gave() {
    let list = r#"{"tasks":[{"id":1,"title":"buy milk","status":"completed"},{"id":2,"title":"call Ann","status":"open"}]}"#;
    let (_, said) = play("list my to-dos", &TASKS, &[(list, false)]);
    assert!(said.contains("1. [x] buy milk\n2. [ ] call Ann"), "{said}");
    let files = r#"{"entries":[{"path":"docs","kind":"directory"},{"path":"a.md","kind":"file"}]}"#;
    let (_, said) = play("list the files", &FILES, &[(files, false)]);
    assert!(said.contains("1. docs/\n2. a.md"), "{said}");
}

#[test]
fn a_to_do_with_a_number_of_its_own_is_shown_and_found_by_it() {
    let list = r#"{"tasks":[{"id":7,"title":"buy milk","status":"open"},{"id":2,"title":"call Ann","status":"open"}]}"#;
    let (_, said) = play("list my to-dos", &TASKS, &[(list, false)]);
    assert!(said.contains("7. [ ] buy milk\n2. [ ] call Ann"), "{said}");
    let (calls, _) = play("mark to-do 2 done", &TASKS, &[(list, false), ("{}", false)]);
    assert_eq!(calls[1].1, json!({ "id": 2 }));
    let (calls, said) = play("mark to-do 1 done", &TASKS, &[(list, false)]);
    assert!(calls.len() == 1 && said.contains("no to-do `1`"), "{said}");
}

#[test]
fn a_command_that_did_not_end_by_itself_says_so() {
    let answers = [(r#"{"ended":"timed_out","stdout":"","stderr":"","truncated":false}"#, false)];
    let (_, said) = play("run `sleep 99`", &["shell__run"], &answers);
    assert!(said.contains("(timed out)") && said.contains("printed nothing"), "{said}");
}

#[test]
fn a_command_is_reported_with_its_exit_code_and_both_streams() {
    let answers = [(r#"{"exit_code":2,"stdout":"out\n","stderr":"err\n"}"#, false)];
    let (_, said) = play("run `make`", &["shell__run"], &answers);
    assert!(said.contains("exit code 2") && said.contains("out\n") && said.contains("err\n"), "{said}");
}

#[test]
fn only_the_last_request_counts() {
    let mut request = ChatRequest { tools: tools(&FILES), ..ChatRequest::default() };
    let old = ToolResult {
        call_id: "1".into(),
        name: "t".into(),
        content: "x".into(),
        is_error: true,
        artifact: None,
        files: Vec::new(),
    };
    request.messages = vec![
        ChatMessage::user("read a.txt"),
        ChatMessage { role: Role::Tool, parts: vec![Part::ToolResult(old)] },
        ChatMessage::user("list the files"),
    ];
    assert!(matches!(next(&request), Next::Call(call) if call.name == "filesystem__list_directory"));
}

#[test]
fn what_is_not_understood_gets_help_about_the_tools_that_are_there() {
    let (_, said) = play("why?", &TASKS, &[]);
    assert!(said.contains("octi model add") && said.contains("to-do") && !said.contains("hello.md"), "{said}");
}
