//! `POST /oauth/token`: tokens for a code or a refresh token. `POST /oauth/revoke`: a program gives one back.

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use octi_security::auth::oauth::{Described, OauthError, Redeem, Refused, Word};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use super::{Here, answer};
use crate::error::ApiResult;
use crate::state::Gateway;

/// Each may stand there once: a name that is there twice is refused.
#[derive(Deserialize)]
pub(super) struct TokenRequest {
    grant_type: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct RevokeRequest {
    token: Option<String>,
    client_id: Option<String>,
}

pub(super) async fn token(
    State(gateway): State<Gateway>,
    here: ApiResult<Here>,
    form: Result<Form<TokenRequest>, FormRejection>,
) -> ApiResult<Response> {
    let here = here?;
    let asked = match form {
        Ok(Form(asked)) => asked,
        Err(error) => return Ok(answer::misread(error.body_text())),
    };
    Ok(match issued(&gateway, &here, &asked).await {
        Ok(response) => response,
        Err(error) => answer::refusal(error),
    })
}

async fn issued(gateway: &Gateway, Here(place): &Here, asked: &TokenRequest) -> Result<Response, OauthError> {
    let missing = |name: &str| Refused { word: Word::InvalidRequest, text: format!("`{name}` is missing") };
    let client_id = asked.client_id.as_deref().ok_or_else(|| missing("client_id"))?;
    // A program that was forgotten must hear that it is to register anew, and not only to ask again.
    if !Described::is_at_address(client_id) && gateway.auth.registered_program(client_id).await?.is_none() {
        let text = "no program is registered under this `client_id`: register anew, and ask the person again";
        return Err(Refused { word: Word::InvalidClient, text: text.to_owned() }.into());
    }
    let shown = Redeem {
        client_id,
        redirect_uri: asked.redirect_uri.as_deref(),
        verifier: asked.code_verifier.as_deref(),
        scope: asked.scope.as_deref(),
        resource: asked.resource.as_deref(),
    };
    let issued = match asked.grant_type.as_deref() {
        Some("authorization_code") => {
            let code = asked.code.as_deref().ok_or_else(|| missing("code"))?;
            gateway.auth.redeem_code(code, shown, place).await?
        }
        Some("refresh_token") => {
            let token = asked.refresh_token.as_deref().ok_or_else(|| missing("refresh_token"))?;
            gateway.auth.renew_tokens(token, shown, place).await?
        }
        Some(_) => {
            let text = "octi gives tokens for an `authorization_code` or a `refresh_token`".to_owned();
            return Err(Refused { word: Word::UnsupportedGrantType, text }.into());
        }
        None => return Err(missing("grant_type").into()),
    };
    Ok(Json(json!({
        "access_token": issued.access.expose_secret(),
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "refresh_token": issued.refresh.expose_secret(),
        "scope": issued.scope.as_str(),
    }))
    .into_response())
}

/// Nobody learns from the answer whether it was a token.
pub(super) async fn revoke(
    State(gateway): State<Gateway>,
    here: ApiResult<Here>,
    form: Result<Form<RevokeRequest>, FormRejection>,
) -> ApiResult<Response> {
    here?;
    let asked = match form {
        Ok(Form(asked)) => asked,
        Err(error) => return Ok(answer::misread(error.body_text())),
    };
    let (Some(token), Some(client_id)) = (asked.token, asked.client_id) else {
        return Ok(answer::misread("`token` and `client_id` are needed"));
    };
    Ok(match gateway.auth.give_back(&token, &client_id).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => answer::refusal(error),
    })
}
