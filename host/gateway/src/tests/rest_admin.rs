//! REST: signing in, tokens, plugins, models, health, and failures of our own.

use octi_api::error::ErrorCode;
use octi_api::v1::auth::{CreateToken, Login};
use octi_api::v1::health::HealthStatus;
use octi_api::v1::models::AddModel;
use octi_api::v1::plugins::InstallQuery;
use octi_client::{Client, ClientError};
use octi_domain::limits;

use super::host::{host, host_on};

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

#[tokio::test]
async fn a_password_gives_a_token_that_works() {
    let host = host([]).await;
    let first = host.gateway.auth.bootstrap_admin().await.unwrap().unwrap();
    let stranger = Client::anonymous(host.url.clone()).unwrap();
    let login = Login { username: first.username.clone(), password: first.password().to_owned() };
    let signed_in = stranger.login(&login).await.unwrap();
    let me = host.client(&signed_in.token).me().await.unwrap();
    assert_eq!((me.username.as_str(), me.is_admin), (first.username.as_str(), true));
    assert!(signed_in.expires_at > host.gateway.ambient.now());

    let wrong_password = Login { password: "wrong".to_owned(), ..login };
    let wrong_name = Login { username: "nobody".to_owned(), ..wrong_password.clone() };
    let answers = [stranger.login(&wrong_password).await.unwrap_err(), stranger.login(&wrong_name).await.unwrap_err()];
    assert_eq!(answers[0].to_string(), answers[1].to_string(), "what was wrong is not told");
    assert_eq!(answers[0].code(), Some(ErrorCode::Unauthenticated));

    for _ in 0..limits::LOGIN_FAILURES_MAX {
        let _ = stranger.login(&wrong_password).await;
    }
    assert_eq!(code(stranger.login(&wrong_password).await), ErrorCode::TooMany);
}

octi_testkit::on_both! {
    async fn a_token_is_made_used_and_revoked(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        let request = CreateToken { name: "ci".to_owned(), expires_in_days: Some(1), ..CreateToken::default() };
        let made = ann.client.create_token(&request).await.unwrap();
        let client = host.client(&made.secret);
        assert_eq!(client.me().await.unwrap().username, "ann");
        let listed = ann.client.list_tokens().await.unwrap().items;
        assert!(listed.iter().any(|token| token.id == made.token.id && made.secret.starts_with(&token.prefix)));
        assert!(!format!("{listed:?}").contains(&made.secret));

        assert_eq!(code(bob.client.revoke_token(made.token.id.into()).await), ErrorCode::NotFound);
        ann.client.revoke_token(made.token.id.into()).await.unwrap();
        assert_eq!(code(client.me().await), ErrorCode::Unauthenticated);

        for (name, days) in [("", None), ("x", Some(0)), ("x", Some(4_000))] {
            let request = CreateToken { name: name.to_owned(), expires_in_days: days, ..CreateToken::default() };
            assert_eq!(code(ann.client.create_token(&request).await), ErrorCode::InvalidField);
        }
        let long = CreateToken { name: "x".repeat(limits::NAME_CHARS_MAX + 1), expires_in_days: None, ..CreateToken::default() };
        assert_eq!(code(ann.client.create_token(&long).await), ErrorCode::InvalidField);
    }
}

#[tokio::test]
async fn only_an_administrator_changes_what_everybody_runs() {
    let host = host([]).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    let file = || b"\0asm\x0d\0\x01\0".to_vec();
    let query = InstallQuery::default();
    assert_eq!(ann.client.list_plugins().await.unwrap().items[0].id, "acme/notes");
    assert_eq!(ann.client.plugin("acme/notes").await.unwrap().generation, 1);
    assert_eq!(code(ann.client.plugin("acme/none").await), ErrorCode::NotFound);
    let inspection = ann.client.inspect_plugin(file(), &query).await.unwrap();
    assert_eq!((inspection.bytes, inspection.left_out), (8, Vec::new()));
    let named = InstallQuery { file_name: Some("calc.wasm".to_owned()), ..InstallQuery::default() };
    let inspection = ann.client.inspect_plugin(file(), &named).await.unwrap();
    assert_eq!(inspection.left_out, ["`calc.wasm`: it belongs to a resource"]);
    assert_eq!(code(ann.client.install_plugin(file(), &query).await), ErrorCode::Forbidden);
    assert_eq!(code(ann.client.remove_plugin("acme/notes").await), ErrorCode::Forbidden);
    assert_eq!(code(ann.client.reload_plugins(None).await), ErrorCode::Forbidden);

    assert_eq!(root.client.install_plugin(file(), &query).await.unwrap().id, "acme/new");
    assert_eq!(root.client.reload_plugins(Some("acme/notes")).await.unwrap().items.len(), 1);
    assert_eq!(code(root.client.remove_plugin("acme/notes").await), ErrorCode::Refused);
    assert_eq!(code(root.client.install_plugin(b"text".to_vec(), &query).await), ErrorCode::Refused);
    let escape = InstallQuery { file_name: Some("../x.wasm".to_owned()), ..InstallQuery::default() };
    assert_eq!(code(root.client.install_plugin(file(), &escape).await), ErrorCode::InvalidField);
    assert_eq!(code(root.client.inspect_plugin(file(), &escape).await), ErrorCode::InvalidField);
}

