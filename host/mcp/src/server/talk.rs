//! The other way round: what octi asks a client for, while a call of its runs. Whether a call may run, what a plugin asks the person
//! before the client, and what a plugin wants to be written by the client's model.

use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_domain::message::Role as Speaker;
use octi_domain::text::clean;
use octi_extension::llm::{Completion, Llm, LlmError, Prompt, Stop};
use octi_extension::person::{AskError, Person, Question, Reply};
use rmcp::model::{ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema};
use rmcp::service::{ElicitationError, ElicitationMode, ServiceError};
use rmcp::{Peer, RoleServer, elicit_safe};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::timeout;

/// What a person is asked before a call runs.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
struct Approval {
    /// Whether the call may run, this once.
    approve: bool,
}

elicit_safe!(Approval);

/// Asks the person through their client whether a call may run. None when it cannot be asked, or nobody answered.
pub(super) async fn approved(peer: &Peer<RoleServer>, name: &str, reason: &str, arguments: &Value) -> Option<bool> {
    let whole = arguments.to_string();
    // Whoever says yes must have seen all of what they say it to.
    if whole.len() > limits::MCP_QUESTION_BYTES_MAX {
        return None;
    }
    let question = format!("May `{name}` run on octi with {whole}? Asked because {reason}.");
    let patience = Duration::from_secs(limits::MCP_QUESTION_SECONDS_MAX);
    match peer.elicit_with_timeout::<Approval>(question, Some(patience)).await {
        Ok(answer) => Some(answer.is_some_and(|answer| answer.approve)),
        Err(ElicitationError::UserDeclined | ElicitationError::UserCancelled) => Some(false),
        Err(_) => None,
    }
}

/// The person before a client that shows forms.
pub(super) struct Attended(Peer<RoleServer>);

impl Attended {
    /// None for a client that shows none.
    pub(super) fn of(peer: &Peer<RoleServer>) -> Option<Self> {
        peer.supported_elicitation_modes().contains(&ElicitationMode::Form).then(|| Self(peer.clone()))
    }
}

#[async_trait]
impl Person for Attended {
    async fn ask(&self, question: Question) -> Result<Reply, AskError> {
        let nobody = |why: &str| AskError::Nobody(format!("the question could not be put to the person: {why}"));
        let requested_schema: ElicitationSchema = serde_json::from_value(question.form.schema().clone())
            .map_err(|_| nobody("its form is none that programs that speak MCP show"))?;
        // Who asks is the host's word; what is asked is the plugin's.
        let message = format!("The plugin {} asks: {}", question.plugin, question.message);
        let request = ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema };
        match self.0.create_elicitation_with_timeout(request, Some(question.time_max)).await {
            Ok(ElicitResult { action: ElicitationAction::Decline, .. }) => Ok(Reply::Declined),
            Ok(ElicitResult { action: ElicitationAction::Cancel, .. }) => Ok(Reply::Cancelled),
            Ok(ElicitResult { content: Some(Value::Object(given)), .. }) => Ok(Reply::Given(given)),
            Ok(ElicitResult { content: None, .. }) => Ok(Reply::Given(serde_json::Map::new())),
            Ok(_) => Err(nobody("the program that made the call answered with something else than a form")),
            Err(ServiceError::Timeout { .. }) => Err(AskError::TimedOut),
            Err(error) => {
                tracing::debug!(%error, "a client could not show a question");
                Err(nobody("the program that made the call did not show it"))
            }
        }
    }
}

/// The model of a client that lends it.
pub(super) struct Lent(Peer<RoleServer>);

impl Lent {
    /// None for a client that lends none.
    pub(super) fn of(peer: &Peer<RoleServer>) -> Option<Self> {
        let lends = peer.peer_info().is_some_and(|client| client.capabilities.sampling.is_some());
        lends.then(|| Self(peer.clone()))
    }
}

#[async_trait]
impl Llm for Lent {
    #[expect(deprecated, reason = "clients of the versions before 2026-07-28 know no other way")]
    async fn complete(&self, prompt: Prompt) -> Result<Completion, LlmError> {
        use rmcp::model::{CreateMessageRequestParams, CreateMessageResult, SamplingMessage};

        let said = prompt.messages.iter().map(|(speaker, text)| match speaker {
            Speaker::Assistant => SamplingMessage::assistant_text(text),
            _ => SamplingMessage::user_text(text),
        });
        let mut request = CreateMessageRequestParams::new(said.collect(), prompt.output_max);
        request.system_prompt = prompt.system;
        request.temperature = prompt.temperature;
        request.metadata = Some(serde_json::json!({ "octi/plugin": prompt.plugin, "octi/topic": prompt.topic }));
        let answer = match timeout(prompt.time_max, self.0.create_message(request)).await {
            Err(_) => return Err(LlmError::TimedOut),
            Ok(Err(ServiceError::McpError(error))) => {
                let why = clean(&error.message);
                let why = &why[..why.floor_char_boundary(200)];
                return Err(LlmError::Failed(format!("the program that made the call did not let its model answer: {why}")));
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "a client's model could not be asked");
                return Err(LlmError::Unavailable("the model of the program that made the call does not answer".to_owned()));
            }
            Ok(Ok(answer)) => answer,
        };
        let stop = match answer.stop_reason.as_deref() {
            Some(CreateMessageResult::STOP_REASON_END_MAX_TOKEN) => Stop::Length,
            _ => Stop::Finished,
        };
        let blocks = answer.message.content.into_vec();
        let text: Vec<_> = blocks.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect();
        let text = text.join("\n");
        let text = text[..text.floor_char_boundary(limits::LLM_ANSWER_BYTES_MAX)].to_owned();
        // The client pays, and says nothing of tokens; a plugin's allowance is still used up.
        let tokens = |bytes: usize| (bytes as u64).div_ceil(BYTES_PER_TOKEN);
        let read = prompt.messages.iter().map(|(_, text)| text.len()).sum();
        Ok(Completion { input_tokens: tokens(read), output_tokens: tokens(text.len()), text, stop })
    }
}

/// An estimate, for models that nobody here counts for.
const BYTES_PER_TOKEN: u64 = 4;
