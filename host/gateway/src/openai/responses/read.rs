//! Reads a request of `/v1/responses`.

use octi_api::openai::chat::ResponseFormat;
use octi_api::openai::responses::{InputItem, ResponseInput, ResponseTool, ResponseToolChoice, ResponsesRequest};
use octi_domain::limits;
use octi_domain::message::Part;
use octi_models::{ChatRequest, ToolChoice, ToolSchema};

use crate::error::{ApiError, ApiResult};
use crate::openai::ask::{self, Asked, Conversation, Sampling};

/// The question of the request.
pub(super) fn read(body: ResponsesRequest) -> ApiResult<Asked> {
    refuse_unknown_wishes(&body)?;
    let mut conversation = Conversation::default();
    if let Some(instructions) = body.instructions {
        conversation.system(instructions);
    }
    match body.input {
        ResponseInput::Text(text) => conversation.user(text),
        ResponseInput::Items(items) => {
            ask::check_count("input", "items", items.len(), limits::OPENAI_MESSAGES_MAX)?;
            for (index, said) in items.into_iter().enumerate() {
                item(&mut conversation, &format!("input[{index}]"), said)?;
            }
        }
    }
    let tools = tools(body.tools.unwrap_or_default())?;
    let choice = match body.tool_choice {
        None => ToolChoice::Auto,
        Some(ResponseToolChoice::Word(word)) => ask::choice_word(&word)?,
        Some(ResponseToolChoice::Function { name, .. }) => ToolChoice::Tool(name),
    };
    let sampling = Sampling { temperature: body.temperature, top_p: body.top_p, ..Sampling::default() };
    let request = sampling.applied(ChatRequest {
        tool_choice: ask::check_choice(choice, &tools)?,
        tools,
        max_output_tokens: ask::tokens("max_output_tokens", body.max_output_tokens)?,
        ..conversation.asked("input")?
    })?;
    Ok(Asked { request, stops: Vec::new() })
}

/// A client that is not told would take the answer for what it asked for.
fn refuse_unknown_wishes(body: &ResponsesRequest) -> ApiResult<()> {
    const STATELESS: &str = "octi keeps no responses: send the whole conversation as `input`";
    if body.previous_response_id.is_some() {
        return Err(ApiError::field("previous_response_id", STATELESS));
    }
    if body.conversation.is_some() {
        return Err(ApiError::field("conversation", STATELESS));
    }
    if body.background == Some(true) {
        return Err(ApiError::field("background", "octi keeps no responses, so there is none to come back for: wait or stream"));
    }
    match body.text.as_ref().and_then(|text| text.format.as_ref()) {
        Some(ResponseFormat { kind }) if kind != "text" => {
            let message = format!("octi cannot promise the format `{kind}`: ask for it in a message, or with a tool");
            Err(ApiError::field("text.format.type", message))
        }
        _ => Ok(()),
    }
}

fn item(conversation: &mut Conversation, path: &str, said: InputItem) -> ApiResult<()> {
    let missing = |name: &str| ApiError::field(format!("{path}.{name}"), format!("this item needs its `{name}`"));
    match said.kind.as_deref().unwrap_or("message") {
        "message" => {
            let content = said.content.ok_or_else(|| missing("content"))?;
            let text = ask::text(&format!("{path}.content"), content)?;
            match said.role.as_deref() {
                Some("system" | "developer") => conversation.system(text),
                Some("user") => conversation.user(text),
                Some("assistant") => conversation.assistant(Part::Text(text)),
                _ => {
                    let message = "a message is of the role `system`, `developer`, `user` or `assistant`";
                    return Err(ApiError::field(format!("{path}.role"), message));
                }
            }
        }
        "function_call" => {
            let id = said.call_id.ok_or_else(|| missing("call_id"))?;
            let name = said.name.ok_or_else(|| missing("name"))?;
            let call = ask::call(id, name, said.arguments.as_deref().unwrap_or_default());
            conversation.assistant(Part::ToolCall(call));
        }
        "function_call_output" => {
            let id = said.call_id.ok_or_else(|| missing("call_id"))?;
            let output = said.output.ok_or_else(|| missing("output"))?;
            let text = ask::text(&format!("{path}.output"), output)?;
            conversation.result(&format!("{path}.call_id"), &id, text)?;
        }
        // What a model thought is for its own provider only, and octi shows none here.
        "reasoning" => {}
        other => {
            let message =
                format!("octi does not know items of the type `{other}`: send messages, function calls and their outputs");
            return Err(ApiError::field(format!("{path}.type"), message));
        }
    }
    Ok(())
}

fn tools(tools: Vec<ResponseTool>) -> ApiResult<Vec<ToolSchema>> {
    ask::check_count("tools", "tools", tools.len(), limits::OPENAI_TOOLS_MAX)?;
    let read = tools.into_iter().enumerate().map(|(index, tool)| {
        if tool.kind == "function" {
            return ask::tool(&format!("tools[{index}]"), tool.name, tool.description, tool.parameters);
        }
        let message = format!("`{}` is not offered here: only tools of the type `function`, which you run yourself", tool.kind);
        Err(ApiError::field(format!("tools[{index}].type"), message))
    });
    read.collect()
}
