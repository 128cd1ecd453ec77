//! How many files and sockets a server may have open.

use crate::support::Octi;

/// The soft and the hard limit of a process, as `/proc` shows them.
fn limits_of(process: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{process}/limits")).expect("the process runs");
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files")).expect("a line about files");
    let mut words = line.split_whitespace().map(|word| word.parse().expect("a number"));
    (words.next().expect("a soft limit"), words.next().expect("a hard limit"))
}

#[test]
fn a_server_takes_as_many_open_files_as_the_system_allows_and_says_so() {
    let mut octi = Octi::new().with("OCTI_LOG", "info");
    let log = octi.home.path().join("log");
    let server = octi.serve_after("ulimit -S -n 200 && ulimit -H -n 512", &log);
    assert_eq!(limits_of(server.id()), (512, 512));
    assert_eq!(server.terminate(), Some(0));
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(
        log.lines().any(|line| line.contains("open at once") && line.contains("before=200") && line.contains("now=512")),
        "{log}"
    );
}

#[test]
fn a_server_that_has_all_it_may_have_starts_with_that() {
    let mut octi = Octi::new().with("OCTI_LOG", "info");
    let log = octi.home.path().join("log");
    let server = octi.serve_after("ulimit -S -n 256 && ulimit -H -n 256", &log);
    assert_eq!(limits_of(server.id()), (256, 256));
    assert_eq!(octi.run(&["--json", "token", "list"]).code, Some(0));
    assert_eq!(server.terminate(), Some(0));
    let log = std::fs::read_to_string(&log).expect("a log");
    assert!(log.contains("before=256") && log.contains("now=256"), "{log}");
}
