//! The workspace under attack.

use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use octi_domain::limits;
use proptest::prelude::*;
use tempfile::TempDir;

use super::search::Bounds;
use super::*;

/// A workspace, and a secret beside it.
fn workspace() -> (TempDir, Workspace) {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join("secret"), "topsecret").unwrap();
    let files = Workspace::open(&home.path().join("files")).unwrap();
    (home, files)
}

fn put(files: &Workspace, path: &str, text: &str) {
    let mut writer = files.create(path, WriteMode::Replace).unwrap();
    writer.write(text.as_bytes()).unwrap();
    writer.commit().unwrap();
}

fn get(files: &Workspace, path: &str) -> String {
    String::from_utf8(files.open_read(path).unwrap().read(usize::MAX).unwrap()).unwrap()
}

/// Every operation on the path, as refusals.
fn refusals(files: &Workspace, path: &str) -> Vec<FsError> {
    put(files, "plain", "plain");
    let refused = [
        files.open_read(path).map(drop).err(),
        files.create(path, WriteMode::Replace).map(drop).err(),
        files.create(path, WriteMode::CreateNew).map(drop).err(),
        files.append(path, b"x").map(drop).err(),
        files.list(path, None, 10).map(drop).err(),
        files.make_dir(path).err(),
        files.rename(path, "new", true).err(),
        files.rename("plain", path, true).err(),
        files.copy(path, "new", true).err(),
        files.copy("plain", path, true).err(),
        files.relative_dir(path).map(drop).err(),
    ];
    let count = refused.len();
    let refused: Vec<FsError> = refused.into_iter().flatten().collect();
    assert_eq!(refused.len(), count, "{path}: {refused:?}");
    refused
}

#[test]
fn paths_that_lead_out_are_refused_by_every_operation() {
    let (home, files) = workspace();
    for path in ["../secret", "a/../../secret", "/etc/passwd", "//etc/passwd", "..", "../files/x"] {
        assert!(refusals(&files, path).iter().all(|error| matches!(error, FsError::Escape(_))), "{path}");
        assert!(
            matches!(files.remove(path, true), Err(FsError::Escape(_))) && matches!(files.stat(path), Err(FsError::Escape(_)))
        );
    }
    assert_eq!(std::fs::read_to_string(home.path().join("secret")).unwrap(), "topsecret");
}

#[test]
fn links_are_refused_wherever_they_stand() {
    let (home, files) = workspace();
    std::fs::create_dir(home.path().join("beside")).unwrap();
    symlink(home.path().join("secret"), files.root().join("link")).unwrap();
    symlink(home.path(), files.root().join("up")).unwrap();
    symlink("/proc/self", files.root().join("self")).unwrap();
    symlink("nothing", files.root().join("dangling")).unwrap();
    symlink("link", files.root().join("link2")).unwrap();
    for path in ["link", "link/", "link/.", "up/secret", "up/beside", "self/environ", "self/root/etc/passwd", "dangling", "link2"]
    {
        let errors = refusals(&files, path);
        assert!(
            errors.iter().all(|error| matches!(error, FsError::Escape(text) if text.contains("symbolic link"))),
            "{path}: {errors:?}"
        );
    }
    assert_eq!(files.stat("link").unwrap().kind, Kind::Symlink);
    files.remove("link", true).unwrap();
    files.remove("up", true).unwrap();
    assert_eq!(std::fs::read_to_string(home.path().join("secret")).unwrap(), "topsecret");
    assert!(home.path().join("beside").exists(), "a link was removed, not what it points to");
}

#[test]
fn removing_a_directory_removes_links_in_it_but_not_their_targets() {
    let (home, files) = workspace();
    files.make_dir("a/b").unwrap();
    symlink(home.path(), files.root().join("a/b/up")).unwrap();
    assert!(files.remove("a", false).unwrap_err().to_string().contains("not empty"));
    files.remove("a", true).unwrap();
    assert!(home.path().join("secret").exists());
    assert!(files.remove("", true).is_err(), "the workspace itself stays");
}

