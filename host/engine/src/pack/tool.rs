//! A plugin from a compiled component and its `plugin.toml`: tools, a role, a skill, or several of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use octi_domain::plugin_limits::PluginLimits;
use octi_extension::manifest::{Kind, Manifest, SkillEntry, ToolEntry};
use octi_extension::tool::Containment;
use serde_json::Value;

use super::PackError;
use super::contract::with_manifest;
use super::offered;
use crate::bindings::skill::exports::octi::plugin::skill::Spec;
use crate::bindings::tool::exports::octi::plugin::tools::Tool;
use crate::cache::Cache;
use crate::compile::Compiler;
use crate::engine::{Class, Runtime};
use crate::functions::Functions;
use crate::generation;
use crate::install;
use crate::instance::Setup;
use crate::limits::Budget;
use crate::loader;

/// Asks the component what it is, once, in an instance that is denied everything, and adds the manifest to it.
///
/// # Errors
/// [`PackError`]: a tool that only plugin.toml or only the code has is named, and so is an import that plugin.toml does
/// not ask for.
pub async fn pack_tool(component: &[u8], plugin_toml: &str) -> Result<Vec<u8>, PackError> {
    pack(component, Manifest::from_toml(plugin_toml)?, None).await
}

/// What packing a plugin leaves for packing its next version, which is asked sooner then: machine code of a guest that brings its
/// language. It is in memory only.
#[derive(Debug, Default)]
pub struct Earlier(pub(crate) Functions);

/// The same for a plugin whose prompts and documents stand in files of that folder. An author who packs one version after the other
/// gives what the one before left.
///
/// # Errors
/// [`PackError`], as [`pack_tool`], and for a file that cannot be put in.
pub async fn pack_tool_in(
    dir: &Path,
    component: &[u8],
    plugin_toml: &str,
    earlier: Option<&mut Earlier>,
) -> Result<Vec<u8>, PackError> {
    let mut manifest = Manifest::from_toml(plugin_toml)?;
    offered::fill(&mut manifest, dir)?;
    pack(component, manifest, earlier).await
}

async fn pack(component: &[u8], mut manifest: Manifest, earlier: Option<&mut Earlier>) -> Result<Vec<u8>, PackError> {
    let parts = loader::parts(component)?;
    let has_tools = parts.exports.iter().any(|export| export.starts_with("octi:plugin/tools@"));
    // What only watches, brings messages or is a text has nothing to describe.
    let is_other = manifest.hook.is_some() || manifest.channel.is_some() || manifest.role.is_some() || manifest.skill.is_some();
    let is_tool = has_tools || !manifest.tools.is_empty() || !is_other;
    let kinds = [
        (Kind::Tool, is_tool),
        (Kind::Role, manifest.role.is_some()),
        (Kind::Skill, manifest.skill.is_some()),
        (Kind::Hook, manifest.hook.is_some()),
        (Kind::Channel, manifest.channel.is_some()),
    ];
    for (kind, is_one) in kinds {
        if is_one && !manifest.kinds.contains(&kind) {
            manifest.kinds.push(kind);
        }
    }
    for import in parts.imports {
        install::check_import(&import, &manifest)?;
    }
    if is_tool || manifest.skill.is_some() {
        let (described, skill) = describe(component, &manifest, earlier).await?;
        merge(&mut manifest, described)?;
        if let (Some(said), Some(entry)) = (skill, &manifest.skill) {
            check_skill(&said, entry)?;
        }
    }
    let bytes = with_manifest(component.to_vec(), &manifest)?;
    install::check(&loader::inspect(&bytes)?)?;
    Ok(bytes)
}

