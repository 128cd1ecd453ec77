//! `/api/admin/orgs`: organisations, so that something can be said of several people together. For administrators only.

mod members;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::orgs::{CreateOrg, Org, OrgDetails};
use octi_domain::ids::OrgId;
use octi_domain::limits;
use octi_domain::org;
use octi_domain::plugin_access::Whom;
use octi_domain::principal::Principal;
use octi_domain::workspace;
use octi_security::audit::{Deed, append};
use octi_store::Tx;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Json, Path};
use crate::state::Gateway;
use crate::v1::plugins::access;

/// Whoever changes one is an administrator; the rows belong to nobody.
const JOB: Principal = Principal::system("orgs");

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, delete))
        .routes(routes!(members::set_member, members::remove_member))
}

/// Every organisation, by its word.
#[utoipa::path(get, path = "/api/admin/orgs", tag = "orgs", responses((status = 200, body = Page<Org>)))]
async fn list(State(gateway): State<Gateway>, _admin: Admin) -> ApiResult<Answer<Page<Org>>> {
    let found = gateway.store.read(&JOB).await?.list_orgs().await?;
    Ok(Answer(Page::whole(found.into_iter().map(Into::into).collect())))
}

/// Makes an organisation, with nobody in it.
#[utoipa::path(post, path = "/api/admin/orgs", tag = "orgs", request_body = CreateOrg, responses((status = 201, body = Org)))]
async fn create(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Json(body): Json<CreateOrg>,
) -> ApiResult<(StatusCode, Answer<Org>)> {
    let name = super::checked_name(&body.name, limits::ORG_NAME_CHARS_MAX)?;
    let slug = body.slug.or_else(|| workspace::slug_of(&name)).filter(|slug| org::is_slug(slug)).ok_or_else(|| {
        let max = limits::ORG_SLUG_CHARS_MAX;
        let message = format!(
            "give a word of 1 to {max} small letters, digits and hyphens, with a letter or digit at both ends, and no id"
        );
        ApiError::field("slug", message)
    })?;
    let (id, created_at) = (gateway.ambient.id(), gateway.ambient.now());
    let made = org::Org { id, slug, name, created_by: caller.user_id, created_at };
    let mut tx = gateway.store.write(&JOB).await?;
    tx.insert_org(&made).await?;
    append(&mut tx, &gateway.ambient, Some(caller.user_id), &Deed::OrgCreated { org: &made.slug }).await?;
    tx.save().await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// One organisation, with who is in it.
#[utoipa::path(get, path = "/api/admin/orgs/{slug}", tag = "orgs", params(("slug" = String, Path)), responses((status = 200, body = OrgDetails)))]
async fn get(State(gateway): State<Gateway>, _admin: Admin, Path(slug): Path<String>) -> ApiResult<Answer<OrgDetails>> {
    let mut tx = gateway.store.read(&JOB).await?;
    let org = find(&mut tx, &slug).await?;
    Ok(Answer(members::told(&mut tx, org).await?))
}

/// Takes an organisation away, and with it what was said of it: whoever was in it is like everyone then, or as it was said of them.
#[utoipa::path(delete, path = "/api/admin/orgs/{slug}", tag = "orgs", params(("slug" = String, Path)), responses((status = 204)))]
async fn delete(State(gateway): State<Gateway>, Admin(caller): Admin, Path(slug): Path<String>) -> ApiResult<StatusCode> {
    let mut tx = gateway.store.write(&JOB).await?;
    let org = find(&mut tx, &slug).await?;
    let plugins = concerned(&mut tx, org.id).await?;
    tx.delete_org(org.id).await?;
    append(&mut tx, &gateway.ambient, Some(caller.user_id), &Deed::OrgDeleted { org: &org.slug }).await?;
    tx.save().await?;
    tell(&gateway, plugins);
    Ok(StatusCode::NO_CONTENT)
}

async fn find(tx: &mut Tx<'_>, slug: &str) -> ApiResult<org::Org> {
    tx.org_by_slug(slug).await?.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "there is no such organisation on this host"))
}

/// The plugins of which something is said for that organisation.
async fn concerned(tx: &mut Tx<'_>, org: OrgId) -> ApiResult<Vec<String>> {
    let grants = tx.list_plugin_grants(None).await?;
    Ok(grants.into_iter().filter(|grant| grant.whom == Whom::Org(org)).map(|grant| grant.plugin).collect())
}

fn tell(gateway: &Gateway, plugins: Vec<String>) {
    plugins.into_iter().for_each(|plugin| access::tell(gateway, plugin));
}
