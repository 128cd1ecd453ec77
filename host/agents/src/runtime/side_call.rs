//! A model call beside the turns: one question without tools, a bounded answer, and its cost in the books of the session.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::ids::{RunId, SessionId, UserId};
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_models::{ChatEvent, ChatModel, ChatRequest, Finish, ModelError};
use octi_store::CostRow;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::model_call::ModelCall;
use super::turn::ModelFailure;
use crate::agents::Shared;
use crate::tools::bound::head;
use crate::tools::record::Record;

/// Who asks which model, and in which conversation.
pub(crate) struct SideCall<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) principal: &'a Principal,
    pub(crate) user_id: UserId,
    pub(crate) session_id: SessionId,
    /// The turn the call is a part of, if it is of one.
    pub(crate) run_id: Option<RunId>,
    pub(crate) model: &'a Arc<dyn ChatModel>,
    /// Ends the call.
    pub(crate) stop: &'a CancellationToken,
}

/// What the model said. Secrets are blacked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) text: String,
    /// The answer reached the longest it may be.
    pub(crate) cut: bool,
}

impl SideCall<'_> {
    /// Asks, waits for the whole answer, and writes down what it cost, however it ends.
    pub(crate) async fn ask(&self, request: ChatRequest, bytes_max: usize) -> Result<Heard, ModelFailure> {
        let mut call = ModelCall::begin(Arc::clone(self.model), request);
        let heard = hear(&mut call, bytes_max, self.stop).await;
        if let Some(usage) = call.usage(heard.is_ok()) {
            let cost = call.cost(&self.shared.ambient, self.user_id, self.model.info(), usage);
            let row = CostRow { session_id: Some(self.session_id), run_id: self.run_id, ..cost };
            self.shared.recorder.write(self.principal, Record::Cost(Box::new(row))).await;
        }
        let redactor = (self.shared.dispatch.redactor)(self.principal);
        match heard {
            Ok(mut heard) => {
                if heard.cut {
                    // The first half of a secret is not known as one.
                    heard.text.truncate(heard.text.rfind(char::is_whitespace).unwrap_or(heard.text.len()));
                }
                Ok(Heard { text: redactor.redact(&heard.text).into_owned(), ..heard })
            }
            // What a server said may hold what it was sent.
            Err(failure) => Err(ModelFailure { message: redactor.redact(&failure.message).into_owned(), ..failure }),
        }
    }

    /// Tokens the answer may have: what is wished, or less when the model gives less.
    pub(crate) fn output_max(&self, wished: u32) -> Option<u32> {
        Some(self.model.info().max_output.map_or(wished, |max| max.min(wished)))
    }
}

/// The whole answer, within its bounds.
pub(crate) async fn hear(call: &mut ModelCall, bytes_max: usize, stop: &CancellationToken) -> Result<Heard, ModelFailure> {
    let time_max = Duration::from_secs(limits::SIDE_CALL_SECONDS_MAX);
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(failure("cancelled", "it was stopped before the model had answered: ask again".to_owned())),
        heard = timeout(time_max, listen(call, bytes_max)) => heard.unwrap_or_else(|_| {
            let message = format!("the model did not answer within {} seconds: ask again, or use a faster model", time_max.as_secs());
            Err(failure("timeout", message))
        }),
    }
}

async fn listen(call: &mut ModelCall, bytes_max: usize) -> Result<Heard, ModelFailure> {
    let mut text = String::new();
    loop {
        match call.next().await {
            Some(Ok(ChatEvent::Text(piece))) => text.push_str(&piece),
            Some(Ok(ChatEvent::End(finish))) => return whole(text, finish),
            Some(Ok(ChatEvent::Retried(_) | ChatEvent::Reasoning(_) | ChatEvent::ToolCall(_) | ChatEvent::Usage(_))) => {}
            Some(Err(error)) => {
                let is_context_length = matches!(error, ModelError::ContextLength(_));
                return Err(ModelFailure { code: error.kind(), message: error.to_string(), is_context_length });
            }
            None => {
                let message = "the model's answer broke off without an end: ask again, or use another model";
                return Err(failure("protocol", message.to_owned()));
            }
        }
        if text.len() > bytes_max {
            text.truncate(head(&text, bytes_max).len());
            return Ok(Heard { text, cut: true });
        }
    }
}

fn whole(text: String, finish: Finish) -> Result<Heard, ModelFailure> {
    match finish {
        Finish::Filtered => {
            let message = "the provider's filter held the answer back: ask differently or use another model";
            Err(failure("filtered", message.to_owned()))
        }
        _ if text.trim().is_empty() => {
            Err(failure("no_answer", "the model answered nothing: ask again or use another model".to_owned()))
        }
        finish => Ok(Heard { text: text.trim().to_owned(), cut: finish == Finish::Length }),
    }
}

const fn failure(code: &'static str, message: String) -> ModelFailure {
    ModelFailure { code, message, is_context_length: false }
}

#[cfg(test)]
mod tests {
    use octi_models::scripted::{Answer, ScriptedModel, Step};
    use tokio::time::Instant;

    use super::*;

    async fn heard(answer: Answer) -> Result<Heard, &'static str> {
        let mut call = ModelCall::begin(Arc::new(ScriptedModel::new([answer])), ChatRequest::default());
        hear(&mut call, 10, &CancellationToken::new()).await.map_err(|failure| failure.code)
    }

    fn said(text: &str, cut: bool) -> Result<Heard, &'static str> {
        Ok(Heard { text: text.to_owned(), cut })
    }

    #[tokio::test]
    async fn an_answer_is_whole_or_says_that_it_was_cut() {
        let text = |piece: &str| ChatEvent::Text(piece.to_owned());
        let ending =
            |finish| Answer::events([ChatEvent::Reasoning("hm".into()), text(" a"), text("b\n"), ChatEvent::End(finish)]);
        assert_eq!(heard(ending(Finish::Stop)).await, said("ab", false));
        assert_eq!(heard(ending(Finish::Length)).await, said("ab", true));
        assert_eq!(heard(ending(Finish::Filtered)).await, Err("filtered"));
        // Eleven bytes, and the sixth character would begin at the tenth.
        assert_eq!(heard(Answer::events([text("aéééééé")])).await, said("aéééé", true));
    }

    #[tokio::test]
    async fn no_answer_is_a_failure_of_its_own() {
        assert_eq!(heard(Answer::text(" \n")).await, Err("no_answer"));
        assert_eq!(heard(Answer::events([ChatEvent::Text("half".into())])).await, Err("protocol"));
        let overloaded = ModelError::Overloaded("busy".into());
        assert_eq!(heard(Answer::steps([Step::Fail(overloaded.clone())])).await, Err(overloaded.kind()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_when_it_takes_too_long_or_is_stopped() {
        let started = Instant::now();
        assert_eq!(heard(Answer::text("late").blocked()).await, Err("timeout"));
        assert_eq!(started.elapsed().as_secs(), limits::SIDE_CALL_SECONDS_MAX);
        let stop = CancellationToken::new();
        let mut call = ModelCall::begin(Arc::new(ScriptedModel::new([Answer::text("late").blocked()])), ChatRequest::default());
        stop.cancel();
        assert_eq!(hear(&mut call, 10, &stop).await.map_err(|failure| failure.code), Err("cancelled"));
    }
}
