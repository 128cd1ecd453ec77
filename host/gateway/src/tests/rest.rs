//! REST: conversations, turns, permissions, and what strangers see of them.

use octi_agents::TurnOptions;
use octi_api::error::ErrorCode;
use octi_api::page::PageQuery;
use octi_api::v1::agents::AgentQuery;
use octi_api::v1::messages::MessageQuery;
use octi_api::v1::permissions::{Level, RuleQuery, SetRule};
use octi_api::v1::sessions::{CreateSession, PatchSession, SessionStatus};
use octi_api::v1::tools::ExecuteTool;
use octi_client::ClientError;
use octi_domain::limits;
use octi_models::scripted::{Answer, Step};
use serde_json::{Value, json};
use uuid::Uuid;

use super::host::{Host, Person, host, host_on, until};

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

/// Sends a body as it stands and returns status and answer.
async fn raw(host: &Host, person: &Person, method: reqwest::Method, path: &str, body: Vec<u8>) -> (u16, Value) {
    #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
    let http = reqwest::Client::builder().build().unwrap();
    let request = http.request(method, host.url.join(path).unwrap()).bearer_auth(&person.token);
    let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_conversation_is_made_changed_and_deleted() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let made =
        ann.client.create_session(&CreateSession { title: Some(" First ".to_owned()), ..Default::default() }).await.unwrap();
    assert_eq!((made.title.as_deref(), made.status, made.message_count), (Some("First"), SessionStatus::Active, 0));

    let patch = PatchSession { title: Some("Second".to_owned()), status: Some(SessionStatus::Completed), ..Default::default() };
    let changed = ann.client.patch_session(made.id.into(), &patch).await.unwrap();
    assert_eq!((changed.title.as_deref(), changed.status), (Some("Second"), SessionStatus::Completed));
    assert_eq!(ann.client.session(made.id.into()).await.unwrap(), changed);

    ann.client.delete_session(made.id.into()).await.unwrap();
    assert_eq!(code(ann.client.session(made.id.into()).await), ErrorCode::SessionNotFound);
    assert_eq!(code(ann.client.delete_session(made.id.into()).await), ErrorCode::SessionNotFound);
}

#[tokio::test]
async fn deleting_a_conversation_stops_its_turn() {
    let host = host([Answer::steps([Step::Block])]).await;
    let ann = host.person("ann").await;
    let session = ann.session().await;
    let mut socket = ann.listen(&["agent.*"]).await;
    ann.chat(&mut socket, session, "think for ever").await;
    until(&mut socket, "agent.iteration").await;
    ann.client.delete_session(session).await.unwrap();
    until(&mut socket, "agent.stopped").await;
    assert_eq!(code(ann.client.session(session).await), ErrorCode::SessionNotFound);
}

octi_testkit::on_both! {
    async fn pages_follow_each_other_without_gap_or_repeat(db) {
        let host = host_on(db, []).await;
        let ann = host.person("ann").await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(ann.session().await.as_uuid());
        }
        made.reverse();
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = ann.client.list_sessions(&PageQuery { cursor, limit: Some(2) }).await.unwrap();
            seen.extend(page.items.iter().map(|session| session.id));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, made);
        let wrong = PageQuery { cursor: Some("x".to_owned()), limit: None };
        assert_eq!(code(ann.client.list_sessions(&wrong).await), ErrorCode::InvalidField);
    }
}

