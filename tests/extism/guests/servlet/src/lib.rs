//! An Extism module that describes its tools itself, as those of mcp.run do: `describe` lists them, `call` answers for all.

use extism_pdk::*;
use serde_json::{Value, json};

#[plugin_fn]
pub fn describe() -> FnResult<Json<Value>> {
    let number = json!({"type": "number"});
    Ok(Json(json!({"tools": [
        {
            "name": "add",
            "description": "Adds two numbers",
            "inputSchema": {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]},
        },
        {
            "name": "divide",
            "description": "Divides one number by another",
            "inputSchema": {"type": "object", "properties": {"a": number, "b": number}, "required": ["a", "b"]},
        },
    ]})))
}

#[plugin_fn]
pub fn call(Json(request): Json<Value>) -> FnResult<Json<Value>> {
    let number = |name: &str| request["params"]["arguments"][name].as_f64().unwrap_or_default();
    let (a, b) = (number("a"), number("b"));
    let (text, is_error) = match request["params"]["name"].as_str().unwrap_or_default() {
        "add" => ((a + b).to_string(), false),
        "divide" if b == 0.0 => ("nothing divides by zero".to_owned(), true),
        "divide" => ((a / b).to_string(), false),
        other => return Err(Error::msg(format!("there is no tool `{other}`")).into()),
    };
    Ok(Json(json!({"content": [{"type": "text", "text": text}], "isError": is_error})))
}
