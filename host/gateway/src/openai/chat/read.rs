//! Reads a request of `/v1/chat/completions`.

use octi_api::openai::chat::{
    ChatCompletionMessage, ChatCompletionRequest, ChatCompletionTool, ChatToolChoice, ResponseFormat, StopWords,
};
use octi_domain::limits;
use octi_domain::message::Part;
use octi_models::{ChatRequest, ToolChoice, ToolSchema};

use crate::error::{ApiError, ApiResult};
use crate::openai::ask::{self, Asked, Conversation, Sampling};

/// The question of the request.
pub(super) fn read(body: ChatCompletionRequest) -> ApiResult<Asked> {
    refuse_unknown_wishes(&body)?;
    ask::check_count("messages", "messages", body.messages.len(), limits::OPENAI_MESSAGES_MAX)?;
    let mut conversation = Conversation::default();
    for (index, said) in body.messages.into_iter().enumerate() {
        message(&mut conversation, &format!("messages[{index}]"), said)?;
    }
    let tools = tools(body.tools.unwrap_or_default())?;
    let choice = match body.tool_choice {
        None => ToolChoice::Auto,
        Some(ChatToolChoice::Word(word)) => ask::choice_word(&word)?,
        Some(ChatToolChoice::Function { function }) => ToolChoice::Tool(function.name),
    };
    let sampling = Sampling {
        temperature: body.temperature,
        top_p: body.top_p,
        seed: body.seed,
        presence_penalty: body.presence_penalty,
        frequency_penalty: body.frequency_penalty,
    };
    let request = sampling.applied(ChatRequest {
        tool_choice: ask::check_choice(choice, &tools)?,
        tools,
        max_output_tokens: ask::tokens("max_completion_tokens", body.max_completion_tokens.or(body.max_tokens))?,
        ..conversation.asked("messages")?
    })?;
    Ok(Asked { request, stops: stops(body.stop)? })
}

/// A client that is not told would take the answer for what it asked for.
fn refuse_unknown_wishes(body: &ChatCompletionRequest) -> ApiResult<()> {
    if body.n.is_some_and(|n| n != 1) {
        return Err(ApiError::field("n", "octi gives one answer to a request: leave `n` out and ask several times"));
    }
    if body.logprobs == Some(true) {
        return Err(ApiError::field("logprobs", "octi has no probabilities of tokens: leave `logprobs` out"));
    }
    match &body.response_format {
        Some(ResponseFormat { kind }) if kind != "text" => {
            let message = format!("octi cannot promise the format `{kind}`: ask for it in a message, or with a tool");
            Err(ApiError::field("response_format.type", message))
        }
        _ => Ok(()),
    }
}

fn message(conversation: &mut Conversation, path: &str, said: ChatCompletionMessage) -> ApiResult<()> {
    let place = format!("{path}.content");
    let text = said.content.map(|content| ask::text(&place, content)).transpose()?;
    let needed = |text: Option<String>| text.ok_or_else(|| ApiError::field(&place, "a message of this role has a content"));
    match said.role.as_str() {
        "system" | "developer" => conversation.system(needed(text)?),
        "user" => conversation.user(needed(text)?),
        "assistant" => {
            let calls = said.tool_calls.unwrap_or_default();
            let text = if calls.is_empty() { Some(needed(text)?) } else { text };
            if let Some(text) = text {
                conversation.assistant(Part::Text(text));
            }
            for call in calls {
                let call = ask::call(call.id, call.function.name, &call.function.arguments);
                conversation.assistant(Part::ToolCall(call));
            }
        }
        "tool" => {
            let path = format!("{path}.tool_call_id");
            let id = said.tool_call_id.ok_or_else(|| ApiError::field(&path, "a result names the call it answers"))?;
            conversation.result(&path, &id, needed(text)?)?;
        }
        other => {
            let message = format!("`{other}` is no role: it is `system`, `developer`, `user`, `assistant` or `tool`");
            return Err(ApiError::field(format!("{path}.role"), message));
        }
    }
    Ok(())
}

fn tools(tools: Vec<ChatCompletionTool>) -> ApiResult<Vec<ToolSchema>> {
    ask::check_count("tools", "tools", tools.len(), limits::OPENAI_TOOLS_MAX)?;
    let read = tools.into_iter().enumerate().map(|(index, tool)| match tool.function {
        Some(function) if tool.kind == "function" => {
            ask::tool(&format!("tools[{index}].function"), function.name, function.description, function.parameters)
        }
        _ => {
            let message =
                format!("`{}` is not offered here: only tools of the type `function`, which you run yourself", tool.kind);
            Err(ApiError::field(format!("tools[{index}].type"), message))
        }
    });
    read.collect()
}

fn stops(words: Option<StopWords>) -> ApiResult<Vec<String>> {
    let words = match words {
        None => Vec::new(),
        Some(StopWords::One(word)) => vec![word],
        Some(StopWords::Several(words)) => words,
    };
    ask::check_count("stop", "texts", words.len(), limits::OPENAI_STOPS_MAX)?;
    if words.iter().any(|word| word.is_empty() || word.len() > limits::OPENAI_STOP_BYTES_MAX) {
        let message = format!("a text that ends the answer has 1 to {} bytes", limits::OPENAI_STOP_BYTES_MAX);
        return Err(ApiError::field("stop", message));
    }
    Ok(words)
}
