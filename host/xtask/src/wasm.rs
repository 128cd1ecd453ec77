//! Building the plugins that ship inside the binary.
//!
//! A tool is compiled for `wasm32-wasip2`, asked once for its tools in an instance that is denied everything, and packed with
//! the answer; a role or a skill is packed from its text without a compiler. The result is one folder of `.wasm` files that
//! `host/cli/build.rs` embeds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::step::{self, Steps};
use crate::toolchain::{self, TARGET};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Pack with an optimised engine
    #[arg(long)]
    pub(crate) release: bool,
}

/// Builds and packs every first-party plugin; returns the folder.
pub(crate) fn run(options: &Options) -> anyhow::Result<PathBuf> {
    let mut steps = Steps::new(5);
    steps.step("Checking the WebAssembly target", toolchain::ensure_wasm_target)?;
    let tools = folders("tools-wasm", "Cargo.toml")?;
    steps.step(&format!("Compiling {} tools to WebAssembly", tools.len()), || compile(&tools))?;
    let packer = steps.step("Building the packer", || build_packer(options.release))?;
    let roles = folders("plugins/roles", "plugin.toml")?;
    let skills = folders("plugins/skills", "plugin.toml")?;
    let cookbook = if options.release { Vec::new() } else { folders("docs/cookbook", "Cargo.toml")? };
    let out = bundle_dir()?;
    let count = tools.len() + roles.len() + skills.len();
    steps.step(&format!("Packing {count} plugins"), || pack_all(&packer, &tools, (&roles, &skills), &out))?;
    pack_fixture(&packer)?;
    // For the tests, and no part of octi.
    steps.step(&format!("Packing {} plugins of the cookbook", cookbook.len()), || pack_cookbook(&packer, &cookbook))?;
    Ok(out)
}

/// The plugin of the tests that needs a compiler, where they look for it.
fn pack_fixture(packer: &Path) -> anyhow::Result<()> {
    let folder = step::target_dir()?.join("octi-fixtures");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    pack_guest(packer, Path::new("tests/guests/conformance"), "octi-guest-conformance", &folder.join("conformance.wasm"))
}

/// Compiles a guest that does not ship, in that folder of the repository, and packs it.
pub(crate) fn pack_guest(packer: &Path, folder: &Path, package: &str, out: &Path) -> anyhow::Result<()> {
    step::run(&mut step::cargo(&["build", "--profile", "guest", "--target", TARGET, "--package", package]))?;
    let component = step::target_dir()?.join(TARGET).join("guest").join(format!("{}.wasm", package.replace('-', "_")));
    let manifest = step::root().join(folder).join("plugin.toml");
    step::run(std::process::Command::new(packer).arg("tool").arg(&component).arg(manifest).arg(out))
}

/// Compiles and packs the plugins of the cookbook that are written in Rust, beside those that ship.
fn pack_cookbook(packer: &Path, cookbook: &[PathBuf]) -> anyhow::Result<()> {
    let out = bundle_dir()?.with_file_name("octi-cookbook");
    fs::create_dir_all(&out).with_context(|| format!("cannot create `{}`", out.display()))?;
    for folder in cookbook {
        let name = name(folder);
        pack_guest(packer, folder, &format!("octi-guest-cookbook-{name}"), &out.join(format!("{name}.wasm")))?;
    }
    Ok(())
}

/// Where the packed plugins go.
pub(crate) fn bundle_dir() -> anyhow::Result<PathBuf> {
    Ok(step::target_dir()?.join("octi-plugins"))
}

fn folders(parent: &str, marker: &str) -> anyhow::Result<Vec<PathBuf>> {
    let parent = step::root().join(parent);
    let mut found = Vec::new();
    for entry in fs::read_dir(&parent).with_context(|| format!("cannot list `{}`", parent.display()))? {
        let path = entry?.path();
        if path.join(marker).is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn name(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn compile(tools: &[PathBuf]) -> anyhow::Result<()> {
    let mut command = step::cargo(&["build", "--profile", "guest", "--target", "wasm32-wasip2"]);
    for tool in tools {
        command.args(["--package", &format!("octi-tool-{}", name(tool))]);
    }
    step::run(&mut command)
}

/// Builds the program that makes plugin files; where it is.
pub(crate) fn build_packer(release: bool) -> anyhow::Result<PathBuf> {
    // Cargo chooses the features of dependencies for the packages it is asked for. Asked for the same ones as the build that
    // follows (octi, or the tests), it compiles nothing twice.
    let mut command = step::cargo(&["build", "--bin", "octi-pack"]);
    command.args(if release { &step::SHIPPED[..] } else { &["--workspace"] });
    step::run(&mut command)?;
    let profile = if release { "release" } else { "debug" };
    Ok(step::target_dir()?.join(profile).join("octi-pack"))
}

fn pack_all(packer: &Path, tools: &[PathBuf], (roles, skills): (&[PathBuf], &[PathBuf]), out: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("cannot create `{}`", out.display()))?;
    let compiled = step::target_dir()?.join("wasm32-wasip2").join("guest");
    let mut made = Vec::new();
    for tool in tools {
        let component = compiled.join(format!("octi_tool_{}.wasm", name(tool).replace('-', "_")));
        let target = out.join(format!("{}.wasm", name(tool)));
        let mut command = std::process::Command::new(packer);
        step::run(command.arg("tool").arg(&component).arg(tool.join("plugin.toml")).arg(&target))?;
        made.push(target);
    }
    let texts = roles.iter().map(|role| ("role", role)).chain(skills.iter().map(|skill| ("skill", skill)));
    for (kind, folder) in texts {
        let target = out.join(format!("{kind}-{}.wasm", name(folder)));
        step::run(std::process::Command::new(packer).arg(kind).arg(folder).arg(&target))?;
        made.push(target);
    }
    remove_stale(out, &made)
}

/// A plugin that was renamed or deleted must not stay in the binary.
fn remove_stale(out: &Path, made: &[PathBuf]) -> anyhow::Result<()> {
    for entry in fs::read_dir(out)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && !made.contains(&path) {
            fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
    }
    Ok(())
}
