//! Who may use which plugin.
//!
//! Every tool call asks, and it hardly ever changes, so all of it is kept in memory: a change through this store is seen by
//! the next call, one by another host on the same database within [`limits::PLUGIN_ACCESS_SECONDS_MAX`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::plugin_access::PluginAccess;
use octi_domain::principal::Principal;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::store::Store;
use crate::tx::{ALL_ROWS, Tx};

const TABLE: &str = "plugin_access";
const SUBJECT: Subject = Subject::new(TABLE, "this grant", "the user");
/// Of whom a row tells that names no person.
const EVERYONE: &str = "everyone";

/// What was said of one person, or of everyone when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginGrant {
    pub plugin: String,
    pub user_id: Option<UserId>,
    pub allowed: bool,
    pub set_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct PluginGrantRow {
    plugin: String,
    user_id: Option<Uuid>,
    allowed: bool,
    set_at: DateTime<Utc>,
}

impl From<PluginGrantRow> for PluginGrant {
    fn from(row: PluginGrantRow) -> Self {
        Self { plugin: row.plugin, user_id: row.user_id.map(UserId::from), allowed: row.allowed, set_at: row.set_at }
    }
}

/// Of whom a row tells. Organisations will have a word of their own.
fn subject(user: Option<UserId>) -> String {
    user.map_or_else(|| EVERYONE.to_owned(), |user| format!("user:{user}"))
}

impl Tx<'_> {
    /// Everything that was said of that plugin, or of all; a person sees what is said of them and of everyone.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.plugin_access.list", level = "debug", skip_all)]
    pub async fn list_plugin_grants(&mut self, plugin: Option<&str>) -> Result<Vec<PluginGrant>, StoreError> {
        let found: Vec<PluginGrantRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT plugin, user_id, allowed, set_at
            FROM plugin_access
            WHERE ($1 IS NULL OR user_id IS NULL OR user_id = $1) AND ($2 IS NULL OR plugin = $2)
            ORDER BY plugin, subject
            LIMIT $3
            ",
            self.owner,
            plugin.map(text),
            ALL_ROWS,
        )?;
        Ok(found.into_iter().map(PluginGrant::from).collect())
    }

    /// Says whether somebody may use a plugin, or everyone of whom nothing else is said. Only for the host itself.
    ///
    /// # Errors
    /// `Foreign` for a person's principal, `Limit` when [`PLUGIN_GRANTS_MAX`](limits::PLUGIN_GRANTS_MAX) are there, `Missing`
    /// without the person.
    #[instrument(name = "db.plugin_access.put", level = "debug", skip_all)]
    pub async fn put_plugin_grant(&mut self, grant: &PluginGrant) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "who may use a plugin" });
        }
        let subject = subject(grant.user_id);
        let (others,): (i64,) = fetch_one!(
            self,
            SUBJECT,
            "SELECT COUNT(*) FROM plugin_access WHERE ($1 IS NULL OR user_id = $1) AND NOT (plugin = $2 AND subject = $3)",
            self.owner,
            text(&grant.plugin),
            text(&subject),
        )?;
        let there = usize::try_from(others).unwrap_or(usize::MAX).saturating_add(1);
        self.bound("the number of grants of plugins", there, limits::PLUGIN_GRANTS_MAX)?;
        self.changes.access = true;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO plugin_access (plugin, subject, user_id, allowed, set_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (plugin, subject) DO UPDATE SET allowed = excluded.allowed, set_at = excluded.set_at
            ",
            text(&grant.plugin),
            text(&subject),
            grant.user_id.map(UserId::as_uuid),
            grant.allowed,
            stamp(grant.set_at),
        )?;
        Ok(())
    }

    /// Takes back what was said of that person, or everything that was said of the plugin; whether there was anything. Only for
    /// the host itself.
    ///
    /// # Errors
    /// `Foreign` for a person's principal.
    #[instrument(name = "db.plugin_access.delete", level = "debug", skip_all)]
    pub async fn delete_plugin_grants(&mut self, plugin: &str, user: Option<UserId>) -> Result<bool, StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "who may use a plugin" });
        }
        self.changes.access = true;
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM plugin_access WHERE plugin = $1 AND ($2 IS NULL OR user_id = $2)",
            text(plugin),
            user.map(UserId::as_uuid),
        )?;
        Ok(changed > 0)
    }
}

impl Store {
    /// Who may use which plugin: from memory, unless something else was said or a few seconds have passed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_access(&self) -> Result<Arc<PluginAccess>, StoreError> {
        let read = || async {
            let mut access = PluginAccess::default();
            for grant in self.read(&Principal::system("plugin-access")).await?.list_plugin_grants(None).await? {
                access.say(grant.plugin, grant.user_id, grant.allowed);
            }
            Ok(Arc::new(access))
        };
        self.memory.access.get((), read).await
    }
}
