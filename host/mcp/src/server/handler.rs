//! What a client asks for, and what it gets.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_extension::tool::ProgressSink;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Extensions, GetPromptRequestParams, GetPromptResponse,
    Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProgressNotificationParam, ProgressToken, ReadResourceRequestParams, ReadResourceResponse, ResourceTemplate,
    ServerCapabilities, ServerConfig, SubscriptionFilter, Tool,
};
use rmcp::service::{ElicitationError, NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, Peer, RoleServer, ServerHandler, elicit_safe};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::host::{Call, Host, Reply};
use super::service::{Sender, Shared};
use super::{answer, catalogue, reading};

/// What clients are told of octi before they ask for anything.
const INSTRUCTIONS: &str = "octi is a self-hosted agent platform. The tools named `octi_…` are its own operations: conversations, \
                            agents, models, notifications. The others are its plugins' tools, such as `filesystem__read_file`; they \
                            run in a sandbox and under the person's own rules. A call that a rule would ask about is refused \
                            with the rule that allows it.";
/// Runs any tool by its name, for clients that show only a few.
const EXECUTE: &str = "octi_execute_tool";

/// One client's counterpart: of a session, or of one request where there are no sessions.
pub(super) struct Handler<H: Host> {
    shared: Arc<Shared<H>>,
    /// Who opened it. Each request is handled as whoever sent that one.
    opened_by: H::Caller,
}

/// What a person is asked before a call runs.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Approval {
    /// Whether the call may run, this once.
    approve: bool,
}

elicit_safe!(Approval);

impl<H: Host> Handler<H> {
    pub(super) fn new(shared: &Arc<Shared<H>>, opened_by: H::Caller) -> Self {
        Self { shared: Arc::clone(shared), opened_by }
    }

    fn caller(&self, extensions: &Extensions) -> H::Caller {
        let over_http = extensions.get::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Sender<H::Caller>>());
        let sender = over_http.or_else(|| extensions.get::<Sender<H::Caller>>());
        sender.map_or_else(|| self.opened_by.clone(), |Sender(caller)| caller.clone())
    }

    async fn called(
        &self,
        mut request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let caller = self.caller(&context.extensions);
        let Some(_place) = self.shared.places.take(H::user_id(&caller)) else {
            let most = limits::MCP_CALLS_PER_USER_MAX;
            let text =
                format!("too many calls are under way, of which one person may have {most}: wait until one of them has ended");
            return Ok(answer::failed("busy", text));
        };
        let host = &self.shared.host;
        if request.name == EXECUTE {
            match named(request.arguments.take().unwrap_or_default()) {
                Ok((name, arguments)) => (request.name, request.arguments) = (name.into(), Some(arguments)),
                Err(text) => return Ok(answer::failed("bad_input", text)),
            }
        } else if let Some(operation) = host.operations().get(request.name.as_ref()) {
            let doing = host.operate(&caller, &request.name, request.arguments.unwrap_or_default());
            let reply = tokio::select! {
                () = context.ct.cancelled() => return Err(cancelled()),
                reply = doing => reply,
            };
            return Ok(answer::of(reply, operation.output_schema.is_some()));
        }
        let tools = host.tools(&caller).await.map_err(|text| ErrorData::internal_error(text, None))?;
        let Some(tool) = tools.get(request.name.as_ref()) else {
            let text = format!("there is no tool `{}`: `tools/list` names those there are", shown(&request.name));
            return Err(ErrorData::invalid_params(text, None));
        };
        let promises = tool.spec().output_schema.as_ref().is_some_and(catalogue::promises_object);
        let reply = self.run(&caller, request, context).await;
        Ok(answer::of(reply, promises))
    }

    /// Runs a plugin's tool; asks the person when a rule says so and their client can.
    async fn run(&self, caller: &H::Caller, request: CallToolRequestParams, context: &RequestContext<RoleServer>) -> Reply {
        let name = request.name.into_owned();
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let call = |approved, progress| Call {
            name: name.clone(),
            arguments: arguments.clone(),
            approved,
            progress,
            cancelled: context.ct.clone(),
        };
        let first = self.watched(caller, context, |progress| call(false, progress)).await;
        let Reply::NeedsYes { reason, suggested_rule } = first else { return first };
        match asked(&context.peer, &name, &reason, &arguments).await {
            Some(true) => self.watched(caller, context, |progress| call(true, progress)).await,
            Some(false) => Reply::failed("denied", "the person said no to this call: do not try it again; go on without it"),
            None => Reply::NeedsYes { reason, suggested_rule },
        }
    }

    /// Runs a call and tells the client how far it is, when it wants to know.
    async fn watched(
        &self,
        caller: &H::Caller,
        context: &RequestContext<RoleServer>,
        call: impl FnOnce(Option<Arc<dyn ProgressSink>>) -> Call,
    ) -> Reply {
        let Some(token) = context.meta.get_progress_token() else {
            return self.shared.host.call(caller, call(None)).await;
        };
        let (sender, mut said) = mpsc::channel(limits::MCP_QUEUE_MAX);
        let mut running = pin!(self.shared.host.call(caller, call(Some(Arc::new(Progress(sender))))));
        let mut teller = Teller { peer: &context.peer, token, reached: 0.0 };
        loop {
            // What a tool said comes before what it gave.
            tokio::select! {
                biased;
                Some((fraction, message)) = said.recv() => teller.tell(fraction, message).await,
                reply = &mut running => return reply,
            }
        }
    }
}

