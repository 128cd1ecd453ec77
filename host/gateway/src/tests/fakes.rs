//! Stand-ins for what lies outside: plugins, models and the ports of the composition root.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use octi_agents::ModelSource;
use octi_api::v1::models::{AddModel, Model, ModelTest};
use octi_api::v1::plugin_offers::{
    AcceptPluginOffer, AvailablePlugin, AvailableQuery, MakePluginOffer, PluginOffer, PluginOfferText, PluginPublisher,
    PluginRegistry, PluginRight, PublisherTrust,
};
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginInspection, PluginOrigin, PluginSource};
use octi_domain::ids::PluginOfferId;
use octi_domain::permission::Level;
use octi_domain::principal::Principal;
use octi_domain::run::Usage;
use octi_extension::capability::VaultRequest;
use octi_extension::health::HealthReport;
use octi_extension::manifest::{Effect, RoleEntry, SubjectKind};
use octi_extension::registry::{PluginState, PluginStatus, Registry, Snapshot, Source};
use octi_extension::role::Role;
use octi_extension::skill::{Skill, SkillProblem};
use octi_extension::tool::{CallContext, Tool, ToolError, ToolOutput, ToolSpec};
use octi_models::chat::ChatModel;
use octi_models::scripted::ScriptedModel;
use octi_models::{EmbedRequest, Embeddings, ModelError, Provider};
use octi_testkit::fakes::FakeSkill;
use serde_json::{Value, json};

use crate::ports::{ChatModels, ModelAdmin, PluginAdmin, PluginRegistries, PortError, SecretsChanged};

/// `notes__read` is allowed, `notes__write` is asked for; both answer with their argument.
pub(super) struct Notes(ToolSpec);

#[async_trait]
impl Tool for Notes {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, _context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::new(json!({"did": self.0.operation, "with": arguments["text"]}), None))
    }
}

fn notes(operation: &str, permission: Level) -> Arc<dyn Tool> {
    Arc::new(Notes(ToolSpec {
        name: format!("notes__{operation}"),
        tool: "notes".to_owned(),
        operation: operation.to_owned(),
        plugin: "acme/notes".to_owned(),
        plugin_version: "1.0.0".to_owned(),
        digest: "00".repeat(32),
        description: "Keeps notes".to_owned(),
        input_schema: json!({
            "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"], "additionalProperties": false
        }),
        output_schema: None,
        permission,
        effects: vec![Effect::Write],
        subject: Some("text".to_owned()),
        subject_kind: SubjectKind::Text,
    }))
}

/// A repository with a text and an image that changed; `large.txt` changed so much that it does not fit a conversation.
struct Git(ToolSpec);

#[async_trait]
impl Tool for Git {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, _context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        let text = json!({"path": "a.txt", "added": 3, "deleted": 1});
        let content = match (self.0.operation.as_str(), arguments["files"][0].as_str()) {
            ("status", _) => json!({
                "path": ".", "clean": false, "truncated": false, "files": [
                    {"path": "a.txt", "staged": "added", "unstaged": "modified"}, {"path": "new.txt", "unstaged": "untracked"},
                    {"path": "b.txt", "staged": "deleted"},
                ],
            }),
            (_, None) => json!({
                "files": [text, {"path": "image.png"}], "patch": "+one", "truncated": false,
            }),
            (_, Some("b.txt")) if arguments["staged"] == true => {
                json!({"files": [{"path": "b.txt", "added": 0, "deleted": 9}], "patch": "-b", "truncated": false})
            }
            (_, Some("large.txt")) => json!({"files": [text], "patch": "+long\n".repeat(10_000), "truncated": true}),
            (_, Some("../x")) => return Err(ToolError::BadInput("`../x` leads out of the workspace".to_owned())),
            (_, Some(_)) => json!({"files": [], "patch": "", "truncated": false}),
        };
        Ok(ToolOutput::new(content, None))
    }
}

fn git(operation: &str) -> Arc<dyn Tool> {
    Arc::new(Git(ToolSpec {
        name: format!("git__{operation}"),
        tool: "git".to_owned(),
        operation: operation.to_owned(),
        plugin: "acme/git".to_owned(),
        plugin_version: "1.0.0".to_owned(),
        digest: "00".repeat(32),
        description: "Reads a repository".to_owned(),
        input_schema: json!({"type": "object"}),
        output_schema: None,
        permission: Level::Allow,
        effects: vec![Effect::Read],
        subject: None,
        subject_kind: SubjectKind::Text,
    }))
}

