//! What a route takes and gives, as a tool's schemas.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use octi_mcp::server::{Effects, Operation};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::operations::Row;
use crate::openapi;

/// Runs any plugin's tool by its name; the server does it, on the same path as a call of that tool.
pub(super) const EXECUTE: &str = "octi_execute_tool";
const REFERENCE: &str = "#/components/schemas/";

/// One route.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) method: Method,
    pub(super) description: String,
    pub(super) input: Map<String, Value>,
    pub(super) output: Option<Map<String, Value>>,
    /// Such as `/api/sessions/{id}`.
    path: String,
    /// Each argument that goes into the path or the query: what it is called here and there.
    in_path: Vec<(String, String)>,
    in_query: Vec<String>,
    has_body: bool,
}

impl Shape {
    /// Where a request with these arguments goes, and what it carries.
    ///
    /// # Errors
    /// A text that names the argument that is missing.
    pub(super) fn aim(&self, mut arguments: Map<String, Value>) -> Result<(String, Option<Value>), String> {
        let mut target = self.path.clone();
        for (here, there) in &self.in_path {
            let value = arguments.remove(here).as_ref().and_then(word).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| format!("`{here}` is missing: it is required, and a text"))?;
            target = target.replace(&format!("{{{there}}}"), &escaped(&value));
        }
        let mut sign = '?';
        for name in &self.in_query {
            let Some(value) = arguments.remove(name).as_ref().and_then(word) else { continue };
            target.push_str(&format!("{sign}{name}={}", escaped(&value)));
            sign = '&';
        }
        if self.has_body {
            return Ok((target, Some(Value::Object(arguments))));
        }
        match arguments.keys().next() {
            Some(unknown) => Err(format!("`{unknown}` is no argument of this tool")),
            None => Ok((target, None)),
        }
    }
}

/// A value as it stands in an address.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What the document says of each row.
pub(super) fn shapes(rows: &'static [Row]) -> BTreeMap<&'static str, Shape> {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    let all = operations(&document);
    rows.iter().filter_map(|row| Some((row.name, shape(row, all.get(row.id)?, &document)))).collect()
}

/// Every operation of the document by its id, with its method and path.
fn operations(document: &Value) -> BTreeMap<&str, (Method, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| found(path, item)).collect()
}

fn found<'a>(path: &'a str, item: &'a Value) -> Vec<(&'a str, (Method, &'a str, &'a Value))> {
    let methods = item.as_object().into_iter().flatten();
    let one = |(method, operation): (&String, &'a Value)| {
        let method = method.to_ascii_uppercase().parse().ok()?;
        Some((operation["operationId"].as_str()?, (method, path, operation)))
    };
    methods.filter_map(one).collect()
}

fn shape(row: &Row, (method, path, operation): &(Method, &str, &Value), document: &Value) -> Shape {
    let (mut in_path, mut in_query) = (Vec::new(), Vec::new());
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let Some(there) = parameter["name"].as_str() else { continue };
        let here = if there == "id" && !row.id_is.is_empty() { row.id_is } else { there };
        match parameter["in"].as_str() {
            Some("path") => in_path.push((here.to_owned(), there.to_owned())),
            Some("query") => in_query.push(there.to_owned()),
            // A key that makes sending again harmless is HTTP's business.
            _ => continue,
        }
        let mut schema = parameter["schema"].clone();
        if let (Some(schema), Some(description)) = (schema.as_object_mut(), parameter.get("description")) {
            schema.insert("description".to_owned(), description.clone());
        }
        properties.insert(here.to_owned(), schema);
        if parameter["required"] == true {
            required.push(Value::from(here));
        }
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let whole = resolved(body, document);
    properties.extend(whole["properties"].as_object().cloned().unwrap_or_default());
    required.extend(whole["required"].as_array().cloned().unwrap_or_default());
    let input = json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let answer = ["200", "201", "202"].map(|status| &operation["responses"][status]["content"]["application/json"]["schema"]);
    let output = answer.into_iter().find(|schema| schema.is_object()).map(|schema| resolved(schema, document).clone());
    Shape {
        method: method.clone(),
        description: operation["summary"].as_str().unwrap_or(row.title).to_owned(),
        input: closed(input, document),
        output: output.filter(|schema| schema["type"] == "object").map(|schema| closed(schema, document)),
        path: (*path).to_owned(),
        in_path,
        in_query,
        has_body: body.is_object(),
    }
}

/// The schema itself, where a reference to it stands.
fn resolved<'a>(schema: &'a Value, document: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|reference| reference.strip_prefix(REFERENCE)) {
        Some(name) => &document["components"]["schemas"][name],
        None => schema,
    }
}

/// The schema with everything in it that it refers to.
fn closed(mut schema: Value, document: &Value) -> Map<String, Value> {
    let (mut open, mut defined) = (BTreeSet::new(), BTreeMap::new());
    relink(&mut schema, &mut open);
    while let Some(name) = open.pop_first() {
        let mut definition = document["components"]["schemas"][&name].clone();
        let mut more = BTreeSet::new();
        relink(&mut definition, &mut more);
        defined.insert(name, definition);
        open.extend(more.into_iter().filter(|name| !defined.contains_key(name)));
    }
    let Value::Object(mut schema) = schema else { return Map::new() };
    if !defined.is_empty() {
        schema.insert("$defs".to_owned(), json!(defined));
    }
    schema
}

/// Lets references lead into the schema's own `$defs`, and names what they lead to.
fn relink(schema: &mut Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                match value.as_str().and_then(|reference| reference.strip_prefix(REFERENCE)).filter(|_| key == "$ref") {
                    Some(name) => {
                        names.insert(name.to_owned());
                        *value = Value::from(format!("#/$defs/{name}"));
                    }
                    None => relink(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relink(item, names)),
        _ => {}
    }
}

/// The tool that runs tools.
pub(super) fn execute() -> Operation {
    let input = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "A tool's name, such as `filesystem__read_file`; `octi_list_tools` lists them."},
            "arguments": {"type": "object", "description": "What that tool takes."},
        },
        "required": ["name"],
        "additionalProperties": false,
    });
    Operation {
        title: "Run a tool by its name".to_owned(),
        description: "Runs any tool of a plugin by its name, as calling it would; for clients that show only a few tools."
            .to_owned(),
        input_schema: input.as_object().cloned().unwrap_or_default(),
        output_schema: None,
        effects: Effects { is_read_only: false, is_destructive: true, is_open_world: true },
    }
}
