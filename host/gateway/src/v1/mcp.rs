//! `/api/mcp`: servers of the Model Context Protocol. For administrators only, reading too: programs and addresses of the house are in it.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::response::Redirect;
use octi_api::page::Page;
use octi_api::v1::mcp::{AcceptMcpTool, BeginMcpSignIn, FinishMcpSignIn, McpServer, McpServerTest, McpSignIn, SetMcpServer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Json, Path};
use crate::origin::Origin;
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list, set))
        .routes(routes!(get, remove))
        .routes(routes!(test))
        .routes(routes!(restart))
        .routes(routes!(reset))
        .routes(routes!(begin_sign_in, sign_out))
        .routes(routes!(finish_sign_in))
        .routes(routes!(accept, withdraw))
}

/// Every server, as it is now.
#[utoipa::path(get, path = "/api/mcp/servers", tag = "mcp", responses((status = 200, body = Page<McpServer>)))]
async fn list(State(gateway): State<Gateway>, _admin: Admin) -> ApiResult<Answer<Page<McpServer>>> {
    Ok(Answer(Page::whole(gateway.mcp_servers.list().await?)))
}

/// Sets up a server, or replaces the one of that name, whose connection ends. It is started by the first call, or now when it says so.
#[utoipa::path(post, path = "/api/mcp/servers", tag = "mcp", request_body = SetMcpServer, responses((status = 201, body = McpServer)))]
async fn set(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Json(body): Json<SetMcpServer>,
) -> ApiResult<(StatusCode, Answer<McpServer>)> {
    Ok((StatusCode::CREATED, Answer(gateway.mcp_servers.set(&caller.principal, body).await?)))
}

/// One server.
#[utoipa::path(get, path = "/api/mcp/servers/{name}", tag = "mcp", params(("name" = String, Path)), responses((status = 200, body = McpServer)))]
async fn get(State(gateway): State<Gateway>, _admin: Admin, Path(name): Path<String>) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.get(&name).await?))
}

/// Ends a server's connection and forgets it, with what was accepted of its tools.
#[utoipa::path(delete, path = "/api/mcp/servers/{name}", tag = "mcp", params(("name" = String, Path)), responses((status = 204)))]
async fn remove(State(gateway): State<Gateway>, Admin(caller): Admin, Path(name): Path<String>) -> ApiResult<StatusCode> {
    gateway.mcp_servers.remove(&caller.principal, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts or reaches the server and lists its tools. A server that does not work is a result, not an error.
#[utoipa::path(post, path = "/api/mcp/servers/{name}/test", tag = "mcp", params(("name" = String, Path)), responses((status = 200, body = McpServerTest)))]
async fn test(State(gateway): State<Gateway>, _admin: Admin, Path(name): Path<String>) -> ApiResult<Answer<McpServerTest>> {
    Ok(Answer(gateway.mcp_servers.test(&name).await?))
}

/// Ends the server's connection and forgets its failures; the next call starts it.
#[utoipa::path(post, path = "/api/mcp/servers/{name}/restart", tag = "mcp", params(("name" = String, Path)), responses((status = 200, body = McpServer)))]
async fn restart(State(gateway): State<Gateway>, _admin: Admin, Path(name): Path<String>) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.restart(&name).await?))
}

/// Lets the next call through, whatever failed before.
#[utoipa::path(post, path = "/api/mcp/servers/{name}/reset", tag = "mcp", params(("name" = String, Path)), responses((status = 200, body = McpServer)))]
async fn reset(State(gateway): State<Gateway>, _admin: Admin, Path(name): Path<String>) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.reset(&name).await?))
}

