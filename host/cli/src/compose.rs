//! The composition root: builds the host from top to bottom, and takes it down again.
//!
//! Read it in order. Each part gets what it needs from the parts above it and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use octi_agents::{Agents, AgentsConfig, RedactorOf, WorkspaceOf};
use octi_client::Client;
use octi_config::Config;
use octi_config::env::Environment;
use octi_config::sections::SandboxLevel;
use octi_domain::ambient::Ambient;
use octi_domain::principal::Principal;
use octi_engine::PluginManager;
use octi_extension::registry::Registry;
use octi_gateway::bus::Bus;
use octi_gateway::ports::{MetricsText, PortError};
use octi_gateway::{Gateway, GatewayState, RECHECK_TIME};
use octi_mcp::client::Hub;
use octi_security::audit::Audit;
use octi_security::auth::{Auth, OneTimePassword};
use octi_security::sandbox::egress::{Authorities, Egress, EgressPolicy, PrivateTargets};
use octi_security::sandbox::fs::WorkFolder;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_security::vault::{MasterKey, Vault};
use octi_settings::{Settings, SettingsParts};
use octi_store::Store;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::acting::Acting;
use crate::bundle;
use crate::command::version::VERSION;
use crate::failure::{Failure, Outcome};
use crate::lifecycle::{self, HomeLock, Lock};
use crate::models::Models;
use crate::plugins::Plugins;
use crate::profiles::profiles;
use crate::programs::Documents;
use crate::registries::{self, Registries};
use crate::secrets::Secrets;
use crate::telemetry::{self, Logs};

/// Seconds running turns have to end when the host stops.
const GRACE: Duration = Duration::from_secs(10);

/// What the host is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// To serve: it must be the only one with this home folder.
    Serve,
    /// For one command: it may stand beside a server, and then leaves the server's turns alone.
    Local,
}

/// Everything that runs.
pub(crate) struct Host {
    pub(crate) gateway: Gateway,
    /// Set when this start made the first administrator.
    pub(crate) first_password: Option<OneTimePassword>,
    /// What a person should know of this start.
    pub(crate) notes: Vec<String>,
    agents: Agents,
    plugins: Arc<PluginManager>,
    processes: Arc<ProcessDoor>,
    mcp: Arc<Hub>,
    audit: Audit,
    store: Store,
    local_token: SecretString,
    _upkeep: AbortOnDropHandle<()>,
    /// Look for settings that another host changed, for plugins that were revoked, and for skills that changed.
    _background: [AbortOnDropHandle<()>; 3],
    /// Given back when everything else is down.
    _lock: Option<HomeLock>,
}

/// Builds the host.
///
/// # Errors
/// [`Failure`] that says which part could not start and what to do.
pub(crate) async fn build(config: &Config, environment: &Environment, logs: &Logs, mode: Mode) -> Outcome<Host> {
    // A mistake in a file is told before anything is started.
    registries::setups(config)?;
    let mut first = None;
    let built = build_parts(config, environment, logs, mode, &mut first).await;
    // The password is known this once, so a start that fails after it was made must say it too.
    built.map_err(|failure| first.into_iter().fold(failure, Failure::hint))
}

/// What the person needs to sign in after the first start.
pub(crate) fn first_sign_in(first: &OneTimePassword) -> String {
    format!("first start: sign in to the server as `{}` with the password {} (shown this once)", first.username, first.password())
}

