//! Ways out: files beside the workspace, addresses inside, programs, and everything that was not granted.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use octi_domain::limits;
use octi_testkit::guests::{Guest, TELL};

use crate::row::Row;

const READ: &str = "[capabilities]\nfs = [{ root = 'workspace', access = 'read', reason = 'try' }]";
const WRITE: &str = "[capabilities]\nfs = [{ root = 'workspace', access = 'write', reason = 'try' }]";
const UP: &str = "goes up with `..`: name the path from the workspace's root";
const ABSOLUTE: &str = "is an absolute path: paths are relative to the workspace";
const LINK: &str = "is a symbolic link, which file operations do not follow";
const READ_ONLY: &str = "may only read `workspace`: writing needs `access = \"write\"` under `capabilities.fs`";

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = paths();
    rows.extend(links());
    rows.extend(names());
    rows.extend(readers_that_write());
    rows.extend(requests());
    rows.extend(floods());
    rows.extend(programs());
    rows
}

/// What a guest does with a path.
#[derive(Clone, Copy)]
enum Try {
    Open,
    Create,
    Append,
    List,
    Remove,
    /// Something of the workspace to that place.
    RenameTo,
    CopyFrom,
}

/// Opens its folder and tries that with a path in it; a refusal is returned.
fn trying(what: Try, path: &[u8]) -> Guest {
    let (function, before, after) = match what {
        Try::Open => ("open", "", ""),
        // The mode `replace`.
        Try::Create => ("create", "", "(i32.const 1)"),
        Try::Append => ("append", "", "(i32.const 1024) (i32.const 2)"),
        Try::List => ("list", "", "(i32.const 0) (i32.const 0) (i32.const 0) (i32.const 10)"),
        Try::Remove => ("remove", "", "(i32.const 1)"),
        Try::RenameTo => ("rename", "own", "(i32.const 1)"),
        Try::CopyFrom => ("copy", "", "to"),
    };
    let parameters = match what {
        Try::Open => "i32 i32 i32 i32",
        Try::Create | Try::Remove => "i32 i32 i32 i32 i32",
        Try::Append => "i32 i32 i32 i32 i32 i32",
        Try::List => "i32 i32 i32 i32 i32 i32 i32 i32",
        Try::RenameTo | Try::CopyFrom => "i32 i32 i32 i32 i32 i32 i32",
    };
    let mut guest = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32").import(
        "octi:fs/files@1.0.0",
        &format!("[method]dir.{function}"),
        "$try",
        parameters,
    );
    let (root, path, own) = (guest.text("workspace"), guest.text(path), guest.text("own.txt"));
    let before = if before == "own" { own.clone() } else { String::new() };
    let after = if after == "to" { format!("{own} (i32.const 1)") } else { after.to_owned() };
    guest.does(&format!(
        "(call $root {root} (i32.const 64)) {TELL}
         (call $try (i32.load (i32.const 72)) {before} {path} {after} (i32.const 64)) {TELL}"
    ))
}

/// A row whose refusal comes as a failure with those words, and that leaves what is outside as it was.
fn kept_in(name: &str, grant: &str, what: Try, path: &[u8], says: &str) -> Row {
    Row::of(name, grant, &trying(what, path)).ends("failed", says).prepared(furnish).and(|seen| unharmed(&seen.workspace))
}

/// A file of the person's, and one beside the workspace with links to it.
fn furnish(workspace: &Path) {
    let outside = workspace.with_extension("outside");
    std::fs::create_dir_all(&outside).expect("a folder");
    std::fs::write(outside.join("secret.txt"), "outside").expect("a file");
    std::fs::write(workspace.join("own.txt"), "own").expect("a file");
    symlink(outside.join("secret.txt"), workspace.join("link")).expect("a link");
    symlink(&outside, workspace.join("folder")).expect("a link");
    symlink("/proc/self", workspace.join("process")).expect("a link");
    symlink("loop", workspace.join("loop")).expect("a link");
    std::fs::hard_link(outside.join("secret.txt"), workspace.join("hard")).expect("a link");
}

fn unharmed(workspace: &Path) {
    let outside = workspace.with_extension("outside");
    let left: Vec<_> = std::fs::read_dir(&outside).expect("it is there").map(|entry| entry.expect("an entry").path()).collect();
    assert_eq!(left, [outside.join("secret.txt")]);
    assert_eq!(std::fs::read_to_string(outside.join("secret.txt")).expect("it can be read"), "outside");
    assert_eq!(std::fs::read_to_string(workspace.join("own.txt")).expect("it can be read"), "own");
}

