//! Which forms are taken, and which answers fit them.

use serde_json::{Value, json};

use super::*;
use crate::limits;

fn form(properties: Value, required: &[&str]) -> Form {
    Form::parse(json!({ "type": "object", "properties": properties, "required": required })).unwrap()
}

fn refused(schema: Value) -> String {
    Form::parse(schema).err().unwrap_or_else(|| "accepted".to_owned())
}

fn of_field(field: Value) -> String {
    refused(json!({ "type": "object", "properties": { "a": field } }))
}

#[test]
fn a_form_has_its_fields_in_their_order_with_what_a_person_reads() {
    let form = form(
        json!({
            "size": { "type": "string", "enum": ["s", "m"], "enumNames": ["Small", "Medium"], "default": "m" },
            "count": { "type": "integer", "title": "How many", "minimum": 1, "maximum": 5 },
            "gift": { "type": "boolean", "description": "Wrap it?" },
        }),
        &["count"],
    );
    let told: Vec<(&str, &str, bool)> = form.fields().iter().map(|f| (f.name.as_str(), f.label(), f.is_required)).collect();
    assert_eq!(told, [("size", "size", false), ("count", "How many", true), ("gift", "gift", false)]);
    assert_eq!(form.fields()[0].default, Some(json!("m")));
    assert_eq!(form.fields()[1].wanted(), "a whole number from 1 to 5");
}

#[test]
fn what_a_form_cannot_show_is_refused_with_its_place() {
    for (schema, part) in [
        (json!([]), "schema: must be an object"),
        (json!({ "type": "string" }), "schema.type: must be `object`"),
        (json!({ "type": "object" }), "schema.properties: must be an object"),
        (json!({ "type": "object", "properties": {} }), "a form has 1 to 16 fields, not 0"),
        (json!({ "type": "object", "properties": { "a": true }, "required": ["b"] }), "schema.required: `b` is not one"),
        (json!({ "type": "object", "properties": { "a b": { "type": "boolean" } } }), "a name is 1 to 64 letters"),
        (json!({ "type": "object", "properties": { "a": { "type": "boolean" } }, "allOf": [] }), "`allOf` is not a part"),
    ] {
        let told = refused(schema.clone());
        assert!(told.contains(part), "{schema}: `{part}` is not in: {told}");
    }
    for (field, part) in [
        (json!({ "type": "object" }), "schema.properties.a.type: must be `string`"),
        (json!({ "type": "array", "items": {} }), "a form is flat"),
        (json!({ "type": "array", "items": { "type": "string" } }), "schema.properties.a.items: must be choices"),
        (json!({ "type": "array", "items": { "enum": ["a"] }, "minItems": 2 }), "2 values are more than the 1"),
        (json!({ "type": "string", "oneOf": [{ "title": "A" }] }), "schema.properties.a.oneOf: must be a list of"),
        (json!({ "type": "string", "pattern": "x" }), "schema.properties.a: `pattern` is not a part of a form"),
        (json!({ "type": "string", "format": "password" }), "schema.properties.a.format: must be `email`"),
        (json!({ "type": "string", "enum": [] }), "schema.properties.a.enum: 1 to 64 values"),
        (json!({ "type": "string", "enum": ["a"], "enumNames": [] }), "a name for each of the 1 values"),
        (json!({ "type": "string", "minLength": 5000 }), "are more than the 4000 allowed"),
        (json!({ "type": "integer", "minimum": 2, "maximum": 1 }), "nothing fits"),
        (json!({ "type": "integer", "default": "x" }), "schema.properties.a.default: must be a whole number"),
    ] {
        let told = of_field(field.clone());
        assert!(told.contains(part), "{field}: `{part}` is not in: {told}");
    }
    let many: serde_json::Map<String, Value> =
        (0..=limits::ASK_FIELDS_MAX).map(|n| (format!("f{n}"), json!({ "type": "boolean" }))).collect();
    assert!(refused(json!({ "type": "object", "properties": many })).contains("not 17"));
    let values: Vec<String> = (0..=limits::ASK_CHOICES_MAX).map(|n| n.to_string()).collect();
    assert!(of_field(json!({ "type": "string", "enum": values })).contains("not 65"));
}

#[test]
fn a_form_never_asks_for_a_secret() {
    for name in ["password", "Api_Key", "client-secret", "db.passwd"] {
        let told = refused(json!({ "type": "object", "properties": { name: { "type": "string" } } }));
        assert!(told.contains("never asks for a secret") && told.contains("octi secret set"), "{name}: {told}");
    }
    assert!(of_field(json!({ "type": "string", "title": "Your API key" })).contains("`apikey`"));
    assert_eq!(of_field(json!({ "type": "string", "title": "Your key signature" })), "accepted");
}

