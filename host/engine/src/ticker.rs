//! The clock of guest code: a thread that advances the engine's epoch every 10 ms.
//!
//! A thread and not a task: it must tick when every worker of the async runtime is busy in guest code.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use octi_domain::limits;
use wasmtime::Engine;

/// How often the epoch advanced since the engine started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    /// The number now.
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Starts the thread. It holds the engine weakly and ends with it.
pub(crate) fn start(engine: &Engine) -> std::io::Result<Ticks> {
    let weak = engine.weak();
    let ticks = Ticks::default();
    let counter = ticks.clone();
    std::thread::Builder::new().name("octi-ticker".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(limits::GUEST_TICK_MS));
            let Some(engine) = weak.upgrade() else { return };
            counter.0.fetch_add(1, Ordering::Relaxed);
            engine.increment_epoch();
        }
    })?;
    Ok(ticks)
}
