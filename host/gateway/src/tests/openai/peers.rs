//! The official clients of OpenAI's API, which must not notice that octi is somebody else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use octi_api::v1::models::AddModel;
use octi_models::scripted::{Answer, Step};
use octi_models::{ChatEvent, Finish, ModelError};
use serde_json::json;
use tokio::process::Command;

use super::super::host::host;

/// Names the folder of the clients; `tests/peers/openai.sh` prints it.
const PEERS: &str = "OCTI_TEST_OPENAI";
/// A client that takes longer has failed.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What the model says to a client, in the order of its program.
fn script() -> Vec<Answer> {
    let hello = || Answer::text("hello");
    let call = || Answer::calls([("c1", "weather", json!({"at": "Rome"}))]);
    let usage = ChatEvent::Usage(octi_domain::run::Usage { input_tokens: 10, output_tokens: 5, estimated: false });
    let pieces = || {
        let pieces = ["hel", "lo"].map(|text| ChatEvent::Text(text.to_owned()));
        Answer::events(pieces.into_iter().chain([usage.clone(), ChatEvent::End(Finish::Stop)]))
    };
    let half = [Step::Event(ChatEvent::Text("half".into())), Step::Fail(ModelError::Unavailable("the line broke".into()))];
    vec![hello(), pieces(), call(), hello(), call(), hello(), pieces(), call(), Answer::steps(half)]
}

async fn talk(program: &Path, arguments: &[&Path]) {
    let host = host(script()).await;
    let ann = host.person("ann").await;
    let wanted = json!({"name": "scripted", "provider": "openai", "modelId": "gpt-5"});
    ann.client.add_model(&serde_json::from_value::<AddModel>(wanted).unwrap()).await.unwrap();
    let base = host.url.join("/v1").unwrap();
    let mut command = command(program);
    command.args(arguments).arg(base.as_str()).arg(&ann.token).kill_on_drop(true);
    let ended = tokio::time::timeout(TIME_MAX, command.output()).await.expect("the client ends").expect("the client starts");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(host.model.left(), 0, "the client asked everything");
}

#[tokio::test]
async fn the_npm_client_finds_everything_in_its_place() {
    let Some(peers) = peers() else { return };
    talk(Path::new("node"), &[&source("client.mjs"), &peers]).await;
}

#[tokio::test]
async fn the_python_client_finds_everything_in_its_place() {
    let Some(peers) = peers() else { return };
    talk(&peers.join("python/bin/python"), &[&source("client.py")]).await;
}

fn source(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/openai").join(name)
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn peers() -> Option<PathBuf> {
    let peers = std::env::var_os(PEERS).map(PathBuf::from);
    if peers.is_none() {
        eprintln!("skipped: `{PEERS}` names no folder; `tests/peers/openai.sh` installs the clients and prints it");
    }
    peers
}
