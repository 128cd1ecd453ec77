//! `/health` and `/api/health`.

use axum::Json;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::v1::health::{Health, HealthDetailed, HealthPart, HealthStatus};
use octi_api::v1::plugin_offers::PluginRegistry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(health))
        .routes(routes!(live))
        .routes(routes!(ready))
        .routes(routes!(detailed))
}

/// Whether the process answers, and which version it is.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses((status = 200, body = Health)))]
async fn root(State(gateway): State<Gateway>) -> Json<Health> {
    Json(up(&gateway))
}

/// The same under the API's prefix.
#[utoipa::path(get, path = "/api/health", tag = "health", security(()), responses((status = 200, body = Health)))]
async fn health(State(gateway): State<Gateway>) -> Json<Health> {
    Json(up(&gateway))
}

/// Whether the process should be left running.
#[utoipa::path(get, path = "/api/health/live", tag = "health", security(()), responses((status = 200, body = Health)))]
async fn live(State(gateway): State<Gateway>) -> Json<Health> {
    Json(up(&gateway))
}

/// Whether requests should be sent here: 503 while the database is down or the host is going away.
#[utoipa::path(get, path = "/api/health/ready", tag = "health", security(()), responses((status = 200, body = Health)))]
async fn ready(State(gateway): State<Gateway>) -> ApiResult<Json<Health>> {
    if gateway.shared().draining.is_cancelled() {
        return Err(ApiError::new(ErrorCode::Unavailable, "the host is shutting down"));
    }
    if let Err(error) = gateway.store.ping().await {
        let log = Some(error.detail().unwrap_or_else(|| error.to_string()));
        return Err(ApiError::new(ErrorCode::Unavailable, "the database does not answer").with_log(log));
    }
    Ok(Json(up(&gateway)))
}

/// The state of every part.
#[utoipa::path(get, path = "/api/health/detailed", tag = "health", responses((status = 200, body = HealthDetailed)))]
async fn detailed(State(gateway): State<Gateway>, _caller: Caller) -> Json<HealthDetailed> {
    let parts = vec![database(&gateway).await, plugins(&gateway), registries(&gateway), sockets(&gateway)];
    let worst = if parts.iter().all(|part| part.status == HealthStatus::Ok) { HealthStatus::Ok } else { HealthStatus::Degraded };
    Json(HealthDetailed {
        status: worst,
        version: gateway.version.clone(),
        build: gateway.build.clone(),
        server_time: gateway.ambient.now(),
        uptime_seconds: gateway.shared().started.elapsed().as_secs(),
        parts,
    })
}

fn up(gateway: &Gateway) -> Health {
    Health { status: HealthStatus::Ok, version: gateway.version.clone() }
}

async fn database(gateway: &Gateway) -> HealthPart {
    let (status, detail) = match gateway.store.ping().await {
        Ok(()) => (HealthStatus::Ok, format!("{:?} answers", gateway.store.backend())),
        Err(error) => (HealthStatus::Down, error.to_string()),
    };
    HealthPart { name: "database".to_owned(), status, detail }
}

fn plugins(gateway: &Gateway) -> HealthPart {
    let plugins = gateway.registry.plugins();
    let broken: Vec<&str> = plugins.iter().filter(|plugin| plugin.problem.is_some()).map(|plugin| plugin.id.as_str()).collect();
    let (status, detail) = if broken.is_empty() {
        (HealthStatus::Ok, format!("{} plugins", plugins.len()))
    } else {
        (HealthStatus::Degraded, format!("{} does not run as it should; see `octi plugin list`", broken.join(", ")))
    };
    HealthPart { name: "plugins".to_owned(), status, detail }
}

/// Whether this host knows what was revoked.
fn registries(gateway: &Gateway) -> HealthPart {
    let (registries, now) = (gateway.registries.status(), gateway.ambient.now());
    let is_stale =
        |registry: &&PluginRegistry| registry.problem.is_some() || registry.fresh_until.is_some_and(|until| until <= now);
    let stale: Vec<&str> = registries.iter().filter(is_stale).map(|registry| registry.name.as_str()).collect();
    let (status, detail) = if stale.is_empty() {
        (HealthStatus::Ok, format!("{} registries", registries.len()))
    } else {
        let names = stale.join(", ");
        (HealthStatus::Degraded, format!("what {names} revoked since is not known; see `octi plugin registries`"))
    };
    HealthPart { name: "registries".to_owned(), status, detail }
}

fn sockets(gateway: &Gateway) -> HealthPart {
    let detail = format!("{} open", gateway.shared().connections.count());
    HealthPart { name: "sockets".to_owned(), status: HealthStatus::Ok, detail }
}
