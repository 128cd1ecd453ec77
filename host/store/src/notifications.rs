//! What people were told of, and which of it they want.

use chrono::{DateTime, Utc};
use octi_domain::ids::{NotificationId, PermissionRequestId, RunId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::notification::{Notification, NotificationKind, NotificationPreferences};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{each, stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const TABLE: &str = "notifications";
const SUBJECT: Subject = Subject::new(TABLE, "this notification", "the session");
const PREFERENCES: Subject = Subject::new("notification_preferences", "these preferences", "the user");

#[derive(FromRow)]
struct NotificationRow {
    id: Uuid,
    user_id: Uuid,
    kind: String,
    title: String,
    body: String,
    session_id: Option<Uuid>,
    run_id: Option<Uuid>,
    request_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
}

impl TryFrom<NotificationRow> for Notification {
    type Error = StoreError;

    fn try_from(row: NotificationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: NotificationId::from(row.id),
            user_id: UserId::from(row.user_id),
            kind: word(TABLE, "kind", &row.kind, NotificationKind::parse)?,
            title: row.title,
            body: row.body,
            session_id: row.session_id.map(SessionId::from),
            run_id: row.run_id.map(RunId::from),
            request_id: row.request_id.map(PermissionRequestId::from),
            created_at: row.created_at,
            read_at: row.read_at,
        })
    }
}

#[derive(FromRow)]
struct PreferencesRow {
    agent_completed: bool,
    agent_failed: bool,
    permission_request: bool,
}

impl From<PreferencesRow> for NotificationPreferences {
    fn from(row: PreferencesRow) -> Self {
        let PreferencesRow { agent_completed, agent_failed, permission_request } = row;
        Self { agent_completed, agent_failed, permission_request }
    }
}

