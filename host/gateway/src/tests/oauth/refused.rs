//! What happens when somebody is not who they say.

use chrono::TimeDelta;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_security::auth::token_hash;
use octi_store::{Backend, OauthSecret, SecretKind};
use octi_testkit::clock;
use octi_testkit::db::TestDb;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::host::{host, host_at};
use super::super::openapi::http;
use super::{Browser, Program, REDIRECT, hello, mcp, post, send_form, tokens, word};

#[tokio::test]
async fn a_code_is_of_whoever_has_everything_that_belongs_to_it() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, other) = (Program::register(&host).await, Program::register(&host).await);
    let browser = Browser::of(&host, &ann).await;
    for (changes, says) in [
        (&[("code_verifier", Some("another-verifier-of-forty-three-characters-x"))][..], "invalid_grant"),
        (&[("code_verifier", Some("short"))][..], "invalid_grant"),
        (&[("code_verifier", None)][..], "invalid_grant"),
        (&[("redirect_uri", Some("http://127.0.0.1:1/cb"))][..], "invalid_grant"),
        (&[("redirect_uri", Some("https://a.example/cb"))][..], "invalid_grant"),
        (&[("resource", Some("https://other.example/mcp"))][..], "invalid_target"),
        (&[("client_id", Some(other.id.as_str()))][..], "invalid_grant"),
    ] {
        let code = browser.agree(&program.asks(&[]), "mcp").await;
        assert_eq!(word(program.redeem(&code, changes).await), says, "{changes:?}");
        assert_eq!(word(program.redeem(&code, &[]).await), "invalid_grant", "a code that was tried with {changes:?} is spent");
        assert!(ann.client.list_programs().await.unwrap().items.is_empty());
    }
    for (changes, says) in [
        (&[("grant_type", Some("password"))][..], "unsupported_grant_type"),
        (&[("grant_type", None)][..], "invalid_request"),
        (&[("code", None)][..], "invalid_request"),
        (&[("code", Some("octi_oac_made-up"))][..], "invalid_grant"),
        (&[("client_id", None)][..], "invalid_request"),
        (&[("client_id", Some("client_made-up"))][..], "invalid_client"),
    ] {
        assert_eq!(word(program.redeem("octi_oac_unknown", changes).await), says, "{changes:?}");
    }
}

#[tokio::test]
async fn another_persons_code_in_a_programs_hands_gives_nothing() {
    let host = host([]).await;
    let (ann, bob) = (host.person("ann").await, host.person("bob").await);
    let program = Program::register(&host).await;
    // Bob's code, which he asked for with a challenge of his own, is slipped under Ann's program.
    let of_bob = Browser::of(&host, &bob).await;
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let code = of_bob.agree(&program.asks(&[("code_challenge", Some(challenge))]), "mcp").await;
    assert_eq!(word(program.redeem(&code, &[]).await), "invalid_grant");
    assert!(ann.client.list_programs().await.unwrap().items.is_empty());
    assert!(bob.client.list_programs().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_refresh_token_is_of_its_program_and_gives_no_more_than_the_person_did() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, other) = (Program::register(&host).await, Program::register(&host).await);
    let browser = Browser::of(&host, &ann).await;
    let given = program.let_in(&browser, "mcp:read").await;
    assert_eq!(given.scope, "mcp:read");
    assert_eq!(word(other.refresh(&given.refresh, &[]).await), "invalid_grant");
    assert_eq!(word(program.refresh(&given.refresh, &[("scope", Some("mcp"))]).await), "invalid_scope");
    assert_eq!(word(program.refresh(&given.refresh, &[("resource", Some("https://other.example"))]).await), "invalid_target");
    assert_eq!(word(program.refresh(&given.access, &[]).await), "invalid_grant");
    let again = tokens(program.refresh(&given.refresh, &[("scope", Some("mcp:read"))]).await);
    assert_eq!(again.scope, "mcp:read", "what was refused used nothing up");
}

