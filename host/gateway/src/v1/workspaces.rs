//! `/api/me/workspaces`: the folders in which the caller's agents work.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::workspaces::{CreateWorkspace, PatchWorkspace, Workspace};
use octi_domain::event::{Event, EventKind, EventSink};
use octi_domain::ids::WorkspaceId;
use octi_domain::limits;
use octi_domain::workspace;
use octi_store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Id, Json};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, patch, delete)).routes(routes!(set_default))
}

/// The caller's workspaces, the default one first. There is always one.
#[utoipa::path(get, path = "/api/me/workspaces", tag = "workspaces", responses((status = 200, body = Page<Workspace>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Workspace>>> {
    gateway.agents.own_workspace(&caller.principal, None).await?;
    let found = gateway.store.read(&caller.principal).await?.list_workspaces(caller.user_id).await?;
    Ok(Answer(Page::whole(found.into_iter().map(Into::into).collect())))
}

/// Makes a workspace with an empty folder of its own.
#[utoipa::path(post, path = "/api/me/workspaces", tag = "workspaces", request_body = CreateWorkspace, responses((status = 201, body = Workspace)))]
async fn create(
    State(gateway): State<Gateway>,
    caller: Caller,
    Json(body): Json<CreateWorkspace>,
) -> ApiResult<(StatusCode, Answer<Workspace>)> {
    // The first one is the default, whose folder was there before there were several.
    gateway.agents.own_workspace(&caller.principal, None).await?;
    let (name, now) = (checked_name(&body.name)?, gateway.ambient.now());
    let slug = match body.slug {
        Some(slug) => checked_slug(slug)?,
        None => workspace::slug_of(&name).ok_or_else(|| {
            ApiError::field("slug", "no word can be made of the name: give one of small letters, digits and hyphens")
        })?,
    };
    let id: WorkspaceId = gateway.ambient.id();
    let made = workspace::Workspace {
        id,
        user_id: caller.user_id,
        slug,
        name,
        folder: id.to_string(),
        is_default: false,
        created_at: now,
        updated_at: now,
    };
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.insert_workspace(&made).await?;
    tx.save().await?;
    tell(&gateway, &caller, id);
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// One workspace.
#[utoipa::path(get, path = "/api/me/workspaces/{id}", tag = "workspaces", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Workspace)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<WorkspaceId>) -> ApiResult<Answer<Workspace>> {
    let mut tx = gateway.store.read(&caller.principal).await?;
    Ok(Answer(own(&mut tx, id).await?.into()))
}

/// Gives a workspace another name or word. Its files stay where they are.
#[utoipa::path(patch, path = "/api/me/workspaces/{id}", tag = "workspaces", params(("id" = uuid::Uuid, Path)), request_body = PatchWorkspace, responses((status = 200, body = Workspace)))]
async fn patch(
    State(gateway): State<Gateway>,
    caller: Caller,
    Id(id): Id<WorkspaceId>,
    Json(body): Json<PatchWorkspace>,
) -> ApiResult<Answer<Workspace>> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    let now = own(&mut tx, id).await?;
    let name = body.name.as_deref().map(checked_name).transpose()?.unwrap_or(now.name);
    let slug = body.slug.map(checked_slug).transpose()?.unwrap_or(now.slug);
    tx.rename_workspace(id, (&name, &slug), gateway.ambient.now()).await?;
    let renamed = own(&mut tx, id).await?;
    tx.save().await?;
    tell(&gateway, &caller, id);
    Ok(Answer(renamed.into()))
}

/// Lets conversations begin in that workspace. Those that are there stay where they are.
#[utoipa::path(put, path = "/api/me/workspaces/{id}/default", tag = "workspaces", params(("id" = uuid::Uuid, Path)), responses((status = 200, body = Workspace)))]
async fn set_default(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<WorkspaceId>) -> ApiResult<Answer<Workspace>> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    tx.make_default_workspace(id, gateway.ambient.now()).await?;
    let chosen = own(&mut tx, id).await?;
    tx.save().await?;
    tell(&gateway, &caller, id);
    Ok(Answer(chosen.into()))
}

/// Takes a workspace away. Its conversations go on in the default one; its folder stays on the host.
#[utoipa::path(delete, path = "/api/me/workspaces/{id}", tag = "workspaces", params(("id" = uuid::Uuid, Path)), responses((status = 204)))]
async fn delete(State(gateway): State<Gateway>, caller: Caller, Id(id): Id<WorkspaceId>) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&caller.principal).await?;
    if own(&mut tx, id).await?.is_default {
        let message = "conversations begin in the default workspace: make another one the default first";
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    tx.delete_workspace(id).await?;
    tx.save().await?;
    tell(&gateway, &caller, id);
    Ok(StatusCode::NO_CONTENT)
}

async fn own(tx: &mut Tx<'_>, id: WorkspaceId) -> ApiResult<workspace::Workspace> {
    tx.workspace(id).await?.ok_or_else(|| ApiError::not_found("workspace"))
}

/// What was said to be the workspace, by the caller here or for everything they ask: its id, or its word. What is not theirs
/// means their default one, as `-` does; none when nothing was said.
pub(crate) async fn chosen(gateway: &Gateway, caller: &Caller, said: Option<&str>) -> ApiResult<Option<WorkspaceId>> {
    let Some(said) = said.or(caller.workspace.as_deref()) else { return Ok(None) };
    let mut tx = gateway.store.read(&caller.principal).await?;
    let found = match said.parse::<WorkspaceId>() {
        Ok(id) => tx.workspace(id).await?,
        Err(_) => tx.find_workspace(caller.user_id, Some(said)).await?,
    };
    drop(tx);
    let own = gateway.agents.own_workspace(&caller.principal, found.map(|workspace| workspace.id)).await?;
    Ok(Some(own.id))
}

fn checked_name(name: &str) -> ApiResult<String> {
    super::checked_name(name, limits::WORKSPACE_NAME_CHARS_MAX)
}

fn checked_slug(slug: String) -> ApiResult<String> {
    if workspace::is_slug(&slug) {
        return Ok(slug);
    }
    let message = format!(
        "it has 1 to {} small letters, digits and hyphens, with a letter or digit at both ends, and is no id",
        limits::WORKSPACE_SLUG_CHARS_MAX
    );
    Err(ApiError::field("slug", message))
}

/// The other screens of the caller list it too.
fn tell(gateway: &Gateway, caller: &Caller, workspace: WorkspaceId) {
    let (id, at, kind) = (gateway.ambient.id(), gateway.ambient.now(), EventKind::WorkspacesChanged(workspace));
    gateway.bus.publish(Event { id, user_id: caller.user_id, session_id: None, at, kind });
}