async fn build_parts(
    config: &Config,
    environment: &Environment,
    logs: &Logs,
    mode: Mode,
    first: &mut Option<String>,
) -> Outcome<Host> {
    let metrics = telemetry::metrics()?;
    let home = config.home.as_path();
    let lock = take_lock(home, mode)?;
    let ambient = Ambient::system();

    let store = open_store(config).await?;
    let (vault, cache_key) = open_vault(config, &store, &ambient)?;
    let audit = Audit::start(store.clone(), ambient.clone());
    let auth = Arc::new(Auth::new(store.clone(), ambient.clone(), audit.clone()));
    let (first_password, owner, local_token) = first_people(&auth, home, first).await?;

    let bus = Bus::new();
    let secrets = known_secrets(&vault, &auth, &local_token).await?;
    logs.hide_with(&secrets);
    let obeying = obeying(&secrets, (mode == Mode::Serve).then(|| logs.clone()));
    let (settings, config) = open_settings(config, (&store, &vault), &bus, &ambient, obeying).await?;
    let (launch, egress, processes) = open_doors(&config)?;
    let doors = (&processes, &egress, &secrets);
    let acting =
        Acting::start((&config, environment), (cache_key, launch), doors, (&store, &bus, &ambient), (&auth, &audit), mode)
            .await?;
    let Acting { plugins, installer, mcp, modules, servers, registry, broken, background: [revoking, watching] } = acting;
    let documents = Arc::new(Documents(egress.clone()));
    let models = Models::new(store.clone(), vault.clone(), egress, ambient.clone(), secrets.clone());
    let mut notes = notes_of_start(&models, &owner, environment).await?;
    notes.extend(broken);
    let agents = open_agents(home, (&store, &registry, &models), (&bus, &ambient), &settings, &secrets);
    close_turns(&agents, lock.is_some()).await?;
    let gateway = Gateway::new(GatewayState {
        store: store.clone(),
        auth,
        audit: audit.clone(),
        agents: agents.clone(),
        settings: settings.clone(),
        registry,
        plugins: Arc::new(Plugins { engine: plugins.clone(), modules }),
        registries: Arc::new(Registries(installer)),
        mcp_servers: servers,
        program_documents: documents,
        chat_models: Arc::new(models.clone()),
        models: Arc::new(models),
        vault,
        secrets,
        metrics: metrics_text(metrics.clone(), plugins.clone()),
        bus,
        trusted_proxies: config.trusted_proxies,
        ambient,
        version: VERSION.to_owned(),
        build: crate::command::version::BUILD.to_owned(),
        web: bundle::WEB,
        recheck_time: RECHECK_TIME,
    });
    Ok(Host {
        gateway,
        first_password,
        notes,
        agents,
        plugins,
        processes,
        mcp,
        audit,
        store,
        local_token,
        _upkeep: telemetry::upkeep(metrics),
        _background: [following(settings), revoking, watching],
        _lock: lock,
    })
}

fn open_agents(
    home: &Path,
    (store, registry, models): (&Store, &Arc<dyn Registry>, &Models),
    (bus, ambient): (&Arc<Bus>, &Ambient),
    settings: &Settings,
    secrets: &Arc<Secrets>,
) -> Agents {
    Agents::new(AgentsConfig {
        store: store.clone(),
        registry: registry.clone(),
        models: Arc::new(models.clone()),
        events: bus.clone(),
        ambient: ambient.clone(),
        limits: settings.run_limits(),
        workspace_of: workspaces(home, settings.clone()),
        redactor: hiding(secrets.clone()),
        role: "general".to_owned(),
    })
}

/// Turns that were running when the last host ended are over, unless another host of this home still runs them.
async fn close_turns(agents: &Agents, is_alone: bool) -> Outcome<()> {
    if !is_alone {
        return Ok(());
    }
    agents.recover().await.map(drop).map_err(|error| us("the turns of the last run cannot be closed", &error))
}

/// The password of the first administrator when this start made them, the owner of this installation, and the machine's own token.
async fn first_people(
    auth: &Auth,
    home: &Path,
    first: &mut Option<String>,
) -> Outcome<(Option<OneTimePassword>, Principal, SecretString)> {
    let first_password = auth.bootstrap_admin().await.map_err(|error| us("the first administrator cannot be made", &error))?;
    *first = first_password.as_ref().map(first_sign_in);
    let owner = auth.local_owner().await.map_err(|error| us("the owner of this installation is not known", &error))?;
    let local_token = auth.local_token(home).map_err(|error| user(&error))?;
    Ok((first_password, owner, local_token))
}

/// The vault, and the key that belongs to compiled plugins.
fn open_vault(config: &Config, store: &Store, ambient: &Ambient) -> Outcome<(Arc<Vault>, [u8; 32])> {
    let master = MasterKey::load_or_create(&config.home.join("master.key"), config.master_key.as_ref(), ambient)
        .map_err(|error| user(&error))?;
    let cache_key = master.derive("plugin-cache");
    Ok((Arc::new(Vault::new(store.clone(), master, ambient.clone())), cache_key))
}

