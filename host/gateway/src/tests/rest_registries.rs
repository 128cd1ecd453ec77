//! REST: plugins of registries, and whose key is whose.

use octi_api::error::ErrorCode;
use octi_api::v1::plugin_offers::{AcceptPluginOffer, AvailableQuery, MakePluginOffer, PinPublisher};
use octi_client::ClientError;
use octi_domain::principal::Principal;

use super::host::{Host, host, host_on};

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

fn ask(plugin: &str) -> MakePluginOffer {
    MakePluginOffer { plugin: plugin.to_owned(), version: None, registry: None, locked: None }
}

fn yes(package: &str) -> AcceptPluginOffer {
    AcceptPluginOffer { package: package.to_owned(), reviewed: true, publisher_key: None }
}

async fn noted(host: &Host) -> Vec<String> {
    host.gateway.audit.flush().await;
    let mut tx = host.gateway.store.read(&Principal::system("tests")).await.unwrap();
    let mut rows = tx.list_audit(None, 1_000).await.unwrap();
    rows.reverse();
    let about = |resource: &str| resource.starts_with("plugin") || resource.starts_with("publisher");
    rows.retain(|row| about(&row.resource));
    rows.into_iter().map(|row| format!("{} {}", row.action, row.resource)).collect()
}

octi_testkit::on_both! {
    async fn an_administrator_looks_and_says_yes_and_all_of_it_is_noted(db) {
        let host = host_on(db, []).await;
        let root = host.admin().await.client;
        let offer = root.offer_plugin(&ask("acme/new")).await.unwrap();
        assert!(offer.needs_review && offer.rights[0].is_new);
        assert_eq!(root.accept_plugin_offer(offer.id, &yes(&offer.package)).await.unwrap().id, "acme/new");
        assert_eq!(code(root.offer_plugin(&ask("acme/evil")).await), ErrorCode::Refused);
        assert_eq!(code(root.accept_plugin_offer(offer.id, &yes("gone")).await), ErrorCode::NotFound);
        assert_eq!(code(root.accept_plugin_offer(offer.id, &yes("changed")).await), ErrorCode::Conflict);
        root.pin_publisher("acme", &PinPublisher { key: "ed25519:x".to_owned() }).await.unwrap();
        root.forget_publisher("acme").await.unwrap();
        assert_eq!(code(root.forget_publisher("nobody").await), ErrorCode::NotFound);
        assert_eq!(
            noted(&host).await,
            [
                "plugin_installed plugin:acme/new",
                "plugin_refused plugin:acme/evil",
                "publisher_trusted publisher:acme",
                "publisher_forgotten publisher:acme",
            ]
        );
    }
}

#[tokio::test]
async fn nobody_else_may_look_or_say_yes() {
    let host = host([]).await;
    let ann = host.person("ann").await.client;
    let id = uuid::Uuid::from_u128(1);
    for refused in [
        code(ann.offer_plugin(&ask("acme/new")).await),
        code(ann.accept_plugin_offer(id, &yes("x")).await),
        code(ann.plugin_registries().await),
        code(ann.refresh_plugin_registries().await),
        code(ann.available_plugins(&AvailableQuery::default()).await),
        code(ann.plugin_lock().await),
        code(ann.plugin_publishers().await),
        code(ann.pin_publisher("acme", &PinPublisher { key: "x".to_owned() }).await),
        code(ann.forget_publisher("acme").await),
    ] {
        assert_eq!(refused, ErrorCode::Forbidden);
    }
}

#[tokio::test]
async fn what_registries_have_is_read_in_pages() {
    let host = host([]).await;
    let root = host.admin().await.client;
    let mut query = AvailableQuery { limit: Some(2), ..AvailableQuery::default() };
    let first = root.available_plugins(&query).await.unwrap();
    query.cursor = first.next;
    let second = root.available_plugins(&query).await.unwrap();
    let names: Vec<String> = first.items.into_iter().chain(second.items).map(|row| row.plugin).collect();
    assert_eq!((names.as_slice(), second.next), (["acme/a", "acme/b", "acme/c"].map(str::to_owned).as_slice(), None));
    let wrong = AvailableQuery { cursor: Some("x".to_owned()), ..AvailableQuery::default() };
    assert_eq!(code(root.available_plugins(&wrong).await), ErrorCode::InvalidField);
    let away = AvailableQuery { registry: Some("away".to_owned()), ..AvailableQuery::default() };
    assert_eq!(code(root.available_plugins(&away).await), ErrorCode::Upstream);
}
