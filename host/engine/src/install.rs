//! May this plugin be installed? Each refusal names what is wrong and what to do.
//!
//! The order: size, kind, validity, manifest, imports ⊆ manifest ⊆ host, exports, and last a trial run.

use octi_domain::{limits, tool_name};
use octi_extension::capability::GATED_PACKAGES;
use octi_extension::manifest::{Kind, Manifest, ManifestError, SECTION, WIT_VERSION};
use octi_extension::schema::Schema;
use octi_extension::served::{self, Unserved};

use crate::capability::wasi;
use crate::loader::Inspection;
use crate::reflect;
use crate::text;

/// Longest name of a tool as the model sees it; providers refuse longer ones.
pub(crate) const TOOL_NAME_BYTES_MAX: usize = 64;
/// The `octi:*` packages that need no grant.
pub(crate) const OPEN_PACKAGES: [&str; 2] = ["octi:types", "octi:log"];

/// The publisher in the ids of Extism modules, which no plugin may claim to be.
const EXTISM: &str = "extism";

/// Why a plugin is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InstallError {
    #[error("{bytes} bytes are more than the {} a plugin may have; build it with `--profile guest`", limits::PLUGIN_BYTES_MAX)]
    TooLarge { bytes: usize },
    #[error(
        "this is not a WebAssembly component: {0}; build it with `cargo build --target wasm32-wasip2` (modules of Extism, which import from `extism:host/env`, can be installed too)"
    )]
    NotComponent(String),
    #[error("this component is not valid or uses a WebAssembly feature that is off: {0}")]
    Invalid(String),
    /// Checking it would take too much of the host.
    #[error("checking this component would take too much: {0}")]
    Costly(String),
    #[error(
        "it has no `{SECTION}` section, so it asks for nothing and says nothing of itself; build it with `octi plugin build` in its folder"
    )]
    NoManifest,
    /// No manifest, and nothing that could do without one.
    #[error("it has no `{SECTION}` section, and it exports no function that could be a tool without one{}", told(.left_out))]
    NothingUsable { left_out: Vec<String> },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Imports more than its manifest asks for.
    #[error(
        "it imports `{import}`, but its manifest does not ask for it; add `{key}` to `[capabilities]` of plugin.toml and pack it again"
    )]
    NotInManifest { import: String, key: &'static str },
    /// Imports more than a component without a manifest gets.
    #[error(
        "it imports `{import}`, but a component without a manifest is granted nothing; ask for `{key}` in a plugin.toml and pack both with `octi plugin pack`"
    )]
    NotForBare { import: String, key: &'static str },
    /// Imports what no plugin gets.
    #[error("it imports `{import}`, which this host does not offer: {why}")]
    NotOffered { import: String, why: String },
    /// Was built for a contract that this host does not serve, whatever its manifest says.
    #[error("it {what} `{name}`: {unserved}")]
    OtherContract { what: &'static str, name: String, unserved: Unserved },
    /// Lacks what its manifest says it is.
    #[error(
        "its manifest says that it is a {kind} plugin, but it does not export `{export}`; implement it, or remove it from plugin.toml"
    )]
    NoExport { kind: &'static str, export: String },
    /// The manifest's parts do not fit.
    #[error("{0}")]
    Inconsistent(String),
    /// Another plugin has the name.
    #[error("{what} `{name}` belongs to plugin `{owner}` already; remove that one first, or rename this one")]
    Clash { what: &'static str, name: String, owner: String },
    /// The compiler refuses it, crashes, or takes too much.
    #[error("it does not compile: {0}")]
    Compile(String),
    /// It does not start.
    #[error("it does not start: {0}")]
    Start(String),
    /// The plugin folder.
    #[error("the plugin folder cannot be used: {0}")]
    Folder(String),
    /// Nothing of that id.
    #[error("no plugin `{0}` is installed; `octi plugin list` shows them")]
    NotFound(String),
    /// Nothing to go back to.
    #[error("no earlier version of `{0}` is kept; install the one you want")]
    NothingKept(String),
    /// It must not run any more.
    #[error("`{id}` is not run: {reason}")]
    Revoked { id: String, reason: String },
    /// Part of the program.
    #[error("`{0}` is part of octi and cannot be removed; a plugin of the same id in the plugin folder replaces it")]
    Bundled(String),
}

/// Checks everything that a look at the file can tell.
pub(crate) fn check(inspection: &Inspection) -> Result<(), InstallError> {
    for import in &inspection.imports {
        check_import(import, &inspection.manifest).map_err(|error| match error {
            InstallError::NotInManifest { import, key } if inspection.reflected.is_some() => {
                InstallError::NotForBare { import, key }
            }
            other => other,
        })?;
    }
    let is_local = inspection.manifest.id.split('/').next() == Some(reflect::PUBLISHER);
    if is_local && inspection.reflected.is_none() {
        return Err(InstallError::Inconsistent(format!(
            "its id is `{}`, but `{}` stands for components without a manifest; choose another publisher",
            inspection.manifest.id,
            reflect::PUBLISHER
        )));
    }
    if inspection.manifest.id.split('/').next() == Some(EXTISM) {
        return Err(InstallError::Inconsistent(format!(
            "its id is `{}`, but `{EXTISM}` stands for modules of Extism; choose another publisher",
            inspection.manifest.id
        )));
    }
    // The exports of a component without a manifest are what its tools were made of.
    if inspection.reflected.is_none() {
        check_exports(inspection)?;
    }
    check_tools(&inspection.manifest)
}

/// Lines below an error.
fn told(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n- {line}")).collect()
}

/// `octi:fs` of `octi:fs/files@1.0.0`.
fn package(import: &str) -> &str {
    import.split('/').next().unwrap_or(import)
}

/// The version of a package of the contract: `1.0.0` of `octi:fs/files@1.0.0`.
fn version(name: &str) -> &str {
    name.split_once('@').map_or("", |(_, version)| version)
}

/// The linker gives a newer minor what it has of an older one, so nobody but this refuses a plugin for a newer contract.
fn check_served(what: &'static str, name: &str) -> Result<(), InstallError> {
    served::check(version(name)).map_err(|unserved| InstallError::OtherContract { what, name: name.to_owned(), unserved })
}

pub(crate) fn check_import(import: &str, manifest: &Manifest) -> Result<(), InstallError> {
    let package = package(import);
    if package.starts_with("octi:") {
        check_served("imports", import)?;
    }
    if wasi::PACKAGES.contains(&package) || OPEN_PACKAGES.contains(&package) {
        return Ok(());
    }
    if let Some((_, key)) = GATED_PACKAGES.iter().find(|(name, _)| *name == package) {
        return if manifest.capabilities.asks_for(key) {
            Ok(())
        } else {
            Err(InstallError::NotInManifest { import: import.to_owned(), key })
        };
    }
    let why = match package {
        "wasi:sockets" => "a plugin opens no connections of its own",
        "wasi:http" => "a plugin makes no requests of its own",
        _ if package.starts_with("octi:") => "the contract has no such package; check its name, or update octi",
        _ => "only `octi:*` and the parts of WASI that the standard library needs are offered",
    };
    Err(InstallError::NotOffered { import: import.to_owned(), why: why.to_owned() })
}

fn check_exports(inspection: &Inspection) -> Result<(), InstallError> {
    let manifest = &inspection.manifest;
    for export in inspection.exports.iter().filter(|export| export.starts_with("octi:")) {
        check_served("exports", export)?;
    }
    let exports = |interface: &str| {
        let wanted = format!("octi:plugin/{interface}@");
        inspection.exports.iter().any(|export| export.starts_with(&wanted))
    };
    let no_export =
        |kind, interface: &str| Err(InstallError::NoExport { kind, export: format!("octi:plugin/{interface}@{WIT_VERSION}.0") });
    if is_tool(manifest) && !exports("tools") {
        return no_export("tool", "tools");
    }
    if manifest.role.is_some() && !exports("role") {
        return no_export("role", "role");
    }
    if manifest.skill.is_some() && !exports("skill") {
        return no_export("skill", "skill");
    }
    if manifest.hook.is_some() && !exports("hook") {
        return no_export("hook", "hook");
    }
    if manifest.channel.is_some() && !exports("channel") {
        return no_export("channel", "channel");
    }
    let is_text = manifest.role.is_some() || manifest.skill.is_some();
    if !is_tool(manifest) && !is_text && manifest.hook.is_none() && manifest.channel.is_none() {
        return Err(InstallError::Inconsistent(
            "its manifest offers nothing: add `[tools.<name>]`, `[role]`, `[skill]`, `[hook]` or `[channel]`".to_owned(),
        ));
    }
    Ok(())
}

/// Whether the manifest describes tools.
pub(crate) fn is_tool(manifest: &Manifest) -> bool {
    !manifest.tools.is_empty() || manifest.kinds.contains(&Kind::Tool)
}

/// Refuses what has a name that another plugin has.
pub(crate) fn check_clash(manifest: &Manifest, other: &Manifest) -> Result<(), InstallError> {
    let clash = |what, name: &str| Err(InstallError::Clash { what, name: name.to_owned(), owner: other.id.clone() });
    if !other.tools.is_empty() && !manifest.tools.is_empty() && other.alias() == manifest.alias() {
        return clash("the tool name", manifest.alias());
    }
    if let (Some(theirs), Some(ours)) = (&other.role, &manifest.role)
        && theirs.name == ours.name
    {
        return clash("the role", &ours.name);
    }
    if let (Some(theirs), Some(ours)) = (&other.skill, &manifest.skill)
        && theirs.name == ours.name
    {
        return clash("the skill", &ours.name);
    }
    Ok(())
}

fn check_tools(manifest: &Manifest) -> Result<(), InstallError> {
    for (name, entry) in &manifest.tools {
        let full = tool_name::joined(manifest.alias(), name);
        if full.len() > TOOL_NAME_BYTES_MAX {
            return Err(InstallError::Inconsistent(format!(
                "the tool name `{full}` has more than {TOOL_NAME_BYTES_MAX} characters; shorten it"
            )));
        }
        let Some(schema) = &entry.input_schema else {
            return Err(InstallError::Inconsistent(format!(
                "tool `{name}` has no input schema in the manifest; build it with `octi plugin build`"
            )));
        };
        for schema in std::iter::once(schema).chain(&entry.output_schema) {
            Schema::new(schema).map_err(|problem| {
                let problem = text::clean(&problem, limits::PLUGIN_TEXT_BYTES_MAX);
                InstallError::Inconsistent(format!("a schema of tool `{name}` is not valid: {problem}"))
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(extra: &str) -> Manifest {
        let text = format!("id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n{extra}");
        Manifest::from_toml(&text).expect("a valid manifest")
    }

    #[test]
    fn an_import_outside_of_the_manifest_is_named_with_the_key_to_add() {
        let refusal = check_import("octi:fs/files@1.0.0", &manifest("")).expect_err("not in the manifest");
        assert_eq!(
            refusal.to_string(),
            "it imports `octi:fs/files@1.0.0`, but its manifest does not ask for it; add `fs` to `[capabilities]` of plugin.toml and pack it again"
        );
        assert_eq!(check_import("octi:kv/store@1.0.0", &manifest("[capabilities]\nkv = { bytes_max = 10 }")), Ok(()));
        let refusal = check_import("octi:http/client@1.0.0", &manifest("")).expect_err("not in the manifest");
        assert!(refusal.to_string().contains("add `http` to `[capabilities]`"), "{refusal}");
        let asked = manifest("[capabilities]\nhttp = [{ host = 'a.test', methods = ['GET'], reason = 'x' }]");
        assert_eq!(check_import("octi:http/client@1.0.0", &asked), Ok(()));
    }

    #[test]
    fn networks_and_strangers_are_refused_by_name() {
        for import in [
            "wasi:sockets/tcp@0.2.0",
            "wasi:http/outgoing-handler@0.2.0",
            "octi:browser/page@1.0.0",
            "octi:engine/instead@1.0.0",
            "acme:x/y",
        ] {
            let refusal = check_import(import, &manifest("")).expect_err("never offered");
            assert!(refusal.to_string().contains(&format!("`{import}`")), "{refusal}");
        }
        assert_eq!(check_import("wasi:cli/environment@0.2.6", &manifest("")), Ok(()));
    }
}
