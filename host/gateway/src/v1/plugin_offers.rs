//! `/api/plugin-offers`: what a registry has, what it may do, and a person's yes. Two steps, so that pages and commands ask alike.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::plugin_offers::{AcceptPluginOffer, MakePluginOffer, PluginOffer, PluginOfferText};
use octi_api::v1::plugins::Plugin;
use octi_domain::ids::PluginOfferId;
use octi_security::audit::Deed;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::{Admin, Caller, Id, Json};
use crate::ports::PortError;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(offer)).routes(routes!(texts)).routes(routes!(accept))
}

/// What would be installed, and what it may do. It waits ten minutes for the answer of who asked.
#[utoipa::path(post, path = "/api/plugin-offers", tag = "plugin-offers", request_body = MakePluginOffer, responses((status = 201, body = PluginOffer)))]
async fn offer(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Json(body): Json<MakePluginOffer>,
) -> ApiResult<(StatusCode, Answer<PluginOffer>)> {
    let plugin = body.plugin.clone();
    let offered = gateway.registries.offer(&caller.principal, body).await;
    let offer = offered.inspect_err(|error| refused(&gateway, &caller, Some(&plugin), error))?;
    Ok((StatusCode::CREATED, Answer(offer)))
}

/// What the role or skill of what was offered tells models, beside what the version of now tells them. Texts are data: they grant
/// nothing.
#[utoipa::path(get, path = "/api/plugin-offers/{id}/texts", tag = "plugin-offers", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Page<PluginOfferText>)))]
async fn texts(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Id(id): Id<PluginOfferId>,
) -> ApiResult<Answer<Page<PluginOfferText>>> {
    Ok(Answer(Page::whole(gateway.registries.texts(&caller.principal, id).await?)))
}

/// Installs what was offered, if it still is what was shown. Whatever goes wrong leaves what ran before.
#[utoipa::path(post, path = "/api/plugin-offers/{id}/accept", tag = "plugin-offers", params(("id" = uuid::Uuid, Path)), request_body = AcceptPluginOffer, responses((status = 200, body = Plugin)))]
async fn accept(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Id(id): Id<PluginOfferId>,
    Json(body): Json<AcceptPluginOffer>,
) -> ApiResult<Answer<Plugin>> {
    let accepted = gateway.registries.accept(&caller.principal, id, body).await;
    let plugin = accepted.inspect_err(|error| refused(&gateway, &caller, None, error))?;
    let (version, digest) = (plugin.version.as_str(), plugin.digest.as_str());
    gateway.audit.note(Some(caller.user_id), &Deed::PluginInstalled { plugin: &plugin.id, version, digest });
    tracing::info!(plugin = plugin.id, version = plugin.version, user_id = %caller.user_id, "plugin installed");
    Ok(Answer(plugin))
}

fn refused(gateway: &Gateway, caller: &Caller, plugin: Option<&str>, error: &PortError) {
    if let PortError::Refused(why) = error {
        gateway.audit.note(Some(caller.user_id), &Deed::PluginRefused { plugin, why });
    }
}
