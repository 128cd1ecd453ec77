//! `octi tui` in a terminal, against a real server with the demo model.

use std::time::Duration;

use crate::support::{Octi, find, until};
use crate::terminal::Terminal;

const QUESTION: &str = "write a file hello.md with a greeting and read it back";

/// What a terminal must be told to be as it was: the first screen, ordinary pastes, no word of the focus, the cursor.
const GIVEN_BACK: [&str; 4] = ["\u{1b}[?1049l", "\u{1b}[?2004l", "\u{1b}[?1004l", "\u{1b}[?25h"];

fn assert_given_back(written: &str) {
    let taken = written.rfind("\u{1b}[?1049h").expect("the screen was taken");
    for sequence in GIVEN_BACK {
        assert!(written[taken..].contains(sequence), "the terminal never got {sequence:?}");
    }
}

#[test]
fn a_turn_with_its_questions_in_a_real_terminal() {
    let mut octi = Octi::new();
    let server = octi.serve();
    let mut terminal = Terminal::start(&octi, &["tui"], 100, 30);
    terminal.shows("Ask for something");
    terminal.shows("connected");
    terminal.press(QUESTION);
    terminal.shows(QUESTION);
    terminal.press("\r");
    terminal.shows("asks: may filesystem.write_file");
    terminal.shows("hello.md");
    assert!(find(octi.home.path(), "hello.md").is_empty(), "nothing happens before the answer");
    terminal.press("\u{1b}1");
    terminal.shows("[demo model] I wrote");
    assert_eq!(find(octi.home.path(), "hello.md").len(), 1);
    terminal.shows("✓ filesystem.read_file path=hello.md");
    terminal.until("tokens of the conversation", |screen| screen.contains("tokens"));

    terminal.resize(60, 20);
    // What stands at the right end of the status is cut off until the program has drawn anew; a key before that may wait for
    // the next one, because the reader of the terminal was woken for the new size.
    terminal.until("the narrow screen", |screen| screen.contains("connected"));
    terminal.press("\u{1b}[15~");
    terminal.shows("Keys");
    terminal.press("\u{1b}");
    terminal.until("no list of keys", |screen| !screen.contains("Keys"));

    terminal.press("/whoami\r");
    terminal.shows("admin, an administrator");
    terminal.press("\u{11}");
    let (status, written) = terminal.end();
    assert!(status.success(), "{status:?}");
    assert_given_back(&written);
    assert!(written.contains("goes on with this conversation"), "the way back is told");
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_lost_server_is_waited_for_and_the_conversation_goes_on() {
    let mut octi = Octi::new();
    let server = octi.serve();
    let port = octi.url().rsplit(':').next().expect("a port").to_owned();
    let mut terminal = Terminal::start(&octi, &["tui"], 100, 60);
    terminal.shows("connected");
    terminal.press("what can you do?\r");
    terminal.shows("[demo model]");
    assert_eq!(server.terminate(), Some(0));
    terminal.shows("not connected");
    terminal.press("are you back?\r");
    terminal.shows("your text stays here");
    terminal.shows("are you back?");
    let _again = octi.serve_at(&port);
    terminal.until("the connection", |screen| screen.contains("● connected"));
    terminal.press("\r");
    terminal.until("a second answer", |screen| screen.matches("[demo model]").count() == 2);
    terminal.terminate();
    let (_, written) = terminal.end();
    assert_given_back(&written);
}

#[test]
fn a_conversation_is_gone_on_with_and_a_declined_call_does_not_run() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let said = octi.run(&["--json", "chat", "what can you do?"]);
    let event: serde_json::Value = serde_json::from_str(said.out.lines().next().expect("an event")).expect("JSON");
    let session = event["sessionId"].as_str().expect("a session").to_owned();
    let octi = octi.with("OCTI_TUI_ICONS", "ascii");
    let mut terminal = Terminal::start(&octi, &["tui", "--session", &session], 80, 24);
    terminal.shows("what can you do?");
    terminal.shows("* connected");
    terminal.press(QUESTION);
    terminal.press("\r");
    terminal.shows("asks: may filesystem.write_file");
    assert!(terminal.text().is_ascii(), "{}", terminal.text());
    terminal.press("\u{1b}");
    terminal.shows("denied");
    terminal.press("\u{3}");
    std::thread::sleep(Duration::from_millis(200));
    terminal.press("\u{3}");
    let (status, written) = terminal.end();
    assert!(status.success(), "{status:?}");
    assert_given_back(&written);
}

