//! The schema of a tool: which ones are taken, and values checked against them at a bounded cost.
//!
//! A schema comes from a plugin, and so may the value, while the check runs in the host. What JSON Schema 2020-12 allows
//! can take a time that is exponential in the size of both (references that double, patterns that go back and forth) or
//! never end (references in a circle). So a few rarely used keywords are refused at install, patterns are such that they
//! match in linear time, and every check is counted before it is done.

mod cost;
#[cfg(test)]
mod tests;

use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use octi_domain::limits;
use serde_json::Value;

/// Bytes of one compiled pattern: it bounds what matching one character may cost.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// A schema that values can be checked against.
#[derive(Debug)]
pub struct Schema {
    source: Value,
    validator: Validator,
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fits,
    Differs,
    /// The check was not made: it would take more than [`limits::SCHEMA_CHECK_STEPS_MAX`] steps.
    TooCostly,
}

impl Schema {
    /// Takes a schema.
    ///
    /// # Errors
    /// Says in words what is wrong with it, or what it uses that is not taken.
    pub fn new(source: &Value) -> Result<Self, String> {
        let bytes = source.to_string().len();
        if bytes > limits::SCHEMA_BYTES_MAX {
            return Err(format!("it has {bytes} bytes and at most {} are allowed", limits::SCHEMA_BYTES_MAX));
        }
        cost::vet(source)?;
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
        let options = jsonschema::options().with_draft(Draft::Draft202012).with_pattern_options(patterns);
        let validator = options.build(source).map_err(|error| error.to_string())?;
        Ok(Self { source: source.clone(), validator })
    }

    /// Whether the value is as the schema says.
    #[must_use]
    pub fn check(&self, value: &Value) -> Verdict {
        if !cost::is_affordable(&self.source, value) {
            return Verdict::TooCostly;
        }
        if self.validator.is_valid(value) { Verdict::Fits } else { Verdict::Differs }
    }

    /// What is wrong with a value that [`Verdict::Differs`].
    pub fn problems<'a>(&'a self, value: &'a Value) -> impl Iterator<Item = ValidationError<'a>> {
        self.validator.iter_errors(value)
    }
}
