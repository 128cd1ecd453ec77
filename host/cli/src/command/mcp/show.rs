//! Servers and their tools, as people read them.

use octi_api::v1::mcp::{McpBreaker, McpServer, McpServerSource, McpSignedIn, McpTool, McpToolState, McpToolText};

use crate::output::Printer;

/// Servers in a table.
pub(super) fn list(printer: Printer, servers: &[McpServer]) {
    if servers.is_empty() {
        printer.note("there are no MCP servers");
        printer.hint("`octi mcp server set NAME -- COMMAND…` sets one up, and so does `mcp.json` in octi's folder");
        return;
    }
    let rows: Vec<Vec<String>> = servers
        .iter()
        .map(|server| {
            let source = match server.source {
                McpServerSource::File => "mcp.json",
                McpServerSource::Database => "database",
                McpServerSource::Extism => "plugin",
            };
            let what = server.config.url.as_ref().or(server.config.command.as_ref()).cloned().unwrap_or_default();
            vec![server.name.clone(), state(server), server.tools.len().to_string(), source.to_owned(), what]
        })
        .collect();
    printer.table(&["name", "state", "tools", "from", "what"], &rows);
    for server in servers {
        if let Some(problem) = &server.problem {
            printer.note(&format!("{}: {problem}", server.name));
        }
    }
}

fn state(server: &McpServer) -> String {
    match server.breaker {
        _ if server.config.disabled => "disabled".to_owned(),
        McpBreaker::Open => format!("left alone for {} s", server.retry_in_ms.unwrap_or_default().div_ceil(1_000)),
        McpBreaker::Probing => "being tried".to_owned(),
        McpBreaker::Closed if server.signed_in == McpSignedIn::Wanted => "wants a sign-in".to_owned(),
        McpBreaker::Closed if server.running => "running".to_owned(),
        McpBreaker::Closed => "not started".to_owned(),
    }
}

/// The tools of a server in a table, and what changed.
pub(super) fn tools(printer: Printer, server: &McpServer) {
    if server.tools.is_empty() {
        printer.note(&format!("nothing is known of the tools of `{}`", server.name));
        printer.hint(&format!("`octi mcp server test {}` starts it and lists them", server.name));
    } else {
        let rows: Vec<Vec<String>> = server
            .tools
            .iter()
            .map(|tool| {
                let text = tool.now.as_ref().or(tool.accepted.as_ref());
                let line = text.and_then(|text| text.description.lines().next()).unwrap_or_default();
                vec![tool.name.clone(), word(tool.state).to_owned(), line.to_owned()]
            })
            .collect();
        printer.table(&["tool", "state", "description"], &rows);
    }
    for tool in server.tools.iter().filter(|tool| tool.state == McpToolState::Changed) {
        difference(printer, tool);
        printer.hint(&format!("`octi mcp server accept {} {}` takes it", server.name, tool.name));
    }
    for left_out in &server.left_out {
        printer.note(&format!("left out: {left_out}"));
    }
}

const fn word(state: McpToolState) -> &'static str {
    match state {
        McpToolState::Lazy => "on demand",
        McpToolState::Pinned => "accepted",
        McpToolState::Changed => "changed, out of service",
        McpToolState::Missing => "accepted, gone",
    }
}

/// What was accepted, and what is there now.
pub(super) fn difference(printer: Printer, tool: &McpTool) {
    printer.note(&format!("`{}` is another than was accepted:", tool.name));
    for (sign, text) in [("-", &tool.accepted), ("+", &tool.now)] {
        for line in text.iter().flat_map(lines) {
            printer.note(&format!("{sign} {line}"));
        }
    }
}

fn lines(text: &McpToolText) -> Vec<String> {
    let schema = serde_json::to_string_pretty(&text.input_schema).unwrap_or_default();
    text.description.lines().map(str::to_owned).chain(schema.lines().map(str::to_owned)).collect()
}
