//! One call: a fresh store and instance, its budget, and the end of both.
//!
//! A store is never used twice. After a trap, a timeout or a dropped call it may be half-way through anything, and one
//! person's data must not be there when the next one's call begins.

use std::sync::Arc;
use std::time::Duration;

use octi_domain::limits;
use octi_extension::grant::Grant;
use octi_extension::tool::Containment;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Store, UpdateDeadline};

use crate::bindings::role::{RolePlugin, RolePluginPre};
use crate::bindings::tool::exports::octi::plugin::tools::{Output, Tool, ToolError};
use crate::bindings::tool::{ToolPlugin, ToolPluginPre};
use crate::engine::Runtime;
use crate::failure;
use crate::state::{Budget, CallState, Caller, Services};

/// What a call is made with, apart from its arguments.
pub(crate) struct Setup {
    pub(crate) caller: Caller,
    pub(crate) grant: Arc<Grant>,
    pub(crate) services: Option<Services>,
    pub(crate) budget: Budget,
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) memory_peak: usize,
    pub(crate) cpu_ms: u64,
    pub(crate) log_lines: u64,
    pub(crate) log_dropped: u64,
}

impl Usage {
    fn of(state: &CallState) -> Self {
        let (log_lines, log_dropped) = state.log.count();
        Self { memory_peak: state.limiter.memory_peak(), cpu_ms: state.meter.used_ms(), log_lines, log_dropped }
    }
}

/// How a call ended, and what it used.
pub(crate) type Ended<T> = (Result<T, Containment>, Usage);

impl Runtime {
    /// Waits for a place: first one of the plugin, then one of the process. A bounded wait, then [`Containment::Busy`].
    pub(crate) async fn place(&self, plugin: &Arc<Semaphore>, wait: Duration) -> Result<[OwnedSemaphorePermit; 2], Containment> {
        let both = async {
            let own = plugin.clone().acquire_owned().await?;
            let shared = self.places.clone().acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>([own, shared])
        };
        match tokio::time::timeout(wait, both).await {
            Ok(Ok(permits)) => Ok(permits),
            Ok(Err(_)) | Err(_) => Err(Containment::Busy),
        }
    }

    fn store(&self, setup: Setup) -> Store<CallState> {
        let state = CallState::new(setup.caller, setup.grant, setup.services, setup.budget, &self.ticks);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limiter);
        store.set_hostcall_fuel(limits::GUEST_HOSTCALL_BYTES_MAX);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| {
            Ok(if context.data_mut().meter.tick() { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
        });
        store
    }

    /// Calls one tool of a plugin.
    pub(crate) async fn call_tool(
        &self,
        plugin: &ToolPluginPre<CallState>,
        setup: Setup,
        name: &str,
        arguments: &String,
    ) -> Ended<Result<Output, ToolError>> {
        let wall = setup.budget.wall;
        let mut store = self.store(setup);
        let work = async {
            let guest = plugin.instantiate_async(&mut store).await?;
            guest.octi_plugin_tools().call_call(&mut store, name, arguments).await
        };
        let outcome = tokio::time::timeout(wall, work).await;
        settle(outcome, &store, name)
    }

    /// Asks a plugin for its tools.
    pub(crate) async fn describe(&self, plugin: &ToolPluginPre<CallState>, setup: Setup) -> Ended<Vec<Tool>> {
        let wall = setup.budget.wall;
        let mut store = self.store(setup);
        let work = async {
            let guest: ToolPlugin = plugin.instantiate_async(&mut store).await?;
            guest.octi_plugin_tools().call_describe(&mut store).await
        };
        let outcome = tokio::time::timeout(wall, work).await;
        settle(outcome, &store, "describe")
    }

    /// Asks a role for its prompt.
    pub(crate) async fn prompt(&self, plugin: &RolePluginPre<CallState>, setup: Setup, small: bool) -> Ended<String> {
        let wall = setup.budget.wall;
        let mut store = self.store(setup);
        let work = async {
            let guest: RolePlugin = plugin.instantiate_async(&mut store).await?;
            guest.octi_plugin_role().call_prompt(&mut store, small).await
        };
        let outcome = tokio::time::timeout(wall, work).await;
        settle(outcome, &store, "prompt")
    }

    /// Asks a role who it is; the manifest says the same, so only tests ask.
    #[cfg(test)]
    pub(crate) async fn role_spec(
        &self,
        plugin: &RolePluginPre<CallState>,
        setup: Setup,
    ) -> Ended<crate::bindings::role::exports::octi::plugin::role::Spec> {
        let mut store = self.store(setup);
        let outcome = async { plugin.instantiate_async(&mut store).await?.octi_plugin_role().call_describe(&mut store).await };
        settle(Ok(outcome.await), &store, "describe")
    }

    /// Starts an instance and drops it: does this component run here at all?
    pub(crate) async fn try_start(&self, plugin: &wasmtime::component::InstancePre<CallState>, setup: Setup) -> Ended<()> {
        let wall = setup.budget.wall;
        let mut store = self.store(setup);
        let outcome = tokio::time::timeout(wall, async { plugin.instantiate_async(&mut store).await.map(drop) }).await;
        settle(outcome, &store, "start")
    }
}

fn settle<T>(
    outcome: Result<wasmtime::Result<T>, tokio::time::error::Elapsed>,
    store: &Store<CallState>,
    during: &str,
) -> Ended<T> {
    let state = store.data();
    let usage = Usage::of(state);
    let result = match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failure::classify(&error, state, during)),
        Err(_) => Err(Containment::Time { ms_max: state.wall_ms }),
    };
    tracing::debug!(
        target: "octi::plugin",
        plugin = state.grant.plugin(),
        call = state.caller.call,
        during,
        outcome = result.as_ref().err().map_or("ok", |containment| containment.code()),
        cpu_ms = usage.cpu_ms,
        memory_peak = usage.memory_peak,
        log_dropped = usage.log_dropped,
        "a plugin's call ended"
    );
    (result, usage)
}
