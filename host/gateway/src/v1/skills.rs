//! `/api/skills`: the skills there are, their texts, and each person's own choice among them.

use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::v1::skills::{Skill, SkillProblem, SkillText, Skills, SwitchSkill};
use octi_domain::text::clean;
use octi_extension::skill::{self, SkillSource};
use octi_store::PersonSkill;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, switch))
}

/// Every skill with the person's choice and how often their turns were given it; administrators also see the files that are no
/// skills, and why.
#[utoipa::path(get, path = "/api/skills", tag = "skills", responses((status = 200, body = Skills)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Skills>> {
    let kept = kept(&gateway, &caller).await?;
    let snapshot = gateway.registry.snapshot();
    let of = |name: &str| kept.iter().find(|kept| kept.skill == name);
    let access = gateway.store.plugin_access().await?;
    let granted = |skill: &&Arc<dyn skill::Skill>| match skill.source() {
        SkillSource::Plugin { id, .. } => access.allows(id, Some(caller.user_id)),
        SkillSource::Folder { .. } => true,
    };
    let items = snapshot.skills.values().filter(granted).map(|skill| to_api(skill.as_ref(), of(&skill.spec().name))).collect();
    let problems = if caller.principal.is_admin() { gateway.registry.skill_problems() } else { Vec::new() };
    let problem = |found: skill::SkillProblem| SkillProblem { path: found.path, line: found.line, problem: found.problem };
    Ok(Answer(Skills { items, problems: problems.into_iter().map(problem).collect() }))
}

/// A skill with its text, as models are shown it.
#[utoipa::path(get, path = "/api/skills/{name}", tag = "skills", params(("name" = String, Path)), responses((status = 200, body = SkillText)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Path(name): Path<String>) -> ApiResult<Answer<SkillText>> {
    let skill = find(&gateway, &name)?;
    let text = skill.text("").await.map_err(|error| {
        let (code, what) = (ErrorCode::Unavailable, format!("the skill `{name}` could not give its text: {error}"));
        ApiError::new(code, what)
    })?;
    let kept = kept(&gateway, &caller).await?.into_iter().find(|kept| kept.skill == name);
    Ok(Answer(SkillText { skill: to_api(skill.as_ref(), kept.as_ref()), text: clean(&text) }))
}

/// Switches a skill on or off for the person's own turns.
#[utoipa::path(put, path = "/api/skills/{name}", tag = "skills", params(("name" = String, Path)), request_body = SwitchSkill, responses((status = 200, body = Skill)))]
async fn switch(
    State(gateway): State<Gateway>,
    caller: Caller,
    Path(name): Path<String>,
    Json(body): Json<SwitchSkill>,
) -> ApiResult<Answer<Skill>> {
    let skill = find(&gateway, &name)?;
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.switch_skill(&name, !body.enabled).await?;
    tx.save().await?;
    let kept = kept(&gateway, &caller).await?.into_iter().find(|kept| kept.skill == name);
    Ok(Answer(to_api(skill.as_ref(), kept.as_ref())))
}

fn find(gateway: &Gateway, name: &str) -> ApiResult<Arc<dyn skill::Skill>> {
    gateway.registry.snapshot().skills.get(name).cloned().ok_or_else(|| ApiError::not_found("skill"))
}

async fn kept(gateway: &Gateway, caller: &Caller) -> ApiResult<Vec<PersonSkill>> {
    Ok(gateway.store.read(&caller.principal).await?.person_skills().await?)
}

fn to_api(skill: &dyn skill::Skill, kept: Option<&PersonSkill>) -> Skill {
    let spec = skill.spec();
    let (plugin, version, path) = match skill.source().clone() {
        SkillSource::Plugin { id, version } => (Some(id), Some(version), None),
        SkillSource::Folder { path } => (None, None, Some(path)),
    };
    Skill {
        name: spec.name.clone(),
        description: spec.description.clone(),
        plugin,
        version,
        path,
        license: skill.license().map(str::to_owned),
        triggers: spec.triggers.clone(),
        always: spec.always,
        dynamic: spec.dynamic,
        topics: spec.topics.clone(),
        roles: spec.roles.clone(),
        allowed_tools: spec.allowed_tools.clone(),
        enabled: kept.is_none_or(|kept| !kept.is_off),
        uses: kept.map_or(0, |kept| kept.uses),
        used_at: kept.and_then(|kept| kept.used_at),
    }
}
