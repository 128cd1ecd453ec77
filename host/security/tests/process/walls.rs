//! What a program must not reach.

use std::os::unix::fs::PermissionsExt as _;

use octi_security::sandbox::process::{Ending, Level};

use crate::support::{Home, text};

#[tokio::test]
async fn a_program_works_in_its_workspace() {
    let home = Home::new(Level::Auto);
    let output = home.run("mkdir -p a && echo hello > a/b && cat a/b && mv a/b c && ls && pwd && echo $HOME").await;
    assert_eq!(output.ending, Ending::Exited(0), "{}", text(&output.stderr));
    let workspace = home.workspace().canonicalize().unwrap().display().to_string();
    assert_eq!(text(&output.stdout), format!("hello\na\nc\n{workspace}\n{workspace}\n"));
    assert_eq!(std::fs::read_to_string(home.workspace().join("c")).unwrap(), "hello\n");
}

#[tokio::test]
async fn the_environment_is_clean_but_for_what_was_asked() {
    let home = Home::new(Level::Auto);
    let mut spawn = home.line("env | sort | cut -d= -f1; echo \"$GREETING\"");
    spawn.env = vec![("GREETING".into(), "hello there".into())];
    let output = home.door.run(spawn).await.unwrap();
    // The shell itself adds PWD, and some shells `_` and SHLVL.
    let lines = text(&output.stdout);
    let names: Vec<&str> = lines.lines().filter(|name| !["_", "OLDPWD", "PWD", "SHLVL"].contains(name)).collect();
    assert_eq!(names, ["GREETING", "HOME", "LANG", "PATH", "TERM", "TMPDIR", "hello there"]);
    assert!(std::env::vars_os().count() > 6, "the test itself has an environment that could leak");
}

