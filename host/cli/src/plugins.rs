//! Plugins' ports filled in: their memory is the store's, and the gateway manages them through the engine.

mod modules;

use std::sync::Arc;

use async_trait::async_trait;
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginInspection};
use octi_domain::principal::Principal;
use octi_engine::{Inspection, InstallError, PluginManager, extism_module};
use octi_extension::services::{KvError, KvItem, KvScope, KvStore};
use octi_gateway::plugin_to_api;
use octi_gateway::ports::{PluginAdmin, PortError};
use octi_mcp::client::ExtismModules;
use octi_store::{KvWrite, Store, StoreError};

pub(crate) use self::modules::{Modules, bridge, inspection as module_inspection};

/// The memory of plugins, kept in the database.
#[derive(Clone)]
pub(crate) struct StoreKv {
    store: Store,
}

impl StoreKv {
    /// Memory in this store.
    pub(crate) const fn new(store: Store) -> Self {
        Self { store }
    }
}

/// The host acts for the person whose scope it is; the scope comes from the call, never from the guest.
const JOB: Principal = Principal::system("plugin-kv");

fn kv_error(error: StoreError) -> KvError {
    match error {
        StoreError::Limit { .. } => KvError::Invalid(error.to_string()),
        _ => {
            tracing::error!(%error, detail = error.detail(), "the memory of plugins is not available");
            KvError::Unavailable
        }
    }
}

#[async_trait]
impl KvStore for StoreKv {
    async fn get(&self, scope: &KvScope, key: &str) -> Result<Option<KvItem>, KvError> {
        let mut tx = self.store.read(&JOB).await.map_err(kv_error)?;
        let found = tx.kv_get(&scope.plugin, scope.user_id, key).await.map_err(kv_error)?;
        Ok(found.map(|(value, version)| KvItem { value, version }))
    }

    async fn set(&self, scope: &KvScope, key: &str, value: Vec<u8>, expected: Option<u64>) -> Result<u64, KvError> {
        let mut tx = self.store.write(&JOB).await.map_err(kv_error)?;
        let written = tx.kv_set(&scope.plugin, scope.user_id, key, &value, expected, scope.bytes_max).await.map_err(kv_error)?;
        match written {
            KvWrite::Written(version) => {
                tx.save().await.map_err(kv_error)?;
                Ok(version)
            }
            KvWrite::Conflict(actual) => Err(KvError::Conflict { actual }),
            KvWrite::Full => Err(KvError::Full { limit: scope.bytes_max }),
        }
    }

    async fn delete(&self, scope: &KvScope, key: &str) -> Result<(), KvError> {
        let mut tx = self.store.write(&JOB).await.map_err(kv_error)?;
        tx.kv_delete(&scope.plugin, scope.user_id, key).await.map_err(kv_error)?;
        tx.save().await.map_err(kv_error)
    }

    async fn keys(&self, scope: &KvScope, prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, KvError> {
        let mut tx = self.store.read(&JOB).await.map_err(kv_error)?;
        tx.kv_keys(&scope.plugin, scope.user_id, prefix, start, max).await.map_err(kv_error)
    }
}

/// Managing plugins, for the gateway: those of the engine, and modules of Extism.
pub(crate) struct Plugins {
    pub(crate) engine: Arc<PluginManager>,
    pub(crate) modules: Modules,
}

fn refused(error: InstallError) -> PortError {
    match error {
        InstallError::NotFound(_) => PortError::NotFound(error.to_string()),
        _ => PortError::Refused(error.to_string()),
    }
}

#[async_trait]
impl PluginAdmin for Plugins {
    async fn install(&self, principal: &Principal, bytes: Vec<u8>, query: InstallQuery) -> Result<Plugin, PortError> {
        if let Some(module) = extism_module(&bytes).map_err(refused)? {
            return self.modules.install(principal, bytes, (module, query)).await.map(plugin_to_api);
        }
        if query.network.is_some() || query.config.is_some() {
            let why = "`network` and `config` are for modules of Extism; what any other plugin may reach is in its manifest";
            return Err(PortError::Refused(why.to_owned()));
        }
        self.engine.install(bytes, query.file_name.as_deref().unwrap_or_default()).await.map(plugin_to_api).map_err(refused)
    }

    async fn remove(&self, id: &str) -> Result<(), PortError> {
        match ExtismModules::named(id) {
            Some(module) => self.modules.remove(id, module).await,
            None => self.engine.remove(id).await.map_err(refused),
        }
    }

    async fn reload(&self, id: Option<&str>) -> Result<(), PortError> {
        if let Some(module) = id.and_then(ExtismModules::named) {
            return self.modules.restart(Some(module)).await;
        }
        self.engine.reload(id).await.map_err(refused)?;
        if id.is_none() { self.modules.restart(None).await } else { Ok(()) }
    }

    async fn rollback(&self, id: &str) -> Result<Plugin, PortError> {
        if ExtismModules::named(id).is_some() {
            return Err(PortError::Refused(format!(
                "no earlier version of `{id}` is kept: modules of Extism have none; install the file that you want"
            )));
        }
        self.engine.rollback(id).await.map(plugin_to_api).map_err(refused)
    }

    async fn inspect(&self, bytes: Vec<u8>, file_name: Option<&str>) -> Result<PluginInspection, PortError> {
        if let Some(module) = extism_module(&bytes).map_err(refused)? {
            return Ok(modules::inspection(module, bytes.len() as u64));
        }
        let found = PluginManager::inspect_file(&bytes, file_name.unwrap_or_default()).map_err(refused)?;
        inspection(found).map_err(|error| PortError::Internal(error.to_string()))
    }
}

/// What a file holds, as clients see it.
pub(crate) fn inspection(found: Inspection) -> Result<PluginInspection, serde_json::Error> {
    Ok(PluginInspection {
        manifest: serde_json::to_value(&found.manifest)?,
        capabilities: found.manifest.lines(),
        left_out: found.left_out().to_vec(),
        imports: found.imports,
        exports: found.exports,
        digest: found.digest,
        bytes: found.bytes,
    })
}

#[cfg(test)]
mod tests {
    use octi_domain::ids::UserId;
    use octi_domain::limits;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn what_is_too_long_is_the_plugins_mistake_and_a_database_away_is_not() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let kv = StoreKv::new(store.clone());
        let scope = KvScope { plugin: "acme/x".to_owned(), user_id: UserId::from(Uuid::from_u128(1)), bytes_max: 1 << 30 };
        let set = async |key: String, bytes| kv.set(&scope, &key, vec![0; bytes], None).await;
        let key = set("k".repeat(limits::KV_KEY_BYTES_MAX + 1), 1).await;
        assert_eq!(key, Err(KvError::Invalid("the key is over the limit of 512".to_owned())));
        let value = set("k".to_owned(), limits::KV_VALUE_BYTES_MAX + 1).await;
        assert_eq!(value, Err(KvError::Invalid("the value is over the limit of 1048576".to_owned())));
        store.close().await;
        assert_eq!(set("k".to_owned(), 1).await, Err(KvError::Unavailable));
    }
}
