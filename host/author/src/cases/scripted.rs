//! The person and the model of a case: what they answer stands in its step.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use octi_extension::llm::{Completion, Llm, LlmError, Prompt, Stop};
use octi_extension::person::{AskError, Person, Question, Reply};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::problem::Problem;

/// What the person does about a question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptedAnswer {
    /// Part of what is asked.
    asked: Option<String>,
    given: Option<Map<String, Value>>,
    reply: Option<Word>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Declined,
    Cancelled,
    Nobody,
    Timeout,
}

/// What the model writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptedCompletion {
    topic: Option<String>,
    /// Part of what it is asked last.
    asked: Option<String>,
    text: Option<String>,
    /// Why there is no text.
    unavailable: Option<String>,
}

/// Both, for one call.
#[derive(Debug, Default)]
pub(super) struct Script(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    answers: VecDeque<ScriptedAnswer>,
    completions: VecDeque<ScriptedCompletion>,
    /// The first thing that went otherwise.
    problem: Option<String>,
}

impl ScriptedAnswer {
    /// Whether it says one thing.
    pub(super) const fn is_whole(&self) -> bool {
        self.given.is_some() != self.reply.is_some()
    }
}

impl ScriptedCompletion {
    /// Whether it says one thing.
    pub(super) const fn is_whole(&self) -> bool {
        self.text.is_some() != self.unavailable.is_some()
    }
}

impl Script {
    pub(super) fn new(answers: &[ScriptedAnswer], completions: &[ScriptedCompletion]) -> Self {
        let (answers, completions) = (answers.to_vec().into(), completions.to_vec().into());
        Self(Mutex::new(Inner { answers, completions, problem: None }))
    }

    /// Whether everything was asked as it stands there, and nothing else.
    pub(super) fn is_played(&self) -> Result<(), Problem> {
        let inner = self.inner();
        let left = |what: &str, count: usize| Problem::of(format!("{count} of its {what} were not asked for"));
        match (&inner.problem, inner.answers.len(), inner.completions.len()) {
            (Some(problem), ..) => Err(Problem::of(problem.clone())),
            (None, 0, 0) => Ok(()),
            (None, 0, count) => Err(left("completions", count)),
            (None, count, _) => Err(left("answers", count)),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn differs(&mut self, problem: String) -> String {
        self.problem.get_or_insert(problem).clone()
    }
}

#[async_trait]
impl Person for Script {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        let mut inner = self.inner();
        let Some(answer) = inner.answers.pop_front() else {
            let problem = inner.differs(format!("the step has no answer for the question {:?}", question.message));
            return Err(AskError::Nobody(problem));
        };
        if answer.asked.as_ref().is_some_and(|part| !question.message.contains(part.as_str())) {
            let part = answer.asked.unwrap_or_default();
            let problem = inner.differs(format!("it asked {:?}, without {part:?}", question.message));
            return Err(AskError::Nobody(problem));
        }
        match (answer.given, answer.reply) {
            (Some(given), _) => Ok(Reply::Given(given)),
            (None, Some(Word::Declined)) => Ok(Reply::Declined),
            (None, Some(Word::Timeout)) => Err(AskError::TimedOut),
            (None, Some(Word::Nobody)) => Err(AskError::Nobody("nobody can be asked: so says the case".to_owned())),
            (None, Some(Word::Cancelled) | None) => Ok(Reply::Cancelled),
        }
    }
}

#[async_trait]
impl Llm for Script {
    async fn complete(&self, prompt: Prompt) -> Result<Completion, LlmError> {
        let mut inner = self.inner();
        let asked = prompt.messages.last().map(|(_, text)| text.clone()).unwrap_or_default();
        let Some(next) = inner.completions.pop_front() else {
            let problem = inner.differs(format!("the step has no completion for {asked:?}"));
            return Err(LlmError::Failed(problem));
        };
        if next.topic.as_ref().is_some_and(|topic| *topic != prompt.topic) {
            let problem = inner.differs(format!("it asked a model about `{}`", prompt.topic));
            return Err(LlmError::Failed(problem));
        }
        if next.asked.as_ref().is_some_and(|part| !asked.contains(part.as_str())) {
            let part = next.asked.unwrap_or_default();
            let problem = inner.differs(format!("it asked a model {asked:?}, without {part:?}"));
            return Err(LlmError::Failed(problem));
        }
        match next.text {
            Some(text) => {
                let tokens = |text: &str| text.len().div_ceil(4) as u64;
                let (input_tokens, output_tokens) = (tokens(&asked), tokens(&text));
                Ok(Completion { text, input_tokens, output_tokens, stop: Stop::Finished })
            }
            None => Err(LlmError::Unavailable(next.unavailable.unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use octi_domain::form::Form;
    use octi_domain::message::Role;
    use serde_json::json;

    use super::*;

    fn question(message: &str) -> Question {
        let form = Form::parse(json!({ "type": "object", "properties": { "a": { "type": "boolean" } } })).unwrap();
        Question { plugin: "acme/x".to_owned(), message: message.to_owned(), form, time_max: Duration::from_secs(1) }
    }

    fn prompt(text: &str) -> Prompt {
        Prompt {
            plugin: "acme/x".to_owned(),
            topic: "short".to_owned(),
            system: None,
            messages: vec![(Role::User, text.to_owned())],
            output_max: 10,
            temperature: None,
            time_max: Duration::from_secs(1),
        }
    }

    fn script(answers: Value, completions: Value) -> Script {
        let answers: Vec<ScriptedAnswer> = serde_json::from_value(answers).unwrap();
        let completions: Vec<ScriptedCompletion> = serde_json::from_value(completions).unwrap();
        Script::new(&answers, &completions)
    }

    #[tokio::test]
    async fn a_step_answers_in_its_order_and_says_what_was_asked_otherwise() {
        let answers = json!([{ "asked": "many", "given": { "a": true } }, { "reply": "declined" }]);
        let played = script(answers, json!([{ "topic": "short", "asked": "long", "text": "ok" }]));
        assert!(played.is_played().is_err_and(|problem| problem.message == "2 of its answers were not asked for"));
        let given = json!({ "a": true }).as_object().cloned().unwrap();
        assert_eq!(played.ask(question("How many?")).await, Ok(Reply::Given(given)));
        assert_eq!(played.ask(question("Really?")).await, Ok(Reply::Declined));
        assert_eq!(played.complete(prompt("a long text")).await.map(|given| given.text), Ok("ok".to_owned()));
        assert_eq!(played.is_played(), Ok(()));
        assert!(played.ask(question("Again?")).await.is_err());
        let told = played.is_played().map_err(|problem| problem.message);
        assert_eq!(told, Err("the step has no answer for the question \"Again?\"".to_owned()));
        let other = script(json!([{ "asked": "many", "reply": "nobody" }]), json!([]));
        assert!(other.ask(question("Which?")).await.is_err());
        assert!(other.is_played().is_err_and(|problem| problem.message.contains("without \"many\"")));
    }
}
