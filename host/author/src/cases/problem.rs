//! What a case found wrong.

use std::fmt;

use octi_domain::limits;
use serde::Serialize;
use serde_json::Value;

/// A place where what came is not what was expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Such as `$.lines[0].text`.
    pub place: String,
    /// None when nothing should be there.
    pub expected: Option<Value>,
    /// None when nothing is there.
    pub actual: Option<Value>,
}

/// Why a case failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Problem {
    /// Which call it was, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The operation that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// All of what the call returned, when a part of it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<Value>>,
    /// Requests that got no page of the case, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub web: Vec<String>,
}

impl Problem {
    pub(super) fn of(message: impl Into<String>) -> Self {
        Self { step: None, call: None, message: message.into(), differences: Vec::new(), output: None, web: Vec::new() }
    }

    pub(super) fn differs(differences: Vec<Difference>, output: &Value) -> Self {
        let message = "the output is another".to_owned();
        Self { differences, ..Self::of(message).with_output(output) }
    }

    pub(super) fn with_output(self, output: &Value) -> Self {
        Self { output: Some(Box::new(output.clone())), ..self }
    }

    /// The same, with what it asked the web for in vain: mostly that is why.
    pub(super) fn on(self, web: Vec<String>) -> Self {
        Self { web, ..self }
    }

    pub(super) fn at(self, step: usize, call: &str) -> Self {
        Self { step: Some(step), call: Some(call.to_owned()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(step), Some(call)) = (self.step, &self.call) {
            write!(f, "step {step} ({call}): ")?;
        }
        f.write_str(&self.message)?;
        for difference in &self.differences {
            write!(f, "\n  {}", difference.place)?;
            write!(f, "\n    expected  {}", shown(difference.expected.as_ref()))?;
            write!(f, "\n    actual    {}", shown(difference.actual.as_ref()))?;
        }
        if let Some(output) = self.output.as_deref() {
            write!(f, "\n  the whole output\n    {}", shown(Some(output)))?;
        }
        self.web.iter().try_for_each(|missed| write!(f, "\n  {missed}"))
    }
}

fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    if text.len() <= limits::CASE_SHOWN_BYTES_MAX {
        return text;
    }
    let end = text.floor_char_boundary(limits::CASE_SHOWN_BYTES_MAX);
    format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_shows_both_sides_of_each_difference() {
        let difference = |place: &str, expected, actual| Difference { place: place.to_owned(), expected, actual };
        let differences =
            vec![difference("$.lines", Some(3.into()), Some(2.into())), difference("$.words", Some(Value::from("x")), None)];
        let problem = Problem::differs(differences, &serde_json::json!({ "lines": 2 })).at(1, "count");
        assert_eq!(
            problem.to_string(),
            "step 1 (count): the output is another\n  $.lines\n    expected  3\n    actual    2\n  $.words\n    \
             expected  \"x\"\n    actual    nothing\n  the whole output\n    {\"lines\":2}"
        );
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let long = Value::from("ü".repeat(limits::CASE_SHOWN_BYTES_MAX));
        let text = shown(Some(&long));
        assert!(text.len() < limits::CASE_SHOWN_BYTES_MAX + 30 && text.ends_with("… (4002 bytes)"), "{text}");
    }
}
