//! System calls that are refused, asked for one by one. Perl can make any call; where it is not installed there is nothing to ask with.

use octi_security::sandbox::process::{Ending, Level, WORKSPACE_SHELL};

use crate::support::{Home, text};

/// Runs a line of Perl that prints the error number of each call; none when there is no Perl.
async fn perl(home: &Home, script: &str) -> Option<String> {
    home.door.which(WORKSPACE_SHELL, "perl").unwrap()?;
    let output = home.run(&format!("exec perl -e '{script}'")).await;
    assert_eq!(output.ending, Ending::Exited(0), "{}", text(&output.stderr));
    Some(text(&output.stdout))
}

#[tokio::test]
async fn there_are_no_sockets_but_pairs() {
    let home = Home::new(Level::Auto);
    // Unix, IPv4, IPv6, netlink, packet, virtual machine sockets.
    let script = "for (1, 2, 10, 16, 17, 40) { socket(S, $_, 1, 0); print 0+$!, \" \"; $! = 0 } \
                  use Socket; print socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) ? \"pair\" : \"none\"";
    let Some(said) = perl(&home, script).await else { return };
    let landlock = home.door.probe().await.unwrap().landlock_abi;
    // Landlock can bind Unix sockets to the workspace from version 9 on; before, they would lead to every daemon of the machine.
    assert_eq!(said, if landlock >= 9 { "0 1 1 1 1 1 pair" } else { "1 1 1 1 1 1 pair" });
}

#[tokio::test]
#[cfg(target_arch = "x86_64")]
async fn dangerous_calls_are_refused_by_their_numbers() {
    let home = Home::new(Level::Auto);
    // Each number, and the error it must give: 1 is EPERM, 38 ENOSYS. The fourth argument is none of a forbidden flag.
    let calls = [
        ("ptrace", 101, 1),
        ("mount", 165, 1),
        ("umount2", 166, 1),
        ("pivot_root", 155, 1),
        ("kexec_load", 246, 1),
        ("kexec_file_load", 320, 1),
        ("init_module", 175, 1),
        ("delete_module", 176, 1),
        ("add_key", 248, 1),
        ("request_key", 249, 1),
        ("keyctl", 250, 1),
        ("unshare", 272, 1),
        ("perf_event_open", 298, 1),
        ("setns", 308, 1),
        ("process_vm_readv", 310, 1),
        ("process_vm_writev", 311, 1),
        ("finit_module", 313, 1),
        ("bpf", 321, 1),
        ("userfaultfd", 323, 1),
        ("io_uring_setup", 425, 1),
        ("io_uring_enter", 426, 1),
        ("io_uring_register", 427, 1),
        ("open_tree", 428, 1),
        ("move_mount", 429, 1),
        ("fsopen", 430, 1),
        ("pidfd_getfd", 438, 1),
        ("open_by_handle_at", 304, 1),
        ("ptrace of x32", 0x4000_0000 | 521, 1),
        ("mount of x32", 0x4000_0000 | 165, 1),
        ("clone3", 435, 38),
    ];
    for (name, number, errno) in calls {
        let Some(said) = perl(&home, &format!("syscall({number}, 0, 0, 0, 0, 0); print 0+$!")).await else { return };
        assert_eq!(said, errno.to_string(), "{name}");
    }
    // A new user namespace through clone, and typing into the terminal of others.
    let script = "syscall(56, 0x10000011, 0, 0, 0, 0); print 0+$!, \" \"; $! = 0; syscall(16, 0, 0x5412, 0); print 0+$!";
    let Some(said) = perl(&home, script).await else { return };
    assert_eq!(said, "1 1");
}
