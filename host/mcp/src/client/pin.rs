//! What an administrator accepted of a tool: its description and schema, by their hash.

use octi_domain::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::failure::bounded;

/// A tool as its server describes it, safe to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Described {
    pub description: String,
    pub input_schema: Value,
}

impl Described {
    pub(super) fn new(description: &str, input_schema: Value) -> Self {
        Self { description: bounded(description, limits::MCP_DESCRIPTION_BYTES_MAX), input_schema: safe(input_schema) }
    }

    /// SHA-256 of both, in hex. The order of a schema's fields does not count.
    #[must_use]
    pub fn hash(&self) -> String {
        let text = format!("{}\n{}", self.description, ordered(&self.input_schema));
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A tool that is offered like octi's own, as it was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    pub tool: String,
    pub accepted: Described,
}

/// How what a server says now compares with what was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinState {
    /// Not accepted: it is called through `mcp.call_tool` only.
    Lazy,
    /// As accepted.
    Pinned,
    /// Another than accepted, and out of service.
    Changed,
    /// Accepted, and no longer there.
    Missing,
}

/// The value with its fields in order: the servers' own order says nothing.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort();
            Value::Object(names.into_iter().map(|name| (name.clone(), ordered(&fields[name]))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        other => other.clone(),
    }
}

/// Texts in a schema are read by models and people too.
pub(super) fn safe(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(octi_domain::text::clean(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(safe).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, field)| (octi_domain::text::clean(&name), safe(field))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_fields_does_not_count_and_everything_else_does() {
        let one = Described::new("adds", json!({"type": "object", "properties": {"a": {"type": "number"}}}));
        let same = Described::new("adds", json!({"properties": {"a": {"type": "number"}}, "type": "object"}));
        assert_eq!(one.hash(), same.hash());
        for other in [
            Described::new("adds.", one.input_schema.clone()),
            Described::new("adds", json!({"type": "object", "properties": {"a": {"type": "string"}}})),
        ] {
            assert_ne!(one.hash(), other.hash());
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_kept() {
        let found = Described::new("red \u{1b}[31mtext\u{202e}", json!({"description": "a\u{1b}]0;title\u{7}b"}));
        assert_eq!(found.description, "red text");
        assert_eq!(found.input_schema, json!({"description": "ab"}));
        let long = Described::new(&"x".repeat(limits::MCP_DESCRIPTION_BYTES_MAX + 1), json!({}));
        assert_eq!(long.description.chars().count(), limits::MCP_DESCRIPTION_BYTES_MAX + 1, "the rest became one sign");
    }
}
