//! The expected value is a part of the actual one.

use serde_json::Value;

/// The first place where they differ; none when the actual value matches.
pub(crate) fn difference(expected: &Value, actual: &Value, path: &str) -> Option<String> {
    if let Some((name, argument)) = matcher(expected) {
        let holds = match name {
            "$contains" => contains(argument, actual),
            "$has" => has(argument, actual),
            "$length" => length(actual) == argument.as_u64(),
            _ => false,
        };
        return (!holds).then(|| format!("{path} is {actual}, expected {expected}"));
    }
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().find_map(|(key, value)| {
            let place = format!("{path}.{key}");
            match (found.get(key), is_absent(value)) {
                (None, true) => None,
                (Some(there), true) => Some(format!("{place} is there: {there}")),
                (Some(there), false) => difference(value, there, &place),
                (None, false) => Some(format!("{place} is missing")),
            }
        }),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let mut pairs = wanted.iter().zip(found).enumerate();
            pairs.find_map(|(index, (value, there))| difference(value, there, &format!("{path}[{index}]")))
        }
        (Value::Number(wanted), Value::Number(found)) if wanted.as_f64() == found.as_f64() => None,
        _ if expected == actual => None,
        _ => Some(format!("{path} is {actual}, expected {expected}")),
    }
}

fn matcher(expected: &Value) -> Option<(&str, &Value)> {
    let fields = expected.as_object()?;
    let (name, argument) = fields.iter().next()?;
    (fields.len() == 1 && name.starts_with('$') && name != "$absent").then_some((name.as_str(), argument))
}

fn is_absent(expected: &Value) -> bool {
    expected.get("$absent").is_some()
}

fn contains(parts: &Value, actual: &Value) -> bool {
    let Some(text) = actual.as_str() else { return false };
    match parts {
        Value::Array(parts) => parts.iter().all(|part| part.as_str().is_some_and(|part| text.contains(part))),
        part => part.as_str().is_some_and(|part| text.contains(part)),
    }
}

fn has(wanted: &Value, actual: &Value) -> bool {
    let (Some(wanted), Some(items)) = (wanted.as_array(), actual.as_array()) else { return false };
    wanted.iter().all(|value| items.iter().any(|item| difference(value, item, "$").is_none()))
}

fn length(actual: &Value) -> Option<u64> {
    let length = actual.as_array().map(Vec::len).or_else(|| actual.as_str().map(|text| text.chars().count()));
    length.and_then(|length| u64::try_from(length).ok())
}

#[test]
fn a_part_matches_and_a_difference_names_its_place() {
    let actual = serde_json::json!({ "a": [1, { "b": "text" }], "c": true });
    assert_eq!(difference(&serde_json::json!({ "a": [1.0, { "b": { "$contains": "ex" } }] }), &actual, "$"), None);
    assert_eq!(difference(&serde_json::json!({ "a": { "$has": [1] }, "d": { "$absent": true } }), &actual, "$"), None);
    let wrong = difference(&serde_json::json!({ "a": [1, { "b": "other" }] }), &actual, "$");
    assert_eq!(wrong.as_deref(), Some("$.a[1].b is \"text\", expected \"other\""));
    assert!(difference(&serde_json::json!({ "c": { "$absent": true } }), &actual, "$").is_some());
}
