//! What a store knows of the call it was made for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_extension::channel::ChannelContext;
use octi_extension::clock::StopClock;
use octi_extension::hook::HookContext;
use octi_extension::llm::{Llm, NoModel};
use octi_extension::person::{NobodyThere, Person};
use octi_extension::services::{KvStore, SecretSource};
use octi_extension::tool::{Artifact, CallContext, NoProgress, ProgressSink, Redact, no_secrets};
use octi_security::sandbox::egress::{Egress, Endpoints};
use octi_security::sandbox::process::ProcessDoor;
use tokio::sync::Semaphore;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxView, WasiView};

use crate::capability::log::{self, LogBudget};
use crate::instance::Setup;
use crate::limits::{Budget, Limiter};
use crate::meter::Meter;
use crate::quota::Quotas;
use crate::rights::Rights;

/// Where host functions lead.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) kv: Arc<dyn KvStore>,
    pub(crate) processes: Arc<ProcessDoor>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) secrets: Arc<dyn SecretSource>,
    /// What time it is for guests.
    pub(crate) ambient: Arc<Ambient>,
}

/// Whoever is behind a hook, a channel or a trial did not make the call.
const NOBODY: NobodyThere = NobodyThere("nobody can be asked: only the call of a tool has a person who made it");

/// And nobody pays for it.
const NO_MODEL: NoModel = NoModel("no model answers: only the call of a tool has a person who pays for it");

/// For whom a call runs.
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) call: Arc<str>,
    pub(crate) workspace: Option<PathBuf>,
    pub(crate) within: String,
    pub(crate) progress: Arc<dyn ProgressSink>,
    pub(crate) person: Arc<dyn Person>,
    pub(crate) llm: Arc<dyn Llm>,
    pub(crate) redact: Redact,
    /// Whether it has a result that files can go with.
    pub(crate) gives_files: bool,
}

impl Caller {
    /// The caller of a tool.
    pub(crate) fn of(context: CallContext) -> Self {
        Self {
            principal: context.principal,
            call: context.call_id.to_string().into(),
            workspace: Some(context.workspace),
            within: context.within,
            progress: context.progress,
            person: context.person,
            llm: context.llm,
            redact: context.redact,
            gives_files: true,
        }
    }

    /// The person whose event a hook is told of. The hook has no files of theirs.
    pub(crate) fn of_event(context: HookContext) -> Self {
        let call = context.call_id.map_or_else(|| "hook".into(), |call| call.to_string().into());
        Self {
            principal: context.principal,
            call,
            workspace: None,
            within: String::new(),
            progress: Arc::new(NoProgress),
            person: Arc::new(NOBODY),
            llm: Arc::new(NO_MODEL),
            redact: context.redact,
            gives_files: false,
        }
    }

    /// Whoever connected a channel. It has no files of theirs.
    pub(crate) fn of_channel(context: ChannelContext) -> Self {
        Self {
            principal: context.principal,
            call: "channel".into(),
            workspace: None,
            within: String::new(),
            progress: Arc::new(NoProgress),
            person: Arc::new(NOBODY),
            llm: Arc::new(NO_MODEL),
            redact: context.redact,
            gives_files: false,
        }
    }

    /// The host itself, with nothing to reach.
    pub(crate) fn host(job: &'static str) -> Self {
        Self {
            principal: Principal::system(job),
            call: job.into(),
            workspace: None,
            within: String::new(),
            progress: Arc::new(NoProgress),
            person: Arc::new(NOBODY),
            llm: Arc::new(NO_MODEL),
            redact: no_secrets(),
            gives_files: false,
        }
    }
}

/// The data of one store: one call, one principal, one set of quotas.
pub(crate) struct CallState {
    pub(crate) caller: Caller,
    pub(crate) grant: Arc<Rights>,
    /// None in a trial run: everything is denied.
    pub(crate) services: Option<Services>,
    pub(crate) quotas: Quotas,
    pub(crate) log: Arc<LogBudget>,
    pub(crate) limiter: Limiter,
    pub(crate) meter: Meter,
    pub(crate) table: ResourceTable,
    /// Places for open files.
    pub(crate) files: Arc<Semaphore>,
    /// Stands still while a person is asked.
    pub(crate) clock: StopClock,
    pub(crate) budget: Budget,
    /// Files that were finished.
    pub(crate) artifacts: Vec<Artifact>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// What a lean guest has begun to print.
    pub(crate) printed: Vec<u8>,
    pub(crate) store_time: Duration,
    pub(crate) instantiate_time: Duration,
    /// Made when the guest first calls into WASI; many never do.
    wasi: Option<Box<WasiCtx>>,
}

impl CallState {
    /// The state of a call that starts now.
    pub(crate) fn of(setup: Setup) -> Self {
        let Setup { caller, grant, services, budget } = setup;
        let meter = Meter::new(budget.cpu_ms);
        let log = Arc::new(LogBudget::new(grant.clone(), &caller, budget.log_lines));
        let mut table = ResourceTable::new();
        table.set_max_capacity(budget.resources);
        Self {
            caller,
            grant,
            services,
            quotas: Quotas::new(budget.calls),
            log,
            limiter: Limiter::new(budget.memory_bytes),
            meter,
            table,
            files: Arc::new(Semaphore::new(limits::GUEST_FILES_MAX)),
            clock: StopClock::start(),
            budget,
            artifacts: Vec::new(),
            bytes_in: 0,
            bytes_out: 0,
            printed: Vec::new(),
            store_time: Duration::ZERO,
            instantiate_time: Duration::ZERO,
            wasi: None,
        }
    }

    /// Whether the guest has asked the host for anything so far, or left anything with it.
    pub(crate) fn is_touched(&self) -> bool {
        let (written, dropped) = self.log.count();
        self.wasi.is_some()
            || !self.table.is_empty()
            || !self.printed.is_empty()
            || self.quotas.used().iter().any(|used| *used > 0)
            || written + dropped + self.quotas.refused() > 0
    }

    /// What is left of the call's time.
    pub(crate) fn time_left(&self) -> Duration {
        self.budget.wall.saturating_sub(self.clock.elapsed())
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let (log, services) = (&self.log, &self.services);
        let ctx = self.wasi.get_or_insert_with(|| Box::new(wasi(log, services.as_ref())));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Nothing to reach, and an end for what a guest prints.
fn wasi(log: &Arc<LogBudget>, services: Option<&Services>) -> WasiCtx {
    let mut context = WasiCtx::builder();
    context
        .stdout(log::Capture::new(log.clone()))
        .stderr(log::Capture::new(log.clone()))
        .allow_tcp(false)
        .allow_udp(false)
        .max_random_size(limits::GUEST_RANDOM_BYTES_MAX);
    if let Some(services) = services {
        context.wall_clock(GuestClock(services.ambient.clone()));
    }
    context.build()
}

/// The host's time as guests read it.
struct GuestClock(Arc<Ambient>);

impl HostWallClock for GuestClock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        // Before 1970 there is no time that a guest could be told.
        Duration::from_micros(u64::try_from(self.0.now().timestamp_micros()).unwrap_or_default())
    }
}
