//! The host dies without a word, and nothing it started lives on.
//!
//! The host is this test's own program, started once more as a stand-in that only runs the ignored test below.

use std::os::unix::process::ExitStatusExt as _;

use octi_security::sandbox::process::Level;

use crate::support::{Home, eventually, is_running};

#[tokio::test]
#[ignore = "the stand-in for a host, which is killed by the test below"]
async fn stand_in() {
    let home = Home::new(Level::Auto);
    let _never = home.door.run(home.line("setsid sleep 74.51 & sleep 74.52; true")).await;
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the stand-in is a host, not a program of one")]
async fn a_killed_host_takes_its_programs_with_it() {
    let mut host = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "death::stand_in", "--ignored"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let seen = eventually(|| is_running("74.51") && is_running("74.52")).await;
    host.kill().unwrap();
    assert_eq!(host.wait().unwrap().signal(), Some(9));
    assert!(seen, "both ran");
    assert!(eventually(|| !is_running("74.51") && !is_running("74.52")).await, "and both are gone");
}
