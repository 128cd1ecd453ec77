//! The models of this host: rows in the store, keys in the vault, connections through the egress door.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::StreamExt;
use octi_agents::ModelSource;
use octi_api::v1::models::{AddModel, Model, ModelTest};
use octi_config::env::{self, Environment};
use octi_domain::ambient::Ambient;
use octi_domain::ids::ModelId;
use octi_domain::principal::Principal;
use octi_gateway::ports::{ChatModels, ModelAdmin, PortError};
use octi_models::{
    ChatEvent, ChatMessage, ChatModel, ChatRequest, EmbedRequest, ModelConfig, ModelError, Provider, catalog, connect,
};
use octi_security::audit::{self, Deed};
use octi_security::sandbox::egress::{Egress, EgressError, HostAllow};
use octi_security::vault::{Vault, VaultError};
use octi_store::{ModelRow, Store, StoreError, Tx};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::secrets::Secrets;

/// Where the keys of models are kept in the vault.
const SCOPE: &str = "model";
/// The built-in model, which nobody has to set up.
const DEMO: &str = "demo";
/// How long a test may take.
const TEST_TIME_MAX: Duration = Duration::from_secs(60);

fn store(error: StoreError) -> PortError {
    PortError::Internal(format!("{error}: {}", error.detail().unwrap_or_default()))
}

fn internal(error: &dyn std::error::Error) -> PortError {
    PortError::Internal(error.to_string())
}

fn vault(error: VaultError) -> PortError {
    match error {
        // The person has the right key, or can set the secret again.
        VaultError::Sealed { .. } => PortError::Refused(error.to_string()),
        error => internal(&error),
    }
}

fn field(path: &str, problem: impl std::fmt::Display) -> PortError {
    PortError::Refused(format!("`{path}`: {problem}"))
}

/// Models of every person of this host.
#[derive(Clone)]
pub(crate) struct Models {
    store: Store,
    vault: Arc<Vault>,
    egress: Arc<Egress>,
    ambient: Ambient,
    secrets: Arc<Secrets>,
}

impl Models {
    /// Models kept in this store, with keys in this vault.
    pub(crate) const fn new(
        store: Store,
        vault: Arc<Vault>,
        egress: Arc<Egress>,
        ambient: Ambient,
        secrets: Arc<Secrets>,
    ) -> Self {
        Self { store, vault, egress, ambient, secrets }
    }

    /// At first start: a model for each key in the environment, else a running Ollama, else nothing but the demo model.
    /// Returns what was set up, for the person to read.
    pub(crate) async fn first_start(&self, owner: &Principal, environment: &Environment) -> Result<Vec<String>, PortError> {
        if !self.rows(owner).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut notes = Vec::new();
        let found = from_environment(environment);
        // All or none: with one of them stored, the next start would be no first start any more.
        for wanted in &found {
            let row = self.checked_row(owner, wanted)?;
            row.endpoint.as_deref().map(|text| self.http(&parse_endpoint(text)?)).transpose()?;
        }
        for wanted in found {
            let model = self.add(owner, wanted).await?;
            notes.push(format!(
                "model `{}` ({} of {}) was set up from the environment",
                model.name, model.model_id, model.provider
            ));
        }
        if notes.is_empty() {
            notes.extend(self.find_ollama(owner, environment).await?);
        }
        if notes.is_empty() {
            notes.push("no model is set up: the built-in demo model answers, offline and by fixed patterns; `octi model add` adds a real one".to_owned());
        }
        Ok(notes)
    }

    async fn find_ollama(&self, owner: &Principal, environment: &Environment) -> Result<Option<String>, PortError> {
        let address = environment.get(env::OLLAMA_HOST).unwrap_or("http://127.0.0.1:11434");
        let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let Ok(url) = Url::parse(&address) else { return Ok(None) };
        let Ok(http) = self.http(&url) else { return Ok(None) };
        let Some(first) = catalog::detect_ollama_at(&http, &url).await.and_then(|models| models.into_iter().next()) else {
            return Ok(None);
        };
        let wanted = AddModel {
            endpoint: Some(url.to_string()),
            model_id: Some(first.clone()),
            default: true,
            ..wanted("ollama", Provider::Ollama)
        };
        self.add(owner, wanted).await?;
        Ok(Some(format!("Ollama answers at {url}: its model `{first}` was set up as `ollama`")))
    }

    fn http(&self, endpoint: &Url) -> Result<reqwest::Client, PortError> {
        let refused = |error: EgressError| field("endpoint", error);
        let allow = HostAllow::operator(endpoint).map_err(refused)?;
        self.egress.client(endpoint, &allow).map_err(refused)
    }

