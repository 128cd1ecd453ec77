//! Components of what is not compiled: the engine of the language with the author's code in it.
//!
//! The tools that make them are the author's own, in the project's folder, at the versions that its lock file pins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use octi_domain::limits;
use octi_extension::manifest::Manifest;
use tokio::process::Command;

use crate::error::AuthorError;
use crate::files;
use crate::toolchain;
use crate::world::{self, WORLD};

/// What a build leaves in the project, and nothing in it needs keeping.
const WORK: &str = ".octi";
/// Where npm puts the SDK.
const SDK_JS: &str = "node_modules/@octi/plugin";
/// The module of the author's code.
const MODULE_PY: &str = "plugin";

/// Bundles `src/plugin.js` and puts it into a component.
pub(crate) async fn javascript(folder: &Path, manifest: &Manifest) -> Result<PathBuf, AuthorError> {
    let script = format!("{SDK_JS}/build.mjs");
    if !folder.join(&script).is_file() {
        return Err(missing(SDK_JS, toolchain::NPM_INSTALL));
    }
    let work = prepared(folder, manifest, false)?;
    let component = work.join("component.wasm");
    let mut command = toolchain::program("node");
    // The SDK is a link into `vendor`; what it imports is beside the link.
    command.args(["--preserve-symlinks", "--preserve-symlinks-main", script.as_str()]);
    command.arg("--wit").arg(work.join("wit")).args(["--world", WORLD]).arg("--out").arg(&component);
    run(command, folder, "node").await?;
    Ok(component)
}

/// Puts Python, `src/plugin.py` and what it imports into a component.
pub(crate) async fn python(folder: &Path, manifest: &Manifest) -> Result<PathBuf, AuthorError> {
    let program = folder.join(toolchain::COMPONENTIZE_PY);
    if !program.is_file() {
        return Err(missing(toolchain::COMPONENTIZE_PY, toolchain::PIP_INSTALL));
    }
    let work = prepared(folder, manifest, true)?;
    let (entry, component) = (work.join("entry"), work.join("component.wasm"));
    let written = fs::create_dir_all(&entry).and_then(|()| fs::write(entry.join("octi_entry.py"), entry_of(manifest)));
    written.map_err(|error| AuthorError::file(&entry, &error))?;
    let program = program.to_str().ok_or_else(|| missing(toolchain::COMPONENTIZE_PY, toolchain::PIP_INSTALL))?;
    let mut command = toolchain::program(program);
    // Without it, packages that are installed for the whole machine would get into the component, and another machine has others.
    command.env("VIRTUAL_ENV", folder.canonicalize().unwrap_or_default().join(toolchain::VENV)).env_remove("PYTHONPATH");
    // Where the author's own programs show where they broke, this would show its insides below the author's line.
    command.env_remove("RUST_BACKTRACE").env_remove("RUST_LIB_BACKTRACE");
    command.arg("--wit-path").arg(work.join("wit")).args(["--world", WORLD, "componentize"]);
    // Everything that WASI is for Python reaches out: without stubs it asks for sockets, which no plugin gets. What the SDK's clocks and
    // randomness come from is in the world under other names.
    command.args(["--stub-wasi", "-p", "src", "-p", "vendor", "-p"]).arg(&entry).arg("-o").arg(&component).arg("octi_entry");
    run(command, folder, "componentize-py").await?;
    let mut made = files::read(&component, limits::PLUGIN_BYTES_MAX)?;
    world::as_wasi(&mut made);
    files::write_whole(&component, &made)?;
    Ok(component)
}

/// The first module that the component runs; it only joins the author's to the SDK, which comes first: it builds the walls.
fn entry_of(manifest: &Manifest) -> String {
    let kinds = world::kinds(manifest);
    let parts = kinds.iter().filter_map(|kind| match *kind {
        "tools" => Some(("guest", "tools_of", "Tools")),
        "hook" => Some(("hook_guest", "hook_of", "Hook")),
        "channel" => Some(("channel_guest", "channel_of", "Channel")),
        _ => None,
    });
    let parts: Vec<_> = parts.collect();
    let imports: String = parts.iter().map(|(module, make, _)| format!("from octi_plugin.{module} import {make}\n")).collect();
    let classes: String = parts.iter().map(|(_, make, class)| format!("{class} = {make}({MODULE_PY})\n")).collect();
    format!("{imports}import {MODULE_PY}\n\n{classes}")
}

fn missing(what: &str, command: &'static str) -> AuthorError {
    AuthorError::NotInstalled { what: what.to_owned(), command }
}

/// The folder of the build, with the contract in it and without the component of the last one.
fn prepared(folder: &Path, manifest: &Manifest, clocks: bool) -> Result<PathBuf, AuthorError> {
    let work = folder.join(WORK);
    let component = work.join("component.wasm");
    if component.exists() {
        fs::remove_file(&component).map_err(|error| AuthorError::file(&component, &error))?;
    }
    world::write(&work.join("wit"), manifest, clocks)?;
    Ok(work)
}

/// What it says goes to standard error, as a compiler's words do: standard output is octi's own.
async fn run(mut command: Command, folder: &Path, name: &'static str) -> Result<(), AuthorError> {
    command.current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr()).kill_on_drop(true);
    let failed = |error: std::io::Error| AuthorError::NoProgram { name, problem: error.to_string() };
    let status = command.spawn().map_err(failed)?.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(AuthorError::Compiler { command: name.to_owned(), status: status.to_string() }) }
}

#[cfg(test)]
mod tests {
    use octi_extension::manifest::WIT_VERSION;

    use super::*;

    #[test]
    fn the_sdk_is_imported_before_the_code_of_the_author() {
        let text =
            format!("id = 'a/b'\nversion = '1.0.0'\nwit = '{WIT_VERSION}'\ndescription = 'x'\n[hook]\nevents = ['message']\n");
        let manifest = Manifest::from_toml(&format!("{text}[tools.x]\npermission = 'allow'\neffects = []\n")).unwrap();
        assert_eq!(
            entry_of(&manifest),
            "from octi_plugin.guest import tools_of\nfrom octi_plugin.hook_guest import hook_of\nimport plugin\n\n\
             Tools = tools_of(plugin)\nHook = hook_of(plugin)\n"
        );
    }
}
