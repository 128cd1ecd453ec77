//! What a model is asked: the role's prompt, the tools of this moment, the turn's skills, and the conversation that fits.

use std::sync::Arc;

use octi_domain::permission::Origin;
use octi_domain::plugin_access::PluginAccess;
use octi_extension::registry::Snapshot;
use octi_extension::role::Role;
use octi_extension::tool::Tool;
use octi_models::cost::estimate_request;
use octi_models::{ChatMessage, ChatRequest, ModelInfo, ToolSchema};

use super::access::Allowed;
use super::context::Room;
use super::turn::ModelFailure;
use crate::roles;

/// Names offered when a model calls a tool that does not exist.
const NAMES_MAX: usize = 40;

/// Builds requests; the prompt is rendered anew only when something it depends on has changed.
pub(crate) struct Requests {
    role: String,
    origin: Origin,
    /// What the person wants in every conversation; empty when they told nothing.
    pub(crate) persona: String,
    /// What is told of the turn's skills; empty without any.
    pub(crate) skills: String,
    /// Which plugins the person may use.
    pub(crate) allowed: Allowed,
    prompt: Option<Prompt>,
}

struct Prompt {
    of: Arc<dyn Role>,
    facts: roles::Facts,
    text: String,
}

impl Requests {
    pub(crate) fn new(role: String, origin: Origin) -> Self {
        let (persona, skills) = (String::new(), String::new());
        Self { role, origin, persona, skills, allowed: Allowed::default(), prompt: None }
    }

    /// The next request without the conversation, from one consistent picture of what is installed, and the room for those.
    pub(crate) async fn build(
        &mut self,
        snapshot: &Snapshot,
        info: &ModelInfo,
        date: String,
        trim: bool,
    ) -> Result<(ChatRequest, Room), ModelFailure> {
        let role = self.role(snapshot)?;
        let tools: Vec<ToolSchema> = self.offered(snapshot, &role).filter(|_| info.supports_tools).map(schema).collect();
        let facts = roles::Facts {
            date,
            model: info.name.clone(),
            tools: tools.iter().map(|tool| tool.name.clone()).collect(),
            unattended: self.origin == Origin::Unattended,
        };
        let mut system = self.prompt(&role, info, facts).await?;
        system.push_str(&self.persona);
        // When it was too much for the model, the conversation matters more than what may help with it.
        let skills = Some(&self.skills).filter(|told| !told.is_empty() && !trim);
        let messages = skills.map(ChatMessage::user).into_iter().collect();
        let request = ChatRequest { system, tools, messages, ..ChatRequest::default() };
        let room = Room { context_window: info.context_window, taken: estimate_request(&request), trim };
        Ok((request, room))
    }

    /// The tool a model named, if the role may use it.
    pub(crate) fn tool(&self, snapshot: &Snapshot, name: &str) -> Result<Arc<dyn Tool>, String> {
        let role = self.role(snapshot).map_err(|failure| failure.message)?;
        match snapshot.tools.get(name) {
            Some(tool) if role.spec().may_use(&tool.spec().tool) => Ok(Arc::clone(tool)),
            Some(tool) => Err(format!("the role `{}` may not use `{}`", self.role, tool.spec().tool)),
            None => {
                let names: Vec<_> =
                    self.offered(snapshot, &role).take(NAMES_MAX).map(|tool| format!("`{}`", tool.spec().name)).collect();
                let names = if names.is_empty() { "none at all".to_owned() } else { names.join(", ") };
                let name = crate::tools::bound::head(name, 100);
                Err(format!("there is no tool `{name}`; the tools are: {names}"))
            }
        }
    }

    /// What the role and the person may use.
    fn offered<'a>(&'a self, snapshot: &'a Snapshot, role: &'a Arc<dyn Role>) -> impl Iterator<Item = &'a Arc<dyn Tool>> {
        let may_use =
            move |tool: &&Arc<dyn Tool>| role.spec().may_use(&tool.spec().tool) && self.allowed.plugin(&tool.spec().plugin);
        snapshot.tools.values().filter(may_use)
    }

    fn role(&self, snapshot: &Snapshot) -> Result<Arc<dyn Role>, ModelFailure> {
        if let Some(role) = snapshot.roles.get(&self.role).filter(|role| !self.allowed.plugin(role.plugin())) {
            let refusal = PluginAccess::refusal(role.plugin());
            return Err(failure("role_denied", format!("the role `{}` cannot answer: {refusal}", self.role)));
        }
        snapshot.roles.get(&self.role).cloned().ok_or_else(|| {
            failure(
                "role_missing",
                format!(
                    "the role `{}` is not installed: `/expert` chooses another, and `octi plugin list` shows what is",
                    self.role
                ),
            )
        })
    }

    async fn prompt(&mut self, role: &Arc<dyn Role>, info: &ModelInfo, facts: roles::Facts) -> Result<String, ModelFailure> {
        if let Some(prompt) = &self.prompt
            && Arc::ptr_eq(&prompt.of, role)
            && prompt.facts == facts
        {
            return Ok(prompt.text.clone());
        }
        let template = role
            .prompt(roles::is_small(info.context_window))
            .await
            .map_err(|error| failure("role_broken", format!("the role `{}` could not give its prompt: {error}", self.role)))?;
        let text = roles::render(role.spec(), &template, &facts).map_err(|text| failure("role_broken", text))?;
        self.prompt = Some(Prompt { of: Arc::clone(role), facts, text: text.clone() });
        Ok(text)
    }
}

fn schema(tool: &Arc<dyn Tool>) -> ToolSchema {
    let spec = tool.spec();
    ToolSchema { name: spec.name.clone(), description: spec.description.clone(), input_schema: spec.input_schema.clone() }
}

const fn failure(code: &'static str, message: String) -> ModelFailure {
    ModelFailure { code, message, is_context_length: false }
}