#[test]
fn a_link_that_comes_and_goes_is_never_followed() {
    let (home, files) = workspace();
    let outside = home.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("file"), "topsecret").unwrap();
    let (inside, root) = (files.root().join("d"), files.root().to_owned());
    files.make_dir("d").unwrap();
    put(&files, "d/file", "harmless");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The directory is moved away, a link to the outside takes its place, and back again.
            while !done.load(Ordering::Relaxed) {
                std::fs::rename(&inside, root.join("moved")).unwrap();
                symlink(&outside, &inside).unwrap();
                std::fs::remove_file(&inside).unwrap();
                std::fs::rename(root.join("moved"), &inside).unwrap();
            }
        });
        let mut reads = 0;
        for round in 0..3_000 {
            if let Ok(mut reader) = files.open_read("d/file") {
                assert_eq!(reader.read(100).unwrap(), b"harmless");
                reads += 1;
            }
            // Writing waits for the disk, so not every round does.
            if round % 30 != 0 {
                continue;
            }
            if let Ok(mut writer) = files.create("d/new", WriteMode::Replace) {
                let _written = writer.write(b"x").and_then(|()| writer.commit());
            }
            let _appended = files.append("d/log", b"x");
            let _removed = files.remove("d/new", false);
            let _listed = files
                .search(&Query { pattern: Some("topsecret".into()), max: 1, ..Query::default() })
                .map(|hits| assert!(hits.is_empty()));
        }
        done.store(true, Ordering::Relaxed);
        assert!(reads > 0, "some reads came through");
    });
    let names: Vec<_> = std::fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["file"], "nothing was written outside");
}

#[test]
fn writing_is_all_or_nothing() {
    let (_home, files) = workspace();
    put(&files, "a.txt", "first");
    std::fs::set_permissions(files.root().join("a.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut writer = files.create("a.txt", WriteMode::Replace).unwrap();
    writer.write(b"sec").unwrap();
    assert_eq!(get(&files, "a.txt"), "first");
    assert_eq!(files.list("", None, 10).unwrap().len(), 1, "unfinished files are not shown");
    drop(writer);
    assert_eq!(std::fs::read_dir(files.root()).unwrap().count(), 1, "and leave nothing behind");
    put(&files, "a.txt", "second");
    assert_eq!(get(&files, "a.txt"), "second");
    assert_eq!(files.root().join("a.txt").metadata().unwrap().mode() & 0o777, 0o755, "the permission bits stay");
}

#[test]
fn of_two_that_create_a_file_one_wins() {
    let (_home, files) = workspace();
    let mut first = files.create("new", WriteMode::CreateNew).unwrap();
    let mut second = files.create("new", WriteMode::CreateNew).unwrap();
    first.write(b"first").unwrap();
    second.write(b"second").unwrap();
    first.commit().unwrap();
    assert_eq!(second.commit(), Err(FsError::Exists("new".into())));
    assert_eq!(get(&files, "new"), "first");
    assert!(matches!(files.create("new", WriteMode::CreateNew), Err(FsError::Exists(_))));
    assert_eq!(std::fs::read_dir(files.root()).unwrap().count(), 1);
}

#[test]
fn appends_do_not_interleave() {
    let (home, files) = workspace();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            // Each with a workspace of its own, as two calls of a plugin would have.
            let files = Workspace::open(files.root()).unwrap();
            scope.spawn(move || {
                for line in 0..25 {
                    files.append("log", format!("{}\n", format!("{writer}-{line};").repeat(500)).as_bytes()).unwrap();
                }
            });
        }
    });
    let text = std::fs::read_to_string(files.root().join("log")).unwrap();
    assert_eq!(text.lines().count(), 200);
    for line in text.lines() {
        let word = line.split(';').next().unwrap();
        assert_eq!(line, format!("{word};").repeat(500));
    }
    std::fs::hard_link(home.path().join("secret"), files.root().join("hard")).unwrap();
    assert!(files.append("hard", b"x").unwrap_err().to_string().contains("hard link"));
    put(&files, "hard", "mine");
    assert_eq!(std::fs::read_to_string(home.path().join("secret")).unwrap(), "topsecret");
}