#[tokio::test]
async fn time_ends_codes_and_tokens() {
    let db = TestDb::open(Backend::Sqlite).await.unwrap();
    let (ambient, clock) = clock::manual();
    let host = host_at(&db, ambient, []).await;
    let ann = host.person("ann").await;
    let program = Program::register(&host).await;
    let late = async |seconds| clock.advance(TimeDelta::seconds(seconds));
    let browser = Browser::of(&host, &ann).await;
    let code = browser.agree(&program.asks(&[]), "mcp").await;
    late(limits::OAUTH_CODE_SECONDS).await;
    let (status, body) = program.redeem(&code, &[]).await;
    assert!(body["error_description"].as_str().unwrap().contains("60 seconds"), "{status} {body}");

    let given = program.let_in(&browser, "mcp").await;
    late(limits::OAUTH_ACCESS_SECONDS - 1).await;
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    late(1).await;
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::UNAUTHORIZED);
    let given = tokens(program.refresh(&given.refresh, &[]).await);
    assert_eq!(mcp(&host, &given.access, &hello()).await.0, StatusCode::OK);
    clock.advance(TimeDelta::days(limits::OAUTH_REFRESH_DAYS));
    assert_eq!(word(program.refresh(&given.refresh, &[]).await), "invalid_grant");
    assert!(ann.client.list_programs().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn nobody_is_led_anywhere_on_the_word_of_a_link() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    for (name, value, says) in [
        ("client_id", "client_made-up", "does not know the program"),
        ("redirect_uri", "https://evil.example/", "did not register"),
        ("redirect_uri", "https://a.example/cb/", "did not register"),
        ("redirect_uri", "https://a.example/cb?x=1", "did not register"),
        ("redirect_uri", "http://127.0.0.1:1/other", "did not register"),
        ("redirect_uri", "http://localhost:1/cb", "did not register"),
        ("redirect_uri", "javascript:alert(1)", "did not register"),
    ] {
        let asks = program.asks(&[(name, Some(value))]);
        for (status, body) in [browser.look(&asks).await, browser.say(&asks, Some("mcp")).await, browser.say(&asks, None).await] {
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{value}: {body}");
            assert!(body["error"]["message"].as_str().unwrap().contains(says), "{value}: {body}");
        }
    }
    let asks = program.asks(&[("code_challenge_method", Some("plain"))]);
    let (status, shown) = browser.look(&asks).await;
    assert_eq!(status, StatusCode::OK);
    assert!(shown["problem"]["message"].as_str().unwrap().contains("S256"), "{shown}");
    assert!(shown["problem"]["back"].as_str().unwrap().contains("error=invalid_request&"), "{shown}");
    assert_eq!(browser.say(&asks, Some("mcp")).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (_, wide) = browser.say(&program.asks(&[("scope", Some("mcp:read"))]), Some("mcp")).await;
    assert!(wide["error"]["message"].as_str().unwrap().contains("did not ask for that much"), "{wide}");
}

#[tokio::test]
async fn only_a_person_in_front_of_octis_own_page_says_yes() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let (program, browser) = (Program::register(&host).await, Browser::of(&host, &ann).await);
    let body = json!({"asked": program.asks(&[]), "allow": "mcp"});
    let url = host.url.join("api/programs/request").unwrap();
    let by_token = http().post(url.clone()).bearer_auth(&ann.token).json(&body).send().await.unwrap();
    assert_eq!(by_token.status(), StatusCode::FORBIDDEN);
    let nobody = http().post(url.clone()).json(&body).send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let forged = http().post(url).header("cookie", format!("octi_session={}", browser.cookie)).json(&body).send().await.unwrap();
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    assert_eq!(forged.json::<Value>().await.unwrap()["error"]["code"], "csrf");
    let foreign = browser.request(Method::POST, "api/programs/request").header("origin", "https://evil.example").json(&body);
    assert_eq!(foreign.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(ann.client.list_programs().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_name_that_is_not_octis_issues_nothing() {
    let host = host([]).await;
    for path in [
        ".well-known/oauth-protected-resource",
        ".well-known/oauth-protected-resource/mcp",
        ".well-known/oauth-authorization-server",
        "oauth/authorize?client_id=x",
    ] {
        let answer = http().get(host.url.join(path).unwrap()).header("host", "evil.example").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        let said = answer.text().await.unwrap();
        assert!(said.contains("gateway.mcp_hosts"), "{said}");
    }
    for path in ["oauth/register", "oauth/token", "oauth/revoke"] {
        let answer =
            http().post(host.url.join(path).unwrap()).header("host", "evil.example").json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    let answer =
        http().post(host.url.join("mcp").unwrap()).header("host", "evil.example").bearer_auth("octi_oat_x").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key("www-authenticate"), "nobody is told to ask at another name");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_the_protocols_words() {
    let host = host([]).await;
    let (status, body) = post(&host, "oauth/register", &json!({"redirect_uris": ["javascript:x"]})).await;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_redirect_uri")));
    let (status, body) = post(&host, "oauth/register", &json!([])).await;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")));
    let (_, body) = post(&host, "oauth/token", &json!({"grant_type": "authorization_code"})).await;
    assert_eq!(body["error"], "invalid_request", "JSON is no form");
    let twice = http().post(host.url.join("oauth/token").unwrap()).header("content-type", "application/x-www-form-urlencoded");
    let answer = twice.body("grant_type=refresh_token&client_id=a&client_id=b").send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_request");
    assert_eq!(word(send_form(&host, "oauth/revoke", &[("token", "x")].into()).await), "invalid_request");
    let large = "x".repeat(limits::OAUTH_BODY_BYTES_MAX);
    assert_eq!(word(send_form(&host, "oauth/token", &[("code", large.as_str())].into()).await), "invalid_request");
    let (status, _) = post(&host, "oauth/register", &json!({"client_name": large})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn whoever_may_no_longer_sign_in_is_not_acted_for() {
    let host = host([]).await;
    let (program, now) = (Program::register(&host).await, host.gateway.ambient.now());
    let gone = User {
        id: host.gateway.ambient.id(),
        username: "gone".to_owned(),
        is_admin: false,
        is_active: false,
        created_at: now,
        last_login_at: None,
    };
    let let_in = octi_store::Program {
        id: host.gateway.ambient.id(),
        user_id: gone.id,
        client_id: program.id.clone(),
        client_name: "Editor".to_owned(),
        redirect_uri: REDIRECT.to_owned(),
        scope: "mcp".to_owned(),
        resource: host.url.join("mcp").unwrap().to_string(),
        created_at: now,
        begun_at: Some(now),
        last_used_at: None,
        expires_at: now + TimeDelta::days(1),
    };
    let secret = |kind, challenge: Option<&str>| OauthSecret {
        program_id: let_in.id,
        user_id: gone.id,
        kind,
        scope: "mcp".to_owned(),
        challenge: challenge.map(str::to_owned),
        created_at: now,
        expires_at: let_in.expires_at,
        used_at: None,
    };
    let challenge = program.asks(&[])["code_challenge"].as_str().unwrap().to_owned();
    let mut tx = host.gateway.store.write(&Principal::system("test")).await.unwrap();
    tx.insert_user(&gone, "no password").await.unwrap();
    tx.insert_program(&let_in).await.unwrap();
    for (kind, value) in
        [(SecretKind::Access, "octi_oat_x"), (SecretKind::Refresh, "octi_ort_x"), (SecretKind::Code, "octi_oac_x")]
    {
        tx.insert_oauth_secret(&secret(kind, Some(&challenge)), &token_hash(value)).await.unwrap();
    }
    tx.save().await.unwrap();
    assert_eq!(mcp(&host, "octi_oat_x", &hello()).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(word(program.refresh("octi_ort_x", &[]).await), "invalid_grant");
    assert_eq!(word(program.redeem("octi_oac_x", &[]).await), "invalid_grant");
}
