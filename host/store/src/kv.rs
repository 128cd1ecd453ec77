//! What plugins remember between calls, of one plugin and one person.

use octi_domain::ids::UserId;
use octi_domain::limits;
use tracing::instrument;

use crate::codec::{count, stored, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const TABLE: &str = "kv_items";
const SUBJECT: Subject = Subject::new(TABLE, "this key", "the user");

/// How a write went. Only `Written` changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KvWrite {
    /// The version stored now.
    Written(u64),
    /// The version that is stored, which is not the expected one; 0 when the key is absent.
    Conflict(u64),
    /// The write would exceed the plugin's bytes for this person.
    Full,
}

impl Tx<'_> {
    /// The value of a key and its version.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.kv.get", level = "debug", skip_all, fields(plugin = plugin))]
    pub async fn kv_get(&mut self, plugin: &str, user: UserId, key: &str) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let row: Option<(Vec<u8>, i64)> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT value, version
            FROM kv_items
            WHERE plugin = $1 AND user_id = $2 AND ($3 IS NULL OR user_id = $3) AND key = $4
            ",
            text(plugin),
            user.as_uuid(),
            self.owner,
            key.as_bytes(),
        )?;
        row.map(|(value, version)| Ok((value, count(TABLE, "version", version)?))).transpose()
    }

    /// Writes when `expected` is the stored version (0 for absent) or none is given, and when keys and values together stay
    /// within `bytes_max`.
    ///
    /// # Errors
    /// `Limit` for a key or value that is too long, `Missing` without the user, `Foreign` for somebody else's memory.
    #[instrument(name = "db.kv.set", level = "debug", skip_all, fields(plugin = plugin))]
    pub async fn kv_set(
        &mut self,
        plugin: &str,
        user: UserId,
        key: &str,
        value: &[u8],
        expected: Option<u64>,
        bytes_max: u64,
    ) -> Result<KvWrite, StoreError> {
        self.own(user, "the plugin's memory")?;
        self.bound("the key", key.len(), limits::KV_KEY_BYTES_MAX)?;
        self.bound("the value", value.len(), limits::KV_VALUE_BYTES_MAX)?;
        let used = self.kv_lock(plugin, user).await?;
        let (version, bytes) = self.kv_stat(plugin, user, key).await?.unwrap_or_default();
        if expected.is_some_and(|expected| expected != version) {
            return Ok(KvWrite::Conflict(version));
        }
        let grown = (key.len() + value.len()) as u64;
        let total = used.saturating_sub(bytes).saturating_add(grown);
        // A write that makes the memory smaller is fine even where the grant shrank below what is stored.
        if total > bytes_max && grown > bytes {
            return Ok(KvWrite::Full);
        }
        let (written,): (i64,) = fetch_one!(
            self,
            SUBJECT,
            "
            INSERT INTO kv_items (plugin, user_id, key, value, version)
            VALUES ($1, $2, $3, $4, 1)
            ON CONFLICT (plugin, user_id, key) DO UPDATE
            SET value = excluded.value, version = kv_items.version + 1
            RETURNING version
            ",
            text(plugin),
            user.as_uuid(),
            key.as_bytes(),
            value,
        )?;
        self.kv_account(plugin, user, total).await?;
        Ok(KvWrite::Written(count(TABLE, "version", written)?))
    }

    /// Removes a key; false when it was absent.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.kv.delete", level = "debug", skip_all, fields(plugin = plugin))]
    pub async fn kv_delete(&mut self, plugin: &str, user: UserId, key: &str) -> Result<bool, StoreError> {
        if self.owner.is_some_and(|owner| owner != user.as_uuid()) {
            return Ok(false);
        }
        let Some(_) = self.kv_stat(plugin, user, key).await? else { return Ok(false) };
        // Asked again under the lock: another writer may have been faster.
        let used = self.kv_lock(plugin, user).await?;
        let Some((_, bytes)) = self.kv_stat(plugin, user, key).await? else { return Ok(false) };
        execute!(
            self,
            SUBJECT,
            "DELETE FROM kv_items WHERE plugin = $1 AND user_id = $2 AND key = $3",
            text(plugin),
            user.as_uuid(),
            key.as_bytes(),
        )?;
        self.kv_account(plugin, user, used.saturating_sub(bytes)).await?;
        Ok(true)
    }

    /// Keys with the prefix, in byte order, after `start`.
    ///
    /// # Errors
    /// `Inconsistent` when a stored key is not text.
    #[instrument(name = "db.kv.keys", level = "debug", skip_all, fields(plugin = plugin))]
    pub async fn kv_keys(
        &mut self,
        plugin: &str,
        user: UserId,
        prefix: &str,
        start: Option<&str>,
        max: u32,
    ) -> Result<Vec<String>, StoreError> {
        let found: Vec<(Vec<u8>,)> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT key
            FROM kv_items
            WHERE plugin = $1 AND user_id = $2 AND ($3 IS NULL OR user_id = $3)
              AND key >= $4 AND ($5 IS NULL OR key < $5) AND ($6 IS NULL OR key > $6)
            ORDER BY key
            LIMIT $7
            ",
            text(plugin),
            user.as_uuid(),
            self.owner,
            prefix.as_bytes(),
            after_prefix(prefix),
            start.map(str::as_bytes),
            i64::from(max.min(limits::KV_LIST_MAX)),
        )?;
        found
            .into_iter()
            .map(|(key,)| String::from_utf8(key).map_err(|error| StoreError::inconsistent(TABLE, "key", error)))
            .collect()
    }

    /// Version and bytes of a key.
    async fn kv_stat(&mut self, plugin: &str, user: UserId, key: &str) -> Result<Option<(u64, u64)>, StoreError> {
        let row: Option<(i64, i64)> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT version, CAST(LENGTH(key) + LENGTH(value) AS BIGINT)
            FROM kv_items
            WHERE plugin = $1 AND user_id = $2 AND key = $3
            ",
            text(plugin),
            user.as_uuid(),
            key.as_bytes(),
        )?;
        row.map(|(version, bytes)| Ok((count(TABLE, "version", version)?, count(TABLE, "value", bytes)?))).transpose()
    }

    /// Locks one plugin's memory for one person until the transaction ends; returns the bytes used.
    async fn kv_lock(&mut self, plugin: &str, user: UserId) -> Result<u64, StoreError> {
        self.changing()?;
        let (bytes,): (i64,) = fetch_one!(
            self,
            SUBJECT,
            "
            INSERT INTO kv_usage (plugin, user_id, bytes)
            VALUES ($1, $2, 0)
            ON CONFLICT (plugin, user_id) DO UPDATE SET bytes = kv_usage.bytes
            RETURNING bytes
            ",
            text(plugin),
            user.as_uuid(),
        )?;
        count("kv_usage", "bytes", bytes)
    }

    async fn kv_account(&mut self, plugin: &str, user: UserId, bytes: u64) -> Result<(), StoreError> {
        execute!(
            self,
            SUBJECT,
            "UPDATE kv_usage SET bytes = $3 WHERE plugin = $1 AND user_id = $2",
            text(plugin),
            user.as_uuid(),
            stored(bytes),
        )?;
        Ok(())
    }
}

/// The first key after every key with the prefix: the prefix with its last byte raised. No byte of a text is 255, so it can be.
fn after_prefix(prefix: &str) -> Option<Vec<u8>> {
    let mut bytes = prefix.as_bytes().to_vec();
    let last = bytes.last_mut()?;
    *last = last.saturating_add(1);
    Some(bytes)
}
