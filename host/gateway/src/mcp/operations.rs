//! octi's own operations as tools: one row each, of which everything else is made.
//!
//! A row names a route of the REST API. What it takes and gives is read from the OpenAPI document, and it is done by that very
//! route, as its caller: nobody can do more over MCP than over REST, and the two cannot disagree. What would let a model raise
//! its own rights (rules, answers to questions, plugins, tokens, secrets, settings) is not among them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Request};
use octi_domain::limits;
use octi_mcp::server::{Effects, Files, Operation, Reply};
use serde_json::{Map, Value};
use tower::ServiceExt;

use super::chat;
use super::schema::{self, Shape};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Caller, Checked};
use crate::router;
use crate::state::Gateway;

const READS: Effects = Effects { is_read_only: true, is_destructive: false, is_open_world: false };
const ADDS: Effects = Effects { is_read_only: false, is_destructive: false, is_open_world: false };
const DESTROYS: Effects = Effects { is_read_only: false, is_destructive: true, is_open_world: false };
/// A model is asked, or an agent begins to work.
const REACHES_OUT: Effects = Effects { is_read_only: false, is_destructive: true, is_open_world: true };

/// One row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// The route's id in the OpenAPI document.
    pub(super) id: &'static str,
    /// What the route's `{id}` is called here, where it is not alone.
    pub(super) id_is: &'static str,
    effects: Effects,
}

const fn row(name: &'static str, title: &'static str, id: &'static str, id_is: &'static str, effects: Effects) -> Row {
    Row { name, title, id, id_is, effects }
}

/// Every operation, group by group.
pub(super) const ROWS: &[Row] = &[
    // Conversations.
    row("octi_list_sessions", "List conversations", "sessions_list", "", READS),
    row("octi_get_session", "Show a conversation", "sessions_get", "sessionId", READS),
    row("octi_create_session", "Begin a conversation", "sessions_create", "", ADDS),
    row("octi_update_session", "Rename or archive a conversation", "sessions_patch", "sessionId", ADDS),
    row("octi_delete_session", "Delete a conversation", "sessions_delete", "sessionId", DESTROYS),
    row("octi_get_messages", "Read a conversation", "sessions_messages", "sessionId", READS),
    row("octi_send_message", "Say something to an agent", "sessions_send", "sessionId", REACHES_OUT),
    row("octi_continue_session", "Let an agent go on", "sessions_continue", "sessionId", REACHES_OUT),
    row("octi_search", "Search conversations", "search_search", "", READS),
    // Files and large results.
    row("octi_list_artifacts", "List the files of a conversation", "sessions_list_artifacts", "sessionId", READS),
    row("octi_get_artifact", "Describe a file", "artifacts_get", "artifactId", READS),
    // Agents.
    row("octi_list_agents", "List agents", "agents_list", "", READS),
    row("octi_get_agent", "Show an agent", "agents_get", "agentId", READS),
    row("octi_get_agent_events", "Read what an agent did", "agents_events", "agentId", READS),
    row("octi_stop_agent", "Stop an agent", "agents_stop", "agentId", DESTROYS),
    // Models.
    row("octi_list_models", "List models", "models_list", "", READS),
    row("octi_model_health", "Try a model", "models_test", "", REACHES_OUT),
    // Tools and plugins.
    row("octi_list_tools", "List tools", "tools_list", "", READS),
    row("octi_list_plugins", "List plugins", "plugins_list", "", READS),
    row("octi_get_plugin", "Show a plugin", "plugins_get", "", READS),
    row("octi_list_rules", "List what tools may do", "permissions_list_rules", "", READS),
    row("octi_list_approvals", "List questions to the person", "permissions_list", "", READS),
    // What the person is told.
    row("octi_list_notifications", "List notifications", "notifications_list", "", READS),
    row("octi_read_notification", "Mark a notification as read", "notifications_read", "notificationId", ADDS),
    row("octi_read_notifications", "Mark all notifications as read", "notifications_read_all", "", ADDS),
    row("octi_get_notification_preferences", "Show what the person is told of", "notifications_preferences", "", READS),
    // The host.
    row("octi_whoami", "Show whose token this is", "auth_me", "", READS),
    row("octi_status", "Show how the host is", "gateway_status", "", READS),
    row("octi_list_settings", "List settings", "settings_list", "", READS),
    row("octi_get_setting", "Show a setting", "settings_get", "", READS),
    row("octi_list_audit", "Read the audit log", "audit_list", "", READS),
];

/// What is known of every row, from the document.
fn shapes() -> &'static BTreeMap<&'static str, Shape> {
    static SHAPES: OnceLock<BTreeMap<&'static str, Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| schema::shapes(ROWS))
}

/// The operations as clients see them.
pub(super) fn described() -> &'static BTreeMap<&'static str, Operation> {
    static DESCRIBED: OnceLock<BTreeMap<&'static str, Operation>> = OnceLock::new();
    DESCRIBED.get_or_init(|| {
        let describe = |row: &Row| {
            let shape = shapes().get(row.name)?;
            let operation = Operation {
                title: row.title.to_owned(),
                description: shape.description.clone(),
                input_schema: shape.input.clone(),
                output_schema: shape.output.clone(),
                effects: row.effects,
            };
            Some((row.name, operation))
        };
        let execute = (schema::EXECUTE, schema::execute());
        ROWS.iter().filter_map(describe).chain([execute, (chat::NAME, chat::operation())]).collect()
    })
}

