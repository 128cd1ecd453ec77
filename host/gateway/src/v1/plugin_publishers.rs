//! `/api/plugin-publishers`: whose key is whose.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::plugin_offers::{PinPublisher, PluginPublisher};
use octi_security::audit::Deed;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::{Admin, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(pin, forget))
}

/// Every publisher whose key is known.
#[utoipa::path(get, path = "/api/plugin-publishers", tag = "plugin-publishers", responses((status = 200, body = Page<PluginPublisher>)))]
async fn list(State(gateway): State<Gateway>, _caller: Admin) -> ApiResult<Answer<Page<PluginPublisher>>> {
    Ok(Answer(Page::whole(gateway.registries.publishers().await?)))
}

/// Trusts this very key of a publisher, whatever was trusted before.
#[utoipa::path(put, path = "/api/plugin-publishers/{name}", tag = "plugin-publishers", params(("name" = String, Path)), request_body = PinPublisher, responses((status = 200, body = PluginPublisher)))]
async fn pin(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(name): Path<String>,
    Json(body): Json<PinPublisher>,
) -> ApiResult<Answer<PluginPublisher>> {
    let pinned = gateway.registries.pin(&caller.principal, &name, &body.key).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PublisherTrusted { publisher: &pinned.name, key: &pinned.key });
    Ok(Answer(pinned))
}

/// Forgets the key of a publisher: their next version asks whether its key is theirs. What runs goes on.
#[utoipa::path(delete, path = "/api/plugin-publishers/{name}", tag = "plugin-publishers", params(("name" = String, Path)), responses((status = 204)))]
async fn forget(State(gateway): State<Gateway>, Admin(caller): Admin, Path(name): Path<String>) -> ApiResult<StatusCode> {
    gateway.registries.forget(&name).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PublisherForgotten { publisher: &name });
    Ok(StatusCode::NO_CONTENT)
}
