//! What misbehaves is contained, and a person understands why. The texts are reviewed as they are shown.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::guests::{drop_in, guest};
use crate::support::{Octi, Said, until};

const LOOP: &str = "(loop $again (br $again))";
const HOARD: &str = "(loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable";

fn call(octi: &Octi, tool: &str, arguments: &str) -> Said {
    octi.run(&["plugin", "call", tool, arguments, "--yes"])
}

/// What a person reads, without what differs from run to run.
fn texts(calls: &[(&str, Said)]) -> String {
    let mut texts = String::new();
    for (name, said) in calls {
        assert_eq!(said.code, Some(1), "{name}: {said:?}");
        texts.push_str(&format!("{name}\n{}", said.err));
    }
    texts
}

#[test]
fn what_is_outside_of_the_workspace_is_neither_read_nor_deleted() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let files = octi.files();
    let outside = octi.home.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("secret.txt"), "not for tools").expect("a file");
    symlink(&outside, files.join("way-out")).expect("a link");
    symlink(outside.join("secret.txt"), files.join("secret-link.txt")).expect("a link");
    let up = "{\"path\": \"../../../../../outside/secret.txt\"}";
    let calls = [
        ("read up", call(&octi, "filesystem.read_file", up)),
        ("delete up", call(&octi, "filesystem.delete_file", up)),
        ("read absolute", call(&octi, "filesystem.read_file", "{\"path\": \"/etc/passwd\"}")),
        ("delete absolute", call(&octi, "filesystem.delete_file", "{\"path\": \"/etc/passwd\"}")),
        ("read through a link", call(&octi, "filesystem.read_file", "{\"path\": \"way-out/secret.txt\"}")),
        ("delete through a link", call(&octi, "filesystem.delete_file", "{\"path\": \"way-out/secret.txt\"}")),
        ("read a link", call(&octi, "filesystem.read_file", "{\"path\": \"secret-link.txt\"}")),
        ("write through a link", call(&octi, "filesystem.write_file", "{\"path\": \"way-out/new.txt\", \"content\": \"x\"}")),
    ];
    assert!(calls.iter().all(|(_, said)| !said.out.contains("not for tools")), "{calls:?}");
    assert_eq!(fs::read_to_string(outside.join("secret.txt")).expect("it is still there"), "not for tools");
    assert_eq!(fs::read_dir(&outside).expect("the folder").count(), 1);
    insta::assert_snapshot!(texts(&calls), @r"
    read up
    error: `filesystem.read_file` failed: `../../../../../outside/secret.txt` goes up with `..`; name the path from the workspace's root, without `..`
    delete up
    error: `filesystem.delete_file` failed: `../../../../../outside/secret.txt` goes up with `..`; name the path from the workspace's root, without `..`
    read absolute
    error: `filesystem.read_file` failed: `/etc/passwd` is absolute; paths are relative to the workspace: leave out the leading `/`
    delete absolute
    error: `filesystem.delete_file` failed: `/etc/passwd` is absolute; paths are relative to the workspace: leave out the leading `/`
    read through a link
    error: `filesystem.read_file` failed: `way-out` is a symbolic link, which file operations do not follow: name what it points to, if that is inside the workspace
    delete through a link
    error: `filesystem.delete_file` failed: `way-out` is a symbolic link, which file operations do not follow: name what it points to, if that is inside the workspace
    read a link
    error: `filesystem.read_file` failed: `secret-link.txt` is a symbolic link, which file operations do not follow: name what it points to, if that is inside the workspace
    write through a link
    error: `filesystem.write_file` failed: `way-out` is a symbolic link, which file operations do not follow: name what it points to, if that is inside the workspace
    ");
}

#[test]
fn an_endless_loop_and_a_memory_hoard_are_stopped_and_the_next_call_works() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    for (name, limits, body) in [("spin", "time_ms = 500", LOOP), ("hoard", "memory_mb = 8", HOARD)] {
        let file = guest(&octi, name, limits, body);
        drop_in(&octi, &file);
    }
    until("both are there", || {
        let said = octi.run(&["plugin", "list"]);
        said.out.contains("acme/spin") && said.out.contains("acme/hoard")
    });
    let calls = [("spin", call(&octi, "spin.run", "{}")), ("hoard", call(&octi, "hoard.run", "{}"))];
    insta::assert_snapshot!(texts(&calls), @r"
    spin
    error: `spin.run` failed: the tool was stopped: it took longer than 500 ms
    hoard
    error: `hoard.run` failed: the tool was stopped: it needed more than its 8 MiB of memory
    ");
    let said = call(&octi, "tasks.list", "{}");
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_program_of_the_shell_does_not_run_for_ever_and_reaches_no_network() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let said = call(&octi, "shell.run", "{\"command\": \"while :; do :; done\", \"timeout_ms\": 500}");
    insta::assert_snapshot!(said.out, @r#"{"ended":"timed_out","meaning":"it took longer than allowed and was ended; pass a larger `timeout_ms`, or use `run_background`","stdout":"","stderr":"","truncated":false}"#);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("it need not wait");
    let port = listener.local_addr().expect("an address").port();
    let arrived = || listener.accept().map_err(|error| error.kind()).err() != Some(ErrorKind::WouldBlock);
    let run = |command: &str| call(&octi, "shell.run", &serde_json::json!({ "command": command }).to_string());

    // In plain sight it is refused before anything starts.
    let said = run(&format!("bash -c 'echo hello > /dev/tcp/127.0.0.1/{port}'"));
    assert!(said.code == Some(1) && said.err.contains("it opens a network connection behind the host's back"), "{said:?}");
    // Hidden in a file it starts, and finds no network.
    fs::write(octi.files().join("net.sh"), format!("echo hello > /dev/tcp/127.0.0.1/{port}\n")).expect("the workspace");
    let mut commands = vec!["bash net.sh".to_owned()];
    if Path::new("/usr/bin/curl").exists() {
        commands.push(format!("curl --silent --show-error --max-time 5 http://127.0.0.1:{port}/"));
    }
    for command in commands {
        let said = run(&command);
        let result: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("no result: {said:?}"));
        assert!(result["exit_code"].as_i64().is_some_and(|code| code != 0) && !arrived(), "{said:?}");
        let told = result["stderr"].as_str().unwrap_or_default().to_lowercase();
        assert!(
            ["unreachable", "not permitted", "denied", "refused", "connect"].iter().any(|why| told.contains(why)),
            "{said:?}"
        );
    }
}
