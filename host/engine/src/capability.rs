//! What guests may import, one file per interface.
//!
//! Every host function first charges its quota and asks the grant. A refusal is a value of the contract's `host-error`,
//! never a trap: a guest can tell the person what is missing.

pub(crate) mod artifacts;
pub(crate) mod ask;
pub(crate) mod fs;
pub(crate) mod http;
pub(crate) mod instead;
pub(crate) mod kv;
pub(crate) mod llm;
pub(crate) mod log;
pub(crate) mod shell;
pub(crate) mod wasi;

use octi_domain::{limits, telemetry};
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::HostError;
use crate::bindings::tool::octi;
use crate::quota::Charge;
use crate::state::{CallState, Services};
use crate::text;

/// What a host function returns: the outer error ends the call, the inner one is for the guest.
pub(crate) type HostResult<T> = wasmtime::Result<Result<T, HostError>>;

/// A linker with everything a guest may import. Building one takes 200 µs, so there is one for all calls.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    instead::link(&mut linker)?;
    octi::types::common::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::log::log::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::kv::store::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::fs::files::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::shell::process::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::http::client::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::artifacts::artifacts::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::ask::person::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    octi::llm::model::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl octi::types::common::Host for CallState {}

impl CallState {
    /// Counts a host call and makes sure that there is something to reach.
    pub(crate) fn enter(&mut self, charge: Charge) -> HostResult<Services> {
        let capability = charge.capability();
        if let Err(refusal) = self.quotas.charge(charge)? {
            let plugin = self.grant.plugin().to_owned();
            metrics::counter!(telemetry::PLUGIN_QUOTAS.name, "plugin" => plugin, "capability" => capability).increment(1);
            return Ok(Err(refusal));
        }
        // Here and not only where a right is asked for: what was opened before is out of reach too.
        if let Err(why) = self.grant.live() {
            return Ok(Err(self.denied(capability, why)));
        }
        Ok(self.services.clone().ok_or_else(|| HostError::Denied("a trial run reaches nothing".to_owned())))
    }

    /// Counts a refusal of the grant and tells the guest.
    pub(crate) fn denied(&self, capability: &'static str, why: String) -> HostError {
        let plugin = self.grant.plugin().to_owned();
        metrics::counter!(telemetry::PLUGIN_DENIALS.name, "plugin" => plugin, "capability" => capability).increment(1);
        // First without secrets, then cut: half of one would not be found.
        let told = text::clean(&(self.caller.redact)(&why), limits::PLUGIN_REFUSAL_BYTES_MAX);
        self.grant.health().denied(capability, told);
        HostError::Denied(why)
    }
}

/// Returns the guest's refusal out of a host function.
macro_rules! refuse {
    ($outcome:expr) => {
        match $outcome {
            Ok(value) => value,
            Err(error) => return Ok(Err(error.into())),
        }
    };
}
pub(crate) use refuse;