/// What `octi_execute_tool` is to run.
fn named(mut given: Map<String, Value>) -> Result<(String, Map<String, Value>), String> {
    let Some(Value::String(name)) = given.remove("name") else {
        return Err("`name` is the name of a tool, such as `filesystem__read_file`".to_owned());
    };
    match given.remove("arguments").unwrap_or(Value::Null) {
        Value::Object(arguments) => Ok((name, arguments)),
        Value::Null => Ok((name, Map::new())),
        _ => Err("`arguments` is an object, such as `{\"path\": \"notes.md\"}`".to_owned()),
    }
}

/// Asks the person through their client. None when it cannot be asked, or nobody answered.
async fn asked(peer: &Peer<RoleServer>, name: &str, reason: &str, arguments: &Value) -> Option<bool> {
    let whole = arguments.to_string();
    // Whoever says yes must have seen all of what they say it to.
    if whole.len() > limits::MCP_QUESTION_BYTES_MAX {
        return None;
    }
    let question = format!("May `{name}` run on octi with {whole}? Asked because {reason}.");
    let patience = Duration::from_secs(limits::MCP_QUESTION_SECONDS_MAX);
    match peer.elicit_with_timeout::<Approval>(question, Some(patience)).await {
        Ok(answer) => Some(answer.is_some_and(|answer| answer.approve)),
        Err(ElicitationError::UserDeclined | ElicitationError::UserCancelled) => Some(false),
        Err(_) => None,
    }
}

/// Hands on what a tool says, as far as the client keeps up.
struct Progress(mpsc::Sender<(Option<f32>, String)>);

impl ProgressSink for Progress {
    fn progress(&self, fraction: Option<f32>, message: String) {
        // What finds no room is left out: progress never waits.
        let _left_out = self.0.try_send((fraction, message));
    }
}

struct Teller<'a> {
    peer: &'a Peer<RoleServer>,
    token: ProgressToken,
    reached: f64,
}

impl Teller<'_> {
    async fn tell(&mut self, fraction: Option<f32>, message: String) {
        // The protocol wants numbers that grow, and tools may go back, or not know.
        self.reached = fraction.map_or(self.reached, |fraction| f64::from(fraction).max(self.reached));
        let mut progress = ProgressNotificationParam::new(self.token.clone(), self.reached).with_message(message);
        if fraction.is_some() {
            progress = progress.with_total(1.0);
        }
        let sent = timeout(Duration::from_secs(limits::MCP_SEND_SECONDS_MAX), self.peer.notify_progress(progress)).await;
        if !matches!(sent, Ok(Ok(()))) {
            tracing::debug!("a client does not read how far its call is");
        }
    }
}

/// Nobody waits for it: the client gave the call up.
fn cancelled() -> ErrorData {
    ErrorData::invalid_request("the call was cancelled", None)
}

fn shown(name: &str) -> &str {
    &name[..name.floor_char_boundary(100)]
}

impl<H: Host> ServerHandler for Handler<H> {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .build();
        let name = Implementation::new("octi", self.shared.host.version()).with_title("octi");
        ServerConfig::new(capabilities).with_server_info(name).with_instructions(INSTRUCTIONS)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.shared.changes.tell(context.peer);
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let caller = self.caller(&context.extensions);
        let tools = self.shared.host.tools(&caller).await.map_err(|text| ErrorData::internal_error(text, None))?;
        let cursor = request.and_then(|request| request.cursor);
        Ok(catalogue::page(self.shared.host.operations(), &tools, cursor.as_deref()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(self.called(request, &context).await?.into())
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        reading::files(&self.shared.host, &self.caller(&context.extensions), cursor).await
    }

    async fn list_resource_templates(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let file = ResourceTemplate::new(format!("{}{{id}}", reading::FILES), "artifact")
            .with_description("A file of a conversation, or a result that was too large for it.");
        Ok(ListResourceTemplatesResult::with_all_items(vec![file]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(reading::file(&self.shared.host, &self.caller(&context.extensions), request.uri).await?.into())
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(reading::prompts(&self.shared.host))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Ok(reading::prompt(&self.shared.host, &self.caller(&context.extensions), &request.name).await?.into())
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().build())
    }

    /// How clients of the protocol without sessions hear of changes.
    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let user_id = H::user_id(&self.caller(&context.request_context().extensions));
        let Some(_place) = self.shared.places.take(user_id) else {
            return Err(ErrorData::invalid_request("too many calls and subscriptions are under way: end one first", None));
        };
        let mut changes = self.shared.host.changes();
        changes.mark_unchanged();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.shared.draining.cancelled() => return Ok(()),
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
            // What the client did not ask for is not sent, and one that went away cancels.
            let told = tokio::join!(context.sink().notify_tool_list_changed(), context.sink().notify_prompt_list_changed());
            tracing::debug!(tools = told.0.is_ok(), prompts = told.1.is_ok(), "told of a change");
        }
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let operation = self.shared.host.operations().get(name)?;
        Some(catalogue::own(name, operation))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tool_by_name_needs_a_name_and_an_object() {
        let named = |given: Value| named(given.as_object().unwrap().clone());
        assert_eq!(named(json!({"name": "a__b"})), Ok(("a__b".to_owned(), Map::new())));
        let (_, arguments) = named(json!({"name": "a__b", "arguments": {"x": 1}})).unwrap();
        assert_eq!(Value::Object(arguments), json!({"x": 1}));
        assert!(named(json!({})).unwrap_err().contains("`name`"));
        assert!(named(json!({"name": "a__b", "arguments": "x"})).unwrap_err().contains("`arguments`"));
    }
}
