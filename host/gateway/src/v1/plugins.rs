//! `/api/plugins`: what is installed. Everybody may look; only administrators change what everybody runs.

pub(super) mod access;
mod health;
mod incident;
mod upload;

use axum::Json as Answer;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::plugins::{Plugin, PluginSource, PluginState};
use octi_domain::limits;
use octi_extension::registry::{self, PluginStatus, Source};
use octi_security::audit::Deed;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Caller, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    let files = DefaultBodyLimit::max(limits::PLUGIN_BYTES_MAX);
    OpenApiRouter::new()
        .routes(routes!(list, upload::install).layer(files))
        .routes(routes!(upload::inspect).layer(files))
        .routes(routes!(reload_all))
        .routes(routes!(health::all))
        .routes(routes!(get, remove))
        .routes(routes!(health::one))
        .routes(routes!(access::access, access::set, access::forget))
        .routes(routes!(reload))
        .routes(routes!(rollback))
}

/// Everything installed.
#[utoipa::path(get, path = "/api/plugins", tag = "plugins", responses((status = 200, body = Page<Plugin>)))]
async fn list(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Answer<Page<Plugin>>> {
    let access = gateway.store.plugin_access().await?;
    let mut page = installed(&gateway);
    for plugin in &mut page.items {
        plugin.may_use = access.allows(&plugin.id, Some(caller.user_id));
    }
    Ok(Answer(page))
}

/// One plugin.
#[utoipa::path(get, path = "/api/plugins/{publisher}/{name}", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 200, body = Plugin)))]
async fn get(State(gateway): State<Gateway>, caller: Caller, Path(id): Path<(String, String)>) -> ApiResult<Answer<Plugin>> {
    let id = plugin_id(&id);
    let may_use = gateway.store.plugin_access().await?.allows(&id, Some(caller.user_id));
    Ok(Answer(Plugin { may_use, ..known(&gateway, find(&gateway, &id)?) }))
}

/// Removes a plugin from the folder. One inside the binary stays.
#[utoipa::path(delete, path = "/api/plugins/{publisher}/{name}", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn remove(State(gateway): State<Gateway>, Admin(caller): Admin, Path(id): Path<(String, String)>) -> ApiResult<StatusCode> {
    let id = plugin_id(&id);
    gateway.plugins.remove(&id).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PluginRemoved { plugin: &id });
    tracing::info!(plugin = id, user_id = %caller.user_id, "plugin removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Reads one plugin's file again. Ends its quarantine, and tries the file again if it was rolled back.
#[utoipa::path(post, path = "/api/plugins/{publisher}/{name}/reload", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 200, body = Page<Plugin>)))]
async fn reload(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(id): Path<(String, String)>,
) -> ApiResult<Answer<Page<Plugin>>> {
    let id = plugin_id(&id);
    gateway.plugins.reload(Some(&id)).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PluginReloaded { plugin: Some(&id) });
    Ok(Answer(installed(&gateway)))
}

/// Runs the version again that ran before. The file in the folder is left alone until it changes.
#[utoipa::path(post, path = "/api/plugins/{publisher}/{name}/rollback", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 200, body = Plugin)))]
async fn rollback(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(id): Path<(String, String)>,
) -> ApiResult<Answer<Plugin>> {
    let plugin = gateway.plugins.rollback(&plugin_id(&id)).await?;
    let change = format!("rolled back to version {}", plugin.version);
    gateway.audit.note(Some(caller.user_id), &Deed::PluginRolledBack { plugin: &plugin.id, change: &change });
    tracing::info!(plugin = plugin.id, version = plugin.version, user_id = %caller.user_id, "plugin rolled back");
    Ok(Answer(plugin))
}

/// Reads every plugin's file again.
#[utoipa::path(post, path = "/api/plugins/reload", tag = "plugins", responses((status = 200, body = Page<Plugin>)))]
async fn reload_all(State(gateway): State<Gateway>, Admin(caller): Admin) -> ApiResult<Answer<Page<Plugin>>> {
    gateway.plugins.reload(None).await?;
    gateway.audit.note(Some(caller.user_id), &Deed::PluginReloaded { plugin: None });
    Ok(Answer(installed(&gateway)))
}

fn plugin_id((publisher, name): &(String, String)) -> String {
    format!("{publisher}/{name}")
}

fn find(gateway: &Gateway, id: &str) -> ApiResult<PluginStatus> {
    let plugin = gateway.registry.plugins().into_iter().find(|plugin| plugin.id == id);
    plugin.ok_or_else(|| ApiError::not_found("plugin"))
}

fn installed(gateway: &Gateway) -> Page<Plugin> {
    Page::whole(gateway.registry.plugins().into_iter().map(|plugin| known(gateway, plugin)).collect())
}

/// A plugin with where it came from.
fn known(gateway: &Gateway, plugin: PluginStatus) -> Plugin {
    let mut plugin = to_api(plugin);
    plugin.origin = gateway.registries.origin(&plugin.digest);
    plugin
}

/// A plugin as clients see it.
#[must_use]
pub fn to_api(plugin: PluginStatus) -> Plugin {
    let incident = plugin.incident.as_ref().map(|incident| incident::to_api(&plugin, incident));
    Plugin {
        id: plugin.id,
        version: plugin.version,
        description: plugin.description,
        source: match plugin.source {
            Source::Bundled => PluginSource::Bundled,
            Source::Folder => PluginSource::Folder,
            Source::Extism => PluginSource::Extism,
        },
        digest: plugin.digest,
        bytes: plugin.bytes,
        state: state(plugin.state),
        generation: plugin.generation,
        previous: plugin.previous,
        tools: plugin.tools,
        role: plugin.role,
        skill: plugin.skill,
        capabilities: plugin.capabilities,
        problem: plugin.problem,
        incident,
        compiled_ms: plugin.compiled_in.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
        may_use: true,
        origin: None,
    }
}

const fn state(state: registry::PluginState) -> PluginState {
    match state {
        registry::PluginState::Running => PluginState::Running,
        registry::PluginState::Quarantined => PluginState::Quarantined,
        registry::PluginState::RolledBack => PluginState::RolledBack,
        registry::PluginState::Broken => PluginState::Broken,
    }
}
