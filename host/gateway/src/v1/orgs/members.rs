//! `/api/admin/orgs/{slug}/members`: who is in an organisation. It holds from the next call on.

use std::collections::HashMap;

use axum::Json as Answer;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::v1::orgs::{OrgDetails, OrgMember, SetOrgMember};
use octi_domain::ids::UserId;
use octi_domain::org;
use octi_domain::session::User;
use octi_security::audit::{Deed, append};
use octi_store::Tx;

use super::{JOB, concerned, find, tell};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Caller, Json, Path};
use crate::state::Gateway;

/// Lets a person be in an organisation, or gives them another role there.
#[utoipa::path(put, path = "/api/admin/orgs/{slug}/members/{username}", tag = "orgs", params(("slug" = String, Path), ("username" = String, Path)), request_body = SetOrgMember, responses((status = 200, body = OrgDetails)))]
pub(super) async fn set_member(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path((slug, username)): Path<(String, String)>,
    Json(body): Json<SetOrgMember>,
) -> ApiResult<Answer<OrgDetails>> {
    let mut tx = gateway.store.write(&JOB).await?;
    let (org, user) = (find(&mut tx, &slug).await?, person(&mut tx, &username).await?);
    let role = org::OrgRole::from(body.role);
    tx.put_org_member(&org::OrgMember { org_id: org.id, user_id: user.id, role, joined_at: gateway.ambient.now() }).await?;
    let deed = Deed::OrgMemberSet { org: &org.slug, user: &user.username, role: role.as_str() };
    changed(&gateway, &caller, tx, org.clone(), &deed).await
}

/// Takes a person out of an organisation.
#[utoipa::path(delete, path = "/api/admin/orgs/{slug}/members/{username}", tag = "orgs", params(("slug" = String, Path), ("username" = String, Path)), responses((status = 200, body = OrgDetails)))]
pub(super) async fn remove_member(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path((slug, username)): Path<(String, String)>,
) -> ApiResult<Answer<OrgDetails>> {
    let mut tx = gateway.store.write(&JOB).await?;
    let (org, user) = (find(&mut tx, &slug).await?, person(&mut tx, &username).await?);
    if !tx.delete_org_member(org.id, user.id).await? {
        return Err(ApiError::new(ErrorCode::NotFound, "this person is not in the organisation"));
    }
    let deed = Deed::OrgMemberRemoved { org: &org.slug, user: &user.username };
    changed(&gateway, &caller, tx, org.clone(), &deed).await
}

/// An organisation as clients see it: names in place of ids.
pub(super) async fn told(tx: &mut Tx<'_>, org: org::Org) -> ApiResult<OrgDetails> {
    let names: HashMap<UserId, String> = tx.list_users().await?.into_iter().map(|user| (user.id, user.username)).collect();
    let found = tx.list_org_members(org.id).await?.into_iter();
    let named = found.map(|member| OrgMember {
        user_id: member.user_id.into(),
        username: names.get(&member.user_id).cloned().unwrap_or_else(|| member.user_id.to_string()),
        role: member.role.into(),
        joined_at: member.joined_at,
    });
    let mut members: Vec<OrgMember> = named.collect();
    members.sort_by(|a, b| a.username.cmp(&b.username));
    Ok(OrgDetails { org: org.into(), members })
}

async fn changed(
    gateway: &Gateway,
    caller: &Caller,
    mut tx: Tx<'_>,
    org: org::Org,
    deed: &Deed<'_>,
) -> ApiResult<Answer<OrgDetails>> {
    append(&mut tx, &gateway.ambient, Some(caller.user_id), deed).await?;
    let plugins = concerned(&mut tx, org.id).await?;
    let told = told(&mut tx, org).await?;
    tx.save().await?;
    tell(gateway, plugins);
    Ok(Answer(told))
}

async fn person(tx: &mut Tx<'_>, name: &str) -> ApiResult<User> {
    match tx.user_by_name(name).await? {
        Some((user, _)) => Ok(user),
        None => Err(ApiError::new(ErrorCode::NotFound, "there is no such person on this host")),
    }
}