octi_testkit::on_both! {
    async fn what_belongs_to_someone_else_does_not_exist(db) {
        let host = host_on(db, [Answer::text("hello")]).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let mut socket = ann.listen(&["agent.*"]).await;
        let session = ann.session().await;
        ann.chat(&mut socket, session, "hi").await;
        until(&mut socket, "agent.completed").await;
        let agent = ann.client.list_agents(&AgentQuery::default()).await.unwrap().items.remove(0);
        let rule = SetRule { rule: "notes".to_owned(), level: Level::Deny, session_id: None };
        let rule = ann.client.set_rule(&rule).await.unwrap();

        assert_eq!(code(bob.client.session(session).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.patch_session(session, &PatchSession::default()).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.delete_session(session).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.list_messages(session, &MessageQuery::default()).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.list_artifacts(session, &Default::default()).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.continue_session(session).await), ErrorCode::SessionNotFound);
        assert_eq!(code(bob.client.agent(agent.id.into()).await), ErrorCode::AgentNotFound);
        assert_eq!(code(bob.client.stop_agent(agent.id.into()).await), ErrorCode::AgentNotFound);
        assert_eq!(code(bob.client.delete_rule(rule.id.into()).await), ErrorCode::NotFound);
        assert!(bob.client.list_agents(&AgentQuery::default()).await.unwrap().items.is_empty());
        assert!(bob.client.list_sessions(&PageQuery::default()).await.unwrap().items.is_empty());
        assert!(bob.client.list_rules(&RuleQuery::default()).await.unwrap().items.is_empty());
        assert!(ann.client.session(session).await.is_ok());
    }
}

#[tokio::test]
async fn a_turn_leaves_messages_and_a_run() {
    let host = host([Answer::text("hello")]).await;
    let ann = host.person("ann").await;
    let mut socket = ann.listen(&["agent.*"]).await;
    let session = ann.session().await;
    ann.chat(&mut socket, session, "hi").await;
    until(&mut socket, "agent.completed").await;
    let first = MessageQuery { after: None, limit: Some(1) };
    let page = ann.client.list_messages(session, &first).await.unwrap();
    assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("1")));
    let rest = MessageQuery { after: Some(1), limit: None };
    let page = ann.client.list_messages(session, &rest).await.unwrap();
    assert_eq!((page.items.len(), page.items[0].seq, page.next), (1, 2, None));
    let query = AgentQuery { session_id: Some(session.as_uuid()), ..AgentQuery::default() };
    let agents = ann.client.list_agents(&query).await.unwrap().items;
    assert_eq!((agents.len(), agents[0].model.as_str(), agents[0].iterations), (1, "scripted", 1));
    assert!(!ann.client.stop_agent(agents[0].id.into()).await.unwrap(), "it has ended already");
    assert_eq!(code(ann.client.continue_session(session).await), ErrorCode::Conflict);
}

#[tokio::test]
async fn a_bad_body_is_named_by_its_first_bad_field() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let post = |body: Value| raw(&host, &ann, reqwest::Method::POST, "/api/sessions", body.to_string().into_bytes());
    let (status, body) = post(json!({"title": 7})).await;
    assert_eq!((status, body["error"]["path"].as_str()), (400, Some("title")));
    let (status, body) = post(json!({"title": "x", "colour": 7})).await;
    assert_eq!((status, body["error"]["path"].as_str()), (400, Some("colour")));
    let (status, body) = post(json!({"title": " "})).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("invalid_field")));
    let (status, _) = post(json!({"title": "x".repeat(limits::TITLE_CHARS_MAX + 1)})).await;
    assert_eq!(status, 400, "a title has a limit");
    let (status, _) = post(json!({"title": "x", "userId": Uuid::nil(), "user_id": Uuid::nil()})).await;
    assert_eq!(status, 201, "whose it is follows from the token");

    let (status, body) = raw(&host, &ann, reqwest::Method::POST, "/api/sessions", b"{".to_vec()).await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("invalid_json")));
    let large = vec![b' '; limits::HTTP_BODY_BYTES_MAX + 1];
    let (status, body) = raw(&host, &ann, reqwest::Method::POST, "/api/sessions", large).await;
    assert_eq!((status, body["error"]["code"].as_str()), (413, Some("too_large")));
}

