//! `octi:ask`: questions to the person whose call it is. The call's own time stands still while they think.

use std::time::Duration;

use octi_domain::form::Form;
use octi_domain::{limits, text};
use octi_extension::person::{AskError, Question as Asked, Reply};
use serde_json::Value;

use crate::bindings::HostError;
use crate::bindings::tool::octi::ask::person::{Answer, Host, Question};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::CallState;

/// How much longer than its time a question may take to come back.
const ON_ITS_WAY: Duration = Duration::from_secs(2);

impl CallState {
    /// The question, if it is one that a person can be shown.
    fn asked(&self, question: Question) -> Result<Asked, HostError> {
        let bytes = question.message.len() + question.schema.len();
        if bytes > limits::ASK_BYTES_MAX {
            return Err(HostError::Invalid(format!("a question of {bytes} bytes is more than the {}", limits::ASK_BYTES_MAX)));
        }
        let message = text::clean(&question.message);
        if message.trim().is_empty() {
            return Err(HostError::Invalid("message: must say what is asked".to_owned()));
        }
        let schema = serde_json::from_str(&question.schema).map_err(|why| HostError::Invalid(format!("schema: {why}")))?;
        let form = Form::parse(schema).map_err(HostError::Invalid)?;
        let longest = Duration::from_secs(limits::ASK_SECONDS_MAX);
        let time_max = question.timeout_ms.map_or(longest, |ms| Duration::from_millis(u64::from(ms)).min(longest));
        Ok(Asked { plugin: self.grant.plugin().to_owned(), message, form, time_max })
    }
}

impl Host for CallState {
    async fn ask(&mut self, question: Question) -> HostResult<Answer> {
        refuse!(self.enter(Charge::Ask)?);
        refuse!(self.grant.ask().map_err(|why| self.denied("ask", why)));
        let asked = refuse!(self.asked(question));
        let (person, form, time_max) = (self.caller.person.clone(), asked.form.clone(), asked.time_max);
        let paused = self.clock.pause();
        let since = self.meter.host_call();
        // Whoever carries the question ends it in time; this is for one who does not.
        let replied = tokio::time::timeout(time_max + ON_ITS_WAY, person.ask(asked)).await;
        self.meter.waited(since);
        drop(paused);
        Ok(match replied.unwrap_or(Err(AskError::TimedOut)) {
            // Whoever carried the answer may be another program, which may not have looked at it.
            Ok(Reply::Given(given)) => match form.check(&Value::Object(given)) {
                Ok(fitting) => Ok(Answer::Given(Value::Object(fitting).to_string())),
                Err(why) => Err(HostError::Other(format!("what was answered does not fit the question: {why}"))),
            },
            Ok(Reply::Declined) => Ok(Answer::Declined),
            Ok(Reply::Cancelled) => Ok(Answer::Cancelled),
            Err(AskError::Nobody(why)) => Err(HostError::Unavailable(why)),
            Err(AskError::TimedOut) => Err(HostError::Timeout),
        })
    }
}