/// What obeys a change of settings besides turns and the gateway, which ask for themselves. Logs only follow where they are the
/// server's: a command says what went wrong and nothing else.
fn obeying(secrets: &Arc<Secrets>, logs: Option<Logs>) -> octi_settings::OnChange {
    let secrets = secrets.clone();
    Arc::new(move |now| {
        secrets.hide_of_host(now.secrets());
        if let Some(logs) = &logs {
            logs.follow(now.log_filter());
        }
    })
}

/// The settings, and the configuration with what the database says.
async fn open_settings(
    config: &Config,
    (store, vault): (&Store, &Arc<Vault>),
    bus: &Arc<Bus>,
    ambient: &Ambient,
    on_change: octi_settings::OnChange,
) -> Outcome<(Settings, Config)> {
    let parts = SettingsParts {
        store: store.clone(),
        vault: vault.clone(),
        base: config.settings.clone(),
        events: bus.clone(),
        ambient: ambient.clone(),
        on_change,
    };
    let settings = Settings::open(parts).await.map_err(|error| us("the settings cannot be read", &error))?;
    let config = settings.now().apply(config);
    Ok((settings, config))
}

fn following(settings: Settings) -> AbortOnDropHandle<()> {
    #[expect(clippy::disallowed_methods, reason = "the handle owns the task")]
    AbortOnDropHandle::new(tokio::spawn(async move { settings.follow().await }))
}

/// The only ways out of this process.
pub(crate) fn open_doors(config: &Config) -> Outcome<(ProcessConfig, Arc<Egress>, Arc<ProcessDoor>)> {
    let launch = launch_config(config.sandbox)?;
    let egress = Arc::new(open_egress(config)?);
    let processes = ProcessDoor::with_profiles(launch.clone(), profiles(&config.shell)?).with_egress(egress.clone());
    let processes = processes.hiding(&config.home);
    Ok((launch, egress, Arc::new(processes)))
}

/// Everybody's secrets, for hiding them.
async fn known_secrets(vault: &Arc<Vault>, auth: &Auth, local_token: &SecretString) -> Outcome<Arc<Secrets>> {
    let secrets = Arc::new(Secrets::new(vault.clone(), [("local-token".to_owned(), local_token.clone())]));
    for person in auth.everyone().await.map_err(|error| us("the people of this installation are not known", &error))? {
        secrets.refresh(&person).await;
    }
    Ok(secrets)
}

/// Hides the secrets of whoever a turn belongs to.
fn hiding(secrets: Arc<Secrets>) -> RedactorOf {
    Arc::new(move |principal| secrets.redactor(principal))
}

/// Sets up the models of a first start; what a person should know of this one.
async fn notes_of_start(models: &Models, owner: &Principal, environment: &Environment) -> Outcome<Vec<String>> {
    let mut notes = models.first_start(owner, environment).await.map_err(first_models)?;
    if bundle::PLUGINS.is_empty() {
        notes.push("this binary was built without its plugins: run `cargo xtask wasm` and build it again".to_owned());
    }
    Ok(notes)
}

fn user(error: &dyn std::error::Error) -> Failure {
    let mut failure = Failure::user(error.to_string());
    if let Some(source) = error.source() {
        failure = failure.because(source);
    }
    failure
}

pub(crate) fn us(what: &str, error: &dyn std::error::Error) -> Failure {
    Failure::us(what).because(error)
}

fn first_models(error: PortError) -> Failure {
    match error {
        PortError::Refused(why) => Failure::user(format!("the model that the environment names cannot be set up: {why}"))
            .hint("correct `OPENAI_BASE_URL` and `OPENAI_MODEL`, or unset them and use `octi model add`"),
        error => us("the models cannot be set up", &error),
    }
}

fn take_lock(home: &Path, mode: Mode) -> Outcome<Option<HomeLock>> {
    lifecycle::prepare_home(home)?;
    match (lifecycle::lock(home)?, mode) {
        (Lock::Ours(lock), _) => Ok(Some(lock)),
        (Lock::Theirs(_), Mode::Local) => Ok(None),
        (Lock::Theirs(process), Mode::Serve) => {
            let who = process.map_or_else(String::new, |id| format!(" (process {id})"));
            Err(Failure::user(format!("octi already serves the data in `{}`{who}", home.display()))
                .hint("talk to it with `octi chat`, stop it first, or give this one a folder of its own with `--home`"))
        }
    }
}

