//! What a client asks for, and what it gets.

use std::pin::pin;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::llm::Llm;
use octi_extension::person::Person;
use octi_extension::tool::ProgressSink;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, Extensions,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use super::host::{Call, Host, Reply};
use super::logging::{Listener, Teller, Wanted};
use super::offers::Offers;
use super::service::{Sender, Shared};
use super::talk::{self, Attended, Lent};
use super::watched::Watched;
use super::{answer, catalogue, offers, reading};

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
    /// What of the plugins' lines it reads.
    wanted: Wanted,
    watched: Arc<Watched>,
}

impl<H: Host> Handler<H> {
    pub(super) fn new(shared: &Arc<Shared<H>>, opened_by: H::Caller) -> Self {
        Self { shared: Arc::clone(shared), opened_by, wanted: Wanted::default(), watched: Arc::default() }
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
        let reply = self.run(&caller, request, context, &tool.spec().plugin).await;
        Ok(answer::of(reply, promises))
    }

    /// Runs a plugin's tool; asks the person when a rule says so and their client can.
    async fn run(
        &self,
        caller: &H::Caller,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
        plugin: &str,
    ) -> Reply {
        let name = request.name.into_owned();
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let call = |approved, progress| Call {
            name: name.clone(),
            arguments: arguments.clone(),
            approved,
            progress,
            person: Attended::of(&context.peer).map(|person| Arc::new(person) as Arc<dyn Person>),
            llm: Lent::of(&context.peer).map(|llm| Arc::new(llm) as Arc<dyn Llm>),
            cancelled: context.ct.clone(),
        };
        let first = self.followed(caller, context, plugin, |progress| call(false, progress)).await;
        let Reply::NeedsYes { reason, suggested_rule } = first else { return first };
        match talk::approved(&context.peer, &name, &reason, &arguments).await {
            Some(true) => self.followed(caller, context, plugin, |progress| call(true, progress)).await,
            Some(false) => Reply::failed("denied", "the person said no to this call: do not try it again; go on without it"),
            None => Reply::NeedsYes { reason, suggested_rule },
        }
    }

    /// Runs a call and tells the client how far it is and what its plugin logs, when it wants to know.
    async fn followed(
        &self,
        caller: &H::Caller,
        context: &RequestContext<RoleServer>,
        plugin: &str,
        call: impl FnOnce(Option<Arc<dyn ProgressSink>>) -> Call,
    ) -> Reply {
        let token = context.meta.get_progress_token();
        // A request without a session says itself what it wants to read.
        let level = context.meta.log_level().or_else(|| self.wanted.get());
        if token.is_none() && level.is_none() {
            return self.shared.host.call(caller, call(None)).await;
        }
        let (listener, mut said) = Listener::new(level, token.is_some());
        let sink: Arc<dyn ProgressSink> = listener.clone();
        let mut running = pin!(self.shared.host.call(caller, call(Some(sink))));
        let mut teller = Teller::new(&context.peer, plugin, token);
        let reply = loop {
            // What a tool said comes before what it gave.
            tokio::select! {
                biased;
                Some(said) = said.recv() => teller.tell(said).await,
                reply = &mut running => break reply,
            }
        };
        // What it said in its last moment.
        while let Ok(said) = said.try_recv() {
            teller.tell(said).await;
        }
        teller.end(listener.left_out()).await;
        reply
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

/// Nobody waits for it: the client gave the call up.
fn cancelled() -> ErrorData {
    ErrorData::invalid_request("the call was cancelled", None)
}

fn shown(name: &str) -> &str {
    &name[..name.floor_char_boundary(100)]
}

impl<H: Host> ServerHandler for Handler<H> {
    #[expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way to read what plugins log")]
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .build();
        let name = Implementation::new("octi", self.shared.host.version()).with_title("octi");
        ServerConfig::new(capabilities).with_server_info(name).with_instructions(INSTRUCTIONS)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.shared.changes.tell(context.peer, Arc::clone(&self.watched));
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
        reading::list(&self.shared.host, &self.caller(&context.extensions), cursor).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        Ok(reading::templates(&self.shared.host, cursor.as_deref()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(reading::read(&self.shared.host, &self.caller(&context.extensions), request.uri).await?.into())
    }

    async fn subscribe(&self, request: SubscribeRequestParams, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let caller = self.caller(&context.extensions);
        // Only what the caller may read can be watched.
        reading::read(&self.shared.host, &caller, request.uri.clone()).await?;
        if self.watched.add(request.uri, &Offers::new(self.shared.host.offered())) {
            return Ok(());
        }
        let most = limits::MCP_SUBSCRIPTIONS_MAX;
        Err(ErrorData::invalid_params(format!("{most} resources are watched already: unsubscribe from one first"), None))
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.watched.remove(&request.uri);
        Ok(())
    }

    #[expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way to read what plugins log")]
    async fn set_level(
        &self,
        request: rmcp::model::SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.wanted.set(request.level);
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Offers::new(self.shared.host.offered()).complete(&request.r#ref, &request.argument)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        Ok(offers::prompts(&self.shared.host, cursor.as_deref()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let given = request.arguments.unwrap_or_default();
        Ok(offers::prompt(&self.shared.host, &self.caller(&context.extensions), &request.name, given).await?.into())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let lists = SubscriptionFilter::builder().tools_list_changed().prompts_list_changed().resources_list_changed();
        let watched = requested.resource_subscriptions.iter().flatten().take(limits::MCP_SUBSCRIPTIONS_MAX);
        Some(watched.fold(lists, |filter, uri| filter.resource_subscription(uri)).build())
    }

    /// How clients of the protocol without sessions hear of changes.
    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let user_id = H::user_id(&self.caller(&context.request_context().extensions));
        let Some(_place) = self.shared.places.take(user_id) else {
            return Err(ErrorData::invalid_request("too many calls and subscriptions are under way: end one first", None));
        };
        let (host, watched) = (&self.shared.host, Watched::default());
        let mut changes = host.changes();
        changes.mark_unchanged();
        let offers = Offers::new(host.offered());
        for uri in context.accepted().resource_subscriptions.iter().flatten() {
            watched.add(uri.clone(), &offers);
        }
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                () = self.shared.draining.cancelled() => return Ok(()),
                changed = changes.changed() => if changed.is_err() { return Ok(()) },
            }
            // What the client did not ask for is not sent, and one that went away cancels.
            let sink = context.sink();
            let told = tokio::join!(
                sink.notify_tool_list_changed(),
                sink.notify_prompt_list_changed(),
                sink.notify_resource_list_changed(),
            );
            tracing::debug!(tools = told.0.is_ok(), prompts = told.1.is_ok(), documents = told.2.is_ok(), "told of a change");
            for uri in watched.changed(&Offers::new(host.offered())) {
                let told = sink.notify_resource_updated(uri).await;
                tracing::debug!(document = told.is_ok(), "told of a change");
            }
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
