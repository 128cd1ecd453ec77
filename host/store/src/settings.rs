//! Settings of the host. Their owner is the host itself: a person's principal finds and changes none.

use serde_json::Value;
use tracing::instrument;

use crate::codec::{Doc, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("settings", "this setting", "the setting");

impl Tx<'_> {
    /// The value of a setting.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.settings.get", level = "debug", skip_all)]
    pub async fn setting(&mut self, key: &str) -> Result<Option<Value>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<(Doc<Value>,)> =
            fetch_optional!(self, SUBJECT, "SELECT value FROM settings WHERE key = $1 AND user_id IS NULL", text(key))?;
        Ok(row.map(|(value,)| value.0))
    }

    /// Writes a setting.
    ///
    /// # Errors
    /// `Foreign` for a person's principal.
    #[instrument(name = "db.settings.put", level = "debug", skip_all)]
    pub async fn put_setting(&mut self, key: &str, value: &Value) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the setting" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO settings (key, user_id, value)
            VALUES ($1, $2, $3)
            ON CONFLICT (key) DO UPDATE SET value = excluded.value
            ",
            text(key),
            self.owner,
            Doc(value),
        )?;
        Ok(())
    }

    /// Removes a setting.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.settings.delete", level = "debug", skip_all)]
    pub async fn delete_setting(&mut self, key: &str) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        let changed = execute!(self, SUBJECT, "DELETE FROM settings WHERE key = $1 AND user_id IS NULL", text(key))?;
        Ok(changed > 0)
    }

    /// All settings, by key in byte order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.settings.list", level = "debug", skip_all)]
    pub async fn list_settings(&mut self) -> Result<Vec<(String, Value)>, StoreError> {
        if !self.is_system() {
            return Ok(Vec::new());
        }
        let found: Vec<(String, Doc<Value>)> =
            fetch_all!(self, SUBJECT, "SELECT key, value FROM settings WHERE user_id IS NULL LIMIT $1", ALL_ROWS)?;
        let mut settings: Vec<_> = found.into_iter().map(|(key, value)| (key, value.0)).collect();
        settings.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(settings)
    }
}
