//! `/api/artifacts`: large results.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use octi_api::v1::artifacts::Artifact;
use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_store::ArtifactMeta;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::etag;
use crate::extract::{Caller, Id};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(raw))
}

/// What an artifact is.
#[utoipa::path(get, path = "/api/artifacts/{id}", tag = "artifacts", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Artifact)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<ArtifactId>) -> ApiResult<Answer<Artifact>> {
    let meta = gateway.store.read(&caller.principal).await?.artifact(id).await?;
    Ok(Answer(to_api(meta.ok_or_else(|| ApiError::not_found("artifact"))?)))
}

/// The bytes of an artifact, as a download: what a tool wrote must not run as a page of this site.
#[utoipa::path(get, path = "/api/artifacts/{id}/raw", tag = "artifacts", params(("id" = uuid::Uuid, Path)), responses((status = 200, content_type = "application/octet-stream")))]
async fn raw(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<ArtifactId>, asked: HeaderMap) -> ApiResult<Response> {
    let mut tx = gateway.store.read(&caller.principal).await?;
    let meta = tx.artifact(id).await?.ok_or_else(|| ApiError::not_found("artifact"))?;
    let tag = etag::quoted(&meta.sha256);
    if etag::is_known(&asked, &tag) {
        return Ok(etag::not_modified(tag));
    }
    let bytes = tx.artifact_bytes(id, 0, limits::ARTIFACT_BYTES_MAX).await?;
    let mut response = bytes.ok_or_else(|| ApiError::not_found("artifact"))?.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&meta.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(ETAG, tag);
    // An artifact never changes, but who may read it can: the browser asks each time, and is told that it has it.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(CONTENT_DISPOSITION, named(&meta.name));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    Ok(response)
}

/// A download with the file's own name (RFC 6266, RFC 8187).
fn named(name: &str) -> HeaderValue {
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{encoded}")).unwrap_or(HeaderValue::from_static("attachment"))
}

pub(crate) fn to_api(meta: ArtifactMeta) -> Artifact {
    Artifact {
        id: meta.id.into(),
        session_id: Some(meta.session_id.into()),
        name: meta.name,
        media_type: meta.media_type,
        bytes: u64::try_from(meta.bytes).unwrap_or_default(),
        sha256: meta.sha256,
        created_at: meta.created_at,
    }
}
