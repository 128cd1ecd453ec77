//! `/api/plugins/{publisher}/{name}/access`: who may use a plugin. Administrators say it; it holds from the next call on.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, Utc};
use octi_api::v1::plugin_access::{ForgetPluginAccess, PersonAccess, PluginAccess, SetPluginAccess};
use octi_domain::event::EventKind;
use octi_domain::ids::UserId;
use octi_domain::plugin_access::Whom;
use octi_domain::principal::Principal;
use octi_domain::session::User;
use octi_security::audit::{Deed, append};
use octi_store::{PluginGrant, Tx};

use super::{find, plugin_id};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Caller, Json, Path, Query};
use crate::state::Gateway;

/// Whoever changes it is an administrator; the rows belong to nobody.
const JOB: Principal = Principal::system("plugin-access");

/// Who may use a plugin.
#[utoipa::path(get, path = "/api/plugins/{publisher}/{name}/access", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), responses((status = 200, body = PluginAccess)))]
pub(super) async fn access(
    State(gateway): State<Gateway>,
    _caller: Admin,
    Path(id): Path<(String, String)>,
) -> ApiResult<Answer<PluginAccess>> {
    let plugin = find(&gateway, &plugin_id(&id))?.id;
    Ok(Answer(told(&mut gateway.store.read(&JOB).await?, plugin).await?))
}

/// Says whether a person may use a plugin, or everyone of whom nothing else is said. It holds from the next call on; calls that run
/// are finished.
#[utoipa::path(put, path = "/api/plugins/{publisher}/{name}/access", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), request_body = SetPluginAccess, responses((status = 200, body = PluginAccess)))]
pub(super) async fn set(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(id): Path<(String, String)>,
    Json(body): Json<SetPluginAccess>,
) -> ApiResult<Answer<PluginAccess>> {
    let plugin = find(&gateway, &plugin_id(&id))?.id;
    let mut tx = gateway.store.write(&JOB).await?;
    let user = named(&mut tx, body.user.as_deref()).await?;
    let grant = PluginGrant {
        plugin: plugin.clone(),
        whom: user.as_ref().map_or(Whom::Everyone, |user| Whom::Person(user.id)),
        allowed: body.allowed,
        set_at: gateway.ambient.now(),
    };
    tx.put_plugin_grant(&grant).await?;
    let who = user.as_ref().map(|user| user.username.as_str());
    let deed = Deed::PluginAccess { plugin: &plugin, user: who, allowed: Some(body.allowed) };
    changed(&gateway, &caller, tx, &plugin, &deed).await
}

/// Takes back what was said of a person, who is like everyone then; without a person, everything that was said of the plugin.
#[utoipa::path(delete, path = "/api/plugins/{publisher}/{name}/access", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path), ForgetPluginAccess), responses((status = 200, body = PluginAccess)))]
pub(super) async fn forget(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(id): Path<(String, String)>,
    Query(query): Query<ForgetPluginAccess>,
) -> ApiResult<Answer<PluginAccess>> {
    // Also of a plugin that is gone, of which there may still be grants.
    let plugin = plugin_id(&id);
    let mut tx = gateway.store.write(&JOB).await?;
    let user = named(&mut tx, query.user.as_deref()).await?;
    if !tx.delete_plugin_grants(&plugin, user.as_ref().map(|user| Whom::Person(user.id))).await? {
        return Err(ApiError::not_found("grant"));
    }
    let who = user.as_ref().map(|user| user.username.as_str());
    let deed = Deed::PluginAccess { plugin: &plugin, user: who, allowed: None };
    changed(&gateway, &caller, tx, &plugin, &deed).await
}

/// Saves, and tells every screen, so that lists of tools follow.
async fn changed(
    gateway: &Gateway,
    caller: &Caller,
    mut tx: Tx<'_>,
    plugin: &str,
    deed: &Deed<'_>,
) -> ApiResult<Answer<PluginAccess>> {
    append(&mut tx, &gateway.ambient, Some(caller.user_id), deed).await?;
    let told = told(&mut tx, plugin.to_owned()).await?;
    tx.save().await?;
    let change = "who may use it has changed".to_owned();
    gateway.bus.broadcast(&gateway.ambient, &EventKind::PluginsChanged { plugin: plugin.to_owned(), change });
    tracing::info!(plugin, user_id = %caller.user_id, "who may use a plugin has changed");
    Ok(Answer(told))
}

async fn named(tx: &mut Tx<'_>, name: Option<&str>) -> ApiResult<Option<User>> {
    let Some(name) = name else { return Ok(None) };
    match tx.user_by_name(name).await? {
        Some((user, _)) => Ok(Some(user)),
        None => {
            let name: String = name.chars().take(100).collect();
            Err(ApiError::field("user", format!("there is no person `{name}` on this host")))
        }
    }
}

async fn told(tx: &mut Tx<'_>, plugin: String) -> ApiResult<PluginAccess> {
    let access = tx.plugin_access().await?;
    let mut said: BTreeMap<UserId, DateTime<Utc>> = BTreeMap::new();
    for grant in tx.list_plugin_grants(Some(&plugin)).await? {
        if let Whom::Person(user) = grant.whom {
            said.insert(user, grant.set_at);
        }
    }
    let person = |user: User| PersonAccess {
        user_id: user.id.as_uuid(),
        allowed: access.allows(&plugin, Some(user.id)),
        set_at: said.get(&user.id).copied(),
        username: user.username,
    };
    let mut people: Vec<PersonAccess> = tx.list_users().await?.into_iter().filter(|user| user.is_active).map(person).collect();
    people.sort_by(|a, b| a.username.cmp(&b.username));
    Ok(PluginAccess { everyone: access.allows_everyone(&plugin), plugin, people })
}