#[tokio::test]
async fn a_plugin_may_be_larger_than_other_bodies_but_not_without_limit() {
    let host = host([]).await;
    let root = host.admin().await;
    let mut file = b"\0asm".to_vec();
    file.resize(limits::HTTP_BODY_BYTES_MAX + 1, 0);
    assert!(root.client.install_plugin(file.clone(), &InstallQuery::default()).await.is_ok());
    file.resize(limits::PLUGIN_BYTES_MAX + 1, 0);
    let refused = root.client.install_plugin(file, &InstallQuery::default()).await.unwrap_err();
    // The server may end the connection while the client still sends.
    assert!(matches!(refused.code(), Some(ErrorCode::TooLarge) | None), "{refused:?}");
}

#[tokio::test]
async fn models_go_through_their_port() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let model = AddModel {
        name: "acme/large".to_owned(),
        provider: "openai".to_owned(),
        model_id: None,
        endpoint: None,
        key: Some("sk-secret".to_owned()),
        context_window: None,
        max_output: None,
        price_in: None,
        price_out: None,
        supports_tools: None,
        default: false,
    };
    let added = ann.client.add_model(&model).await.unwrap();
    assert!(added.has_key && added.model_id == "acme/large");
    assert!(!ann.client.test_model("acme/large").await.unwrap().ok);
    assert!(ann.client.set_default_model("acme/large").await.unwrap().is_default);
    assert_eq!(ann.client.list_models().await.unwrap().items.len(), 1);
    ann.client.remove_model("acme/large").await.unwrap();
    assert_eq!(code(ann.client.test_model("acme/large").await), ErrorCode::NotFound);
    let nameless = AddModel { name: " ".to_owned(), ..model.clone() };
    assert_eq!(code(ann.client.add_model(&nameless).await), ErrorCode::InvalidField);
    let cheap = AddModel { price_in: Some(-1.0), ..model };
    assert_eq!(code(ann.client.add_model(&cheap).await), ErrorCode::InvalidField);
}

#[tokio::test]
async fn a_panic_is_an_answer_that_tells_the_client_nothing() {
    let host = host([]).await;
    let root = host.admin().await;
    let error = root.client.reload_plugins(Some("acme/panics")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Internal));
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(error.request_id().is_some_and(|id| !id.is_empty()));
    assert!(root.client.me().await.is_ok(), "the host goes on");
}

#[tokio::test]
async fn metrics_are_for_administrators_even_on_this_machine() {
    let host = host([]).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
    let http = reqwest::Client::builder().build().unwrap();
    let scrape = |token: String| http.get(host.url.join("/metrics").unwrap()).header("authorization", token).send();
    assert_eq!(scrape(String::new()).await.unwrap().status(), 401);
    assert_eq!(scrape(format!("Bearer {}", ann.token)).await.unwrap().status(), 403);
    let answer = scrape(format!("Bearer {}", root.token)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(answer.text().await.unwrap(), "octi_up 1\n");
}

#[tokio::test]
async fn only_an_administrator_rolls_a_plugin_back() {
    let host = host([]).await;
    let (ann, root) = (host.person("ann").await, host.admin().await);
    assert_eq!(code(ann.client.rollback_plugin("acme/notes").await), ErrorCode::Forbidden);
    let refused = root.client.rollback_plugin("acme/notes").await.unwrap_err();
    assert!(refused.to_string().contains("no earlier version of `acme/notes` is kept"), "{refused}");
}

octi_testkit::on_both! {
    async fn health_follows_the_database(db) {
        let host = host_on(db, []).await;
        let ann = host.person("ann").await;
        assert_eq!(ann.client.health().await.unwrap().version, "9.9.9");
        assert_eq!(ann.client.health_detailed().await.unwrap().status, HealthStatus::Ok);
        let ready = host.url.join("/api/health/ready").unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test talks to its own server")]
        let http = reqwest::Client::builder().build().unwrap();
        assert_eq!(http.get(ready.clone()).send().await.unwrap().status(), 200);
        host.gateway.store.close().await;
        assert_eq!(http.get(ready).send().await.unwrap().status(), 503);
        assert_eq!(ann.client.health().await.unwrap().status, HealthStatus::Ok, "the process itself is fine");
        assert_eq!(code(ann.client.me().await), ErrorCode::Unavailable);
    }
}
