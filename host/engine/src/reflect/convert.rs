//! JSON to values of a component's functions, and back. It knows neither a component nor an engine: only types and values.
//!
//! | type | JSON |
//! | --- | --- |
//! | `bool`, integers, floats, `string` | the same; a float is never infinite or not a number |
//! | `char` | a text of one character |
//! | `list<T>`, `tuple<…>` | a list |
//! | record | an object; fields that are options may be left out |
//! | `option<T>` | `null` or T; where T is an option itself, `null` or `{"some": T}` |
//! | variant | `{"tag": "name", "value": T}`, without `value` where the case has none |
//! | enum | its name as a text |
//! | flags | a list of names, each at most once |
//! | `result<T, E>` | `{"ok": T}` or `{"error": E}`, with `null` where there is nothing to say |

mod give;
mod take;

use std::fmt;

use octi_domain::limits;
use serde_json::Value;

use super::Val;
use super::shape::{Field, Shape};

/// Characters of a wrong text that are repeated.
const SHOWN_CHARS_MAX: usize = 40;

/// Why a value was not converted: where it is, what was expected there, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at `{path}`: expected {expected}, found {found}")]
pub(crate) struct Mismatch {
    /// A JSON pointer (RFC 6901); `/` is the whole.
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Mismatch {
    fn new(at: &At<'_>, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self { path: at.to_string(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// A way into a value.
enum At<'a> {
    Whole,
    Field(&'a At<'a>, &'a str),
    Item(&'a At<'a>, usize),
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn below(at: &At<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            match at {
                At::Whole => Ok(()),
                At::Field(above, name) => {
                    below(above, f)?;
                    write!(f, "/{}", name.replace('~', "~0").replace('/', "~1"))
                }
                At::Item(above, index) => {
                    below(above, f)?;
                    write!(f, "/{index}")
                }
            }
        }
        if matches!(self, Self::Whole) { f.write_str("/") } else { below(self, f) }
    }
}

/// How many values there may still be. What they nest is bounded by their types.
struct Room(usize);

impl Room {
    const fn new() -> Self {
        Self(limits::REFLECT_VALUES_MAX)
    }

    fn take(&mut self, at: &At<'_>) -> Result<(), Mismatch> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| {
            Mismatch::new(at, format_args!("at most {} values altogether", limits::REFLECT_VALUES_MAX), "more of them")
        })?;
        Ok(())
    }
}

/// The parameters of a call, in their order.
///
/// # Errors
/// [`Mismatch`] at the first thing that does not fit.
pub(crate) fn arguments(json: &Value, parameters: &[Field]) -> Result<Vec<Val>, Mismatch> {
    let fields = take::fields(json, parameters, &At::Whole, &mut Room::new())?;
    Ok(fields.into_iter().map(|(_, value)| value).collect())
}

/// One value, as JSON.
///
/// # Errors
/// [`Mismatch`] where it is nothing that JSON can say, such as an infinite number.
pub(crate) fn to_json(value: &Val, shape: &Shape) -> Result<Value, Mismatch> {
    give::json(value, shape, &At::Whole, &mut Room::new())
}

/// What a value of JSON is, for who gave a wrong one.
fn found(json: &Value) -> String {
    match json {
        Value::Null => "`null`".to_owned(),
        Value::Bool(_) | Value::Number(_) => format!("`{json}`"),
        Value::String(text) => {
            let shown: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
            format!("the text `{shown}{}`", if text.chars().nth(SHOWN_CHARS_MAX).is_some() { "…" } else { "" })
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(fields) => format!("an object of {}", fields.len()),
    }
}

#[cfg(test)]
mod tests;
