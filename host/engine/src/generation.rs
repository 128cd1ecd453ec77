//! One version of one plugin, as it runs: manifest, rights and, from its first use, compiled code.
//!
//! A turn holds the generations of the tools it showed its model, so what it calls is what it showed, whatever is
//! installed in between. A generation is freed with the last turn that holds it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_extension::grant::Grant;
use octi_extension::manifest::Manifest;
use octi_extension::registry::Source;
use octi_extension::tool::Containment;
use tokio::sync::{OnceCell, Semaphore};
use wasmtime::component::InstancePre;

use crate::bindings::role::RolePluginPre;
use crate::bindings::tool::ToolPluginPre;
use crate::breaker::Breaker;
use crate::cache::Cache;
use crate::engine::Runtime;
use crate::install::{self, InstallError};
use crate::instance::Setup;
use crate::loader::{self, Inspection};
use crate::manager::OnChange;
use crate::state::{Budget, CallState, Caller, Services};

/// What every generation needs of its host.
pub(crate) struct Host {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) cache: Cache,
    pub(crate) services: Services,
    pub(crate) ambient: Ambient,
    pub(crate) on_change: OnChange,
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
    pub(crate) tool: Option<ToolPluginPre<CallState>>,
    pub(crate) role: Option<RolePluginPre<CallState>>,
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
    places: Arc<Semaphore>,
    ready: OnceCell<Ready>,
}

impl Generation {
    pub(crate) fn new(host: &Arc<Host>, inspection: Inspection, code: Code, places: Arc<Semaphore>) -> Self {
        let grant = Grant::new(inspection.manifest.id.clone(), inspection.manifest.capabilities.clone());
        let source = if matches!(code, Code::Bundled(_)) { Source::Bundled } else { Source::Folder };
        Self {
            inspection,
            source,
            grant: Arc::new(grant),
            breaker: Breaker::default(),
            code,
            host: host.clone(),
            places,
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
    pub(crate) fn places(&self) -> Arc<Semaphore> {
        self.places.clone()
    }

    /// A place among the calls that run at once.
    pub(crate) async fn place(&self) -> Result<[tokio::sync::OwnedSemaphorePermit; 2], Containment> {
        self.place_within(Duration::from_secs(limits::PLUGIN_QUEUE_SECONDS_MAX)).await
    }

    /// The same with another bound on the wait.
    pub(crate) async fn place_within(&self, wait: Duration) -> Result<[tokio::sync::OwnedSemaphorePermit; 2], Containment> {
        self.host.runtime.place(&self.places, wait).await
    }

    /// What a call is made with.
    pub(crate) fn setup(&self, caller: Caller, time_max: Duration) -> Setup {
        let asked = self.manifest().limits.capped();
        let budget = Budget {
            cpu_ms: limits::GUEST_CPU_MS_MAX,
            wall: Duration::from_millis(asked.time_ms).min(time_max),
            memory_bytes: (asked.memory_mb as usize) << 20,
        };
        Setup { caller, grant: self.grant.clone(), services: Some(self.host.services.clone()), budget }
    }

    /// The compiled code; the first caller compiles or loads it and tries it, the others wait for that.
    pub(crate) async fn ready(&self) -> Result<&Ready, InstallError> {
        self.ready.get_or_try_init(|| self.make_ready()).await
    }

    async fn make_ready(&self) -> Result<Ready, InstallError> {
        let runtime = &self.host.runtime;
        let (code, digest) = (self.code.clone(), self.inspection.digest.clone());
        let read = move || {
            let bytes = code.read()?;
            if loader::digest(&bytes) == digest {
                Ok(bytes)
            } else {
                Err(io::Error::other("it was changed after it was checked"))
            }
        };
        let component =
            self.host.cache.component(&runtime.engine, &self.inspection.digest, read).await.map_err(InstallError::Start)?;
        let pre = link(runtime, &component)?;
        self.smoke(&pre).await?;
        bind(self.manifest(), pre)
    }

    /// Starts it once with nothing granted.
    async fn smoke(&self, pre: &InstancePre<CallState>) -> Result<(), InstallError> {
        let setup = Setup {
            caller: Caller::host("try a plugin"),
            grant: Arc::new(Grant::new(self.manifest().id.clone(), Default::default())),
            services: None,
            budget: Budget::trial(),
        };
        let _places = self.place().await.map_err(|c| InstallError::Start(c.message()))?;
        let (started, _) = self.host.runtime.try_start(pre, setup).await;
        started.map_err(|containment| InstallError::Start(containment.message()))
    }
}

/// Links a component against everything the host offers.
pub(crate) fn link(
    runtime: &Runtime,
    component: &wasmtime::component::Component,
) -> Result<InstancePre<CallState>, InstallError> {
    runtime.linker.instantiate_pre(component).map_err(|error| InstallError::Start(format!("{error:#}")))
}

/// Finds the exports that the manifest promises.
pub(crate) fn bind(manifest: &Manifest, pre: InstancePre<CallState>) -> Result<Ready, InstallError> {
    let start = |error: wasmtime::Error| InstallError::Start(format!("{error:#}"));
    let tool = install::is_tool(manifest).then(|| ToolPluginPre::new(pre.clone())).transpose().map_err(start)?;
    let role = manifest.role.is_some().then(|| RolePluginPre::new(pre)).transpose().map_err(start)?;
    Ok(Ready { tool, role })
}
