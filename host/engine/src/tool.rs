//! A plugin's operation as a `octi_extension::tool::Tool`.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use octi_domain::{limits, tool_name};
use octi_extension::manifest::ToolEntry;
use octi_extension::schema::{Schema, Verdict};
use octi_extension::tool::{CallContext, Containment, Tool, ToolError, ToolOutput, ToolSpec};
use serde_json::Value;
use tracing::Instrument;

use crate::bindings::tool::exports::octi::plugin::tools::{Output, ToolError as GuestError};
use crate::generation::{Generation, Pin};
use crate::observe::{Meters, Observed};
use crate::reflect::{Given, Prepared, TypedGuest};
use crate::state::Caller;
use crate::usage::Usage;

/// One operation, bound to its generation.
pub(crate) struct WasmTool {
    spec: ToolSpec,
    generation: Pin,
    meters: Meters,
    output_schema: OnceLock<Option<Schema>>,
}

impl WasmTool {
    pub(crate) fn new(generation: &Arc<Generation>, operation: &str, entry: &ToolEntry) -> Self {
        let manifest = generation.manifest();
        let spec = ToolSpec {
            name: tool_name::joined(manifest.alias(), operation),
            tool: manifest.alias().to_owned(),
            operation: operation.to_owned(),
            plugin: manifest.id.clone(),
            plugin_version: manifest.version.clone(),
            digest: generation.inspection.digest.clone(),
            description: entry.description.clone(),
            input_schema: entry.input_schema.clone().unwrap_or_else(|| serde_json::json!({ "type": "object" })),
            output_schema: entry.output_schema.clone(),
            permission: entry.permission.into(),
            effects: entry.effects.clone(),
            subject: entry.subject.clone(),
            subject_kind: entry.subject_kind,
        };
        let meters = Meters::new(&manifest.id, operation);
        Self { spec, generation: Pin::new(generation), meters, output_schema: OnceLock::new() }
    }

    /// Calls it and says what the call used, when it came so far that anything was.
    pub(crate) async fn measured(
        &self,
        context: CallContext,
        arguments: Value,
    ) -> (Result<ToolOutput, ToolError>, Option<Usage>) {
        let text = arguments.to_string();
        let observed = Observed::begin(&self.meters, &self.generation, Some(&context), text.len());
        let mut used = None;
        let given = self.run(context, (arguments, text), &observed, &mut used).instrument(observed.span()).await;
        observed.end(given.as_ref().map(|_| ()));
        (given, used)
    }

    async fn run(
        &self,
        context: CallContext,
        (value, arguments): (Value, String),
        observed: &Observed<'_>,
        used: &mut Option<Usage>,
    ) -> Result<ToolOutput, ToolError> {
        if arguments.len() > limits::ARGUMENTS_BYTES_MAX {
            return Err(ToolError::BadInput(format!(
                "the arguments have {} bytes, more than the {} allowed",
                arguments.len(),
                limits::ARGUMENTS_BYTES_MAX
            )));
        }
        let ready = self.generation.admit().await?;
        if let Some(guest) = &ready.typed {
            // Values take far more room than their text, so they are made in a place.
            let _place = self.generation.place().await.map_err(ToolError::Contained)?;
            let prepared = guest.prepare(&self.spec.operation, &value, arguments.len())?;
            return self.run_typed(context, guest, &prepared, observed, used).await;
        }
        let Some(guest) = &ready.tool else {
            return Err(ToolError::Internal(format!("plugin `{}` has no tools", self.spec.plugin)));
        };
        let _place = self.generation.place().await.map_err(ToolError::Contained)?;
        let time_max = context.time_max;
        let setup = self.generation.setup(Caller::of(context), time_max);
        let work = guest.call(setup, self.generation.warm.take(), &self.spec.operation, &arguments);
        let (outcome, usage) = self.generation.unless_closed(work).await;
        self.generation.warm_up(&ready);
        if let Some(usage) = &usage {
            observed.used(usage);
        }
        *used = usage;
        self.generation.learn(&outcome);
        match outcome.map_err(ToolError::Contained)? {
            Ok((output, artifacts)) => self.checked(output).map(|given| ToolOutput { artifacts, ..given }),
            Err(error) => Err(guest_error(error)),
        }
    }

