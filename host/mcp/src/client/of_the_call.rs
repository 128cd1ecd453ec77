//! Servers ask whoever made the call, as plugins do.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::form::Form;
use octi_domain::limits;
use octi_domain::message::Role;
use octi_extension::llm::{Prompt, Stop};
use octi_extension::person;
use octi_extension::tool::CallContext;
use serde_json::Value;

use super::asking::{Lent, Loan, People, Question, Reply};

/// The person and the model that each call brings along.
#[derive(Debug, Clone, Copy)]
pub struct OfTheCall;

#[async_trait]
impl People for OfTheCall {
    async fn ask(&self, call: &CallContext, question: Question) -> Result<Reply, String> {
        let form = Form::parse(question.form)?;
        let plugin = format!("mcp/{}", question.server);
        let asked = person::Question { plugin, message: question.message, form: form.clone(), time_max: question.time_max };
        match call.person.ask(asked).await.map_err(|error| error.to_string())? {
            person::Reply::Given(given) => form.check(&Value::Object(given)).map(Reply::Given),
            person::Reply::Declined => Ok(Reply::Declined),
            person::Reply::Cancelled => Ok(Reply::Cancelled),
        }
    }

    async fn lend(&self, call: &CallContext, loan: Loan) -> Result<Lent, String> {
        let role = |by_model| if by_model { Role::Assistant } else { Role::User };
        let prompt = Prompt {
            plugin: "mcp".to_owned(),
            topic: "mcp".to_owned(),
            system: loan.system,
            messages: loan.messages.into_iter().map(|said| (role(said.by_model), said.text)).collect(),
            output_max: loan.tokens_max,
            temperature: None,
            time_max: Duration::from_secs(limits::SIDE_CALL_SECONDS_MAX),
        };
        let given = call.llm.complete(prompt).await.map_err(|error| error.to_string())?;
        // Which model it was is the person's business.
        Ok(Lent { model: "octi".to_owned(), text: given.text, is_cut: given.stop == Stop::Length })
    }
}