#[test]
fn an_answer_fits_or_names_the_field() {
    let form = form(
        json!({
            "name": { "type": "string", "minLength": 2, "maxLength": 5 },
            "mail": { "type": "string", "format": "email" },
            "site": { "type": "string", "format": "uri" },
            "day": { "type": "string", "format": "date" },
            "at": { "type": "string", "format": "date-time" },
            "count": { "type": "integer", "maximum": 5 },
            "share": { "type": "number" },
            "ok": { "type": "boolean" },
            "size": { "type": "string", "enum": ["s", "m"] },
        }),
        &["name"],
    );
    let whole = json!({
        "name": "Ada", "mail": "ada@example.com", "site": "https://a.test/x", "day": "2026-02-28", "at": "2026-02-28T10:00:00Z",
        "count": 5, "share": 0.5, "ok": false, "size": "m",
    });
    assert_eq!(form.check(&whole).map(Value::from), Ok(whole));
    assert_eq!(form.check(&json!({ "name": "Ada", "ok": null })).map(Value::from), Ok(json!({ "name": "Ada" })));
    for (answer, part) in [
        (json!([]), "must be an object"),
        (json!({}), "`name` must be given"),
        (json!({ "name": "A" }), "`name` must be a text of 2 to 5 characters"),
        (json!({ "name": "Adaada" }), "`name`"),
        (json!({ "name": "Ada", "more": 1 }), "`more` was not asked for"),
        (json!({ "name": "Ada", "mail": "ada@x" }), "`mail` must be an address"),
        (json!({ "name": "Ada", "site": "a b:c" }), "`site`"),
        (json!({ "name": "Ada", "day": "2026-02-30" }), "`day` must be a date"),
        (json!({ "name": "Ada", "at": "today" }), "`at`"),
        (json!({ "name": "Ada", "count": 6 }), "`count` must be a whole number of at most 5"),
        (json!({ "name": "Ada", "count": 1.5 }), "`count`"),
        (json!({ "name": "Ada", "ok": "yes" }), "`ok` must be yes or no"),
        (json!({ "name": "Ada", "size": "l" }), "`size` must be one of `s`, `m`"),
    ] {
        let told = form.check(&answer).err().unwrap_or_default();
        assert!(told.contains(part), "{answer}: `{part}` is not in: {told}");
    }
}

#[test]
fn one_or_several_of_a_list_are_chosen_in_every_form_that_mcp_has() {
    let titled = json!([{ "const": "a", "title": "Ant" }, { "const": "b", "title": "Bee" }]);
    let form = form(
        json!({
            "one": { "type": "string", "oneOf": titled },
            "named": { "type": "array", "items": { "type": "string", "enum": ["a", "b"] }, "minItems": 1 },
            "titled": { "type": "array", "items": { "anyOf": titled }, "maxItems": 1, "default": ["b"] },
        }),
        &[],
    );
    assert_eq!(form.fields()[1].wanted(), "1 to 2 of `a`, `b`, with commas between them");
    assert_eq!(form.fields()[1].read("b, 1"), Ok(Some(json!(["b", "a"]))));
    assert_eq!(form.fields()[0].read("bee"), Ok(Some(json!("b"))));
    for (answer, fits) in [
        (json!({ "one": "a", "named": ["a", "b"], "titled": [] }), true),
        (json!({ "one": "Ant" }), false),
        (json!({ "named": [] }), false),
        (json!({ "named": ["a", "a"] }), false),
        (json!({ "named": ["c"] }), false),
        (json!({ "titled": ["a", "b"] }), false),
        (json!({ "titled": "a" }), false),
    ] {
        assert_eq!(form.check(&answer).is_ok(), fits, "{answer}");
    }
}

#[test]
fn what_is_typed_becomes_a_value_of_its_field() {
    let form = form(
        json!({
            "size": { "type": "string", "enum": ["s", "m"], "enumNames": ["Small", "Medium"] },
            "count": { "type": "integer" },
            "gift": { "type": "boolean" },
            "note": { "type": "string" },
        }),
        &[],
    );
    let read = |index: usize, typed: &str| form.fields()[index].read(typed);
    for (index, typed, value) in [
        (0, "2", json!("m")),
        (0, "small", json!("s")),
        (0, " m ", json!("m")),
        (1, "7", json!(7)),
        (2, "Yes", json!(true)),
        (2, "n", json!(false)),
        (3, "a b", json!("a b")),
    ] {
        assert_eq!(read(index, typed), Ok(Some(value)), "{typed}");
    }
    assert_eq!(read(3, "  "), Ok(None));
    for (index, typed) in [(0, "3"), (0, "0"), (1, "seven"), (1, "1.5"), (2, "maybe")] {
        assert!(read(index, typed).is_err(), "{typed}");
    }
}
