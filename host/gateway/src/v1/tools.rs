//! `/api/tools`: what agents can do, and doing it by hand.

mod execute;

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::tools::Tool;
use octi_extension::manifest::Effect;
use octi_extension::tool::ToolSpec;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::Caller;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(execute::execute))
}

/// Every operation of every tool that the person may use.
#[utoipa::path(get, path = "/api/tools", tag = "tools", responses((status = 200, body = Page<Tool>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Tool>>> {
    let access = gateway.store.plugin_access().await?;
    let granted = |spec: &&ToolSpec| access.allows(&spec.plugin, Some(caller.user_id));
    let snapshot = gateway.registry.snapshot();
    Ok(Answer(Page::whole(snapshot.tools.values().map(|tool| tool.spec()).filter(granted).map(to_api).collect())))
}

fn to_api(spec: &ToolSpec) -> Tool {
    Tool {
        name: spec.name.clone(),
        tool: spec.tool.clone(),
        operation: spec.operation.clone(),
        plugin: spec.plugin.clone(),
        plugin_version: spec.plugin_version.clone(),
        description: spec.description.clone(),
        input_schema: spec.input_schema.clone(),
        permission: spec.permission.into(),
        effects: spec.effects.iter().copied().map(effect).map(str::to_owned).collect(),
    }
}

const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "write",
        Effect::Network => "network",
        Effect::Secret => "secret",
        Effect::Process => "process",
        Effect::Money => "money",
    }
}
