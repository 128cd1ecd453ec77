//! One version of one plugin, as it runs: manifest, rights and, from its first use, compiled code.
//!
//! A [`Build`] is a file and what was compiled from it; a [`Generation`] is one time that a build runs. A turn holds the
//! generations of the tools it showed its model, so what it calls is what it showed, whatever is installed in between.
//! A generation ends as `drain` says, and its build is freed with it, unless it is kept for a rollback.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use octi_domain::ambient::Ambient;
use octi_domain::plugin_limits::PluginLimits;
use octi_domain::{limits, telemetry};
use octi_extension::health::Healths;
use octi_extension::manifest::Manifest;
use octi_extension::registry::Source;
use octi_extension::tool::{Containment, ToolError};
use tokio::sync::{Notify, OnceCell};
use tokio_util::task::TaskTracker;

use crate::breaker::Breaker;
use crate::cache::Cache;
use crate::drain::{Ending, Life};
use crate::engine::{Class, EngineError, Lane, Runtime};
use crate::install::{self, InstallError};
use crate::instance::{Ended, Setup};
use crate::limits::Budget;
use crate::loader::{self, Inspection};
use crate::manager::OnChange;
use crate::native::{ChannelGuest, HookGuest, Linked, Native, RoleGuest, SkillGuest, ToolGuest};
use crate::places::{Place, Places};
use crate::reflect::TypedGuest;
use crate::rights::Rights;
use crate::state::{Caller, Services};
use crate::text;
use crate::usage::Usage;
use crate::warm::Warm;

/// What every generation needs of its host.
pub(crate) struct Host {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) cache: Cache,
    pub(crate) services: Services,
    pub(crate) ambient: Ambient,
    pub(crate) on_change: OnChange,
    /// What the administrator set, by the plugin's id.
    pub(crate) plugin_limits: BTreeMap<String, PluginLimits>,
    /// How each plugin has been doing.
    pub(crate) healths: Healths,
    /// What goes on behind the calls; waited for when the host ends.
    pub(crate) tasks: TaskTracker,
}

impl Host {
    /// The engine for calls of that budget.
    fn lane(&self, budget: &Budget) -> Result<&Arc<Lane>, EngineError> {
        self.runtime.lane(Class::of(budget.memory_bytes))
    }

    /// A place among the calls that run at once.
    async fn place(&self, places: &Places, budget: &Budget, wait: Duration) -> Result<Place, Containment> {
        let lane = self.lane(budget).map_err(|_| Containment::Busy)?;
        places.enter(budget.concurrency, &lane.places, wait).await
    }
}

/// How long a call waits for its place.
const QUEUE_WAIT: Duration = Duration::from_secs(limits::PLUGIN_QUEUE_SECONDS_MAX);

/// How long a failed attempt to make a version ready answers for the next.
const FAILURE_HOLDS: Duration = Duration::from_secs(limits::PLUGIN_FAILURE_SECONDS_MAX);

/// Where a plugin's bytes are, until they are compiled.
#[derive(Debug, Clone)]
pub(crate) enum Code {
    Bundled(&'static [u8]),
    File(PathBuf),
    /// Of a file that somebody looks at and has not installed.
    Given(Arc<Vec<u8>>),
}

impl Code {
    fn read(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Bundled(bytes) => Ok(bytes.to_vec()),
            Self::File(path) => loader::read_file(path),
            Self::Given(bytes) => Ok(bytes.to_vec()),
        }
    }
}

/// A plugin's code, ready to be called.
#[derive(Default)]
pub(crate) struct Ready {
    pub(crate) tool: Option<ToolGuest>,
    pub(crate) role: Option<RoleGuest>,
    pub(crate) skill: Option<SkillGuest>,
    pub(crate) hook: Option<HookGuest>,
    pub(crate) channel: Option<ChannelGuest>,
    /// A component without a manifest.
    pub(crate) typed: Option<TypedGuest>,
}

/// One version of one plugin: its file, and what was compiled from it.
pub(crate) struct Build {
    pub(crate) inspection: Inspection,
    pub(crate) source: Source,
    code: Code,
    host: Arc<Host>,
    /// What one call may use, unless its caller gives it less time.
    budget: Budget,
    ready: OnceCell<Arc<Ready>>,
    /// How long making its native code took, once that was done.
    compiled_in: OnceLock<Duration>,
    failed: Mutex<Option<(Instant, InstallError)>>,
}

