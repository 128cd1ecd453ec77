//! Tools, roles, skills and a registry without any plugin.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use octi_domain::limits;
use octi_domain::permission::Level;
use octi_extension::health::HealthReport;
use octi_extension::hook::{Hook, HookAnswer, HookContext, HookEntry, HookEvent, HookSpec};
use octi_extension::manifest::{Effect, RoleEntry, SkillEntry, SubjectKind};
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::role::Role;
use octi_extension::skill::{Skill, SkillProblem, SkillSource};
use octi_extension::tool::{CallContext, Tool, ToolError, ToolOutput, ToolSpec};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

/// What a call does while it waits for others.
type Work = dyn Fn(CallContext, Value) -> BoxFuture<'static, Result<ToolOutput, ToolError>> + Send + Sync;
type Answers = dyn Fn(&CallContext, Value) -> Result<ToolOutput, ToolError> + Send + Sync;

/// A tool that answers what the test says. Clones share everything.
#[derive(Clone)]
pub struct FakeTool {
    spec: ToolSpec,
    secrets: Vec<String>,
    answers: Arc<Answers>,
    work: Option<Arc<Work>>,
    gate: Option<Arc<Semaphore>>,
    calls: Arc<Mutex<Vec<Value>>>,
    running: Arc<watch::Sender<usize>>,
    most_at_once: Arc<AtomicUsize>,
}

impl FakeTool {
    /// A tool of that name (`<tool>__<operation>`) that is allowed, only reads, takes any object and gives it back.
    ///
    /// # Panics
    /// When the name has no `__`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let Some((tool, operation)) = name.split_once("__") else { panic!("`{name}` is not `<tool>__<operation>`") };
        let spec = ToolSpec {
            name: name.to_owned(),
            tool: tool.to_owned(),
            operation: operation.to_owned(),
            plugin: format!("test/{tool}"),
            plugin_version: "1.0.0".to_owned(),
            digest: "00".repeat(32),
            description: format!("{operation} of {tool}"),
            input_schema: json!({ "type": "object" }),
            output_schema: None,
            permission: Level::Allow,
            effects: vec![Effect::Read],
            subject: None,
            subject_kind: SubjectKind::Text,
        };
        Self {
            spec,
            secrets: Vec::new(),
            answers: Arc::new(|_, arguments| Ok(ToolOutput::new(arguments, None))),
            work: None,
            gate: None,
            calls: Arc::default(),
            running: Arc::new(watch::Sender::new(0)),
            most_at_once: Arc::default(),
        }
    }

    /// Changes what the tool says of itself.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut ToolSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// A person is asked first, about this argument.
    #[must_use]
    pub fn asks_about(self, subject: &str) -> Self {
        self.with(|spec| {
            spec.permission = Level::Ask;
            spec.effects = vec![Effect::Write];
            spec.subject = Some(subject.to_owned());
        })
    }

    /// The JSON Schema of its arguments.
    #[must_use]
    pub fn takes(self, schema: Value) -> Self {
        self.with(|spec| spec.input_schema = schema)
    }

    /// Its plugin may use the secret of that name.
    #[must_use]
    pub fn may_use(mut self, secret: &str) -> Self {
        self.secrets.push(secret.to_owned());
        self
    }

    /// What it gives.
    #[must_use]
    pub fn gives(mut self, answers: impl Fn(Value) -> Result<Value, ToolError> + Send + Sync + 'static) -> Self {
        self.answers = Arc::new(move |_, arguments| answers(arguments).map(|content| ToolOutput::new(content, None)));
        self
    }

    /// What it gives, knowing who calls and where progress goes.
    #[must_use]
    pub fn does(
        mut self,
        answers: impl Fn(&CallContext, Value) -> Result<ToolOutput, ToolError> + Send + Sync + 'static,
    ) -> Self {
        self.answers = Arc::new(answers);
        self
    }

    /// What it does, when that takes waiting.
    #[must_use]
    pub fn awaits<F>(mut self, work: impl Fn(CallContext, Value) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ToolOutput, ToolError>> + Send + 'static,
    {
        self.work = Some(Arc::new(move |context, arguments| work(context, arguments).boxed()));
        self
    }

    /// Every call waits until [`Self::release`] is called once.
    #[must_use]
    pub fn blocked(mut self) -> Self {
        self.gate = Some(Arc::new(Semaphore::new(0)));
        self
    }

    /// Lets one waiting call go on.
    pub fn release(&self) {
        if let Some(gate) = &self.gate {
            gate.add_permits(1);
        }
    }

    /// Waits until that many calls run at once.
    pub async fn until_running(&self, count: usize) {
        // The sender lives as long as `self`.
        let mut running = self.running.subscribe();
        let _reached = running.wait_for(|running| *running >= count).await;
    }

    /// Waits until no call runs any more.
    pub async fn until_idle(&self) {
        // The sender lives as long as `self`.
        let mut running = self.running.subscribe();
        let _idle = running.wait_for(|running| *running == 0).await;
    }

    /// The arguments of every call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The most calls that ever ran at once.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::Acquire)
    }
}

