//! Agents ready to work: one person, one session, a scripted model and fake tools.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_agents::{Agents, AgentsConfig, ModelSource, Sent, TurnOptions};
use octi_domain::ambient::Ambient;
use octi_domain::ids::{RunId, SessionId};
use octi_domain::message::Message;
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_domain::run::{Budget, Run, RunLimits, RunStatus};
use octi_domain::workspace::Place;
use octi_extension::registry::Registry;
use octi_models::ChatModel;
use octi_models::scripted::{Answer, ScriptedModel};
use octi_security::guard::Redactor;
use octi_security::sandbox::fs::WorkFolder;
use octi_store::Store;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::clock::{SteppingClock, manual};
use crate::events::Collected;
use crate::fakes::{FakeRegistry, FakeRole, FakeTool};
use crate::people;

/// What a test's agents are made of.
pub struct TestAgentsBuilder {
    model: ScriptedModel,
    tools: Vec<FakeTool>,
    role: FakeRole,
    budget: Budget,
    secrets: Vec<(String, String)>,
    installed: Option<Arc<dyn Registry>>,
}

/// Agents with everything around them.
pub struct TestAgents {
    pub agents: Agents,
    pub store: Store,
    pub model: ScriptedModel,
    pub registry: Arc<FakeRegistry>,
    pub events: Arc<Collected>,
    pub ambient: Ambient,
    pub clock: Arc<SteppingClock>,
    pub principal: Principal,
    pub session: SessionId,
    /// Changes what later turns may use.
    pub limits: watch::Sender<RunLimits>,
    secrets: Vec<(String, String)>,
    installed: Arc<dyn Registry>,
    workspaces: Arc<TempDir>,
}

struct OneModel(ScriptedModel);

#[async_trait]
impl ModelSource for OneModel {
    async fn model(&self, _principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, String> {
        match name {
            None | Some("scripted") => Ok(Arc::new(self.0.clone())),
            Some(name) => Err(format!("there is no model `{name}`: `octi model list` shows them")),
        }
    }
}

impl TestAgentsBuilder {
    /// A tool that is installed.
    #[must_use]
    pub fn tool(mut self, tool: &FakeTool) -> Self {
        self.tools.push(tool.clone());
        self
    }

    /// Another role than the default one; it is installed as `general`.
    #[must_use]
    pub fn role(mut self, role: FakeRole) -> Self {
        self.role = role;
        self
    }

    /// What is installed, instead of the fake tools and the fake role.
    #[must_use]
    pub fn registry(mut self, registry: Arc<dyn Registry>) -> Self {
        self.installed = Some(registry);
        self
    }

    /// What one turn may use.
    #[must_use]
    pub fn budget(mut self, change: impl FnOnce(&mut Budget)) -> Self {
        change(&mut self.budget);
        self
    }

    /// A secret of the person's.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets everything up on a database.
    ///
    /// # Panics
    /// When something cannot be set up.
    pub async fn start(self, store: &Store) -> TestAgents {
        let (ambient, clock) = manual();
        let registry = Arc::new(FakeRegistry::default());
        registry.install_role(self.role);
        self.tools.into_iter().for_each(|tool| registry.install(tool));
        let installed = self.installed.unwrap_or_else(|| registry.clone());
        let events = Arc::new(Collected::default());
        let workspaces = TempDir::new().unwrap_or_else(|error| panic!("no temporary folder: {error}"));
        let workspaces = Arc::new(workspaces);
        let principal = people::person(store, &ambient, "ada").await;
        let session = people::session(store, &ambient, &principal).await;
        for (name, _) in &self.secrets {
            people::secret(store, &ambient, &principal, name).await;
        }
        let limits = watch::Sender::new(RunLimits { budget: self.budget, ..RunLimits::default() });
        let config = config(store, &installed, &events, &ambient, &self.model, &limits, &self.secrets, &workspaces);
        TestAgents {
            agents: Agents::new(config),
            store: store.clone(),
            model: self.model,
            registry,
            installed,
            events,
            ambient,
            clock,
            principal,
            session,
            limits,
            secrets: self.secrets,
            workspaces,
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "everything a host is made of, in one place")]
fn config(
    store: &Store,
    registry: &Arc<dyn Registry>,
    events: &Arc<Collected>,
    ambient: &Ambient,
    model: &ScriptedModel,
    limits: &watch::Sender<RunLimits>,
    secrets: &[(String, String)],
    workspaces: &Arc<TempDir>,
) -> AgentsConfig {
    let secrets = secrets.iter().map(|(name, value)| (name.clone(), SecretString::from(value.clone())));
    let redactor = Arc::new(Redactor::new(secrets.collect::<Vec<_>>()));
    let workspaces = Arc::clone(workspaces);
    AgentsConfig {
        store: store.clone(),
        registry: registry.clone(),
        models: Arc::new(OneModel(model.clone())),
        events: events.clone(),
        ambient: ambient.clone(),
        limits: limits.subscribe(),
        workspace_of: Arc::new(move |user, place| WorkFolder::of(workspaces.path(), user, place, &[])),
        redactor: Arc::new(move |_| Arc::clone(&redactor)),
        role: "general".to_owned(),
    }
}

impl TestAgents {
    /// Agents whose model gives these answers.
    #[must_use]
    pub fn answering(answers: impl IntoIterator<Item = Answer>) -> TestAgentsBuilder {
        Self::on(ScriptedModel::new(answers))
    }

