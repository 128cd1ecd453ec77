//! REST: secrets come in and never go out.

use octi_api::error::ErrorCode;
use octi_api::v1::secrets::{SecretUse, SetSecret};
use octi_client::ClientError;
use octi_domain::limits;
use octi_security::vault::USER_SCOPE;
use secrecy::ExposeSecret;

use super::host::{host, host_on};

const VALUE: &str = "s3cr3t-value-of-ann";

fn set(value: &str) -> SetSecret {
    SetSecret { value: value.to_owned() }
}

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

octi_testkit::on_both! {
    async fn a_secret_is_set_listed_and_removed(db) {
        let host = host_on(db, []).await;
        let ann = host.person("ann").await;
        let made = ann.client.set_secret("weather_key", &set("another-value")).await.unwrap();
        let changed = ann.client.set_secret("weather_key", &set(VALUE)).await.unwrap();
        assert_eq!((changed.created_at, changed.name.as_str()), (made.created_at, "weather_key"));
        assert!(changed.updated_at >= made.updated_at);
        let unused = ann.client.set_secret("unused", &set(VALUE)).await.unwrap();
        assert!(unused.uses.is_empty());

        let listed = ann.client.list_secrets().await.unwrap();
        assert!(!serde_json::to_string(&listed).unwrap().contains(VALUE), "{listed:?}");
        assert_eq!(listed.items.iter().map(|secret| secret.name.as_str()).collect::<Vec<_>>(), ["unused", "weather_key"]);
        let place = SecretUse {
            plugin: "acme/notes".to_owned(),
            host: "api.weather.example".to_owned(),
            header: "x-api-key".to_owned(),
            reason: "authenticate".to_owned(),
        };
        assert_eq!(listed.items[1].uses, [place]);

        ann.client.remove_secret("weather_key").await.unwrap();
        assert_eq!(code(ann.client.remove_secret("weather_key").await), ErrorCode::NotFound);
        assert_eq!(ann.client.list_secrets().await.unwrap().items.len(), 1);
        assert_eq!(host.secrets.0.lock().unwrap().len(), 4, "what hides secrets is told of every change");
    }

    async fn somebody_elses_secret_does_not_exist(db) {
        let host = host_on(db, []).await;
        let (ann, bob) = (host.person("ann").await, host.person("bob").await);
        ann.client.set_secret("key", &set(VALUE)).await.unwrap();
        assert!(bob.client.list_secrets().await.unwrap().items.is_empty());
        assert_eq!(code(bob.client.remove_secret("key").await), ErrorCode::NotFound);
        bob.client.set_secret("key", &set("value-of-bob")).await.unwrap();
        bob.client.remove_secret("key").await.unwrap();
        let principal = octi_testkit::db::principal(ann.id);
        let kept = host.gateway.vault.get(&principal, USER_SCOPE, "key").await.unwrap().unwrap();
        assert_eq!(kept.expose_secret(), VALUE);
    }
}

#[tokio::test]
async fn keys_of_models_are_no_secrets_of_tools() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    let principal = octi_testkit::db::principal(ann.id);
    host.gateway.vault.put(&principal, "model", "openai", VALUE.into()).await.unwrap();
    assert!(ann.client.list_secrets().await.unwrap().items.is_empty());
    assert_eq!(code(ann.client.remove_secret("openai").await), ErrorCode::NotFound);
}

#[tokio::test]
async fn what_cannot_be_a_secret_is_refused_without_repeating_it() {
    let host = host([]).await;
    let ann = host.person("ann").await;
    for (name, value, expected) in [
        ("key", "q7x9".to_owned(), ErrorCode::InvalidField),
        ("key", format!("{}q7x", " ".repeat(20)), ErrorCode::InvalidField),
        ("key", "x".repeat(limits::SECRET_BYTES_MAX + 1), ErrorCode::InvalidField),
        ("key", "value\u{1b}[31m-with-escape".to_owned(), ErrorCode::InvalidField),
        ("two words", VALUE.to_owned(), ErrorCode::InvalidPath),
        ("key}}", VALUE.to_owned(), ErrorCode::InvalidPath),
        ("a/b", VALUE.to_owned(), ErrorCode::InvalidPath),
    ] {
        let refused = ann.client.set_secret(name, &set(&value)).await;
        let said = format!("{refused:?}");
        assert_eq!(code(refused), expected, "{name}");
        assert!(!said.contains(value.trim()), "{said}");
    }
    assert!(host.secrets.0.lock().unwrap().is_empty());
}
