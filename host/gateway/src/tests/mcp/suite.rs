//! The conformance suite of the protocol, which nobody here wrote.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::middleware::map_request;
use octi_api::v1::settings::SetSetting;
use octi_domain::limits;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::super::host::host_with;
use super::plugin::{Bare, Plugins};

/// Name the suite and the Node it needs; `tests/peers/mcp-conformance.sh` prints them.
const SUITE: &str = "OCTI_TEST_MCP_CONFORMANCE";
const NODE: &str = "OCTI_TEST_MCP_NODE";
/// A run that takes longer has failed.
const TIME_MAX: Duration = Duration::from_secs(180);

/// What octi does not have is in `tests/peers/mcp/server-baseline.yml`, with why. The suite fails when anything else does, and also when
/// something in there does not fail any more.
#[tokio::test]
async fn the_suite_finds_nothing_but_what_is_known_to_be_missing() {
    let Some((node, suite)) = peers() else { return };
    let plugins = Plugins::start().await;
    if !plugins.install_fixture().await {
        return;
    }
    let host = host_with(Arc::new(Bare(plugins.manager.clone()))).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    for (key, value) in [("gateway.mcp_stream_seconds", json!(2)), ("gateway.mcp_sampling", json!("client"))] {
        root.client.set_setting(key, &SetSetting { value }).await.unwrap();
    }
    // The suite cannot sign in, so its requests are signed in on the way.
    let token = HeaderValue::from_str(&format!("Bearer {}", ann.token)).unwrap();
    let sign_in = map_request(move |mut request: Request| {
        let token = token.clone();
        async move {
            request.headers_mut().insert(AUTHORIZATION, token);
            named(request).await
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let service = host.gateway.router().layer(sign_in).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, service).await });
    let baseline = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/mcp/server-baseline.yml");
    let results = tempfile::tempdir().unwrap();
    let mut command = command(node);
    command.arg(suite).args(["server", "--suite", "all", "--url", &url, "--expected-failures"]).arg(baseline);
    command.current_dir(results.path()).kill_on_drop(true);
    let ended = tokio::time::timeout(TIME_MAX, command.output()).await.expect("the suite ends").expect("the suite starts");
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}\n{complained}");
}

/// The request with the plugin's name before the prompt's, which the suite knows without.
async fn named(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let bytes = to_bytes(body, limits::MCP_MESSAGE_BYTES_MAX).await.unwrap();
    let Ok(mut message) = serde_json::from_slice::<Value>(&bytes) else { return Request::from_parts(parts, bytes.into()) };
    let place = match message["method"].as_str() {
        Some("prompts/get") => "/params/name",
        Some("completion/complete") => "/params/ref/name",
        _ => return Request::from_parts(parts, bytes.into()),
    };
    if let Some(Value::String(name)) = message.pointer_mut(place) {
        name.insert_str(0, "conformance__");
        // The newest version says it a second time.
        if let Some(header) = parts.headers.get_mut("mcp-name") {
            *header = HeaderValue::from_str(name).unwrap();
        }
    }
    let mut request = Request::from_parts(parts, Body::from(message.to_string()));
    request.headers_mut().remove(CONTENT_LENGTH);
    request
}

#[expect(clippy::disallowed_methods, reason = "the peer of a test, not a child of octi")]
fn command(program: PathBuf) -> Command {
    Command::new(program)
}

#[expect(clippy::disallowed_methods, reason = "where the peers of tests are is no setting of octi")]
fn peers() -> Option<(PathBuf, PathBuf)> {
    let peers = std::env::var_os(NODE).map(PathBuf::from).zip(std::env::var_os(SUITE).map(PathBuf::from));
    if peers.is_none() {
        eprintln!(
            "skipped: `{NODE}` and `{SUITE}` name no files; `tests/peers/mcp-conformance.sh` installs the suite and prints them"
        );
    }
    peers
}
