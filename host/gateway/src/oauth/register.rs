//! `POST /oauth/register`: a program says who it is (RFC 7591). Anybody may; nothing comes of it until a person agrees.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use octi_security::auth::oauth::Registration;
use serde::Deserialize;
use serde_json::json;

use super::{Here, answer};
use crate::error::ApiResult;
use crate::middleware::rate::place;
use crate::origin::Origin;
use crate::state::Gateway;

/// What octi looks at of what a program says.
#[derive(Deserialize)]
struct Said {
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
}

pub(super) async fn register(
    State(gateway): State<Gateway>,
    here: ApiResult<Here>,
    origin: Origin,
    body: Result<Bytes, BytesRejection>,
) -> ApiResult<Response> {
    here?;
    let Ok(body) = body else { return Ok(answer::misread("the body is too large, or it broke off")) };
    let said: Said = match serde_json::from_slice(&body) {
        Ok(said) => said,
        Err(error) => return Ok(answer::misread(format!("the body is not the metadata of a program: {error}"))),
    };
    let registration = Registration {
        name: said.client_name,
        redirect_uris: said.redirect_uris,
        grant_types: said.grant_types,
        response_types: said.response_types,
    };
    let client = match gateway.auth.register_program(&registration, place(origin.address)).await {
        Ok(client) => client,
        Err(error) => return Ok(answer::refusal(error)),
    };
    // A program on a person's machine keeps no secret, so none is given, whatever it asked for.
    let body = json!({
        "client_id": client.id,
        "client_id_issued_at": client.created_at.timestamp(),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}
