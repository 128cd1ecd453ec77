//! `octi:kv`: what a plugin remembers of one person between calls.

use octi_domain::limits;
use octi_extension::services::{KvError, KvScope};

use crate::bindings::HostError;
use crate::bindings::tool::octi::kv::store::{Host, Item};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::{CallState, Services};

impl From<KvError> for HostError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict { actual } => Self::Conflict(format!("version {actual} is stored, not the expected one")),
            KvError::Full { limit } => {
                Self::Quota(crate::bindings::Quota { name: "capabilities.kv.bytes_max".to_owned(), limit, retry_after_ms: None })
            }
            KvError::Invalid(text) => Self::Invalid(text),
            KvError::Unavailable => Self::Unavailable(error.to_string()),
        }
    }
}

impl CallState {
    fn enter_kv(&mut self, key: &str) -> HostResult<(Services, KvScope)> {
        let services = refuse!(self.enter(Charge::Kv)?);
        let bytes_max = refuse!(self.grant.kv_bytes_max().map_err(|why| self.denied("kv", why)));
        let Some(user_id) = self.caller.principal.user_id() else {
            return Ok(Err(HostError::Denied("kv belongs to a person, and no person made this call".to_owned())));
        };
        if key.len() > limits::KV_KEY_BYTES_MAX || key.contains('\0') {
            return Ok(Err(HostError::Invalid(format!("key: at most {} bytes, and no NUL character", limits::KV_KEY_BYTES_MAX))));
        }
        Ok(Ok((services, KvScope { plugin: self.grant.plugin().to_owned(), user_id, bytes_max })))
    }
}

impl Host for CallState {
    async fn get(&mut self, key: String) -> HostResult<Option<Item>> {
        let (services, scope) = refuse!(self.enter_kv(&key)?);
        let since = self.meter.host_call();
        let item = services.kv.get(&scope, &key).await;
        self.meter.waited(since);
        Ok(item.map(|found| found.map(|item| Item { key, value: item.value, version: item.version })).map_err(Into::into))
    }

    async fn set(&mut self, key: String, value: Vec<u8>, expected: Option<u64>) -> HostResult<u64> {
        let (services, scope) = refuse!(self.enter_kv(&key)?);
        if key.is_empty() {
            return Ok(Err(HostError::Invalid("key: must not be empty".to_owned())));
        }
        if value.len() > limits::KV_VALUE_BYTES_MAX {
            return Ok(Err(HostError::Invalid(format!(
                "value: {} bytes are more than the {} allowed",
                value.len(),
                limits::KV_VALUE_BYTES_MAX
            ))));
        }
        let since = self.meter.host_call();
        let version = services.kv.set(&scope, &key, value, expected).await;
        self.meter.waited(since);
        Ok(version.map_err(Into::into))
    }

    async fn delete(&mut self, key: String) -> HostResult<()> {
        let (services, scope) = refuse!(self.enter_kv(&key)?);
        let since = self.meter.host_call();
        let done = services.kv.delete(&scope, &key).await;
        self.meter.waited(since);
        Ok(done.map_err(Into::into))
    }

    async fn keys(&mut self, prefix: String, start: Option<String>, max: u32) -> HostResult<Vec<String>> {
        let (services, scope) = refuse!(self.enter_kv(&prefix)?);
        let since = self.meter.host_call();
        let keys = services.kv.keys(&scope, &prefix, start.as_deref(), max.min(limits::KV_LIST_MAX)).await;
        self.meter.waited(since);
        Ok(keys.map_err(Into::into))
    }
}