fn paths() -> Vec<Row> {
    vec![
        kept_in("up", READ, Try::Open, b"../x", UP),
        kept_in("up_behind_a_name", READ, Try::Open, b"a/../../x", UP),
        kept_in("up_to_write", WRITE, Try::Create, b"../x", UP),
        kept_in("up_to_remove", WRITE, Try::Remove, b"..", UP),
        kept_in("up_to_rename", WRITE, Try::RenameTo, b"../x", UP),
        kept_in("absolute", READ, Try::Open, b"/etc/passwd", ABSOLUTE),
        kept_in("absolute_to_write", WRITE, Try::Create, b"/tmp/x", ABSOLUTE),
        kept_in("process_files", READ, Try::Open, b"/proc/self/environ", ABSOLUTE),
        kept_in("the_workspace_itself", WRITE, Try::Remove, b".", "the path names the workspace itself"),
    ]
}

fn links() -> Vec<Row> {
    vec![
        kept_in("link", READ, Try::Open, b"link", LINK),
        kept_in("link_with_a_slash", READ, Try::Open, b"link/", LINK),
        kept_in("link_to_a_folder", READ, Try::Open, b"folder/secret.txt", LINK),
        kept_in("link_to_list", READ, Try::List, b"folder/", LINK),
        kept_in("link_to_append_to", WRITE, Try::Append, b"link", LINK),
        kept_in("link_to_copy_from", WRITE, Try::CopyFrom, b"link", LINK),
        kept_in("link_to_the_process", READ, Try::Open, b"process/environ", LINK),
        kept_in("link_to_itself", READ, Try::Open, b"loop", LINK),
        raced(),
        kept_in("hard_link", WRITE, Try::Append, b"hard", "is a hard link, so appending would change a file elsewhere too"),
    ]
}

/// Opens a file in a folder that is now a folder without it, now a link to the one outside that has it. It crashes when it
/// gets hold of the file.
fn raced() -> Row {
    let mut guest = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32").import(
        "octi:fs/files@1.0.0",
        "[method]dir.open",
        "$open",
        "i32 i32 i32 i32",
    );
    let (root, path) = (guest.text("workspace"), guest.text("turning/secret.txt"));
    let guest = guest.does(&format!(
        "(call $root {root} (i32.const 64)) {TELL}
         (local.set $dir (i32.load (i32.const 72)))
         (loop $again (global.set $next (i32.const 65536))
           (call $open (local.get $dir) {path} (i32.const 64))
           (if (i32.eqz (i32.load8_u (i32.const 64))) (then unreachable))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 5000))))"
    ));
    let over = Arc::new(AtomicBool::new(false));
    let turning = over.clone();
    Row::of("raced_link", READ, &guest)
        .answers("{}")
        .prepared(move |workspace| {
            furnish(workspace);
            let (place, over) = (workspace.join("turning"), turning.clone());
            let outside = workspace.with_extension("outside");
            std::thread::spawn(move || {
                // Bounded, whatever becomes of the call.
                for _ in 0..200_000 {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let _made = std::fs::create_dir(&place);
                    let _gone = std::fs::remove_dir(&place);
                    let _linked = symlink(&outside, &place);
                    let _unlinked = std::fs::remove_file(&place);
                }
            });
        })
        .and(move |seen| {
            over.store(true, Ordering::Relaxed);
            unharmed(&seen.workspace);
        })
}

fn names() -> Vec<Row> {
    let long = vec![b'n'; 300];
    let very_long = b"a/".repeat(1_000);
    let crash = Row::of("not_text", READ, &trying(Try::Open, b"a\xff\xfe"))
        .ends("trap", "the tool crashed; nothing outside its sandbox was touched");
    let strange = Row::of("strange_names_beside", READ, &trying(Try::List, b"")).answers("{}").prepared(|workspace| {
        std::fs::write(workspace.join(OsStr::from_bytes(b"a\xff\x1b[31m")), "x").expect("a file");
    });
    vec![
        kept_in("nul", READ, Try::Open, b"own.txt\0/../x", "contains a control character, which no path may"),
        kept_in("escape_characters", READ, Try::Open, b"\x1b[31mred", "contains a control character, which no path may"),
        kept_in("long_name", WRITE, Try::Create, &long, "at most 255 can be used"),
        kept_in("long_path", WRITE, Try::Create, &very_long, "the bytes of the path would be more than"),
        kept_in("a_file_as_a_folder", READ, Try::Open, b"own.txt/x", "is a file, not a directory"),
        crash,
        strange,
    ]
}

fn readers_that_write() -> Vec<Row> {
    vec![
        kept_in("reader_replaces", READ, Try::Create, b"own.txt", READ_ONLY),
        kept_in("reader_appends", READ, Try::Append, b"own.txt", READ_ONLY),
        kept_in("reader_removes", READ, Try::Remove, b"own.txt", READ_ONLY),
        kept_in("reader_copies", READ, Try::CopyFrom, b"hard", READ_ONLY),
        Row::of("another_root", READ, &another_root()).ends("failed", "has no grant for files under `home`"),
    ]
}

