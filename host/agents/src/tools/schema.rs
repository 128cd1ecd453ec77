//! Arguments against a tool's schema, with errors a model can mend.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use octi_domain::limits;
use octi_extension::schema::{Schema, Verdict};
use octi_extension::tool::{Tool, ToolError, ToolSpec};
use serde_json::Value;

/// Problems named in one answer; mending these usually mends the rest.
const PROBLEMS_MAX: usize = 5;
/// Bytes of one problem's text, and of its place: a wrong value or a field's name may be a whole file.
const PROBLEM_BYTES_MAX: usize = 300;
/// Bytes of the list of what is valid.
const VALID_BYTES_MAX: usize = 2_000;
/// Problems that are counted.
const COUNTED_MAX: usize = 100;
/// Compiled schemas that are kept.
const COMPILED_MAX: usize = 1_024;

/// A compiled schema, and the generation of the tool it belongs to.
type Compiled = (Weak<dyn Tool>, Arc<Schema>);

/// Checks arguments. A schema is compiled once for each generation of a tool.
#[derive(Default)]
pub struct Schemas {
    compiled: Mutex<HashMap<String, Compiled>>,
}

impl Schemas {
    /// The arguments as the tool may have them.
    ///
    /// # Errors
    /// [`ToolError::BadInput`] names the place of each problem and what is valid.
    pub fn check(&self, tool: &Arc<dyn Tool>, arguments: Value) -> Result<Value, ToolError> {
        // Models that mean "no arguments" say it in several ways.
        let arguments = match arguments {
            Value::Null => Value::Object(serde_json::Map::new()),
            Value::String(text) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
            other => other,
        };
        let bytes = arguments.to_string().len();
        if bytes > limits::ARGUMENTS_BYTES_MAX {
            return Err(ToolError::BadInput(format!(
                "the arguments have {bytes} bytes and at most {} are allowed: pass less at once",
                limits::ARGUMENTS_BYTES_MAX
            )));
        }
        let schema = self.schema(tool)?;
        match schema.check(&arguments) {
            Verdict::Fits => Ok(arguments),
            Verdict::Differs => Err(ToolError::BadInput(explain(tool.spec(), &schema, &arguments))),
            Verdict::TooCostly => Err(ToolError::BadInput(format!(
                "the arguments of `{}` are too much to check: against its schema they take more than {} steps; \
                 pass less at once, or nest it less",
                tool.spec().name,
                limits::SCHEMA_CHECK_STEPS_MAX
            ))),
        }
    }

    fn schema(&self, tool: &Arc<dyn Tool>) -> Result<Arc<Schema>, ToolError> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let spec = tool.spec();
        if let Some((of, schema)) = compiled.get(&spec.name)
            && of.upgrade().is_some_and(|of| Arc::ptr_eq(&of, tool))
        {
            return Ok(Arc::clone(schema));
        }
        let schema = Schema::new(&spec.input_schema).map_err(|error| {
            tracing::error!(tool = spec.name, plugin = spec.plugin, error, "the schema of a tool is not taken");
            ToolError::Internal(format!("the schema of `{}` is broken; tell the author of `{}`", spec.name, spec.plugin))
        })?;
        let schema = Arc::new(schema);
        if compiled.len() >= COMPILED_MAX {
            compiled.clear();
        }
        compiled.insert(spec.name.clone(), (Arc::downgrade(tool), Arc::clone(&schema)));
        Ok(schema)
    }
}

fn explain(spec: &ToolSpec, schema: &Schema, arguments: &Value) -> String {
    let mut text = format!("the arguments of `{}` are not valid:", spec.name);
    let mut problems = schema.problems(arguments);
    for problem in problems.by_ref().take(PROBLEMS_MAX) {
        let path = problem.instance_path().to_string();
        let path = if path.is_empty() { "/" } else { super::bound::head(&path, PROBLEM_BYTES_MAX) };
        let says = problem.to_string();
        // Writing to a string cannot fail.
        let _written = write!(text, "\n- at `{path}`: {}", super::bound::head(&says, PROBLEM_BYTES_MAX));
    }
    match problems.take(COUNTED_MAX).count() {
        0 => {}
        COUNTED_MAX => text.push_str("\n- and many more"),
        more => {
            let _written = write!(text, "\n- and {more} more");
        }
    }
    let _written = write!(text, "\nvalid: {}", super::bound::head(&valid(&spec.input_schema), VALID_BYTES_MAX));
    text
}

