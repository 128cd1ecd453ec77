//! `/api/models`: the person's models, through the port that knows how to reach them.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::models::{AddModel, Model, ModelTest};
use octi_domain::limits;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove)).routes(routes!(test)).routes(routes!(set_default))
}

/// The person's models, the built-in one included.
#[utoipa::path(get, path = "/api/models", tag = "models", responses((status = 200, body = Page<Model>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Model>>> {
    Ok(Answer(Page::whole(gateway.models.list(&caller.principal).await?)))
}

/// Sets up a model, or replaces the one of that name. The key is kept encrypted and never shown again.
#[utoipa::path(post, path = "/api/models", tag = "models", request_body = AddModel, responses((status = 201, body = Model)))]
async fn add(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<AddModel>,
) -> ApiResult<(StatusCode, Answer<Model>)> {
    let count = body.name.trim().chars().count();
    if count == 0 || count > limits::NAME_CHARS_MAX || body.name.chars().any(char::is_control) {
        return Err(ApiError::field("name", format!("a name has 1 to {} printable characters", limits::NAME_CHARS_MAX)));
    }
    let prices = [("priceIn", body.price_in), ("priceOut", body.price_out)];
    if let Some((path, _)) = prices.into_iter().find(|(_, price)| price.is_some_and(|price| price < 0.0)) {
        return Err(ApiError::field(path, "a price is not below zero"));
    }
    Ok((StatusCode::CREATED, Answer(gateway.models.add(&caller.principal, body).await?)))
}

/// Asks the model something short. A model that does not answer is a result, not an error.
#[utoipa::path(post, path = "/api/models/{name}/test", tag = "models", params(("name" = String, Path)), responses((status = 200, body = ModelTest)))]
async fn test(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<Answer<ModelTest>> {
    Ok(Answer(gateway.models.test(&caller.principal, &name).await?))
}

/// Uses the model when nothing else is asked for.
#[utoipa::path(put, path = "/api/models/{name}/default", tag = "models", params(("name" = String, Path)), responses((status = 200, body = Model)))]
async fn set_default(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<Answer<Model>> {
    Ok(Answer(gateway.models.set_default(&caller.principal, &name).await?))
}

/// Forgets a model and its key.
#[utoipa::path(delete, path = "/api/models/{name}", tag = "models", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<StatusCode> {
    gateway.models.remove(&caller.principal, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
