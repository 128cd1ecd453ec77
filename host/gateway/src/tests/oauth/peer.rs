//! The client of the official TypeScript SDK, which nobody here wrote, goes the whole way. The person in front of its browser is played.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::super::host::host;
use super::Browser;

/// Name the suite, which has the SDK beside it, and the Node; `tests/peers/mcp-conformance.sh` prints them.
const SUITE: &str = "OCTI_TEST_MCP_CONFORMANCE";
const NODE: &str = "OCTI_TEST_MCP_NODE";
const TIME_MAX: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_official_client_is_let_in_renews_its_tokens_and_gives_them_back() {
    let Some((node, sdk)) = peers() else { return };
    let host = host([]).await;
    let ann = host.person("ann").await;
    let browser = Browser::of(&host, &ann).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/mcp/oauth-client.mjs");
    let mut command = command(node);
    command.arg(script).arg(sdk).arg(host.url.join("mcp").unwrap().as_str());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut client = command.spawn().expect("the client starts");
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
    let mut complaints = client.stderr.take().unwrap();
    let told = async {
        let opened = lines.next_line().await.unwrap()?;
        let asks: Value = Url::parse(&opened)
            .ok()?
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())))
            .collect();
        let (status, answer) = browser.say(&asks, Some("mcp")).await;
        assert!(status.is_success(), "{asks}: {answer}");
        let back = format!("{}\n", answer["redirectTo"].as_str().unwrap());
        client.stdin.take().unwrap().write_all(back.as_bytes()).await.unwrap();
        let said = lines.next_line().await.unwrap()?;
        serde_json::from_str::<Value>(&said).ok()
    };
    let told = timeout(TIME_MAX, told).await.expect("the client ends");
    let mut complained = String::new();
    if told.is_none() {
        complaints.read_to_string(&mut complained).await.unwrap();
    }
    let did = json!({"did": "read", "with": "milk"});
    let expected = json!({
        "refusal": "UnauthorizedError", "finished": "AUTHORIZED", "state": "0.10", "first": did, "second": did, "revoked": 200, "scope": "mcp",
    });
    assert_eq!(told, Some(expected), "{complained}");
    assert!(ann.client.list_programs().await.unwrap().items.is_empty(), "it gave everything back");
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
fn command(program: PathBuf) -> Command {
    Command::new(program)
}

#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn peers() -> Option<(PathBuf, PathBuf)> {
    let node = std::env::var_os(NODE).map(PathBuf::from);
    let suite = std::env::var_os(SUITE).map(PathBuf::from);
    // …/node_modules/@modelcontextprotocol/conformance/dist/index.js
    let sdk = suite.as_deref().and_then(|suite| suite.ancestors().nth(3)).map(|beside| beside.join("sdk"));
    let peers = node.zip(sdk);
    if peers.is_none() {
        eprintln!(
            "skipped: `{NODE}` and `{SUITE}` name no files; `tests/peers/mcp-conformance.sh` installs them and prints them"
        );
    }
    peers
}
