//! Arguments of a model, against the schemas of tools: its own ones and those that a stranger's plugin brings.

use std::sync::Arc;

use async_trait::async_trait;
use octi_domain::permission::Level;
use octi_extension::manifest::SubjectKind;
use octi_extension::tool::{CallContext, Tool, ToolError, ToolOutput, ToolSpec};
use serde_json::{Value, json};

use crate::tools::schema::Schemas;

/// A refusal is read by a model, which pays for every word of it.
const REFUSAL_BYTES_MAX: usize = 8 * 1024;

/// The first line is a schema, the rest arguments, both JSON. The check ends, whatever they are; what passes is what was given; and
/// arguments for a known schema pass only if they are what it says.
pub fn run(data: &[u8]) {
    let Some((schema, arguments)) = crate::two_texts(data) else { return };
    let Ok(arguments) = serde_json::from_str::<Value>(arguments) else { return };
    if let Ok(schema) = serde_json::from_str::<Value>(schema) {
        check(schema, &arguments);
    }
    let passed = check(known(), &arguments);
    let expected = arguments["path"].is_string()
        && arguments
            .get("lines")
            .is_none_or(|lines| lines.as_f64().is_some_and(|n| n.fract() == 0.0 && (1.0..=9.0).contains(&n)))
        && arguments.get("mode").is_none_or(|mode| mode == "read" || mode == "write")
        && arguments.as_object().is_some_and(|fields| fields.keys().all(|key| ["path", "lines", "mode"].contains(&key.as_str())));
    assert_eq!(passed, expected, "{arguments}");
}

fn known() -> Value {
    json!({
        "type": "object",
        "properties": {
            "path": { "type": "string" },
            "lines": { "type": "integer", "minimum": 1, "maximum": 9 },
            "mode": { "enum": ["read", "write"] }
        },
        "required": ["path"],
        "additionalProperties": false
    })
}

/// Whether the arguments pass.
fn check(schema: Value, arguments: &Value) -> bool {
    match Schemas::default().check(&tool(schema), arguments.clone()) {
        Ok(passed) => {
            let is_nothing = arguments.is_null() || arguments.as_str().is_some_and(|text| text.trim().is_empty());
            let expected = if is_nothing { &json!({}) } else { arguments };
            assert_eq!(&passed, expected);
            true
        }
        Err(ToolError::BadInput(text) | ToolError::Internal(text)) => {
            assert!(!text.is_empty() && text.len() <= REFUSAL_BYTES_MAX, "{} bytes", text.len());
            false
        }
        Err(other) => panic!("{other:?}"),
    }
}

struct Fixed(ToolSpec);

#[async_trait]
impl Tool for Fixed {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, _context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::new(arguments, None))
    }
}

fn tool(input_schema: Value) -> Arc<dyn Tool> {
    Arc::new(Fixed(ToolSpec {
        name: "files__read".to_owned(),
        tool: "files".to_owned(),
        operation: "read".to_owned(),
        plugin: "acme/files".to_owned(),
        plugin_version: "1.0.0".to_owned(),
        digest: String::new(),
        description: String::new(),
        input_schema,
        output_schema: None,
        permission: Level::Allow,
        effects: Vec::new(),
        subject: None,
        subject_kind: SubjectKind::Text,
    }))
}
