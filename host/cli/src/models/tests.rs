//! What is done to models is told.

use octi_models::Embeddings;
use octi_models::scripted::{Answer, ScriptedModel};
use octi_security::audit::Audit;
use octi_security::auth::Auth;
use octi_security::sandbox::egress::EgressPolicy;
use octi_security::vault::MasterKey;

use super::*;

const KEY: &str = "sk-nobody-may-read-this";

struct Fixture {
    models: Models,
    store: Store,
    owner: Principal,
    _home: tempfile::TempDir,
}

async fn fixture() -> Fixture {
    // Only fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite://{}", home.path().join("octi.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let ambient = Ambient::system();
    let auth = Auth::new(store.clone(), ambient.clone(), Audit::start(store.clone(), ambient.clone()));
    auth.bootstrap_admin().await.unwrap();
    let owner = auth.local_owner().await.unwrap();
    let master = MasterKey::load_or_create(&home.path().join("master.key"), None, &ambient).unwrap();
    let vault = Arc::new(Vault::new(store.clone(), master, ambient.clone()));
    let secrets = Arc::new(Secrets::new(vault.clone(), []));
    let models = Models::new(store.clone(), vault, Arc::new(Egress::new(EgressPolicy::default())), ambient, secrets);
    Fixture { models, store, owner, _home: home }
}

fn here(name: &str) -> AddModel {
    AddModel {
        model_id: Some("small".to_owned()),
        endpoint: Some("http://127.0.0.1:9/v1/".to_owned()),
        key: Some(KEY.to_owned()),
        ..wanted(name, Provider::OpenAiCompatible)
    }
}

#[tokio::test]
async fn models_leave_audit_rows_without_their_keys() {
    let Fixture { models, store, owner, _home } = fixture().await;
    models.add(&owner, here("one")).await.unwrap();
    models.add(&owner, AddModel { default: true, ..here("two") }).await.unwrap();
    assert!(models.add(&owner, AddModel { endpoint: None, ..here("three") }).await.is_err());
    models.set_default(&owner, "one").await.unwrap();
    models.remove(&owner, "two").await.unwrap();
    assert!(models.remove(&owner, "two").await.is_err());

    let rows = store.read(&owner).await.unwrap().list_audit(None, 100).await.unwrap();
    assert!(!format!("{rows:?}").contains(KEY));
    let mut told: Vec<_> = rows.iter().map(|row| (row.action.as_str(), row.resource.as_str())).collect();
    told.retain(|(action, _)| action.starts_with("model_"));
    told.sort_unstable();
    let expected = [
        ("model_added", "model:one"),
        ("model_added", "model:two"),
        ("model_default", "model:one"),
        ("model_default", "model:two"),
        ("model_removed", "model:two"),
    ];
    assert_eq!(told, expected);
    let added = rows.iter().find(|row| row.action == "model_added").unwrap();
    assert_eq!(added.details, serde_json::json!({ "provider": "openai-compatible", "model_id": "small" }));
}

#[tokio::test]
async fn a_model_is_asked_only_by_whom_it_belongs_to() {
    let Fixture { models, owner, _home, .. } = fixture().await;
    models.add(&owner, here("one")).await.unwrap();
    assert_eq!(models.chat_model(&owner, "one").await.map(|model| model.info().name.clone()), Ok("one".to_owned()));
    #[expect(clippy::disallowed_methods, reason = "a person who is only asked about")]
    let other = Principal::authenticated(Ambient::system().id(), true);
    let refused = models.chat_model(&other, "one").await.map(|model| model.info().name.clone());
    assert!(matches!(refused, Err(PortError::NotFound(_))), "{refused:?}");
    assert!(models.chat_model(&other, DEMO).await.is_ok_and(|model| model.info().is_demo), "the demo model is everybody's");
}

#[tokio::test]
async fn a_model_that_only_embeds_is_tried_out_with_a_text() {
    let refuses = |error: ModelError| {
        let vectors = |_: &EmbedRequest| Ok(Embeddings { vectors: vec![vec![0.5; 3]], ..Embeddings::default() });
        ScriptedModel::new([Answer::refuse(error)]).with_embed(vectors)
    };
    let only_embeds = refuses(ModelError::BadRequest("it does not chat".to_owned()));
    assert_eq!(try_out(&only_embeds).await.unwrap(), "it embeds: a text becomes 3 numbers");
    let neither = ScriptedModel::new([Answer::refuse(ModelError::BadRequest("it does not chat".to_owned()))]);
    assert_eq!(try_out(&neither).await.unwrap_err().to_string(), "it does not chat");
    let without_key = refuses(ModelError::Auth("the key is wrong".to_owned()));
    assert_eq!(try_out(&without_key).await.unwrap_err().kind(), "auth");
    assert!(without_key.embedded().is_empty(), "what embedding would not mend is not tried");
}