fn another_root() -> Guest {
    let mut guest = Guest::default().import("octi:fs/files@1.0.0", "root", "$root", "i32 i32 i32");
    let home = guest.text("home");
    guest.does(&format!("(call $root {home} (i32.const 64)) {TELL}"))
}

/// Sends a request to that address.
fn request(name: &str, granted: &str, url: &str, says: &str) -> Row {
    let (guest, send) = sending(url);
    Row::of(name, &http(granted), &guest.does(&format!("{send} {TELL}"))).ends("failed", says)
}

/// A guest that can send, and how it does.
fn sending(url: &str) -> (Guest, String) {
    let mut guest = Guest::default().import("octi:http/client@1.0.0", "send", "$send", "i32 i32 i32 i32 i32 i32 i32 i32 i32 i32");
    let (method, url) = (guest.text("GET"), guest.text(url));
    let none = "(i32.const 0) (i32.const 0)";
    (guest, format!("(call $send {method} {url} {none} {none} (i32.const 0) (i32.const 64))"))
}

fn http(granted: &str) -> String {
    format!("[capabilities]\nhttp = [{{ host = '{granted}', methods = ['GET'], reason = 'try' }}]")
}

/// Sends one request more than a call may, to a host that it may ask, and tells what it is told then; or does not care at all.
fn floods() -> [Row; 2] {
    let flood = |again: &str| {
        let (guest, send) = sending("https://inside.test/");
        guest.does(&format!(
            "(loop $again (global.set $next (i32.const 65536)) {send}
               (local.set $i (i32.add (local.get $i) (i32.const 1))) {again}) {TELL}"
        ))
    };
    let counted = flood(&format!("(br_if $again (i32.le_u (local.get $i) (i32.const {})))", limits::GUEST_HTTP_REQUESTS_MAX));
    let unheard = "it made more host calls than one call may make";
    [
        Row::of("request_flood", &http("inside.test"), &counted).ends("failed", "requests"),
        Row::of("request_flood_unheard", &http("inside.test"), &flood("(br $again)")).ends("quota", unheard),
    ]
}

fn requests() -> Vec<Row> {
    let no_grant = "has no grant for requests to";
    vec![
        request("request_without_a_grant", "api.test", "https://other.test/", no_grant),
        request("request_to_a_part", "api.test", "https://api.test.evil.test/", no_grant),
        request("request_to_loopback", "api.test", "http://127.0.0.1:80/", no_grant),
        request("request_to_short_loopback", "api.test", "http://127.1/", no_grant),
        request("request_to_metadata", "api.test", "http://169.254.169.254/latest/", no_grant),
        request("request_of_any_address", "*", "https://[::ffff:127.0.0.1]/", no_grant),
        request("request_to_an_inside_name", "inside.test", "https://inside.test/", "10.0.0.1"),
        request("request_to_a_loopback_name", "loopback.test", "https://loopback.test/", "127.0.0.1"),
        request("request_to_a_metadata_name", "cloud.test", "https://cloud.test/", "is where a cloud gives out the credentials"),
        request("request_to_two_faces", "rebind.test", "https://rebind.test/", "192.168.1.1"),
        request("request_in_the_clear", "api.test:80", "http://api.test/", "would be spoken to without encryption: use `https`"),
        request("request_with_a_user", "api.test", "https://api.test@evil.test/", no_grant),
        request("request_for_a_file", "api.test", "file:///etc/passwd", "is not for requests"),
        request("request_with_a_secret_in_it", "api.test", "https://api.test/?k={{secret:token}}", "secret"),
    ]
}

fn programs() -> Vec<Row> {
    vec![
        program(
            "profile_without_a_grant",
            "git",
            "workspace-shell",
            "ls",
            "has no grant for the shell profile `workspace-shell`",
        ),
        program("unknown_profile", "nothing", "nothing", "ls", "nothing"),
        program("line_that_destroys", "workspace-shell", "workspace-shell", "rm -rf /", "rm"),
    ]
}

/// Runs a line with a profile.
fn program(name: &str, granted: &str, profile: &str, line: &str, says: &str) -> Row {
    let parameters = vec!["i32"; 15].join(" ");
    let mut guest = Guest::default().import("octi:shell/process@1.0.0", "run", "$run", &parameters);
    let (profile, at) = (guest.text(profile), guest.put(line));
    // A list of one text: where it is, and how long.
    let list: Vec<u8> = [at, line.len()].iter().flat_map(|number| u32::try_from(*number).expect("small").to_le_bytes()).collect();
    let (list, rest) = (guest.put(list), "(i32.const 0) ".repeat(10));
    let guest = guest.does(&format!("(call $run {profile} (i32.const {list}) (i32.const 1) {rest} (i32.const 64)) {TELL}"));
    let grant = format!("[capabilities]\nshell = [{{ profile = '{granted}', reason = 'try' }}]");
    Row::of(name, &grant, &guest).ends("failed", says)
}
