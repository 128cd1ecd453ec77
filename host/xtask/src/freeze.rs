//! `cargo xtask freeze`: publishes a version of the contract. What it writes never changes again; `wit/README.md` is the law.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use crate::step;
use crate::tidy::contract::frozen;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The version that packages of `wit/` have and that is published, such as `1.0.0`
    version: String,
}

/// Copies every package of that version to `wit/frozen/<version>/`, and records the hashes.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let made = freeze(&step::root().join("wit"), &options.version)?;
    for package in made {
        eprintln!("published {package}");
    }
    eprintln!("Now: `cargo xtask codegen`, `cargo xtask tidy`, and `cargo xtask corpus` for a new minor version.");
    Ok(())
}

/// The packages that were published.
fn freeze(wit: &Path, version: &str) -> anyhow::Result<Vec<String>> {
    let folder = wit.join("frozen").join(version);
    if folder.exists() {
        bail!("contract {version} is published, and what is published never changes; give what changed a new version");
    }
    let live = frozen::packages(wit)?;
    let of_it: Vec<_> = live.iter().filter(|package| package.version() == version).collect();
    if of_it.is_empty() {
        bail!("no package of wit/ has version {version}");
    }
    // Complete or not there: a copy that was cut off would be a law nobody made.
    let draft = wit.join("frozen").join(format!(".{version}"));
    let _no_earlier_try = fs::remove_dir_all(&draft);
    for package in &of_it {
        let file = draft.join(&package.file);
        let parent = file.parent().context("a file without a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot create `{}`", parent.display()))?;
        fs::write(&file, &package.text).with_context(|| format!("cannot write `{}`", file.display()))?;
    }
    fs::rename(&draft, &folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    frozen::record(wit)?;
    Ok(of_it.iter().map(|package| package.name.clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_published_once() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let wit = folder.path();
        for (name, text) in [("fs", "package octi:fs@1.0.0;\n"), ("log", "package octi:log@1.1.0;\n")] {
            fs::create_dir_all(wit.join(name))?;
            fs::write(wit.join(name).join(format!("{name}.wit")), text)?;
        }
        assert_eq!(freeze(wit, "1.0.0")?, ["octi:fs@1.0.0"]);
        assert_eq!(fs::read_to_string(wit.join("frozen/1.0.0/fs/fs.wit"))?, "package octi:fs@1.0.0;\n");
        assert!(!wit.join("frozen/1.0.0/log").exists());
        let refused = |version: &str| freeze(wit, version).map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(refused("1.0.0").contains("is published, and what is published never changes"), "{}", refused("1.0.0"));
        assert_eq!(refused("3.0.0"), "no package of wit/ has version 3.0.0");
        assert_eq!(freeze(wit, "1.1.0")?, ["octi:log@1.1.0"]);
        assert_eq!(frozen::problems(wit)?, Vec::<String>::new());
        Ok(())
    }
}
