//! `/api/plugin-registries`: where plugins come from, what is there, and which of them run here.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::plugin_offers::{AvailablePlugin, AvailableQuery, PluginLock, PluginRegistry};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{page, page_rows};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Query};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(refresh)).routes(routes!(available)).routes(routes!(lock))
}

/// Every registry, and whether what it revoked is known.
#[utoipa::path(get, path = "/api/plugin-registries", tag = "plugin-registries", responses((status = 200, body = Page<PluginRegistry>)))]
async fn list(State(gateway): State<Gateway>, _caller: Admin) -> Answer<Page<PluginRegistry>> {
    Answer(Page::whole(gateway.registries.status()))
}

/// Asks every registry now what is revoked, which happens every 40 seconds anyway.
#[utoipa::path(post, path = "/api/plugin-registries/refresh", tag = "plugin-registries", responses((status = 200, body = Page<PluginRegistry>)))]
async fn refresh(State(gateway): State<Gateway>, _caller: Admin) -> Answer<Page<PluginRegistry>> {
    Answer(Page::whole(gateway.registries.refresh().await))
}

/// What registries have.
#[utoipa::path(get, path = "/api/plugin-registries/available", tag = "plugin-registries", params(AvailableQuery), responses((status = 200, body = Page<AvailablePlugin>)))]
async fn available(
    State(gateway): State<Gateway>,
    _caller: Admin,
    Query(query): Query<AvailableQuery>,
) -> ApiResult<Answer<Page<AvailablePlugin>>> {
    let rows = page_rows(query.limit)?;
    let after = query.cursor.as_deref().map(place).transpose()?;
    let found = gateway.registries.available(&query, after, rows).await?;
    Ok(Answer(page(found, rows, |row| format!("{} {}", row.registry, row.plugin), |row| row)))
}

/// The plugins of registries that run here, for running the same elsewhere.
#[utoipa::path(get, path = "/api/plugin-registries/lock", tag = "plugin-registries", responses((status = 200, body = PluginLock)))]
async fn lock(State(gateway): State<Gateway>, _caller: Admin) -> Answer<PluginLock> {
    Answer(PluginLock { text: gateway.registries.lock() })
}

/// The registry and the plugin that a page ended with.
fn place(cursor: &str) -> ApiResult<(String, String)> {
    let place = cursor.split_once(' ').map(|(registry, plugin)| (registry.to_owned(), plugin.to_owned()));
    place.ok_or_else(|| ApiError::field("cursor", "not a cursor of this list; pass `next` of the page before"))
}
