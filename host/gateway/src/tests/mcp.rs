//! Programs that speak the Model Context Protocol, played by the official client.

mod fixtures;
mod offers;
mod older;
mod plugin;
mod suite;
mod work;

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use octi_domain::event::EventKind;
use octi_domain::limits;
use octi_models::scripted::Answer;
use reqwest::StatusCode;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, GetPromptRequestParams, Implementation,
    PaginatedRequestParams, ReadResourceRequestParams, ResourceContents,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::host::{Host, Person, host};

/// A client that tells what it is told.
struct Program {
    told: mpsc::Sender<&'static str>,
}

impl ClientHandler for Program {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(ClientCapabilities::default(), Implementation::new("test", "1"))
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        let _nobody_asks = self.told.try_send("tools");
    }
}

type Session = RunningService<RoleClient, Program>;

async fn connect(host: &Host, person: &Person) -> (Session, mpsc::Receiver<&'static str>) {
    let (told, heard) = mpsc::channel(8);
    let session = Program { told }.serve(transport(host, &person.token, HashMap::new())).await.unwrap();
    (session, heard)
}

fn transport(
    host: &Host,
    token: &str,
    headers: HashMap<HeaderName, HeaderValue>,
) -> StreamableHttpClientTransport<reqwest::Client> {
    let config = StreamableHttpClientTransportConfig::with_uri(host.url.join("mcp").unwrap().to_string());
    let config = config.auth_header(token).custom_headers(headers);
    StreamableHttpClientTransport::with_client(http(), config)
}

#[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
fn http() -> reqwest::Client {
    reqwest::Client::builder().build().unwrap()
}

async fn call(session: &Session, name: &'static str, arguments: Value) -> CallToolResult {
    let arguments = arguments.as_object().unwrap().clone();
    session.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await.unwrap()
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

#[tokio::test]
async fn a_program_sees_the_tools_and_calls_one() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (session, _) = connect(&host, &ann).await;
    let tools = session.list_all_tools().await.unwrap();
    let read = tools.iter().find(|tool| tool.name == "notes__read").unwrap();
    assert_eq!(read.input_schema["required"], json!(["text"]));
    let hints = read.annotations.as_ref().unwrap();
    assert_eq!((hints.read_only_hint, hints.destructive_hint, hints.open_world_hint), (Some(false), Some(true), Some(false)));
    assert!(tools.iter().any(|tool| tool.name == "octi_list_sessions"));

    let given = call(&session, "notes__read", json!({"text": "milk"})).await;
    assert_eq!(given.structured_content, Some(json!({"did": "read", "with": "milk"})));
    assert_eq!(text(&given), r#"{"did":"read","with":"milk"}"#);

    let wrong = call(&session, "notes__read", json!({"txt": "milk"})).await;
    assert_eq!((wrong.is_error, &wrong.meta.as_ref().unwrap()["octi/code"]), (Some(true), &json!("bad_input")));
    assert!(text(&wrong).contains("valid: `text`: string (required)"), "{}", text(&wrong));
}

#[tokio::test]
async fn what_a_rule_would_ask_about_is_refused_with_the_rule_that_allows_it() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (session, _) = connect(&host, &ann).await;
    for (name, arguments) in [
        ("notes__write", json!({"text": "milk"})),
        ("octi_execute_tool", json!({"name": "notes__write", "arguments": {"text": "milk"}})),
    ] {
        let refused = call(&session, name, arguments).await;
        assert_eq!((refused.is_error, &refused.meta.as_ref().unwrap()["octi/code"]), (Some(true), &json!("approval_required")));
        assert!(text(&refused).contains("`octi permission set 'notes.write(milk)' allow`"), "{}", text(&refused));
    }
    let rule = octi_client::api::v1::permissions::SetRule {
        rule: "notes.write(milk)".to_owned(),
        level: octi_client::api::v1::permissions::Level::Allow,
        session_id: None,
    };
    ann.client.set_rule(&rule).await.unwrap();
    let allowed = call(&session, "notes__write", json!({"text": "milk"})).await;
    assert_eq!(allowed.structured_content, Some(json!({"did": "write", "with": "milk"})));
}

