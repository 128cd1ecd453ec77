//! The contract between host and plugins: a published WIT package never changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::{codegen, step};

/// Where the hashes are kept.
pub(crate) fn hashes_path() -> PathBuf {
    step::root().join("wit").join("hashes.toml")
}

/// The text of the hash file for the packages as they are.
pub(crate) fn current() -> anyhow::Result<String> {
    let mut text =
        String::from("# Written by `cargo xtask codegen`. A published package never changes: a change needs a new version.\n");
    for (package, hash) in packages(&step::root().join("wit"))? {
        text.push_str(&format!("\"{package}\" = \"{hash}\"\n"));
    }
    Ok(text)
}

/// What is wrong with the contract.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let wit = step::root().join("wit");
    let recorded: BTreeMap<String, String> = match fs::read_to_string(hashes_path()) {
        Ok(text) => toml::from_str(&text).context("wit/hashes.toml is not valid")?,
        Err(_) => BTreeMap::new(),
    };
    let now = packages(&wit)?;
    let mut problems = differences(&recorded, &now);
    problems.extend(frozen(&wit, &now)?);
    if fs::read_to_string(codegen::contract::path()).ok() != Some(codegen::contract::page()?) {
        problems.push("docs/reference/contract.md is stale: run `cargo xtask codegen`".to_owned());
    }
    Ok(problems)
}

fn differences(recorded: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let mut problems = Vec::new();
    for (package, hash) in now {
        match recorded.get(package) {
            Some(old) if old == hash => {}
            Some(_) => problems.push(format!(
                "`{package}` changed under the same version: give it a new version, or, while nothing published uses it, run `cargo xtask codegen`"
            )),
            None => problems.push(format!("`{package}` is not recorded in wit/hashes.toml: run `cargo xtask codegen`")),
        }
    }
    problems
}

/// Every file under `wit/frozen/<version>/` must be recorded as it is.
fn frozen(wit: &Path, now: &BTreeMap<String, String>) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let Ok(versions) = fs::read_dir(wit.join("frozen")) else { return Ok(problems) };
    for version in versions {
        let path = version?.path();
        if !path.is_dir() {
            continue;
        }
        for (package, hash) in packages(&path)? {
            if now.get(&package).is_some_and(|live| *live != hash) {
                problems.push(format!("`{package}` is frozen in {} and must not change", path.display()));
            }
        }
    }
    Ok(problems)
}

/// Package name with version → hash, of each folder that holds one package.
fn packages(wit: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(wit).with_context(|| format!("cannot list `{}`", wit.display()))? {
        let folder = entry?.path();
        let Ok(files) = fs::read_dir(&folder) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != "wit") {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let package = text
                .lines()
                .find_map(|line| line.trim().strip_prefix("package ")?.strip_suffix(';'))
                .with_context(|| format!("`{}` does not begin with `package …;`", path.display()))?;
            let hash = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            found.insert(package.to_owned(), hash);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(package, hash)| ((*package).to_owned(), (*hash).to_owned())).collect()
    }

    #[test]
    fn a_changed_package_needs_a_new_version() {
        let problems = differences(&map(&[("octi:fs@1.0.0", "a")]), &map(&[("octi:fs@1.0.0", "b")]));
        assert!(problems[0].contains("changed under the same version"), "{problems:?}");
        assert_eq!(differences(&map(&[("octi:fs@1.0.0", "a")]), &map(&[("octi:fs@1.0.0", "a")])), Vec::<String>::new());
    }

    #[test]
    fn a_frozen_copy_must_equal_the_package() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::create_dir_all(folder.path().join("fs"))?;
        fs::create_dir_all(folder.path().join("frozen/1.0.0/fs"))?;
        fs::write(folder.path().join("fs/fs.wit"), "package octi:fs@1.0.0;\n")?;
        fs::write(folder.path().join("frozen/1.0.0/fs/fs.wit"), "package octi:fs@1.0.0;\n// then\n")?;
        let problems = frozen(folder.path(), &packages(folder.path())?)?;
        assert_eq!(problems.len(), 1, "{problems:?}");
        Ok(())
    }
}
