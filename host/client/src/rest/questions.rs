//! What plugins ask the person.

use octi_api::page::Page;
use octi_api::v1::questions::{AnswerQuestion, Question};
use octi_domain::ids::QuestionId;
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// What plugins ask now.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn questions(&self) -> Result<Page<Question>, ClientError> {
        self.get(&["api", "questions"]).await
    }

    /// Answers what a plugin asks.
    ///
    /// # Errors
    /// [`ClientError`]; its code is `approval_expired` when somebody answered before, and `invalid_field` when it does not fit.
    pub async fn answer_question(&self, id: QuestionId, answer: &AnswerQuestion) -> Result<(), ClientError> {
        let request = self.request(Method::POST, &["api", "questions", &id.to_string(), "answer"])?;
        self.bytes(request.json(answer)).await.map(drop)
    }
}