    async fn rows(&self, principal: &Principal) -> Result<Vec<ModelRow>, PortError> {
        let mut tx = self.store.read(principal).await.map_err(store)?;
        tx.list_models().await.map_err(store)
    }

    async fn config(&self, principal: &Principal, row: &ModelRow) -> Result<ModelConfig, PortError> {
        let provider = Provider::parse(&row.provider)
            .ok_or_else(|| PortError::Refused(format!("model `{}` has the unknown provider `{}`", row.name, row.provider)))?;
        let key = match &row.secret {
            Some(name) => self.vault.get(principal, SCOPE, name).await.map_err(vault)?,
            None => None,
        };
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        Ok(ModelConfig {
            name: row.name.clone(),
            provider,
            model_id: row.model_id.clone(),
            endpoint: row.endpoint.as_deref().map(parse_endpoint).transpose()?,
            key,
            context_window: number(row.context_window),
            max_output: number(row.max_output),
            price_in: row.price_in,
            price_out: row.price_out,
            supports_tools: row.supports_tools,
        })
    }

    fn connect(&self, config: ModelConfig) -> Result<Arc<dyn ChatModel>, PortError> {
        let endpoint =
            config.endpoint.clone().or_else(|| config.provider.default_endpoint().and_then(|text| Url::parse(text).ok()));
        let http = match &endpoint {
            Some(endpoint) => self.http(endpoint)?,
            None => return Err(PortError::Refused(format!("model `{}` has no endpoint", config.name))),
        };
        connect(config, http).map_err(|error| PortError::Refused(error.to_string()))
    }

    async fn find(&self, principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, PortError> {
        let mut tx = self.store.read(principal).await.map_err(store)?;
        let row = match name {
            Some(DEMO) => None,
            Some(name) => Some(
                tx.model(name)
                    .await
                    .map_err(store)?
                    .ok_or_else(|| PortError::NotFound(format!("there is no model `{name}`; `octi model list` shows them")))?,
            ),
            None => match tx.default_model().await.map_err(store)? {
                Some(row) => Some(row),
                None => tx.list_models().await.map_err(store)?.into_iter().next(),
            },
        };
        drop(tx);
        match row {
            Some(row) => self.connect(self.config(principal, &row).await?),
            None => Ok(Arc::new(octi_models::demo::DemoModel::named(DEMO.to_owned()))),
        }
    }
}

fn wanted(name: &str, provider: Provider) -> AddModel {
    AddModel {
        name: name.to_owned(),
        provider: provider.as_str().to_owned(),
        model_id: None,
        endpoint: None,
        key: None,
        context_window: None,
        max_output: None,
        price_in: None,
        price_out: None,
        supports_tools: None,
        default: false,
    }
}

/// The models whose keys stand in the environment, the first of them the default.
fn from_environment(environment: &Environment) -> Vec<AddModel> {
    let mut found = Vec::new();
    let base = environment.get(env::OPENAI_BASE_URL);
    for provider in Provider::ALL {
        let Some(key) = provider.key_variable().and_then(|variable| environment.get(variable)) else { continue };
        let mut model = wanted(provider.as_str(), provider);
        model.key = Some(key.to_owned());
        if provider == Provider::OpenAi {
            model.model_id = environment.get(env::OPENAI_MODEL).map(str::to_owned);
            if let Some(base) = base {
                model.provider = Provider::OpenAiCompatible.as_str().to_owned();
                model.endpoint = Some(base.to_owned());
            }
        }
        found.push(model);
    }
    if let (Some(base), None) = (base, environment.get(env::OPENAI_API_KEY)) {
        let model_id = environment.get(env::OPENAI_MODEL).map(str::to_owned);
        found.insert(0, AddModel { endpoint: Some(base.to_owned()), model_id, ..wanted("openai", Provider::OpenAiCompatible) });
    }
    if let Some(first) = found.first_mut() {
        first.default = true;
    }
    found
}

fn default_model(provider: Provider) -> Option<String> {
    let known = catalog::KNOWN.iter().find(|known| known.provider == provider)?;
    known.default_model.map(str::to_owned)
}

fn parse_endpoint(text: &str) -> Result<Url, PortError> {
    Url::parse(text).map_err(|error| {
        field("endpoint", format!("`{text}` is not an address: {error}; write it like `http://127.0.0.1:8000/v1/`"))
    })
}

#[async_trait]
impl ModelSource for Models {
    async fn model(&self, principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, String> {
        self.find(principal, name).await.map_err(|error| error.to_string())
    }
}

#[async_trait]
impl ChatModels for Models {
    async fn chat_model(&self, principal: &Principal, name: &str) -> Result<Arc<dyn ChatModel>, PortError> {
        self.find(principal, Some(name)).await
    }
}

#[async_trait]
impl ModelAdmin for Models {
    async fn list(&self, principal: &Principal) -> Result<Vec<Model>, PortError> {
        let rows = self.rows(principal).await?;
        let has_default = rows.iter().any(|row| row.is_default);
        let mut models: Vec<Model> = rows.into_iter().map(shown).collect();
        if !has_default && let Some(first) = models.first_mut() {
            first.is_default = true;
        }
        models.push(demo(models.is_empty()));
        Ok(models)
    }

