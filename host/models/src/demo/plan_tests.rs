//! Sentences as people write them.

use proptest::prelude::*;

use super::*;

fn write(path: &str, content: &str) -> Step {
    Step::WriteFile { path: path.into(), content: content.into(), overwrite: true }
}

fn create(path: &str, content: &str) -> Step {
    Step::WriteFile { path: path.into(), content: content.into(), overwrite: false }
}

fn read(path: &str) -> Step {
    Step::ReadFile { path: path.into() }
}

fn complete(which: &str) -> Vec<Step> {
    vec![Step::LookUpTasks, Step::CompleteTask { which: which.into() }]
}

const GREETING: &str = "Hello! This file was written by the octi demo model.\n";

#[test]
fn files_are_written_and_read() {
    let cases = [
        ("write a file hello.md with a greeting and read it back", vec![write("hello.md", GREETING), read("hello.md")]),
        (
            "Please create a file called notes.txt with milk and eggs, then show it.",
            vec![create("notes.txt", "milk and eggs\n"), read("notes.txt")],
        ),
        ("write \"one, and then two\" to docs/a.txt", vec![write("docs/a.txt", "one, and then two\n")]),
        ("could you write a greeting into hi.md", vec![write("hi.md", GREETING)]),
        ("create a file named LICENSE", vec![create("LICENSE", "")]),
        ("create a file empty.txt", vec![create("empty.txt", "")]),
        ("write hello.md: it's \"fine\"", vec![write("hello.md", "fine\n")]),
        ("read hello.md", vec![read("hello.md")]),
        ("what's in hello.md?", vec![read("hello.md")]),
        ("make a folder called docs", vec![Step::CreateDirectory { path: "docs".into() }]),
        ("delete old.txt", vec![Step::DeleteFile { path: "old.txt".into() }]),
        ("stat a.bin", vec![Step::FileInfo { path: "a.bin".into() }]),
    ];
    for (text, steps) in cases {
        assert_eq!(plan(text), steps, "{text}");
    }
}

#[test]
fn files_are_changed_listed_and_searched() {
    let append = |path: &str, content: &str| Step::AppendFile { path: path.into(), content: content.into() };
    let list = |path: &str| Step::ListDirectory { path: path.into() };
    let cases = [
        ("append \"more\" to a.txt", vec![append("a.txt", "more\n")]),
        ("add the line bye to a.txt and read it", vec![append("a.txt", "bye\n"), read("a.txt")]),
        ("append to a.txt: last words", vec![append("a.txt", "last words\n")]),
        ("replace \"a b\" with \"c\" in x.md", vec![Step::EditFile { path: "x.md".into(), old: "a b".into(), new: "c".into() }]),
        (
            "change Hello to Goodbye in hello.md",
            vec![Step::EditFile { path: "hello.md".into(), old: "Hello".into(), new: "Goodbye".into() }],
        ),
        ("list the files", vec![list(".")]),
        ("list files in docs", vec![list("docs")]),
        ("show me all files in the folder src/app", vec![list("src/app")]),
        ("what files are there?", vec![list(".")]),
        ("search for greeting", vec![Step::SearchContent { text: "greeting".into() }]),
        ("find the text \"x in y\" in the files", vec![Step::SearchContent { text: "x in y".into() }]),
        ("find files named *.md", vec![Step::SearchName { name: "*.md".into() }]),
        ("run `ls -l | wc`", vec![Step::Run { command: "ls -l | wc".into() }]),
        ("run the command echo hi", vec![Step::Run { command: "echo hi".into() }]),
        ("run `echo a; list files` and read a.txt", vec![Step::Run { command: "echo a; list files".into() }, read("a.txt")]),
    ];
    for (text, steps) in cases {
        assert_eq!(plan(text), steps, "{text}");
    }
}

#[test]
fn to_dos_are_added_listed_and_done() {
    let add = |title: &str| vec![Step::AddTask { title: title.into() }];
    let cases = [
        ("add a to-do: buy milk and bread", add("buy milk and bread")),
        ("add a todo to call Ann", add("call Ann")),
        ("add \"water the plants\" to my to-do list", add("water the plants")),
        ("add pay rent to my todos", add("pay rent")),
        ("list my to-dos", vec![Step::ListTasks]),
        ("show my tasks", vec![Step::ListTasks]),
        ("what's on my to-do list?", vec![Step::ListTasks]),
        ("mark to-do 2 done", complete("2")),
        ("mark \"buy milk\" as done", complete("buy milk")),
        ("complete the task call Ann", complete("call Ann")),
    ];
    for (text, steps) in cases {
        assert_eq!(plan(text), steps, "{text}");
    }
    let both = plan("add a to-do: buy milk, then list my to-dos and mark to-do 1 done");
    assert_eq!(both, [add("buy milk"), vec![Step::ListTasks], complete("1")].concat());
}

#[test]
fn a_file_about_to_dos_is_a_file() {
    assert_eq!(plan("read todo.md"), [read("todo.md")]);
    assert_eq!(plan("write \"my tasks\" to a.txt"), [write("a.txt", "my tasks\n")]);
}

#[test]
fn what_is_not_understood_has_no_steps() {
    for text in ["", "hello", "what is the meaning of life?", "read it", "readers like lists", "write", "🦑"] {
        assert_eq!(plan(text), [], "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fail(text in "\\PC{0,80}") {
        let _steps = plan(&text);
    }

    #[test]
    fn words_in_any_order_do_not_make_it_fail(words in prop::collection::vec(prop_oneof![
        "write", "read", "it", "a\\.md", "to", "with", "in", "and then", "todo", "mark", "\"", "'", "`", "“", "ß", ":", ",", "list", "run",
    ], 0..14)) {
        let text = words.join(" ");
        prop_assert_eq!(plan(&text), plan(&text));
    }
}
