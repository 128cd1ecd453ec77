//! `cargo xtask corpus`: plugins for a minor version of the contract, kept as files so that every later host is tested with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::step::{self, Steps};
use crate::toolchain::{self, TARGET};
use crate::wasm;

/// What is built from code, each an example of the package `octi-corpus`.
const COMPONENTS: [&str; 3] = ["tool", "hook", "channel"];
/// What is packed from text.
const TEXTS: [&str; 2] = ["role", "skill"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The minor version of the contract, such as `1.0`
    contract: String,
}

/// Builds every plugin of the corpus for a contract that has none yet.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let sources = step::root().join("tests/corpus/sources");
    let out = step::root().join("tests/corpus").join(&options.contract);
    let plugins: Vec<Plugin> = COMPONENTS.iter().chain(&TEXTS).map(|name| Plugin::new(name, &sources, &out)).collect();
    for plugin in &plugins {
        plugin.check(&options.contract)?;
    }
    let mut steps = Steps::new(4);
    steps.step("Checking the WebAssembly target", toolchain::ensure_wasm_target)?;
    steps.step("Compiling the components", compile)?;
    let packer = steps.step("Building the packer", || wasm::build_packer(false))?;
    let built = step::target_dir()?.join(TARGET).join("guest").join("examples");
    steps.step(&format!("Packing {} plugins", plugins.len()), || {
        plugins.iter().try_for_each(|plugin| plugin.pack(&packer, &built))
    })?;
    eprintln!("Give each a case in {}, and commit both.", out.display());
    Ok(())
}

fn compile() -> anyhow::Result<()> {
    let mut command = step::cargo(&["build", "--profile", "guest", "--target", TARGET, "--package", "octi-corpus", "--examples"]);
    // They are files of the repository: the smallest code rather than the fastest.
    step::run(command.env("CARGO_PROFILE_GUEST_OPT_LEVEL", "z"))
}

struct Plugin {
    name: &'static str,
    source: PathBuf,
    file: PathBuf,
}

impl Plugin {
    fn new(name: &'static str, sources: &Path, out: &Path) -> Self {
        Self { name, source: sources.join(name), file: out.join(name).join("plugin.wasm") }
    }

    /// A plugin of the corpus is never built again: what a compiler of today makes of it is another plugin.
    fn check(&self, contract: &str) -> anyhow::Result<()> {
        if self.file.exists() {
            bail!(
                "`{}` is there, and a plugin of the corpus is never changed; a new minor version gets its own",
                self.file.display()
            );
        }
        let manifest = self.source.join("plugin.toml");
        let text = fs::read_to_string(&manifest).with_context(|| format!("cannot read `{}`", manifest.display()))?;
        if !text.lines().any(|line| line == format!("wit = \"{contract}\"")) {
            bail!("`{}` is not for contract {contract}; write `wit = \"{contract}\"` there", manifest.display());
        }
        Ok(())
    }

    fn pack(&self, packer: &Path, built: &Path) -> anyhow::Result<()> {
        let folder = self.file.parent().context("a file without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
        let mut command = Command::new(packer);
        if COMPONENTS.contains(&self.name) {
            let component = built.join(self.name).with_extension("wasm");
            command.arg("tool").arg(component).arg(self.source.join("plugin.toml")).arg(&self.file);
        } else {
            command.arg(self.name).arg(&self.source).arg(&self.file);
        }
        step::run(&mut command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_built_again_and_sources_are_for_the_contract() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let plugin = Plugin::new("role", folder.path(), &folder.path().join("1.0"));
        fs::create_dir_all(folder.path().join("role"))?;
        fs::write(folder.path().join("role/plugin.toml"), "id = \"corpus/role\"\nwit = \"1.0\"\n")?;
        plugin.check("1.0")?;
        let other = plugin.check("1.1").map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(other.contains("is not for contract 1.1; write `wit = \"1.1\"` there"), "{other}");
        fs::create_dir_all(folder.path().join("1.0/role"))?;
        fs::write(&plugin.file, "")?;
        let again = plugin.check("1.0").map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(again.contains("never changed"), "{again}");
        Ok(())
    }
}
