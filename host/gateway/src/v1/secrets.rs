//! `/api/secrets`: the person's own secrets, whose values come in and never go out.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::secrets::{Secret, SecretUse, SetSecret};
use octi_domain::{limits, secret};
use octi_extension::registry::PluginStatus;
use octi_security::vault::USER_SCOPE;
use octi_store::SecretName;
use secrecy::SecretString;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(set, remove))
}

/// The person's secrets with the plugins that may use each; never their values.
#[utoipa::path(get, path = "/api/secrets", tag = "secrets", responses((status = 200, body = Page<Secret>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Secret>>> {
    Ok(Answer(Page::whole(all(&gateway, &caller).await?)))
}

/// Sets a secret, or gives the one of that name another value. The value is kept encrypted and never shown again.
#[utoipa::path(put, path = "/api/secrets/{name}", tag = "secrets", params(("name" = String, Path)), request_body = SetSecret, responses((status = 200, body = Secret)))]
async fn set(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<SetSecret>,
) -> ApiResult<Answer<Secret>> {
    if !secret::is_name(&name) {
        return Err(ApiError::new(ErrorCode::InvalidPath, format!("a secret's name has {}", secret::NAME_RULE)));
    }
    check_value(&body.value)?;
    gateway.vault.put(&caller.principal, USER_SCOPE, &name, SecretString::from(body.value)).await?;
    gateway.secrets.changed(&caller.principal).await;
    tracing::info!(user_id = %caller.user_id, name, "secret set");
    let found = all(&gateway, &caller).await?.into_iter().find(|secret| secret.name == name);
    Ok(Answer(found.ok_or_else(|| ApiError::not_found("secret"))?))
}

/// Forgets a secret.
#[utoipa::path(delete, path = "/api/secrets/{name}", tag = "secrets", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<StatusCode> {
    if !gateway.vault.delete(&caller.principal, USER_SCOPE, &name).await? {
        return Err(ApiError::not_found("secret"));
    }
    gateway.secrets.changed(&caller.principal).await;
    tracing::info!(user_id = %caller.user_id, name, "secret removed");
    Ok(StatusCode::NO_CONTENT)
}

async fn all(gateway: &Gateway, caller: &Caller) -> ApiResult<Vec<Secret>> {
    let kept = gateway.vault.list(&caller.principal).await?;
    let plugins = gateway.registry.plugins();
    let own = kept.into_iter().filter(|secret| secret.scope == USER_SCOPE);
    Ok(own.map(|secret| to_api(secret, &plugins)).collect())
}

fn to_api(secret: SecretName, plugins: &[PluginStatus]) -> Secret {
    let all = plugins.iter().flat_map(|plugin| plugin.vault.iter().map(move |request| (plugin, request)));
    let uses = all
        .filter(|(_, request)| request.secret == secret.name)
        .map(|(plugin, request)| SecretUse {
            plugin: plugin.id.clone(),
            host: request.host.clone(),
            header: request.header.clone(),
            reason: request.reason.clone(),
        })
        .collect();
    Secret { name: secret.name, created_at: secret.created_at, updated_at: secret.updated_at, uses }
}

/// What can be told from ordinary text, and sent.
fn check_value(value: &str) -> ApiResult<()> {
    if value.trim().len() < limits::SECRET_BYTES_MIN || value.len() > limits::SECRET_BYTES_MAX {
        return Err(ApiError::field(
            "value",
            format!(
                "a secret has {} to {} bytes: a shorter one could not be told from ordinary text",
                limits::SECRET_BYTES_MIN,
                limits::SECRET_BYTES_MAX
            ),
        ));
    }
    if value.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(ApiError::field("value", "a secret has no control characters other than line ends and tabs"));
    }
    Ok(())
}
