//! `kill -9` in the middle of a turn, and what is found after the next start: the same story on both databases. And how a
//! server ends that is asked to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use octi_store::Backend;
use octi_testkit::db::TestDb;
use serde_json::Value;

use crate::aimock::Aimock;
use crate::support::{Octi, Server, Talk, until};

/// As much as a tool may write into one file, so that writing it takes a while.
const BIG_BYTES: u64 = octi_domain::limits::FS_FILE_BYTES_MAX;

/// A database of one test's own, and the runtime that its connections live in.
struct Database {
    db: TestDb,
    _runtime: tokio::runtime::Runtime,
}

impl Database {
    /// None when the tests on PostgreSQL are to be skipped.
    fn postgres() -> Option<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let db = runtime.block_on(TestDb::open(Backend::Postgres))?;
        Some(Self { db, _runtime: runtime })
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Waits for a file that the server writes in that folder: it holds it open, without a name.
fn until_half_written(server: &Server, folder: &Path) {
    let open = PathBuf::from(format!("/proc/{}/fd", server.id()));
    let half = |link: PathBuf| link.starts_with(folder) && link.to_string_lossy().ends_with(" (deleted)");
    until("a half-written file", || {
        // It is there for a short time only, so this looks more often than `until` does.
        (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            let links = fs::read_dir(&open).expect("the server runs").flatten();
            links.filter_map(|entry| fs::read_link(entry.path()).ok()).any(half)
        })
    });
}

/// The one turn of the session, as the server tells it.
fn turn(octi: &Octi, session: &str) -> Value {
    let (status, page) = octi.request(&format!("GET /api/agents?sessionId={session}"), &octi.token(), "");
    assert_eq!(status, 200, "{page}");
    page["items"][0].clone()
}

fn messages(octi: &Octi, session: &str) -> Vec<String> {
    let (status, page) = octi.request(&format!("GET /api/sessions/{session}/messages"), &octi.token(), "");
    assert_eq!(status, 200, "{page}");
    page["items"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message["role"].as_str().expect("a role").to_owned())
        .collect()
}

/// The server dies while a tool writes a file.
fn killed_while_writing(octi: Octi) {
    let models = Aimock::start("chat.json");
    let mut octi = octi.with("OPENAI_BASE_URL", &format!("{}/v1", models.base)).with("OPENAI_MODEL", "some-model");
    let server = octi.serve();
    let files = octi.files();
    let big = fs::File::create(files.join("big.bin")).expect("the workspace");
    big.set_len(BIG_BYTES).expect("a large file");

    let mut talk = octi.ask("copy the big file");
    talk.until("tool.invoked");
    let session = talk.session.clone();
    until_half_written(&server, &files);
    server.kill();
    assert_eq!(talk.end(), Some(3), "the client says that the server went away");

    let _server = octi.serve();
    assert_eq!(turn(&octi, &session)["status"], "interrupted");
    assert_eq!(messages(&octi, &session), ["user", "assistant"]);
    // It may have been finished at the very last moment, but it is never there in part, under whatever name.
    for name in names(&files) {
        assert!(["big.bin", "copy.bin"].contains(&name.as_str()), "{name}");
        assert_eq!(fs::metadata(files.join(&name)).expect("a file").len(), BIG_BYTES, "{name}");
    }

    let said = octi.run(&["chat", "--continue", "--yes"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "The copy was cut off.\n"), "{said:?}");
    let said = octi.run(&["chat", "--session", &session, "--continue"]);
    assert!(said.code == Some(1) && said.err.contains("nothing to continue"), "{said:?}");
}

#[test]
fn killed_while_writing_on_sqlite() {
    killed_while_writing(Octi::new());
}

#[test]
fn killed_while_writing_on_postgres() {
    let Some(database) = Database::postgres() else { return };
    killed_while_writing(Octi::new().with("DATABASE_URL", &database.db.url));
}

/// Whether a program with that command line runs.
fn runs(line: &str) -> bool {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let mut lines = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    lines.any(|found| found.trim_end_matches('\0').split('\0').eq(line.split(' ')))
}

#[test]
fn what_a_killed_server_started_ends_with_it_and_the_session_can_be_continued() {
    let mut octi = Octi::new();
    let server = octi.serve();
    // A number that no other test sleeps for.
    let program = format!("sleep 30.{}", std::process::id());
    let mut talk: Talk = octi.ask(&format!("run `{program}`"));
    talk.until("tool.invoked");
    let session = talk.session.clone();
    until("the program runs", || runs(&program));
    server.kill();
    talk.end();
    until("the program ends", || !runs(&program));

    let _server = octi.serve();
    let said = octi.run(&["chat", "--session", &session, "--continue", "--yes"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("octi stopped before this call answered"), "{said:?}");
    let before = messages(&octi, &session).len();
    let said = octi.run(&["chat", "--continue", "list the files"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(messages(&octi, &session).len() > before, "the question went into the last conversation");
}

#[test]
fn a_server_told_to_stop_as_soon_as_it_listens_ends_in_order() {
    let mut octi = Octi::new();
    let server = octi.serve();
    assert_eq!(server.terminate(), Some(0));
}
