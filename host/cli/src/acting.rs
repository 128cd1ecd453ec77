//! What acts: plugins, the servers of others, and the skills of the folder.

use std::path::Path;
use std::sync::Arc;

use octi_config::Config;
use octi_config::env::{self, Environment};
use octi_domain::ambient::Ambient;
use octi_domain::event::EventKind;
use octi_engine::{Change, CompileLimits, Compiler, EngineConfig, OnChange, PluginManager};
use octi_extension::registry::Registry;
use octi_gateway::bus::Bus;
use octi_gateway::ports::McpAdmin;
use octi_install::Installer;
use octi_mcp::client::{ExtismModules, Hub, Joined, WithModules};
use octi_security::audit::{Audit, Deed};
use octi_security::auth::Auth;
use octi_security::sandbox::egress::{Egress, Endpoints};
use octi_security::sandbox::process::{ProcessConfig, ProcessDoor};
use octi_skills::{SkillFolder, WithFolder};
use octi_store::Store;
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::compose::{Mode, us};
use crate::failure::Outcome;
use crate::plugins::{Modules, StoreKv, bridge};
use crate::secrets::Secrets;
use crate::{bundle, mcp, registries};

type Doors<'a> = (&'a Arc<ProcessDoor>, &'a Arc<Egress>, &'a Arc<Secrets>);

/// All of it, started.
pub(crate) struct Acting {
    pub(crate) plugins: Arc<PluginManager>,
    pub(crate) installer: Arc<Installer>,
    pub(crate) mcp: Arc<Hub>,
    pub(crate) modules: Modules,
    pub(crate) servers: Arc<dyn McpAdmin>,
    /// What turns are offered of all of them.
    pub(crate) registry: Arc<dyn Registry>,
    /// What cannot be used, for whoever starts octi.
    pub(crate) broken: Vec<String>,
    /// Look for plugins that were revoked, and for skills that changed.
    pub(crate) background: [AbortOnDropHandle<()>; 2],
}

impl Acting {
    /// Starts it, plugins first.
    ///
    /// # Errors
    /// [`crate::failure::Failure`] that says which part could not start.
    pub(crate) async fn start(
        (config, environment): (&Config, &Environment),
        launch: ([u8; 32], ProcessConfig),
        doors: Doors<'_>,
        (store, bus, ambient): (&Store, &Arc<Bus>, &Ambient),
        (auth, audit): (&Arc<Auth>, &Audit),
        mode: Mode,
    ) -> Outcome<Self> {
        let home = config.home.as_path();
        let told = tell_of_plugins(bus.clone(), ambient.clone(), audit.clone());
        let tell = told.0.clone();
        let (plugins, installer, revoking) = start_plugins((config, environment), launch, store, doors, ambient, told).await?;
        let (processes, egress, secrets) = doors;
        let of_servers = mcp::doors((processes, egress), (auth, secrets), (home, ambient));
        let is_server = mode == Mode::Serve;
        let (mcp, servers, mut broken) = mcp::open(of_servers, (store, ambient), (home, environment), is_server).await?;
        let modules = Arc::new(ExtismModules::new(mcp.clone(), home.join("extism"), bridge(environment)?));
        broken.extend(modules.open());
        let with_servers = Arc::new(Joined::new(plugins.clone(), mcp.clone()));
        let with_modules = Arc::new(WithModules::new(with_servers, modules.clone()));
        let (registry, watching) = open_skills(home, bus, ambient, with_modules).await;
        let modules = Modules::new(modules, tell);
        Ok(Self { plugins, installer, mcp, modules, servers, registry, broken, background: [revoking, watching] })
    }
}

/// What plugins offer with the skills folder of this home, and what watches that. Whatever is wrong in it, the host starts.
async fn open_skills(
    home: &Path,
    bus: &Arc<Bus>,
    ambient: &Ambient,
    plugins: Arc<dyn Registry>,
) -> (Arc<dyn Registry>, AbortOnDropHandle<()>) {
    let (bus, ambient) = (bus.clone(), ambient.clone());
    let tell = move |change: &str| bus.broadcast(&ambient, &EventKind::SkillsChanged { change: change.to_owned() });
    let folder = SkillFolder::open(home.join("skills"), Arc::new(tell)).await;
    let registry = Arc::new(WithFolder::new(plugins, folder.clone()));
    #[expect(clippy::disallowed_methods, reason = "the handle owns the task")]
    let watching = AbortOnDropHandle::new(tokio::spawn(async move { folder.watch().await }));
    (registry, watching)
}

async fn start_plugins(
    (settings, environment): (&Config, &Environment),
    (cache_key, launch): ([u8; 32], ProcessConfig),
    store: &Store,
    (processes, egress, secrets): (&Arc<ProcessDoor>, &Arc<Egress>, &Arc<Secrets>),
    ambient: &Ambient,
    (on_change, moved): (OnChange, Arc<Notify>),
) -> Outcome<(Arc<PluginManager>, Arc<Installer>, AbortOnDropHandle<()>)> {
    let home = settings.home.as_path();
    let endpoints = Endpoints::default().with("searxng", env::OCTI_SEARXNG_URL, settings.searxng_url.clone());
    let config = EngineConfig {
        cache_dir: home.join("cache").join("plugins"),
        cache_key,
        compiler: Compiler::Helper { program: launch.launcher, level: launch.level, limits: CompileLimits::default() },
        plugin_limits: settings.plugin_limits.clone(),
        plugins_dir: Some(home.join("plugins")),
        bundle: bundle::PLUGINS,
        kv: Arc::new(StoreKv::new(store.clone())),
        processes: processes.clone(),
        egress: egress.clone(),
        endpoints: Arc::new(endpoints),
        secrets: secrets.clone(),
        ambient: ambient.clone(),
        on_change,
    };
    let plugins = PluginManager::start(config).await.map_err(|error| us("the plugin engine cannot start", &error))?;
    // Before anything can be called.
    let (installer, watching) = registries::start((settings, environment), &plugins, ambient, moved).await?;
    Ok((plugins, installer, watching))
}

/// Tells every screen of a change, and the audit log of what the folder did; what a person did is noted where they asked. Whoever
/// writes down what runs waits for the second.
fn tell_of_plugins(bus: Arc<Bus>, ambient: Ambient, audit: Audit) -> (OnChange, Arc<Notify>) {
    let moved = Arc::new(Notify::new());
    let waiting = moved.clone();
    let told: OnChange = Arc::new(move |plugin, change, text| {
        moved.notify_one();
        bus.broadcast(&ambient, &EventKind::PluginsChanged { plugin: plugin.to_owned(), change: text.to_owned() });
        match change {
            Change::Swapped => audit.note(None, &Deed::PluginSwapped { plugin, change: text }),
            Change::Gone => audit.note(None, &Deed::PluginRemoved { plugin }),
            Change::Refused => audit.note(None, &Deed::PluginRefused { plugin: Some(plugin), why: text }),
            Change::GaveWay => audit.note(None, &Deed::PluginRolledBack { plugin, change: text }),
            Change::Quarantined => audit.note(None, &Deed::PluginQuarantined { plugin, why: text }),
            Change::Found | Change::Installed | Change::Removed | Change::RolledBack => {}
        }
    });
    (told, waiting)
}