impl Build {
    pub(crate) fn new(host: &Arc<Host>, inspection: Inspection, code: Code) -> Self {
        let source = if matches!(code, Code::Bundled(_)) { Source::Bundled } else { Source::Folder };
        let set = host.plugin_limits.get(&inspection.manifest.id).copied().unwrap_or_default();
        let budget = Budget::of(inspection.manifest.limits, &set);
        let (ready, compiled_in, failed) = (OnceCell::new(), OnceLock::new(), Mutex::default());
        Self { inspection, source, code, host: host.clone(), budget, ready, compiled_in, failed }
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.inspection.manifest
    }

    /// Whether it can run again without its file, which another version may have overwritten.
    pub(crate) fn is_loaded(&self) -> bool {
        self.ready.initialized()
    }

    fn loaded(&self) -> metrics::Gauge {
        metrics::gauge!(telemetry::GENERATIONS.name, "plugin" => self.manifest().id.clone())
    }

    /// What a call may use that only asks what it is.
    pub(crate) fn trial(&self) -> Budget {
        self.budget.trial()
    }

    /// The compiled code; the first caller loads it, or compiles and tries it; the others wait for that.
    pub(crate) async fn ready(&self, places: &Places) -> Result<Arc<Ready>, InstallError> {
        let make = || async {
            // Whoever waited for an attempt that failed does not make another one at once, which may take minutes.
            if let Some(error) = self.recent_failure() {
                return Err(error);
            }
            let made = self.make_ready(places).await;
            // Whoever found no place says nothing of the plugin.
            if let Err(error) = &made
                && *error != busy(&Containment::Busy)
            {
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), error.clone()));
            }
            made.map(Arc::new)
        };
        self.ready.get_or_try_init(make).await.cloned()
    }

    fn recent_failure(&self) -> Option<InstallError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < FAILURE_HOLDS).map(|(_, error)| error.clone())
    }

    async fn make_ready(&self, places: &Places) -> Result<Ready, InstallError> {
        let begun = Instant::now();
        let lane = self.host.lane(&self.budget).map_err(|error| InstallError::Start(error.to_string()))?;
        let (code, digest) = (self.code.clone(), self.inspection.digest.clone());
        let read = move || {
            let bytes = code.read()?;
            if loader::digest(&bytes) == digest {
                Ok(bytes)
            } else {
                Err(io::Error::other("it was changed after it was checked"))
            }
        };
        let mut tried = false;
        let trial = |native: Native| {
            tried = true;
            async move {
                native.check_needs(self.budget.memory_bytes)?;
                self.smoke(&native.link()?, places).await
            }
        };
        let native = self.host.cache.component(lane, (&self.manifest().id, &self.inspection.digest), read, trial).await?;
        native.check_needs(self.budget.memory_bytes)?;
        if let Some(time) = native.compiled_in() {
            let _only_once = self.compiled_in.set(time);
        }
        let linked = native.link()?;
        // An administrator may give it less than when it was tried.
        if !tried && self.host.plugin_limits.contains_key(&self.manifest().id) {
            self.smoke(&linked, places).await?;
        }
        let ready = match &self.inspection.reflected {
            Some(reflected) => Ready { typed: Some(linked.typed(reflected)?), ..Ready::default() },
            None => bind(self.manifest(), &linked)?,
        };
        metrics::histogram!(telemetry::READY_SECONDS.name).record(begun.elapsed());
        self.loaded().increment(1);
        Ok(ready)
    }

    /// Starts it once with nothing granted.
    async fn smoke(&self, linked: &Linked, places: &Places) -> Result<(), InstallError> {
        let setup = Setup::without_rights("try a plugin", self.manifest(), self.budget.trial());
        let place = self.host.place(places, &self.budget, QUEUE_WAIT).await;
        let _place = place.map_err(|containment| busy(&containment))?;
        let (started, _) = linked.try_start(setup).await;
        started.map_err(|containment| InstallError::Start(containment.message()))
    }
}

fn busy(containment: &Containment) -> InstallError {
    InstallError::Start(containment.message())
}

impl Drop for Build {
    fn drop(&mut self) {
        if self.is_loaded() {
            self.loaded().decrement(1);
        }
    }
}

