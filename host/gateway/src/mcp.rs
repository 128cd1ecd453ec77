//! `/mcp`: octi for programs that speak the Model Context Protocol. The server is `octi_mcp`; here it gets its callers, the
//! host behind it and its place among the routes.

mod chat;
mod files;
mod host;
mod operations;
mod reads;
mod schema;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::Response;
use futures::StreamExt;
use octi_api::error::ErrorCode;
use octi_mcp::server::Server;
use octi_security::auth::oauth::Scope;

pub(crate) use host::McpHost;

use crate::credential::Credential;
use crate::error::ApiError;
use crate::extract::{Caller, Checked};
use crate::middleware::envelope::Said;
use crate::oauth::{Challenge, Here};
use crate::origin::Origin;
use crate::state::Gateway;
use axum::extract::FromRequestParts;

/// Where the access tokens of programs work (`crate::oauth`).
pub(crate) const ROUTES: &[&str] = &["/mcp", "/sse", "/messages"];

/// The streamable HTTP transport.
pub(crate) async fn streamable(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, request)) => {
            let response = gateway.shared().mcp.handle(caller.clone(), request).await;
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(refused) => *refused,
    }
}

/// The older transport: its stream.
pub(crate) async fn stream(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, _)) => {
            let response = gateway.shared().mcp.open(caller.clone(), "/messages");
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(refused) => *refused,
    }
}

/// The older transport: a message of a client with a stream.
pub(crate) async fn message(State(gateway): State<Gateway>, request: Request) -> Response {
    match admitted(&gateway, request).await {
        Ok((caller, origin, request)) => {
            let response = gateway.shared().mcp.post(caller.clone(), request).await;
            said(response.map(Body::new), gateway, caller, origin)
        }
        Err(refused) => *refused,
    }
}

/// Who sent this, after a look at where it goes and which page it comes from.
async fn admitted(gateway: &Gateway, request: Request) -> Result<(Caller, Origin, Request), Box<Response>> {
    Server::<McpHost>::admit(&request, &gateway.settings.now().mcp_hosts())
        .map_err(|refused| Box::new(Challenge::default().refuse(ApiError::new(ErrorCode::Forbidden, refused.to_string()))))?;
    let route = request.uri().path().to_owned();
    let (mut parts, body) = request.into_parts();
    let here = Here::from_request_parts(&mut parts, gateway).await.ok();
    let challenge = Challenge::new(here.as_ref().map(|Here(place)| place), &route, parts.headers.contains_key(AUTHORIZATION));
    let checked = match parts.extensions.get::<Checked>() {
        Some(Checked(checked)) => checked.clone(),
        None => Caller::who(&mut parts, gateway).await,
    };
    let caller = checked.map_err(|error| Box::new(challenge.refuse(error)))?;
    let origin = Origin::from_request_parts(&mut parts, gateway).await.map_err(|error| Box::new(challenge.refuse(error)))?;
    let request = Request::from_parts(parts, body);
    match caller.credential {
        Credential::Token(_) | Credential::Program(_, Scope::Everything) => Ok((caller, origin, request)),
        Credential::Program(_, Scope::Read) => match reads::only(gateway, request).await {
            Ok(request) => Ok((caller, origin, request)),
            Err(reads::Stopped::NeedsMore) => Err(Box::new(challenge.needs_more())),
            Err(reads::Stopped::Unfit(error)) => Err(Box::new(challenge.refuse(error))),
        },
        // A browser sends its cookie whoever asks it to.
        Credential::Cookie(_) | Credential::Signed(_) => Err(Box::new(challenge.refuse(ApiError::unauthenticated()))),
    }
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
