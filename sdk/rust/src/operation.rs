//! Tools as the component exports them: the list, and the way from a name and JSON to a function.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::raw::bindings::exports::octi::plugin::tools as raw;
use crate::{IntoReply, Reply, ToolError, schema};

/// An operation that models can call; `#[tool]` implements it.
pub trait Tool {
    /// The function's name.
    const NAME: &'static str;
    /// The function's doc comment.
    const DESCRIPTION: &'static str;

    /// Name, description and schemas.
    fn describe() -> Description;

    /// Reads the arguments, calls the function, writes the result.
    ///
    /// # Errors
    /// [`ToolError::BadInput`] when the arguments do not fit; otherwise what the function says.
    fn call(arguments: &str) -> Result<Reply, ToolError>;
}

/// What a model and the host learn of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    pub name: String,
    pub description: String,
    /// JSON Schema 2020-12.
    pub input_schema: Value,
    pub output_schema: Option<Value>,
}

/// A [`Tool`] as an entry of a list.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    name: &'static str,
    describe: fn() -> Description,
    call: fn(&str) -> Result<Reply, ToolError>,
}

impl Operation {
    /// The entry of a tool.
    #[must_use]
    pub const fn of<T: Tool>() -> Self {
        Self { name: T::NAME, describe: T::describe, call: T::call }
    }

    /// What the model calls it, without the plugin's alias.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Name, description and schemas.
    #[must_use]
    pub fn describe(&self) -> Description {
        (self.describe)()
    }

    /// Calls it with JSON arguments.
    ///
    /// # Errors
    /// [`ToolError::BadInput`] when the arguments do not fit; otherwise what the function says.
    pub fn call(&self, arguments: &str) -> Result<Reply, ToolError> {
        (self.call)(arguments)
    }
}

/// The description of a function from its types.
pub fn describe<A, R, E>(name: &str, description: &str, _function: impl Fn(A) -> Result<R, E>) -> Description
where
    A: JsonSchema,
    R: IntoReply,
{
    Description {
        name: name.to_owned(),
        description: description.to_owned(),
        input_schema: schema::of_input::<A>(),
        output_schema: R::schema(),
    }
}

/// The way through a function from JSON to JSON.
///
/// # Errors
/// [`ToolError::BadInput`] when the arguments do not fit; otherwise what the function says.
pub fn call<A, R, E>(arguments: &str, function: impl Fn(A) -> Result<R, E>) -> Result<Reply, ToolError>
where
    A: DeserializeOwned + JsonSchema,
    R: IntoReply,
    E: Into<ToolError>,
{
    function(read_arguments(arguments)?).map_err(Into::into)?.into_reply()
}

/// Reads arguments; the error names the first that does not fit, and lists what is valid.
fn read_arguments<A: DeserializeOwned + JsonSchema>(text: &str) -> Result<A, ToolError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let problem = match serde_path_to_error::deserialize::<_, A>(&mut reader) {
        Ok(arguments) => match reader.end() {
            Ok(()) => return Ok(arguments),
            Err(_) => "there is text after the JSON object".to_owned(),
        },
        Err(error) => {
            let path = error.path().to_string();
            let reason = error.into_inner().to_string();
            // serde_json appends a position, which says nothing about arguments that a model wrote as an object.
            let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
            if path == "." { reason.to_owned() } else { format!("argument `{path}`: {reason}") }
        }
    };
    Err(ToolError::BadInput(format!("{problem}; {}", schema::arguments_in_words(&schema::of_input::<A>()))))
}

/// The export `describe`.
#[must_use]
pub fn describe_all(operations: &[Operation]) -> Vec<raw::Tool> {
    operations
        .iter()
        .map(|operation| {
            let Description { name, description, input_schema, output_schema } = operation.describe();
            raw::Tool {
                name,
                description,
                input_schema: input_schema.to_string(),
                output_schema: output_schema.map(|schema| schema.to_string()),
            }
        })
        .collect()
}

/// The export `call`.
///
/// # Errors
/// `bad-input` when there is no such operation; otherwise what the operation says.
pub fn call_one(operations: &[Operation], name: &str, arguments: &str) -> Result<raw::Output, raw::ToolError> {
    let Reply { content, summary } = find(operations, name)?.call(arguments)?;
    Ok(raw::Output { content, summary })
}

fn find<'a>(operations: &'a [Operation], name: &str) -> Result<&'a Operation, ToolError> {
    operations.iter().find(|operation| operation.name == name).ok_or_else(|| {
        let names: Vec<String> = operations.iter().map(|operation| format!("`{}`", operation.name)).collect();
        ToolError::BadInput(format!("there is no operation `{name}`; there is {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ping;

    impl Tool for Ping {
        const NAME: &'static str = "ping";
        const DESCRIPTION: &'static str = "Answers.";

        fn describe() -> Description {
            describe(Self::NAME, Self::DESCRIPTION, |(): ()| Ok::<_, ToolError>("pong"))
        }

        fn call(arguments: &str) -> Result<Reply, ToolError> {
            call(arguments, |(): ()| Ok::<_, ToolError>("pong"))
        }
    }

    const OPERATIONS: &[Operation] = &[Operation::of::<Ping>()];

    #[test]
    fn the_exports_carry_json_text() {
        let described = describe_all(OPERATIONS);
        assert_eq!((described[0].name.as_str(), described[0].description.as_str()), ("ping", "Answers."));
        assert!(serde_json::from_str::<Value>(&described[0].input_schema).is_ok_and(|schema| schema.is_object()));
        assert_eq!(call_one(OPERATIONS, "ping", "null").map(|output| output.content).ok().as_deref(), Some("\"pong\""));
    }

    #[test]
    fn an_unknown_operation_is_answered_with_the_known_ones() {
        let error = call_one(OPERATIONS, "pong", "{}").err();
        assert!(
            matches!(&error, Some(raw::ToolError::BadInput(text)) if text == "there is no operation `pong`; there is `ping`"),
            "{error:?}"
        );
    }
}
