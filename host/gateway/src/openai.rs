//! `/v1`: octi as a model server for any client of OpenAI's API. The models are the ones the person set up, the key is an
//! API token of octi. Nothing is kept of a conversation but what it cost.

mod ask;
mod calls;
mod chat;
mod embeddings;
pub(crate) mod error;
mod models;
mod pump;
mod responses;
mod sse;
mod stops;

use utoipa_axum::router::OpenApiRouter;

pub(crate) use calls::Calls;

use crate::state::Gateway;

/// What every path of these routes begins with.
pub(crate) const PREFIX: &str = "/v1/";

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().merge(models::routes()).merge(chat::routes()).merge(responses::routes()).merge(embeddings::routes())
}
