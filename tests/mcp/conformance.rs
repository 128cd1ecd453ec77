//! The conformance suite of the protocol, which nobody here wrote, as the server of a host like any other.
//!
//! The suite starts a client for each of its scenarios. That client is this test program again: it runs [`as_the_suite_wants`] alone, with
//! the host's own client, a person who signs in, and one who answers.
#![expect(clippy::disallowed_methods, reason = "this test talks to the peer that starts it, and is told in its environment how")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_extension::llm::NoModel;
use octi_extension::person::{AskError, Person, Question, Reply};
use octi_extension::tool::ToolError;
use octi_security::sandbox::egress::{Egress, HostAllow, Redirects, Request};
use serde_json::{Map, Value, json};

use crate::host::{Host, People, Vault};

/// Name the suite and the Node it needs; `tests/peers/mcp-conformance.sh` prints them.
const SUITE: &str = "OCTI_TEST_MCP_CONFORMANCE";
const NODE: &str = "OCTI_TEST_MCP_NODE";
const SCENARIO: &str = "MCP_CONFORMANCE_SCENARIO";
const CONTEXT: &str = "MCP_CONFORMANCE_CONTEXT";
const CLIENT: &str = "conformance::as_the_suite_wants";
/// A run that takes longer has failed.
const TIME_MAX: Duration = Duration::from_secs(180);
/// Sign-ins of one scenario; a client that wants more goes in circles.
const SIGN_INS_MAX: usize = 8;
/// What a document about a client would be called; the suite knows it by this address.
const DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";

/// What octi does not have is in `tests/peers/mcp/client-baseline.yml`, with why. The suite fails when anything else does, and also when
/// something in there does not fail any more.
#[tokio::test]
async fn the_suite_finds_nothing_but_what_is_known_to_be_missing() {
    let Some((node, suite)) = std::env::var_os(NODE).map(PathBuf::from).zip(std::env::var_os(SUITE)) else {
        eprintln!("skipped: `{NODE}` and `{SUITE}` name no files; `tests/peers/mcp-conformance.sh` installs the suite");
        return;
    };
    let client = std::env::current_exe().expect("this program");
    let client = format!("{} {CLIENT} --exact --ignored --nocapture", client.display());
    let baseline = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/mcp/client-baseline.yml");
    let results = tempfile::tempdir().expect("a folder");
    let mut command = tokio::process::Command::new(node);
    command.arg(suite).args(["client", "--suite", "all", "--verbose", "--command", &client, "--expected-failures"]).arg(baseline);
    command.args(["--output-dir"]).arg(results.path());
    command.current_dir(results.path()).stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(TIME_MAX, command.output()).await.expect("the suite ends").expect("the suite starts");
    let (said, complained) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{said}\n{complained}");
}

/// The client of one scenario. The suite gives the server's address as the last argument.
#[tokio::test]
#[ignore = "the suite starts it"]
async fn as_the_suite_wants() {
    let (Ok(scenario), Some(url)) = (std::env::var(SCENARIO), std::env::args().next_back()) else { return };
    let given: Value = std::env::var(CONTEXT).map(|text| serde_json::from_str(&text).expect("JSON")).unwrap_or_default();
    // An authorization server is on a port that the suite does not tell before: one of those that Linux gives away.
    let port = url::Url::parse(&url).ok().and_then(|url| url.port()).expect("an address with a port");
    let ports = if scenario.starts_with("auth/") { 32_768..=60_999 } else { port..=port };
    let targets: Vec<String> = ports.map(|port| format!("localhost:{port}")).collect();
    let proof = given["client_secret"].as_str().or(given["private_key_pem"].as_str()).unwrap_or("none at all");
    let vault = Vault::with([("KEY", proof), ("ID_TOKEN", given["idp_id_token"].as_str().unwrap_or("none at all"))]);
    let people = People(Arc::new(Agreeable), Arc::new(NoModel("no scenario asks for a model")));
    let host = Host::with(targets.iter().map(String::as_str), vault, people);
    let mut config = json!({"url": url});
    if scenario.starts_with("auth/") {
        config["oauth"] = oauth(&scenario, &given);
    }
    host.add("suite", config);
    for _ in 0..=SIGN_INS_MAX {
        match use_it(&host).await {
            Err(ToolError::NeedsUser(why)) if why.contains("sign-in") => sign_in(&host).await,
            ended => {
                ended.expect("every tool works");
                host.hub.shutdown().await;
                return;
            }
        }
    }
    panic!("octi wants {SIGN_INS_MAX} sign-ins and more");
}

/// What an operator writes down for the authorization server of a scenario.
fn oauth(scenario: &str, given: &Value) -> Value {
    let mut oauth = json!({"clientMetadataUrl": DOCUMENT});
    if given["client_secret"].is_string() {
        oauth = json!({"clientId": given["client_id"], "clientSecret": "{{secret:KEY}}"});
    }
    if scenario.starts_with("auth/client-credentials") {
        oauth["clientCredentials"] = json!(true);
    }
    if given["private_key_pem"].is_string() {
        oauth = json!({"clientId": given["client_id"], "clientKey": "{{secret:KEY}}", "clientCredentials": true});
    }
    if given["idp_id_token"].is_string() {
        oauth["identity"] = json!({"issuer": given["idp_issuer"], "tokenEndpoint": given["idp_token_endpoint"],
            "clientId": given["idp_client_id"], "idToken": "{{secret:ID_TOKEN}}"});
    }
    oauth
}

/// Lists the tools, and calls each.
async fn use_it(host: &Host) -> Result<(), ToolError> {
    let listed = host.list(json!({"server": "suite"})).await?;
    for tool in listed["tools"].as_array().into_iter().flatten() {
        let name = tool["tool"].as_str().unwrap_or_default();
        let arguments = if name == "add_numbers" { json!({"a": 5, "b": 3}) } else { json!({}) };
        host.call("suite", name, arguments).await?;
    }
    Ok(())
}

/// What a person and their browser do: open the address, sign in, and come back.
async fn sign_in(host: &Host) {
    let address = host.hub.begin_sign_in("suite", "http://127.0.0.1:9/callback").await.expect("it can be signed in to");
    let address = url::Url::parse(&address).expect("an address");
    let allow = HostAllow::operator(&address).expect("an address with a host");
    let request = Request { redirects: Redirects::Refuse, ..Request::new("GET".parse().expect("a method"), address) };
    let answer = Egress::default().fetch(&allow, request).await.expect("the authorization server answers");
    let came_back = answer.headers["location"].to_str().expect("an address");
    host.hub.finish_sign_in("suite", came_back).await.expect("the code is good");
}

/// Says yes to everything, and fills in nothing.
struct Agreeable;

#[async_trait]
impl Person for Agreeable {
    async fn ask(&self, _question: Question) -> Result<Reply, AskError> {
        Ok(Reply::Given(Map::new()))
    }
}
