//! REST: servers of the Model Context Protocol.

use octi_api::error::ErrorCode;
use octi_api::v1::mcp::{AcceptMcpTool, McpServerConfig, SetMcpServer};
use octi_client::ClientError;

use super::host::host;

fn code(result: Result<impl std::fmt::Debug, ClientError>) -> ErrorCode {
    let error = result.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no error of the server: {error:?}"))
}

#[tokio::test]
async fn servers_are_seen_and_changed_by_administrators_only() {
    let host = host([]).await;
    let (ann, root) = (host.person("ann").await.client, host.admin().await.client);
    let wanted = SetMcpServer { name: "files".to_owned(), config: McpServerConfig::default() };
    let shown = AcceptMcpTool { hash: "00".repeat(32) };
    for refused in [
        code(ann.list_mcp_servers().await),
        code(ann.mcp_server("weather_key").await),
        code(ann.set_mcp_server(&wanted).await),
        code(ann.remove_mcp_server("weather_key").await),
        code(ann.test_mcp_server("weather_key").await),
        code(ann.restart_mcp_server("weather_key").await),
        code(ann.reset_mcp_server("weather_key").await),
        code(ann.accept_mcp_tool("weather_key", "echo", &shown).await),
        code(ann.withdraw_mcp_tool("weather_key", "echo").await),
    ] {
        assert_eq!(refused, ErrorCode::Forbidden);
    }
    assert_eq!(root.list_mcp_servers().await.unwrap().items[0].name, "weather_key");
    assert_eq!(root.set_mcp_server(&wanted).await.unwrap().name, "files");
    let tested = root.test_mcp_server("files").await.unwrap();
    assert_eq!((tested.ok, tested.problem.as_deref()), (false, Some("it ended")), "a server that fails is a result");
    assert_eq!(root.accept_mcp_tool("files", "a.b", &shown).await.unwrap().name, "files");
    assert_eq!(root.withdraw_mcp_tool("files", "a.b").await.unwrap().name, "files");
    for unknown in [
        code(root.mcp_server("nobody").await),
        code(root.remove_mcp_server("nobody").await),
        code(root.test_mcp_server("nobody").await),
        code(root.restart_mcp_server("nobody").await),
    ] {
        assert_eq!(unknown, ErrorCode::NotFound);
    }
}