struct General(RoleEntry);

#[async_trait]
impl Role for General {
    fn spec(&self) -> &RoleEntry {
        &self.0
    }

    async fn prompt(&self, _small: bool) -> Result<String, ToolError> {
        Ok("You help as {{ role }}.".to_owned())
    }
}

/// A skill whose text tries to command the terminal of who reads it.
fn code_review() -> FakeSkill {
    FakeSkill::new("code-review", "Read the tests first.\u{1b}[2J")
}

/// A registry that never changes.
pub(super) struct FakeRegistry;

impl Registry for FakeRegistry {
    fn snapshot(&self) -> Arc<Snapshot> {
        let tools = [notes("read", Level::Allow), notes("write", Level::Ask), git("diff"), git("status")];
        let role = |name: &str, purpose: &str| -> (String, Arc<dyn Role>) {
            let entry = RoleEntry {
                name: name.to_owned(),
                purpose: purpose.to_owned(),
                tools: vec!["*".to_owned()],
                core_tools: Vec::new(),
                topic: "chat".to_owned(),
                read_only: false,
            };
            (name.to_owned(), Arc::new(General(entry)))
        };
        Arc::new(Snapshot {
            hooks: Vec::new(),
            channels: BTreeMap::new(),
            offered: Vec::new(),
            tools: tools.into_iter().map(|tool| (tool.spec().name.clone(), tool)).collect(),
            roles: BTreeMap::from([role("general", "anything"), role("code-reviewer", "reads changes")]),
            skills: BTreeMap::from([("code-review".to_owned(), Arc::new(code_review()) as Arc<dyn Skill>)]),
        })
    }

    fn health(&self) -> Option<HealthReport> {
        None
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        vec![PluginStatus {
            id: "acme/notes".to_owned(),
            version: "1.0.0".to_owned(),
            description: "Keeps notes".to_owned(),
            source: Source::Bundled,
            digest: "00".repeat(32),
            bytes: 7,
            state: PluginState::Running,
            generation: 1,
            previous: None,
            tools: vec!["notes__read".to_owned(), "notes__write".to_owned()],
            role: None,
            skill: None,
            capabilities: Vec::new(),
            vault: vec![VaultRequest {
                secret: "weather_key".to_owned(),
                host: "api.weather.example".to_owned(),
                header: "x-api-key".to_owned(),
                reason: "authenticate".to_owned(),
            }],
            problem: None,
            incident: None,
            compiled_in: None,
        }]
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        vec![SkillProblem { path: "pdf/SKILL.md".to_owned(), line: Some(3), problem: "`name`: not one".to_owned() }]
    }
}

/// Everybody gets the scripted model.
pub(super) struct Scripted(pub(super) ScriptedModel);

#[async_trait]
impl ModelSource for Scripted {
    async fn model(&self, _principal: &Principal, name: Option<&str>) -> Result<Arc<dyn ChatModel>, String> {
        match name {
            None | Some("scripted") => Ok(Arc::new(self.0.clone())),
            Some(other) => Err(format!("there is no model `{other}`; add it with `octi model add`")),
        }
    }
}

#[async_trait]
impl ChatModels for Scripted {
    async fn chat_model(&self, _principal: &Principal, name: &str) -> Result<Arc<dyn ChatModel>, PortError> {
        match name {
            "scripted" => Ok(Arc::new(self.0.clone())),
            "talker" => Ok(Arc::new(ScriptedModel::new([]))),
            // The same model behind the wire of a provider.
            other => match Provider::parse(other) {
                Some(provider) => Ok(Arc::new(self.0.clone().with_info(|info| info.provider = provider))),
                None => Err(PortError::NotFound(format!("there is no model `{other}`"))),
            },
        }
    }
}

/// A vector tells the bytes of its text; the text `too long` is longer than the model reads.
pub(super) fn vectors(request: &EmbedRequest) -> Result<Embeddings, ModelError> {
    if request.inputs.iter().any(|text| text == "too long") {
        return Err(ModelError::ContextLength("a text is longer than `scripted` can read".to_owned()));
    }
    #[expect(clippy::cast_precision_loss, reason = "texts of tests are short")]
    let vectors = request.inputs.iter().map(|text| vec![text.len() as f32, 0.5]).collect();
    let usage = Usage { input_tokens: 3 * request.inputs.len() as u64, output_tokens: 0, estimated: false };
    Ok(Embeddings { vectors, usage, retried: 0 })
}

