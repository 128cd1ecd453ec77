//! A plugin's hook as a `octi_extension::hook::Hook`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_extension::hook::{Hook, HookAnswer, HookContext, HookEntry, HookEvent, HookSpec};
use octi_extension::tool::{Containment, ToolError};
use serde_json::Value;
use tracing::Instrument;

use crate::bindings::hook::exports::octi::plugin::hook::{Event, Verdict};
use crate::generation::{Generation, Pin};
use crate::observe::{Meters, Observed};
use crate::state::Caller;

/// What hooks are metered as; no tool can have the name, since nothing calls a hook.
const METERED_AS: &str = "hook";

/// One hook, bound to its generation.
pub(crate) struct WasmHook {
    spec: HookSpec,
    generation: Pin,
    meters: Meters,
}

impl WasmHook {
    pub(crate) fn new(generation: &Arc<Generation>, entry: HookEntry) -> Self {
        let manifest = generation.manifest();
        let spec = HookSpec { plugin: manifest.id.clone(), plugin_version: manifest.version.clone(), entry };
        let meters = Meters::new(&manifest.id, METERED_AS);
        Self { spec, generation: Pin::new(generation), meters }
    }

    async fn run(&self, context: HookContext, event: Event, observed: &Observed<'_>) -> Result<HookAnswer, ToolError> {
        if let Some(why) = self.generation.quarantine() {
            return Err(ToolError::Unavailable(why));
        }
        // Code that is made ready only now, after a start with an empty cache, is not the hook's fault.
        let late = || timed_out(context.time_max);
        let ready = tokio::time::timeout(context.time_max, self.generation.admit()).await.map_err(|_| late())??;
        let Some(guest) = &ready.hook else {
            return Err(ToolError::Internal(format!("plugin `{}` has no hook", self.spec.plugin)));
        };
        let time_max = context.time_max.min(self.spec.entry.time_max());
        let _place = self.generation.place_within(time_max).await.map_err(ToolError::Contained)?;
        let setup = self.generation.setup(Caller::of_event(context), time_max);
        let (outcome, usage) = self.generation.unless_closed(guest.on_event(setup, &event)).await;
        if let Some(usage) = &usage {
            observed.used(usage);
        }
        self.generation.learn(&outcome);
        self.answer(outcome.map_err(ToolError::Contained)?)
    }

    fn answer(&self, returned: Result<Verdict, String>) -> Result<HookAnswer, ToolError> {
        match returned {
            Ok(Verdict::GoOn) => Ok(HookAnswer::GoOn),
            Ok(Verdict::Block(reason)) => Ok(HookAnswer::Block(reason)),
            Ok(Verdict::Rewrite(text)) if text.len() > limits::ARGUMENTS_BYTES_MAX => {
                Err(ToolError::Contained(Containment::Output { bytes_max: limits::ARGUMENTS_BYTES_MAX as u64 }))
            }
            Ok(Verdict::Rewrite(text)) => serde_json::from_str(&text).map(HookAnswer::Rewrite).map_err(|error| {
                ToolError::Internal(format!(
                    "`{}` rewrote the arguments to something that is not JSON: {error}",
                    self.spec.plugin
                ))
            }),
            Ok(Verdict::Other(_)) => Err(ToolError::Internal(format!(
                "`{}` gave an answer that this version of octi does not know; update octi",
                self.spec.plugin
            ))),
            Err(text) => Err(ToolError::Failed(text)),
        }
    }
}

fn timed_out(time_max: Duration) -> ToolError {
    ToolError::Contained(Containment::Time { ms_max: u64::try_from(time_max.as_millis()).unwrap_or(u64::MAX) })
}

#[async_trait]
impl Hook for WasmHook {
    fn spec(&self) -> &HookSpec {
        &self.spec
    }

    async fn tell(&self, context: HookContext, event: HookEvent, details: Value) -> Result<HookAnswer, ToolError> {
        let event = Event { name: event.as_str().to_owned(), details: details.to_string() };
        let observed = Observed::begin(&self.meters, &self.generation, None, event.details.len());
        let answer = self.run(context, event, &observed).instrument(observed.span()).await;
        observed.end(answer.as_ref().map(|_| ()));
        answer
    }
}
