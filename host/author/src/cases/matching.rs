//! The expected value is a part of the actual one.

use octi_domain::limits;
use serde_json::Value;

use super::problem::Difference;

/// The places where they differ, at most [`limits::CASE_DIFFERENCES_MAX`]; none when the actual value matches.
pub(super) fn differences(expected: &Value, actual: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(expected, actual, "$", &mut found);
    found.truncate(limits::CASE_DIFFERENCES_MAX);
    found
}

fn compare(expected: &Value, actual: &Value, place: &str, found: &mut Vec<Difference>) {
    let differs = || Difference { place: place.to_owned(), expected: Some(expected.clone()), actual: Some(actual.clone()) };
    if let Some((name, argument)) = matcher(expected) {
        let holds = match name {
            "$contains" => contains(argument, actual),
            "$has" => has(argument, actual),
            "$length" => length(actual) == argument.as_u64(),
            _ => false,
        };
        if !holds {
            found.push(differs());
        }
        return;
    }
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, value) in wanted {
                let place = format!("{place}.{key}");
                match (there.get(key), is_absent(value)) {
                    (None, true) => {}
                    (Some(there), true) => found.push(Difference { place, expected: None, actual: Some(there.clone()) }),
                    (Some(there), false) => compare(value, there, &place, found),
                    (None, false) => found.push(Difference { place, expected: Some(value.clone()), actual: None }),
                }
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (index, (value, there)) in wanted.iter().zip(there).enumerate() {
                compare(value, there, &format!("{place}[{index}]"), found);
            }
        }
        (Value::Number(wanted), Value::Number(there)) if wanted.as_f64() == there.as_f64() => {}
        _ if expected == actual => {}
        _ => found.push(differs()),
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
    wanted.iter().all(|value| items.iter().any(|item| differences(value, item).is_empty()))
}

fn length(actual: &Value) -> Option<u64> {
    let length = actual.as_array().map(Vec::len).or_else(|| actual.as_str().map(|text| text.chars().count()));
    length.and_then(|length| u64::try_from(length).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_matches_and_every_difference_names_its_place() {
        let actual = json!({ "a": [1, { "b": "text" }], "c": true });
        assert_eq!(differences(&json!({ "a": [1.0, { "b": { "$contains": "ex" } }] }), &actual), []);
        assert_eq!(differences(&json!({ "a": { "$has": [1] }, "d": { "$absent": true } }), &actual), []);
        let wrong = differences(&json!({ "a": [2, { "b": "other" }], "c": { "$absent": true }, "d": 1 }), &actual);
        let places: Vec<&str> = wrong.iter().map(|difference| difference.place.as_str()).collect();
        assert_eq!(places, ["$.a[0]", "$.a[1].b", "$.c", "$.d"]);
        assert_eq!((&wrong[1].expected, &wrong[1].actual), (&Some(json!("other")), &Some(json!("text"))));
        assert_eq!((&wrong[2].expected, &wrong[3].actual), (&None, &None));
    }

    #[test]
    fn no_more_differences_are_shown_than_anybody_reads() {
        let long = |value: u64| Value::from(vec![value; 100]);
        assert_eq!(differences(&long(1), &long(2)).len(), limits::CASE_DIFFERENCES_MAX);
    }
}
