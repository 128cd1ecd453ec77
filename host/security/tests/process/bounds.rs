//! How much a program may use, and how it ends.

use std::time::{Duration, Instant};

use octi_domain::limits;
use octi_security::sandbox::process::{Ending, Level, ProcessError};

use crate::support::{Home, eventually, is_running, text};

#[tokio::test]
async fn the_exit_code_and_the_signal_arrive() {
    let home = Home::new(Level::Auto);
    let output = home.run("echo out; echo err >&2; exit 7").await;
    assert_eq!((output.ending, text(&output.stdout), text(&output.stderr)), (Ending::Exited(7), "out\n".into(), "err\n".into()));
    assert_eq!(home.run("kill -9 $$").await.ending, Ending::Signalled(9));
    assert_eq!(home.run("kill -TERM $$").await.ending, Ending::Signalled(15));
    // A writer whose reader is gone dies quietly, as in every terminal.
    let output = home.run("yes | head -1").await;
    assert_eq!((text(&output.stdout), text(&output.stderr)), ("y\n".into(), String::new()));
}

#[tokio::test]
async fn input_is_delivered_and_ends() {
    let home = Home::new(Level::Auto);
    let mut spawn = home.line("wc -c");
    spawn.stdin = Some(vec![b'x'; 300_000]);
    assert_eq!(text(&home.door.run(spawn).await.unwrap().stdout).trim(), "300000");
    assert_eq!(text(&home.run("cat; echo end").await.stdout), "end\n");
    let mut spawn = home.line("exit 0");
    spawn.stdin = Some(vec![b'x'; 300_000]);
    assert_eq!(home.door.run(spawn).await.unwrap().ending, Ending::Exited(0));
}

#[tokio::test]
async fn the_time_limit_ends_the_whole_family() {
    let home = Home::new(Level::Auto);
    // One grandchild in the same group, one that has left the group and the session.
    let mut spawn = home.line("sleep 61.51 & setsid sleep 61.52 & sh -c 'sleep 61.53; true'");
    spawn.time_max = Duration::from_millis(700);
    let started = Instant::now();
    let output = home.door.run(spawn).await.unwrap();
    println!("level reached: {}", output.reached);
    assert_eq!(output.ending, Ending::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(15));
    for word in ["61.51", "61.52", "61.53"] {
        assert!(!is_running(word), "{word}");
    }
}

#[tokio::test]
async fn what_is_left_behind_ends_with_the_program() {
    let home = Home::new(Level::Auto);
    let started = Instant::now();
    let output = home.run("sleep 62.51 & setsid sleep 62.52 & echo done").await;
    assert_eq!((output.ending, text(&output.stdout)), (Ending::Exited(0), "done\n".into()));
    assert!(started.elapsed() < Duration::from_secs(15));
    assert!(!is_running("62.51") && !is_running("62.52"));
}

#[tokio::test]
async fn a_dropped_call_ends_its_program() {
    let home = Home::new(Level::Auto);
    let spawn = home.line("sleep 63.51; true");
    let call = home.door.run(spawn);
    let seen = tokio::select! {
        _ = call => false,
        seen = eventually(|| is_running("63.51")) => seen,
    };
    assert!(seen, "it ran");
    assert!(eventually(|| !is_running("63.51")).await, "and is gone");
}

#[tokio::test]
async fn output_is_cut_and_the_rest_is_drained() {
    let home = Home::new(Level::Auto);
    let output = home.run("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2; exit 3").await;
    assert_eq!(output.stdout.len(), limits::PROCESS_OUTPUT_BYTES_MAX);
    assert!(output.truncated);
    assert_eq!((output.ending, text(&output.stderr)), (Ending::Exited(3), "end\n".into()));
    assert!(!home.run("echo short").await.truncated);
}

#[tokio::test]
async fn output_without_end_is_ended() {
    let home = Home::new(Level::Auto);
    let output = home.door.run(home.line("exec cat /dev/zero")).await.unwrap();
    assert_eq!(output.ending, Ending::OutputLimit);
    assert_eq!(output.stdout.len(), limits::PROCESS_OUTPUT_BYTES_MAX);
}

#[tokio::test]
async fn memory_files_and_processor_time_are_bounded() {
    let home = Home::with(Level::Auto, |shell| {
        shell.limits.memory_bytes = 64 * 1024 * 1024;
        shell.limits.file_bytes = 1024 * 1024;
        shell.limits.open_files = 16;
    });
    let output = home
        .run(
            "head -c 2000000 /dev/zero > big; stat -c %s big; ulimit -c; ulimit -n; dd if=/dev/zero of=/dev/null bs=200M count=1",
        )
        .await;
    assert_ne!(output.ending, Ending::Exited(0));
    let said = text(&output.stdout);
    assert_eq!(said.lines().collect::<Vec<_>>(), ["1048576", "0", "16"]);
    assert!(text(&output.stderr).contains("memory exhausted"), "{}", text(&output.stderr));
    let usual = Home::new(Level::Auto).run("ulimit -v; ulimit -f; ulimit -n; ulimit -t").await;
    let numbers: Vec<u64> = text(&usual.stdout).lines().map(|line| line.parse().unwrap()).collect();
    let expected = [limits::PROCESS_MEMORY_BYTES_MAX / 1024, limits::PROCESS_FILE_BYTES_MAX / 512, limits::PROCESS_FILES_MAX, 85];
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_flood_of_processes_is_contained() {
    // The kernel does not hold root to RLIMIT_NPROC; there the bound is the highest process number of the namespace, which is never
    // less than 301. So the flood is larger than that, and its members do nothing.
    let home = Home::with(Level::Auto, |shell| shell.limits.processes = 8);
    let line = "i=0; while [ $i -lt 400 ]; do sleep 64.5 & i=$((i+1)); done; echo all";
    let output = home.run(line).await;
    if output.reached.process_limit {
        assert_ne!(text(&output.stdout), "all\n", "not all of them were started");
        assert!(text(&output.stderr).contains("fork"), "{}", text(&output.stderr));
    }
    assert!(!is_running("64.5"), "and none is left");
    let usual = Home::new(Level::Auto).run("cat /proc/sys/kernel/pid_max").await;
    if usual.reached.own_proc && usual.reached.process_limit {
        assert_eq!(text(&usual.stdout).trim(), (300 + limits::PROCESS_COUNT_MAX).to_string());
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let home = Home::with(Level::Auto, |shell| shell.program = "/usr/bin/no-such-program".into());
    let error = home.try_run("true").await.unwrap_err();
    assert!(matches!(&error, ProcessError::NotFound(text) if text.contains("`/usr/bin/no-such-program`")), "{error}");
}

#[tokio::test]
async fn a_stopped_host_starts_nothing_and_leaves_nothing() {
    let home = Home::new(Level::Auto);
    let running = home.line("sleep 65.5; true");
    let (output, ()) = tokio::join!(home.door.run(running), async {
        assert!(eventually(|| is_running("65.5")).await);
        home.door.shutdown().await;
        assert!(!is_running("65.5"));
    });
    assert_eq!(output.unwrap().ending, Ending::Signalled(9));
    assert_eq!(home.try_run("true").await, Err(ProcessError::ShuttingDown));
}