/// Counts a call as running for as long as it does, however it ends.
struct Running(Arc<watch::Sender<usize>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

#[async_trait]
impl Tool for FakeTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn may_use_secret(&self, name: &str) -> Result<(), String> {
        if self.secrets.iter().any(|secret| secret == name) {
            return Ok(());
        }
        Err(format!("plugin `{}` has no grant for the secret `{name}`", self.spec.plugin))
    }

    async fn call(&self, context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(arguments.clone());
        self.running.send_modify(|running| {
            *running += 1;
            self.most_at_once.fetch_max(*running, Ordering::AcqRel);
        });
        let _running = Running(Arc::clone(&self.running));
        match &self.gate {
            Some(gate) => {
                if let Ok(permit) = gate.acquire().await {
                    permit.forget();
                }
            }
            // Gives the other calls of a step the time to begin, so that parallel calls can be told from serial ones.
            None => tokio::task::yield_now().await,
        }
        match &self.work {
            Some(work) => work(context, arguments).await,
            None => (self.answers)(&context, arguments),
        }
    }
}

/// A role with a prompt.
#[derive(Debug, Clone)]
pub struct FakeRole {
    spec: RoleEntry,
    prompt: String,
    small: String,
}

impl FakeRole {
    /// A role of that name that may use every tool.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let spec = RoleEntry {
            name: name.to_owned(),
            purpose: "help with tests".to_owned(),
            tools: vec!["*".to_owned()],
            core_tools: Vec::new(),
            topic: "chat".to_owned(),
            read_only: false,
        };
        Self { spec, prompt: "You are {{ role }}.".to_owned(), small: "Be brief.".to_owned() }
    }

    /// The tools it may use.
    #[must_use]
    pub fn tools(mut self, tools: &[&str]) -> Self {
        self.spec.tools = tools.iter().map(|&tool| tool.to_owned()).collect();
        self
    }

    /// Its prompt's template.
    #[must_use]
    pub fn prompt(mut self, template: &str) -> Self {
        template.clone_into(&mut self.prompt);
        self
    }
}

#[async_trait]
impl Role for FakeRole {
    fn spec(&self) -> &RoleEntry {
        &self.spec
    }

    async fn prompt(&self, small: bool) -> Result<String, ToolError> {
        Ok(if small { self.small.clone() } else { self.prompt.clone() })
    }
}

/// A skill with a text.
#[derive(Clone)]
pub struct FakeSkill {
    spec: SkillEntry,
    source: SkillSource,
    text: String,
    fits: bool,
    is_stuck: bool,
}

impl FakeSkill {
    /// A skill of the plugin `test/<name>` with that text, which its name calls.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        let spec = SkillEntry {
            name: name.to_owned(),
            description: format!("What is known of {name}"),
            triggers: vec![name.replace('-', " ")],
            ..SkillEntry::default()
        };
        let source = SkillSource::Plugin { id: format!("test/{name}"), version: "1.0.0".to_owned() };
        Self { spec, source, text: text.to_owned(), fits: false, is_stuck: false }
    }

    /// Changes what it says of itself.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut SkillEntry)) -> Self {
        change(&mut self.spec);
        self
    }

    /// It never answers.
    #[must_use]
    pub fn stuck(mut self) -> Self {
        self.is_stuck = true;
        self
    }

    /// Its code decides, and decides that.
    #[must_use]
    pub fn decides(mut self, fits: bool) -> Self {
        self.spec.dynamic = true;
        self.fits = fits;
        self
    }
}

#[async_trait]
impl Skill for FakeSkill {
    fn spec(&self) -> &SkillEntry {
        &self.spec
    }

