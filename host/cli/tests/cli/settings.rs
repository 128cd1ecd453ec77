//! Settings are listed, set and reset from the terminal, and the server obeys them while it runs.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Octi, Said};

const TOKEN: &str = "scraper-Word-of-16-and-more";

fn fine(octi: &Octi, arguments: &[&str]) -> Said {
    let said = octi.run(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
    said
}

fn value(octi: &Octi, key: &str) -> Value {
    let said = fine(octi, &["--json", "settings", "get", key]);
    serde_json::from_str::<Value>(&said.out).expect("JSON")["value"].clone()
}

#[test]
fn the_list_fits_a_terminal_and_says_where_each_value_comes_from() {
    let mut octi = Octi::new().with("OCTI_MAX_TOKENS", "5000").with("OCTI_PRIVATE_TARGETS", "wiki.corp:443, 10.1.0.0/16:443");
    std::fs::write(octi.home.path().join("config.toml"), "[agent]\nminutes_max = 3\n").expect("the file");
    let _server = octi.serve();
    fine(&octi, &["settings", "set", "agent.iterations_max", "7"]);
    let listed = fine(&octi, &["settings", "list"]);
    assert!(listed.out.lines().all(|line| line.chars().count() <= 80), "{}", listed.out);
    insta::with_settings!({filters => [
        (r"(server\.home|database\.url)( +)\S.{27}", "$1$2[a place of this test]      "),
    ]}, {
        insta::assert_snapshot!(listed.out);
    });
    let json: Value = serde_json::from_str(&fine(&octi, &["--json", "settings", "list"]).out).expect("JSON");
    assert!(json.as_array().is_some_and(|all| all.len() == listed.out.lines().count() - 1), "{json}");
}

#[test]
fn one_setting_is_explained_set_and_reset() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    insta::assert_snapshot!(fine(&octi, &["settings", "get", "agent.minutes_max"]).out);
    let set = fine(&octi, &["settings", "set", "agent.minutes_max", "5"]);
    assert_eq!((set.out.as_str(), set.err.as_str()), ("", "`agent.minutes_max` is 5\n"));
    assert_eq!(value(&octi, "agent.minutes_max"), 5);
    let reset = fine(&octi, &["settings", "reset", "agent.minutes_max"]);
    assert_eq!(reset.err, "`agent.minutes_max` is 15 (default)\n");

    let listed = fine(&octi, &["settings", "set", "network.private_targets", "wiki.corp:443, 10.1.0.0/16:443"]);
    assert_eq!(listed.err, "`network.private_targets` is wiki.corp:443, 10.1.0.0/16:443, from the next start on\n");
    let limits = json!({"octi/shell": {"limits": {"time_ms": 5_000}}});
    fine(&octi, &["settings", "set", "plugins", &limits.to_string()]);
    assert_eq!(value(&octi, "plugins"), limits);
}

#[test]
fn a_mistake_is_answered_with_what_to_do() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    for (arguments, says) in [
        (&["set", "agent.minutes_max", "0"][..], "it must be a whole number from 1 to 1440"),
        (&["set", "agent.minutes_max", "-5"][..], "it must be a whole number from 1 to 1440"),
        (&["set", "agent.minutes", "5"][..], "there is no setting `agent.minutes`: `octi settings list` shows them"),
        (&["set", "server.port", "80"][..], "set the environment variable `OCTI_PORT` or `server.port` in `config.toml`"),
        (&["set", "plugins", "{\"x\": {}}"][..], "the field is `value.\"x\"`"),
        (&["set", "metrics.token", TOKEN][..], "`octi settings set metrics.token -`"),
        (&["get", "nothing"][..], "there is no setting `nothing`"),
        (&["reset", "nothing"][..], "there is no setting `nothing`"),
    ] {
        let said = octi.run(&[&["settings"], arguments].concat());
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        assert!(said.err.contains(says), "{arguments:?}: {said:?}");
    }
}

#[test]
fn a_secret_comes_in_through_a_pipe_and_never_out() {
    let mut octi = Octi::new();
    let log = octi.home.path().join("server.log");
    let _server = octi.serve_logging_to(&log);
    let set = octi.feed(&["settings", "set", "metrics.token", "-"], &format!("{TOKEN}\n"));
    assert_eq!((set.code, set.err.as_str()), (Some(0), "`metrics.token` is (set)\n"), "{set:?}");
    let empty = octi.feed(&["settings", "set", "metrics.token", "-"], "");
    assert!(empty.code == Some(1) && empty.err.contains("`octi settings reset metrics.token`"), "{empty:?}");
    let shown = [fine(&octi, &["settings", "list"]), fine(&octi, &["--json", "settings", "get", "metrics.token"])];
    assert!(!format!("{shown:?}").contains(TOKEN), "{shown:?}");
    // Whoever asks for it where everything is logged makes it no line of the log.
    octi.run(&["settings", "set", "log.filter", "trace"]);
    octi.request(&format!("GET /api/sessions/{TOKEN}"), &octi.token(), "");
    let logged = std::fs::read_to_string(&log).expect("the log");
    assert!(logged.contains("[REDACTED_SECRET]") && !logged.contains(TOKEN), "the secret is in the log, or nothing is");
}

#[test]
fn the_server_obeys_a_changed_budget_and_log_filter_without_a_restart() {
    let mut octi = Octi::new();
    let log = octi.home.path().join("server.log");
    let _server = octi.serve_logging_to(&log);
    let refusals = || {
        octi.request("GET /api/sessions/nonsense", &octi.token(), "");
        std::fs::read_to_string(&log).expect("the log").matches("request refused").count()
    };
    assert_eq!(refusals(), 0, "that is for those who look closely");
    fine(&octi, &["settings", "set", "log.filter", "info,octi_gateway=debug"]);
    assert_eq!(refusals(), 1);
    fine(&octi, &["settings", "reset", "log.filter"]);
    assert_eq!(refusals(), 1);

    let question = "write a file hello.md with a greeting and read it back";
    fine(&octi, &["chat", "--yes", question]);
    fine(&octi, &["settings", "set", "agent.iterations_max", "1"]);
    let said = octi.run(&["chat", "--yes", question]);
    assert!(said.code != Some(0) && said.err.contains("it asked the model 1 times without finishing"), "{said:?}");
}

#[test]
fn a_second_server_on_the_same_database_sees_a_change_by_itself() {
    let mut first = Octi::new();
    let database = format!("sqlite://{}", first.home.path().join("octi.db").display());
    let _first_server = first.serve();
    let mut second = Octi::new().with("DATABASE_URL", &database);
    let _second_server = second.serve();
    assert_ne!(value(&second, "agent.runs_active_max"), 3);
    fine(&first, &["settings", "set", "agent.runs_active_max", "3"]);
    let begun = Instant::now();
    while value(&second, "agent.runs_active_max") != 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the second server never looked");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_is_stored_for_the_next_start_is_obeyed_by_it() {
    let mut octi = Octi::new();
    let server = octi.serve();
    fine(&octi, &["settings", "set", "plugins", "{\"octi/filesystem\": {\"limits\": {\"fs_calls\": 0}}}"]);
    let call = |octi: &Octi| octi.run(&["plugin", "call", "--yes", "filesystem.list_directory"]);
    assert_eq!(call(&octi).code, Some(0), "the server that runs goes on as it began");
    assert_eq!(server.terminate(), Some(0));
    let _server = octi.serve();
    let refused = call(&octi);
    assert!(refused.code != Some(0), "{refused:?}");
    fine(&octi, &["settings", "reset", "plugins"]);
}