/// Begins a sign-in to a remote server, in the person's browser.
#[utoipa::path(post, path = "/api/mcp/servers/{name}/sign-in", tag = "mcp", params(("name" = String, Path)), request_body = BeginMcpSignIn, responses((status = 200, body = McpSignIn)))]
async fn begin_sign_in(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(name): Path<String>,
    own: OwnAddress,
    Json(body): Json<BeginMcpSignIn>,
) -> ApiResult<Answer<McpSignIn>> {
    let redirect_uri = match body.port {
        Some(port) => format!("http://127.0.0.1:{port}/callback"),
        None => format!("{}/api/mcp/servers/{name}/callback", own.0),
    };
    let url = gateway.mcp_servers.begin_sign_in(&caller.principal, &name, &redirect_uri).await?;
    Ok(Answer(McpSignIn { url }))
}

/// Ends a sign-in whose browser came back to a program of the person's.
#[utoipa::path(put, path = "/api/mcp/servers/{name}/sign-in/end", tag = "mcp", params(("name" = String, Path)), request_body = FinishMcpSignIn, responses((status = 200, body = McpServer)))]
async fn finish_sign_in(
    State(gateway): State<Gateway>,
    _admin: Admin,
    Path(name): Path<String>,
    Json(body): Json<FinishMcpSignIn>,
) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.finish_sign_in(&name, &body.came_back).await?))
}

/// Forgets what somebody signed in with.
#[utoipa::path(delete, path = "/api/mcp/servers/{name}/sign-in", tag = "mcp", params(("name" = String, Path)), responses((status = 200, body = McpServer)))]
async fn sign_out(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(name): Path<String>,
) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.sign_out(&caller.principal, &name).await?))
}

/// Where a browser comes back to, and goes on to the page that shows what came of it. No part of the API: no credential is asked for.
pub(crate) async fn callback(
    State(gateway): State<Gateway>,
    Path(name): Path<String>,
    own: OwnAddress,
    uri: OriginalUri,
) -> Redirect {
    // It comes from another site, so octi's cookie is not with it: what counts is the word in the address that only the browser of this
    // sign-in was given.
    let came_back = format!("{}{}", own.0, uri.0);
    let finished = gateway.mcp_servers.finish_sign_in(&name, &came_back).await;
    if let Err(error) = finished {
        tracing::info!(server = name.escape_debug().to_string(), %error, "a sign-in to an MCP server was not ended");
    }
    Redirect::to("/mcp-servers")
}

/// octi's own address, as the browser that asks writes it.
pub(crate) struct OwnAddress(String);

impl FromRequestParts<Gateway> for OwnAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> ApiResult<Self> {
        let origin = Origin::from_request_parts(parts, gateway).await?;
        let scheme = if origin.is_https { "https" } else { "http" };
        let host =
            parts.headers.get(HOST).and_then(|host| host.to_str().ok()).or_else(|| parts.uri.authority().map(Authority::as_str));
        let host = host.filter(|host| host.parse::<Authority>().is_ok_and(|host| !host.as_str().contains('@')));
        let host = host.ok_or_else(|| ApiError::field("host", "the request does not say which host it is for"))?;
        Ok(Self(format!("{scheme}://{host}")))
    }
}

/// Takes a tool as it was shown, and offers it to agents like octi's own. A tool that changed is taken again the same way.
#[utoipa::path(put, path = "/api/mcp/servers/{name}/tools/{tool}/acceptance", tag = "mcp", params(("name" = String, Path), ("tool" = String, Path)), request_body = AcceptMcpTool, responses((status = 200, body = McpServer)))]
async fn accept(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path((name, tool)): Path<(String, String)>,
    Json(body): Json<AcceptMcpTool>,
) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.accept(&caller.principal, (&name, &tool), &body.hash).await?))
}

/// Takes that back: agents call the tool through `mcp.call_tool` again.
#[utoipa::path(delete, path = "/api/mcp/servers/{name}/tools/{tool}/acceptance", tag = "mcp", params(("name" = String, Path), ("tool" = String, Path)), responses((status = 200, body = McpServer)))]
async fn withdraw(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path((name, tool)): Path<(String, String)>,
) -> ApiResult<Answer<McpServer>> {
    Ok(Answer(gateway.mcp_servers.withdraw(&caller.principal, (&name, &tool)).await?))
}
