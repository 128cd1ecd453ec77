//! Instances that are made before they are needed, for plugins whose start takes most of a call.
//!
//! Each of them still serves one call and ends with it, so no call finds anything of another. Only an administrator turns this
//! on, for one plugin, because it costs memory while nobody calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use octi_domain::telemetry;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::TaskTracker;
use wasmtime::Store;

use crate::bindings::tool::ToolPlugin;
use crate::generation::Ready;
use crate::instance::Setup;
use crate::state::CallState;

/// An instance that nobody has called.
pub(crate) struct Instance {
    store: Store<CallState>,
    guest: ToolPlugin,
    /// Given back after the store has ended.
    _place: OwnedSemaphorePermit,
}

impl Instance {
    pub(crate) fn new(store: Store<CallState>, guest: ToolPlugin, place: OwnedSemaphorePermit) -> Self {
        Self { store, guest, _place: place }
    }

    /// Gives it to a call: everything that its store knew is new, but for the memory that its start took.
    pub(crate) fn for_call(self, setup: Setup) -> (Store<CallState>, ToolPlugin) {
        let Self { mut store, guest, .. } = self;
        let mut state = CallState::of(setup);
        std::mem::swap(&mut state.limiter, &mut store.data_mut().limiter);
        *store.data_mut() = state;
        // Ticks that passed meanwhile are nobody's.
        store.set_epoch_deadline(1);
        (store, guest)
    }
}

/// The instances of one generation that wait for their calls.
pub(crate) struct Warm {
    plugin: String,
    wanted: usize,
    kept: Mutex<Kept>,
    count: metrics::Gauge,
}

#[derive(Default)]
struct Kept {
    instances: Vec<Instance>,
    /// Somebody is making one.
    making: bool,
    /// There will be no more.
    closed: bool,
}

impl Warm {
    pub(crate) fn new(wanted: usize, plugin: &str) -> Self {
        let count = if wanted == 0 {
            metrics::Gauge::noop()
        } else {
            metrics::gauge!(telemetry::WARM.name, "plugin" => plugin.to_owned())
        };
        Self { plugin: plugin.to_owned(), wanted, kept: Mutex::default(), count }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance for a call that begins.
    pub(crate) fn take(&self) -> Option<Instance> {
        if self.wanted == 0 {
            return None;
        }
        let taken = self.kept().instances.pop()?;
        self.count.decrement(1);
        Some(taken)
    }

    /// Makes what is missing, in a task of its own, as long as there is a place; none at all when one cannot wait.
    pub(crate) fn fill(self: &Arc<Self>, tasks: &TaskTracker, ready: &Arc<Ready>, setup: impl Fn() -> Setup + Send + 'static) {
        if !self.begin() {
            return;
        }
        let (warm, ready) = (self.clone(), ready.clone());
        tasks.spawn(async move {
            let making = Making(&warm);
            while let Some(guest) = &ready.tool
                && let Ok(place) = guest.lane.warm.clone().try_acquire_owned()
            {
                let more = match guest.warm(setup(), place).await {
                    Ok(instance) => making.keep(instance),
                    Err(reason) => {
                        tracing::warn!(plugin = warm.plugin, "no instance is made before a call, as `warm` wants it: {reason}");
                        warm.close();
                        false
                    }
                };
                if !more {
                    break;
                }
            }
        });
    }

    /// Whether this caller is to make what is missing.
    fn begin(&self) -> bool {
        let mut kept = self.kept();
        let begins = !kept.making && !kept.closed && kept.instances.len() < self.wanted;
        kept.making |= begins;
        begins
    }

    /// Lets them all go, and makes no more.
    pub(crate) fn close(&self) {
        let instances = {
            let mut kept = self.kept();
            kept.closed = true;
            std::mem::take(&mut kept.instances)
        };
        // Ending a store takes a while that nobody should wait for.
        self.count.decrement(instances.len() as f64);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.kept().instances.len()
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        self.close();
    }
}

/// The one who makes instances; when it ends, in whatever way, another one may begin.
struct Making<'a>(&'a Warm);

impl Making<'_> {
    /// Keeps an instance; whether one more is missing.
    fn keep(&self, instance: Instance) -> bool {
        let mut kept = self.0.kept();
        if kept.closed {
            return false;
        }
        kept.instances.push(instance);
        self.0.count.increment(1);
        kept.instances.len() < self.0.wanted
    }
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.0.kept().making = false;
    }
}
