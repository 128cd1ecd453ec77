//! A plugin's operation as a `octi_extension::tool::Tool`.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use jsonschema::Validator;
use octi_domain::limits;
use octi_extension::manifest::ToolEntry;
use octi_extension::tool::{CallContext, Containment, Tool, ToolError, ToolOutput, ToolSpec};
use serde_json::Value;

use crate::bindings::tool::exports::octi::plugin::tools::{Output, ToolError as GuestError};
use crate::generation::Generation;
use crate::install::InstallError;
use crate::manager::Change;
use crate::state::Caller;
use crate::text;

/// One operation, bound to its generation.
pub(crate) struct WasmTool {
    spec: ToolSpec,
    generation: Arc<Generation>,
    output_check: OnceLock<Option<Validator>>,
}

impl WasmTool {
    pub(crate) fn new(generation: &Arc<Generation>, operation: &str, entry: &ToolEntry) -> Self {
        let manifest = generation.manifest();
        let spec = ToolSpec {
            name: format!("{}__{operation}", manifest.alias()),
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
        Self { spec, generation: generation.clone(), output_check: OnceLock::new() }
    }

    fn rested(&self) -> Result<(), ToolError> {
        self.generation.breaker.check(self.generation.host().ambient.now()).map_err(|resting| {
            ToolError::Unavailable(format!(
                "plugin `{}` crashed {} times in a minute and rests for {} more seconds; use another tool",
                self.spec.plugin,
                limits::PLUGIN_CRASHES_MAX,
                resting.seconds_left
            ))
        })
    }

    fn contained(&self, containment: Containment) -> ToolError {
        let host = self.generation.host();
        if self.generation.breaker.contained(containment, host.ambient.now()) {
            (host.on_change)(&self.spec.plugin, Change::Rests, "crashed three times in a minute and rests for a minute");
        }
        ToolError::Contained(containment)
    }

    fn checked(&self, output: Output) -> Result<ToolOutput, ToolError> {
        let bytes = output.content.len() + output.summary.as_ref().map_or(0, String::len);
        let bytes_max = self.generation.budget().output_bytes;
        if bytes > bytes_max {
            return Err(ToolError::Contained(Containment::Output { bytes_max: bytes_max as u64 }));
        }
        let content: Value = serde_json::from_str(&output.content)
            .map_err(|error| ToolError::Internal(format!("`{}` returned something that is not JSON: {error}", self.spec.name)))?;
        let check = self
            .output_check
            .get_or_init(|| self.spec.output_schema.as_ref().and_then(|schema| jsonschema::draft202012::new(schema).ok()));
        if let Some(error) = check.as_ref().and_then(|check| check.iter_errors(&content).next()) {
            let problem = text::clean(&error.to_string(), limits::PLUGIN_TEXT_BYTES_MAX);
            return Err(ToolError::Internal(format!("`{}` returned what its schema does not allow: {problem}", self.spec.name)));
        }
        Ok(ToolOutput { content, summary: output.summary.map(|line| text::clean(&line, limits::PLUGIN_TEXT_BYTES_MAX)) })
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
        let arguments = arguments.to_string();
        if arguments.len() > limits::ARGUMENTS_BYTES_MAX {
            return Err(ToolError::BadInput(format!(
                "the arguments have {} bytes, more than the {} allowed",
                arguments.len(),
                limits::ARGUMENTS_BYTES_MAX
            )));
        }
        self.rested()?;
        let ready = self.generation.ready().await.map_err(|error| unavailable(&self.spec.plugin, &error))?;
        let Some(guest) = &ready.tool else {
            return Err(ToolError::Internal(format!("plugin `{}` has no tools", self.spec.plugin)));
        };
        let _place = self.generation.place().await.map_err(ToolError::Contained)?;
        let time_max = context.time_max;
        let setup = self.generation.setup(Caller::of(context), time_max);
        let (outcome, _usage) = guest.call(setup, &self.spec.operation, &arguments).await;
        match outcome.map_err(|containment| self.contained(containment))? {
            Ok(output) => self.checked(output),
            Err(error) => Err(guest_error(error)),
        }
    }
}

/// A plugin that cannot be called at all.
pub(crate) fn unavailable(plugin: &str, error: &InstallError) -> ToolError {
    ToolError::Unavailable(format!(
        "plugin `{plugin}` cannot run: {}",
        text::clean(&error.to_string(), limits::PLUGIN_TEXT_BYTES_MAX)
    ))
}

fn guest_error(error: GuestError) -> ToolError {
    let clean = |message: String| text::clean(&message, limits::PLUGIN_TEXT_BYTES_MAX);
    match error {
        GuestError::BadInput(message) => ToolError::BadInput(clean(message)),
        GuestError::Failed(message) => ToolError::Failed(clean(message)),
        GuestError::NeedsUser(message) => ToolError::NeedsUser(clean(message)),
        GuestError::Unavailable(message) => ToolError::Unavailable(clean(message)),
        GuestError::Internal(message) => ToolError::Internal(clean(message)),
    }
}