#[test]
fn devices_pipes_and_directories_are_not_files() {
    let (_home, files) = workspace();
    nix::unistd::mkfifo(&files.root().join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(files.root().join("socket")).unwrap();
    files.make_dir("dir").unwrap();
    for path in ["pipe", "socket", "dir"] {
        // None of these may wait for somebody at the other end.
        for error in [
            files.open_read(path).map(drop).unwrap_err(),
            files.create(path, WriteMode::Replace).map(drop).unwrap_err(),
            files.append(path, b"x").map(drop).unwrap_err(),
            files.copy(path, "new", false).unwrap_err(),
        ] {
            assert!(matches!(&error, FsError::Invalid(text) if text.contains("not a file")), "{path}: {error}");
        }
    }
    assert!(matches!(files.make_dir("pipe/x"), Err(FsError::Invalid(_))));
    assert!(matches!(files.open_read("missing"), Err(FsError::NotFound(path)) if path == "missing"));
}

#[test]
fn listing_is_ordered_bounded_and_survives_strange_names() {
    let (_home, files) = workspace();
    for name in ["b", "a", "c"] {
        put(&files, name, "x");
    }
    let strange = std::ffi::OsString::from_vec(vec![b'z', 0xff, 0xfe]);
    std::fs::write(files.root().join(&strange), "x").unwrap();
    let paths = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.path).collect::<Vec<_>>();
    assert_eq!(paths(files.list("", None, 10).unwrap()), ["a", "b", "c", "z\u{fffd}\u{fffd}"]);
    assert_eq!(paths(files.list(".", Some("a"), 2).unwrap()), ["b", "c"]);
    files.make_dir("many").unwrap();
    for number in 0..limits::FS_LIST_MAX + 5 {
        std::fs::write(files.root().join(format!("many/{number:05}")), "").unwrap();
    }
    let first = files.list("many", None, usize::MAX).unwrap();
    assert_eq!(first.len(), limits::FS_LIST_MAX);
    let rest = files.list("many", Some(&first.last().unwrap().path), usize::MAX).unwrap();
    assert_eq!(rest.len(), 5);
    assert_eq!(files.search(&Query { glob: Some("z*".into()), max: 10, ..Query::default() }).unwrap().len(), 1);
}

#[test]
fn a_file_is_read_to_its_end_also_when_it_grew_or_shrank() {
    let (home, files) = workspace();
    let path = home.path().join("files/log");
    std::fs::write(&path, "12345").unwrap();
    let mut reader = files.open_read("log").unwrap();
    assert_eq!(reader.read(2).unwrap(), b"12");
    files.append("log", "x".repeat(5000).as_bytes()).unwrap();
    let mut rest = Vec::new();
    loop {
        let chunk = reader.read(usize::MAX).unwrap();
        if chunk.is_empty() {
            break;
        }
        rest.extend(chunk);
    }
    assert_eq!(rest, [b"345".as_slice(), &[b'x'; 5000]].concat());

    reader.seek(1).unwrap();
    std::fs::write(&path, "12").unwrap();
    assert_eq!((reader.read(100).unwrap(), reader.read(100).unwrap()), (b"2".to_vec(), Vec::new()));
}

#[test]
fn sizes_are_bounded() {
    let (_home, files) = workspace();
    let mut writer = files.create("big", WriteMode::Replace).unwrap();
    let chunk = vec![0; 1024 * 1024];
    for _ in 0..limits::FS_FILE_BYTES_MAX / (1024 * 1024) {
        writer.write(&chunk).unwrap();
    }
    assert!(matches!(writer.write(b"x"), Err(FsError::TooLarge { limit: limits::FS_FILE_BYTES_MAX, .. })));
    let entry = writer.commit().unwrap();
    assert_eq!(entry.size, limits::FS_FILE_BYTES_MAX);
    assert!(matches!(files.append("big", b"x"), Err(FsError::TooLarge { .. })));
    let mut reader = files.open_read("big").unwrap();
    assert_eq!(reader.read(usize::MAX).unwrap().len(), limits::FS_CHUNK_BYTES_MAX);
    reader.seek(reader.size() - 3).unwrap();
    assert_eq!((reader.read(10).unwrap().len(), reader.read(10).unwrap().len()), (3, 0));
    let long = "x/".repeat(limits::FS_PATH_BYTES_MAX);
    assert!(matches!(files.stat(&long), Err(FsError::TooLarge { .. })));
}