/// One time that a build runs.
pub(crate) struct Generation {
    pub(crate) inspection: Arc<Inspection>,
    pub(crate) source: Source,
    pub(crate) grant: Arc<Rights>,
    pub(crate) breaker: Breaker,
    pub(crate) life: Life,
    /// Instances for the calls to come.
    pub(crate) warm: Arc<Warm>,
    /// Counts the swaps of its plugin, from 1.
    number: u64,
    host: Arc<Host>,
    /// Shared by all generations of a plugin, so that a swap does not double what it may run at once.
    places: Places,
    budget: Budget,
    /// Told when the breaker trips.
    tripped: Arc<Notify>,
    /// Why it must not run any more.
    forbidden: OnceLock<String>,
    /// None once it has ended.
    build: Mutex<Option<Arc<Build>>>,
}

/// Somebody was shown a generation. It does not end before the last of them is done with it, or its time is over.
pub(crate) struct Pin(Arc<Generation>);

impl Pin {
    pub(crate) fn new(generation: &Arc<Generation>) -> Self {
        generation.life.pin();
        Self(generation.clone())
    }
}

impl std::ops::Deref for Pin {
    type Target = Generation;

    fn deref(&self) -> &Generation {
        &self.0
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.0.life.unpin();
    }
}

impl Generation {
    #[cfg(test)]
    pub(crate) fn new(host: &Arc<Host>, inspection: Inspection, code: Code, places: Places) -> Self {
        Self::of(Arc::new(Build::new(host, inspection, code)), places)
    }

    /// The build, running once more.
    pub(crate) fn of(build: Arc<Build>, places: Places) -> Self {
        let manifest = build.manifest();
        Self {
            inspection: Arc::new(build.inspection.clone()),
            source: build.source,
            grant: Rights::of(manifest, build.host.healths.of(&manifest.id)),
            breaker: Breaker::new(build.host.ambient.now()),
            life: Life::default(),
            warm: Arc::new(Warm::new(build.budget.warm, &manifest.id)),
            number: 0,
            host: build.host.clone(),
            places,
            budget: build.budget,
            tripped: Arc::default(),
            forbidden: OnceLock::new(),
            build: Mutex::new(Some(build)),
        }
    }

    /// The same with its number, and with somebody to tell when it crashes too often.
    pub(crate) fn numbered(mut self, number: u64, tripped: &Arc<Notify>) -> Self {
        self.number = number;
        self.tripped = tripped.clone();
        self
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.inspection.manifest
    }

    /// Refuses every later call. The first reason counts.
    pub(crate) fn forbid(&self, reason: String) {
        let _first = self.forbidden.set(reason);
        self.host.cache.distrust(&self.manifest().id);
    }

    /// Why it must not run any more, if so.
    pub(crate) fn forbidden(&self) -> Option<&str> {
        self.forbidden.get().map(String::as_str)
    }

