//! `/metrics`: the numbers of this host, for Prometheus.
//!
//! For administrators, and for a scraper with the token of the setting `metrics.token`; from loopback too, because behind a proxy on the
//! same machine everybody comes from there. The numbers tell which plugins are installed and how busy people are.

use axum::extract::{FromRequestParts, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use secrecy::ExposeSecret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::credential::Credential;
use crate::error::ApiError;
use crate::extract::Admin;
use crate::state::Gateway;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// The metrics of this moment, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(gateway): State<Gateway>, _reader: Reader) -> impl IntoResponse {
    ([(CONTENT_TYPE, FORMAT)], (gateway.metrics)())
}

/// Somebody who may read the metrics.
struct Reader;

impl FromRequestParts<Gateway> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        if let Some(Credential::Token(shown)) = Credential::of(&parts.headers)
            && gateway.settings.now().is_metrics_token(shown.expose_secret())
        {
            return Ok(Self);
        }
        Admin::from_request_parts(parts, gateway).await.map(|_| Self)
    }
}
