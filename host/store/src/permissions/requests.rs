//! Questions put to people, and how they ended.

use chrono::{DateTime, Utc};
use octi_domain::ids::{CallId, PermissionRequestId, RunId, SessionId, UserId};
use octi_domain::permission::{Answer, PermissionRequest, RequestStatus};
use serde_json::Value;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, each, stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const TABLE: &str = "permission_requests";
const SUBJECT: Subject = Subject::new(TABLE, "this permission request", "the session");

#[derive(FromRow)]
struct RequestRow {
    id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    run_id: Uuid,
    call_id: Uuid,
    tool: String,
    operation: String,
    subject: Option<String>,
    arguments: Doc<Value>,
    reason: String,
    suggested_rule: String,
    status: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl TryFrom<RequestRow> for PermissionRequest {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: PermissionRequestId::from(row.id),
            user_id: UserId::from(row.user_id),
            session_id: SessionId::from(row.session_id),
            run_id: RunId::from(row.run_id),
            call_id: CallId::from(row.call_id),
            tool: row.tool,
            operation: row.operation,
            subject: row.subject,
            arguments: row.arguments.0,
            reason: row.reason,
            suggested_rule: row.suggested_rule,
            status: word(TABLE, "status", &row.status, parse_status)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

const fn status_word(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending => "pending",
        RequestStatus::Answered(answer) => answer.as_str(),
        RequestStatus::Expired => "expired",
    }
}

pub(crate) fn parse_status(word: &str) -> Option<RequestStatus> {
    match word {
        "pending" => Some(RequestStatus::Pending),
        "expired" => Some(RequestStatus::Expired),
        answer => Answer::parse(answer).map(RequestStatus::Answered),
    }
}

impl Tx<'_> {
    /// Adds a question.
    ///
    /// # Errors
    /// `Missing` without its session, `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.requests.insert", level = "debug", skip_all, fields(request.id = %request.id))]
    pub async fn insert_request(&mut self, request: &PermissionRequest) -> Result<(), StoreError> {
        self.own(request.user_id, "the permission request")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO permission_requests
                (id, user_id, session_id, run_id, call_id, tool, operation, subject, arguments, reason, suggested_rule, status, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ",
            request.id.as_uuid(),
            request.user_id.as_uuid(),
            request.session_id.as_uuid(),
            request.run_id.as_uuid(),
            request.call_id.as_uuid(),
            text(&request.tool),
            text(&request.operation),
            request.subject.as_deref().map(text),
            Doc(&request.arguments),
            text(&request.reason),
            text(&request.suggested_rule),
            status_word(request.status),
            stamp(request.created_at),
            stamp(request.expires_at),
        )?;
        Ok(())
    }

    /// A question.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.requests.get", level = "debug", skip_all, fields(request.id = %id))]
    pub async fn permission_request(&mut self, id: PermissionRequestId) -> Result<Option<PermissionRequest>, StoreError> {
        let row: Option<RequestRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, session_id, run_id, call_id, tool, operation, subject, arguments, reason, suggested_rule, status, created_at, expires_at
            FROM permission_requests
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        row.map(PermissionRequest::try_from).transpose()
    }

    /// Ends a question; true for the one caller that ended it, false when it is not pending (any more).
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.requests.resolve", level = "debug", skip_all, fields(request.id = %id))]
    pub async fn resolve_request(
        &mut self,
        id: PermissionRequestId,
        status: RequestStatus,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "
            UPDATE permission_requests
            SET status = $3, resolved_at = $4
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2) AND status = 'pending'
            ",
            id.as_uuid(),
            self.owner,
            status_word(status),
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// The questions that wait for an answer, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.requests.pending", level = "debug", skip_all)]
    pub async fn pending_requests(&mut self) -> Result<Vec<PermissionRequest>, StoreError> {
        let found: Vec<RequestRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, session_id, run_id, call_id, tool, operation, subject, arguments, reason, suggested_rule, status, created_at, expires_at
            FROM permission_requests
            WHERE ($1 IS NULL OR user_id = $1) AND status = 'pending'
            ORDER BY created_at, id
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        each(found)
    }

    /// Ends the questions whose time is over and returns them. `DateTime::MAX_UTC` ends every one, for a host that starts:
    /// the turns that asked are gone.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.requests.expire", level = "debug", skip_all)]
    pub async fn expire_requests(&mut self, now: DateTime<Utc>) -> Result<Vec<PermissionRequest>, StoreError> {
        self.changing()?;
        let found: Vec<RequestRow> = fetch_all!(
            self,
            SUBJECT,
            "
            UPDATE permission_requests
            SET status = 'expired', resolved_at = expires_at
            WHERE ($1 IS NULL OR user_id = $1) AND status = 'pending' AND expires_at <= $2
            RETURNING id, user_id, session_id, run_id, call_id, tool, operation, subject, arguments, reason, suggested_rule, status, created_at, expires_at
            ",
            self.owner,
            stamp(now),
        )?;
        each(found)
    }
}
