//! What a tool returns.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::ToolError;
use crate::schema;

/// A typed result: its schema is published, and the host checks the result against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output<T> {
    content: T,
    summary: Option<String>,
}

impl<T> Output<T> {
    /// The structured result, for the model.
    pub const fn new(content: T) -> Self {
        Self { content, summary: None }
    }

    /// Adds one line for the person watching.
    #[must_use]
    pub fn summary(mut self, line: impl Into<String>) -> Self {
        self.summary = Some(line.into());
        self
    }

    /// The structured result.
    pub const fn content(&self) -> &T {
        &self.content
    }
}

/// A result as it crosses the border.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// JSON text.
    pub content: String,
    pub summary: Option<String>,
}

/// What a tool may return.
pub trait IntoReply {
    /// The schema of the content, if it is published.
    fn schema() -> Option<Value> {
        None
    }

    /// Serialises the content.
    ///
    /// # Errors
    /// [`ToolError::Internal`] when the value has no JSON form, such as a map whose keys are not text.
    fn into_reply(self) -> Result<Reply, ToolError>;
}

impl<T: Serialize + JsonSchema> IntoReply for Output<T> {
    fn schema() -> Option<Value> {
        Some(schema::of_output::<T>())
    }

    fn into_reply(self) -> Result<Reply, ToolError> {
        Ok(Reply { content: to_json(&self.content)?, summary: self.summary })
    }
}

impl<T: Serialize> IntoReply for T {
    fn into_reply(self) -> Result<Reply, ToolError> {
        Ok(Reply { content: to_json(&self)?, summary: None })
    }
}

fn to_json<T: Serialize>(value: &T) -> Result<String, ToolError> {
    serde_json::to_string(value).map_err(|error| ToolError::Internal(format!("the result has no JSON form: {error}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_summary_travels_beside_the_content() {
        let reply = Output::new(vec![1, 2]).summary("two numbers").into_reply();
        assert_eq!(reply, Ok(Reply { content: "[1,2]".to_owned(), summary: Some("two numbers".to_owned()) }));
    }

    #[test]
    fn plain_values_have_no_published_schema() {
        assert_eq!(<Vec<u8> as IntoReply>::schema(), None);
        assert_eq!("text".into_reply(), Ok(Reply { content: "\"text\"".to_owned(), summary: None }));
    }

    #[test]
    fn a_value_without_json_form_is_the_plugins_bug() {
        let keyed_by_list = BTreeMap::from([(vec![1], 2)]);
        assert!(matches!(keyed_by_list.into_reply(), Err(ToolError::Internal(text)) if text.contains("no JSON form")));
    }
}