#[test]
fn moving_and_copying() {
    let (_home, files) = workspace();
    put(&files, "a", "one");
    put(&files, "b", "two");
    assert_eq!(files.rename("a", "b", false), Err(FsError::Exists("b".into())));
    assert_eq!(files.copy("a", "b", false), Err(FsError::Exists("b".into())));
    files.copy("a", "b", true).unwrap();
    assert_eq!(get(&files, "b"), "one");
    files.make_dir("d/e").unwrap();
    files.rename("a", "d/e/a", false).unwrap();
    assert!(files.rename("d", "d/e/d", false).unwrap_err().to_string().contains("into itself"));
    files.rename("d", "f", false).unwrap();
    assert_eq!(get(&files, "f/e/a"), "one");
    assert!(files.copy("b", "./b", true).is_err(), "onto itself");
    assert_eq!(files.relative_dir("f/e").unwrap(), files.root().join("f/e"));
    assert!(files.relative_dir("b").is_err());
    assert_eq!(files.stat("").unwrap().kind, Kind::Directory);
}

fn found(files: &Workspace, glob: Option<&str>, pattern: Option<&str>) -> Vec<String> {
    let query = Query { glob: glob.map(Into::into), pattern: pattern.map(Into::into), max: 100 };
    let hits = files.search(&query).unwrap();
    hits.into_iter().map(|hit| format!("{}:{}:{}:{}", hit.path, hit.line, hit.column, hit.text)).collect()
}

#[test]
fn searching_by_name_and_by_content() {
    let (home, files) = workspace();
    files.make_dir("src/deep").unwrap();
    files.make_dir(".git").unwrap();
    put(&files, "src/main.rs", "fn main() {}\r\n// topsecret here\n");
    put(&files, "src/deep/lib.rs", "nothing\n");
    put(&files, "notes.md", "a topsecret, and topsecret again");
    put(&files, ".git/packed", "topsecret");
    put(&files, "binary", "\0topsecret");
    symlink(home.path(), files.root().join("up")).unwrap();
    assert_eq!(found(&files, Some("*.rs"), None), ["src/deep/lib.rs:0:0:", "src/main.rs:0:0:"]);
    assert_eq!(found(&files, Some("src/*.rs"), None), ["src/main.rs:0:0:"]);
    assert_eq!(found(&files, Some("**/*.md"), None), ["notes.md:0:0:"]);
    assert_eq!(found(&files, Some("packed"), None), [".git/packed:0:0:"]);
    let lines = ["notes.md:1:2:a topsecret, and topsecret again", "src/main.rs:2:3:// topsecret here"];
    assert_eq!(found(&files, None, Some("tops[a-z]+t")), lines);
    assert_eq!(found(&files, Some("*.md"), Some("topsecret")), lines[..1]);
    assert_eq!(files.search(&Query { pattern: Some("topsecret".into()), max: 1, ..Query::default() }).unwrap().len(), 1);
    for (glob, pattern) in [(None, None), (Some("["), None), (None, Some("(")), (None, Some(r"\w{1000}{1000}"))] {
        let query = Query { glob: glob.map(Into::into), pattern: pattern.map(Into::into), max: 1 };
        assert!(matches!(files.search(&query), Err(FsError::Invalid(_))), "{query:?}");
    }
}

