//! Who may use which plugin.
//!
//! Every tool call asks, and it hardly ever changes, so all of it is kept in memory: a change through this store is seen by
//! the next call, one by another host on the same database within [`limits::PLUGIN_ACCESS_SECONDS_MAX`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::plugin_access::PluginAccess;
use octi_domain::principal::Principal;
use sqlx::FromRow;
use tokio::time::Instant;
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
/// How long what was read is taken for current.
const FRESH: Duration = Duration::from_secs(limits::PLUGIN_ACCESS_SECONDS_MAX);

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
        self.changes_access = true;
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
        self.changes_access = true;
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

/// What was read last. The count of changes keeps out what was read before a change and handed in after it.
#[derive(Default)]
pub(crate) struct RememberedAccess(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    changes: u64,
    read: Option<(Instant, Arc<PluginAccess>)>,
}

impl RememberedAccess {
    fn find(&self) -> Result<Arc<PluginAccess>, u64> {
        let kept = self.kept();
        match &kept.read {
            Some((at, access)) if at.elapsed() < FRESH => Ok(access.clone()),
            _ => Err(kept.changes),
        }
    }

    fn keep(&self, at: Instant, changes: u64, access: &Arc<PluginAccess>) {
        let mut kept = self.kept();
        if kept.changes == changes {
            kept.read = Some((at, access.clone()));
        }
    }

    /// Forgets what was read: something else was said.
    pub(crate) fn forget(&self) {
        let mut kept = self.kept();
        kept.changes += 1;
        kept.read = None;
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RememberedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedAccess").finish_non_exhaustive()
    }
}

impl Store {
    /// Who may use which plugin: from memory, unless something else was said or a few seconds have passed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_access(&self) -> Result<Arc<PluginAccess>, StoreError> {
        let changes = match self.remembered_access.find() {
            Ok(access) => return Ok(access),
            Err(changes) => changes,
        };
        let at = Instant::now();
        let mut access = PluginAccess::default();
        for grant in self.read(&Principal::system("plugin-access")).await?.list_plugin_grants(None).await? {
            access.say(grant.plugin, grant.user_id, grant.allowed);
        }
        let access = Arc::new(access);
        self.remembered_access.keep(at, changes, &access);
        Ok(access)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let remembered = RememberedAccess::default();
        let changes = remembered.find().expect_err("nothing is known yet");
        remembered.forget();
        remembered.keep(Instant::now(), changes, &Arc::default());
        let changes = remembered.find().expect_err("it was read too early");
        remembered.keep(Instant::now(), changes, &Arc::default());
        assert!(remembered.find().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_host_said_is_seen_before_long() {
        let remembered = RememberedAccess::default();
        remembered.keep(Instant::now(), 0, &Arc::default());
        tokio::time::advance(FRESH - Duration::from_millis(1)).await;
        assert!(remembered.find().is_ok());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(remembered.find().is_err());
    }
}
