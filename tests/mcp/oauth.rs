//! Signing in to a server: who asks whom, what is kept, and what nobody sees. The conformance suite has the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use octi_domain::limits;
use octi_extension::tool::ToolError;
use octi_mcp::client::{SignedIn, tokens_in};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::host::{Host, People, SECRET, Vault};
use crate::scripted::{Asked, Scripted, http, json as answer, protocol, text};

const BACK: &str = "http://127.0.0.1:9/callback";

/// An authorization server that gives a token for every code and every refresh; `lasts` is for how many seconds.
fn accounts(lasts: u64) -> Scripted {
    let given = AtomicUsize::new(0);
    Scripted::start(move |port, asked| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => {
            let at = |path: &str| format!("http://127.0.0.1:{port}{path}");
            answer(
                "200 OK",
                &json!({
                    "issuer": at(""), "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                    "registration_endpoint": at("/register"), "response_types_supported": ["code"],
                    "code_challenge_methods_supported": ["S256"], "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }),
            )
        }
        "/register" => {
            let client = json!({"client_id": "octi-1", "client_secret": "client-Secret-5", "redirect_uris": [BACK]});
            answer("201 Created", &client)
        }
        "/token" => {
            let number = given.fetch_add(1, Ordering::Relaxed) + 1;
            let tokens = json!({"access_token": format!("access-Token-{number}-of-many"), "token_type": "Bearer",
                "refresh_token": format!("refresh-Token-{number}-of-many"), "expires_in": lasts, "scope": "files:read"});
            answer("200 OK", &tokens)
        }
        _ => http("404 Not Found", "", ""),
    })
}

/// A server that lets in whoever shows a token, and names these accounts. Its tool gives back how a call was signed.
fn server(accounts: u16) -> Scripted {
    Scripted::start(move |port, asked| {
        if asked.path == "/.well-known/oauth-protected-resource" {
            let resource = format!("http://127.0.0.1:{port}/mcp");
            let accounts = format!("http://127.0.0.1:{accounts}");
            return answer("200 OK", &json!({"resource": resource, "authorization_servers": [accounts]}));
        }
        if asked.path != "/mcp" || asked.method != "POST" {
            return http("404 Not Found", "", "");
        }
        match asked.header("authorization") {
            None => {
                let place = format!("http://127.0.0.1:{port}/.well-known/oauth-protected-resource");
                let wants = format!("www-authenticate: Bearer scope=\"files:read\", resource_metadata=\"{place}\"\r\n");
                http("401 Unauthorized", &wants, "")
            }
            Some(signed) => protocol(asked).unwrap_or_else(|| answer("200 OK", &text(asked, &format!("you are {signed}")))),
        }
    })
}

fn host(vault: &Arc<Vault>, ports: &[u16], server: u16) -> Host {
    let targets: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let host = Host::with(targets.iter().map(String::as_str), vault.clone(), People::nobody());
    host.add("one", json!({"url": format!("http://127.0.0.1:{server}/mcp")}));
    host
}

/// What the person's browser brings back from this address.
fn browser(address: &str) -> String {
    let address = url::Url::parse(address).unwrap();
    let state = address.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    format!("{BACK}?code=the-Code-7&state={state}")
}

fn asked_for<'a>(asked: &'a [Asked], path: &str) -> Vec<&'a Asked> {
    asked.iter().filter(|asked| asked.path == path).collect()
}