/// The arguments a schema describes, in one line: `path: string (required), depth: integer`.
fn valid(schema: &Value) -> String {
    let Some(fields) = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty()) else {
        return "an object without fields, `{}`".to_owned();
    };
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let lines = fields.iter().map(|(name, field)| {
        let kind = match &field["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
            _ => "see the schema".to_owned(),
        };
        let choices = field["enum"].as_array().map(|all| format!(", one of {}", Value::Array(all.clone()))).unwrap_or_default();
        format!("`{name}`: {kind}{choices}{}", if required(name) { " (required)" } else { "" })
    });
    lines.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use octi_domain::permission::Level;
    use octi_extension::manifest::SubjectKind;
    use octi_extension::tool::{CallContext, ToolOutput};
    use serde_json::json;

    use super::*;

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
            name: "files__read".into(),
            tool: "files".into(),
            operation: "read".into(),
            plugin: "octi/files".into(),
            plugin_version: "0.1.0".into(),
            digest: String::new(),
            description: String::new(),
            input_schema,
            output_schema: None,
            permission: Level::Allow,
            effects: vec![],
            subject: None,
            subject_kind: SubjectKind::Text,
        }))
    }

    fn reader() -> Arc<dyn Tool> {
        tool(json!({
            "type": "object",
            "properties": { "path": {"type": "string"}, "lines": {"type": "integer", "minimum": 1} },
            "required": ["path"],
            "additionalProperties": false
        }))
    }

    fn complaint(tool: &Arc<dyn Tool>, arguments: Value) -> String {
        Schemas::default().check(tool, arguments).unwrap_err().to_string()
    }

    #[test]
    fn a_problem_names_its_place_and_what_is_valid() {
        let text = complaint(&reader(), json!({ "path": 7, "lines": 0 }));
        assert!(text.contains("at `/path`: 7 is not of type \"string\""), "{text}");
        assert!(text.contains("at `/lines`"), "{text}");
        assert!(text.contains("valid: `path`: string (required), `lines`: integer"), "{text}");
    }

    #[test]
    fn arguments_that_are_no_json_object_are_refused() {
        assert!(complaint(&reader(), json!("{broken")).contains("at `/`"));
        assert!(complaint(&reader(), Value::Null).contains("\"path\" is a required property"));
    }

    #[test]
    fn nothing_stands_for_no_arguments() {
        let tool = tool(json!({ "type": "object" }));
        assert_eq!(Schemas::default().check(&tool, Value::Null), Ok(json!({})));
        assert_eq!(Schemas::default().check(&tool, json!(" ")), Ok(json!({})));
    }

    #[test]
    fn a_huge_wrong_value_is_not_repeated() {
        let text = complaint(&reader(), json!({ "path": "a", "lines": "x".repeat(10_000) }));
        assert!(text.len() < 1_000, "{}", text.len());
    }

    #[test]
    fn a_huge_field_name_is_not_repeated() {
        let strict = tool(json!({ "type": "object", "additionalProperties": { "type": "string" } }));
        let text = complaint(&strict, json!({ "x".repeat(10_000): 7 }));
        assert!(text.len() < 1_000, "{}", text.len());
    }

    #[test]
    fn many_problems_are_not_all_counted() {
        let numbers = tool(json!({ "type": "object", "properties": { "all": { "items": { "type": "integer" } } } }));
        assert!(complaint(&numbers, json!({ "all": vec!["x"; 10] })).contains("- and 5 more"));
        assert!(complaint(&numbers, json!({ "all": vec!["x"; 1_000] })).contains("- and many more"));
    }

    #[test]
    fn arguments_that_take_too_long_to_check_are_refused() {
        let twice = tool(json!({ "properties": { "a": { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] } } }));
        let deep = (0..40).fold(json!({}), |inner, _| json!({ "a": inner }));
        let text = complaint(&twice, deep);
        assert!(text.contains("too much to check"), "{text}");
    }

    #[test]
    fn arguments_over_the_limit_are_refused() {
        let text = complaint(&reader(), json!({ "path": "x".repeat(limits::ARGUMENTS_BYTES_MAX) }));
        assert!(text.contains("pass less at once"), "{text}");
    }

    #[test]
    fn a_swapped_tool_is_checked_with_its_own_schema() {
        let schemas = Schemas::default();
        let old = reader();
        assert!(schemas.check(&old, json!({ "path": "a" })).is_ok());
        let new = tool(json!({ "type": "object", "required": ["file"] }));
        assert!(schemas.check(&new, json!({ "path": "a" })).is_err());
        assert!(schemas.check(&old, json!({ "path": "a" })).is_ok());
    }

    #[test]
    fn a_broken_schema_is_the_plugins_fault() {
        let text = complaint(&tool(json!({ "type": 7 })), json!({}));
        assert!(text.contains("tell the author of `octi/files`"), "{text}");
    }
}
