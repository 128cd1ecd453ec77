//! The mock server that speaks the providers' real wires, as a child process on a free port.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const VERSION: &str = "1.43.0";

/// A running server; it ends with this value.
pub(crate) struct Aimock {
    child: Child,
    pub(crate) base: String,
}

impl Aimock {
    /// Starts the server with that file of this package's fixtures.
    pub(crate) fn start(fixtures: &str) -> Self {
        let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixtures);
        let program = program();
        assert!(
            program.is_file(),
            "aimock {VERSION} is not installed in {}: run `tests/peers/aimock.sh` once",
            program.display()
        );
        let mut command = node();
        command.arg(program).args(["-p", "0", "--strict", "--log-level", "info", "-f"]).arg(fixtures);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`node` starts: `tests/peers/aimock.sh` says what is missing");
        let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let base =
            lines.map_while(Result::ok).find_map(|line| line.split_once("listening on ").map(|(_, base)| base.trim().to_owned()));
        let base = base.expect("the server says where it listens; it ends at once when its fixtures are wrong");
        Self { child, base }
    }

    /// How many requests with this text and status the server got.
    pub(crate) async fn count(&self, http: &reqwest::Client, text: &str, status: u16) -> usize {
        let url = format!("{}/__aimock/journal?status={status}", self.base);
        let entries: Vec<Value> = http.get(url).send().await.unwrap().json().await.unwrap();
        entries.iter().filter(|entry| entry["body"].to_string().contains(text)).count()
    }
}

impl Drop for Aimock {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
fn node() -> Command {
    Command::new("node")
}

#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn program() -> PathBuf {
    let peers = std::env::var_os("OCTI_PEERS_DIR").map(PathBuf::from);
    let peers = peers.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/octi/peers"));
    peers.join(format!("aimock-{VERSION}/node_modules/@copilotkit/aimock/dist/cli.js"))
}
