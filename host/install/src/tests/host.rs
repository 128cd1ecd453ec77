//! A host beside a registry in a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_domain::permission::Origin;
use octi_domain::principal::Principal;
use octi_engine::{Compiler, EngineConfig, PluginManager};
use octi_extension::registry::{PluginStatus, Registry as _};
use octi_extension::tool::{CallContext, NoProgress, Tool, ToolError, no_secrets};
use octi_registry::Source;
use octi_registry::source::{Folder, SourceError};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::guests::{Guest, manifest, with_manifest};
use octi_testkit::services::{Memory, Secrets};
use octi_testkit::shelf::{Shelf, plugin};
use serde_json::json;

use crate::installer::{Answer, Installer, InstallerParts};
use crate::refusal::Refusal;
use crate::registries::RegistrySetup;
use crate::review::Ask;

/// What outlives the host.
pub(super) struct Home {
    folder: tempfile::TempDir,
    pub(super) shelf: Shelf,
    others: BTreeMap<String, PathBuf>,
}

/// A host that runs.
pub(super) struct Host {
    pub(super) installer: Arc<Installer>,
    manager: Arc<PluginManager>,
    pub(super) user: UserId,
    pub(super) ambient: Ambient,
    folder: PathBuf,
}

/// The newest of a plugin.
pub(super) fn ask(plugin: &str, registry: Option<&str>) -> Ask {
    Ask { name: plugin.parse().unwrap(), version: None, registry: registry.map(str::to_owned), locked: None }
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(&folder.path().join("registry"));
        Self { folder, shelf, others: BTreeMap::new() }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn registry(&self) -> PathBuf {
        self.path().join("registry")
    }

    /// Another registry that the next host knows.
    pub(super) fn also(&mut self, name: &str, path: &Path) {
        self.others.insert(name.to_owned(), path.to_owned());
    }

    /// Puts a version of `acme/weather` on the registry, which answers with its version.
    pub(super) fn publish(&mut self, version: &str, extra: &str) {
        self.shelf.publish(&plugin("acme/weather", version, extra, &format!(r#"{{"version":"{version}"}}"#)));
    }

    /// The same of one that crashes when it starts.
    pub(super) fn publish_broken(&mut self, version: &str) {
        let broken = Guest::default().items("(func $crash unreachable) (start $crash)").component();
        self.shelf.publish(&with_manifest(broken, &manifest("acme/weather", version, "")));
    }

    pub(super) async fn start(&self) -> Host {
        let ambient = Ambient::system();
        let config = EngineConfig {
            egress: Arc::default(),
            endpoints: Arc::default(),
            secrets: Arc::new(Secrets::of("key", "value")),
            cache_dir: self.path().join("cache"),
            cache_key: [1; 32],
            compiler: Compiler::InProcess,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(self.path().join("plugins")),
            bundle: &[],
            kv: Arc::new(Memory::default()),
            processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: "/nonexistent".into(), level: Level::Off })),
            ambient: ambient.clone(),
            on_change: Arc::new(|_, _, _| {}),
        };
        let manager = PluginManager::start(config).await.unwrap();
        let all = self.others.clone().into_iter().chain([("main".to_owned(), self.registry())]);
        let setup = |path: &Path| RegistrySetup { location: path.display().to_string(), keys: vec![self.shelf.key.public()] };
        let parts = InstallerParts {
            home: self.path().to_owned(),
            registries: all.map(|(name, path)| (name, setup(&path))).collect(),
            open: Arc::new(|location| Box::pin(source(location))),
            plugins: manager.clone(),
            ambient: ambient.clone(),
            moved: Arc::default(),
        };
        let installer = Installer::start(parts).await.unwrap();
        Host { installer, manager, user: ambient.id(), ambient, folder: self.path().to_owned() }
    }
}

impl Host {
    /// Installs the newest version, as a person does who says yes to everything.
    pub(super) async fn install(&self, plugin: &str) -> Result<PluginStatus, Refusal> {
        self.install_from(plugin, None).await
    }

    pub(super) async fn install_from(&self, plugin: &str, registry: Option<&str>) -> Result<PluginStatus, Refusal> {
        let review = self.installer.offer(self.user, ask(plugin, registry)).await?;
        let answer = Answer { package: review.package, reviewed: true, publisher: Some(review.publisher) };
        self.installer.accept(self.user, review.id, &answer).await
    }

    pub(super) fn plugins(&self) -> Vec<PluginStatus> {
        self.manager.plugins()
    }

    /// The tool as a model is offered it now.
    pub(super) fn tool(&self) -> Arc<dyn Tool> {
        self.manager.snapshot().tools["weather__run"].clone()
    }

    pub(super) fn is_without_tools(&self) -> bool {
        self.manager.snapshot().tools.is_empty()
    }

    /// What the tool of now answers.
    pub(super) async fn answer(&self) -> String {
        self.call(&self.tool()).await.unwrap()
    }

    pub(super) async fn call(&self, tool: &Arc<dyn Tool>) -> Result<String, ToolError> {
        let context = context(self.folder.clone());
        tool.call(context, json!({})).await.map(|output| output.content.to_string())
    }

    pub(super) async fn stop(self) {
        self.manager.shutdown().await;
    }
}

async fn source(location: String) -> Result<Arc<dyn Source>, SourceError> {
    Ok(Arc::new(Folder::open(Path::new(&location))?))
}

fn context(workspace: PathBuf) -> CallContext {
    let ambient = Ambient::system();
    CallContext {
        principal: person(&ambient),
        session_id: None,
        run_id: None,
        call_id: ambient.id(),
        origin: Origin::Chat,
        workspace,
        within: String::new(),
        time_max: Duration::from_secs(20),
        progress: Arc::new(NoProgress),
        person: Arc::new(octi_extension::person::NobodyThere("nobody")),
        llm: Arc::new(octi_extension::llm::NoModel("no model")),
        redact: no_secrets(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is allowed to be anyone")]
fn person(ambient: &Ambient) -> Principal {
    Principal::authenticated(ambient.id(), false)
}
