//! A model for tests: it answers what it is told to, remembers what it was asked, and can block or fail.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use octi_domain::message::ToolCall;
use octi_domain::run::Usage;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::chat::{ChatEvent, ChatModel, ChatRequest, ChatStream, Finish, ModelInfo};
use crate::embed::{self, EmbedRequest, Embeddings};
use crate::error::ModelError;
use crate::provider::Provider;

/// One thing a scripted answer does.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Sends this event.
    Event(ChatEvent),
    /// Waits until [`ScriptedModel::release`] is called once, or the call is cancelled.
    Block,
    /// Breaks the stream with this error.
    Fail(ModelError),
}

/// One scripted answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    refusal: Option<ModelError>,
    steps: Vec<Step>,
}

impl Answer {
    /// Exactly these steps, without anything added.
    #[must_use]
    pub fn steps(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { refusal: None, steps: steps.into_iter().collect() }
    }

    /// Exactly these events, without anything added.
    #[must_use]
    pub fn events(events: impl IntoIterator<Item = ChatEvent>) -> Self {
        Self::steps(events.into_iter().map(Step::Event))
    }

    /// A text, in one piece, and its end.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::events([ChatEvent::Text(text.into()), USAGE, ChatEvent::End(Finish::Stop)])
    }

    /// Tool calls `(id, name, arguments)`, and the end that waits for their results.
    #[must_use]
    pub fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, &'a str, Value)>) -> Self {
        let calls = calls.into_iter().map(|(id, name, arguments)| {
            ChatEvent::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments, signature: None })
        });
        Self::events(calls.chain([USAGE, ChatEvent::End(Finish::ToolCalls)]))
    }

    /// The call fails before any event.
    #[must_use]
    pub fn refuse(error: ModelError) -> Self {
        Self { refusal: Some(error), steps: Vec::new() }
    }

    /// The same answer, blocked before its first event until released.
    #[must_use]
    pub fn blocked(mut self) -> Self {
        self.steps.insert(0, Step::Block);
        self
    }
}

/// What every prepared answer reports, so that tests can add it up.
const USAGE: ChatEvent = ChatEvent::Usage(Usage { input_tokens: 10, output_tokens: 5, estimated: false });

type Embed = Arc<dyn Fn(&EmbedRequest) -> Result<Embeddings, ModelError> + Send + Sync>;

/// The model. Clones share the script.
#[derive(Clone)]
pub struct ScriptedModel {
    info: ModelInfo,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    requests: Arc<Mutex<Vec<ChatRequest>>>,
    embed: Option<Embed>,
    embedded: Arc<Mutex<Vec<EmbedRequest>>>,
    gate: Arc<Semaphore>,
    blocked: Arc<watch::Sender<usize>>,
}

impl ScriptedModel {
    /// A model that gives these answers, one for each request, in order. A request too many is a protocol error.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            info: ModelInfo {
                name: "scripted".into(),
                provider: Provider::Demo,
                model_id: "scripted".into(),
                context_window: Some(128_000),
                max_output: None,
                supports_tools: true,
                supports_images: true,
                price_in: None,
                price_out: None,
                is_demo: false,
            },
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            requests: Arc::default(),
            embed: None,
            embedded: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            blocked: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The same script under other facts, such as a price or another context window.
    #[must_use]
    pub fn with_info(mut self, change: impl FnOnce(&mut ModelInfo)) -> Self {
        change(&mut self.info);
        self
    }

    /// The same script for a model that also embeds, as this function says.
    #[must_use]
    pub fn with_embed(mut self, embed: impl Fn(&EmbedRequest) -> Result<Embeddings, ModelError> + Send + Sync + 'static) -> Self {
        self.embed = Some(Arc::new(embed));
        self
    }

    /// Adds an answer to the end of the script.
    pub fn push(&self, answer: Answer) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back(answer);
    }

    /// Everything that was asked so far.
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything that was to be embedded so far.
    #[must_use]
    pub fn embedded(&self) -> Vec<EmbedRequest> {
        self.embedded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers that nobody has asked for yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Lets one [`Step::Block`] go on, now or as soon as it is reached.
    pub fn release(&self) {
        self.gate.add_permits(1);
    }

    /// Waits until `count` blocks have been reached since the start.
    pub async fn until_blocked(&self, count: usize) {
        let mut seen = self.blocked.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _reached = seen.wait_for(|reached| *reached >= count).await;
    }

    async fn perform(&self, step: Step, cancel: &CancellationToken) -> Result<Option<ChatEvent>, ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        match step {
            Step::Event(event) => Ok(Some(event)),
            Step::Fail(error) => Err(error),
            Step::Block => {
                self.blocked.send_modify(|reached| *reached += 1);
                tokio::select! {
                    () = cancel.cancelled() => Err(ModelError::Cancelled),
                    permit = self.gate.acquire() => {
                        if let Ok(permit) = permit {
                            permit.forget();
                        }
                        Ok(None)
                    }
                }
            }
        }
    }
}

