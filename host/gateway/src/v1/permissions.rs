//! `/api/tools/permissions`: standing rules; `/api/permission-requests`: open questions.

mod requests;
mod rules;

use octi_api::v1::permissions::PermissionRequest;
use utoipa_axum::router::OpenApiRouter;

use crate::error::ApiResult;
use crate::extract::Caller;
use crate::state::Gateway;

pub(crate) use requests::answer;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    rules::routes().merge(requests::routes())
}

/// Questions of the caller that still wait for an answer.
pub(crate) async fn pending(gateway: &Gateway, caller: &Caller) -> ApiResult<Vec<PermissionRequest>> {
    let now = gateway.ambient.now();
    let requests = gateway.store.read(&caller.principal).await?.pending_requests().await?;
    Ok(requests.into_iter().filter(|request| request.expires_at > now).map(Into::into).collect())
}
