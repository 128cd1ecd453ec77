//! The clock of guest code: a thread that advances an engine's epoch every 10 ms.
//!
//! A thread and not a task: it must tick when every worker of the async runtime is busy in guest code.

use std::time::Duration;

use octi_domain::limits;
use wasmtime::Engine;

/// Starts the thread. It holds the engine weakly and ends with it.
pub(crate) fn start(engine: &Engine) -> std::io::Result<()> {
    let weak = engine.weak();
    std::thread::Builder::new().name("octi-ticker".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(limits::GUEST_TICK_MS));
            let Some(engine) = weak.upgrade() else { return };
            engine.increment_epoch();
        }
    })?;
    Ok(())
}