#[test]
fn searches_are_bounded() {
    let (_home, files) = workspace();
    files.make_dir("a/b/c").unwrap();
    for name in ["a/1", "a/b/2", "a/b/c/3"] {
        put(&files, name, "0123456789");
    }
    let usual = Bounds::default();
    assert_eq!((usual.files, usual.file_bytes), (limits::FS_SEARCH_FILES_MAX, limits::FS_SEARCH_FILE_BYTES_MAX));
    assert_eq!((usual.bytes, usual.depth), (limits::FS_SEARCH_BYTES_MAX, limits::FS_DEPTH_MAX));
    let query = Query { pattern: Some("5".into()), max: 10, ..Query::default() };
    let count = |bounds| files.search_within(&query, bounds).map(|hits| hits.len());
    assert_eq!(count(usual), Ok(3));
    assert_eq!(count(Bounds { file_bytes: 9, ..usual }), Ok(0), "files that are too large are not looked into");
    for bounds in [Bounds { files: 2, ..usual }, Bounds { bytes: 29, ..usual }, Bounds { depth: 2, ..usual }] {
        assert!(matches!(count(bounds), Err(FsError::TooLarge { .. })), "{bounds:?}");
    }
    let long = "x".repeat(limits::FS_PATTERN_BYTES_MAX + 1);
    assert!(matches!(files.search(&Query { pattern: Some(long), max: 1, ..Query::default() }), Err(FsError::TooLarge { .. })));
    put(&files, "long", &format!("{}needle{}\n", "é".repeat(5_000), "y".repeat(5_000)));
    put(&files, "many", &"needle\n".repeat(limits::FS_SEARCH_HITS_MAX + 10));
    let hits = files.search(&Query { pattern: Some("needle".into()), max: usize::MAX, ..Query::default() }).unwrap();
    assert_eq!(hits.len(), limits::FS_SEARCH_HITS_MAX);
    assert!(hits[0].text.contains("needle") && hits[0].text.len() <= limits::FS_SEARCH_TEXT_BYTES_MAX + 8);
}

#[test]
fn a_file_is_no_workspace() {
    let home = TempDir::new().unwrap();
    let wrong = home.path().join("file");
    std::fs::write(&wrong, "x").unwrap();
    assert!(Workspace::open(&wrong).unwrap_err().to_string().contains("cannot be opened"));
}

#[test]
fn a_directory_of_a_workspace_is_one_too_and_leads_no_further_up() {
    let (_home, files) = workspace();
    files.make_dir("site").unwrap();
    put(&files, "site/page", "in");
    put(&files, "note", "out");
    let site = files.below("site").unwrap();
    assert_eq!(get(&site, "page"), "in");
    assert!(matches!(site.open_read("../note"), Err(FsError::Escape(_))));
    // What it was opened from may have gone meanwhile: a link in its place leads nowhere.
    std::fs::rename(files.root().join("site"), files.root().join("moved")).unwrap();
    symlink("/etc", files.root().join("site")).unwrap();
    assert_eq!(get(&site, "page"), "in");
    assert!(matches!(files.below("site"), Err(FsError::Escape(_))));
    assert!(files.below("note").unwrap_err().to_string().contains("is a file, not a directory"));
    for up in ["..", "site/..", "/", "a\0"] {
        assert!(files.below(up).is_err(), "{up:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Paths out of parts that have been ways out elsewhere, in a workspace with a link to the outside.
    #[test]
    fn no_path_leaves_the_root(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("..".to_owned()), Just(".".to_owned()), Just(String::new()), Just("up".to_owned()), Just("d".to_owned()),
                Just("secret".to_owned()), Just("~".to_owned()), Just("\\..".to_owned()), Just("%2e%2e".to_owned()), Just(".. ".to_owned()),
                Just("\u{ff0e}\u{ff0e}".to_owned()), "\\PC{0,6}", "[a-c]{1,2}",
            ],
            0..6,
        ),
        absolute in any::<bool>(),
    ) {
        let (home, files) = workspace();
        symlink(home.path(), files.root().join("up")).unwrap();
        files.make_dir("d").unwrap();
        let path = format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"));
        if let Ok(mut reader) = files.open_read(&path) {
            prop_assert_ne!(reader.read(100).unwrap(), b"topsecret");
        }
        let _made = files.make_dir(&path);
        let _appended = files.append(&path, b"x");
        if let Ok(writer) = files.create(&path, WriteMode::Replace) {
            let _committed = writer.commit();
        }
        let _moved = files.rename("d", &path, true);
        let _removed = files.remove(&path, true);
        if let Ok(dir) = files.relative_dir(&path) {
            prop_assert!(dir.canonicalize().unwrap().starts_with(files.root()));
        }
        let mut beside: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        beside.sort();
        prop_assert_eq!(beside, ["files", "secret"]);
        prop_assert_eq!(std::fs::read(home.path().join("secret")).unwrap(), b"topsecret");
    }
}
