//! Reading JSON so that a mistake is named by its place.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Why JSON could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Not JSON at all.
    Syntax { message: String },
    /// JSON, but a field is not what it should be.
    Field { path: String, message: String },
}

impl DecodeError {
    /// A field that has the right type and a wrong value.
    #[must_use]
    pub fn field(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Field { path: path.into(), message: message.into() }
    }
}

/// Reads `bytes` as JSON text and then as `T`.
///
/// # Errors
/// [`DecodeError`] with the path of the first bad field.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    from_value(parse(bytes)?)
}

/// Reads `value` as `T`.
///
/// Who asks follows from the credentials, so a `userId` that a client adds is dropped before the fields are checked.
///
/// # Errors
/// [`DecodeError::Field`] with the path of the first bad field.
pub fn from_value<T: DeserializeOwned>(mut value: Value) -> Result<T, DecodeError> {
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("userId");
        fields.shift_remove("user_id");
    }
    serde_path_to_error::deserialize(value).map_err(|error| located(&error))
}

/// The mistake with its place.
pub fn located<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> DecodeError {
    let message = error.inner().to_string();
    DecodeError::Field { path: place(&error.path().to_string(), &message), message }
}

/// Reads `bytes` as JSON text.
///
/// # Errors
/// [`DecodeError::Syntax`] with line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| DecodeError::Syntax { message: error.to_string() })
}

/// A missing field is reported by serde at its parent, with the name in the message; the person looks for the field.
fn place(path: &str, message: &str) -> String {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'));
    match (path, missing) {
        (".", Some(field)) => field.to_owned(),
        (path, Some(field)) => format!("{path}.{field}"),
        (path, None) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        items: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        size: u32,
    }

    fn problem(text: &str) -> (String, String) {
        match from_slice::<Outer>(text.as_bytes()) {
            Err(DecodeError::Field { path, message }) => (path, message),
            Err(DecodeError::Syntax { message }) => ("syntax".to_owned(), message),
            Ok(outer) => panic!("accepted: {outer:?}"),
        }
    }

    #[test]
    fn the_first_bad_field_is_named() {
        assert_eq!(problem(r#"{"items":[{"size":1},{"size":"x"}]}"#).0, "items[1].size");
        assert_eq!(problem(r#"{"items":[{"size":1,"colour":2}]}"#).0, "items[0].colour");
        assert_eq!(problem(r#"{"items":[{}]}"#).0, "items[0].size");
        assert_eq!(problem("{}").0, "items");
        assert_eq!(problem("{").0, "syntax");
    }

    #[test]
    fn a_user_id_from_the_client_is_dropped() {
        assert_eq!(from_slice(br#"{"items":[],"userId":"x","user_id":1}"#), Ok(Outer { items: vec![] }));
    }
}
