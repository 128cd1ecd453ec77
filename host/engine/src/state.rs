//! What a store knows of the call it was made for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use octi_domain::limits;
use octi_domain::principal::Principal;
use octi_extension::grant::Grant;
use octi_extension::services::KvStore;
use octi_extension::tool::{CallContext, NoProgress, ProgressSink};
use octi_security::sandbox::process::ProcessDoor;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capability::log::{self, LogBudget};
use crate::limits::Limiter;
use crate::quota::Quotas;
use crate::ticker::Ticks;

/// Where host functions lead.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) kv: Arc<dyn KvStore>,
    pub(crate) processes: Arc<ProcessDoor>,
}

/// How much one call may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Milliseconds of guest code.
    pub(crate) cpu_ms: u64,
    /// All of it, waiting included.
    pub(crate) wall: Duration,
    /// Over all memories.
    pub(crate) memory_bytes: usize,
}

impl Budget {
    /// For the trial run of a new plugin and for `describe`.
    pub(crate) const fn trial() -> Self {
        Self {
            cpu_ms: limits::PLUGIN_SMOKE_SECONDS_MAX * 1_000,
            wall: Duration::from_secs(limits::PLUGIN_SMOKE_SECONDS_MAX),
            memory_bytes: limits::GUEST_MEMORY_BYTES_MAX,
        }
    }
}

/// For whom a call runs.
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) call: String,
    pub(crate) workspace: Option<PathBuf>,
    pub(crate) progress: Arc<dyn ProgressSink>,
}

impl Caller {
    /// The caller of a tool.
    pub(crate) fn of(context: CallContext) -> Self {
        Self {
            principal: context.principal,
            call: context.call_id.to_string(),
            workspace: Some(context.workspace),
            progress: context.progress,
        }
    }

    /// The host itself, with nothing to reach.
    pub(crate) fn host(job: &'static str) -> Self {
        Self { principal: Principal::system(job), call: job.to_owned(), workspace: None, progress: Arc::new(NoProgress) }
    }
}

/// The data of one store: one call, one principal, one set of quotas.
pub(crate) struct CallState {
    pub(crate) caller: Caller,
    pub(crate) grant: Arc<Grant>,
    /// None in a trial run: everything is denied.
    pub(crate) services: Option<Services>,
    pub(crate) quotas: Quotas,
    pub(crate) log: Arc<LogBudget>,
    pub(crate) limiter: Limiter,
    pub(crate) meter: Meter,
    pub(crate) table: ResourceTable,
    pub(crate) deadline: Instant,
    pub(crate) wall_ms: u64,
    wasi: WasiCtx,
}

impl CallState {
    /// The state of a call that starts now.
    pub(crate) fn new(caller: Caller, grant: Arc<Grant>, services: Option<Services>, budget: Budget, ticks: &Ticks) -> Self {
        let log = Arc::new(LogBudget::new(grant.plugin(), &caller.call));
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::GUEST_RESOURCES_MAX);
        let wasi = WasiCtx::builder()
            .stdout(log::Capture::new(log.clone()))
            .stderr(log::Capture::new(log.clone()))
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(64 * 1024)
            .build();
        Self {
            caller,
            grant,
            services,
            quotas: Quotas::default(),
            log,
            limiter: Limiter::new(budget.memory_bytes),
            meter: Meter::new(budget.cpu_ms, ticks.clone()),
            table,
            deadline: Instant::now() + budget.wall,
            wall_ms: u64::try_from(budget.wall.as_millis()).unwrap_or(u64::MAX),
            wasi,
        }
    }

    /// What is left of the call's time.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Counts the ticks spent in guest code.
#[derive(Debug)]
pub(crate) struct Meter {
    max_ms: u64,
    used_ticks: u64,
    forgiven: bool,
    ticks: Ticks,
}

impl Meter {
    const fn new(max_ms: u64, ticks: Ticks) -> Self {
        Self { max_ms, used_ticks: 0, forgiven: false, ticks }
    }

    /// One more tick was seen by guest code; true once that was the last one it had.
    pub(crate) fn tick(&mut self) -> bool {
        // The tick fell into a host call that the guest only waited for.
        if std::mem::take(&mut self.forgiven) {
            return false;
        }
        self.used_ticks += 1;
        self.spent()
    }

    /// Whether the budget is used up.
    pub(crate) const fn spent(&self) -> bool {
        self.used_ticks * limits::GUEST_TICK_MS >= self.max_ms
    }

    /// The budget.
    pub(crate) const fn max_ms(&self) -> u64 {
        self.max_ms
    }

    /// Milliseconds of guest code so far, in whole ticks.
    pub(crate) const fn used_ms(&self) -> u64 {
        self.used_ticks * limits::GUEST_TICK_MS
    }

    /// The clock when a host call begins; hand it to [`Meter::waited`] when it ends.
    pub(crate) fn host_call(&self) -> u64 {
        self.ticks.now()
    }

    /// A host call that began at `since` is over: a tick that fell into it is not the guest's.
    pub(crate) fn waited(&mut self, since: u64) {
        if self.ticks.now() != since {
            self.forgiven = true;
        }
    }
}
