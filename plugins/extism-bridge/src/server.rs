//! The server: it lists the tools and calls them, a few at once.

use std::sync::Arc;

use anyhow::Context as _;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, InitializeRequestParams,
    InitializeResult, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, serve_server};
use rmcp::transport::stdio;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::module::Module;
use crate::tools::Tools;

/// Calls at once: as many as octi has under way with one server.
pub(crate) const CALLS_MAX: usize = 8;

/// Serves until standard input ends.
pub(crate) async fn serve(module: Module, tools: Tools) -> anyhow::Result<()> {
    let server = Server { module: Arc::new(module), tools, places: Semaphore::new(CALLS_MAX) };
    let running = serve_server(server, stdio()).await.context("the client did not greet")?;
    running.waiting().await.context("serving ended")?;
    Ok(())
}

/// Answers the greeting with why there is nothing to serve, until standard input ends.
pub(crate) async fn refuse(why: String) -> anyhow::Result<()> {
    let refused = serve_server(Refusal(why), stdio()).await;
    // Whoever greeted reads the answer before this program is over.
    let _until_it_left = tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await;
    refused.map(drop).context("there is nothing to serve")
}

struct Refusal(String);

impl ServerHandler for Refusal {
    async fn initialize(
        &self,
        _request: InitializeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        Err(ErrorData::internal_error(self.0.clone(), None))
    }
}

struct Server {
    module: Arc<Module>,
    tools: Tools,
    places: Semaphore,
}

impl Server {
    async fn called(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResult, String> {
        let wanted = self.tools.wanted(&request.name, request.arguments.unwrap_or_default())?;
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let module = Arc::clone(&self.module);
        let instance = spawn_blocking(move || module.instance()).await.map_err(|error| error.to_string())??;
        let handle = instance.cancel_handle();
        let mut running = spawn_blocking(move || instance.call(&wanted.function, &wanted.input));
        let output = tokio::select! {
            output = &mut running => output,
            () = context.ct.cancelled() => {
                // Nobody waits for the answer, but its place is taken until it ends.
                let _ended_by_itself = handle.cancel();
                running.await
            }
        };
        let output = output.map_err(|_| "the bridge failed in this call; its log has more".to_owned())??;
        Ok(self.tools.answer(output))
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        // The module's digest is its version: nothing else in the file says which it is.
        let name = Implementation::new(self.module.name.clone(), self.module.digest.clone());
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(name)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.list().to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let answer = self.called(request, &context).await;
        Ok(answer.unwrap_or_else(|why| CallToolResult::error(vec![ContentBlock::text(why)])).into())
    }
}
