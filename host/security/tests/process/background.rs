//! Programs that outlive the call that started them.

use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_security::sandbox::process::{Ending, Level, Owner, ProcessError};

use crate::support::{Home, eventually, is_running, text};

fn owner() -> Owner {
    Owner { user_id: Ambient::system().id(), plugin: "octi/shell".into() }
}

const WAIT: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_conversation_with_a_background_program() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    let line = "while read word; do echo got $word; done; exit 5";
    let id = home.door.spawn_background(owner.clone(), home.line(line)).await.unwrap();
    let program = home.door.attach(&owner, &id).unwrap();
    assert_eq!((program.id(), program.title()), (id.as_str(), line));
    program.write_stdin(b"one\n").await.unwrap();
    let news = program.read(1_000, WAIT).await;
    assert_eq!((text(&news.stdout), news.ending, news.truncated), ("got one\n".into(), None, false));
    assert_eq!(program.wait(Duration::from_millis(50)).await, None);
    program.write_stdin(b"two\n").await.unwrap();
    program.close_stdin().await;
    assert_eq!(program.wait(WAIT).await, Some(Ending::Exited(5)));
    let news = program.read(3, WAIT).await;
    assert_eq!((text(&news.stdout), news.ending), ("got".into(), None), "the end comes with the last byte");
    let news = program.read(1_000, WAIT).await;
    assert_eq!((text(&news.stdout), news.ending), (" two\n".into(), Some(Ending::Exited(5))));
    assert_eq!(program.write_stdin(b"three\n").await, Err(ProcessError::Ended));
}

#[tokio::test]
async fn nobody_else_finds_it_and_killing_ends_it() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    let id = home.door.spawn_background(owner.clone(), home.line("sleep 71.5; true")).await.unwrap();
    assert_eq!(id.len(), 32);
    let other_plugin = Owner { plugin: "acme/spy".into(), ..owner.clone() };
    let other_person = Owner { user_id: Ambient::system().id(), ..owner.clone() };
    assert!(home.door.attach(&other_plugin, &id).is_none() && home.door.attach(&other_person, &id).is_none());
    let program = home.door.attach(&owner, &id).unwrap();
    assert!(eventually(|| is_running("71.5")).await);
    program.kill();
    assert_eq!(program.wait(WAIT).await, Some(Ending::Signalled(9)));
    assert!(!is_running("71.5"));
}

#[tokio::test]
async fn programs_of_a_removed_plugin_end_and_others_go_on() {
    let home = Home::new(Level::Auto);
    let [ann, bob] = [owner(), owner()];
    let other_plugin = Owner { plugin: "acme/other".into(), ..ann.clone() };
    let mut programs = Vec::new();
    for owner in [&ann, &bob, &other_plugin] {
        let id = home.door.spawn_background(owner.clone(), home.line("sleep 76.5; true")).await.unwrap();
        programs.push(home.door.attach(owner, &id).unwrap());
    }
    home.door.end_of("octi/shell");
    for program in &programs[..2] {
        assert_eq!(program.wait(WAIT).await, Some(Ending::Signalled(9)));
    }
    assert_eq!(programs[2].wait(Duration::from_millis(100)).await, None);
    home.door.end_of("acme/other");
    assert_eq!(programs[2].wait(WAIT).await, Some(Ending::Signalled(9)));
}

#[tokio::test]
async fn one_person_has_only_so_many() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    for _ in 0..limits::PROCESS_BACKGROUND_MAX {
        home.door.spawn_background(owner.clone(), home.line("sleep 72.5; true")).await.unwrap();
    }
    let other_plugin = Owner { plugin: "acme/other".into(), ..owner.clone() };
    let error = home.door.spawn_background(other_plugin, home.line("true")).await.unwrap_err();
    assert!(matches!(error, ProcessError::Limit { limit: 8, .. }), "{error}");
    let somebody_else = Owner { user_id: Ambient::system().id(), ..owner };
    home.door.spawn_background(somebody_else, home.line("true")).await.unwrap();
    home.door.shutdown().await;
    assert!(!is_running("72.5"));
}

#[tokio::test]
async fn ended_ones_are_kept_up_to_a_number() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    let mut ids = Vec::new();
    for _ in 0..=limits::PROCESS_BACKGROUND_KEPT_MAX {
        let id = home.door.spawn_background(owner.clone(), home.line("true")).await.unwrap();
        home.door.attach(&owner, &id).unwrap().wait(WAIT).await.unwrap();
        ids.push(id);
    }
    assert!(home.door.attach(&owner, &ids[0]).is_none(), "the oldest made room");
    assert!(ids[1..].iter().all(|id| home.door.attach(&owner, id).is_some()));
}

#[tokio::test]
async fn unread_output_keeps_its_latest_part() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    let line = "head -c 3000000 /dev/zero | tr '\\0' x; echo end";
    let id = home.door.spawn_background(owner.clone(), home.line(line)).await.unwrap();
    let program = home.door.attach(&owner, &id).unwrap();
    program.wait(WAIT).await.unwrap();
    let news = program.read(usize::MAX, WAIT).await;
    assert_eq!(news.stdout.len(), limits::PROCESS_OUTPUT_BYTES_MAX);
    assert!(news.truncated && news.stdout.ends_with(b"xend\n"));
    assert_eq!(news.ending, Some(Ending::Exited(0)));
}

#[tokio::test]
async fn its_time_is_bounded() {
    let home = Home::new(Level::Auto);
    let owner = owner();
    let mut spawn = home.line("sleep 73.5; true");
    spawn.time_max = Duration::from_millis(500);
    let id = home.door.spawn_background(owner.clone(), spawn).await.unwrap();
    assert_eq!(home.door.attach(&owner, &id).unwrap().wait(WAIT).await, Some(Ending::TimedOut));
    assert!(!is_running("73.5"));
}

#[tokio::test]
async fn what_cannot_start_takes_no_place() {
    let home = Home::with(Level::Auto, |shell| shell.program = "/usr/bin/no-such-program".into());
    let owner = owner();
    for _ in 0..=limits::PROCESS_BACKGROUND_MAX {
        let started = home.door.spawn_background(owner.clone(), home.line("true")).await;
        if let Ok(id) = started {
            // It was told that the program starts before the kernel said no.
            assert_eq!(home.door.attach(&owner, &id).unwrap().wait(WAIT).await, Some(Ending::Exited(127)));
        }
    }
}