#[tokio::test]
async fn what_is_no_route_says_so_in_the_envelope() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let get = |path: &'static str| raw(&host, &ann, reqwest::Method::GET, path, Vec::new());
    let (status, body) = get("/api/nonsense").await;
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("route_not_found")));
    let (status, body) = get("/api/auth/login").await;
    assert_eq!((status, body["error"]["code"].as_str()), (405, Some("method_not_allowed")));
    let (status, body) = get("/api/sessions/nonsense").await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("invalid_path")));
    let (status, body) = get("/api/sessions?limit=many").await;
    assert_eq!((status, body["error"]["code"].as_str()), (400, Some("invalid_field")));
    let (status, body) = get("/gateway").await;
    assert_eq!((status, body["error"]["code"].as_str()), (422, Some("refused")));
}

#[tokio::test]
async fn a_rule_is_set_replaced_and_taken_back() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let rule = |text: &str, level| SetRule { rule: text.to_owned(), level, session_id: None };
    ann.client.set_rule(&rule("notes.write(a:*)", Level::Ask)).await.unwrap();
    let set = ann.client.set_rule(&rule(" notes.write(a:*) ", Level::Allow)).await.unwrap();
    let rules = ann.client.list_rules(&RuleQuery::default()).await.unwrap().items;
    assert_eq!(rules, std::slice::from_ref(&set));
    ann.client.delete_rule(set.id.into()).await.unwrap();
    assert!(ann.client.list_rules(&RuleQuery::default()).await.unwrap().items.is_empty());
    assert_eq!(code(ann.client.set_rule(&rule("notes(", Level::Allow)).await), ErrorCode::InvalidField);
    let elsewhere = SetRule { session_id: Some(Uuid::nil()), ..rule("notes", Level::Allow) };
    assert_eq!(code(ann.client.set_rule(&elsewhere).await), ErrorCode::SessionNotFound);
}

#[tokio::test]
async fn a_tool_called_by_hand_obeys_the_same_rules() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let call = |approve| ExecuteTool { arguments: json!({"text": "x"}), session_id: None, approve };
    let read = ann.client.execute_tool("notes", "read", &call(false)).await.unwrap();
    assert_eq!((read.is_error, read.code.as_str()), (false, "ok"));
    assert_eq!(serde_json::from_str::<Value>(&read.content).unwrap(), json!({"did": "read", "with": "x"}));

    assert_eq!(code(ann.client.execute_tool("notes", "write", &call(false)).await), ErrorCode::ApprovalRequired);
    assert!(!ann.client.execute_tool("notes", "write", &call(true)).await.unwrap().is_error);
    let deny = SetRule { rule: "notes.write".to_owned(), level: Level::Deny, session_id: None };
    ann.client.set_rule(&deny).await.unwrap();
    assert_eq!(code(ann.client.execute_tool("notes", "write", &call(true)).await), ErrorCode::PermissionDenied);

    let wrong = ExecuteTool { arguments: json!({"txt": 1}), ..call(false) };
    let outcome = ann.client.execute_tool("notes", "read", &wrong).await.unwrap();
    assert_eq!((outcome.is_error, outcome.code.as_str()), (true, "bad_input"));
    assert_eq!(code(ann.client.execute_tool("notes", "burn", &call(true)).await), ErrorCode::NotFound);
    let session_id = Some(Uuid::nil());
    assert_eq!(
        code(ann.client.execute_tool("notes", "read", &ExecuteTool { session_id, ..call(true) }).await),
        ErrorCode::SessionNotFound
    );
    assert_eq!(ann.client.list_tools().await.unwrap().items.len(), 4);
}

#[tokio::test]
async fn a_turn_in_a_session_of_someone_else_is_not_begun() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let session = ann.session().await;
    #[expect(clippy::disallowed_methods, reason = "the test made this user")]
    let principal = octi_domain::principal::Principal::authenticated(bob.id, false);
    let options = TurnOptions::default();
    assert!(host.gateway.agents.send(&principal, session, "hi".to_owned(), options).await.is_err());
    assert!(host.model.requests().is_empty());
}
