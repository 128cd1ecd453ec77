//! The real engine and the real turns on a database of their own, with a network and a memory that tests look into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError};

use octi_engine::{CompileLimits, Compiler, EngineConfig, PluginManager};
use octi_extension::registry::Registry;
use octi_security::sandbox::egress::{Egress, EgressPolicy, Endpoints};
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_store::Backend;
use octi_testkit::agents::TestAgents;
use octi_testkit::clock::{SteppingClock, manual};
use octi_testkit::db::TestDb;
use octi_testkit::egress::{Dials, Names, Server};
use octi_testkit::guests::{Guest, manifest, with_manifest};
use octi_testkit::services::{Memory, Secrets};
use octi_testkit::{Answer, ScriptedModel};
use tokio::sync::{Mutex, MutexGuard};

/// What starts processes, and compiles in one.
const LAUNCHER: &str = env!("CARGO_BIN_EXE_octi-test-launcher");
/// A secret of everybody's. Its parts are words that stand nowhere else.
pub(crate) const SECRET: &str = "Zebra7/Quokka9+Lynx4\"Heron2";
/// Whoever asks for the key of this name waits for ever.
pub(crate) const NEVER: &str = "never";

/// A host.
pub(crate) struct TestHost {
    pub(crate) plugins: Arc<PluginManager>,
    pub(crate) clock: Arc<SteppingClock>,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) logs: Logs,
    dials: Arc<Dials>,
    db: TestDb,
    /// Whoever measures the process must be alone in it.
    _alone: MutexGuard<'static, ()>,
    pub(crate) cache: Arc<tempfile::TempDir>,
    _server: Server,
}

impl TestHost {
    /// A host with the role `general` and the plugin `acme/good`.
    pub(crate) async fn start() -> Self {
        Self::compiling(Compiler::InProcess).await
    }

    /// The same, whose plugins are compiled by a process that may take so much.
    pub(crate) async fn compiling_within(limits: CompileLimits) -> Self {
        Self::compiling(Compiler::Helper { program: LAUNCHER.into(), level: Level::Auto, limits }).await
    }

    async fn compiling(compiler: Compiler) -> Self {
        static ONE: Mutex<()> = Mutex::const_new(());
        let (alone, logs) = (ONE.lock().await, Logs::start());
        let directory = || Arc::new(tempfile::tempdir().expect("a folder"));
        let (folder, cache) = (directory(), directory());
        let server = Server::start("HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\ninside").await;
        let dials = Arc::new(Dials::to(server.address()));
        let (ambient, clock) = manual();
        let config = EngineConfig {
            cache_dir: cache.path().to_path_buf(),
            cache_key: [7; 32],
            compiler,
            plugin_limits: BTreeMap::new(),
            plugins_dir: Some(folder.path().to_path_buf()),
            bundle: &[],
            kv: Arc::new(Memory::default().with_silent(NEVER)),
            processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: LAUNCHER.into(), level: Level::Auto })),
            ambient,
            on_change: Arc::new(|_, _, _| {}),
            egress: Arc::new(egress(dials.clone())),
            endpoints: Arc::new(Endpoints::default()),
            secrets: Arc::new(Secrets::of("token", SECRET)),
        };
        let plugins = PluginManager::start(config).await.expect("the engine starts");
        plugins.install(role(), "general.wasm").await.expect("the role");
        let good = with_manifest(good().component(), &manifest("acme/good", "1.0.0", ""));
        plugins.install(good, "good.wasm").await.expect("the good plugin");
        let db = TestDb::open(Backend::Sqlite).await.expect("a database");
        Self { plugins, clock, folder, logs, dials, db, _alone: alone, cache, _server: server }
    }

    /// A person with a session, whose model gives these answers.
    pub(crate) async fn person(&self, answers: impl IntoIterator<Item = Answer>) -> TestAgents {
        let registry: Arc<dyn Registry> = self.plugins.clone();
        // Room for the largest arguments that there are.
        let model = ScriptedModel::new(answers).with_info(|info| info.context_window = Some(10_000_000));
        let builder =
            TestAgents::on(model).registry(registry).secret("token", SECRET).budget(|budget| budget.tokens_max = u64::MAX);
        Box::pin(builder.start(&self.db.store)).await
    }

    /// How many connections to anywhere were made.
    pub(crate) fn connections(&self) -> usize {
        self.dials.seen().len()
    }

    pub(crate) async fn stop(self) {
        self.plugins.shutdown().await;
    }
}

/// Answers, whatever happens around it.
fn good() -> Guest {
    Guest::default().answers(r#"{"good":true}"#)
}

fn role() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = "id = 'acme/general'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'A role'\n\
        [role]\nname = 'general'\npurpose = 'help'\ntools = ['*']\n";
    std::fs::write(folder.path().join("plugin.toml"), manifest).expect("a file");
    std::fs::write(folder.path().join("prompt.md"), "You help.").expect("a file");
    octi_engine::pack::pack_role(folder.path()).expect("a role")
}

/// Names that lead inside; whatever is dialled is one server on the loopback interface.
fn egress(dials: Arc<Dials>) -> Egress {
    let names = Names::of(&[
        ("*", &[&["93.184.216.34"]]),
        ("inside.test", &[&["10.0.0.1"]]),
        ("loopback.test", &[&["127.0.0.1"]]),
        ("cloud.test", &[&["169.254.169.254"]]),
        ("rebind.test", &[&["93.184.216.34", "192.168.1.1"]]),
    ]);
    Egress::new(EgressPolicy { lookup: Arc::new(names), route: dials, ..EgressPolicy::default() })
}

/// What this process logs.
#[derive(Debug, Clone)]
pub(crate) struct Logs(Arc<std::sync::Mutex<Vec<u8>>>);

impl Logs {
    /// The one of this process, which several tests may share.
    fn start() -> Self {
        static LOGS: OnceLock<Logs> = OnceLock::new();
        LOGS.get_or_init(|| {
            let logs = Self(Arc::default());
            let writer = logs.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_max_level(tracing_subscriber::filter::LevelFilter::DEBUG)
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::set_global_default(subscriber).expect("nobody else logs here");
            logs
        })
        .clone()
    }

    /// The lines of plugins so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl std::io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // Only the guests' words are of interest; each event is one write.
        if bytes.windows(12).any(|window| window == b"octi::plugin") {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Where the files of a person are.
pub(crate) fn workspace(agents: &TestAgents) -> PathBuf {
    let workspace = agents.workspace();
    std::fs::create_dir_all(&workspace).expect("a folder");
    Path::new(&workspace).to_path_buf()
}
