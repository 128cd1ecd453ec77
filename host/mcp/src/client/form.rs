//! Forms and links of a server (`elicitation/create`), as questions to a person; and what a model is lent (`sampling/createMessage`).
#![expect(deprecated, reason = "servers of 2025 ask for models so, and rmcp means the protocol that comes after them")]

use std::time::Duration;

use octi_domain::limits;
use octi_domain::text::clean;
use rmcp::model::{
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult, ElicitationAction, Role, SamplingMessage,
    SamplingMessageContentBlock,
};
use serde_json::{Map, Value, json};
use url::Url;

use super::asking::{Asker, Lent, Loan, People, Question, Reply, Said};
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
pub(super) async fn elicit(
    people: &dyn People,
    (server, asker): (&str, &Asker),
    wanted: ElicitRequestParams,
) -> Result<ElicitResult, String> {
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
    let time_max = Duration::from_secs(limits::MCP_ANSWER_SECONDS_MAX);
    let question = Question { server: server.to_owned(), message, form: form.clone(), time_max };
    let _waits = asker.question()?;
    match people.ask(&asker.call, question).await? {
        Reply::Declined => Ok(ElicitResult::new(ElicitationAction::Decline)),
        Reply::Cancelled => Ok(ElicitResult::new(ElicitationAction::Cancel)),
        // What a person does at an address is no business of the server's that named it.
        Reply::Given(given) if is_link => {
            Ok(ElicitResult::new(if is_yes(&given) { ElicitationAction::Accept } else { ElicitationAction::Decline }))
        }
        Reply::Given(given) => {
            let content = Value::Object(with_defaults(&form, given));
            let text = content.to_string();
            if (asker.call.redact)(&text) != text {
                return Err("the answer held a secret of the person's vault, so octi did not send it".to_owned());
            }
            Ok(ElicitResult::new(ElicitationAction::Accept).with_content(content))
        }
    }
}

/// What was given, and the form's own defaults for what was left open (SEP-1034).
fn with_defaults(form: &Value, mut given: Map<String, Value>) -> Map<String, Value> {
    let fields = form.get("properties").and_then(Value::as_object);
    for (name, field) in fields.into_iter().flatten() {
        if let Some(default) = field.get("default").filter(|_| !given.contains_key(name)) {
            given.insert(name.clone(), default.clone());
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
    people: &dyn People,
    (server, asker): (&str, &Asker),
    wanted: CreateMessageRequestParams,
) -> Result<CreateMessageResult, String> {
    let loan = loan(wanted)?;
    let question = Question {
        server: server.to_owned(),
        message: shown(&loan),
        form: yes_or_no("My model may answer this"),
        time_max: Duration::from_secs(limits::MCP_ANSWER_SECONDS_MAX),
    };
    let _waits = asker.question()?;
    if !matches!(people.ask(&asker.call, question).await?, Reply::Given(given) if is_yes(&given)) {
        return Err("the person did not agree to lend their model".to_owned());
    }
    let Lent { model, text, is_cut } = people.lend(&asker.call, loan).await?;
    let reason = if is_cut { CreateMessageResult::STOP_REASON_END_MAX_TOKEN } else { CreateMessageResult::STOP_REASON_END_TURN };
    Ok(CreateMessageResult::new(SamplingMessage::assistant_text(text), model).with_stop_reason(reason))
}

fn loan(wanted: CreateMessageRequestParams) -> Result<Loan, String> {
    if wanted.tools.is_some_and(|tools| !tools.is_empty()) {
        return Err("octi lends a model without tools".to_owned());
    }
    let mut messages = Vec::new();
    for message in wanted.messages {
        let by_model = matches!(message.role, Role::Assistant);
        for block in message.content.into_vec() {
            let SamplingMessageContentBlock::Text(text) = block else {
                return Err("octi lends a model for text only".to_owned());
            };
            messages.push(Said { by_model, text: clean(&text.text) });
        }
    }
    if messages.is_empty() {
        return Err("there is nothing to ask the model".to_owned());
    }
    let system = wanted.system_prompt.map(|text| clean(&text));
    let bytes: usize = messages.iter().map(|said| said.text.len()).sum::<usize>() + system.as_ref().map_or(0, String::len);
    if bytes > limits::MCP_LOAN_BYTES_MAX {
        let max = limits::MCP_LOAN_BYTES_MAX;
        return Err(format!("it has {bytes} bytes and octi lends a model for at most {max}"));
    }
    Ok(Loan { system, messages, tokens_max: wanted.max_tokens.clamp(1, limits::MCP_LOAN_TOKENS_MAX) })
}

/// All of it, as the person sees it before they agree.
fn shown(loan: &Loan) -> String {
    let mut text = format!("It wants your model to answer this, in at most {} tokens, at your cost:", loan.tokens_max);
    let system = loan.system.iter().map(|system| ("system", system.as_str()));
    let messages = loan.messages.iter().map(|said| (if said.by_model { "model" } else { "user" }, said.text.as_str()));
    for (who, said) in system.chain(messages) {
        text.push_str(&format!("\n\n[{who}] {said}"));
    }
    text
}
