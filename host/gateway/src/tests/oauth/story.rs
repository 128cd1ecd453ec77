//! What happens when everybody is who they say.

use octi_client::api::v1::settings::SetSetting;
use reqwest::{Method, StatusCode};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};

use super::super::fakes_programs::PROGRAM;
use super::super::host::{Host, host};
use super::super::openapi::http;
use super::{Browser, Program, REDIRECT, VERIFIER, hello, mcp, send_form, tokens, word};

async fn get(host: &Host, path: &str) -> Value {
    let answer = http().get(host.url.join(path).unwrap()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_program_finds_out_how_to_ask() {
    let host = host([]).await;
    let here = host.url.as_str().trim_end_matches('/');
    let (status, challenge) = mcp(&host, "octi_oat_made-up", &hello()).await;
    let metadata = format!("{here}/.well-known/oauth-protected-resource/mcp");
    let expected = format!("Bearer realm=\"octi\", error=\"invalid_token\", resource_metadata=\"{metadata}\", scope=\"mcp\"");
    assert_eq!((status, challenge), (StatusCode::UNAUTHORIZED, Some(expected)));
    let resource = get(&host, "/.well-known/oauth-protected-resource/mcp").await;
    assert_eq!((&resource["resource"], &resource["authorization_servers"]), (&json!(format!("{here}/mcp")), &json!([here])));
    assert_eq!(get(&host, "/.well-known/oauth-protected-resource").await, resource);
    assert_eq!(get(&host, "/.well-known/oauth-protected-resource/sse").await["resource"], json!(format!("{here}/sse")));
    let server = get(&host, "/.well-known/oauth-authorization-server").await;
    assert_eq!((&server["issuer"], &server["code_challenge_methods_supported"]), (&json!(here), &json!(["S256"])));
    for endpoint in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"] {
        assert!(server[endpoint].as_str().unwrap().starts_with(&format!("{here}/oauth/")), "{endpoint}");
    }
    let unknown = http().get(host.url.join("/.well-known/openid-configuration").unwrap()).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND, "no page in place of metadata");
}