#[tokio::test]
async fn a_tool_that_a_rule_forbids_is_not_there() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (session, _) = connect(&host, &ann).await;
    let rule = octi_client::api::v1::permissions::SetRule {
        rule: "notes.read".to_owned(),
        level: octi_client::api::v1::permissions::Level::Deny,
        session_id: None,
    };
    ann.client.set_rule(&rule).await.unwrap();
    let tools = session.list_all_tools().await.unwrap();
    assert!(tools.iter().all(|tool| tool.name != "notes__read") && tools.iter().any(|tool| tool.name == "notes__write"));
    assert!(session.call_tool(CallToolRequestParams::new("notes__read")).await.is_err());
}

#[tokio::test]
async fn the_hosts_own_operations_are_done_as_their_caller() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (of_ann, _) = connect(&host, &ann).await;
    let (of_bob, _) = connect(&host, &bob).await;
    let begun = call(&of_ann, "octi_create_session", json!({"title": "Shopping"})).await.structured_content.unwrap();
    let id = begun["id"].as_str().unwrap().to_owned();
    let shown = call(&of_ann, "octi_get_session", json!({"sessionId": id})).await;
    assert_eq!(shown.structured_content.unwrap()["title"], "Shopping");
    let listed = call(&of_ann, "octi_list_sessions", json!({"title": "shop & more", "limit": 5})).await;
    assert_eq!(listed.structured_content.unwrap()["items"], json!([]));

    let foreign = call(&of_bob, "octi_get_session", json!({"sessionId": id})).await;
    assert_eq!((foreign.is_error, &foreign.meta.as_ref().unwrap()["octi/code"]), (Some(true), &json!("session_not_found")));
    let missing = call(&of_bob, "octi_get_session", json!({})).await;
    assert_eq!(text(&missing), "`sessionId` is missing: it is required, and a text");
    let unknown = call(&of_bob, "octi_get_session", json!({"sessionId": id, "approve": true})).await;
    assert_eq!(text(&unknown), "`approve` is no argument of this tool");
}

#[tokio::test]
async fn a_program_talks_to_an_agent_in_one_call() {
    let host = host([Answer::text("It is two o'clock."), Answer::text("Still two.")]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (of_ann, _) = connect(&host, &ann).await;
    let answer = call(&of_ann, "octi_chat", json!({"message": "What time is it?"})).await.structured_content.unwrap();
    assert_eq!((&answer["status"], &answer["text"]), (&json!("completed"), &json!("It is two o'clock.")));
    let session = answer["sessionId"].clone();
    let again =
        call(&of_ann, "octi_chat", json!({"message": "And now?", "sessionId": session})).await.structured_content.unwrap();
    assert_eq!((&again["sessionId"], &again["text"]), (&session, &json!("Still two.")));
    let (of_bob, _) = connect(&host, &bob).await;
    let foreign = call(&of_bob, "octi_chat", json!({"message": "And for me?", "sessionId": session})).await;
    assert_eq!(foreign.meta.as_ref().unwrap()["octi/code"], "session_not_found");
}

#[tokio::test]
async fn roles_are_prompts_and_files_are_resources_of_their_owner() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (of_ann, _) = connect(&host, &ann).await;
    let (of_bob, _) = connect(&host, &bob).await;
    let prompts = of_ann.list_all_prompts().await.unwrap();
    assert!(prompts.iter().any(|prompt| prompt.name == "general"));
    let told = of_ann.get_prompt(GetPromptRequestParams::new("general")).await.unwrap();
    assert_eq!(told.messages[0].content.as_text().unwrap().text, "You help as general.");

    let session = ann.session().await;
    ann.client.attach(session, "plan.md", Some("text/markdown"), b"# Plan".to_vec()).await.unwrap();
    let files = of_ann.list_all_resources().await.unwrap();
    assert_eq!((files.len(), files[0].name.as_str(), files[0].size), (1, "plan.md", Some(6)));
    let read = of_ann.read_resource(ReadResourceRequestParams::new(files[0].uri.clone())).await.unwrap();
    assert!(matches!(&read.contents[0], ResourceContents::TextResourceContents { text, .. } if text == "# Plan"));
    assert!(of_bob.list_all_resources().await.unwrap().is_empty());
    assert!(of_bob.read_resource(ReadResourceRequestParams::new(files[0].uri.clone())).await.is_err());
}

