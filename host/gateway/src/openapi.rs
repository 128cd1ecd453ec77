//! The OpenAPI document, made from the routes themselves.

use std::sync::OnceLock;

use axum::Json;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use octi_api::error::ErrorBody;
use octi_api::frames::{ClientFrame, ServerFrame};
use octi_api::openai::error::OpenAiError;
use octi_domain::limits;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, Required, ResponseBuilder};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::etag;
use crate::middleware::once;
use crate::state::Gateway;
use crate::{openai, router};

#[derive(OpenApi)]
#[openapi(
    info(title = "octi", description = "The REST API of octi. The WebSocket at `/gateway` speaks `ClientFrame` and `ServerFrame`. With `?workspace=` and the id or word of a workspace, its commands without a session work there, and so do conversations whose first message comes over it."),
    components(schemas(ErrorBody, OpenAiError, ClientFrame, ServerFrame)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Frame;

/// How a caller says who they are.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// The document without routes.
pub(crate) fn frame() -> Document {
    Frame::openapi()
}

/// The whole document.
#[must_use]
pub fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = router::documented().into_openapi();
        for (path, item) in &mut document.paths.paths {
            let envelope = if path.starts_with(openai::PREFIX) { "OpenAiError" } else { "ErrorBody" };
            for operation in operations(item) {
                add_error(operation, envelope);
                add_tag_to_id(operation);
            }
            if let Some(post) = item.post.as_mut().filter(|_| once::ROUTES.iter().any(|(route, _)| route == path)) {
                add_key(post);
            }
        }
        document
    })
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Every route answers every error with the one envelope of its API.
fn add_error(operation: &mut Operation, envelope: &str) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(envelope))).build();
    let response = ResponseBuilder::new().description("An error").content("application/json", content).build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}

/// `list` of sessions and `list` of agents are two operations: the id is the handler's name under its tag.
fn add_tag_to_id(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(tag), Some(id)) = (tag, &operation.operation_id) {
        operation.operation_id = Some(format!("{tag}_{}", id.trim_end_matches('_')));
    }
}

/// A request that may be sent again without a second effect.
fn add_key(operation: &mut Operation) {
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Sent again with the same key within a day, the request has its effect once and gets the same answer."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(limits::IDEMPOTENCY_KEY_BYTES_MAX))))
        .build();
    operation.parameters.get_or_insert_default().push(parameter.into());
}

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "meta", security(()), responses((status = 200, description = "The OpenAPI document")))]
async fn openapi(asked: HeaderMap) -> Response {
    static TAG: OnceLock<HeaderValue> = OnceLock::new();
    let tag = TAG.get_or_init(|| etag::of(&serde_json::to_vec(document()).unwrap_or_default()));
    if etag::is_known(&asked, tag) {
        return etag::not_modified(tag.clone());
    }
    ([(ETAG, tag.clone()), (CACHE_CONTROL, HeaderValue::from_static("no-cache"))], Json(document())).into_response()
}
