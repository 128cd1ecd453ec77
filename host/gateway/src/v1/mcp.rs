//! `/api/mcp`: servers of the Model Context Protocol. For administrators only, reading too: programs and addresses of the house are in it.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::page::Page;
use octi_api::v1::mcp::{AcceptMcpTool, McpServer, McpServerTest, SetMcpServer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::extract::{Admin, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new()
        .routes(routes!(list, set))
        .routes(routes!(get, remove))
        .routes(routes!(test))
        .routes(routes!(restart))
        .routes(routes!(reset))
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
