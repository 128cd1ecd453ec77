//! The list of tools, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use octi_domain::limits;
use octi_extension::manifest::Effect;
use octi_extension::tool::{Tool as PluginTool, ToolSpec};
use rmcp::model::{ListToolsResult, Tool, ToolAnnotations};
use serde_json::{Map, Value};

use super::host::{Effects, Operation};

/// One page: the host's own operations and the plugins' tools by name, from the one after `cursor`.
pub(super) fn page(
    operations: &BTreeMap<&'static str, Operation>,
    tools: &BTreeMap<String, Arc<dyn PluginTool>>,
    cursor: Option<&str>,
) -> ListToolsResult {
    let is_after = |name: &str| cursor.is_none_or(|cursor| name > cursor);
    let own = operations.iter().filter(|(name, _)| is_after(name)).map(|(name, operation)| (*name, Entry::Own(operation)));
    let of_plugins = tools.iter().filter(|(name, _)| is_after(name)).map(|(name, tool)| (name.as_str(), Entry::Plugin(tool)));
    let mut all: Vec<_> = own.chain(of_plugins).collect();
    all.sort_by_key(|(name, _)| *name);
    let has_more = all.len() > limits::MCP_PAGE_ROWS_MAX;
    all.truncate(limits::MCP_PAGE_ROWS_MAX);
    let next_cursor = all.last().filter(|_| has_more).map(|(name, _)| (*name).to_owned());
    let tools = all.into_iter().map(|(name, entry)| entry.describe(name)).collect();
    ListToolsResult { next_cursor, tools, ..ListToolsResult::default() }
}

enum Entry<'a> {
    Own(&'a Operation),
    Plugin(&'a Arc<dyn PluginTool>),
}

impl Entry<'_> {
    fn describe(self, name: &str) -> Tool {
        match self {
            Self::Own(operation) => own(name, operation),
            Self::Plugin(tool) => of_plugin(tool.spec()),
        }
    }
}

/// One of the host's own operations.
pub(super) fn own(name: &str, operation: &Operation) -> Tool {
    let tool = Tool::new(name.to_owned(), operation.description.clone(), operation.input_schema.clone())
        .with_title(operation.title.clone())
        .with_annotations(annotations(operation.title.clone(), operation.effects));
    match &operation.output_schema {
        Some(schema) => tool.with_raw_output_schema(Arc::new(schema.clone())),
        None => tool,
    }
}

/// A plugin's tool.
pub(super) fn of_plugin(spec: &ToolSpec) -> Tool {
    let title = format!("{} {}", spec.tool, spec.operation.replace('_', " "));
    let tool = Tool::new(spec.name.clone(), spec.description.clone(), object(&spec.input_schema))
        .with_title(title.clone())
        .with_annotations(annotations(title, effects(&spec.effects)));
    match &spec.output_schema {
        Some(schema) if promises_object(schema) => tool.with_raw_output_schema(Arc::new(object(schema))),
        _ => tool,
    }
}

/// Clients take an output schema only when it is one of an object.
pub(super) fn promises_object(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "object")
}

/// Every schema of arguments is one of an object, also where its author left that unsaid.
fn object(schema: &Value) -> Map<String, Value> {
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    schema.insert("type".to_owned(), Value::from("object"));
    schema
}

fn annotations(title: String, effects: Effects) -> ToolAnnotations {
    let shown = ToolAnnotations::with_title(title).read_only(effects.is_read_only).open_world(effects.is_open_world);
    // The hint means something only for what changes things.
    if effects.is_read_only { shown } else { shown.destructive(effects.is_destructive) }
}

/// What a plugin says of itself. A write may replace what was there: which of them do, no manifest says.
fn effects(effects: &[Effect]) -> Effects {
    let any = |those: &[Effect]| effects.iter().any(|effect| those.contains(effect));
    let changes = any(&[Effect::Write, Effect::Process, Effect::Money]);
    Effects {
        is_read_only: !changes,
        is_destructive: changes,
        is_open_world: any(&[Effect::Network, Effect::Process, Effect::Money]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn effects_become_hints() {
        let hints = |all: &[Effect]| {
            let hints = annotations(String::new(), effects(all));
            (hints.read_only_hint.unwrap(), hints.destructive_hint, hints.open_world_hint.unwrap())
        };
        assert_eq!(hints(&[]), (true, None, false));
        assert_eq!(hints(&[Effect::Read]), (true, None, false));
        assert_eq!(hints(&[Effect::Read, Effect::Network, Effect::Secret]), (true, None, true));
        assert_eq!(hints(&[Effect::Write]), (false, Some(true), false));
        assert_eq!(hints(&[Effect::Process]), (false, Some(true), true));
        assert_eq!(hints(&[Effect::Money]), (false, Some(true), true));
    }

    #[test]
    fn arguments_are_an_object_whatever_the_schema_leaves_out() {
        assert_eq!(object(&json!({"properties": {}})), *json!({"properties": {}, "type": "object"}).as_object().unwrap());
        assert_eq!(object(&json!(true)), *json!({"type": "object"}).as_object().unwrap());
    }

    #[test]
    fn pages_are_bounded_and_together_they_are_everything_once() {
        let operation = || Operation {
            title: String::new(),
            description: String::new(),
            input_schema: Map::new(),
            output_schema: None,
            effects: effects(&[]),
        };
        let count = limits::MCP_PAGE_ROWS_MAX * 2 + 1;
        let operations: BTreeMap<&'static str, Operation> =
            (0..count).map(|number| (&*format!("octi_{number:04}").leak(), operation())).collect();
        let (mut cursor, mut names, mut pages) = (None::<String>, Vec::new(), 0);
        loop {
            let found = page(&operations, &BTreeMap::new(), cursor.as_deref());
            assert!(found.tools.len() <= limits::MCP_PAGE_ROWS_MAX);
            names.extend(found.tools.into_iter().map(|tool| tool.name));
            pages += 1;
            cursor = found.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((pages, names.len()), (3, count));
        assert!(names.is_sorted() && names.iter().map(AsRef::as_ref).eq(operations.keys().copied()));
    }
}
