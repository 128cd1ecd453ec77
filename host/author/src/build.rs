//! From a folder to one plugin file: the author's own compiler, then the packer of the engine.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use octi_domain::limits;
use octi_engine::pack::{self, Earlier};
use octi_engine::{Inspection, PluginManager};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::error::AuthorError;
use crate::files;
use crate::language::Language;
use crate::project::Project;
use crate::script;
use crate::toolchain::{self, TARGET};

/// A plugin file, not written yet.
#[derive(Debug)]
pub struct Built {
    pub bytes: Vec<u8>,
    pub inspection: Inspection,
    /// The compiler's file and its size in bytes; none for what needs no compiler.
    pub component: Option<(PathBuf, u64)>,
}

/// Compiles the project, in Rust in a profile of its `Cargo.toml`, and packs it. What the compiler says goes to standard error.
///
/// # Errors
/// [`AuthorError`], which names what is missing and the command that brings it.
pub async fn build(project: &Project, profile: &str) -> Result<Built, AuthorError> {
    build_with(project, profile, None).await
}

/// The same at every change of the project, which takes less time with what was there before it.
///
/// # Errors
/// [`AuthorError`], as [`build`].
pub async fn build_again(project: &Project, profile: &str, earlier: &mut Earlier) -> Result<Built, AuthorError> {
    build_with(project, profile, Some(earlier)).await
}

async fn build_with(project: &Project, profile: &str, earlier: Option<&mut Earlier>) -> Result<Built, AuthorError> {
    let folder = project.folder();
    let path = match Language::of(folder) {
        Some(Language::Rust) => compile(folder, profile).await?,
        Some(Language::JavaScript) => script::javascript(folder, project.manifest()).await?,
        Some(Language::Python) => script::python(folder, project.manifest()).await?,
        None if folder.join("prompt.md").is_file() => return finished(pack::pack_role(folder), folder, None),
        None if folder.join("SKILL.md").is_file() => return finished(pack::pack_skill(folder), folder, None),
        None => return Err(AuthorError::NoCode(folder.display().to_string())),
    };
    let component = files::read(&path, limits::PLUGIN_BYTES_MAX)?;
    let packed = Box::pin(pack::pack_tool_in(folder, &component, project.text(), earlier)).await;
    finished(packed, &path, Some((path.clone(), component.len() as u64)))
}

fn finished(
    packed: Result<Vec<u8>, pack::PackError>,
    path: &Path,
    component: Option<(PathBuf, u64)>,
) -> Result<Built, AuthorError> {
    let failed = |problem| AuthorError::Pack { path: path.display().to_string(), problem };
    let bytes = packed.map_err(failed)?;
    let inspection = PluginManager::inspect_packed(&bytes).map_err(|error| failed(error.into()))?;
    Ok(Built { bytes, inspection, component })
}

/// A line of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

impl Message {
    /// The component of the crate in that folder; its dependencies have messages too.
    fn component(self, folder: &Path) -> Option<PathBuf> {
        let is_ours = self.reason == "compiler-artifact" && self.manifest_path == folder.join("Cargo.toml");
        let is_component = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
        self.filenames.into_iter().find(|path| is_ours && is_component(path))
    }
}

async fn compile(folder: &Path, profile: &str) -> Result<PathBuf, AuthorError> {
    let arguments = ["build", "--target", TARGET, "--profile", profile, "--message-format", "json-render-diagnostics"];
    let mut command = toolchain::program("cargo");
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| AuthorError::NoProgram { name: "cargo", problem: error.to_string() })?;
    let mut component = None;
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output).lines();
        // Cargo's own messages are JSON; what is not was printed by a build script.
        while let Ok(Some(line)) = lines.next_line().await {
            let message = serde_json::from_str::<Message>(&line).ok();
            component = message.and_then(|message| message.component(folder)).or(component);
        }
    }
    let status = child.wait().await.map_err(|error| AuthorError::NoProgram { name: "cargo", problem: error.to_string() })?;
    if !status.success() {
        if toolchain::has_target(folder).await == Some(false) {
            return Err(AuthorError::NoTarget);
        }
        let command = format!("cargo build --target {TARGET} --profile {profile}");
        return Err(AuthorError::Compiler { command, status: status.to_string() });
    }
    component.ok_or_else(|| AuthorError::NoComponent(folder.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_the_one_of_the_crate_and_not_of_what_it_uses() {
        let message = |reason: &str, manifest: &str, files: &[&str]| {
            let json = serde_json::json!({ "reason": reason, "manifest_path": manifest, "filenames": files, "fresh": true });
            serde_json::from_value::<Message>(json).unwrap().component(Path::new("/p"))
        };
        let files = ["/t/libx.rlib", "/t/x.wasm"];
        assert_eq!(message("compiler-artifact", "/p/Cargo.toml", &files), Some(PathBuf::from("/t/x.wasm")));
        assert_eq!(message("compiler-artifact", "/p/other/Cargo.toml", &files), None);
        assert_eq!(message("compiler-artifact", "/p/Cargo.toml", &files[..1]), None);
        assert_eq!(message("build-script-executed", "/p/Cargo.toml", &files), None);
    }
}
