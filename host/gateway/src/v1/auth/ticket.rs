//! `POST /api/auth/ws-ticket`.

use axum::Json;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::v1::auth::WsTicket;
use octi_domain::limits;
use octi_security::auth::random_word;

use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

/// A word that opens one WebSocket within a minute, for pages that cannot read their cookie.
#[utoipa::path(post, path = "/api/auth/ws-ticket", tag = "auth", responses((status = 200, body = WsTicket)))]
pub(super) async fn ws_ticket(State(gateway): State<Gateway>, caller: Caller) -> ApiResult<Json<WsTicket>> {
    let ticket = random_word(&gateway.ambient);
    let kept = gateway.shared().tickets.keep(ticket.clone(), caller.user_id, caller.credential, gateway.ambient.now());
    let Some(expires_at) = kept else {
        let message = "too many tickets wait to be used; open a WebSocket with one of them, or wait a minute";
        let wait = limits::WS_TICKET_SECONDS.unsigned_abs();
        return Err(ApiError::new(ErrorCode::TooMany, message).with_retry_after(wait));
    };
    Ok(Json(WsTicket { ticket, expires_at }))
}