    fn source(&self) -> &SkillSource {
        &self.source
    }

    fn license(&self) -> Option<&str> {
        None
    }

    async fn fits(&self, _said: &str) -> Result<bool, ToolError> {
        if self.is_stuck {
            std::future::pending::<()>().await;
        }
        Ok(self.fits)
    }

    async fn text(&self, said: &str) -> Result<String, ToolError> {
        if self.is_stuck {
            std::future::pending::<()>().await;
        }
        Ok(self.text.replace("{said}", said))
    }
}

type HookAnswers = dyn Fn(HookEvent, &Value) -> Result<HookAnswer, ToolError> + Send + Sync;

/// A hook that answers what the test says. Clones share what they were told.
#[derive(Clone)]
pub struct FakeHook {
    spec: HookSpec,
    answers: Arc<HookAnswers>,
    is_silent: bool,
    told: Arc<Mutex<Vec<(HookEvent, Value)>>>,
}

impl FakeHook {
    /// A hook of that plugin that is asked before calls of every tool and lets them go on; `entry` may change that.
    #[must_use]
    pub fn new(plugin: &str, change: impl FnOnce(&mut HookEntry)) -> Self {
        let mut entry = HookEntry {
            events: vec![HookEvent::ToolBefore],
            tools: vec!["*".to_owned()],
            priority: limits::HOOK_PRIORITY_MAX / 2,
            time_ms: limits::HOOK_MS_DEFAULT,
        };
        change(&mut entry);
        let spec = HookSpec { plugin: plugin.to_owned(), plugin_version: "1.0.0".to_owned(), entry };
        Self { spec, answers: Arc::new(|_, _| Ok(HookAnswer::GoOn)), is_silent: false, told: Arc::default() }
    }

    /// What it answers.
    #[must_use]
    pub fn answers(
        mut self,
        answers: impl Fn(HookEvent, &Value) -> Result<HookAnswer, ToolError> + Send + Sync + 'static,
    ) -> Self {
        self.answers = Arc::new(answers);
        self
    }

    /// Never answers.
    #[must_use]
    pub fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }

    /// What it was told so far.
    #[must_use]
    pub fn told(&self) -> Vec<(HookEvent, Value)> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Hook for FakeHook {
    fn spec(&self) -> &HookSpec {
        &self.spec
    }

    async fn tell(&self, _context: HookContext, event: HookEvent, details: Value) -> Result<HookAnswer, ToolError> {
        let answer = (self.answers)(event, &details);
        self.told.lock().unwrap_or_else(PoisonError::into_inner).push((event, details));
        if self.is_silent {
            std::future::pending::<()>().await;
        }
        answer
    }
}

/// What is installed, as the test says.
#[derive(Default)]
pub struct FakeRegistry {
    snapshot: Mutex<Arc<Snapshot>>,
}

impl FakeRegistry {
    /// Adds a tool, or puts it in the place of the one of that name.
    pub fn install(&self, tool: FakeTool) {
        self.change(|snapshot| drop(snapshot.tools.insert(tool.spec.name.clone(), Arc::new(tool))));
    }

    /// Adds a role, or puts it in the place of the one of that name.
    pub fn install_role(&self, role: FakeRole) {
        self.change(|snapshot| drop(snapshot.roles.insert(role.spec.name.clone(), Arc::new(role))));
    }

    /// Adds a skill, or puts it in the place of the one of that name.
    pub fn install_skill(&self, skill: FakeSkill) {
        self.change(|snapshot| drop(snapshot.skills.insert(skill.spec.name.clone(), Arc::new(skill))));
    }

    /// Adds a hook, and puts all of them into the order in which they are asked.
    pub fn install_hook(&self, hook: FakeHook) {
        self.change(|snapshot| {
            snapshot.hooks.push(Arc::new(hook));
            snapshot.hooks.sort_by(|a, b| a.spec().order().cmp(&b.spec().order()));
        });
    }

    /// Removes a tool.
    pub fn remove(&self, name: &str) {
        self.change(|snapshot| drop(snapshot.tools.remove(name)));
    }

    fn change(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut current = self.snapshot.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = (**current).clone();
        change(&mut next);
        *current = Arc::new(next);
    }
}

impl Registry for FakeRegistry {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        Vec::new()
    }

    fn health(&self) -> Option<HealthReport> {
        None
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        Vec::new()
    }
}
