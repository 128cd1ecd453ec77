//! `Idempotency-Key`: a request that is sent again, because its answer was lost, has its effect once and gets the same answer.
//!
//! (draft-ietf-httpapi-idempotency-key-header.) Only what had an effect is remembered: a request that was refused can be sent
//! again. A request with a key goes on when its client goes away, because the client will come and ask how it ended.

use axum::RequestPartsExt;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use octi_api::error::ErrorCode;
use octi_domain::limits;
use octi_store::Asked;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that the answer is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The `POST` routes that take a key, each with the bytes of its body: those where a second effect would be noticed. None whose
/// answer holds a secret is among them, because answers are kept.
pub(crate) const ROUTES: &[(&str, usize)] = &[
    ("/api/sessions", limits::HTTP_BODY_BYTES_MAX),
    ("/api/sessions/{id}/messages", limits::HTTP_BODY_BYTES_MAX),
    ("/api/sessions/{id}/attachments", limits::ATTACHMENT_BYTES_MAX),
    ("/api/sessions/{id}/continue", limits::HTTP_BODY_BYTES_MAX),
    ("/api/me/workspaces", limits::HTTP_BODY_BYTES_MAX),
    ("/api/tools/{tool}/tools/{operation}/execute", limits::HTTP_BODY_BYTES_MAX),
];

/// The layer around every route.
pub(crate) async fn once(State(gateway): State<Gateway>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let place = ROUTES.iter().find(|(path, _)| Some(*path) == route).filter(|_| request.method() == Method::POST);
    match (place, request.headers().get(&KEY).cloned()) {
        (Some((_, max)), Some(key)) => {
            keyed(&gateway, &key, *max, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn keyed(gateway: &Gateway, key: &HeaderValue, max: usize, request: Request, next: Next) -> ApiResult<Response> {
    let (mut parts, body) = request.into_parts();
    let caller: Caller = parts.extract_with_state(gateway).await?;
    let key = read(key)?.to_owned();
    let body = to_bytes(body, max)
        .await
        .map_err(|_| ApiError::new(ErrorCode::TooLarge, "the body is larger than this route takes, or it broke off"))?;
    let digest = digest(&parts, &body);
    let mut tx = gateway.store.write(&caller.principal).await?;
    let asked = tx.ask_once(caller.user_id, &key, &digest, gateway.ambient.now()).await?;
    tx.save().await?;
    match asked {
        Asked::First => {}
        Asked::Running => {
            let message = "the first request with this `Idempotency-Key` is still being answered; ask again in a moment";
            return Err(ApiError::new(ErrorCode::StillRunning, message).with_retry_after(1));
        }
        Asked::Different => {
            let message = "this `Idempotency-Key` was sent before with another request; take a new one for each request";
            return Err(ApiError::new(ErrorCode::KeyReused, message));
        }
        Asked::Answered { status, media_type, body } => return Ok(replayed(status, media_type, body)),
    }
    let (state, request) = (gateway.clone(), Request::from_parts(parts, Body::from(body)));
    let (asker, named) = (caller.clone(), key.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "it is waited for below; without its client it ends by itself, and a host that ends first is told by the key's age"
    )]
    let answered = tokio::spawn(async move { first(&state, &asker, &named, next.run(request).await).await });
    match answered.await {
        Ok(answer) => answer,
        Err(error) => {
            // It may have had its effect or not; only its person can tell, so they may ask again at once.
            forget(gateway, &caller, &key).await?;
            Err(ApiError::internal(format!("a request with a key ended badly: {error}")))
        }
    }
}

async fn forget(gateway: &Gateway, caller: &Caller, key: &str) -> ApiResult<()> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.forget_once(caller.user_id, key).await?;
    Ok(tx.save().await?)
}

/// Remembers the answer, when the request had an effect.
async fn first(gateway: &Gateway, caller: &Caller, key: &str, response: Response) -> ApiResult<Response> {
    if !response.status().is_success() {
        forget(gateway, caller, key).await?;
        return Ok(response);
    }
    let mut tx = gateway.store.write(&caller.principal).await?;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, limits::IDEMPOTENCY_ANSWER_BYTES_MAX)
        .await
        .map_err(|error| ApiError::internal(format!("an answer cannot be remembered: {error}")))?;
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    tx.answer_once(caller.user_id, key, (parts.status.as_u16(), media_type, &body)).await?;
    tx.save().await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replayed(status: u16, media_type: Option<String>, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    if let Some(kind) = media_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn read(key: &HeaderValue) -> ApiResult<&str> {
    let text = key.to_str().ok().filter(|text| !text.is_empty() && text.len() <= limits::IDEMPOTENCY_KEY_BYTES_MAX);
    text.ok_or_else(|| {
        let message = format!("an `Idempotency-Key` has 1 to {} plain characters", limits::IDEMPOTENCY_KEY_BYTES_MAX);
        ApiError::field("Idempotency-Key", message)
    })
}

/// What makes a request the same: where it goes, and what it says.
fn digest(parts: &Parts, body: &[u8]) -> Vec<u8> {
    let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let target = parts.uri.path_and_query().map(|target| target.as_str()).unwrap_or_default();
    let mut digest = Sha256::new();
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), kind, body] {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}
