//! The contract between host and plugins: a published WIT package never changes.

pub(crate) mod frozen;
mod grown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::{codegen, step};

/// Where the hashes are kept.
pub(crate) fn hashes_path() -> PathBuf {
    step::root().join("wit").join("hashes.toml")
}

/// The text of the hash file for the packages as they are.
pub(crate) fn current() -> anyhow::Result<String> {
    let mut text =
        String::from("# Written by `cargo xtask codegen`. A published package never changes: a change needs a new version.\n");
    for (package, hash) in hashes(&step::root().join("wit"))? {
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
    let mut problems = differences(&recorded, &hashes(&wit)?);
    problems.extend(frozen::problems(&wit)?);
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

/// Package name with version → hash, of each folder that holds one package.
fn hashes(wit: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    Ok(frozen::packages(wit)?.into_iter().map(|package| (package.name.clone(), package.hash())).collect())
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
}