#[tokio::test]
async fn a_call_says_that_somebody_must_sign_in_and_then_works_and_nobody_sees_the_tokens() {
    let accounts = accounts(3_600);
    let server = server(accounts.port);
    let vault = Vault::of(SECRET);
    let host = host(&vault, &[accounts.port, server.port], server.port);
    for _ in 0..=limits::MCP_FAILURES_MAX {
        let error = host.call("one", "echo", json!({})).await.unwrap_err();
        let ToolError::NeedsUser(why) = &error else { panic!("{error:?}") };
        assert!(why.contains("`octi mcp server sign-in one`"), "{why}");
    }
    assert_eq!(host.status("one").breaker, octi_mcp::client::BreakerState::Closed, "it is not the server's fault");
    assert_eq!(host.status("one").signed_in, SignedIn::Wanted);

    let address = host.hub.begin_sign_in("one", BACK).await.unwrap();
    assert!(address.contains("code_challenge_method=S256") && address.contains("scope=files%3Aread"), "{address}");
    assert!(address.contains(&format!("resource=http%3A%2F%2F127.0.0.1%3A{}%2Fmcp", server.port)), "{address}");
    let wrong = host.hub.finish_sign_in("one", &format!("{BACK}?code=c&state=guessed")).await.unwrap_err();
    assert!(wrong.contains("the sign-in to the MCP server `one` failed"), "{wrong}");
    host.hub.finish_sign_in("one", &browser(&address)).await.unwrap();
    let again = host.hub.finish_sign_in("one", &browser(&address)).await.unwrap_err();
    assert!(again.contains("no sign-in waits"), "a code is good once: {again}");

    let answer = host.call("one", "echo", json!({})).await.unwrap();
    assert_eq!(answer, json!({"text": "you are Bearer [REDACTED_SECRET]"}));
    assert_eq!(host.status("one").signed_in, SignedIn::Yes);
    assert!(!format!("{:?}", host.status("one")).contains("Token-1"));

    let kept = vault.tokens.lock().unwrap()["one"].clone();
    let hidden: Vec<String> = tokens_in(&kept).into_iter().map(|(_, token)| token.expose_secret().to_owned()).collect();
    assert_eq!(hidden, ["access-Token-1-of-many", "refresh-Token-1-of-many", "client-Secret-5"]);
    let asked = accounts.asked();
    let exchanged = asked_for(&asked, "/token");
    assert!(exchanged[0].body.contains("code_verifier=") && exchanged[0].body.contains("resource="), "{exchanged:?}");
    host.hub.sign_out("one").await.unwrap();
    assert!(vault.tokens.lock().unwrap().is_empty());
    assert!(host.call("one", "echo", json!({})).await.is_err());
}

#[tokio::test]
async fn a_token_whose_time_is_up_is_renewed_also_after_a_restart_of_octi() {
    let accounts = accounts(1);
    let server = server(accounts.port);
    let vault = Vault::of(SECRET);
    let ports = [accounts.port, server.port];
    let before = host(&vault, &ports, server.port);
    let address = before.hub.begin_sign_in("one", BACK).await.unwrap();
    before.hub.finish_sign_in("one", &browser(&address)).await.unwrap();
    before.hub.shutdown().await;

    let after = host(&vault, &ports, server.port);
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    after.call("one", "echo", json!({})).await.unwrap();
    let asked = accounts.asked();
    let renewed = asked_for(&asked, "/token").into_iter().find(|asked| asked.body.contains("grant_type=refresh_token"));
    let renewed = renewed.expect("a refresh");
    assert!(renewed.body.contains("refresh-Token-1-of-many") && renewed.body.contains("client_secret=client-Secret-5"));
    let shown: Vec<String> = server.asked().iter().filter_map(|asked| asked.header("authorization").map(str::to_owned)).collect();
    assert!(!shown.iter().any(|signed| signed.contains("access-Token-1-")), "{shown:?}");
}

#[tokio::test]
async fn tokens_of_one_address_are_shown_to_no_other() {
    let accounts = accounts(3_600);
    let (server, other) = (server(accounts.port), self::server(accounts.port));
    let vault = Vault::of(SECRET);
    let ports = [accounts.port, server.port, other.port];
    let host = host(&vault, &ports, server.port);
    let address = host.hub.begin_sign_in("one", BACK).await.unwrap();
    host.hub.finish_sign_in("one", &browser(&address)).await.unwrap();
    host.call("one", "echo", json!({})).await.unwrap();
    host.add("one", json!({"url": format!("http://127.0.0.1:{}/mcp", other.port)}));
    assert!(host.call("one", "echo", json!({})).await.is_err());
    assert!(other.asked().iter().all(|asked| asked.header("authorization").is_none()));
}

