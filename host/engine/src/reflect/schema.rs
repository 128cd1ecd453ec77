//! JSON Schema 2020-12 of a type. What it allows is exactly what [`super::convert`] takes, apart from the bounds on sizes.

use serde_json::{Map, Value, json};

use super::shape::{Case, Field, Kind, Label, Shape};

/// The schema of values of that shape.
pub(crate) fn of(shape: &Shape) -> Value {
    described(of_kind(&shape.kind), shape.docs.as_deref())
}

/// The schema of arguments: an object of the parameters.
pub(crate) fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.name.clone(), field_schema(field))).collect();
    let required: Vec<&str> = fields.iter().filter(|field| !field.shape.takes_null()).map(|field| field.name.as_str()).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn of_kind(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Int(int) => {
            let (min, max) = int.range();
            json!({ "type": "integer", "minimum": number(min), "maximum": number(max) })
        }
        Kind::F32 => json!({ "type": "number", "minimum": f64::from(f32::MIN), "maximum": f64::from(f32::MAX) }),
        Kind::F64 => json!({ "type": "number" }),
        Kind::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Kind::String => json!({ "type": "string" }),
        Kind::List(item) => json!({ "type": "array", "items": of(item) }),
        Kind::Tuple(parts) => {
            let count = parts.len();
            let parts: Vec<Value> = parts.iter().map(of).collect();
            json!({ "type": "array", "prefixItems": parts, "items": false, "minItems": count, "maxItems": count })
        }
        Kind::Record(fields) => object(fields),
        Kind::Option(inner) if inner.takes_null() => json!({ "anyOf": [{ "type": "null" }, tagged("some", Some(of(inner)))] }),
        Kind::Option(inner) => option(of(inner)),
        Kind::Variant(cases) => json!({ "oneOf": cases.iter().map(case).collect::<Vec<_>>() }),
        Kind::Enum(labels) => described(one_of(labels), labels_docs(labels).as_deref()),
        Kind::Flags(labels) => {
            let flags = json!({ "type": "array", "items": one_of(labels), "uniqueItems": true, "maxItems": labels.len() });
            described(flags, labels_docs(labels).as_deref())
        }
        Kind::Result { ok, error } => {
            let side = |name, shape: &Option<Box<Shape>>| tagged(name, shape.as_deref().map(of));
            json!({ "oneOf": [side("ok", ok), side("error", error)] })
        }
    }
}

/// Every bound of an integer is a number of JSON.
fn number(bound: i128) -> Value {
    i64::try_from(bound).map_or_else(|_| u64::try_from(bound).map_or(Value::Null, Value::from), Value::from)
}

fn field_schema(field: &Field) -> Value {
    described(of(&field.shape), field.docs.as_deref())
}

/// Adds a description before the one that is there: what is said of a field is closer than what is said of its type.
fn described(mut schema: Value, docs: Option<&str>) -> Value {
    if let (Some(docs), Value::Object(keywords)) = (docs, &mut schema) {
        let text = match keywords.get("description").and_then(Value::as_str) {
            Some(there) => format!("{docs}\n{there}"),
            None => docs.to_owned(),
        };
        keywords.insert("description".to_owned(), text.into());
    }
    schema
}

/// An object with one field, which is `null` where there is nothing to say.
fn tagged(name: &str, schema: Option<Value>) -> Value {
    let schema = schema.unwrap_or_else(|| json!({ "type": "null" }));
    json!({ "type": "object", "properties": { name: schema }, "required": [name], "additionalProperties": false })
}

/// The schema, and `null`.
fn option(mut schema: Value) -> Value {
    match schema.get("type") {
        // Other keywords say nothing of `null`, except a list of what is allowed.
        Some(Value::String(kind)) if schema.get("enum").is_none() => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn case(case: &Case) -> Value {
    let tag = json!({ "const": case.name });
    let schema = match &case.shape {
        None => json!({ "type": "object", "properties": { "tag": tag }, "required": ["tag"], "additionalProperties": false }),
        Some(shape) => json!({
            "type": "object",
            "properties": { "tag": tag, "value": of(shape) },
            "required": ["tag", "value"],
            "additionalProperties": false,
        }),
    };
    described(schema, case.docs.as_deref())
}

fn one_of(labels: &[Label]) -> Value {
    json!({ "type": "string", "enum": labels.iter().map(|label| label.name.as_str()).collect::<Vec<_>>() })
}

/// What is said of each, one line each.
fn labels_docs(labels: &[Label]) -> Option<String> {
    let lines = labels.iter().filter_map(|label| Some(format!("- `{}`: {}", label.name, label.docs.as_ref()?)));
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() { None } else { Some(lines.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::super::shape::Int;
    use super::*;

    fn plain(kind: Kind) -> Shape {
        kind.into()
    }

    fn label(name: &str, docs: Option<&str>) -> Label {
        Label { name: name.into(), docs: docs.map(str::to_owned) }
    }

    #[test]
    fn integers_have_their_ranges() {
        let bounds = |int| {
            let schema = of(&plain(Kind::Int(int)));
            (schema["minimum"].clone(), schema["maximum"].clone())
        };
        assert_eq!(bounds(Int::S8), (json!(-128), json!(127)));
        assert_eq!(bounds(Int::U32), (json!(0), json!(4_294_967_295_u32)));
        assert_eq!(bounds(Int::S64), (json!(i64::MIN), json!(i64::MAX)));
        assert_eq!(bounds(Int::U64), (json!(0), json!(u64::MAX)));
    }

    #[test]
    fn what_may_be_nothing_may_be_left_out_of_an_object() {
        let field = |name: &str, kind| Field { name: name.into(), shape: plain(kind), docs: None };
        let maybe = |kind| Kind::Option(Box::new(plain(kind)));
        let schema = object(&[field("must", Kind::String), field("may", maybe(Kind::String))]);
        assert_eq!(schema["required"], json!(["must"]));
        assert_eq!(schema["properties"]["may"], json!({ "type": ["string", "null"] }));
        // `null` cannot stand for both kinds of nothing.
        let twice = of(&plain(maybe(maybe(Kind::Bool))));
        assert_eq!(twice["anyOf"][1]["properties"]["some"], json!({ "type": ["boolean", "null"] }));
    }

    #[test]
    fn what_is_said_of_a_field_stands_before_what_is_said_of_its_type() {
        let labels = vec![label("red", Some("warm")), label("blue", None)];
        let shape = Shape { kind: Kind::Enum(labels), docs: Some("A colour.".into()) };
        let schema = object(&[Field { name: "paint".into(), shape, docs: Some("Of the wall.".into()) }]);
        let expected =
            json!({ "type": "string", "enum": ["red", "blue"], "description": "Of the wall.\nA colour.\n- `red`: warm" });
        assert_eq!(schema["properties"]["paint"], expected);
    }
}
