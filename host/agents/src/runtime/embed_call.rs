//! One request for embeddings, in as many batches as it takes, and what they used together.

use std::sync::Arc;

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_domain::run::Usage;
use octi_domain::telemetry;
use octi_models::{ChatModel, EmbedRequest, Embeddings, ModelError};
use octi_store::CostRow;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::model_call::cost_row;

/// A request under way.
pub struct EmbedCall {
    model: Arc<dyn ChatModel>,
    usage: Usage,
    retries: u32,
    started: Instant,
    outcome: &'static str,
}

impl EmbedCall {
    /// Begins a request; nothing is sent before the first text is given.
    #[must_use]
    pub fn begin(model: Arc<dyn ChatModel>) -> Self {
        let outcome = ModelError::Cancelled.kind();
        Self { model, usage: Usage::default(), retries: 0, started: Instant::now(), outcome }
    }

    /// Turns the texts into vectors, one for each, in their order. Dropping the future ends the provider's work.
    ///
    /// # Errors
    /// The first that the model gave, or [`ModelError::BadRequest`] for more than [`limits::OPENAI_NUMBERS_MAX`] numbers. What
    /// was used until then is used.
    pub async fn ask(&mut self, inputs: Vec<String>, dimensions: Option<u32>) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::with_capacity(inputs.len());
        let count = inputs.len();
        let mut inputs = inputs.into_iter();
        while vectors.len() < count {
            let batch = inputs.by_ref().take(limits::EMBED_BATCH_MAX).collect();
            let answer = self.model.embed(EmbedRequest { inputs: batch, dimensions }, CancellationToken::new()).await;
            let Embeddings { vectors: more, usage, retried } = answer.inspect_err(|error| self.outcome = error.kind())?;
            self.usage.add(usage);
            self.retries += retried;
            let length = more.first().map_or(0, Vec::len);
            if length.saturating_mul(count) > limits::OPENAI_NUMBERS_MAX {
                self.outcome = ModelError::TooLarge.kind();
                return Err(ModelError::BadRequest(format!(
                    "{count} vectors of {length} numbers are more than the {} numbers of one answer: send at most {} texts at once",
                    limits::OPENAI_NUMBERS_MAX,
                    limits::OPENAI_NUMBERS_MAX / length
                )));
            }
            vectors.extend(more);
        }
        self.outcome = "ok";
        Ok(vectors)
    }

    /// What the provider read so far.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// Counts what the request used, and says what it cost; none when nothing was used.
    #[must_use]
    pub fn cost(&self, ambient: &Ambient, user_id: UserId) -> Option<CostRow> {
        let is_used = self.usage.total() > 0;
        is_used.then(|| cost_row(ambient, user_id, self.model.info(), self.usage, self.started, self.retries))
    }
}

impl Drop for EmbedCall {
    fn drop(&mut self) {
        metrics::counter!(telemetry::MODEL_CALLS.name, "outcome" => self.outcome).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use octi_models::scripted::ScriptedModel;

    use super::*;

    fn texts(count: usize) -> Vec<String> {
        (0..count).map(|index| index.to_string()).collect()
    }

    /// A model whose vectors have that many numbers and begin with their text.
    fn model(length: usize) -> ScriptedModel {
        ScriptedModel::new([]).with_embed(move |request| {
            let vectors = request.inputs.iter().map(|text| {
                let mut vector = vec![0.0; length];
                vector[0] = text.parse().unwrap();
                vector
            });
            let usage = Usage { input_tokens: request.inputs.len() as u64, output_tokens: 0, estimated: false };
            Ok(Embeddings { vectors: vectors.collect(), usage, retried: 1 })
        })
    }

    #[tokio::test]
    async fn many_texts_are_asked_in_batches_and_come_back_in_their_order() {
        let model = model(2);
        let mut call = EmbedCall::begin(Arc::new(model.clone()));
        let count = 2 * limits::EMBED_BATCH_MAX + 1;
        let vectors = call.ask(texts(count), Some(2)).await.unwrap();
        assert!(vectors.iter().zip(texts(count)).all(|(vector, text)| vector[0] == text.parse::<f32>().unwrap()));
        let sizes: Vec<usize> = model.embedded().iter().map(|request| request.inputs.len()).collect();
        assert_eq!(sizes, [limits::EMBED_BATCH_MAX, limits::EMBED_BATCH_MAX, 1]);
        assert_eq!((call.usage().input_tokens, call.retries), (count as u64, 3));
    }

    #[tokio::test]
    async fn an_answer_of_too_many_numbers_is_given_up_after_its_first_batch() {
        let model = model(limits::OPENAI_NUMBERS_MAX / limits::EMBED_BATCH_MAX);
        let mut call = EmbedCall::begin(Arc::new(model.clone()));
        let error = call.ask(texts(limits::EMBED_BATCH_MAX + 1), None).await.unwrap_err();
        assert!(matches!(&error, ModelError::BadRequest(text) if text.contains("at most 100 texts")), "{error}");
        assert_eq!((model.embedded().len(), call.usage().input_tokens), (1, limits::EMBED_BATCH_MAX as u64));
        let mut call = EmbedCall::begin(Arc::new(model));
        assert_eq!(call.ask(texts(limits::EMBED_BATCH_MAX), None).await.unwrap().len(), limits::EMBED_BATCH_MAX);
    }
}