async fn describe(
    component: &[u8],
    manifest: &Manifest,
    earlier: Option<&mut Earlier>,
) -> Result<(Vec<Tool>, Option<Spec>), PackError> {
    let budget = Budget::of(manifest.limits, &PluginLimits::default()).trial();
    let class = Class::of(budget.memory_bytes);
    let mut earlier = earlier.filter(|_| Functions::save_time(class, component.len()));
    let known = earlier.as_mut().map(|earlier| Arc::new(std::mem::take(&mut earlier.0)));
    let runtime = Runtime::start_small(known.clone())?;
    let code = component.to_vec();
    let compiled = Cache::none(Compiler::InProcess)
        .component(runtime.lane(class)?, (&manifest.id, &loader::digest(component)), move || Ok(code), |_| async { Ok(()) })
        .await?;
    if let (Some(earlier), Some(known)) = (earlier, known) {
        earlier.0 = known.for_next();
    }
    compiled.check_needs(budget.memory_bytes)?;
    let ready = generation::bind(manifest, &compiled.link()?)?;
    let setup = || Setup::without_rights("describe", manifest, budget);
    let failed = |containment: Containment| PackError::Describe(containment.message());
    let tools = match &ready.tool {
        Some(guest) => guest.describe(setup()).await.0.map_err(failed)?,
        None => Vec::new(),
    };
    let skill = match &ready.skill {
        Some(guest) => Some(guest.spec(setup()).await.0.map_err(failed)?),
        None => None,
    };
    Ok((tools, skill))
}

/// Refuses a `[skill]` that the code does not agree with.
fn check_skill(said: &Spec, entry: &SkillEntry) -> Result<(), PackError> {
    let fields = [
        ("name", said.name == entry.name),
        ("description", said.description == entry.description),
        ("triggers", said.triggers == entry.triggers),
        ("always", said.always == entry.always),
        ("topics", said.topics == entry.topics),
        ("roles", said.roles == entry.roles),
        ("dynamic", said.dynamic == entry.dynamic),
    ];
    match fields.into_iter().find(|(_, agrees)| !agrees) {
        Some((field, _)) => Err(PackError::Mismatch(format!(
            "`skill.{field}` of plugin.toml is not what the component's `describe` says; write the same in both"
        ))),
        None => Ok(()),
    }
}

/// Adds descriptions and schemas to the manifest's tools.
fn merge(manifest: &mut Manifest, described: Vec<Tool>) -> Result<(), PackError> {
    let mut code: BTreeMap<String, Tool> = BTreeMap::new();
    for tool in described {
        if let Some(twice) = code.insert(tool.name.clone(), tool) {
            return Err(PackError::Mismatch(format!("the component describes `{}` twice", twice.name)));
        }
    }
    for (name, entry) in &mut manifest.tools {
        let tool = code.remove(name).ok_or_else(|| {
            PackError::Mismatch(format!(
                "plugin.toml has a tool `{name}` that the component does not describe; remove it or implement it"
            ))
        })?;
        fill(name, entry, tool)?;
    }
    match code.into_keys().next() {
        Some(name) => Err(PackError::Mismatch(format!(
            "the component describes a tool `{name}` that plugin.toml does not have; add `[tools.{name}]` with its permission and effects"
        ))),
        None => Ok(()),
    }
}

fn fill(name: &str, entry: &mut ToolEntry, tool: Tool) -> Result<(), PackError> {
    let schema = |what: &str, text: &str| -> Result<Value, PackError> {
        serde_json::from_str(text)
            .map_err(|error| PackError::Mismatch(format!("the {what} schema of tool `{name}` is not JSON: {error}")))
    };
    if tool.description.trim().is_empty() {
        return Err(PackError::Mismatch(format!(
            "tool `{name}` has no description; models choose tools by it, so write a doc comment"
        )));
    }
    entry.description = tool.description;
    entry.input_schema = Some(schema("input", &tool.input_schema)?);
    entry.output_schema = tool.output_schema.as_deref().map(|text| schema("output", text)).transpose()?;
    let known =
        |subject: &String| entry.input_schema.as_ref().is_some_and(|s| s.pointer(&format!("/properties/{subject}")).is_some());
    match &entry.subject {
        Some(subject) if !known(subject) => Err(PackError::Mismatch(format!(
            "`tools.{name}.subject` of plugin.toml is `{subject}`, but the tool has no such argument"
        ))),
        _ => Ok(()),
    }
}
