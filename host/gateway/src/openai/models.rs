//! `/v1/models`: the person's models, the built-in one included.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::openai::models::{ModelList, ModelObject};
use octi_api::v1::models::Model;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::MODEL_NOT_FOUND;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list_models)).routes(routes!(get_model))
}

/// The person's models, for clients of OpenAI's API.
#[utoipa::path(get, path = "/v1/models", tag = "openai", responses((status = 200, body = ModelList)))]
async fn list_models(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<ModelList>> {
    let models = gateway.models.list(&caller.principal).await?;
    Ok(Answer(ModelList { object: "list".to_owned(), data: models.into_iter().map(to_openai).collect() }))
}

/// One of the person's models, for clients of OpenAI's API.
#[utoipa::path(get, path = "/v1/models/{model}", tag = "openai", params(("model" = String, Path)), responses((status = 200, body = ModelObject)))]
async fn get_model(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<Answer<ModelObject>> {
    let models = gateway.models.list(&caller.principal).await?;
    let model = models.into_iter().find(|model| model.name == name).ok_or_else(|| no_model(&name))?;
    Ok(Answer(to_openai(model)))
}

fn to_openai(model: Model) -> ModelObject {
    ModelObject { id: model.name, object: "model".to_owned(), created: 0, owned_by: model.provider }
}

/// The person has no model of that name.
pub(super) fn no_model(name: &str) -> ApiError {
    let message = format!("there is no model `{name}`: `GET /v1/models` lists yours, `octi model add` adds one");
    ApiError::new(ErrorCode::NotFound, message).with_foreign_code(MODEL_NOT_FOUND)
}
