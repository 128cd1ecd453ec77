//! Questions to the person whose call it is, while the call waits. Needs `capabilities.ask`.
//!
//! The form comes from a type: a flat struct of texts, numbers, `bool`s and enums without fields, marked with [`data`](macro@crate::data).
//! Doc comments are what the person reads beside a field.
//!
//! ```no_run
//! use octi_sdk::{ToolError, ask, data};
//!
//! #[data]
//! struct Order {
//!     /// How many?
//!     count: u8,
//! }
//!
//! # fn order() -> Result<u8, ToolError> {
//! match ask::person::<Order>("How many tickets shall I order?")? {
//!     ask::Answer::Given(order) => Ok(order.count),
//!     ask::Answer::Declined | ask::Answer::Cancelled => Err(ToolError::NeedsUser("nobody said how many".to_owned())),
//! }
//! # }
//! ```

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::raw::bindings::octi::ask::person as raw;
use crate::{HostError, ToolError, schema};

/// What the person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    Given(T),
    /// They said no.
    Declined,
    /// They put the question away.
    Cancelled,
}

/// Asks for a value of that type, and waits as long as the host allows.
///
/// # Errors
/// [`HostError::Unavailable`] when there is nobody to ask, [`HostError::Timeout`] when nobody answered; [`ToolError::Internal`] when the
/// type is none that a form can show.
pub fn person<T: DeserializeOwned + schemars::JsonSchema>(message: &str) -> Result<Answer<T>, ToolError> {
    person_within(message, None)
}

/// The same with a time of the plugin's own.
///
/// # Errors
/// As [`person`].
pub fn person_within<T: DeserializeOwned + schemars::JsonSchema>(
    message: &str,
    time_max: Option<Duration>,
) -> Result<Answer<T>, ToolError> {
    let form = form(&schema::of_input::<T>()).map_err(ToolError::Internal)?;
    match with_schema(message, &form, time_max)? {
        Answer::Given(answer) => serde_json::from_value(answer)
            .map(Answer::Given)
            .map_err(|error| ToolError::Internal(format!("the answer is not what was asked for: {error}"))),
        Answer::Declined => Ok(Answer::Declined),
        Answer::Cancelled => Ok(Answer::Cancelled),
    }
}

/// Asks with a form that is written as JSON Schema.
///
/// # Errors
/// As [`person`]; [`HostError::Invalid`] names what of the schema is no form.
pub fn with_schema(message: &str, schema: &Value, time_max: Option<Duration>) -> Result<Answer<Value>, HostError> {
    let timeout_ms = time_max.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
    let question = raw::Question { message: message.to_owned(), schema: schema.to_string(), timeout_ms };
    match raw::ask(&question)? {
        raw::Answer::Given(text) => serde_json::from_str(&text)
            .map(Answer::Given)
            .map_err(|error| HostError::Other(format!("the answer is not JSON: {error}"))),
        raw::Answer::Declined => Ok(Answer::Declined),
        raw::Answer::Cancelled => Ok(Answer::Cancelled),
    }
}

/// What a form has of the schema of a type.
const KEYS: [&str; 10] =
    ["type", "title", "description", "default", "enum", "minLength", "maxLength", "format", "minimum", "maximum"];
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];

/// The part of a type's schema that a form shows. An option is a field that may be left empty.
fn form(schema: &Value) -> Result<Value, String> {
    let properties = schema.get("properties").and_then(Value::as_object).ok_or("only a struct with fields makes a form")?;
    let fields = properties.iter().map(|(name, field)| Ok((name.clone(), plain(field, name)?)));
    let fields = fields.collect::<Result<Map<_, _>, String>>()?;
    let required = schema.get("required").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    Ok(serde_json::json!({ "type": "object", "properties": fields, "required": required }))
}

fn plain(field: &Value, name: &str) -> Result<Value, String> {
    let mut all = Map::new();
    let mut level = Some(field);
    while let Some(part) = level {
        let object = part.as_object().ok_or_else(|| format!("the field `{name}` has no schema that a form shows"))?;
        for key in KEYS {
            if let Some(value) = object.get(key) {
                all.entry(key).or_insert_with(|| value.clone());
            }
        }
        let choices = object.get("anyOf").or_else(|| object.get("oneOf")).and_then(Value::as_array);
        if let Some(values) = choices.and_then(|choices| choices.iter().map(constants).collect::<Option<Vec<_>>>()) {
            all.insert("type".to_owned(), "string".into());
            all.insert("enum".to_owned(), values.concat().into());
        }
        let is_more = |choice: &&Value| choice.get("type") != Some(&"null".into()) && constants(choice).is_none();
        level = choices.and_then(|choices| choices.iter().find(is_more));
    }
    if let Some(Value::Array(types)) = all.get("type") {
        let one = types.iter().find(|kind| *kind != "null").cloned().unwrap_or_default();
        all.insert("type".to_owned(), one);
    }
    if let Some(Value::Array(values)) = all.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if all.get("format").is_some_and(|format| !FORMATS.iter().any(|known| format == known)) {
        all.remove("format");
    }
    Ok(Value::Object(all))
}

/// The values that variants of an enum stand for.
fn constants(choice: &Value) -> Option<Vec<Value>> {
    let one = choice.get("const").map(|value| vec![value.clone()]);
    one.or_else(|| choice.get("enum")?.as_array().cloned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::data;

    #[data]
    enum Size {
        /// For one.
        Small,
        Large,
    }

    #[data]
    struct Order {
        /// How many?
        count: u8,
        size: Size,
        note: Option<String>,
        #[serde(default)]
        gift: bool,
    }

    #[test]
    fn a_type_becomes_a_form() {
        let form = form(&schema::of_input::<Order>()).unwrap();
        let fields = &form["properties"];
        assert_eq!(fields["count"]["type"], "integer");
        assert_eq!(fields["count"]["description"], "How many?");
        assert_eq!(fields["size"]["enum"].as_array().map(Vec::len), Some(2), "{form}");
        assert_eq!(fields["note"]["type"], "string");
        assert_eq!(fields["gift"], json!({ "type": "boolean", "default": false }));
        assert_eq!(form["required"], json!(["count", "size"]));
    }
}