fn new_plugin(digest: String, bytes: u64) -> Plugin {
    Plugin {
        id: "acme/new".to_owned(),
        version: "1.0.0".to_owned(),
        description: String::new(),
        source: PluginSource::Folder,
        digest,
        bytes,
        state: octi_api::v1::plugins::PluginState::Running,
        generation: 1,
        previous: None,
        tools: Vec::new(),
        role: None,
        skill: None,
        capabilities: Vec::new(),
        problem: None,
        incident: None,
        compiled_ms: None,
        may_use: true,
        origin: None,
    }
}

/// Takes any file that begins like a component.
pub(super) struct FakePlugins;

#[async_trait]
impl PluginAdmin for FakePlugins {
    async fn install(&self, _principal: &Principal, bytes: Vec<u8>, query: InstallQuery) -> Result<Plugin, PortError> {
        let inspection = self.inspect(bytes, query.file_name.as_deref()).await?;
        Ok(new_plugin(inspection.digest, inspection.bytes))
    }

    async fn remove(&self, id: &str) -> Result<(), PortError> {
        if id == "acme/new" {
            return Ok(());
        }
        Err(PortError::Refused(format!("`{id}` is inside the binary and cannot be removed")))
    }

    async fn reload(&self, id: Option<&str>) -> Result<(), PortError> {
        assert_ne!(id, Some("acme/panics"), "a bug of ours with a secret in it");
        if id == Some("acme/hangs") {
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn rollback(&self, id: &str) -> Result<Plugin, PortError> {
        if id == "acme/new" {
            return Ok(new_plugin(String::new(), 0));
        }
        Err(PortError::Refused(format!("no earlier version of `{id}` is kept; install the one you want")))
    }

    async fn inspect(&self, bytes: Vec<u8>, file_name: Option<&str>) -> Result<PluginInspection, PortError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(PortError::Refused("the file is not WebAssembly: it does not begin with `\\0asm`".to_owned()));
        }
        Ok(PluginInspection {
            manifest: json!({}),
            capabilities: Vec::new(),
            imports: Vec::new(),
            exports: Vec::new(),
            left_out: file_name.map(|name| format!("`{name}`: it belongs to a resource")).into_iter().collect(),
            digest: "11".repeat(32),
            bytes: bytes.len() as u64,
        })
    }
}

/// One registry, which has `acme/new`.
pub(super) struct FakeRegistries;

fn moment() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

#[async_trait]
impl PluginRegistries for FakeRegistries {
    async fn offer(&self, _principal: &Principal, ask: MakePluginOffer) -> Result<PluginOffer, PortError> {
        if ask.plugin == "acme/evil" {
            return Err(PortError::Refused("`acme/evil` 1.0.0 was revoked: it sells what it reads".to_owned()));
        }
        Ok(PluginOffer {
            id: uuid::Uuid::from_u128(1),
            expires_at: moment(),
            plugin: ask.plugin,
            version: "1.0.0".to_owned(),
            registry: "main".to_owned(),
            description: "New".to_owned(),
            license: None,
            publisher_key: "ed25519:x".to_owned(),
            publisher_key_id: "00".repeat(16),
            is_new_publisher: true,
            trusted: None,
            package: "sha256:x".to_owned(),
            wasm: "sha256:y".to_owned(),
            bytes: 7,
            signed_at: moment(),
            replaces: None,
            rights: vec![PluginRight { text: "files: read workspace".to_owned(), reason: Some("read".to_owned()), is_new: true }],
            given_up: Vec::new(),
            warnings: Vec::new(),
            needs_review: true,
            has_texts: true,
        })
    }

    async fn texts(&self, _principal: &Principal, _id: PluginOfferId) -> Result<Vec<PluginOfferText>, PortError> {
        let text = PluginOfferText { name: "prompt".to_owned(), text: "You are new.".to_owned(), before: None };
        Ok(vec![text])
    }

    async fn accept(&self, _principal: &Principal, id: PluginOfferId, answer: AcceptPluginOffer) -> Result<Plugin, PortError> {
        match answer.package.as_str() {
            "gone" => Err(PortError::NotFound(format!("there is no offer {id}"))),
            "changed" => Err(PortError::Conflict("what would be installed changed".to_owned())),
            _ => Ok(new_plugin("11".repeat(32), 7)),
        }
    }

