//! A plugin's role as a `octi_extension::role::Role`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_extension::manifest::RoleEntry;
use octi_extension::role::Role;
use octi_extension::tool::{Containment, ToolError};
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::generation::{Generation, Pin};
use crate::observe::{Meters, Observed};
use crate::state::Caller;

/// One role, bound to its generation. A prompt is asked for once: it depends on nothing but its size.
pub(crate) struct WasmRole {
    spec: RoleEntry,
    generation: Pin,
    meters: Meters,
    prompts: [OnceCell<String>; 2],
}

impl WasmRole {
    pub(crate) fn new(generation: &Arc<Generation>, spec: RoleEntry) -> Self {
        let meters = Meters::new(&generation.manifest().id, "role");
        Self { spec, generation: Pin::new(generation), meters, prompts: [OnceCell::new(), OnceCell::new()] }
    }

    async fn ask(&self, small: bool) -> Result<String, ToolError> {
        let observed = Observed::begin(&self.meters, &self.generation, None, 0);
        let prompt = self.run(small, &observed).instrument(observed.span()).await;
        observed.end(prompt.as_ref().map(|_| ()));
        prompt
    }

    async fn run(&self, small: bool, observed: &Observed<'_>) -> Result<String, ToolError> {
        let ready = self.generation.admit().await?;
        let Some(guest) = &ready.role else {
            return Err(ToolError::Internal(format!("plugin `{}` has no role", self.generation.manifest().id)));
        };
        let _place = self.generation.place().await.map_err(ToolError::Contained)?;
        let setup = self.generation.setup(Caller::host("read a role"), Duration::from_secs(limits::PLUGIN_SMOKE_SECONDS_MAX));
        let (prompt, usage) = self.generation.unless_closed(guest.prompt(setup, small)).await;
        if let Some(usage) = &usage {
            observed.used(usage);
        }
        self.generation.learn(&prompt);
        let prompt = prompt.map_err(ToolError::Contained)?;
        if prompt.len() > limits::RESULT_BYTES_MAX {
            return Err(ToolError::Contained(Containment::Output { bytes_max: limits::RESULT_BYTES_MAX as u64 }));
        }
        Ok(prompt)
    }
}

#[async_trait]
impl Role for WasmRole {
    fn spec(&self) -> &RoleEntry {
        &self.spec
    }

    fn plugin(&self) -> &str {
        &self.generation.manifest().id
    }

    async fn prompt(&self, small: bool) -> Result<String, ToolError> {
        let cell = &self.prompts[usize::from(small)];
        cell.get_or_try_init(|| self.ask(small)).await.cloned()
    }
}
