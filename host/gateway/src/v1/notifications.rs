//! `/api/notifications`: what the caller was told of while they looked elsewhere.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::notifications::{NotificationPage, NotificationPreferences, NotificationQuery};
use octi_domain::event::{Event, EventKind, EventSink, ReadNotifications};
use octi_domain::ids::NotificationId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{cursor, page, page_rows};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json, Query};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(read))
        .routes(routes!(read_all))
        .routes(routes!(preferences, set_preferences))
}

/// What the caller was told of, newest first, and how much of it is unread.
#[utoipa::path(get, path = "/api/notifications", tag = "notifications", params(NotificationQuery), responses((status = 200, body = NotificationPage)))]
async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<NotificationQuery>,
) -> ApiResult<Answer<NotificationPage>> {
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let mut tx = gateway.store.read(&caller.principal).await?;
    let found = tx.list_notifications(caller.user_id, query.unread, before, rows).await?;
    let unread = tx.unread_notifications(caller.user_id).await?;
    let Page { items, next } = page(found, rows, |row| cursor::write(row.created_at, row.id), Into::into);
    Ok(Answer(NotificationPage { items, next, unread }))
}

/// Marks one as read. One that was read before stays as it is.
#[utoipa::path(post, path = "/api/notifications/{id}/read", tag = "notifications", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn read(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<NotificationId>) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.notification(id).await?.ok_or_else(|| ApiError::not_found("notification"))?;
    let is_news = tx.read_notification(id, gateway.ambient.now()).await?;
    tx.save().await?;
    if is_news {
        tell(&gateway, &caller, ReadNotifications::These(vec![id]));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Marks all of them as read.
#[utoipa::path(post, path = "/api/notifications/read-all", tag = "notifications", responses((status = 204)))]
async fn read_all(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    let count = tx.read_all_notifications(caller.user_id, gateway.ambient.now()).await?;
    tx.save().await?;
    if count > 0 {
        tell(&gateway, &caller, ReadNotifications::All);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The other screens of the caller show it as read too.
fn tell(gateway: &Gateway, caller: &Caller, read: ReadNotifications) {
    let (id, at, kind) = (gateway.ambient.id(), gateway.ambient.now(), EventKind::NotificationRead(read));
    gateway.bus.publish(Event { id, user_id: caller.user_id, session_id: None, at, kind });
}

/// Which kinds the caller is told of.
#[utoipa::path(get, path = "/api/notifications/preferences", tag = "notifications", responses((status = 200, body = NotificationPreferences)))]
async fn preferences(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<NotificationPreferences>> {
    let preferences = gateway.store.read(&caller.principal).await?.notification_preferences(caller.user_id).await?;
    Ok(Answer(preferences.into()))
}

/// Chooses which kinds the caller is told of, from now on.
#[utoipa::path(put, path = "/api/notifications/preferences", tag = "notifications", request_body = NotificationPreferences, responses((status = 200, body = NotificationPreferences)))]
async fn set_preferences(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<NotificationPreferences>,
) -> ApiResult<Answer<NotificationPreferences>> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.put_notification_preferences(caller.user_id, body.into()).await?;
    tx.save().await?;
    Ok(Answer(body))
}
