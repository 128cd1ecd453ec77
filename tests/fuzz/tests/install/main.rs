//! Files that are no plugins, on the way that plugins are installed.
//!
//! Each is refused in words, or runs. None of them ends the host, hangs it, or takes the plugin away that was there.

#![expect(clippy::expect_used, reason = "the helpers of these tests are tests too")]

mod damage;
mod smith;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_engine::{Compiler, EngineConfig, InstallError, PluginManager, pack};
use octi_extension::registry::Registry as _;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};

/// Nothing here takes this long, unless it hangs.
const HANG: Duration = Duration::from_secs(60);
const PROMPT: &str = "You rhyme.";

/// A plugin file that is fine.
fn role() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "id = 'acme/poet'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Rhymes'\n\
                [role]\nname = 'poet'\npurpose = 'Rhyme'\ntools = []\n";
    std::fs::write(folder.path().join("plugin.toml"), toml).expect("written");
    std::fs::write(folder.path().join("prompt.md"), PROMPT).expect("written");
    pack::pack_role(folder.path()).expect("a role")
}

/// A host that compiles in this process: what crashes the compiler would be seen.
struct Host {
    plugins: Arc<PluginManager>,
    /// Held so that the folder lives as long as the host.
    _home: tempfile::TempDir,
}

impl Host {
    async fn start() -> Self {
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
    async fn install(&self, what: &str, bytes: Vec<u8>) -> Result<(), InstallError> {
        let installed = tokio::time::timeout(HANG, self.plugins.install(bytes, "poet.wasm")).await;
        let installed = installed.unwrap_or_else(|_| panic!("{what} hangs")).map(drop);
        if let Err(error) = &installed {
            let text = error.to_string();
            assert!(!text.contains("panicked") && !text.trim().is_empty(), "{what}: {text}");
        }
        installed
    }

    /// Asks the plugin that is installed, which may have been damaged where only its calls can tell, or in its name.
    async fn ask(&self) -> Option<String> {
        let roles = &self.plugins.snapshot().roles;
        let role = roles.get("poet").or_else(|| roles.values().next()).cloned().expect("a role is still there");
        tokio::time::timeout(HANG, role.prompt(false)).await.expect("an answer").ok()
    }

    /// The plugin that is fine is installed and answers, whatever came before.
    async fn is_well(&self) {
        self.install("the plugin that is fine", role()).await.expect("installed");
        assert_eq!(self.ask().await.as_deref(), Some(PROMPT));
    }

    async fn stop(self) {
        self.plugins.shutdown().await;
    }
}

/// A tool that ships, as `cargo xtask wasm` packed it.
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the plugins are")]
fn tool() -> Vec<u8> {
    let here = std::env::current_exe().expect("this program's path");
    let target = here.ancestors().nth(3).map(Path::to_owned).expect("this program is in <target>/<profile>/deps");
    let bundle = std::env::var_os("OCTI_PLUGIN_BUNDLE").map_or_else(|| target.join("octi-plugins"), PathBuf::from);
    let file = bundle.join("shell.wasm");
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask wasm`", file.display()))
}
