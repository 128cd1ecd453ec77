//! Who may use which plugin.
//!
//! Every tool call asks, and it hardly ever changes, so all of it is kept in memory: a change through this store is seen by
//! the next call, one by another host on the same database within [`limits::PLUGIN_ACCESS_SECONDS_MAX`].

use std::sync::Arc;

use chrono::{DateTime, Utc};
use octi_domain::ids::{OrgId, UserId};
use octi_domain::limits;
use octi_domain::plugin_access::{PluginAccess, Whom};
use octi_domain::principal::Principal;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::store::Store;
use crate::tx::{ALL_ROWS, Tx};

const TABLE: &str = "plugin_access";
const SUBJECT: Subject = Subject::new(TABLE, "this grant", "the person or the organisation");

/// What was said of a person, an organisation or everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginGrant {
    pub plugin: String,
    pub whom: Whom,
    pub allowed: bool,
    pub set_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct PluginGrantRow {
    plugin: String,
    user_id: Option<Uuid>,
    org_id: Option<Uuid>,
    allowed: bool,
    set_at: DateTime<Utc>,
}

impl From<PluginGrantRow> for PluginGrant {
    fn from(row: PluginGrantRow) -> Self {
        let whom = match (row.user_id, row.org_id) {
            (Some(user), _) => Whom::Person(UserId::from(user)),
            (None, Some(org)) => Whom::Org(OrgId::from(org)),
            (None, None) => Whom::Everyone,
        };
        Self { plugin: row.plugin, whom, allowed: row.allowed, set_at: row.set_at }
    }
}

/// Of whom a row tells, and the person or organisation that it refers to.
fn subject(whom: Whom) -> (String, Option<Uuid>, Option<Uuid>) {
    match whom {
        Whom::Everyone => ("everyone".to_owned(), None, None),
        Whom::Person(user) => (format!("user:{user}"), Some(user.as_uuid()), None),
        Whom::Org(org) => (format!("org:{org}"), None, Some(org.as_uuid())),
    }
}

impl Tx<'_> {
    /// Everything that was said of that plugin, or of all; a person sees what is said of them, of their organisations and of
    /// everyone.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.plugin_access.list", level = "debug", skip_all)]
    pub async fn list_plugin_grants(&mut self, plugin: Option<&str>) -> Result<Vec<PluginGrant>, StoreError> {
        let found: Vec<PluginGrantRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT plugin, user_id, org_id, allowed, set_at
            FROM plugin_access
            WHERE ($2 IS NULL OR plugin = $2)
              AND ($1 IS NULL OR user_id = $1 OR (user_id IS NULL AND org_id IS NULL)
                   OR org_id IN (SELECT org_id FROM org_members WHERE user_id = $1))
            ORDER BY plugin, subject
            LIMIT $3
            ",
            self.owner,
            plugin.map(text),
            ALL_ROWS,
        )?;
        Ok(found.into_iter().map(PluginGrant::from).collect())
    }

    /// Says whether somebody may use a plugin. Only for the host itself.
    ///
    /// # Errors
    /// `Foreign` for a person's principal, `Limit` when [`PLUGIN_GRANTS_MAX`](limits::PLUGIN_GRANTS_MAX) are there, `Missing`
    /// without the person or the organisation.
    #[instrument(name = "db.plugin_access.put", level = "debug", skip_all)]
    pub async fn put_plugin_grant(&mut self, grant: &PluginGrant) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "who may use a plugin" });
        }
        let (subject, user, org) = subject(grant.whom);
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
            INSERT INTO plugin_access (plugin, subject, user_id, org_id, allowed, set_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (plugin, subject) DO UPDATE SET allowed = excluded.allowed, set_at = excluded.set_at
            ",
            text(&grant.plugin),
            text(&subject),
            user,
            org,
            grant.allowed,
            stamp(grant.set_at),
        )?;
        Ok(())
    }

    /// Takes back what was said of somebody, or everything that was said of the plugin; whether there was anything. Only for the
    /// host itself.
    ///
    /// # Errors
    /// `Foreign` for a person's principal.
    #[instrument(name = "db.plugin_access.delete", level = "debug", skip_all)]
    pub async fn delete_plugin_grants(&mut self, plugin: &str, whom: Option<Whom>) -> Result<bool, StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "who may use a plugin" });
        }
        self.changes.access = true;
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM plugin_access WHERE plugin = $1 AND ($2 IS NULL OR subject = $2) AND ($3 IS NULL OR user_id = $3)",
            text(plugin),
            whom.map(|whom| subject(whom).0),
            self.owner,
        )?;
        Ok(changed > 0)
    }

    /// Who may use which plugin, from the database; a person finds what concerns them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_access(&mut self) -> Result<PluginAccess, StoreError> {
        let mut access = PluginAccess::default();
        for grant in self.list_plugin_grants(None).await? {
            access.say(grant.plugin, grant.whom, grant.allowed);
        }
        for (org, user) in self.list_memberships_with_grants().await? {
            access.join(org, user);
        }
        Ok(access)
    }
}

impl Store {
    /// Who may use which plugin: from memory, unless something else was said, somebody joined or left an organisation, or a few
    /// seconds have passed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn plugin_access(&self) -> Result<Arc<PluginAccess>, StoreError> {
        let read = || async { Ok(Arc::new(self.read(&Principal::system("plugin-access")).await?.plugin_access().await?)) };
        self.memory.access.get((), read).await
    }
}
