//! `/metrics`: the numbers of this host, for Prometheus.
//!
//! For administrators only, from loopback too: behind a proxy on the same machine everybody comes from there. The numbers
//! tell which plugins are installed and how busy people are.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Admin;
use crate::state::Gateway;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// The metrics of this moment, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(gateway): State<Gateway>, _admin: Admin) -> impl IntoResponse {
    ([(CONTENT_TYPE, FORMAT)], (gateway.metrics)())
}
