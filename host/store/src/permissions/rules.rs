//! Standing permission rules.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use octi_domain::ids::{RuleId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::permission::{Level, Rule};
use octi_domain::principal::Principal;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{each, stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::store::Store;
use crate::tx::{ALL_ROWS, Tx};

const TABLE: &str = "permission_rules";
const SUBJECT: Subject = Subject::new(TABLE, "this rule", "the user or session of the rule");

#[derive(FromRow)]
struct RuleRow {
    id: Uuid,
    user_id: Uuid,
    text: String,
    level: String,
    session_id: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<RuleRow> for Rule {
    type Error = StoreError;

    fn try_from(row: RuleRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: RuleId::from(row.id),
            user_id: UserId::from(row.user_id),
            text: row.text,
            level: word(TABLE, "level", &row.level, Level::parse)?,
            session_id: row.session_id.map(SessionId::from),
            created_at: row.created_at,
        })
    }
}

impl Tx<'_> {
    /// Adds a rule.
    ///
    /// # Errors
    /// `Limit` when the person has [`RULES_PER_USER_MAX`](limits::RULES_PER_USER_MAX) already, `Missing` without its session,
    /// `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.rules.insert", level = "debug", skip_all, fields(rule.id = %rule.id))]
    pub async fn insert_rule(&mut self, rule: &Rule) -> Result<(), StoreError> {
        self.own(rule.user_id, "the rule")?;
        let (there,): (i64,) =
            fetch_one!(self, SUBJECT, "SELECT COUNT(*) FROM permission_rules WHERE user_id = $1", rule.user_id.as_uuid())?;
        self.bound(
            "the number of permission rules",
            usize::try_from(there).unwrap_or(usize::MAX) + 1,
            limits::RULES_PER_USER_MAX,
        )?;
        self.changes.rules = true;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO permission_rules (id, user_id, text, level, session_id, created_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ",
            rule.id.as_uuid(),
            rule.user_id.as_uuid(),
            text(&rule.text),
            rule.level.as_str(),
            rule.session_id.map(SessionId::as_uuid),
            stamp(rule.created_at),
        )?;
        Ok(())
    }

    /// The rules that hold everywhere, and those of one conversation; oldest first.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.rules.list", level = "debug", skip_all)]
    pub async fn list_rules(&mut self, session: Option<SessionId>) -> Result<Vec<Rule>, StoreError> {
        let found: Vec<RuleRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, text, level, session_id, created_at
            FROM permission_rules
            WHERE ($1 IS NULL OR user_id = $1) AND (session_id IS NULL OR session_id = $2)
            ORDER BY created_at, id
            LIMIT $3
            ",
            self.owner,
            session.map(SessionId::as_uuid),
            ALL_ROWS,
        )?;
        each(found)
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.rules.delete", level = "debug", skip_all, fields(rule.id = %id))]
    pub async fn delete_rule(&mut self, id: RuleId) -> Result<bool, StoreError> {
        self.changes.rules = true;
        let changed = execute!(
            self,
            SUBJECT,
            "DELETE FROM permission_rules WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(changed > 0)
    }
}

impl Store {
    /// The rules that hold everywhere, and those of one conversation, oldest first: as [`list_rules`](Tx::list_rules) gives
    /// them, from memory when they were read within the last second and not changed since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rules(&self, principal: &Principal, session: Option<SessionId>) -> Result<Arc<[Rule]>, StoreError> {
        let read = || async { Ok(self.read(principal).await?.list_rules(session).await?.into()) };
        self.memory.rules.get((principal.clone(), session), read).await
    }
}
