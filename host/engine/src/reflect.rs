//! A component without a manifest, as a set of tools: whatever functions with plain data it exports.
//!
//! The types of a component say what its functions take and give, so nobody has to describe them and nothing can be described
//! wrongly. Such a component is granted nothing; people are asked before each call unless they decide otherwise.

mod convert;
mod docs;
mod functions;
mod guest;
mod identity;
mod schema;
mod shape;
mod types;

use std::collections::BTreeMap;

use octi_domain::limits;
use octi_extension::manifest::{Manifest, ToolEntry};
use serde_json::{Value, json};
use wasmparser::types::Types;
use wasmtime::component::Val;

use crate::install::InstallError;
use crate::loader::Parts;
use crate::text;
pub(crate) use functions::first_async;
pub(crate) use guest::{Prepared, TypedGuest};
pub(crate) use identity::{KEPT_SECTIONS, PUBLISHER};
use shape::{Field, Kind, Shape};

/// The functions of a component that are tools, by the tool's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reflected {
    pub(crate) functions: BTreeMap<String, Function>,
    /// The others, with the reason.
    pub(crate) left_out: Vec<String>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// None when the component exports it itself.
    interface: Option<String>,
    name: String,
    parameters: Vec<Field>,
    result: Option<Shape>,
}

/// What a function gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Given {
    Result(Value),
    /// The error of a function that gives a `result`.
    Error(String),
}

/// Whether a component says nothing of itself, and is none of the contract's either.
pub(crate) fn is_bare(parts: &Parts) -> bool {
    parts.manifest.is_none() && !parts.exports.iter().any(|export| export.starts_with("octi:"))
}

/// What a component without a manifest offers.
///
/// # Errors
/// [`InstallError::NothingUsable`] when nothing of it can be a tool, or what is wrong with its name.
pub(crate) fn reflect(parts: &Parts, types: &Types, file_name: &str) -> Result<(Manifest, Reflected), InstallError> {
    let mut manifest = identity::manifest(parts, file_name)?;
    let docs = docs::Docs::read(parts.texts.get(docs::SECTION).map(Vec::as_slice));
    let found = functions::find(parts, types, &docs, manifest.alias());
    if found.reflected.functions.is_empty() {
        return Err(InstallError::NothingUsable { left_out: found.reflected.left_out });
    }
    for (tool, function) in &found.reflected.functions {
        let description = found.docs.get(tool).cloned().unwrap_or_else(|| function.describe());
        let entry = ToolEntry {
            description,
            input_schema: Some(function.input_schema()),
            output_schema: Some(function.output_schema()),
            ..ToolEntry::default()
        };
        manifest.tools.insert(tool.clone(), entry);
    }
    // The rules for a manifest that somebody wrote hold for this one too.
    Manifest::from_section(&manifest.to_section())?;
    Ok((manifest, found.reflected))
}

impl Function {
    /// As its author would write it: `acme:calc/ops@1.0.0#add`.
    fn label(interface: Option<&str>, name: &str) -> String {
        let label = interface.map_or_else(|| name.to_owned(), |interface| format!("{interface}#{name}"));
        text::clean(&label, limits::NAME_CHARS_MAX)
    }

    fn describe(&self) -> String {
        format!("Calls `{}` of a component that says no more of it.", Self::label(self.interface.as_deref(), &self.name))
    }

    fn input_schema(&self) -> Value {
        schema::object(&self.parameters)
    }

    fn output_schema(&self) -> Value {
        self.good().map_or_else(|| json!({ "type": "null" }), schema::of)
    }

    /// Whether it returns anything.
    pub(crate) const fn returns(&self) -> bool {
        self.result.is_some()
    }

    /// What it gives when all is well.
    fn good(&self) -> Option<&Shape> {
        match &self.result.as_ref()?.kind {
            Kind::Result { ok, .. } => ok.as_deref(),
            _ => self.result.as_ref(),
        }
    }

    /// The arguments of a call.
    ///
    /// # Errors
    /// Says which one does not fit, for who gave it.
    pub(crate) fn arguments(&self, json: &Value) -> Result<Vec<Val>, String> {
        convert::arguments(json, &self.parameters).map_err(|mismatch| shown(&mismatch))
    }

    /// What a call gave.
    ///
    /// # Errors
    /// Says what of it JSON cannot write.
    pub(crate) fn given(&self, returned: Option<&Val>) -> Result<Given, String> {
        let json = |value: Option<&Val>, shape: Option<&Shape>| match (value, shape) {
            (Some(value), Some(shape)) => convert::to_json(value, shape).map_err(|mismatch| shown(&mismatch)),
            _ => Ok(Value::Null),
        };
        match (returned, self.result.as_ref().map(|result| &result.kind)) {
            (Some(Val::Result(outcome)), Some(Kind::Result { ok, error })) => match outcome {
                Ok(value) => json(value.as_deref(), ok.as_deref()).map(Given::Result),
                Err(value) => json(value.as_deref(), error.as_deref()).map(|error| Given::Error(self.failure(error))),
            },
            _ => json(returned, self.result.as_ref()).map(Given::Result),
        }
    }

    /// An error as a text: it is one already, or it is told as JSON.
    fn failure(&self, error: Value) -> String {
        match error {
            Value::String(text) => text,
            Value::Null => format!("`{}` failed and says no more", self.name),
            other => other.to_string(),
        }
    }
}

fn shown(mismatch: &convert::Mismatch) -> String {
    text::clean(&mismatch.to_string(), limits::PLUGIN_TEXT_BYTES_MAX)
}