#[tokio::test]
async fn secrets_of_the_machine_and_of_the_host_are_unreadable() {
    let home = Home::new(Level::Auto);
    let secret = home.dir.path().join("master.key");
    std::fs::write(&secret, "topsecret").unwrap();
    let neighbour = home.dir.path().join("neighbour");
    std::fs::create_dir(&neighbour).unwrap();
    std::fs::write(neighbour.join("diary"), "topsecret").unwrap();
    std::os::unix::fs::symlink(&secret, home.workspace().join("link")).unwrap();
    let targets = [
        "/etc/shadow".to_owned(),
        "/root/.profile".to_owned(),
        "/proc/1/environ".to_owned(),
        format!("/proc/{}/environ", std::process::id()),
        format!("/proc/{}/cmdline", std::process::id()),
        secret.display().to_string(),
        "../master.key".to_owned(),
        "link".to_owned(),
        neighbour.join("diary").display().to_string(),
        format!("/proc/self/root{}", secret.display()),
        "/dev/mem".to_owned(),
        "/sys/kernel/notes".to_owned(),
    ];
    for target in targets {
        let output = home.run(&format!("cat {target}; ls {target}/")).await;
        assert!(!text(&output.stdout).contains("topsecret"), "{target}");
        assert!(output.stdout.is_empty(), "{target}: {}", text(&output.stdout));
        assert_ne!(output.ending, Ending::Exited(0), "{target}");
    }
    let output = home.run(&format!("ls {} {}", home.dir.path().display(), neighbour.display())).await;
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

#[tokio::test]
async fn nothing_outside_of_the_workspace_can_be_changed() {
    let home = Home::new(Level::Auto);
    let outside = home.dir.path().join("outside");
    std::fs::write(&outside, "as it was").unwrap();
    let path = outside.display();
    for line in [
        format!("echo x > {path}"),
        format!(": > {path}"),
        format!("truncate -s 0 {path}"),
        format!("rm -f {path}"),
        format!("mv {path} here"),
        format!("ln {path} here && echo x >> here"),
        format!("touch {path}.new"),
        "mkdir ../new".to_owned(),
        "echo x > /tmp/octi-was-here".to_owned(),
        "echo 5 > /proc/sys/kernel/panic".to_owned(),
        "mknod disk b 8 0".to_owned(),
        "mount -t tmpfs none .".to_owned(),
    ] {
        let output = home.run(&line).await;
        assert_ne!(output.ending, Ending::Exited(0), "{line}");
        assert_eq!(std::fs::read_to_string(&outside).unwrap(), "as it was", "{line}");
    }
    assert_eq!(std::fs::read_dir(home.dir.path()).unwrap().count(), 2);
    let numbers = std::fs::read_to_string("/proc/sys/kernel/pid_max").unwrap();
    assert!(numbers.trim().parse::<u64>().unwrap() > 1_000, "the machine's own bound is untouched: {numbers}");
}

#[tokio::test]
async fn there_is_no_network_not_even_to_this_machine() {
    let home = Home::new(Level::Auto);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    listener.accept().unwrap();
    let line = format!("exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected'");
    let output = home.run(&line).await;
    assert_ne!(output.ending, Ending::Exited(0));
    assert!(output.stdout.is_empty());
    assert!(listener.accept().is_err(), "nobody else has connected");
}

#[tokio::test]
async fn privileges_are_gone() {
    let home = Home::new(Level::Auto);
    let output = home.run("grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):' /proc/self/status").await;
    assert!(output.reached.no_new_privs && output.reached.seccomp && output.reached.no_capabilities);
    if output.reached.own_proc {
        for line in text(&output.stdout).lines() {
            let (name, value) = line.split_once(':').unwrap();
            let expected = match name {
                "NoNewPrivs" => 1,
                "Seccomp" => 2,
                _ => 0,
            };
            assert_eq!(u64::from_str_radix(value.trim(), 16).unwrap(), expected, "{line}");
        }
        assert_eq!(text(&output.stdout).lines().count(), 6);
    }
    for line in ["unshare -n true", "unshare -U true", "chroot . true"] {
        assert_ne!(home.run(line).await.ending, Ending::Exited(0), "{line}");
    }
}

#[tokio::test]
async fn no_file_of_the_host_is_open_in_the_program() {
    let home = Home::new(Level::Auto);
    // A descriptor that forgot to be closed on exec, as a careless library would leave it.
    let leak = tempfile::tempfile().unwrap();
    let leak = nix::unistd::dup(&leak).unwrap();
    let output =
        home.run("for fd in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e /dev/fd/$fd ] && echo $fd; done; true").await;
    drop(leak);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(output.ending, Ending::Exited(0));
}

#[tokio::test]
async fn temporary_files_are_private_and_go_away() {
    let home = Home::new(Level::Auto);
    let output = home.run("echo x > $TMPDIR/x && echo $TMPDIR && stat -c %a $TMPDIR").await;
    let said = text(&output.stdout);
    let (directory, mode) = said.trim().split_once('\n').unwrap();
    assert_eq!(mode, "700");
    assert!(!std::path::Path::new(directory).exists(), "{directory}");
}

#[tokio::test]
async fn a_workspace_among_the_systems_files_or_a_start_outside_of_it_is_refused() {
    let home = Home::new(Level::Auto);
    let mut spawn = home.line("true");
    spawn.workspace = "/usr/share".into();
    spawn.cwd = "/usr/share".into();
    let text = home.door.run(spawn).await.unwrap_err().to_string();
    assert!(text.contains("`/usr`"), "{text}");
    let mut spawn = home.line("true");
    spawn.cwd = home.dir.path().into();
    let text = home.door.run(spawn).await.unwrap_err().to_string();
    assert!(text.contains("not in the workspace"), "{text}");
}

#[tokio::test]
async fn only_programs_on_the_search_path_are_found() {
    let home = Home::new(Level::Auto);
    let found = home.door.which("workspace-shell", "sh").unwrap().unwrap();
    assert!(found.metadata().unwrap().permissions().mode() & 0o111 != 0);
    for name in ["", "../bin/sh", "/bin/sh", "no-such-program"] {
        assert_eq!(home.door.which("workspace-shell", name), Ok(None), "{name}");
    }
    assert!(home.door.which("hg", "hg").is_err());
}