    async fn add(&self, principal: &Principal, wanted: AddModel) -> Result<Model, PortError> {
        let row = self.checked_row(principal, &wanted)?;
        let mut tx = self.store.read(principal).await.map_err(store)?;
        let old = tx.model(&row.name).await.map_err(store)?;
        drop(tx);
        let mut row = ModelRow {
            id: old.as_ref().map_or(row.id, |old| old.id),
            created_at: old.as_ref().map_or(row.created_at, |old| old.created_at),
            ..row
        };
        // Connecting checks everything but the network: of a model that cannot be used nothing is stored, and a model that
        // it was to replace stays as it is.
        let key = wanted.key.map(SecretString::from);
        self.connect(ModelConfig { key: key.clone(), ..self.config(principal, &row).await? })?;
        if let Some(key) = key {
            let name = row.name.clone();
            self.vault.put(principal, SCOPE, &name, key).await.map_err(vault)?;
            self.secrets.refresh(principal).await;
            row.secret = Some(name);
        }
        let mut tx = self.store.write(principal).await.map_err(store)?;
        tx.upsert_model(&row).await.map_err(store)?;
        let added = Deed::ModelAdded { name: &row.name, provider: &row.provider, model_id: &row.model_id };
        audit::append(&mut tx, &self.ambient, Some(row.user_id), &added).await.map_err(store)?;
        if wanted.default {
            tx.set_default_model(&row.name).await.map_err(store)?;
            self.note_default(&mut tx, &row).await.map_err(store)?;
        }
        tx.save().await.map_err(store)?;
        Ok(Model { is_default: wanted.default, ..shown(row) })
    }

    async fn test(&self, principal: &Principal, name: &str) -> Result<ModelTest, PortError> {
        let model = self.find(principal, Some(name)).await?;
        let started = Instant::now();
        let answer = tokio::time::timeout(TEST_TIME_MAX, try_out(model.as_ref())).await;
        let (ok, message) = match answer {
            Ok(Ok(text)) => (true, text),
            Ok(Err(error)) => (false, error.to_string()),
            Err(_) => (false, format!("no answer within {} s", TEST_TIME_MAX.as_secs())),
        };
        Ok(ModelTest { ok, latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX), message })
    }

    async fn set_default(&self, principal: &Principal, name: &str) -> Result<Model, PortError> {
        let unknown = || PortError::NotFound(format!("there is no model `{name}`; `octi model list` shows them"));
        let mut tx = self.store.write(principal).await.map_err(store)?;
        if !tx.set_default_model(name).await.map_err(store)? {
            return Err(unknown());
        }
        let row = tx.model(name).await.map_err(store)?.ok_or_else(unknown)?;
        self.note_default(&mut tx, &row).await.map_err(store)?;
        tx.save().await.map_err(store)?;
        Ok(shown(row))
    }

    async fn remove(&self, principal: &Principal, name: &str) -> Result<(), PortError> {
        let unknown = || PortError::NotFound(format!("there is no model `{name}`; `octi model list` shows them"));
        let mut tx = self.store.write(principal).await.map_err(store)?;
        let row = tx.model(name).await.map_err(store)?.ok_or_else(unknown)?;
        tx.delete_model(name).await.map_err(store)?;
        let removed = Deed::ModelRemoved { name: &row.name };
        audit::append(&mut tx, &self.ambient, Some(row.user_id), &removed).await.map_err(store)?;
        tx.save().await.map_err(store)?;
        if let Some(secret) = &row.secret {
            self.vault.delete(principal, SCOPE, secret).await.map_err(|error| internal(&error))?;
            self.secrets.refresh(principal).await;
        }
        Ok(())
    }
}

impl Models {
    async fn note_default(&self, tx: &mut Tx<'_>, row: &ModelRow) -> Result<(), StoreError> {
        audit::append(tx, &self.ambient, Some(row.user_id), &Deed::ModelDefault { name: &row.name }).await
    }

