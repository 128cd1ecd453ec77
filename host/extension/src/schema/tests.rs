//! Which schemas are taken, and which checks are too costly.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refusal(source: &Value) -> String {
    Schema::new(source).expect_err("this schema is not taken")
}

fn verdict(source: &Value, value: &Value) -> Verdict {
    Schema::new(source).expect("a schema that is taken").check(value)
}

/// `$defs` in which each of `count` definitions is twice the next one; the last takes everything.
fn doubling(count: usize, doubled: impl Fn(Value) -> Value) -> Value {
    let mut defs = serde_json::Map::new();
    for at in 0..count {
        let next = json!({ "$ref": format!("#/$defs/d{}", at + 1) });
        defs.insert(format!("d{at}"), doubled(next));
    }
    defs.insert(format!("d{count}"), json!(true));
    json!({ "$ref": "#/$defs/d0", "$defs": defs })
}

/// `{"a": {"a": … 1}}`.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!({ "a": inner }))
}

#[test]
fn ordinary_schemas_are_taken() {
    let tree = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/tree",
        "type": "object",
        "properties": {
            "name": { "type": "string", "pattern": "^[a-z$]+$", "default": { "$anchor": "only data" } },
            "$ref": { "type": "integer" },
            "children": { "type": "array", "items": { "$ref": "#" } },
            "kind": { "oneOf": [{ "const": "leaf" }, { "enum": ["branch", { "$ref": "nowhere" }] }] }
        },
        "required": ["name"],
        "additionalProperties": false
    });
    assert_eq!(
        verdict(&tree, &json!({ "name": "root", "$ref": 1, "children": [{ "name": "a", "kind": "leaf" }] })),
        Verdict::Fits
    );
    assert_eq!(verdict(&tree, &json!({ "name": "root", "children": [{ "name": 7 }] })), Verdict::Differs);
    assert_eq!(verdict(&json!(true), &json!(1)), Verdict::Fits);
}

#[test]
fn a_schema_without_end_is_refused_in_words() {
    for circle in [
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "allOf": [{ "$ref": "#/$defs/b" }] }, "b": { "not": { "$ref": "#/$defs/a" } } } }),
        json!({ "properties": { "x": { "if": true, "then": { "$ref": "#/properties/x" } } } }),
    ] {
        assert!(refusal(&circle).contains("contains itself"), "{circle}: {}", refusal(&circle));
    }
}

#[test]
fn references_that_double_are_refused_or_counted() {
    let doubled = doubling(40, |next| json!({ "allOf": [next, next] }));
    assert!(refusal(&doubled).contains("once its references are followed"), "{}", refusal(&doubled));
    // Twice itself for every level of a value: small to compile, and 2 to the power of the levels to check.
    let twice = json!({ "properties": { "a": { "anyOf": [{ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] }, false] } } });
    assert_eq!(verdict(&twice, &nested(8)), Verdict::Fits);
    assert_eq!(verdict(&twice, &nested(45)), Verdict::TooCostly);
}

#[test]
fn many_small_checks_of_a_large_value_are_counted() {
    let every = json!({ "items": { "allOf": vec![json!({ "type": "integer" }); 1_000] } });
    assert_eq!(verdict(&every, &json!(vec![1; 100])), Verdict::Fits);
    assert_eq!(verdict(&every, &json!(vec![1; 10_000])), Verdict::TooCostly);
    let choices = json!({ "items": { "enum": (0..5_000).collect::<Vec<_>>() } });
    assert_eq!(verdict(&choices, &json!(vec![1; 5_000])), Verdict::TooCostly);
    let patterns = json!({ "allOf": vec![json!({ "pattern": "^a*$" }); 100] });
    assert_eq!(verdict(&patterns, &json!("a".repeat(1_000_000))), Verdict::TooCostly);
    assert_eq!(verdict(&json!({ "pattern": "^a*$" }), &json!("a".repeat(1_000_000))), Verdict::Fits);
}

#[test]
fn patterns_match_in_linear_time_or_are_refused() {
    assert_eq!(verdict(&json!({ "pattern": "^(a+)+$" }), &json!(format!("{}!", "a".repeat(10_000)))), Verdict::Differs);
    for pattern in ["(?=a)b", "(a)\\1", "a{1000}{1000}"] {
        assert!(Schema::new(&json!({ "pattern": pattern })).is_err(), "{pattern}");
    }
}

#[test]
fn what_is_not_taken_says_what_to_write_instead() {
    for (source, says) in [
        (json!({ "items": { "$ref": "https://example.com/schema" } }), "outside of the schema"),
        (json!({ "$ref": "#/$defs/missing" }), "there is nothing"),
        (json!({ "properties": { "a": { "unevaluatedProperties": false } } }), "use `additionalProperties`"),
        (json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$dynamicRef": "#a" } } }), "use `$ref`"),
        (json!({ "properties": { "a": { "$id": "https://example.com/a" } } }), "`$id` below its root"),
        (json!({ "type": 7 }), "7"),
        (json!({ "description": "x".repeat(limits::SCHEMA_BYTES_MAX) }), "bytes"),
    ] {
        assert!(refusal(&source).contains(says), "{}", refusal(&source));
    }
}

/// As deep as the limits allow, on a stack as small as those of the threads that check.
#[test]
fn the_deepest_check_fits_on_a_small_stack() {
    let check = || {
        let deep = (0..31).fold(json!({ "type": "integer" }), |inner, _| json!({ "properties": { "a": inner } }));
        assert_eq!(verdict(&deep, &nested(31)), Verdict::Fits);
        assert!(refusal(&json!({ "properties": { "a": deep } })).contains("nested more than"));
        let list = json!({ "properties": { "a": { "$ref": "#" } } });
        assert_eq!(verdict(&list, &nested(60)), Verdict::Fits);
        assert_eq!(verdict(&list, &nested(120)), Verdict::TooCostly);
        let chain = doubling(150, |next| json!({ "allOf": [next] }));
        assert!(refusal(&chain).contains("levels deep"), "{}", refusal(&chain));
        assert_eq!(verdict(&doubling(90, |next| json!({ "allOf": [next] })), &json!(1)), Verdict::Fits);
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        thread.spawn_scoped(scope, check).expect("a thread").join().expect("a check that ends");
    });
}

proptest! {
    /// What a schema takes does not depend on how the steps are counted.
    #[test]
    fn a_check_agrees_with_the_validator(value in prop_oneof![Just(json!(1)), Just(json!("x")), Just(json!({ "a": [1, 2] })), Just(json!([[], {}]))],
                                         keyword in prop_oneof![Just("items"), Just("not"), Just("additionalProperties"), Just("contains")]) {
        let source = json!({ keyword: { "type": "array" } });
        let valid = jsonschema::draft202012::new(&source).unwrap().is_valid(&value);
        prop_assert_eq!(verdict(&source, &value) == Verdict::Fits, valid);
    }
}
