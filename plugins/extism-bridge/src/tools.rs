//! The tools of a module: each function is one, unless the module describes its tools itself.

use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use serde_json::{Value, json};

use crate::module::Module;

/// What modules written for mcp.run export: the first lists tools as MCP does, the second answers for all of them.
const DESCRIBE: &str = "describe";
const CALL: &str = "call";

/// How tools of a module are called.
pub(crate) enum Tools {
    /// Each is a function of that name.
    Functions(Vec<Tool>),
    /// All are called through [`CALL`].
    Described(Vec<Tool>),
}

/// What a call comes to.
pub(crate) struct Wanted {
    pub(crate) function: String,
    pub(crate) input: Vec<u8>,
}

/// The module with its tools.
pub(crate) fn of(module: Module) -> anyhow::Result<(Module, Tools)> {
    let has = |name: &str| module.functions.iter().any(|function| function == name);
    // One that does not start, for an import that is not there, is found here and not by the first call.
    let instance = module.instance().map_err(anyhow::Error::msg)?;
    if has(DESCRIBE) && has(CALL) {
        let described = instance.call(DESCRIBE, b"").ok().and_then(|output| described(&output));
        // Functions that only happen to have these names are functions.
        if let Some(tools) = described {
            return Ok((module, Tools::Described(tools)));
        }
    }
    let tools = module.functions.iter().map(|function| plain(&module.name, function)).collect::<anyhow::Result<_>>()?;
    Ok((module, Tools::Functions(tools)))
}

fn described(output: &[u8]) -> Option<Vec<Tool>> {
    let mut listed: Value = serde_json::from_slice(output).ok()?;
    let tools: Vec<Tool> = serde_json::from_value(listed.get_mut("tools")?.take()).ok()?;
    Some(tools).filter(|tools| !tools.is_empty())
}

fn plain(module: &str, function: &str) -> anyhow::Result<Tool> {
    let schema = json!({
        "type": "object",
        "properties": {
            "input": {"type": "string", "description": "What the function reads, as text; JSON where it takes JSON."},
            "base64": {"type": "boolean", "description": "Whether `input` is base64 of bytes that are no text."},
        },
        "additionalProperties": false,
    });
    let schema: JsonObject = serde_json::from_value(schema).context("the schema is no object")?;
    let description = format!("Runs the function `{function}` of the Extism module `{module}`, which does not describe it.");
    Ok(Tool::new(function.to_owned(), description, Arc::new(schema)))
}

impl Tools {
    pub(crate) fn list(&self) -> &[Tool] {
        let (Self::Functions(tools) | Self::Described(tools)) = self;
        tools
    }

    /// What a call of one of them comes to.
    pub(crate) fn wanted(&self, name: &str, arguments: JsonObject) -> Result<Wanted, String> {
        if !self.list().iter().any(|tool| tool.name == name) {
            return Err(format!("there is no tool `{name}`"));
        }
        match self {
            Self::Functions(_) => Ok(Wanted { function: name.to_owned(), input: input(&arguments)? }),
            Self::Described(_) => {
                let request = json!({"method": "tools/call", "params": {"name": name, "arguments": arguments}});
                Ok(Wanted { function: CALL.to_owned(), input: request.to_string().into_bytes() })
            }
        }
    }

    /// The answer for what a function gave.
    pub(crate) fn answer(&self, output: Vec<u8>) -> CallToolResult {
        if let Self::Described(_) = self
            && let Ok(result) = serde_json::from_slice(&output)
        {
            return result;
        }
        match String::from_utf8(output) {
            // What a terminal would obey is kept from people and models, and so it would be lost.
            Ok(text) if text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace()) => bytes(text.as_bytes()),
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(error) => bytes(error.as_bytes()),
        }
    }
}

fn input(arguments: &JsonObject) -> Result<Vec<u8>, String> {
    let text = match arguments.get("input") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err("`input` is a text; write JSON as text".to_owned()),
    };
    if arguments.get("base64").and_then(Value::as_bool).unwrap_or_default() {
        return STANDARD.decode(text).map_err(|error| format!("`input` is not base64: {error}"));
    }
    Ok(text.as_bytes().to_vec())
}

fn bytes(output: &[u8]) -> CallToolResult {
    let told = format!("{} bytes that are no text: they are in the structured content, as base64", output.len());
    let mut result = CallToolResult::success(vec![ContentBlock::text(told)]);
    result.structured_content = Some(json!({"base64": STANDARD.encode(output)}));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> JsonObject {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_function_reads_text_or_bytes() {
        assert_eq!(input(&object(json!({}))), Ok(Vec::new()));
        assert_eq!(input(&object(json!({"input": "a"}))), Ok(b"a".to_vec()));
        assert_eq!(input(&object(json!({"input": "AP8=", "base64": true}))), Ok(vec![0, 255]));
        assert!(input(&object(json!({"input": "AP8", "base64": true}))).unwrap_err().contains("not base64"));
        assert!(input(&object(json!({"input": {"a": 1}}))).unwrap_err().contains("JSON as text"));
    }

    #[test]
    fn a_description_lists_tools_or_is_none() {
        let tools = described(br#"{"tools": [{"name": "add", "inputSchema": {"type": "object"}}]}"#).unwrap();
        assert_eq!(tools[0].name, "add");
        for other in ["", "[]", r#"{"tools": []}"#, r#"{"tools": "add"}"#, r#"{"tools": [{"nam": "add"}]}"#] {
            assert!(described(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_base64() {
        let tools = Tools::Functions(Vec::new());
        let answer = tools.answer(vec![0xff, 0]);
        assert_eq!(answer.structured_content, Some(json!({"base64": "/wA="})));
        assert_eq!(tools.answer(vec![0]).structured_content, Some(json!({"base64": "AA=="})));
        assert_eq!(tools.answer(b"text".to_vec()).structured_content, None);
    }
}
