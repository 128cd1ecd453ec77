//! All routes, each with its description, and the layers around them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use octi_domain::limits;
use utoipa_axum::router::OpenApiRouter;

use crate::middleware::envelope::envelope;
use crate::middleware::once::once;
use crate::middleware::rate::rate;
use crate::state::Gateway;
use crate::{assets, mcp, oauth, openai, openapi, v1, ws};

impl Gateway {
    /// The whole service.
    pub fn router(&self) -> Router {
        let (routes, _) = documented().split_for_parts();
        routes
            .route("/gateway", get(ws::upgrade))
            .route("/mcp", any(mcp::streamable))
            .route("/sse", get(mcp::stream))
            .route("/messages", post(mcp::message))
            .merge(oauth::routes())
            .route("/api/mcp/servers/{name}/callback", get(v1::mcp::callback))
            .fallback(assets::serve)
            .layer(from_fn_with_state(self.clone(), once))
            .layer(from_fn_with_state(self.clone(), rate))
            .layer(DefaultBodyLimit::max(limits::HTTP_BODY_BYTES_MAX))
            .layer(from_fn_with_state(self.clone(), envelope))
            .with_state(self.clone())
    }
}

/// The REST routes with their document.
pub(crate) fn documented() -> OpenApiRouter<Gateway> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(v1::health::routes())
        .merge(v1::metrics::routes())
        .merge(v1::setup::routes())
        .merge(v1::gateway::routes())
        .merge(v1::auth::routes())
        .merge(v1::sessions::routes())
        .merge(v1::workspaces::routes())
        .merge(v1::search::routes())
        .merge(v1::agents::routes())
        .merge(v1::artifacts::routes())
        .merge(v1::tools::routes())
        .merge(v1::permissions::routes())
        .merge(v1::questions::routes())
        .merge(v1::models::routes())
        .merge(v1::plugins::routes())
        .merge(v1::skills::routes())
        .merge(v1::plugin_offers::routes())
        .merge(v1::plugin_registries::routes())
        .merge(v1::plugin_publishers::routes())
        .merge(v1::mcp::routes())
        .merge(v1::programs::routes())
        .merge(v1::secrets::routes())
        .merge(v1::settings::routes())
        .merge(v1::orgs::routes())
        .merge(v1::audit::routes())
        .merge(v1::notifications::routes())
        .merge(openai::routes())
        .merge(openapi::routes())
}
