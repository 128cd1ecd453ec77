//! Published packages: `wit/frozen/<version>/<package>/` with the hashes that say they are as they were. A copy is made once and
//! never edited or deleted, and what stands in `wit/` under a published version is the copy.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use super::grown;

/// One WIT package, a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    /// With its version, such as `octi:fs@1.0.0`.
    pub(crate) name: String,
    /// From the folder of all packages.
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

impl Package {
    pub(crate) fn version(&self) -> &str {
        self.name.split_once('@').map_or("", |(_, version)| version)
    }

    /// Without its version.
    pub(crate) fn plain(&self) -> &str {
        self.name.split_once('@').map_or(self.name.as_str(), |(plain, _)| plain)
    }

    pub(crate) fn hash(&self) -> String {
        Sha256::digest(self.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// For comparing.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.version().split('.').map(|number| number.parse().unwrap_or_default()).collect()
    }
}

/// The packages in the folders of a folder, by name.
pub(crate) fn packages(parent: &Path) -> anyhow::Result<Vec<Package>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(parent).with_context(|| format!("cannot list `{}`", parent.display()))? {
        let Ok(files) = fs::read_dir(entry?.path()) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != "wit") {
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let name = text
                .lines()
                .find_map(|line| line.trim().strip_prefix("package ")?.strip_suffix(';'))
                .with_context(|| format!("`{}` does not begin with `package …;`", path.display()))?
                .to_owned();
            found.push(Package { name, file: path.strip_prefix(parent)?.to_owned(), text });
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// The copies, each with the folder it is in.
fn copies(wit: &Path) -> anyhow::Result<Vec<(String, Package)>> {
    let mut found = Vec::new();
    let Ok(versions) = fs::read_dir(wit.join("frozen")) else { return Ok(found) };
    for version in versions {
        let path = version?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(packages(&path)?.into_iter().map(|package| (name.clone(), package)));
        }
    }
    found.sort_by(|one, other| one.1.name.cmp(&other.1.name));
    Ok(found)
}

fn hashes_path(wit: &Path) -> PathBuf {
    wit.join("frozen").join("hashes.toml")
}

fn recorded(wit: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    match fs::read_to_string(hashes_path(wit)) {
        Ok(text) => toml::from_str(&text).context("wit/frozen/hashes.toml is not valid"),
        Err(_) => Ok(BTreeMap::new()),
    }
}

/// Writes the hashes of copies that have none yet. One that was changed since keeps its hash, and stays wrong.
pub(crate) fn record(wit: &Path) -> anyhow::Result<()> {
    let mut hashes = recorded(wit)?;
    for (_, package) in copies(wit)? {
        hashes.entry(package.name.clone()).or_insert_with(|| package.hash());
    }
    let mut text = String::from("# Written by `cargo xtask freeze`. Lines are added and never changed.\n");
    for (package, hash) in hashes {
        text.push_str(&format!("\"{package}\" = \"{hash}\"\n"));
    }
    let path = hashes_path(wit);
    match fs::write(&path, text) {
        Ok(()) => Ok(()),
        Err(error) => bail!("cannot write `{}`: {error}", path.display()),
    }
}

/// What breaks the law of versions.
pub(crate) fn problems(wit: &Path) -> anyhow::Result<Vec<String>> {
    let (live, copies, hashes) = (packages(wit)?, copies(wit)?, recorded(wit)?);
    let mut problems = Vec::new();
    for (folder, package) in &copies {
        let name = &package.name;
        if folder != package.version() {
            problems.push(format!("`{name}` is in wit/frozen/{folder}: a copy stands under its own version"));
        }
        match hashes.get(name) {
            Some(hash) if *hash == package.hash() => {}
            Some(_) => {
                problems.push(format!("the copy of `{name}` in wit/frozen was changed after it was published: take it back"))
            }
            None => problems.push(format!("the copy of `{name}` in wit/frozen has no hash: `cargo xtask freeze` makes copies")),
        }
    }
    let copied = |name: &str| copies.iter().map(|(_, copy)| copy).find(|copy| copy.name == name);
    for name in hashes.keys().filter(|name| copied(name).is_none()) {
        problems.push(format!("the copy of `{name}`, which was published, is gone from wit/frozen: bring it back"));
    }
    for package in &live {
        problems.extend(live_problem(package, &copies));
    }
    for (_, copy) in copies.iter().filter(|(_, copy)| live.iter().all(|package| package.plain() != copy.plain())) {
        problems.push(format!("`{}` was published, and wit/ has no `{}` any more", copy.name, copy.plain()));
    }
    problems.extend(grown::problems(&live, &copies.into_iter().map(|(_, copy)| copy).collect::<Vec<_>>())?);
    Ok(problems)
}

fn live_problem(package: &Package, copies: &[(String, Package)]) -> Option<String> {
    let (name, version) = (&package.name, package.version());
    if let Some((_, copy)) = copies.iter().find(|(_, copy)| copy.name == *name) {
        let differs = copy.text != package.text;
        return differs.then(|| format!("`{name}` is published and differs from its copy in wit/frozen: give it a new version"));
    }
    if copies.iter().any(|(folder, _)| folder == version) {
        return Some(format!("contract {version} was published without `{name}`: it begins with the next minor version"));
    }
    let newest = copies.iter().filter(|(_, copy)| copy.plain() == package.plain()).map(|(_, copy)| copy.numbers()).max();
    newest.is_some_and(|newest| newest > package.numbers()).then(|| format!("a newer version than `{name}` is published"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "package octi:log@1.0.0;\n";

    fn published() -> anyhow::Result<tempfile::TempDir> {
        let folder = tempfile::tempdir()?;
        for place in ["log", "frozen/1.0.0/log"] {
            fs::create_dir_all(folder.path().join(place))?;
            fs::write(folder.path().join(place).join("log.wit"), LOG)?;
        }
        record(folder.path())?;
        assert_eq!(problems(folder.path())?, Vec::<String>::new());
        Ok(folder)
    }

    #[test]
    fn a_copy_never_changes_and_never_goes() -> anyhow::Result<()> {
        let folder = published()?;
        let copy = folder.path().join("frozen/1.0.0/log/log.wit");
        fs::write(&copy, format!("{LOG}// then\n"))?;
        // Recording once more does not make it right.
        record(folder.path())?;
        let found = problems(folder.path())?;
        assert!(found.iter().any(|problem| problem.contains("was changed after it was published")), "{found:?}");
        fs::remove_file(&copy)?;
        let found = problems(folder.path())?;
        assert!(found.iter().any(|problem| problem.contains("is gone from wit/frozen")), "{found:?}");
        Ok(())
    }

    #[test]
    fn what_is_published_is_the_copy() -> anyhow::Result<()> {
        let told = |place: &str, text: &str, expected: &str| -> anyhow::Result<()> {
            let folder = published()?;
            fs::create_dir_all(folder.path().join(place))?;
            fs::write(folder.path().join(place).join("x.wit"), text)?;
            if place == "log" {
                fs::remove_file(folder.path().join("log/log.wit"))?;
            }
            let found = problems(folder.path())?;
            assert!(found.iter().any(|problem| problem.contains(expected)), "{found:?}");
            Ok(())
        };
        told("log", "package octi:log@1.0.0;\n// now\n", "is published and differs from its copy")?;
        told("log", "package octi:log@0.9.0;\n", "a newer version than `octi:log@0.9.0` is published")?;
        told("log", "package octi:diary@1.1.0;\n", "wit/ has no `octi:log` any more")?;
        told("kv", "package octi:kv@1.0.0;\n", "contract 1.0.0 was published without `octi:kv@1.0.0`")?;
        told("frozen/1.1.0/kv", "package octi:kv@1.1.0;\n", "has no hash: `cargo xtask freeze` makes copies")?;
        told("frozen/1.1.0/kv", "package octi:kv@1.2.0;\n", "is in wit/frozen/1.1.0: a copy stands under its own version")
    }
}
