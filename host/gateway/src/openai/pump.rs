//! Carries one answer from the model to whoever waits for it, within bounds.

use std::time::Duration;

use octi_agents::ModelCall;
use octi_domain::limits;
use octi_models::{ChatEvent, Finish, ModelError, Phase};
use tokio::sync::mpsc::Sender;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::stops::Stops;

/// Why an answer ended before its end.
#[derive(Debug, PartialEq)]
pub(super) enum Gone {
    /// Nobody reads it any more.
    Client,
    Failed(ModelError),
}

/// One answer under way.
pub(super) struct Pump {
    pub(super) call: ModelCall,
    sender: Sender<Result<ChatEvent, ModelError>>,
    stops: Stops,
    stopping: CancellationToken,
}

impl Pump {
    pub(super) const fn new(
        call: ModelCall,
        sender: Sender<Result<ChatEvent, ModelError>>,
        stops: Vec<String>,
        stopping: CancellationToken,
    ) -> Self {
        Self { call, sender, stops: Stops::new(stops), stopping }
    }

    /// Passes on all but the usage and the end, which is returned.
    pub(super) async fn run(&mut self) -> Result<Finish, Gone> {
        let total = Duration::from_secs(limits::OPENAI_CALL_SECONDS_MAX);
        let overtime = tokio::time::sleep(total);
        tokio::pin!(overtime);
        loop {
            let event = tokio::select! {
                biased;
                () = self.sender.closed() => return Err(Gone::Client),
                () = self.stopping.cancelled() => {
                    let message = "octi is shutting down and ended the answer: ask again in a moment";
                    return Err(Gone::Failed(ModelError::Unavailable(message.to_owned())));
                }
                () = &mut overtime => return Err(Gone::Failed(ModelError::Timeout { phase: Phase::Total, after: total })),
                event = self.call.next() => event,
            };
            let Some(event) = event else {
                let message = "the model's answer broke off before its end: ask again";
                return Err(Gone::Failed(ModelError::Protocol(message.to_owned())));
            };
            if let Some(finish) = self.pass(event.map_err(Gone::Failed)?).await? {
                return Ok(finish);
            }
        }
    }

    async fn pass(&mut self, event: ChatEvent) -> Result<Option<Finish>, Gone> {
        match event {
            ChatEvent::Text(text) => {
                let (text, stopped) = self.stops.push(&text);
                self.say(text).await?;
                return Ok(stopped.then_some(Finish::Stop));
            }
            ChatEvent::ToolCall(_) => {
                let held = self.stops.flush();
                self.say(held).await?;
                self.send(event).await?;
            }
            ChatEvent::Reasoning(_) => self.send(event).await?,
            ChatEvent::Retried(_) | ChatEvent::Usage(_) => {}
            ChatEvent::End(finish) => {
                let held = self.stops.flush();
                self.say(held).await?;
                return Ok(Some(finish));
            }
        }
        Ok(None)
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        if text.is_empty() { Ok(()) } else { self.send(ChatEvent::Text(text)).await }
    }

    async fn send(&mut self, event: ChatEvent) -> Result<(), Gone> {
        let patience = Duration::from_secs(limits::OPENAI_SEND_SECONDS_MAX);
        match timeout(patience, self.sender.send(Ok(event))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone::Client),
        }
    }

    /// Ends the model's call; what is left is the way to the client.
    pub(super) fn close(self) -> Sender<Result<ChatEvent, ModelError>> {
        self.sender
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use octi_models::ChatRequest;
    use octi_models::scripted::{Answer, ScriptedModel, Step};
    use tokio::sync::mpsc::{Receiver, channel};
    use tokio::time::Instant;

    use super::*;

    fn pump(answer: Answer, queue: usize) -> (Pump, Receiver<Result<ChatEvent, ModelError>>, CancellationToken) {
        let call = ModelCall::begin(Arc::new(ScriptedModel::new([answer])), ChatRequest::default());
        let (sender, receiver) = channel(queue);
        let stopping = CancellationToken::new();
        (Pump::new(call, sender, Vec::new(), stopping.clone()), receiver, stopping)
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_never_ends_is_given_up() {
        let (mut pump, _receiver, _stopping) = pump(Answer::text("late").blocked(), 1);
        let began = Instant::now();
        assert!(matches!(pump.run().await, Err(Gone::Failed(ModelError::Timeout { phase: Phase::Total, .. }))));
        assert_eq!(began.elapsed().as_secs(), limits::OPENAI_CALL_SECONDS_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_given_up() {
        let texts = (0..3).map(|_| Step::Event(ChatEvent::Text("more".to_owned())));
        let (mut pump, _receiver, _stopping) = pump(Answer::steps(texts), 1);
        let began = Instant::now();
        assert_eq!(pump.run().await, Err(Gone::Client));
        assert_eq!(began.elapsed().as_secs(), limits::OPENAI_SEND_SECONDS_MAX);
    }

    #[tokio::test]
    async fn an_answer_ends_with_its_client_its_host_and_its_connection() {
        let (mut gone, receiver, _stopping) = pump(Answer::text("late").blocked(), 1);
        drop(receiver);
        assert_eq!(gone.run().await, Err(Gone::Client));
        let (mut ended, _receiver, stopping) = pump(Answer::text("late").blocked(), 1);
        stopping.cancel();
        assert!(matches!(ended.run().await, Err(Gone::Failed(ModelError::Unavailable(_)))));
        let (mut broken, _receiver, _stopping) = pump(Answer::steps([]), 1);
        assert!(matches!(broken.run().await, Err(Gone::Failed(ModelError::Protocol(_)))));
    }
}