#[tokio::test]
async fn whom_a_server_names_is_reached_only_where_the_operator_opened_it() {
    let accounts = accounts(3_600);
    let server = server(accounts.port);
    let host = host(&Vault::of(SECRET), &[server.port], server.port);
    host.call("one", "echo", json!({})).await.unwrap_err();
    let why = host.hub.begin_sign_in("one", BACK).await.unwrap_err();
    assert!(why.contains("without encryption"), "{why}");
    assert!(accounts.asked().is_empty(), "nothing came there");
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read_to_it() {
    let accounts = Scripted::start(|_, _| answer("200 OK", &Value::String("x".repeat(limits::MCP_OAUTH_BYTES_MAX))));
    let server = server(accounts.port);
    let host = host(&Vault::of(SECRET), &[accounts.port, server.port], server.port);
    let why = host.hub.begin_sign_in("one", BACK).await.unwrap_err();
    assert!(why.contains("bytes of a message"), "{why}");
}

#[tokio::test]
async fn octi_signs_in_by_itself_where_it_is_told_to_and_again_when_that_is_over() {
    let accounts = accounts(1);
    let server = server(accounts.port);
    let host = host(&Vault::of(SECRET), &[accounts.port, server.port], server.port);
    let oauth =
        json!({"clientId": "robot", "clientSecret": "{{secret:KEY}}", "clientCredentials": true, "scopes": ["files:read"]});
    host.add("one", json!({"url": format!("http://127.0.0.1:{}/mcp", server.port), "oauth": oauth}));
    for _ in 0..2 {
        host.call("one", "echo", json!({})).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    let asked = accounts.asked();
    let grants = asked_for(&asked, "/token");
    assert!(
        grants.len() >= 2 && grants.iter().all(|asked| asked.body.contains(&format!("client_secret={SECRET}"))),
        "{grants:?}"
    );
    assert!(host.hub.begin_sign_in("one", BACK).await.unwrap_err().contains("octi signs in by itself"));
}

#[tokio::test]
async fn octi_proves_who_it_is_with_a_key_that_stays_here() {
    let key = include_str!("../../host/mcp/tests/keys/ec.pem");
    let accounts = accounts(1);
    let server = server(accounts.port);
    let oauth = json!({"clientId": "robot", "clientKey": "{{secret:KEY}}", "clientCredentials": true, "scopes": ["files:read"]});
    let config = json!({"url": format!("http://127.0.0.1:{}/mcp", server.port), "oauth": oauth});
    let hosted = host(&Vault::of(key), &[accounts.port, server.port], server.port);
    hosted.add("one", config.clone());
    for _ in 0..2 {
        hosted.call("one", "echo", json!({})).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    let asked = accounts.asked();
    let grants: Vec<_> = asked_for(&asked, "/token").into_iter().map(|asked| asked.body.as_str()).collect();
    assert!(grants.len() >= 2 && grants[0] != grants[1], "each statement is good once: {grants:?}");
    for grant in grants {
        assert!(grant.contains("grant_type=client_credentials") && grant.contains("client_assertion=ey"), "{grant}");
        assert!(grant.contains("scope=files%3Aread") && !grant.contains("PRIVATE") && !grant.contains("secret"), "{grant}");
    }
    let without = host(&Vault::of("this is no key"), &[accounts.port, server.port], server.port);
    without.add("one", config);
    let why = without.call("one", "echo", json!({})).await.unwrap_err().to_string();
    assert!(why.contains("`oauth.clientKey`: it is no private key in PEM") && !why.contains("this is no key"), "{why}");
}

#[tokio::test]
async fn a_sign_in_waits_only_so_long() {
    let accounts = accounts(3_600);
    let server = server(accounts.port);
    let host = host(&Vault::of(SECRET), &[accounts.port, server.port], server.port);
    let address = host.hub.begin_sign_in("one", BACK).await.unwrap();
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(limits::MCP_SIGN_IN_SECONDS_MAX)).await;
    let why = host.hub.finish_sign_in("one", &browser(&address)).await.unwrap_err();
    assert!(why.contains("longer than 10 minutes"), "{why}");
}