    /// How long making its native code took, unless that was there, or it has ended.
    pub(crate) fn compiled_in(&self) -> Option<Duration> {
        let build = self.build.lock().unwrap_or_else(PoisonError::into_inner);
        build.as_ref().and_then(|build| build.compiled_in.get().copied())
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// What bounds the calls that run at once.
    pub(crate) fn places(&self) -> Places {
        self.places.clone()
    }

    /// What one call may use.
    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// A place among the calls that run at once.
    pub(crate) async fn place(&self) -> Result<Place, Containment> {
        self.place_within(QUEUE_WAIT).await
    }

    /// The same with another bound on the wait.
    pub(crate) async fn place_within(&self, wait: Duration) -> Result<Place, Containment> {
        self.host.place(&self.places, &self.budget, wait).await
    }

    /// What a call is made with.
    pub(crate) fn setup(&self, caller: Caller, time_max: Duration) -> Setup {
        let budget = Budget { wall: self.budget.wall.min(time_max), ..self.budget };
        Setup { caller, grant: self.grant.clone(), services: Some(self.host.services.clone()), budget }
    }

    /// The same with nothing granted, and nothing to reach.
    pub(crate) fn setup_without_rights(&self, job: &'static str, time_max: Duration) -> Setup {
        let budget = Budget { wall: self.budget.wall.min(time_max), ..self.budget };
        Setup::without_rights(job, self.manifest(), budget)
    }

    /// Makes instances for the calls to come, behind the caller's back, if an administrator wants some.
    pub(crate) fn warm_up(&self, ready: &Arc<Ready>) {
        if self.budget.warm == 0 {
            return;
        }
        let (budget, inspection) = (self.budget.trial(), self.inspection.clone());
        self.warm.fill(&self.host.tasks, ready, move || {
            Setup::without_rights("make a plugin's instance before it is needed", &inspection.manifest, budget)
        });
    }

    /// What it was made of; none once it has ended.
    pub(crate) fn build(&self) -> Option<Arc<Build>> {
        self.build.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The compiled code; the first caller loads it, or compiles and tries it; the others wait for that.
    pub(crate) async fn ready(&self) -> Result<Arc<Ready>, InstallError> {
        let build = self.build().ok_or_else(|| InstallError::Start(self.life.refusal().message()))?;
        build.ready(&self.places).await
    }

    /// Ends it: calls that run are cancelled, later ones are refused, its code is let go.
    pub(crate) fn close(&self, ending: Ending) {
        self.life.close(ending);
        self.warm.close();
        self.build.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Why it is not called now, if it crashed too often.
    pub(crate) fn quarantine(&self) -> Option<String> {
        let (id, now) = (&self.manifest().id, self.host.ambient.now());
        self.breaker.check(now).err().map(|quarantine| format!("it is {}", quarantine.explain(id, now)))
    }

    /// The code for one call, unless the plugin is quarantined, broken or gone.
    pub(crate) async fn admit(&self) -> Result<Arc<Ready>, ToolError> {
        let (id, now) = (&self.manifest().id, self.host.ambient.now());
        if let Some(reason) = self.forbidden() {
            return Err(ToolError::Unavailable(format!("plugin `{id}` is quarantined: {reason}; use another tool")));
        }
        self.breaker.check(now).map_err(|quarantine| {
            ToolError::Unavailable(format!("plugin `{id}` is {}; use another tool", quarantine.explain(id, now)))
        })?;
        if self.life.is_closed() {
            return Err(ToolError::Contained(self.life.refusal()));
        }
        match self.ready().await {
            Ok(ready) => Ok(ready),
            Err(_) if self.life.is_closed() => Err(ToolError::Contained(self.life.refusal())),
            Err(error) => Err(ToolError::Unavailable(format!(
                "plugin `{id}` cannot run: {}",
                text::clean(&error.to_string(), limits::PLUGIN_TEXT_BYTES_MAX)
            ))),
        }
    }

    /// Does the work of a call, unless the generation ends before it.
    pub(crate) async fn unless_closed<T>(&self, work: impl Future<Output = Ended<T>>) -> (Result<T, Containment>, Option<Usage>) {
        tokio::select! {
            biased;
            refusal = self.life.closed() => (Err(refusal), None),
            (outcome, usage) = work => (outcome, Some(usage)),
        }
    }

    /// Takes note of how a call ended.
    pub(crate) fn learn<T>(&self, outcome: &Result<T, Containment>) {
        let now = self.host.ambient.now();
        match outcome {
            Ok(_) => self.breaker.succeeded(now),
            Err(containment) => {
                if self.breaker.contained(*containment, now) {
                    self.trip();
                }
            }
        }
    }

    /// It crashed too often.
    fn trip(&self) {
        self.host.cache.distrust(&self.manifest().id);
        self.tripped.notify_one();
    }

    /// Takes note of how an answer of a skill ended: one that takes long or says too much keeps turns waiting, whoever asked.
    pub(crate) fn learn_of_skill<T>(&self, outcome: &Result<T, Containment>) {
        match outcome {
            Err(reason @ (Containment::Time { .. } | Containment::Cpu { .. } | Containment::Output { .. })) => {
                if self.breaker.counted(*reason, self.host.ambient.now()) {
                    self.trip();
                }
            }
            other => self.learn(other),
        }
    }
}

/// Finds the exports that the manifest promises.
pub(crate) fn bind(manifest: &Manifest, linked: &Linked) -> Result<Ready, InstallError> {
    let tool = install::is_tool(manifest).then(|| linked.tool()).transpose()?;
    let role = manifest.role.is_some().then(|| linked.role()).transpose()?;
    let skill = manifest.skill.is_some().then(|| linked.skill()).transpose()?;
    let hook = manifest.hook.is_some().then(|| linked.hook()).transpose()?;
    let channel = manifest.channel.is_some().then(|| linked.channel()).transpose()?;
    Ok(Ready { tool, role, skill, hook, channel, typed: None })
}
