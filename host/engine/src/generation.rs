//! One version of one plugin, as it runs: manifest, rights and, from its first use, compiled code.
//!
//! A turn holds the generations of the tools it showed its model, so what it calls is what it showed, whatever is
//! installed in between. A generation is freed with the last turn that holds it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_domain::plugin_limits::PluginLimits;
use octi_extension::grant::Grant;
use octi_extension::manifest::Manifest;
use octi_extension::registry::Source;
use octi_extension::tool::Containment;
use tokio::sync::OnceCell;

use crate::breaker::Breaker;
use crate::cache::Cache;
use crate::engine::{Class, EngineError, Lane, Runtime};
use crate::install::{self, InstallError};
use crate::instance::Setup;
use crate::limits::Budget;
use crate::loader::{self, Inspection};
use crate::manager::OnChange;
use crate::native::{Linked, RoleGuest, ToolGuest};
use crate::places::{Place, Places};
use crate::state::{Caller, Services};

/// What every generation needs of its host.
pub(crate) struct Host {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) cache: Cache,
    pub(crate) services: Services,
    pub(crate) ambient: Ambient,
    pub(crate) on_change: OnChange,
    /// What the administrator set, by the plugin's id.
    pub(crate) plugin_limits: BTreeMap<String, PluginLimits>,
}

/// Where a plugin's bytes are, until they are compiled.
#[derive(Debug, Clone)]
pub(crate) enum Code {
    Bundled(&'static [u8]),
    File(PathBuf),
}

impl Code {
    fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Bundled(bytes) => Ok(bytes.to_vec()),
            Self::File(path) => std::fs::read(path),
        }
    }
}

/// A plugin's code, ready to be called.
pub(crate) struct Ready {
    pub(crate) tool: Option<ToolGuest>,
    pub(crate) role: Option<RoleGuest>,
}

/// One version of one plugin.
pub(crate) struct Generation {
    pub(crate) inspection: Inspection,
    pub(crate) source: Source,
    pub(crate) grant: Arc<Grant>,
    pub(crate) breaker: Breaker,
    code: Code,
    host: Arc<Host>,
    /// Shared by all generations of a plugin, so that a swap does not double what it may run at once.
    places: Places,
    /// What one call may use, unless its caller gives it less time.
    budget: Budget,
    ready: OnceCell<Ready>,
}

impl Generation {
    pub(crate) fn new(host: &Arc<Host>, inspection: Inspection, code: Code, places: Places) -> Self {
        let grant = Grant::new(inspection.manifest.id.clone(), inspection.manifest.capabilities.clone());
        let set = host.plugin_limits.get(&inspection.manifest.id).copied().unwrap_or_default();
        let budget = Budget::of(inspection.manifest.limits, &set);
        let source = if matches!(code, Code::Bundled(_)) { Source::Bundled } else { Source::Folder };
        Self {
            inspection,
            source,
            grant: Arc::new(grant),
            breaker: Breaker::default(),
            code,
            host: host.clone(),
            places,
            budget,
            ready: OnceCell::new(),
        }
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.inspection.manifest
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// What bounds the calls that run at once.
    pub(crate) fn places(&self) -> Places {
        self.places.clone()
    }

    /// What one call may use.
    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The engine it runs on.
    pub(crate) fn lane(&self) -> Result<&Arc<Lane>, EngineError> {
        self.host.runtime.lane(Class::of(self.budget.memory_bytes))
    }

    /// A place among the calls that run at once.
    pub(crate) async fn place(&self) -> Result<Place, Containment> {
        self.place_within(Duration::from_secs(limits::PLUGIN_QUEUE_SECONDS_MAX)).await
    }

    /// The same with another bound on the wait.
    pub(crate) async fn place_within(&self, wait: Duration) -> Result<Place, Containment> {
        let lane = self.lane().map_err(|_| Containment::Busy)?;
        self.places.enter(self.budget.concurrency, &lane.places, wait).await
    }

    /// What a call is made with.
    pub(crate) fn setup(&self, caller: Caller, time_max: Duration) -> Setup {
        let budget = Budget { wall: self.budget.wall.min(time_max), ..self.budget };
        Setup { caller, grant: self.grant.clone(), services: Some(self.host.services.clone()), budget }
    }

    /// The compiled code; the first caller compiles or loads it and tries it, the others wait for that.
    pub(crate) async fn ready(&self) -> Result<&Ready, InstallError> {
        self.ready.get_or_try_init(|| self.make_ready()).await
    }

    async fn make_ready(&self) -> Result<Ready, InstallError> {
        let lane = self.lane().map_err(|error| InstallError::Start(error.to_string()))?;
        let (code, digest) = (self.code.clone(), self.inspection.digest.clone());
        let read = move || {
            let bytes = code.read()?;
            if loader::digest(&bytes) == digest {
                Ok(bytes)
            } else {
                Err(io::Error::other("it was changed after it was checked"))
            }
        };
        let native = self.host.cache.component(lane, &self.inspection.digest, read).await?;
        native.check_needs(self.budget.memory_bytes)?;
        let linked = native.link()?;
        self.smoke(&linked).await?;
        bind(self.manifest(), &linked)
    }

    /// Starts it once with nothing granted.
    async fn smoke(&self, linked: &Linked) -> Result<(), InstallError> {
        let setup = Setup {
            caller: Caller::host("try a plugin"),
            grant: Arc::new(Grant::new(self.manifest().id.clone(), Default::default())),
            services: None,
            budget: self.budget.trial(),
        };
        let _place = self.place().await.map_err(|c| InstallError::Start(c.message()))?;
        let (started, _) = linked.try_start(setup).await;
        started.map_err(|containment| InstallError::Start(containment.message()))
    }
}

/// Finds the exports that the manifest promises.
pub(crate) fn bind(manifest: &Manifest, linked: &Linked) -> Result<Ready, InstallError> {
    let tool = install::is_tool(manifest).then(|| linked.tool()).transpose()?;
    let role = manifest.role.is_some().then(|| linked.role()).transpose()?;
    Ok(Ready { tool, role })
}
