//! `/api/auth/api-tokens`.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Days, Utc};
use octi_api::page::{Page, PageQuery};
use octi_api::v1::auth::{CreateToken, CreatedToken, Token};
use octi_domain::ids::TokenId;
use octi_domain::limits;
use octi_security::audit::{self, Deed};
use octi_security::auth::{SIGNING_SCOPE, signs};
use secrecy::ExposeSecret;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json, Query};
use crate::state::Gateway;
use crate::v1::{cursor, page, page_rows};

/// The longest a token that ends may work.
const EXPIRES_DAYS_MAX: u32 = 3_650;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list_tokens, create_token)).routes(routes!(revoke_token))
}

/// The person's API tokens, without their values, newest first.
#[utoipa::path(get, path = "/api/auth/api-tokens", tag = "auth", params(PageQuery), responses((status = 200, body = Page<Token>)))]
async fn list_tokens(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> ApiResult<Answer<Page<Token>>> {
    let rows = page_rows(query.limit)?;
    let before = query.cursor.as_deref().map(cursor::read).transpose()?;
    let tokens = gateway.store.read(&caller.principal).await?.page_of_tokens(before, rows).await?;
    Ok(Answer(page(tokens, rows, |token| cursor::write(token.created_at, token.id), to_api)))
}

/// Makes an API token. Its value is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/auth/api-tokens", tag = "auth", request_body = CreateToken, responses((status = 201, body = CreatedToken)))]
async fn create_token(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<CreateToken>,
) -> ApiResult<(StatusCode, Answer<CreatedToken>)> {
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > limits::NAME_CHARS_MAX {
        return Err(ApiError::field("name", format!("a name has 1 to {} characters", limits::NAME_CHARS_MAX)));
    }
    let expires_at = expiry(gateway.ambient.now(), body.expires_in_days)?;
    let (auth, principal) = (&gateway.auth, &caller.principal);
    let (token, secret) = if body.hmac {
        let (key, secret) = auth.create_signing_key(&gateway.vault, principal, name, expires_at).await?;
        // Like every other secret of the person, it is hidden from here on.
        gateway.secrets.changed(principal).await;
        (key, secret.expose_secret().to_owned())
    } else {
        auth.create_token(principal, name, expires_at).await?
    };
    Ok((StatusCode::CREATED, Answer(CreatedToken { token: to_api(token), secret })))
}

/// Makes an API token stop working, at once.
#[utoipa::path(delete, path = "/api/auth/api-tokens/{id}", tag = "auth", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn revoke_token(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<TokenId>) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    if !tx.revoke_token(id, gateway.ambient.now()).await? {
        return Err(ApiError::not_found("token"));
    }
    audit::append(&mut tx, &gateway.ambient, Some(caller.user_id), &Deed::TokenRevoked { token: id }).await?;
    // The secret of a key that signs; other tokens have none.
    let signed = tx.delete_secret(SIGNING_SCOPE, &id.to_string()).await?;
    tx.save().await?;
    if signed {
        gateway.secrets.changed(&caller.principal).await;
    }
    gateway.recheck(caller.user_id);
    Ok(StatusCode::NO_CONTENT)
}

fn expiry(now: DateTime<Utc>, days: Option<u32>) -> ApiResult<Option<DateTime<Utc>>> {
    match days {
        None => Ok(None),
        Some(days @ 1..=EXPIRES_DAYS_MAX) => Ok(now.checked_add_days(Days::new(days.into()))),
        Some(_) => Err(ApiError::field("expiresInDays", format!("between 1 and {EXPIRES_DAYS_MAX} days"))),
    }
}

fn to_api(token: octi_store::Token) -> Token {
    Token {
        id: token.id.into(),
        hmac: signs(&token),
        name: token.name,
        prefix: token.prefix,
        created_at: token.created_at,
        expires_at: token.expires_at,
        last_used_at: token.last_used_at,
        revoked_at: token.revoked_at,
    }
}
