//! `POST /api/sessions/{id}/attachments`: files that a person gives.

use axum::Json as Answer;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use octi_api::v1::artifacts::{Artifact, AttachmentQuery};
use octi_domain::ids::SessionId;
use octi_domain::limits;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::{Bytes, Caller, Id, Query};
use crate::state::Gateway;
use crate::v1::artifacts;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(add)).layer(DefaultBodyLimit::max(limits::ATTACHMENT_BYTES_MAX))
}

/// Keeps a file beside the conversation. A message names it in `fileRefs`.
#[utoipa::path(post, path = "/api/sessions/{id}/attachments", tag = "sessions", params(("id" = uuid::Uuid, Path), AttachmentQuery), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 201, body = Artifact)))]
async fn add(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<SessionId>,
    Query(query): Query<AttachmentQuery>,
    headers: HeaderMap,
    Bytes(content): Bytes,
) -> ApiResult<(StatusCode, Answer<Artifact>)> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let meta = gateway.agents.attach(&caller.principal, id, (&query.name, media_type), &content).await?;
    Ok((StatusCode::CREATED, Answer(artifacts::to_api(meta))))
}
