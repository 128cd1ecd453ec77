//! `/api/tools/permissions`.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::permissions::{Rule, RuleQuery, SetRule};
use octi_domain::ids::{RuleId, SessionId};
use octi_domain::permission;
use octi_security::audit::{self, Deed};
use octi_security::permissions::RulePattern;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json, Query};
use crate::state::Gateway;
use crate::v1::sessions;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list_rules, set_rule)).routes(routes!(delete_rule))
}

/// The person's rules that hold everywhere, and those of a session when one is named.
#[utoipa::path(get, path = "/api/tools/permissions", tag = "permissions", params(RuleQuery), responses((status = 200, body = Page<Rule>)))]
async fn list_rules(
    State(gateway): State<Gateway>,
    caller: Caller,
    Query(query): Query<RuleQuery>,
) -> ApiResult<Answer<Page<Rule>>> {
    let rules = gateway.store.read(&caller.principal).await?.list_rules(query.session_id.map(Into::into)).await?;
    Ok(Answer(Page::whole(rules.into_iter().map(Into::into).collect())))
}

/// Sets a rule. The same rule with another level is replaced.
#[utoipa::path(put, path = "/api/tools/permissions", tag = "permissions", request_body = SetRule, responses((status = 200, body = Rule)))]
async fn set_rule(State(gateway): State<Gateway>, caller: Caller, Json(body): Json<SetRule>) -> ApiResult<Answer<Rule>> {
    let text = body.rule.trim();
    text.parse::<RulePattern>().map_err(|error| ApiError::field("rule", error.to_string()))?;
    let session_id: Option<SessionId> = body.session_id.map(Into::into);
    let rule = permission::Rule {
        id: gateway.ambient.id(),
        user_id: caller.user_id,
        text: text.to_owned(),
        level: body.level.into(),
        session_id,
        created_at: gateway.ambient.now(),
    };
    let mut tx = gateway.store.write(&caller.principal).await?;
    if let Some(session_id) = session_id {
        sessions::own(&mut tx, session_id).await?;
    }
    for old in tx.list_rules(session_id).await? {
        if old.text == rule.text && old.session_id == session_id {
            tx.delete_rule(old.id).await?;
        }
    }
    tx.insert_rule(&rule).await?;
    let set = Deed::RuleSet { rule: rule.id, text: &rule.text, level: rule.level, session: session_id };
    audit::append(&mut tx, &gateway.ambient, Some(caller.user_id), &set).await?;
    tx.save().await?;
    tracing::info!(user_id = %caller.user_id, level = rule.level.as_str(), "permission rule set");
    Ok(Answer(rule.into()))
}

/// Takes a rule back.
#[utoipa::path(delete, path = "/api/tools/permissions/{id}", tag = "permissions", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn delete_rule(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<RuleId>) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    if !tx.delete_rule(id).await? {
        return Err(ApiError::not_found("rule"));
    }
    audit::append(&mut tx, &gateway.ambient, Some(caller.user_id), &Deed::RuleRemoved { rule: id }).await?;
    tx.save().await?;
    Ok(StatusCode::NO_CONTENT)
}
