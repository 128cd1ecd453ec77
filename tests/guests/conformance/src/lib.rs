//! What the conformance suite of the Model Context Protocol asks a server for, as an ordinary plugin: each tool answers, logs, asks and
//! gives files the way any plugin does. The prompts and documents are in `plugin.toml`.

use std::thread::sleep;
use std::time::Duration;

use octi_sdk::{Description, HostError, Reply, Tool, ToolError, artifacts, ask, llm, log, serde_json, tool};
use serde_json::{Value, json};

const PIXEL: &[u8] = include_bytes!("../offered/pixel.png");
const SILENCE: &[u8] = include_bytes!("../offered/silence.wav");
/// Progress that comes quicker is left out.
const PACE: Duration = Duration::from_millis(150);
/// Longer than the host of the suite leaves a stream open (two seconds), and shorter than two of them: the suite comes back once.
const LONG: Duration = Duration::from_secs(3);

/// Answers with a text.
#[tool]
fn test_simple_text() -> Result<String, ToolError> {
    Ok("This is a simple text response for testing.".to_owned())
}

/// Gives a picture.
#[tool]
fn test_image_content() -> Result<String, HostError> {
    artifacts::give("pixel.png", "image/png", PIXEL)?;
    Ok("One red pixel.".to_owned())
}

/// Gives a sound.
#[tool]
fn test_audio_content() -> Result<String, HostError> {
    artifacts::give("silence.wav", "audio/wav", SILENCE)?;
    Ok("A moment of silence.".to_owned())
}

/// Gives a document.
#[tool]
fn test_embedded_resource() -> Result<String, HostError> {
    artifacts::give("embedded.txt", "text/plain", b"This is an embedded resource content.")?;
    Ok("A text.".to_owned())
}

/// Gives a picture and a document with its answer.
#[tool]
fn test_multiple_content_types() -> Result<String, HostError> {
    artifacts::give("pixel.png", "image/png", PIXEL)?;
    artifacts::give("mixed.json", "application/json", br#"{"test":"data","value":123}"#)?;
    Ok("Multiple content types test:".to_owned())
}

/// Logs three lines while it works.
#[tool]
fn test_tool_with_logging() -> Result<String, ToolError> {
    log::info("Tool execution started");
    sleep(PACE);
    log::info("Tool processing data");
    sleep(PACE);
    log::info("Tool execution completed");
    Ok("Logged three lines.".to_owned())
}

/// Says three times how far it is.
#[tool]
fn test_tool_with_progress() -> Result<String, ToolError> {
    for fraction in [0.0, 0.5, 1.0] {
        log::progress(fraction, "working");
        sleep(PACE);
    }
    Ok("Done.".to_owned())
}

/// Fails.
#[tool]
fn test_error_handling() -> Result<String, ToolError> {
    Err(ToolError::Failed("This tool intentionally returns an error for testing".to_owned()))
}

/// Lets a model answer a prompt.
#[tool]
fn test_sampling(
    /// What the model is told.
    prompt: String,
) -> Result<String, HostError> {
    let answer = llm::ask("answer", 100, &prompt)?;
    Ok(format!("LLM response: {}", answer.text))
}

/// Asks for a name and an address.
#[tool]
fn test_elicitation(
    /// What the person reads.
    message: String,
) -> Result<String, HostError> {
    let form = json!({
        "type": "object",
        "properties": {
            "username": {"type": "string", "description": "User's response"},
            "email": {"type": "string", "description": "User's email address"},
        },
        "required": ["username", "email"],
    });
    Ok(format!("User response: {}", asked(&message, &form)?))
}

/// Asks with a form that is filled in already.
#[tool]
fn test_elicitation_sep1034_defaults() -> Result<String, HostError> {
    let form = json!({
        "type": "object",
        "properties": {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": true},
        },
    });
    Ok(format!("Elicitation completed: {}", asked("Is this right?", &form)?))
}

/// Asks with every kind of choice.
#[tool]
fn test_elicitation_sep1330_enums() -> Result<String, HostError> {
    let titled = json!([
        {"const": "value1", "title": "First Option"},
        {"const": "value2", "title": "Second Option"},
        {"const": "value3", "title": "Third Option"},
    ]);
    let plain = json!(["option1", "option2", "option3"]);
    let form = json!({
        "type": "object",
        "properties": {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {
                "type": "string",
                "enum": ["opt1", "opt2", "opt3"],
                "enumNames": ["Option One", "Option Two", "Option Three"],
            },
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        },
    });
    Ok(format!("Elicitation completed: {}", asked("Choose.", &form)?))
}

fn asked(message: &str, form: &Value) -> Result<String, HostError> {
    Ok(match ask::with_schema(message, form, None)? {
        ask::Answer::Given(given) => format!("action=accept, content={given}"),
        ask::Answer::Declined => "action=decline, content={}".to_owned(),
        ask::Answer::Cancelled => "action=cancel, content={}".to_owned(),
    })
}

/// Takes longer than a stream stays open.
#[tool]
fn test_reconnection() -> Result<String, ToolError> {
    sleep(LONG);
    Ok("Reconnection test completed.".to_owned())
}

/// A tool whose schema is written by hand, with definitions of its own.
struct SchemaOfOnesOwn;

impl Tool for SchemaOfOnesOwn {
    const NAME: &'static str = "json_schema_2020_12_tool";
    const DESCRIPTION: &'static str = "Tool with JSON Schema 2020-12 features";

    fn describe() -> Description {
        let input_schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {"type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}},
            },
            "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
            "additionalProperties": false,
        });
        let (name, description) = (Self::NAME.to_owned(), Self::DESCRIPTION.to_owned());
        Description { name, description, input_schema, output_schema: None }
    }

    fn call(arguments: &str) -> Result<Reply, ToolError> {
        let given: Value = serde_json::from_str(arguments).map_err(|error| ToolError::BadInput(error.to_string()))?;
        let word = |path: &str| given.pointer(path).and_then(Value::as_str).unwrap_or("somewhere").to_owned();
        Ok(Reply { content: json!(format!("{} of {}", word("/name"), word("/address/city"))).to_string(), summary: None })
    }
}

octi_sdk::plugin!(
    test_simple_text,
    test_image_content,
    test_audio_content,
    test_embedded_resource,
    test_multiple_content_types,
    test_tool_with_logging,
    test_tool_with_progress,
    test_error_handling,
    test_sampling,
    test_elicitation,
    test_elicitation_sep1034_defaults,
    test_elicitation_sep1330_enums,
    test_reconnection,
    SchemaOfOnesOwn,
);
