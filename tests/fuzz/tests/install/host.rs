//! The engine, and what is put into it: a plugin that is fine, and what becomes of it with strange things inside.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_engine::{Compiler, EngineConfig, InstallError, PluginManager, pack};
use octi_extension::manifest::SECTION;
use octi_extension::registry::Registry as _;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};
use wasmparser::{Parser, Payload};

/// Nothing here takes this long, unless it hangs.
const HANG: Duration = Duration::from_secs(60);
pub(crate) const PROMPT: &str = "You rhyme.";

/// A plugin file that is fine.
pub(crate) fn role() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "id = 'acme/poet'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Rhymes'\n\
                [role]\nname = 'poet'\npurpose = 'Rhyme'\ntools = []\n";
    std::fs::write(folder.path().join("plugin.toml"), toml).expect("written");
    std::fs::write(folder.path().join("prompt.md"), PROMPT).expect("written");
    pack::pack_role(folder.path()).expect("a role")
}

/// A host that compiles in this process: what crashes the compiler would be seen.
pub(crate) struct Host {
    plugins: Arc<PluginManager>,
    /// Held so that the folder lives as long as the host.
    _home: tempfile::TempDir,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let config = EngineConfig {
            cache_dir: home.path().join("cache"),
            cache_key: [7; 32],
            compiler: Compiler::InProcess,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(home.path().join("plugins")),
            bundle: &[],
            kv: Arc::new(Memory::default()),
            processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::from("/nonexistent"), level: Level::Off })),
            egress: Arc::default(),
            endpoints: Arc::default(),
            secrets: Arc::new(Secrets::default()),
            ambient: Ambient::system(),
            on_change: Arc::new(|_, _, _| ()),
        };
        Self { plugins: PluginManager::start(config).await.expect("the engine starts"), _home: home }
    }

    /// Installs a file. Whatever it is, the answer comes, and it is not that something crashed.
    pub(crate) async fn install(&self, what: &str, bytes: Vec<u8>) -> Result<(), InstallError> {
        let installed = tokio::time::timeout(HANG, self.plugins.install(bytes, "poet.wasm")).await;
        let installed = installed.unwrap_or_else(|_| panic!("{what} hangs")).map(drop);
        if let Err(error) = &installed {
            let text = error.to_string();
            assert!(!text.contains("panicked") && !text.trim().is_empty(), "{what}: {text}");
        }
        installed
    }

    /// Asks the plugin that is installed, which may have been damaged where only its calls can tell, or in its name.
    pub(crate) async fn ask(&self) -> Option<String> {
        let roles = &self.plugins.snapshot().roles;
        let role = roles.get("poet").or_else(|| roles.values().next()).cloned().expect("a role is still there");
        tokio::time::timeout(HANG, role.prompt(false)).await.expect("an answer").ok()
    }

    /// The plugin that is fine is installed and answers, whatever came before.
    pub(crate) async fn is_well(&self) {
        self.install("the plugin that is fine", role()).await.expect("installed");
        assert_eq!(self.ask().await.as_deref(), Some(PROMPT));
    }

    pub(crate) async fn stop(self) {
        self.plugins.shutdown().await;
    }
}

/// A section of a component: its number, its length, its bytes.
pub(crate) fn section(id: u8, bytes: &[u8]) -> Vec<u8> {
    let mut section = vec![id];
    section.extend(number(bytes.len()));
    section.extend_from_slice(bytes);
    section
}

/// LEB128, as WebAssembly writes numbers.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The manifest of the plugin that is fine, as a section.
pub(crate) fn manifest() -> Vec<u8> {
    let inspection = PluginManager::inspect_file(&role(), "").expect("a plugin");
    let name = [number(SECTION.len()), SECTION.as_bytes().to_vec()].concat();
    section(0, &[name, inspection.manifest.to_section()].concat())
}

/// The plugin that is fine with one more core module in it, which is compiled, instantiated and started with the rest.
pub(crate) fn with_module(plugin: &[u8], module: &[u8]) -> Vec<u8> {
    let mut depth = 0;
    let mut modules = 0;
    for payload in Parser::new(0).parse_all(plugin) {
        match payload.expect("a component") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ModuleSection { .. } if depth == 1 => modules += 1,
            _ => {}
        }
    }
    // One instance, of the module of that number, with no imports.
    let instance = [vec![1, 0], number(modules), vec![0]].concat();
    [plugin, &section(1, module), &section(2, &instance)].concat()
}