#[async_trait]
impl ChatModel for ScriptedModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    async fn stream(&self, request: ChatRequest, cancel: CancellationToken) -> Result<ChatStream, ModelError> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(answer) = answer else {
            return Err(ModelError::Protocol("the script of this model has no more answers: add one for each request".into()));
        };
        if let Some(refusal) = answer.refusal {
            return Err(refusal);
        }
        let state = (self.clone(), VecDeque::from(answer.steps), cancel, false);
        let stream = futures::stream::unfold(state, |(model, mut steps, cancel, failed)| async move {
            while let Some(step) = (!failed).then(|| steps.pop_front()).flatten() {
                match model.perform(step, &cancel).await {
                    Ok(None) => {}
                    Ok(Some(event)) => return Some((Ok(event), (model, steps, cancel, false))),
                    Err(error) => return Some((Err(error), (model, steps, cancel, true))),
                }
            }
            None
        });
        Ok(stream.boxed())
    }

    async fn embed(&self, request: EmbedRequest, _cancel: CancellationToken) -> Result<Embeddings, ModelError> {
        let Some(embed) = &self.embed else { return Err(embed::refusal(&self.info)) };
        let answer = embed(&request);
        self.embedded.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        answer
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use serde_json::json;

    use super::*;

    async fn ask(model: &ScriptedModel) -> Result<Vec<ChatEvent>, ModelError> {
        model.stream(ChatRequest::default(), CancellationToken::new()).await?.try_collect().await
    }

    #[tokio::test]
    async fn answers_come_in_order_and_requests_are_kept() {
        let model = ScriptedModel::new([Answer::calls([("1", "a__b", json!({}))]), Answer::text("done")]);
        assert!(matches!(ask(&model).await.unwrap().last(), Some(ChatEvent::End(Finish::ToolCalls))));
        assert_eq!(ask(&model).await.unwrap()[0], ChatEvent::Text("done".into()));
        assert!(matches!(ask(&model).await, Err(ModelError::Protocol(_))));
        assert_eq!((model.requests().len(), model.left()), (3, 0));
    }

    #[tokio::test]
    async fn a_blocked_answer_goes_on_when_released() {
        let model = ScriptedModel::new([Answer::text("late").blocked()]);
        let (events, ()) = tokio::join!(ask(&model), async {
            model.until_blocked(1).await;
            model.release();
        });
        assert_eq!(events.unwrap()[0], ChatEvent::Text("late".into()));
    }

    #[tokio::test]
    async fn a_blocked_answer_ends_when_cancelled() {
        let model = ScriptedModel::new([Answer::text("never").blocked()]);
        let cancel = CancellationToken::new();
        let mut stream = model.stream(ChatRequest::default(), cancel.clone()).await.unwrap();
        cancel.cancel();
        assert_eq!(stream.next().await, Some(Err(ModelError::Cancelled)));
        assert_eq!(stream.next().await, None);
    }

    #[tokio::test]
    async fn failures_come_before_or_in_the_middle() {
        let overloaded = ModelError::Overloaded("busy".into());
        let middle = Answer::steps([Step::Event(ChatEvent::Text("half".into())), Step::Fail(overloaded.clone())]);
        let model = ScriptedModel::new([Answer::refuse(overloaded.clone()), middle]);
        assert_eq!(ask(&model).await, Err(overloaded.clone()));
        assert_eq!(ask(&model).await, Err(overloaded));
    }
}