#[test]
fn an_answer_is_told_elsewhere_only_when_nobody_sees_it_come() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let mut terminal = Terminal::start(&octi, &["tui"], 100, 40);
    terminal.shows("● connected");
    terminal.press("what can you do?\r");
    terminal.shows("[demo model]");
    terminal.press(&format!("{QUESTION}\r"));
    terminal.shows("asks: may filesystem.write_file");
    let told = || octi.run(&["notification", "list", "--json"]).out;
    assert!(!told().contains("agent_completed"), "{}", told());
    // Allowed, and the window is left before the call has run.
    terminal.press("\u{1b}1\u{1b}[O");
    terminal.shows("[demo model] I wrote");
    until("the end of the turn is told", || told().contains("agent_completed"));
    terminal.press("\u{11}");
    assert!(terminal.end().0.success());
}

#[test]
fn a_question_beside_the_conversation_is_answered_in_a_real_terminal() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let mut terminal = Terminal::start(&octi, &["tui"], 100, 40);
    terminal.shows("● connected");
    terminal.press("/ask why?\r");
    terminal.shows("there is no conversation yet to ask beside");
    terminal.press(&format!("{QUESTION}\r"));
    terminal.shows("asks: may filesystem.write_file");
    terminal.press("/ask what can you do?\r");
    terminal.shows("answer to the aside \"what can you do?\"");
    terminal.shows("asks: may filesystem.write_file");
    terminal.press("\u{11}");
    assert!(terminal.end().0.success());
}

#[test]
fn signing_in_and_out_changes_who_one_is_and_leaves_no_token_behind() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let mut terminal = Terminal::start(&octi, &["tui"], 90, 24);
    terminal.shows("connected");
    terminal.press("/login admin\r");
    terminal.shows("password:");
    terminal.press("wrong\r");
    terminal.shows("✗ ");
    terminal.press(&format!("{}\r", octi.password));
    terminal.shows("signed in as admin");
    assert!(!terminal.text().contains(&octi.password));
    terminal.shows("● connected");
    let tokens = || octi.run(&["--json", "token", "list"]).out;
    assert!(tokens().contains("octi_"), "{}", tokens());
    terminal.press("/logout\r");
    until("the token is revoked", || tokens().contains("revokedAt"));
    terminal.press("\u{11}");
    assert!(terminal.end().0.success());
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    let octi = Octi::new();
    let said = octi.run(&["tui"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("`octi tui` needs a terminal") && said.err.contains("`octi chat`"), "{said:?}");
}

#[test]
fn what_is_wrong_with_the_keys_or_the_signs_is_said_before_the_screen_is_taken() {
    let octi = Octi::new();
    std::fs::write(octi.home.path().join("keybindings.json"), r#"{"pallete": "f4"}"#).expect("a file");
    let terminal = Terminal::start(&octi, &["tui"], 80, 24);
    terminal.shows("there is no action `pallete`");
    assert!(!terminal.end().0.success());
    std::fs::remove_file(octi.home.path().join("keybindings.json")).expect("it goes away");
    let octi = octi.with("OCTI_TUI_ICONS", "fancy");
    let terminal = Terminal::start(&octi, &["tui"], 80, 24);
    terminal.shows("use `unicode`, `ascii` or `emoji`");
    assert!(!terminal.end().0.success());
}

#[test]
fn without_a_server_it_says_how_to_start_one() {
    let octi = Octi::new();
    let terminal = Terminal::start(&octi, &["tui"], 80, 24);
    terminal.shows("no octi server answers");
    until("the end", || !terminal.is_taken());
    assert!(!terminal.end().0.success());
}