    fn checked_row(&self, principal: &Principal, wanted: &AddModel) -> Result<ModelRow, PortError> {
        let user_id = principal.user_id().ok_or_else(|| PortError::Refused("models belong to a person".to_owned()))?;
        if wanted.name == DEMO {
            return Err(field("name", "`demo` is the name of the built-in model"));
        }
        if wanted.name.is_empty() || wanted.name.len() > 100 || wanted.name.chars().any(char::is_control) {
            return Err(field("name", "a name has 1 to 100 characters"));
        }
        let provider = Provider::parse(&wanted.provider).filter(|provider| *provider != Provider::Demo).ok_or_else(|| {
            let known: Vec<&str> = Provider::ALL.iter().filter(|p| **p != Provider::Demo).map(|p| p.as_str()).collect();
            field("provider", format!("`{}` is not a provider; known are {}", wanted.provider, known.join(", ")))
        })?;
        let endpoint = wanted.endpoint.as_deref().map(parse_endpoint).transpose()?.map(|url| url.to_string());
        if provider == Provider::OpenAiCompatible && endpoint.is_none() {
            return Err(field("endpoint", "an openai-compatible server needs its address, such as `http://127.0.0.1:8000/v1/`"));
        }
        let model_id = match wanted.model_id.clone().or_else(|| default_model(provider)) {
            Some(id) => id,
            None => return Err(field("modelId", format!("say which model of {provider} is meant"))),
        };
        let known = ModelConfig::new(wanted.name.clone(), provider, model_id.clone());
        let now = self.ambient.now();
        Ok(ModelRow {
            id: self.ambient.id::<ModelId>(),
            user_id,
            name: wanted.name.clone(),
            provider: provider.as_str().to_owned(),
            model_id,
            endpoint,
            secret: None,
            context_window: wanted.context_window.or(known.context_window).map(i64::from),
            max_output: wanted.max_output.map(i64::from),
            price_in: wanted.price_in.or(known.price_in),
            price_out: wanted.price_out.or(known.price_out),
            supports_tools: wanted.supports_tools.unwrap_or(true),
            is_default: false,
            created_at: now,
            updated_at: now,
        })
    }
}

fn shown(row: ModelRow) -> Model {
    let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
    Model {
        name: row.name,
        provider: row.provider,
        model_id: row.model_id,
        endpoint: row.endpoint,
        has_key: row.secret.is_some(),
        context_window: number(row.context_window),
        max_output: number(row.max_output),
        price_in: row.price_in,
        price_out: row.price_out,
        supports_tools: row.supports_tools,
        is_default: row.is_default,
        is_demo: false,
    }
}

fn demo(is_default: bool) -> Model {
    Model {
        name: DEMO.to_owned(),
        provider: Provider::Demo.as_str().to_owned(),
        model_id: "built-in".to_owned(),
        endpoint: None,
        has_key: false,
        context_window: None,
        max_output: None,
        price_in: Some(0.0),
        price_out: Some(0.0),
        supports_tools: true,
        is_default,
        is_demo: true,
    }
}

/// Asks for a word. A model whose provider does not take that may still be one that embeds.
async fn try_out(model: &dyn ChatModel) -> Result<String, ModelError> {
    let refusal = match ask_one_word(model).await {
        Err(ModelError::BadRequest(refusal)) => refusal,
        answer => return answer,
    };
    let request = EmbedRequest { inputs: vec!["ready".to_owned()], dimensions: None };
    match model.embed(request, CancellationToken::new()).await {
        Ok(embedded) => Ok(format!("it embeds: a text becomes {} numbers", embedded.vectors.first().map_or(0, Vec::len))),
        Err(_) => Err(ModelError::BadRequest(refusal)),
    }
}

async fn ask_one_word(model: &dyn ChatModel) -> Result<String, ModelError> {
    let request = ChatRequest {
        messages: vec![ChatMessage::user("Answer with the one word: ready")],
        max_output_tokens: Some(256),
        ..ChatRequest::default()
    };
    let mut stream = model.stream(request, CancellationToken::new()).await?;
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Text(more) => text.push_str(&more),
            ChatEvent::End(_) => break,
            _ => {}
        }
    }
    Ok(crate::output::shorten(&text, 80))
}

#[cfg(test)]
mod tests;
