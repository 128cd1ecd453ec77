//! A home folder of its own, commands in it, and a server that ends with the test.
#![expect(clippy::disallowed_methods, reason = "these tests start the program itself")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One installation.
pub(crate) struct Octi {
    pub(crate) home: tempfile::TempDir,
    url: String,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Octi {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        // A port nobody listens on: commands must not find somebody else's server.
        Self { home, url: "http://127.0.0.1:9".to_owned() }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_octi"));
        command.args(arguments).env_clear().env("OCTI_HOME", self.home.path()).env("OCTI_URL", &self.url);
        command.env("NO_COLOR", "1").env("OLLAMA_HOST", "http://127.0.0.1:9").stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("octi starts"))
    }

    /// Starts a server on a free port; later commands talk to it.
    pub(crate) fn serve(&mut self) -> Server {
        let mut child = self
            .command(&["--json", "serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("octi starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("the server says where it listens");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("one JSON object");
        self.url = ready["listening"].as_str().expect("an address").to_owned();
        Server(child)
    }
}

/// A server. Dropped, it is killed.
pub(crate) struct Server(Child);

impl Server {
    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Waits until something holds, and says what when it never does.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every file below a folder whose name is that.
pub(crate) fn find(folder: &Path, name: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                found.push(path);
            }
        }
    }
    found
}
