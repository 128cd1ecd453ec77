//! Forms and links of a server (`elicitation/create`), as questions to a person; and what a model is lent (`sampling/createMessage`).
#![expect(deprecated, reason = "servers of 2025 ask for models so, and rmcp means the protocol that comes after them")]

use std::time::Duration;

use octi_domain::form::Form;
use octi_domain::limits;
use octi_domain::message::Role;
use octi_domain::text::clean;
use octi_extension::llm::{Prompt, Stop};
use octi_extension::person::{Question, Reply};
use rmcp::model::{
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult, ElicitationAction, SamplingMessage,
    SamplingMessageContentBlock,
};
use serde_json::{Map, Value, json};
use url::Url;

use super::asking::Asker;
use super::failure::bounded;

/// The one field of a form that asks for a yes.
const AGREE: &str = "agree";

fn yes_or_no(title: &str) -> Value {
    json!({"type": "object", "properties": {AGREE: {"type": "boolean", "title": title}}, "required": [AGREE]})
}

fn is_yes(given: &Map<String, Value>) -> bool {
    given.get(AGREE) == Some(&Value::Bool(true))
}

/// Puts what a server wants to know to the person.
///
/// # Errors
/// A text for the server that says why it was not.
pub(super) async fn elicit((server, asker): (&str, &Asker), wanted: ElicitRequestParams) -> Result<ElicitResult, String> {
    let (message, form, is_link) = match wanted {
        ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
            let form = serde_json::to_value(requested_schema).map_err(|error| error.to_string())?;
            (said(&message), super::pin::safe(form), false)
        }
        ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
            (linked(&message, &url)?, yes_or_no("I have been there"), true)
        }
        _ => return Err("octi knows forms and links, and no other questions".to_owned()),
    };
    let bytes = form.to_string().len();
    if bytes > limits::MCP_FORM_BYTES_MAX {
        return Err(format!("the form has {bytes} bytes and at most {} are shown to a person", limits::MCP_FORM_BYTES_MAX));
    }
    let form = Form::parse(form)?;
    let _waits = asker.question()?;
    match ask((server, asker), message, form).await? {
        Reply::Declined => Ok(ElicitResult::new(ElicitationAction::Decline)),
        Reply::Cancelled => Ok(ElicitResult::new(ElicitationAction::Cancel)),
        // What a person does at an address is no business of the server's that named it.
        Reply::Given(given) if is_link => {
            Ok(ElicitResult::new(if is_yes(&given) { ElicitationAction::Accept } else { ElicitationAction::Decline }))
        }
        Reply::Given(given) => {
            let content = Value::Object(given);
            let text = content.to_string();
            if (asker.call.redact)(&text) != text {
                return Err("the answer held a secret of the person's vault, so octi did not send it".to_owned());
            }
            Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
        }
    }
}

/// Asks whoever made the call; what they give fits the form.
async fn ask((server, asker): (&str, &Asker), message: String, form: Form) -> Result<Reply, String> {
    let time_max = Duration::from_secs(limits::MCP_ANSWER_SECONDS_MAX);
    let question = Question { plugin: format!("mcp/{server}"), message, form: form.clone(), time_max };
    match asker.call.person.ask(question).await.map_err(|error| error.to_string())? {
        Reply::Given(given) => form.check(&Value::Object(with_defaults(&form, given))).map(Reply::Given),
        no => Ok(no),
    }
}

/// What was given, and the form's own defaults for what was left open (SEP-1034).
fn with_defaults(form: &Form, mut given: Map<String, Value>) -> Map<String, Value> {
    for field in form.fields() {
        if let Some(default) = field.default.as_ref().filter(|_| !given.contains_key(&field.name)) {
            given.insert(field.name.clone(), default.clone());
        }
    }
    given
}

fn said(message: &str) -> String {
    bounded(message, limits::MCP_QUESTION_TEXT_BYTES_MAX)
}

/// A link is shown; whoever wants to opens it. octi never does.
fn linked(message: &str, address: &str) -> Result<String, String> {
    let url = Url::parse(address).map_err(|error| format!("the address is none: {error}"))?;
    if url.scheme() != "https" || url.as_str().len() > limits::MCP_QUESTION_TEXT_BYTES_MAX / 2 {
        return Err("octi shows people short `https` addresses only".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    Ok(format!(
        "{}\n\nOpen this address at `{host}` yourself, if you trust it, and say yes when you are done: {url}",
        said(message)
    ))
}

/// Lends the person's model, when they agree to exactly this.
///
/// # Errors
/// A text for the server that says why not.
pub(super) async fn sample(
    (server, asker): (&str, &Asker),
    wanted: CreateMessageRequestParams,
) -> Result<CreateMessageResult, String> {
    let prompt = prompt(wanted)?;
    let form = Form::parse(yes_or_no("My model may answer this"))?;
    let _waits = asker.question()?;
    if !matches!(ask((server, asker), shown(&prompt), form).await?, Reply::Given(given) if is_yes(&given)) {
        return Err("the person did not agree to lend their model".to_owned());
    }
    let given = asker.call.llm.complete(prompt).await.map_err(|error| error.to_string())?;
    let reason = match given.stop {
        Stop::Length => CreateMessageResult::STOP_REASON_END_MAX_TOKEN,
        Stop::Finished | Stop::Filtered => CreateMessageResult::STOP_REASON_END_TURN,
    };
    // Which model it was is the person's business.
    Ok(CreateMessageResult::new(SamplingMessage::assistant_text(given.text), "octi".to_owned()).with_stop_reason(reason))
}

fn prompt(wanted: CreateMessageRequestParams) -> Result<Prompt, String> {
    if wanted.tools.is_some_and(|tools| !tools.is_empty()) {
        return Err("octi lends a model without tools".to_owned());
    }
    let mut messages = Vec::new();
    for message in wanted.messages {
        let role = if message.role == rmcp::model::Role::Assistant { Role::Assistant } else { Role::User };
        for block in message.content.into_vec() {
            let SamplingMessageContentBlock::Text(text) = block else {
                return Err("octi lends a model for text only".to_owned());
            };
            messages.push((role, clean(&text.text)));
        }
    }
    if messages.is_empty() {
        return Err("there is nothing to ask the model".to_owned());
    }
    let system = wanted.system_prompt.map(|text| clean(&text));
    let bytes: usize = messages.iter().map(|(_, said)| said.len()).sum::<usize>() + system.as_ref().map_or(0, String::len);
    if bytes > limits::MCP_LOAN_BYTES_MAX {
        let max = limits::MCP_LOAN_BYTES_MAX;
        return Err(format!("it has {bytes} bytes and octi lends a model for at most {max}"));
    }
    Ok(Prompt {
        plugin: "mcp".to_owned(),
        topic: "mcp".to_owned(),
        system,
        messages,
        output_max: wanted.max_tokens.clamp(1, limits::MCP_LOAN_TOKENS_MAX),
        temperature: None,
        time_max: Duration::from_secs(limits::SIDE_CALL_SECONDS_MAX),
    })
}

/// All of it, as the person sees it before they agree.
fn shown(prompt: &Prompt) -> String {
    let mut text = format!("It wants your model to answer this, in at most {} tokens, at your cost:", prompt.output_max);
    let system = prompt.system.iter().map(|system| ("system", system.as_str()));
    let who = |role: &Role| if *role == Role::Assistant { "model" } else { "user" };
    let messages = prompt.messages.iter().map(|(role, said)| (who(role), said.as_str()));
    for (who, said) in system.chain(messages) {
        text.push_str(&format!("\n\n[{who}] {said}"));
    }
    text
}
