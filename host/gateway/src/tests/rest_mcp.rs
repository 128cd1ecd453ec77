//! REST: servers of the Model Context Protocol.

use octi_api::error::ErrorCode;
use octi_api::v1::mcp::{AcceptMcpTool, BeginMcpSignIn, FinishMcpSignIn, McpServerConfig, SetMcpServer};
use octi_client::ClientError;

use super::host::host;
use super::openapi::http;

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
    let brought = FinishMcpSignIn { came_back: "http://127.0.0.1:9/callback?state=right".to_owned() };
    for refused in [
        code(ann.list_mcp_servers().await),
        code(ann.mcp_server("weather_key").await),
        code(ann.set_mcp_server(&wanted).await),
        code(ann.remove_mcp_server("weather_key").await),
        code(ann.test_mcp_server("weather_key").await),
        code(ann.restart_mcp_server("weather_key").await),
        code(ann.reset_mcp_server("weather_key").await),
        code(ann.begin_mcp_sign_in("weather_key", BeginMcpSignIn::default()).await),
        code(ann.finish_mcp_sign_in("weather_key", &brought).await),
        code(ann.sign_out_of_mcp("weather_key").await),
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

#[tokio::test]
async fn a_sign_in_leads_back_to_a_program_of_the_person_or_to_octi_itself() {
    let host = host([]).await;
    let root = host.admin().await.client;
    let begun = root.begin_mcp_sign_in("files", BeginMcpSignIn { port: Some(4711) }).await.unwrap();
    assert_eq!(begun.url, "https://accounts.example/?redirect_uri=http://127.0.0.1:4711/callback");
    let begun = root.begin_mcp_sign_in("files", BeginMcpSignIn::default()).await.unwrap();
    assert!(begun.url.ends_with("/api/mcp/servers/files/callback"), "{}", begun.url);
    let wrong = FinishMcpSignIn { came_back: "http://127.0.0.1:4711/callback?state=wrong".to_owned() };
    assert!(root.finish_mcp_sign_in("files", &wrong).await.is_err());
    assert_eq!(root.sign_out_of_mcp("files").await.unwrap().name, "files");
    // The browser shows no credential, and whatever it brings, it goes on to the page.
    for state in ["right", "wrong"] {
        let back = host.url.join(&format!("api/mcp/servers/files/callback?code=c&state={state}")).unwrap();
        let shown = http().get(back).send().await.unwrap();
        assert_eq!(shown.url().path(), "/mcp-servers");
    }
}
