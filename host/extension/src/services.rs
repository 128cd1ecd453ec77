//! The ports through which a capability reaches a feature above the engine. `cli/compose` fills them in.

use async_trait::async_trait;
use octi_domain::ids::UserId;
use octi_domain::principal::Principal;
use secrecy::SecretString;

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvItem {
    pub value: Vec<u8>,
    /// Grows by one with every write, from 1.
    pub version: u64,
}

/// Why the key-value store refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KvError {
    /// The stored version is another than expected.
    #[error("version {actual} is stored, not the expected one")]
    Conflict { actual: u64 },
    /// More bytes than granted.
    #[error("the plugin's {limit} bytes for this person are used up")]
    Full { limit: u64 },
    /// The key or the value is not one that can be kept.
    #[error("{0}")]
    Invalid(String),
    /// The database said no; the log has the rest.
    #[error("the key-value store is not available")]
    Unavailable,
}

/// Whose values: of one plugin and one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KvScope {
    pub plugin: String,
    pub user_id: UserId,
    pub bytes_max: u64,
}

/// The memory of plugins between calls.
#[async_trait]
pub trait KvStore: Send + Sync {
    /// The value of a key.
    async fn get(&self, scope: &KvScope, key: &str) -> Result<Option<KvItem>, KvError>;

    /// Writes when `expected` is the stored version (0 for absent) or none is given; returns the new version.
    async fn set(&self, scope: &KvScope, key: &str, value: Vec<u8>, expected: Option<u64>) -> Result<u64, KvError>;

    /// Removes a key; absent keys are fine.
    async fn delete(&self, scope: &KvScope, key: &str) -> Result<(), KvError>;

    /// Keys with the prefix, in byte order, after `start`.
    async fn keys(&self, scope: &KvScope, prefix: &str, start: Option<&str>, max: u32) -> Result<Vec<String>, KvError>;
}

/// Why a secret could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The master key is another one, or the stored row was changed.
    #[error("the secret `{0}` cannot be opened; set it again with `octi secret set {0}`")]
    Sealed(String),
    /// The database said no; the log has the rest.
    #[error("secrets are not available now; try again later")]
    Unavailable,
}

/// The secrets of people. Whoever holds it decides where a value goes, so it is given to the egress door and to no capability
/// whose answer a guest sees.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The value of that person's secret, for the egress door only.
    ///
    /// # Errors
    /// [`SecretError`].
    async fn secret(&self, principal: &Principal, name: &str) -> Result<Option<SecretString>, SecretError>;
}