async fn open_store(config: &Config) -> Outcome<Store> {
    let away = |error: octi_store::StoreError| {
        Failure::external(format!("the database `{}` cannot be used", config.database_url))
            .because(&error)
            .hint("check `DATABASE_URL`; without it, octi keeps SQLite in its home folder")
    };
    let store = Store::open(config.database_url.reveal()).await.map_err(away)?;
    if !config.skip_migrations {
        store.migrate().await.map_err(away)?;
    }
    Ok(store)
}

/// How programs are started, the compiler of plugins included.
pub(crate) fn launch_config(level: SandboxLevel) -> Outcome<ProcessConfig> {
    let launcher = std::env::current_exe().map_err(|error| us("octi's own file is not known", &error))?;
    let level = match level {
        SandboxLevel::Off => Level::Off,
        SandboxLevel::Auto => Level::Auto,
        SandboxLevel::Required => Level::Required,
    };
    Ok(ProcessConfig { launcher, level })
}

/// Who makes connections.
pub(crate) fn open_egress(config: &Config) -> Outcome<Egress> {
    let private = PrivateTargets::parse(config.private_targets.iter().map(String::as_str))
        .map_err(|error| user(&error).hint("`OCTI_PRIVATE_TARGETS` is a list such as `wiki.corp:443, 10.1.0.0/16:443`"))?;
    let authorities = config.ca_file.as_deref().map(authorities).transpose()?.unwrap_or_default();
    Ok(Egress::new(EgressPolicy { private, authorities, ..EgressPolicy::default() }))
}

fn authorities(file: &Path) -> Outcome<Authorities> {
    let unusable = || {
        Failure::user(format!("the certificate authorities in `{}` cannot be used", file.display()))
            .hint("`OCTI_CA_FILE`, or `network.ca_file` of config.toml, is a file with certificates in PEM")
    };
    let pem = std::fs::read(file).map_err(|error| unusable().because(&error))?;
    Authorities::from_pem(&pem).map_err(|problem| {
        let mut failure = unusable();
        failure.causes.push(problem);
        failure
    })
}

fn metrics_text(handle: PrometheusHandle, plugins: Arc<PluginManager>) -> MetricsText {
    Arc::new(move || {
        plugins.sample_metrics();
        handle.render()
    })
}

fn workspaces(home: &Path, settings: Settings) -> WorkspaceOf {
    let home = home.to_path_buf();
    Arc::new(move |user, place| WorkFolder::of(&home, user, place, &settings.now().additional_paths()))
}

impl Host {
    /// Serves on a loopback port of the system's choice, for this process only.
    ///
    /// # Errors
    /// When no port can be had.
    pub(crate) async fn serve_privately(&self) -> Outcome<(Client, CancellationToken, tokio::task::JoinHandle<()>)> {
        let listener =
            tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| us("no loopback port can be had", &error))?;
        let address = listener.local_addr().map_err(|error| us("the listener has no address", &error))?;
        let url = url::Url::parse(&format!("http://{address}")).map_err(|error| us("the listener's address is odd", &error))?;
        let client = Client::new(url, self.local_token.expose_secret().into())?;
        let stop = CancellationToken::new();
        let (gateway, stopped) = (self.gateway.clone(), stop.clone());
        #[expect(clippy::disallowed_methods, reason = "the connection that owns this server waits for it")]
        let task = tokio::spawn(async move {
            if let Err(error) = gateway.serve(listener, stopped).await {
                tracing::error!(%error, "the private server stopped");
            }
        });
        Ok((client, stop, task))
    }

    /// Ends everything, the newest part first.
    pub(crate) async fn shutdown(self) {
        self.agents.shutdown(GRACE).await;
        self.mcp.shutdown().await;
        self.processes.shutdown().await;
        self.plugins.shutdown().await;
        self.audit.close().await;
        self.store.close().await;
    }
}
