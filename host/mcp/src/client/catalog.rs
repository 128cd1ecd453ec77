//! The tools of one connection, as octi takes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use octi_domain::limits;
use octi_domain::permission::Level;
use octi_domain::tool_name;
use octi_extension::manifest::{Effect, SubjectKind};
use octi_extension::schema::Schema;
use octi_extension::tool::{Tool, ToolSpec};
use octi_security::guard::Redactor;
use serde_json::Value;

use super::failure::told;
use super::pin::Described;
use super::server::Server;
use super::tools::{PERMISSION, ServerTool};

/// The tools that can be called, by the server's own names; and why others cannot.
#[derive(Default)]
pub(super) struct Catalog {
    pub tools: BTreeMap<String, Arc<dyn Tool>>,
    pub described: BTreeMap<String, Described>,
    pub left_out: Vec<String>,
}

impl Catalog {
    /// Takes what a server lists.
    pub(super) fn of(
        server: &Arc<Server>,
        (version, redactor): (&str, &Redactor),
        (listed, is_cut): (Vec<rmcp::model::Tool>, bool),
    ) -> Self {
        let mut catalog = Self::default();
        let mut schema_bytes = 0;
        for tool in listed {
            let name = tool.name.to_string();
            let schema = Value::Object((*tool.input_schema).clone());
            schema_bytes += schema.to_string().len();
            let refused = refused(&name, &schema, schema_bytes, catalog.tools.contains_key(&name));
            if let Some(why) = refused {
                catalog.left_out.push(format!("`{}`: {}", told(&name), told(&why)));
                continue;
            }
            let text = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
            let described = Described::new(&redactor.redact(text), redactor.redact_value(schema));
            let spec = spec(&server.name, version, &name, &described);
            catalog.tools.insert(name.clone(), Arc::new(ServerTool::new(Arc::downgrade(server), name.clone(), spec)));
            catalog.described.insert(name, described);
        }
        if is_cut {
            catalog.left_out.push(format!("there are more than {} tools", limits::MCP_TOOLS_MAX));
        }
        catalog
    }
}

fn refused(name: &str, schema: &Value, schema_bytes: usize, is_twice: bool) -> Option<String> {
    if !is_tool_name(name) {
        return Some(format!("a tool's name has 1 to {} letters, digits, `_`, `-` and `.`", limits::MCP_TOOL_NAME_BYTES_MAX));
    }
    if is_twice {
        return Some("it is there twice".to_owned());
    }
    if schema_bytes > limits::MCP_SCHEMAS_BYTES_MAX {
        return Some(format!("the server's schemas have more than {} bytes together", limits::MCP_SCHEMAS_BYTES_MAX));
    }
    Schema::new(schema).err().map(|why| format!("its schema is not taken: {why}"))
}

fn is_tool_name(name: &str) -> bool {
    (1..=limits::MCP_TOOL_NAME_BYTES_MAX).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// What octi knows a server's tool as: the permission `mcp`, the operation `<server>.<tool>`.
pub(super) fn spec(server: &str, version: &str, tool: &str, described: &Described) -> ToolSpec {
    ToolSpec {
        name: tool_name::joined(server, tool),
        tool: PERMISSION.to_owned(),
        operation: format!("{server}.{tool}"),
        plugin: format!("{PERMISSION}/{server}"),
        plugin_version: version.to_owned(),
        digest: described.hash(),
        description: described.description.clone(),
        input_schema: described.input_schema.clone(),
        output_schema: None,
        // A server's own word on what its tools do is no reason to trust them.
        permission: Level::Ask,
        effects: vec![Effect::Network, Effect::Process],
        subject: None,
        subject_kind: SubjectKind::Text,
    }
}

/// A tool that was accepted, offered whether its server runs or not.
pub(super) fn pinned(server: &Weak<Server>, name: &str, tool: &str, described: &Described) -> Arc<dyn Tool> {
    Arc::new(ServerTool::new(Weak::clone(server), tool.to_owned(), spec(name, "", tool, described)))
}

/// Whether models could call it by a name of its own: providers take 64 letters, digits, `_` and `-`.
pub(super) fn may_be_promoted(server: &str, tool: &str) -> Result<(), String> {
    let name = tool_name::joined(server, tool);
    let fits = name.len() <= 64 && name.matches("__").count() == 1 && !tool.starts_with('_') && !tool.contains('.');
    if fits {
        return Ok(());
    }
    Err(format!(
        "`{name}` cannot be the name of a tool for every model: at most 64 letters, digits, `_` and `-`, with `__` only between server and tool; it stays callable through `mcp.call_tool`"
    ))
}