/// Does one of them, as its caller.
pub(super) async fn operate(gateway: &Gateway, caller: &Caller, name: &str, arguments: Map<String, Value>) -> Reply {
    if name == chat::NAME {
        return reply(chat::chat(gateway, caller, arguments).await);
    }
    let Some(shape) = shapes().get(name) else {
        return Reply::failed("unknown_tool", "there is no such operation");
    };
    let (target, body) = match shape.aim(arguments) {
        Ok(aimed) => aimed,
        Err(problem) => return Reply::failed("bad_input", problem),
    };
    reply(done(gateway, caller, shape.method.clone(), &target, body).await)
}

fn reply(answer: ApiResult<String>) -> Reply {
    match answer {
        Ok(content) => Reply::Done { content, is_whole: true, files: Files::default() },
        Err(error) => {
            error.record();
            let place = error.path().map(|path| format!(" (the field is `{path}`)")).unwrap_or_default();
            Reply::failed(error.code().as_str(), format!("{}{place}", error.message()))
        }
    }
}

/// Asks the route, and gives what it answers as JSON.
pub(super) async fn done(
    gateway: &Gateway,
    caller: &Caller,
    method: Method,
    target: &str,
    body: Option<Value>,
) -> ApiResult<String> {
    static ROUTES: OnceLock<Router<Gateway>> = OnceLock::new();
    let routes = ROUTES.get_or_init(|| router::documented().split_for_parts().0).clone();
    let content = body.map(|body| body.to_string()).unwrap_or_default();
    let mut request = Request::new(Body::from(content));
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().map_err(|error| ApiError::internal(format!("`{target}` is no address: {error}")))?;
    request.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json"));
    request.extensions_mut().insert(Checked(Ok(caller.clone())));
    let routes: Router = routes.with_state(gateway.clone());
    let mut response = match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if !response.status().is_success() {
        let status = response.status();
        let told = response.extensions_mut().remove::<ApiError>();
        return Err(told.unwrap_or_else(|| ApiError::internal(format!("a route that MCP asked answered {status}"))));
    }
    let bytes = to_bytes(response.into_body(), limits::MCP_RESULT_BYTES_MAX).await.map_err(|_| {
        let message = format!("the answer has more than {} bytes: ask for less at once", limits::MCP_RESULT_BYTES_MAX);
        ApiError::new(octi_api::error::ErrorCode::TooLarge, message)
    })?;
    if bytes.is_empty() {
        return Ok("{}".to_owned());
    }
    String::from_utf8(bytes.into()).map_err(|_| ApiError::internal("a route that MCP asked did not answer with text"))
}

#[cfg(test)]
mod tests {
    use octi_extension::schema::Schema;

    use super::*;

    #[test]
    fn every_row_has_its_route_and_schemas_that_a_client_can_use() {
        let described = described();
        for row in ROWS {
            let operation = described.get(row.name).unwrap_or_else(|| panic!("`{}` names no route: `{}`", row.name, row.id));
            for schema in [Some(&operation.input_schema), operation.output_schema.as_ref()].into_iter().flatten() {
                let text = serde_json::to_string(schema).unwrap();
                assert_eq!(schema["type"], "object", "{}", row.name);
                assert!(!text.contains("#/components/"), "{}: {text}", row.name);
                Schema::new(&Value::Object(schema.clone())).unwrap();
            }
            assert!(!operation.description.is_empty(), "{}", row.name);
        }
        assert_eq!(described.len(), ROWS.len() + 2);
    }

    #[test]
    fn what_only_reads_says_so_and_nothing_else_does() {
        for row in ROWS {
            let method = &shapes()[row.name].method;
            assert_eq!(row.effects.is_read_only, method == Method::GET, "{}", row.name);
            assert!(row.effects.is_destructive || method != Method::DELETE, "{}", row.name);
        }
    }

    #[test]
    fn no_operation_lets_a_model_raise_its_own_rights() {
        let raising =
            ["permissions_", "plugins_", "auth_", "secrets_", "settings_", "setup_", "models_add", "models_set", "models_rem"];
        for row in ROWS.iter().filter(|row| !row.effects.is_read_only) {
            assert!(raising.iter().all(|beginning| !row.id.starts_with(beginning)), "{}", row.name);
        }
        assert!(described().values().all(|operation| operation.input_schema["properties"].get("approve").is_none()));
    }

    #[test]
    fn arguments_go_where_the_route_expects_them() {
        let aim = |name: &str, arguments: Value| {
            let arguments = arguments.as_object().unwrap().clone();
            shapes()[name].aim(arguments).unwrap()
        };
        let id = "00000000-0000-0000-0000-000000000007";
        let (target, body) = aim("octi_send_message", serde_json::json!({"sessionId": id, "content": "hi"}));
        assert_eq!(target, "/api/sessions/00000000%2D0000%2D0000%2D0000%2D000000000007/messages");
        assert_eq!(body, Some(serde_json::json!({"content": "hi"})));
        let (target, body) = aim("octi_search", serde_json::json!({"q": "a&b=ü", "limit": 5, "cursor": null}));
        assert_eq!((target.as_str(), body), ("/api/search?q=a%26b%3D%C3%BC&limit=5", None));
        let (target, _) = aim("octi_get_setting", serde_json::json!({"key": "../../x"}));
        assert_eq!(target, "/api/settings/%2E%2E%2F%2E%2E%2Fx");
    }
}