#[tokio::test]
async fn many_conversations_are_many_pages_and_a_large_file_is_not_given() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (session, _) = connect(&host, &ann).await;
    for _ in 0..=limits::MCP_CONVERSATIONS_PER_PAGE {
        let of = ann.session().await;
        ann.client.attach(of, "small.md", Some("text/markdown"), b"# Plan".to_vec()).await.unwrap();
    }
    let first = session.list_resources(None).await.unwrap();
    assert_eq!(first.resources.len(), limits::MCP_CONVERSATIONS_PER_PAGE as usize);
    assert_eq!(session.list_all_resources().await.unwrap().len(), limits::MCP_CONVERSATIONS_PER_PAGE as usize + 1);

    let of = ann.session().await;
    let large = ann.client.attach(of, "large.bin", None, vec![0; limits::MCP_RESULT_BYTES_MAX + 1]).await.unwrap();
    let refused = session.read_resource(ReadResourceRequestParams::new(format!("octi://artifacts/{}", large.id))).await;
    assert!(refused.unwrap_err().to_string().contains("download it from octi's pages"));
}

#[tokio::test]
async fn whoever_shows_no_token_learns_how_to() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let ask = |token: Option<&str>| {
        let request = http().post(host.url.join("mcp").unwrap()).body("{}");
        token.map_or_else(|| request.try_clone().unwrap(), |token| request.try_clone().unwrap().bearer_auth(token)).send()
    };
    for (answer, why) in [(ask(None).await.unwrap(), ""), (ask(Some("octi_wrong")).await.unwrap(), ", error=\"invalid_token\"")] {
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let metadata = host.url.join(".well-known/oauth-protected-resource/mcp").unwrap();
        let expected = format!("Bearer realm=\"octi\"{why}, resource_metadata=\"{metadata}\", scope=\"mcp\"");
        assert_eq!(answer.headers()["www-authenticate"], expected);
    }
    assert_eq!(ask(Some(&ann.token)).await.unwrap().status(), StatusCode::NOT_ACCEPTABLE, "the protocol itself answers");
}

#[tokio::test]
async fn pages_of_other_sites_and_other_names_of_this_host_are_refused() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let ask = async |name: &str, value: &str| {
        let request = http().post(host.url.join("mcp").unwrap()).bearer_auth(&ann.token).body("{}");
        let answer = request.header(name, value).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example")] {
        let (status, said) = ask(name, value).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name} {value}");
        assert!(said.contains("gateway.mcp_hosts"), "{said}");
    }
    assert_eq!(ask("origin", "http://localhost:6274").await.0, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_message_has_a_size() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let large = "x".repeat(limits::MCP_MESSAGE_BYTES_MAX + 1);
    let request = http().post(host.url.join("mcp").unwrap()).bearer_auth(&ann.token).body(large);
    let request = request.header("accept", "application/json, text/event-stream").header("content-type", "application/json");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_session_is_of_whoever_opened_it() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let ask = async |token: &str, session: Option<&str>, message: Value| {
        let request = http().post(host.url.join("mcp").unwrap()).bearer_auth(token);
        let request = request.header("accept", "application/json, text/event-stream").json(&message);
        let request = session.iter().fold(request, |request, id| request.header("mcp-session-id", *id));
        request.send().await.unwrap()
    };
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}
    }});
    let opened = ask(&ann.token, None, hello).await;
    let id = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(ask(&bob.token, Some(&id), ready.clone()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(&ann.token, Some(&id), ready).await.status(), StatusCode::ACCEPTED);
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    assert_eq!(ask(&bob.token, Some(&id), list.clone()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(&ann.token, Some("made-up"), list.clone()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ask(&ann.token, Some(&id), list).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_program_is_told_when_the_tools_are_others() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (session, mut heard) = connect(&host, &ann).await;
    session.list_tools(Some(PaginatedRequestParams::default())).await.unwrap();
    let change = EventKind::PluginsChanged { plugin: "acme/notes".to_owned(), change: "swapped".to_owned() };
    host.gateway.bus.broadcast(&host.gateway.ambient, &change);
    let told = timeout(Duration::from_secs(10), heard.recv()).await;
    assert_eq!(told.expect("news within ten seconds"), Some("tools"));
}
