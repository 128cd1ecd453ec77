//! `/api/gateway`: who is connected, and what the gateway did.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::page::Page;
use octi_api::v1::gateway::{Connection, ConnectionCount, GatewayStatus};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Caller;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(connections)).routes(routes!(status))
}

/// Open connections, the oldest first: everybody's for an administrator, else the caller's own.
#[utoipa::path(get, path = "/api/gateway/connections", tag = "gateway", responses((status = 200, body = Page<Connection>)))]
async fn connections(State(gateway): State<Gateway>, caller: Caller) -> Answer<Page<Connection>> {
    Answer(Page::whole(visible(&gateway, &caller)))
}

/// What the gateway does now, and did since it started.
#[utoipa::path(get, path = "/api/gateway/status", tag = "gateway", responses((status = 200, body = GatewayStatus)))]
async fn status(State(gateway): State<Gateway>, caller: Caller) -> Answer<GatewayStatus> {
    let connections = visible(&gateway, &caller);
    let mut by_type: Vec<ConnectionCount> = Vec::new();
    for Connection { client_type, .. } in &connections {
        match by_type.iter_mut().find(|counted| counted.client_type == *client_type) {
            Some(counted) => counted.count += 1,
            None => by_type.push(ConnectionCount { client_type: *client_type, count: 1 }),
        }
    }
    let counts = caller.principal.is_admin().then(|| gateway.bus.counts());
    Answer(GatewayStatus {
        connections: connections.len(),
        by_type,
        events_published: counts.map(|counts| counts.published),
        events_dropped: counts.map(|counts| counts.dropped),
        sessions_kept: counts.map(|counts| counts.sessions_kept),
    })
}

/// The connections that the caller may see.
fn visible(gateway: &Gateway, caller: &Caller) -> Vec<Connection> {
    let of = if caller.principal.is_admin() { None } else { Some(caller.user_id) };
    gateway.shared().connections.list(of)
}
