//! `/mcp`: octi for programs that speak the Model Context Protocol. The server is `octi_mcp`; here it gets its callers, the
//! host behind it and its place among the routes.

mod chat;
mod files;
mod host;
mod operations;
mod schema;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use octi_api::error::ErrorCode;
use octi_mcp::server::Server;

pub(crate) use host::McpHost;

use crate::credential::Credential;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Checked};
use crate::middleware::envelope::Said;
use crate::origin::Origin;
use crate::state::Gateway;
use axum::extract::FromRequestParts;

/// The streamable HTTP transport.
pub(crate) async fn streamable(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, request)) => {
            let response = gateway.shared().mcp.handle(caller.clone(), request).await;
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(error) => refusal(error),
    }
}

/// The older transport: its stream.
pub(crate) async fn stream(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, _)) => {
            let response = gateway.shared().mcp.open(caller.clone(), "/messages");
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(error) => refusal(error),
    }
}

/// The older transport: a message of a client with a stream.
pub(crate) async fn message(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, request)) => {
            let response = gateway.shared().mcp.post(caller.clone(), request).await;
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(error) => refusal(error),
    }
}

/// Who sent this, after a look at where it goes and which page it comes from.
async fn admitted(gateway: &Gateway, request: Request) -> ApiResult<(Caller, Origin, Request)> {
    Server::<McpHost>::admit(&request, &gateway.settings.now().mcp_hosts())
        .map_err(|refused| ApiError::new(ErrorCode::Forbidden, refused.to_string()))?;
    let (mut parts, body) = request.into_parts();
    let caller = match parts.extensions.get::<Checked>() {
        Some(Checked(checked)) => checked.clone()?,
        None => Caller::who(&mut parts, gateway).await?,
    };
    // A browser sends its cookie whoever asks it to.
    if !matches!(caller.credential, Credential::Token(_)) {
        return Err(ApiError::unauthenticated());
    }
    let origin = Origin::from_request_parts(&mut parts, gateway).await?;
    Ok((caller, origin, Request::from_parts(parts, body)))
}

fn refusal(error: ApiError) -> Response {
    let is_stranger = error.code() == ErrorCode::Unauthenticated;
    let mut response = error.into_response();
    if is_stranger {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"octi\""));
    }
    response
}

/// The protocol's own answer. One that goes on ends when its caller may no longer be here.
fn said(response: Response, gateway: Gateway, caller: Caller, origin: Origin) -> Response {
    let is_stream = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let mut response = if is_stream {
        response.map(|body| Body::from_stream(body.into_data_stream().take_until(revoked(gateway, caller, origin))))
    } else {
        response
    };
    response.extensions_mut().insert(Said);
    response
}

/// Waits until the credentials are no longer good. A database that is down does not throw anybody out.
async fn revoked(gateway: Gateway, caller: Caller, origin: Origin) {
    loop {
        tokio::time::sleep(gateway.recheck_time).await;
        let checked = Caller::check(&gateway, caller.credential.clone(), Some(origin.socket_addr())).await;
        if checked.is_err_and(|error| error.code().status() < 500) {
            return;
        }
    }
}
