//! JSON Schemas of Rust types, in the short form that models are shown.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments: always an object.
pub(crate) fn of_input<T: JsonSchema>() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_deserialize().with(short).into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    if let Value::Object(object) = &mut schema {
        object.entry("type").or_insert_with(|| json!("object"));
        object.entry("properties").or_insert_with(|| json!({}));
        // Models read the operation's description; that of the arguments' type would repeat it.
        object.remove("description");
    }
    schema
}

/// The schema of a tool's result.
pub(crate) fn of_output<T: JsonSchema>() -> Value {
    let mut schema =
        SchemaSettings::draft2020_12().for_serialize().with(short).into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

fn short(settings: &mut SchemaSettings) {
    settings.meta_schema = None;
    settings.inline_subschemas = true;
}

/// Takes out what says nothing to a model: Rust's type names, the widths of its integers, defaults that are `null`, line breaks.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            tidy_object(object);
            for (key, value) in object.iter_mut() {
                match (key.as_str(), value) {
                    // Keys below these are names of the author, not words of JSON Schema.
                    ("properties" | "$defs" | "patternProperties", Value::Object(named)) => named.values_mut().for_each(tidy),
                    ("default" | "const" | "enum" | "examples", _) => {}
                    (_, value) => tidy(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn tidy_object(object: &mut Map<String, Value>) {
    object.remove("title");
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    let is_width =
        |format: &str| format.starts_with("uint") || format.starts_with("int") || format == "float" || format == "double";
    if object.get("format").and_then(Value::as_str).is_some_and(is_width) {
        object.remove("format");
    }
    if let Some(Value::String(text)) = object.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    merge_nullable(object);
}

/// `anyOf: [<simple>, null]`, which optional enums give, as one schema whose type may be null.
fn merge_nullable(object: &mut Map<String, Value>) {
    let Some(Value::Array(options)) = object.get("anyOf") else { return };
    let [Value::Object(simple), null] = options.as_slice() else { return };
    let Some(Value::String(kind)) = simple.get("type") else { return };
    if null != &json!({"type": "null"}) {
        return;
    }
    let mut merged = simple.clone();
    merged.insert("type".to_owned(), json!([kind, "null"]));
    if let Some(Value::Array(values)) = merged.get_mut("enum") {
        values.push(Value::Null);
    }
    object.remove("anyOf");
    for (key, value) in merged {
        object.entry(key).or_insert(value);
    }
}

/// What is valid, in one line: ``arguments: `path` (string, required), `limit` (integer)``.
pub(crate) fn arguments_in_words(schema: &Value) -> String {
    let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) else {
        return "it takes no arguments: pass `{}`".to_owned();
    };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let words = properties.iter().map(|(name, property)| {
        let kind = kind_in_words(property);
        if required.contains(&name.as_str()) { format!("`{name}` ({kind}, required)") } else { format!("`{name}` ({kind})") }
    });
    format!("arguments: {}", words.collect::<Vec<_>>().join(", "))
}

fn kind_in_words(property: &Value) -> String {
    if let Some(values) = property["enum"].as_array() {
        return values.iter().filter(|value| !value.is_null()).map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    match &property["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => "see its schema".to_owned(),
    }
}
