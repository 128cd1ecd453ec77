//! `/api/plugins/{publisher}/{name}/access`: who may use a plugin. Administrators say it; it holds from the next call on.

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use chrono::{DateTime, Utc};
use octi_api::v1::plugin_access::{ForgetPluginAccess, OrgAccess, PersonAccess, PluginAccess, SetPluginAccess};
use octi_domain::event::EventKind;
use octi_domain::ids::{OrgId, UserId};
use octi_domain::org::Org;
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

/// Says whether a person may use a plugin, or the people of an organisation, or everyone of whom nothing else is said. It holds from
/// the next call on; calls that run are finished.
#[utoipa::path(put, path = "/api/plugins/{publisher}/{name}/access", tag = "plugins", params(("publisher" = String, Path), ("name" = String, Path)), request_body = SetPluginAccess, responses((status = 200, body = PluginAccess)))]
pub(super) async fn set(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(id): Path<(String, String)>,
    Json(body): Json<SetPluginAccess>,
) -> ApiResult<Answer<PluginAccess>> {
    let plugin = find(&gateway, &plugin_id(&id))?.id;
    let mut tx = gateway.store.write(&JOB).await?;
    let named = named(&mut tx, body.user.as_deref(), body.org.as_deref()).await?;
    let (allowed, set_at) = (body.allowed, gateway.ambient.now());
    tx.put_plugin_grant(&PluginGrant { plugin: plugin.clone(), whom: named.whom(), allowed, set_at }).await?;
    changed(&gateway, &caller, tx, &plugin, &named.deed(&plugin, Some(allowed))).await
}

/// Takes back what was said of a person or an organisation, who are like the others then; without one, everything that was said of the
/// plugin.
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
    let named = named(&mut tx, query.user.as_deref(), query.org.as_deref()).await?;
    let whom = Some(named.whom()).filter(|whom| *whom != Whom::Everyone);
    if !tx.delete_plugin_grants(&plugin, whom).await? {
        return Err(ApiError::not_found("grant"));
    }
    changed(&gateway, &caller, tx, &plugin, &named.deed(&plugin, None)).await
}

/// Saves, and tells of it.
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
    tell(gateway, plugin.to_owned());
    tracing::info!(plugin, user_id = %caller.user_id, "who may use a plugin has changed");
    Ok(Answer(told))
}

/// Tells every screen, so that lists of tools follow.
pub(in crate::v1) fn tell(gateway: &Gateway, plugin: String) {
    let change = "who may use it has changed".to_owned();
    gateway.bus.broadcast(&gateway.ambient, &EventKind::PluginsChanged { plugin, change });
}

/// Of whom a request speaks.
enum Named {
    Everyone,
    Person(User),
    Org(Org),
}

impl Named {
    const fn whom(&self) -> Whom {
        match self {
            Self::Everyone => Whom::Everyone,
            Self::Person(user) => Whom::Person(user.id),
            Self::Org(org) => Whom::Org(org.id),
        }
    }

    fn deed<'a>(&'a self, plugin: &'a str, allowed: Option<bool>) -> Deed<'a> {
        let (user, org) = match self {
            Self::Everyone => (None, None),
            Self::Person(user) => (Some(user.username.as_str()), None),
            Self::Org(org) => (None, Some(org.slug.as_str())),
        };
        Deed::PluginAccess { plugin, user, org, allowed }
    }
}

async fn named(tx: &mut Tx<'_>, user: Option<&str>, org: Option<&str>) -> ApiResult<Named> {
    let short = |name: &str| name.chars().take(100).collect::<String>();
    match (user, org) {
        (None, None) => Ok(Named::Everyone),
        (Some(_), Some(_)) => Err(ApiError::field("org", "name a person or an organisation, not both")),
        (Some(name), None) => match tx.user_by_name(name).await? {
            Some((user, _)) => Ok(Named::Person(user)),
            None => Err(ApiError::field("user", format!("there is no person `{}` on this host", short(name)))),
        },
        (None, Some(slug)) => match tx.org_by_slug(slug).await? {
            Some(org) => Ok(Named::Org(org)),
            None => Err(ApiError::field("org", format!("there is no organisation `{}` on this host", short(slug)))),
        },
    }
}

async fn told(tx: &mut Tx<'_>, plugin: String) -> ApiResult<PluginAccess> {
    let access = tx.plugin_access().await?;
    let mut people_said: BTreeMap<UserId, DateTime<Utc>> = BTreeMap::new();
    let mut orgs_said: BTreeMap<OrgId, DateTime<Utc>> = BTreeMap::new();
    for grant in tx.list_plugin_grants(Some(&plugin)).await? {
        match grant.whom {
            Whom::Everyone => {}
            Whom::Person(user) => drop(people_said.insert(user, grant.set_at)),
            Whom::Org(org) => drop(orgs_said.insert(org, grant.set_at)),
        }
    }
    let everyone = access.allows_everyone(&plugin);
    let orgs = tx.list_orgs().await?;
    let through = |user: &User| {
        let deciding = access.deciding_org(&plugin, user.id)?;
        orgs.iter().find(|org| org.id == deciding).map(|org| org.slug.clone())
    };
    let person = |user: User| PersonAccess {
        user_id: user.id.as_uuid(),
        allowed: access.allows(&plugin, Some(user.id)),
        set_at: people_said.get(&user.id).copied(),
        through: through(&user),
        username: user.username,
    };
    let mut people: Vec<PersonAccess> = tx.list_users().await?.into_iter().filter(|user| user.is_active).map(person).collect();
    people.sort_by(|a, b| a.username.cmp(&b.username));
    let org = |org: &Org| OrgAccess {
        org_id: org.id.as_uuid(),
        slug: org.slug.clone(),
        name: org.name.clone(),
        allowed: access.said_of_org(&plugin, org.id).unwrap_or(everyone),
        set_at: orgs_said.get(&org.id).copied(),
    };
    let orgs = orgs.iter().map(org).collect();
    Ok(PluginAccess { everyone, plugin, orgs, people })
}