    /// Agents on this model.
    #[must_use]
    pub fn on(model: ScriptedModel) -> TestAgentsBuilder {
        TestAgentsBuilder {
            model,
            tools: Vec::new(),
            role: FakeRole::new("general"),
            budget: Budget::default(),
            secrets: Vec::new(),
            installed: None,
        }
    }

    /// Says something to the agent.
    ///
    /// # Panics
    /// When it is not taken in.
    pub async fn send(&self, text: &str) -> Sent {
        self.send_as(text, TurnOptions::default()).await
    }

    /// Says something where nobody can be asked.
    ///
    /// # Panics
    /// When it is not taken in.
    pub async fn send_unattended(&self, text: &str) -> Sent {
        self.send_as(text, TurnOptions { origin: Origin::Unattended, ..TurnOptions::default() }).await
    }

    async fn send_as(&self, text: &str, options: TurnOptions) -> Sent {
        let sent = self.agents.send(&self.principal, self.session, text.to_owned(), options).await;
        sent.unwrap_or_else(|error| panic!("the message is not taken in: {error}"))
    }

    /// Says something and waits until its turn has ended.
    ///
    /// # Panics
    /// When it is not taken in or does not end.
    pub async fn chat(&self, text: &str) -> (RunStatus, String) {
        let sent = self.send(text).await;
        self.ended(sent.run_id).await
    }

    /// Waits until a turn has ended and let go of its session.
    pub async fn ended(&self, run: RunId) -> (RunStatus, String) {
        let ended = self.events.ended(run).await;
        self.agents.until_ended(&self.principal, run).await;
        ended
    }

    /// The whole stored conversation.
    ///
    /// # Panics
    /// When the store fails.
    pub async fn messages(&self) -> Vec<Message> {
        let messages = async { self.store.read(&self.principal).await?.last_messages(self.session, 1_000).await };
        messages.await.unwrap_or_else(|error| panic!("the messages cannot be read: {error}"))
    }

    /// Where the person's tools work.
    ///
    /// # Panics
    /// When nobody is signed in.
    #[must_use]
    pub fn workspace(&self) -> PathBuf {
        let Some(user) = self.principal.user_id() else { panic!("only people have workspaces") };
        let folder = WorkFolder::of(self.workspaces.path(), user, &Place::default(), &[]);
        folder.unwrap_or_else(|error| panic!("there is no workspace: {error}")).root
    }

    /// A stored run.
    ///
    /// # Panics
    /// When it is not there.
    pub async fn run(&self, id: RunId) -> Run {
        let run = async { self.store.read(&self.principal).await?.run(id).await };
        let run = run.await.unwrap_or_else(|error| panic!("the run cannot be read: {error}"));
        run.unwrap_or_else(|| panic!("there is no run {id}"))
    }

    /// Another host on the same database, as after a crash of this one: nothing in memory is left.
    #[must_use]
    pub fn next_host(&self, model: ScriptedModel) -> Self {
        let events = Arc::new(Collected::default());
        let limits = watch::Sender::new(*self.limits.borrow());
        let config =
            config(&self.store, &self.installed, &events, &self.ambient, &model, &limits, &self.secrets, &self.workspaces);
        Self {
            agents: Agents::new(config),
            store: self.store.clone(),
            model,
            registry: Arc::clone(&self.registry),
            installed: Arc::clone(&self.installed),
            events,
            ambient: self.ambient.clone(),
            clock: Arc::clone(&self.clock),
            principal: self.principal.clone(),
            session: self.session,
            limits,
            secrets: self.secrets.clone(),
            workspaces: Arc::clone(&self.workspaces),
        }
    }

    /// Ends everything as a host does.
    pub async fn shutdown(&self) {
        self.agents.shutdown(Duration::ZERO).await;
    }
}
