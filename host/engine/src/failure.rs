//! Why a call ended: wasmtime's errors, folded into the closed list of `octi_extension::tool::Containment`.
//!
//! The text of a trap can carry strings of the guest, so it goes to the log and nowhere else.

use octi_extension::tool::Containment;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::quota::QuotaIgnored;
use crate::state::CallState;
use crate::text;

/// The words of wasmtime's private error type for `Store::set_hostcall_fuel`; a test trips it, so an update cannot
/// change them unnoticed.
const HOSTCALL_BYTES: &str = "fuel allocated for hostcalls has been exhausted";

/// The words of wasmtime-wasi for a guest that wants too many random bytes; a test trips them too.
const RANDOM_BYTES: [&str; 2] = ["requested len", "exceeds limit"];

/// Folds an error of a call. `during` says what was being done, for the log.
pub(crate) fn classify(error: &wasmtime::Error, state: &CallState, during: &str) -> Containment {
    let containment = fold(error, state);
    tracing::warn!(
        target: "octi::plugin",
        plugin = state.grant.plugin(),
        call_id = &*state.caller.call,
        during,
        code = containment.code(),
        error = text::log_line(&format!("{error:#}"), &*state.caller.redact),
        "a plugin's call was stopped"
    );
    containment
}

fn fold(error: &wasmtime::Error, state: &CallState) -> Containment {
    if state.meter.spent() {
        return Containment::Cpu { ms_max: state.meter.max_ms() };
    }
    if error.downcast_ref::<QuotaIgnored>().is_some() {
        return Containment::Quota;
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Containment::Busy;
    }
    let said = format!("{error:?}");
    if RANDOM_BYTES.iter().all(|part| said.contains(part)) {
        return Containment::Quota;
    }
    if said.contains(HOSTCALL_BYTES) {
        // Lifting what an export returned happens outside of guest code, so there is no guest frame.
        return if error.downcast_ref::<WasmBacktrace>().is_some() {
            Containment::Quota
        } else {
            Containment::Output { bytes_max: state.budget.output_bytes as u64 }
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Containment::Stack,
        Some(Trap::Interrupt) => Containment::Cpu { ms_max: state.meter.max_ms() },
        Some(Trap::AllocationTooLarge) => state.limiter.memory(),
        // A guest that is told "no" by `memory.grow` aborts: that is what Rust's allocator does.
        _ => state.limiter.refused().unwrap_or(Containment::Trap),
    }
}