    async fn available(
        &self,
        query: &AvailableQuery,
        after: Option<(String, String)>,
        rows: u32,
    ) -> Result<Vec<AvailablePlugin>, PortError> {
        if query.registry.as_deref() == Some("away") {
            return Err(PortError::Upstream("registry `away` does not answer".to_owned()));
        }
        let names = ["acme/a", "acme/b", "acme/c"].into_iter();
        let later = names.filter(|name| after.as_ref().is_none_or(|(_, after)| *name > after.as_str()));
        let plugin = |name: &str| AvailablePlugin {
            plugin: name.to_owned(),
            registry: "main".to_owned(),
            version: "1.0.0".to_owned(),
            versions: Vec::new(),
            description: String::new(),
            kinds: Vec::new(),
            installed: None,
        };
        Ok(later.take(rows as usize).map(plugin).collect())
    }

    fn status(&self) -> Vec<PluginRegistry> {
        vec![PluginRegistry {
            name: "main".to_owned(),
            location: "/srv/plugins".to_owned(),
            checked_at: None,
            fresh_until: None,
            problem: None,
        }]
    }

    async fn refresh(&self) -> Vec<PluginRegistry> {
        self.status()
    }

    async fn publishers(&self) -> Result<Vec<PluginPublisher>, PortError> {
        Ok(vec![publisher("acme", "ed25519:x")])
    }

    async fn pin(&self, _principal: &Principal, name: &str, key: &str) -> Result<PluginPublisher, PortError> {
        Ok(publisher(name, key))
    }

    async fn forget(&self, name: &str) -> Result<(), PortError> {
        if name == "nobody" {
            return Err(PortError::NotFound("no key of `nobody` is known".to_owned()));
        }
        Ok(())
    }

    fn origin(&self, _digest: &str) -> Option<PluginOrigin> {
        None
    }

    fn lock(&self) -> String {
        "format = 1\n".to_owned()
    }
}

fn publisher(name: &str, key: &str) -> PluginPublisher {
    PluginPublisher {
        name: name.to_owned(),
        key: key.to_owned(),
        key_id: "00".repeat(16),
        trust: PublisherTrust::Pinned,
        since: moment(),
        from: "root".to_owned(),
    }
}

/// Keeps models in memory, for one person.
#[derive(Default)]
pub(super) struct FakeModels(Mutex<BTreeMap<String, Model>>);

impl FakeModels {
    fn find(&self, name: &str) -> Result<Model, PortError> {
        let models = self.0.lock().unwrap();
        models.get(name).cloned().ok_or_else(|| PortError::NotFound(format!("there is no model `{name}`")))
    }
}

#[async_trait]
impl ModelAdmin for FakeModels {
    async fn list(&self, _principal: &Principal) -> Result<Vec<Model>, PortError> {
        Ok(self.0.lock().unwrap().values().cloned().collect())
    }

    async fn add(&self, _principal: &Principal, model: AddModel) -> Result<Model, PortError> {
        let added = Model {
            model_id: model.model_id.unwrap_or_else(|| model.name.clone()),
            name: model.name,
            provider: model.provider,
            endpoint: model.endpoint,
            has_key: model.key.is_some(),
            context_window: model.context_window,
            max_output: model.max_output,
            price_in: model.price_in,
            price_out: model.price_out,
            supports_tools: model.supports_tools.unwrap_or(true),
            is_default: model.default,
            is_demo: false,
        };
        self.0.lock().unwrap().insert(added.name.clone(), added.clone());
        Ok(added)
    }

    async fn test(&self, _principal: &Principal, name: &str) -> Result<ModelTest, PortError> {
        self.find(name)?;
        Ok(ModelTest { ok: false, latency_ms: 1, message: "the provider refused the key".to_owned() })
    }

    async fn set_default(&self, _principal: &Principal, name: &str) -> Result<Model, PortError> {
        Ok(Model { is_default: true, ..self.find(name)? })
    }

    async fn remove(&self, _principal: &Principal, name: &str) -> Result<(), PortError> {
        self.find(name)?;
        self.0.lock().unwrap().remove(name);
        Ok(())
    }
}

/// Counts how often it was told that secrets changed.
#[derive(Default)]
pub(super) struct FakeSecrets(pub(super) Mutex<Vec<Principal>>);

#[async_trait]
impl SecretsChanged for FakeSecrets {
    async fn changed(&self, principal: &Principal) {
        self.0.lock().unwrap().push(principal.clone());
    }
}
