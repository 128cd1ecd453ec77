//! Which functions a component exports, which of them can be tools, and under which names.

use std::collections::{BTreeMap, HashMap};

use octi_domain::{limits, tool_name};
use octi_extension::manifest::is_name;
use octi_extension::schema::Schema;
use wasmparser::component_types::{ComponentAnyTypeId, ComponentDefinedTypeId, ComponentEntityType, ComponentFuncTypeId};
use wasmparser::types::Types;

use super::docs::Docs;
use super::types::{Reader, TypeName};
use super::{Function, Reflected};
use crate::install::TOOL_NAME_BYTES_MAX;
use crate::loader::Parts;
use crate::text;

/// What was found, and what is said of each tool.
pub(super) struct Found {
    pub(super) reflected: Reflected,
    pub(super) docs: BTreeMap<String, String>,
}

/// An exported function.
struct Export<'a> {
    interface: Option<&'a str>,
    name: &'a str,
    id: ComponentFuncTypeId,
}

impl Export<'_> {
    fn label(&self) -> String {
        Function::label(self.interface, self.name)
    }

    /// The name of its tool, unless another function has it too.
    fn tool(&self) -> String {
        self.name.to_ascii_lowercase()
    }

    /// The same with its interface: `ops-add` of `acme:calc/ops@1.0.0`.
    fn long_tool(&self) -> String {
        let interface = self.interface.unwrap_or_default();
        let short = interface.rsplit('/').next().unwrap_or(interface).split('@').next().unwrap_or(interface);
        if short.is_empty() { self.tool() } else { format!("{}-{}", short.to_ascii_lowercase(), self.tool()) }
    }
}

/// Everything that a component exports.
fn exports<'a>(parts: &'a Parts, types: &'a Types) -> (Vec<Export<'a>>, HashMap<ComponentDefinedTypeId, TypeName>) {
    let (mut functions, mut names) = (Vec::new(), HashMap::new());
    for export in &parts.exports {
        let Some(item) = types.component_item_for_export(export) else { continue };
        match item.ty {
            ComponentEntityType::Func(id) => functions.push(Export { interface: None, name: export, id }),
            ComponentEntityType::Instance(instance) => {
                for (name, item) in &types[instance].exports {
                    match item.ty {
                        ComponentEntityType::Func(id) => functions.push(Export { interface: Some(export), name, id }),
                        _ => note_type(&mut names, &item.ty, Some(export), name),
                    }
                }
            }
            _ => note_type(&mut names, &item.ty, None, export),
        }
    }
    (functions, names)
}

fn note_type(
    names: &mut HashMap<ComponentDefinedTypeId, TypeName>,
    entity: &ComponentEntityType,
    interface: Option<&str>,
    name: &str,
) {
    let ComponentEntityType::Type { referenced, created } = entity else { return };
    for id in [created, referenced] {
        if let ComponentAnyTypeId::Defined(id) = id {
            names.entry(*id).or_insert_with(|| (interface.map(str::to_owned), name.to_owned()));
        }
    }
}

/// Finds what can be a tool of the plugin with that alias.
pub(super) fn find(parts: &Parts, types: &Types, docs: &Docs, alias: &str) -> Found {
    let (exports, names) = exports(parts, types);
    let reader = Reader { types, names, docs };
    let mut left_out = LeftOut::default();
    let mut usable: Vec<(&Export<'_>, Function)> = Vec::new();
    for export in &exports {
        // Whatever more there is, it is not looked at: each function may be large.
        if usable.len() >= limits::MANIFEST_TOOLS_MAX {
            left_out
                .add(&export.label(), &format!("a plugin has at most {} tools; split the component", limits::MANIFEST_TOOLS_MAX));
            continue;
        }
        match usable_function(&reader, export) {
            Ok(function) => usable.push((export, function)),
            Err(why) => left_out.add(&export.label(), &why),
        }
    }
    let counted = |names: &mut dyn Iterator<Item = String>| {
        let mut count: HashMap<String, usize> = HashMap::new();
        names.for_each(|name| *count.entry(name).or_default() += 1);
        count
    };
    let short = counted(&mut usable.iter().map(|(export, _)| export.tool()));
    let named = |export: &Export<'_>| if short.get(&export.tool()) == Some(&1) { export.tool() } else { export.long_tool() };
    let long = counted(&mut usable.iter().map(|(export, _)| named(export)));
    let mut found = Found { reflected: Reflected { functions: BTreeMap::new(), left_out: Vec::new() }, docs: BTreeMap::new() };
    for (export, function) in usable {
        let tool = named(export);
        match check_name(alias, &tool, long.get(&tool) == Some(&1)) {
            Ok(()) => {
                found.docs.extend(docs.of_function(export.interface, export.name).map(|docs| (tool.clone(), docs)));
                found.reflected.functions.insert(tool, function);
            }
            Err(why) => left_out.add(&export.label(), &why),
        }
    }
    found.reflected.left_out = left_out.lines();
    found
}

/// The function, if its values are data.
fn usable_function(reader: &Reader<'_>, export: &Export<'_>) -> Result<Function, String> {
    if export.interface.is_some_and(|interface| interface.starts_with("wasi:")) {
        return Err("what WASI defines is called by programs that run components, not by a model".to_owned());
    }
    if export.name.starts_with('[') {
        return Err("it belongs to a resource, whose handles mean nothing outside of the component's instance, which ends with \
                    the call; export a plain function that takes and gives data"
            .to_owned());
    }
    let (parameters, result) = reader.signature(&reader.types[export.id])?;
    let interface = export.interface.map(str::to_owned);
    let function = Function { interface, name: export.name.to_owned(), parameters, result };
    for (what, schema) in [("takes", function.input_schema()), ("gives", function.output_schema())] {
        Schema::new(&schema).map_err(|problem| format!("the schema of what it {what} is not allowed: {problem}"))?;
    }
    Ok(function)
}

/// With a name that two functions have, neither is taken: which one it means must not depend on their order in the file.
fn check_name(alias: &str, tool: &str, is_own: bool) -> Result<(), String> {
    let full = tool_name::joined(alias, tool);
    if full.len() > TOOL_NAME_BYTES_MAX {
        return Err(format!(
            "the tool name `{full}` has more than {TOOL_NAME_BYTES_MAX} characters; shorten it or the file's name"
        ));
    }
    if !is_name(tool) {
        return Err(format!("`{}` cannot be a tool's name; export the function under a plain one", tool.escape_debug()));
    }
    if !is_own {
        return Err(format!("another function would be the tool `{full}` too; rename one of them"));
    }
    Ok(())
}

/// The first function of a component for a later engine, and what in it this one does not have.
pub(crate) fn first_async(parts: &Parts, types: &Types) -> Option<String> {
    let (exports, names) = exports(parts, types);
    let reader = Reader { types, names, docs: &Docs::default() };
    exports.iter().find_map(|export| {
        let why = reader.signature(&types[export.id]).err()?;
        Some(format!("`{}`: {}", export.label(), text::clean(&why, limits::PLUGIN_TEXT_BYTES_MAX)))
    })
}

/// Functions that are no tools, as lines.
#[derive(Default)]
struct LeftOut {
    told: Vec<String>,
    more: usize,
}

impl LeftOut {
    fn add(&mut self, label: &str, why: &str) {
        if self.told.len() < limits::REFLECT_LEFT_OUT_MAX {
            self.told.push(format!("`{label}`: {}", text::clean(why, limits::PLUGIN_TEXT_BYTES_MAX)));
        } else {
            self.more += 1;
        }
    }

    fn lines(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("and {} more functions", self.more));
        }
        self.told
    }
}
