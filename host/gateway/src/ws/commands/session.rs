//! Commands about one session: what it cost, and beginning anew.

use futures::FutureExt;
use octi_api::frames::{Command, CommandResult};
use octi_domain::ids::SessionId;
use octi_store::CostSum;
use serde_json::{Value, json};

use super::Later;
use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;
use crate::v1::sessions;

/// What the session cost so far, with every call that has ended.
pub(super) async fn cost(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let session = named(command)?;
    gateway.agents.flush().await;
    let mut tx = gateway.store.read(&caller.principal).await?;
    sessions::own(&mut tx, session).await?;
    let sum = tx.cost_of_session(session).await?;
    let data = json!({
        "calls": sum.calls, "inputTokens": sum.input_tokens, "outputTokens": sum.output_tokens, "costUsd": sum.cost_usd,
        "unpricedCalls": sum.unpriced_calls, "estimatedCalls": sum.estimated_calls,
    });
    Ok((describe(&sum), data))
}

/// Lets later turns begin without what was said before.
pub(super) async fn clear(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<(String, Value)> {
    let message_id = gateway.agents.clear_context(&caller.principal, named(command)?).await?;
    let result = "cleared: what was said before stays readable, and later answers do not recall it".to_owned();
    Ok((result, json!({ "messageId": message_id.to_string() })))
}

/// Lets a model summarise what is old. What can be refused at once is refused at once.
pub(super) async fn compact(gateway: &Gateway, caller: &Caller, command: &Command) -> ApiResult<Later> {
    let session = named(command)?;
    let focus = command.args.as_deref().map(str::trim).filter(|focus| !focus.is_empty()).map(str::to_owned);
    let writing = gateway.agents.compact(&caller.principal, session, focus).await?;
    let later = async move {
        let (result, error, data) = match writing.await {
            Ok(done) => {
                let data = json!({
                    "sessionId": session.to_string(), "messageId": done.message_id.to_string(), "summary": done.summary,
                    "messages": done.messages, "kept": done.kept,
                    "tokensBefore": done.tokens_before, "tokensAfter": done.tokens_after,
                });
                (format!("{}\n\n{}", done.text, done.summary), None, data)
            }
            Err(error) => {
                let error = ApiError::from(error);
                error.record();
                let message = error.message().to_owned();
                (message.clone(), Some(message), json!({ "sessionId": session.to_string() }))
            }
        };
        CommandResult { name: "compact".to_owned(), result, error, data: Some(data) }
    };
    Ok(later.boxed())
}

pub(super) fn named(command: &Command) -> ApiResult<SessionId> {
    let problem = || ApiError::field("sessionId", format!("`{}` is about a session: name it", command.name.trim()));
    command.session_id.map(Into::into).ok_or_else(problem)
}

fn describe(sum: &CostSum) -> String {
    let calls = if sum.calls == 1 { "1 model call".to_owned() } else { format!("{} model calls", sum.calls) };
    let mut text = format!("{calls}: {} tokens read, {} written", sum.input_tokens, sum.output_tokens);
    if let Some(cost) = sum.cost_usd {
        text.push_str(&format!(", {cost:.4} US dollars"));
    }
    if sum.unpriced_calls > 0 {
        text.push_str(&format!("\nthe price of {} of them is not known", sum.unpriced_calls));
    }
    if sum.estimated_calls > 0 {
        text.push_str(&format!("\nthe tokens of {} of them are estimated", sum.estimated_calls));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said() {
        let sum = CostSum { calls: 1, input_tokens: 10, output_tokens: 5, cost_usd: Some(0.00126), ..CostSum::default() };
        assert_eq!(describe(&sum), "1 model call: 10 tokens read, 5 written, 0.0013 US dollars");
        let sum = CostSum { calls: 3, cost_usd: None, unpriced_calls: 3, estimated_calls: 1, ..sum };
        let text = "3 model calls: 10 tokens read, 5 written\nthe price of 3 of them is not known\nthe tokens of 1 of them are estimated";
        assert_eq!(describe(&sum), text);
        assert_eq!(describe(&CostSum::default()), "0 model calls: 0 tokens read, 0 written");
    }
}