#[tokio::test]
async fn a_person_lets_a_program_in_and_it_works_over_mcp_and_nowhere_else() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let (_, shown) = browser.look(&program.asks(&[])).await;
    assert_eq!(
        (&shown["name"], &shown["redirectHost"], &shown["username"]),
        (&json!("Editor"), &json!("127.0.0.1"), &json!("ann"))
    );
    assert_eq!((&shown["isLoopback"], &shown["scope"], &shown["describedBy"]), (&json!(true), &json!("mcp"), &Value::Null));
    let given = program.let_in(&browser, "mcp").await;
    assert_eq!(given.scope, "mcp");

    let config = StreamableHttpClientTransportConfig::with_uri(host.url.join("mcp").unwrap().to_string());
    let transport = StreamableHttpClientTransport::with_client(http(), config.auth_header(&given.access));
    let session = ().serve(transport).await.unwrap();
    let arguments = json!({"text": "milk"}).as_object().unwrap().clone();
    let read = session.call_tool(CallToolRequestParams::new("notes__read").with_arguments(arguments)).await.unwrap();
    assert_eq!(read.structured_content, Some(json!({"did": "read", "with": "milk"})));
    let who = session.call_tool(CallToolRequestParams::new("octi_whoami")).await.unwrap();
    assert_eq!(who.structured_content.unwrap()["username"], "ann");

    for token in [&given.access, &given.refresh] {
        for path in ["/api/sessions", "/api/auth/me", "/api/programs", "/v1/models", "/metrics"] {
            let answer = http().get(host.url.join(path).unwrap()).bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
        assert!(host.client(token).connect().await.is_err(), "no socket");
    }
    assert_eq!(mcp(&host, &given.refresh, &hello()).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn tokens_are_renewed_and_whoever_shows_an_old_one_ends_it_all() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let first = program.let_in(&browser, "mcp").await;
    let second = tokens(program.refresh(&first.refresh, &[]).await);
    assert_eq!(mcp(&host, &first.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(mcp(&host, &second.access, &hello()).await.0, StatusCode::OK);

    assert_eq!(word(program.refresh(&first.refresh, &[]).await), "invalid_grant");
    assert_eq!(mcp(&host, &second.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(word(program.refresh(&second.refresh, &[]).await), "invalid_grant");
    assert_eq!(audited(&host).await, ["program_allowed", "program_cut"]);
}

#[tokio::test]
async fn a_code_works_once_and_a_second_time_ends_what_came_of_it() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let code = browser.agree(&program.asks(&[]), "mcp").await;
    let given = tokens(program.redeem(&code, &[]).await);
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    assert_eq!(word(program.redeem(&code, &[]).await), "invalid_grant");
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(word(program.refresh(&given.refresh, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn of_two_who_show_a_token_at_once_nobody_keeps_it() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp").await;
    let (one, two) = tokio::join!(program.refresh(&given.refresh, &[]), program.refresh(&given.refresh, &[]));
    let good: Vec<_> = [one, two].into_iter().filter(|(status, _)| status.is_success()).collect();
    assert_eq!(good.len(), 1, "{good:?}");
    let given = tokens(good[0].clone());
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_person_sees_their_programs_and_lets_them_out() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp").await;
    let listed = ann.client.list_programs().await.unwrap().items;
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].redirect_host.as_str()), (1, "Editor", "127.0.0.1"));
    assert!(listed[0].last_used_at.is_none());
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    let listed = ann.client.list_programs().await.unwrap().items;
    assert!(listed[0].last_used_at.is_some());

    let id = listed[0].id;
    assert!(bob.client.list_programs().await.unwrap().items.is_empty());
    assert!(bob.client.revoke_program(id.into()).await.is_err(), "somebody else's program is an unknown one");
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    ann.client.revoke_program(id.into()).await.unwrap();
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(word(program.refresh(&given.refresh, &[]).await), "invalid_grant");
    assert!(ann.client.list_programs().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_stream_ends_when_its_program_is_let_out_and_not_when_its_token_is_renewed() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp").await;
    let mut stream = http().get(host.url.join("sse").unwrap()).bearer_auth(&given.access).send().await.unwrap();
    assert_eq!(stream.status(), StatusCode::OK);
    assert!(stream.chunk().await.unwrap().is_some());
    tokens(program.refresh(&given.refresh, &[]).await);
    let quiet = tokio::time::timeout(host.gateway.recheck_time * 3, stream.chunk()).await;
    assert!(quiet.is_err(), "the stream goes on: {quiet:?}");
    let id = ann.client.list_programs().await.unwrap().items[0].id;
    ann.client.revoke_program(id.into()).await.unwrap();
    let end = tokio::time::timeout(std::time::Duration::from_secs(10), stream.chunk()).await;
    assert_eq!(end.expect("the stream ends within ten seconds").unwrap(), None);
}

#[tokio::test]
async fn a_program_gives_its_tokens_back() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let given = program.let_in(&browser, "mcp").await;
    let form = |client_id, token| [("client_id", client_id), ("token", token)].into();
    for (client, token) in [("client_other", given.refresh.as_str()), (program.id.as_str(), "octi_ort_made-up")] {
        assert_eq!(send_form(&host, "oauth/revoke", &form(client, token)).await.0, StatusCode::OK);
    }
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK, "that was none of its tokens");
    assert_eq!(send_form(&host, "oauth/revoke", &form(program.id.as_str(), given.refresh.as_str())).await.0, StatusCode::OK);
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(audited(&host).await, ["program_allowed", "program_revoked"]);
}

#[tokio::test]
async fn a_person_says_no() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let (status, body) = browser.say(&program.asks(&[]), None).await;
    assert_eq!(status, StatusCode::OK);
    let back = body["redirectTo"].as_str().unwrap();
    assert!(back.starts_with(&format!("{REDIRECT}?error=access_denied&")) && !back.contains("code="), "{back}");
    assert!(ann.client.list_programs().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_program_that_describes_itself_at_its_address_needs_no_registration() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let browser = Browser::of(&host, &ann).await;
    let program = Program { host: &host, id: PROGRAM.to_owned() };
    let (_, shown) = browser.look(&program.asks(&[])).await;
    assert_eq!((&shown["name"], &shown["describedBy"]), (&json!("App"), &json!("app.example")));
    let given = program.let_in(&browser, "mcp").await;
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    let again = tokens(program.refresh(&given.refresh, &[]).await);
    assert_eq!(mcp(&host, &again.access, &hello()).await.0, StatusCode::OK);
    for (id, says) in [("https://nobody.example/x", "nobody is there"), ("https://app.example", "`https`, has a path")] {
        let (status, body) = browser.look(&program.asks(&[("client_id", Some(id))])).await;
        assert!(!status.is_success() && body["error"]["message"].as_str().unwrap().contains(says), "{body}");
    }
}

#[tokio::test]
async fn an_administrator_says_under_which_address_octi_is_known() {
    let host = host([]).await;
    let (root, ann) = (host.admin().await, host.person("ann").await);
    let known_as = async |url: &str| {
        let value = SetSetting { value: json!(url) };
        root.client.set_setting("gateway.public_url", &value).await.unwrap();
    };
    known_as("https://octi.example").await;
    let resource = get(&host, "/.well-known/oauth-protected-resource/mcp").await;
    assert_eq!(resource["resource"], "https://octi.example/mcp");
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let asks = program.asks(&[("resource", Some("https://octi.example/mcp"))]);
    let (_, body) = browser.say(&asks, Some("mcp")).await;
    let back = url::Url::parse(body["redirectTo"].as_str().unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    assert!(back.as_str().ends_with("iss=https%3A%2F%2Focti.example"), "{back}");
    let given = tokens(program.redeem(&code, &[("resource", Some("https://octi.example/mcp"))]).await);
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    let named = http().get(host.url.join("/.well-known/oauth-protected-resource").unwrap()).header("host", "octi.example");
    assert_eq!(named.send().await.unwrap().status(), StatusCode::OK, "its name is known now");
    known_as("https://other.example").await;
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED, "the token is for another address");
}

#[tokio::test]
async fn the_page_is_octis_own_and_nobody_frames_it() {
    let host = host([]).await;
    let program = Program::register(&host).await;
    let mut page = host.url.join("oauth/authorize").unwrap();
    for (name, value) in program.asks(&[]).as_object().unwrap() {
        page.query_pairs_mut().append_pair(name, value.as_str().unwrap());
    }
    let answer = http().get(page).send().await.unwrap();
    assert_eq!((answer.status(), &answer.headers()["x-frame-options"]), (StatusCode::OK, &"DENY".parse().unwrap()));
    assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert!(answer.text().await.unwrap().contains("<title>octi</title>"));
    assert!(VERIFIER.len() >= 43);
    let posted = http().request(Method::POST, host.url.join("oauth/authorize").unwrap()).send().await.unwrap();
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
}

/// What the audit log says of programs, the oldest first.
async fn audited(host: &Host) -> Vec<String> {
    let mut tx = host.gateway.store.read(&octi_domain::principal::Principal::system("test")).await.unwrap();
    let rows = tx.list_audit(None, 100).await.unwrap();
    rows.into_iter().rev().map(|row| row.action).filter(|action| action.starts_with("program_")).collect()
}