impl Tx<'_> {
    /// Adds a notification. Of each person the newest
    /// [`NOTIFICATIONS_PER_USER_MAX`](limits::NOTIFICATIONS_PER_USER_MAX) are kept.
    ///
    /// # Errors
    /// `Missing` without its session, `Conflict` when it is there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.notifications.insert", level = "debug", skip_all, fields(notification.id = %notification.id))]
    pub async fn insert_notification(&mut self, notification: &Notification) -> Result<(), StoreError> {
        self.own(notification.user_id, "the notification")?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO notifications
                (id, user_id, kind, title, body, session_id, run_id, request_id, created_at, read_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ",
            notification.id.as_uuid(),
            notification.user_id.as_uuid(),
            notification.kind.as_str(),
            text(&notification.title),
            text(&notification.body),
            notification.session_id.map(SessionId::as_uuid),
            notification.run_id.map(RunId::as_uuid),
            notification.request_id.map(PermissionRequestId::as_uuid),
            stamp(notification.created_at),
            notification.read_at.map(stamp),
        )?;
        execute!(
            self,
            SUBJECT,
            "
            DELETE FROM notifications
            WHERE user_id = $1
              AND id IN (
                SELECT id FROM notifications WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1000000 OFFSET $2)
            ",
            notification.user_id.as_uuid(),
            limits::NOTIFICATIONS_PER_USER_MAX,
        )?;
        Ok(())
    }

    /// A notification.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.notifications.get", level = "debug", skip_all, fields(notification.id = %id))]
    pub async fn notification(&mut self, id: NotificationId) -> Result<Option<Notification>, StoreError> {
        let row: Option<NotificationRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, kind, title, body, session_id, run_id, request_id, created_at, read_at
            FROM notifications
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        row.map(Notification::try_from).transpose()
    }

    /// A page of what a person was told, newest first: the first one, or the one after that place.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.notifications.list", level = "debug", skip_all)]
    pub async fn list_notifications(
        &mut self,
        user: UserId,
        is_unread: bool,
        before: Option<(DateTime<Utc>, NotificationId)>,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        self.own(user, "the notifications")?;
        // Two texts, because each is read straight from an index of its own.
        let sql = if is_unread {
            "
            SELECT id, user_id, kind, title, body, session_id, run_id, request_id, created_at, read_at
            FROM notifications
            WHERE user_id = $1 AND read_at IS NULL AND ($2 IS NULL OR (created_at, id) < ($2, $3))
            ORDER BY created_at DESC, id DESC
            LIMIT $4
            "
        } else {
            "
            SELECT id, user_id, kind, title, body, session_id, run_id, request_id, created_at, read_at
            FROM notifications
            WHERE user_id = $1 AND ($2 IS NULL OR (created_at, id) < ($2, $3))
            ORDER BY created_at DESC, id DESC
            LIMIT $4
            "
        };
        let found: Vec<NotificationRow> = fetch_all!(
            self,
            SUBJECT,
            sql,
            user.as_uuid(),
            before.map(|(at, _)| stamp(at)),
            before.map(|(_, id)| id.as_uuid()),
            rows(limit),
        )?;
        each(found)
    }

    /// How many a person has not read.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.notifications.unread", level = "debug", skip_all)]
    pub async fn unread_notifications(&mut self, user: UserId) -> Result<i64, StoreError> {
        self.own(user, "the notifications")?;
        let (count,): (i64,) = fetch_one!(
            self,
            SUBJECT,
            "SELECT COUNT(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL",
            user.as_uuid(),
        )?;
        Ok(count)
    }

    /// Marks a notification as read; false when it is not there or was read before.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.notifications.read", level = "debug", skip_all, fields(notification.id = %id))]
    pub async fn read_notification(&mut self, id: NotificationId, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE notifications SET read_at = $3 WHERE id = $1 AND ($2 IS NULL OR user_id = $2) AND read_at IS NULL",
            id.as_uuid(),
            self.owner,
            stamp(at),
        )?;
        Ok(changed > 0)
    }

    /// Marks everything a person was told as read, and says how many were not.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.notifications.read_all", level = "debug", skip_all)]
    pub async fn read_all_notifications(&mut self, user: UserId, at: DateTime<Utc>) -> Result<u64, StoreError> {
        self.own(user, "the notifications")?;
        execute!(
            self,
            SUBJECT,
            "UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL",
            user.as_uuid(),
            stamp(at),
        )
    }

    /// Marks what a person was told of a question as read, and names it.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.notifications.read_of_request", level = "debug", skip_all, fields(request.id = %request))]
    pub async fn read_notifications_of(
        &mut self,
        user: UserId,
        request: PermissionRequestId,
        at: DateTime<Utc>,
    ) -> Result<Vec<NotificationId>, StoreError> {
        self.own(user, "the notifications")?;
        self.changing()?;
        let found: Vec<(Uuid,)> = fetch_all!(
            self,
            SUBJECT,
            "UPDATE notifications SET read_at = $3 WHERE user_id = $1 AND request_id = $2 AND read_at IS NULL RETURNING id",
            user.as_uuid(),
            request.as_uuid(),
            stamp(at),
        )?;
        Ok(found.into_iter().map(|(id,)| id.into()).collect())
    }

    /// Which kinds a person wants; all, until they choose.
    ///
    /// # Errors
    /// `Foreign` for somebody else's.
    #[instrument(name = "db.notifications.preferences", level = "debug", skip_all)]
    pub async fn notification_preferences(&mut self, user: UserId) -> Result<NotificationPreferences, StoreError> {
        self.own(user, "the preferences")?;
        let row: Option<PreferencesRow> = fetch_optional!(
            self,
            PREFERENCES,
            "SELECT agent_completed, agent_failed, permission_request FROM notification_preferences WHERE user_id = $1",
            user.as_uuid(),
        )?;
        Ok(row.map(Into::into).unwrap_or_default())
    }

    /// Keeps which kinds a person wants.
    ///
    /// # Errors
    /// `Foreign` for somebody else's, `Missing` without the person.
    #[instrument(name = "db.notifications.put_preferences", level = "debug", skip_all)]
    pub async fn put_notification_preferences(
        &mut self,
        user: UserId,
        preferences: NotificationPreferences,
    ) -> Result<(), StoreError> {
        self.own(user, "the preferences")?;
        execute!(
            self,
            PREFERENCES,
            "
            INSERT INTO notification_preferences (user_id, agent_completed, agent_failed, permission_request)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (user_id) DO UPDATE
            SET agent_completed = excluded.agent_completed
              , agent_failed = excluded.agent_failed
              , permission_request = excluded.permission_request
            ",
            user.as_uuid(),
            preferences.agent_completed,
            preferences.agent_failed,
            preferences.permission_request,
        )?;
        Ok(())
    }
}