    /// The same for a component without a manifest, whose output is as its schema says because both come from its types.
    async fn run_typed(
        &self,
        context: CallContext,
        guest: &TypedGuest,
        prepared: &Prepared<'_>,
        observed: &Observed<'_>,
        used: &mut Option<Usage>,
    ) -> Result<ToolOutput, ToolError> {
        let time_max = context.time_max;
        let setup = self.generation.setup(Caller::of(context), time_max);
        let (outcome, usage) = self.generation.unless_closed(guest.call(setup, prepared)).await;
        self.generation.learn(&outcome);
        let given = outcome.map(|returned| prepared.function.given(returned.as_ref()));
        let bytes = match &given {
            Ok(Ok(Given::Result(content))) => content.to_string().len(),
            Ok(Ok(Given::Error(text))) => text.len(),
            _ => 0,
        };
        *used = usage.map(|usage| Usage { bytes_out: bytes as u64, ..usage });
        if let Some(used) = used {
            observed.used(used);
        }
        let bytes_max = self.generation.budget().output_bytes;
        match given.map_err(ToolError::Contained)? {
            Ok(_) if bytes > bytes_max => Err(ToolError::Contained(Containment::Output { bytes_max: bytes_max as u64 })),
            Ok(Given::Result(content)) => Ok(ToolOutput::new(content, None)),
            Ok(Given::Error(text)) => Err(ToolError::Failed(text)),
            Err(problem) => Err(ToolError::Internal(format!("`{}` returned what JSON cannot hold: {problem}", self.spec.name))),
        }
    }

    fn checked(&self, output: Output) -> Result<ToolOutput, ToolError> {
        let bytes = output.content.len() + output.summary.as_ref().map_or(0, String::len);
        let bytes_max = self.generation.budget().output_bytes;
        if bytes > bytes_max {
            return Err(ToolError::Contained(Containment::Output { bytes_max: bytes_max as u64 }));
        }
        let content: Value = serde_json::from_str(&output.content)
            .map_err(|error| ToolError::Internal(format!("`{}` returned something that is not JSON: {error}", self.spec.name)))?;
        self.expected(&content)?;
        Ok(ToolOutput::new(content, output.summary))
    }

    /// Whether the content is as the tool's own schema says.
    fn expected(&self, content: &Value) -> Result<(), ToolError> {
        // It was taken at install, so it is taken now.
        let schema = self.output_schema.get_or_init(|| Schema::new(self.spec.output_schema.as_ref()?).ok());
        let Some(schema) = schema else { return Ok(()) };
        let problem = match schema.check(content) {
            Verdict::Fits => return Ok(()),
            Verdict::Differs => schema.problems(content).next().map(|problem| problem.to_string()).unwrap_or_default(),
            Verdict::TooCostly => format!("checking it takes more than {} steps", limits::SCHEMA_CHECK_STEPS_MAX),
        };
        Err(ToolError::Internal(format!("`{}` returned what its schema does not allow: {problem}", self.spec.name)))
    }
}

#[async_trait]
impl Tool for WasmTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn may_use_secret(&self, name: &str) -> Result<(), String> {
        self.generation.grant.secret(name)
    }

    async fn call(&self, context: CallContext, arguments: Value) -> Result<ToolOutput, ToolError> {
        self.measured(context, arguments).await.0
    }
}

/// What the guest says, as it says it: who shows it cleans it, blacks out what is secret, and cuts it then.
fn guest_error(error: GuestError) -> ToolError {
    match error {
        GuestError::BadInput(message) => ToolError::BadInput(message),
        GuestError::Failed(message) => ToolError::Failed(message),
        GuestError::NeedsUser(message) => ToolError::NeedsUser(message),
        GuestError::Unavailable(message) => ToolError::Unavailable(message),
        GuestError::Internal(message) => ToolError::Internal(message),
    }
}
