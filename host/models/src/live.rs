//! An answer that is coming in: bounded in time, cancellable, closed as soon as it is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::chat::{ChatEvent, ChatStream};
use crate::classify::Asked;
use crate::connect::Patience;
use crate::error::{ModelError, Phase};
use crate::provider::Provider;

/// Who answers, for as long as an answer may outlive its model.
pub(crate) struct Peer {
    pub(crate) provider: Provider,
    pub(crate) model_id: String,
    pub(crate) endpoint: String,
    pub(crate) key: Option<SecretString>,
    pub(crate) patience: Patience,
}

impl Peer {
    pub(crate) fn asked(&self) -> Asked<'_> {
        Asked {
            provider: self.provider,
            model_id: &self.model_id,
            endpoint: &self.endpoint,
            key: self.key.as_ref(),
            connect: self.patience.connect,
            silence: self.patience.silence,
        }
    }
}

/// The error line an Ollama server may write into its stream, which the library passes over.
#[derive(Debug, Clone, Default)]
pub(crate) struct LineError(Arc<Mutex<Option<String>>>);

impl LineError {
    pub(crate) fn look(&self, line: &str) {
        if !line.contains("\"error\"") {
            return;
        }
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(text) = value.get("error").and_then(Value::as_str) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_owned());
        }
    }

    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An open answer.
pub(crate) struct Live {
    peer: Arc<Peer>,
    answer: Answer,
    /// Gone as soon as the answer is over, which closes the connection.
    inner: Option<genai::chat::ChatStream>,
    queue: VecDeque<ChatEvent>,
    line_error: LineError,
    deadline: Instant,
    cancel: CancellationToken,
}

impl Live {
    pub(crate) fn new(
        peer: Arc<Peer>,
        answer: Answer,
        stream: genai::chat::ChatStream,
        line_error: LineError,
        deadline: Instant,
        cancel: CancellationToken,
    ) -> Self {
        Self { peer, answer, inner: Some(stream), queue: VecDeque::new(), line_error, deadline, cancel }
    }

    /// Waits for the first event and keeps it, so that a failure up to there can still be tried again.
    pub(crate) async fn begun(mut self) -> Result<Self, ModelError> {
        match self.next().await {
            Some(Ok(event)) => self.queue.push_front(event),
            Some(Err(error)) => return Err(error),
            None => return Err(self.answer.broken_off()),
        }
        Ok(self)
    }

    async fn next(&mut self) -> Option<Result<ChatEvent, ModelError>> {
        loop {
            if self.cancel.is_cancelled() && (self.inner.is_some() || !self.queue.is_empty()) {
                return Some(Err(self.close(ModelError::Cancelled)));
            }
            if let Some(event) = self.queue.pop_front() {
                return Some(Ok(event));
            }
            let inner = self.inner.as_mut()?;
            let event = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Some(Err(self.close(ModelError::Cancelled))),
                () = tokio::time::sleep_until(self.deadline) => {
                    let after = self.peer.patience.total;
                    return Some(Err(self.close(ModelError::Timeout { phase: Phase::Total, after })));
                }
                event = inner.next() => event,
            };
            if let Err(error) = self.take(event) {
                return Some(Err(self.close(error)));
            }
        }
    }

    fn take(&mut self, event: Option<Result<genai::chat::ChatStreamEvent, genai::Error>>) -> Result<(), ModelError> {
        let event = match event {
            None => return Err(self.answer.broken_off()),
            Some(Err(error)) => return Err(self.peer.asked().classify(&error)),
            Some(Ok(event)) => event,
        };
        let events = self.answer.take(event).map_err(|error| match self.line_error.take() {
            Some(text) => self.peer.asked().line_error(&text),
            None => error,
        })?;
        if matches!(events.last(), Some(ChatEvent::End(_))) {
            self.inner = None;
        }
        self.queue.extend(events);
        Ok(())
    }

    fn close(&mut self, error: ModelError) -> ModelError {
        self.inner = None;
        self.queue.clear();
        error
    }

    /// `retried` is how often the provider had to be asked again for it.
    pub(crate) fn into_stream(mut self, retried: u32) -> ChatStream {
        if retried > 0 {
            self.queue.push_front(ChatEvent::Retried(retried));
        }
        futures::stream::unfold(self, |mut live| async move { live.next().await.map(|event| (event, live)) }).boxed()
    }
}
