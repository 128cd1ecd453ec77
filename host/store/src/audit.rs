//! Who did what. Rows are added and read, never changed.

use chrono::{DateTime, Utc};
use octi_domain::ids::{AuditId, UserId};
use serde_json::Value;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const SUBJECT: Subject = Subject::new("audit_log", "this audit entry", "the user");

/// One entry of the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub id: AuditId,
    /// Who; none when nobody was signed in, or for the host itself.
    pub user_id: Option<UserId>,
    /// What, such as `login_failed`.
    pub action: String,
    /// To what, such as `session:018f…`.
    pub resource: String,
    pub details: Value,
    pub created_at: DateTime<Utc>,
}

/// Which entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditFilter<'a> {
    pub action: Option<&'a str>,
    /// Only from then on.
    pub since: Option<DateTime<Utc>>,
    /// Only before then.
    pub until: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    user_id: Option<Uuid>,
    action: String,
    resource: String,
    details: Doc<Value>,
    created_at: DateTime<Utc>,
}

impl From<Row> for AuditRow {
    fn from(row: Row) -> Self {
        Self {
            id: AuditId::from(row.id),
            user_id: row.user_id.map(UserId::from),
            action: row.action,
            resource: row.resource,
            details: row.details.0,
            created_at: row.created_at,
        }
    }
}

impl Tx<'_> {
    /// Adds an entry; a person's principal only about themselves.
    ///
    /// # Errors
    /// `Foreign` when it is about somebody else, `Conflict` when it is there already.
    #[instrument(name = "db.audit.append", level = "debug", skip_all, fields(audit.id = %row.id))]
    pub async fn append_audit(&mut self, row: &AuditRow) -> Result<(), StoreError> {
        if self.owner.is_some() && row.user_id.map(UserId::as_uuid) != self.owner {
            return self.refuse(StoreError::Foreign { what: "the audit entry" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO audit_log (id, user_id, action, resource, details, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ",
            row.id.as_uuid(),
            row.user_id.map(UserId::as_uuid),
            text(&row.action),
            text(&row.resource),
            Doc(&row.details),
            stamp(row.created_at),
        )?;
        Ok(())
    }

    /// A page of entries, newest first: the first one, or the one after that place. A person sees their own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_audit(
        &mut self,
        before: Option<(DateTime<Utc>, AuditId)>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.find_audit(AuditFilter::default(), before, limit).await
    }

    /// The same of some entries.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.audit.find", level = "debug", skip_all)]
    pub async fn find_audit(
        &mut self,
        filter: AuditFilter<'_>,
        before: Option<(DateTime<Utc>, AuditId)>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        // As in `list_sessions`: the plain comparison lets both databases read a person's page straight from the index.
        let sql = if self.owner.is_some() {
            "
            SELECT id, user_id, action, resource, details, created_at
            FROM audit_log
            WHERE user_id = $1 AND ($2 IS NULL OR (created_at, id) < ($2, $3))
              AND ($4 IS NULL OR action = $4)
              AND ($5 IS NULL OR created_at >= $5)
              AND ($6 IS NULL OR created_at < $6)
            ORDER BY created_at DESC, id DESC
            LIMIT $7
            "
        } else {
            "
            SELECT id, user_id, action, resource, details, created_at
            FROM audit_log
            WHERE ($1 IS NULL OR user_id = $1) AND ($2 IS NULL OR (created_at, id) < ($2, $3))
              AND ($4 IS NULL OR action = $4)
              AND ($5 IS NULL OR created_at >= $5)
              AND ($6 IS NULL OR created_at < $6)
            ORDER BY created_at DESC, id DESC
            LIMIT $7
            "
        };
        let found: Vec<Row> = fetch_all!(
            self,
            SUBJECT,
            sql,
            self.owner,
            before.map(|(at, _)| stamp(at)),
            before.map(|(_, id)| id.as_uuid()),
            filter.action.map(text),
            filter.since.map(stamp),
            filter.until.map(stamp),
            rows(limit),
        )?;
        Ok(found.into_iter().map(AuditRow::from).collect())
    }
}
