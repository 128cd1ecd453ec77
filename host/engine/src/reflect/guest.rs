//! A call of a function of a component, by its types.

use std::collections::BTreeMap;
use std::sync::Arc;

use octi_extension::tool::ToolError;
use serde_json::Value;
use wasmtime::component::{ComponentExportIndex, InstancePre, Val};

use super::{Function, Reflected};
use crate::engine::Lane;
use crate::install::InstallError;
use crate::native::Linked;
use crate::state::CallState;

/// A component whose functions are called by their types.
pub(crate) struct TypedGuest {
    pub(crate) lane: Arc<Lane>,
    pub(crate) pre: InstancePre<CallState>,
    functions: BTreeMap<String, (ComponentExportIndex, Function)>,
}

impl TypedGuest {
    /// Finds the functions.
    ///
    /// # Errors
    /// [`InstallError::NoExport`] when one is not there.
    pub(crate) fn new(linked: &Linked, reflected: &Reflected) -> Result<Self, InstallError> {
        let component = linked.pre.component();
        let find = |(tool, function): (&String, &Function)| {
            let interface = function.interface.as_deref().map(|interface| component.get_export_index(None, interface));
            let export = match interface {
                None => component.get_export_index(None, &function.name),
                Some(interface) => interface.and_then(|interface| component.get_export_index(Some(&interface), &function.name)),
            };
            let no_export = || InstallError::NoExport {
                kind: "tool",
                export: Function::label(function.interface.as_deref(), &function.name),
            };
            Ok((tool.clone(), (export.ok_or_else(no_export)?, function.clone())))
        };
        let functions = reflected.functions.iter().map(find).collect::<Result<_, InstallError>>()?;
        Ok(Self { lane: linked.lane.clone(), pre: linked.pre.clone(), functions })
    }

    /// Makes the arguments of a call ready, which have that many bytes as JSON.
    ///
    /// # Errors
    /// [`ToolError::BadInput`] when they do not fit the function's types.
    pub(crate) fn prepare<'a>(&'a self, tool: &'a str, arguments: &Value, bytes_in: usize) -> Result<Prepared<'a>, ToolError> {
        let found = self.functions.get(tool);
        let (export, function) = found.ok_or_else(|| ToolError::Internal(format!("the component has no tool `{tool}`")))?;
        let arguments = function.arguments(arguments);
        let arguments = arguments.map_err(|problem| ToolError::BadInput(format!("an argument does not fit: {problem}")))?;
        Ok(Prepared { tool, export, function, arguments, bytes_in: bytes_in as u64 })
    }
}

/// A call whose arguments are values.
pub(crate) struct Prepared<'a> {
    pub(crate) tool: &'a str,
    pub(crate) export: &'a ComponentExportIndex,
    pub(crate) function: &'a Function,
    pub(crate) arguments: Vec<Val>,
    /// Bytes of the arguments as JSON.
    pub(crate) bytes_in: u64,
}
