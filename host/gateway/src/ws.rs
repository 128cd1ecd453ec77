//! The WebSocket at `/gateway`.
//!
//! A connection is connecting until it is upgraded, then authenticating for at most five seconds, then active; when the
//! host goes away it is draining: it gets what waits for it and is closed.

mod commands;
mod connection;
pub(crate) mod connections;
mod frames;
mod link;
mod presence;
mod rates;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use octi_api::error::ErrorCode;
use octi_domain::limits;
use serde::Deserialize;

use crate::error::{ApiError, ApiResult};
use crate::extract::Query;
use crate::origin::Origin;
use crate::state::Gateway;

/// Bytes that are read at once. Each connection keeps a buffer of that size and clears it before every read, and clients say
/// little; a longer frame is read in pieces.
const READ_BYTES: usize = 4 * 1024;

/// What the address of a connection says.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    /// Id or word of the workspace in which its commands work and its conversations begin; `-` for the default one.
    workspace: Option<String>,
}

/// Lets a connection in. Frames a little over the limit are still read, so that the goodbye can say why.
pub(crate) async fn upgrade(
    State(gateway): State<Gateway>,
    origin: Origin,
    Query(query): Query<Place>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> ApiResult<Response> {
    let upgrade = upgrade.map_err(|error| ApiError::new(ErrorCode::Refused, format!("this route is a WebSocket: {error}")))?;
    let Some(arrival) = gateway.arrive(origin.address) else {
        let message = "too many connections from this address have not signed in yet; sign in on those or close them";
        return Err(ApiError::new(ErrorCode::TooMany, message));
    };
    let tracked = gateway.shared().sockets.token();
    let upgrade = upgrade.max_message_size(4 * limits::WS_FRAME_BYTES_MAX).max_frame_size(4 * limits::WS_FRAME_BYTES_MAX);
    Ok(upgrade.read_buffer_size(READ_BYTES).on_upgrade(async move |socket| {
        connection::run(gateway, socket, origin.socket_addr(), arrival, query.workspace).await;
        drop(tracked);
    }))
}
