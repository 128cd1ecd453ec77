//! The crates of a plugin in Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use octi_extension::manifest::Manifest;
use serde::Deserialize;

use super::{Bill, Component, Uses, bill, licences, own_reference};
use crate::error::AuthorError;
use crate::toolchain::{self, TARGET};

/// What cargo says of a project, as far as it is needed.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    /// None for what lies on the author's disk.
    source: Option<String>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    /// None for what is part of the plugin; `build` and `dev` are not.
    kind: Option<String>,
}

/// What cargo chose for the plugin in that folder.
pub(super) async fn bill_of(manifest: &Manifest, folder: &Path) -> Result<Bill, AuthorError> {
    Ok(of_crates(manifest, folder, &metadata(folder).await?))
}

async fn metadata(folder: &Path) -> Result<Metadata, AuthorError> {
    // What is in the lock file is what was built.
    let arguments = ["metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET];
    let mut command = toolchain::program("cargo");
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.map_err(|error| AuthorError::NoProgram { name: "cargo", problem: error.to_string() })?;
    if !output.status.success() {
        return Err(AuthorError::NotBuilt(folder.display().to_string()));
    }
    let problem = |error: serde_json::Error| AuthorError::File { path: "cargo metadata".to_owned(), problem: error.to_string() };
    serde_json::from_slice(&output.stdout).map_err(problem)
}

fn of_crates(manifest: &Manifest, folder: &Path, metadata: &Metadata) -> Bill {
    let packages: BTreeMap<&str, &Package> = metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let uses: BTreeMap<&str, BTreeSet<&str>> = metadata.resolve.nodes.iter().map(|node| (node.id.as_str(), used(node))).collect();
    let ours = folder.join("Cargo.toml");
    let root = metadata.packages.iter().find(|package| package.manifest_path == ours).map(|package| package.id.as_str());
    let (mut found, mut next) = (BTreeSet::new(), Vec::from_iter(root));
    while let Some(id) = next.pop() {
        if found.insert(id) {
            next.extend(uses.get(id).into_iter().flatten());
        }
    }
    let components =
        found.iter().filter(|id| Some(**id) != root).filter_map(|id| packages.get(id)).map(|package| component(package));
    let components = components.map(|component| (component.bom_ref.clone(), component)).collect();
    let uses = found.iter().map(|id| {
        let name = |id: &&str| packages.get(id).map(|package| purl(package));
        let depends_on = uses.get(id).into_iter().flatten().filter_map(name).collect();
        let of = if Some(*id) == root { own_reference(manifest) } else { name(id).unwrap_or_default() };
        Uses { r#ref: of, depends_on }
    });
    bill(manifest, components, uses.collect())
}

fn used(node: &Node) -> BTreeSet<&str> {
    let is_part = |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
    node.deps.iter().filter(is_part).map(|dependency| dependency.pkg.as_str()).collect()
}

fn component(package: &Package) -> Component {
    let is_public = package.source.as_deref().is_some_and(|source| source.starts_with("registry+"));
    Component {
        r#type: "library",
        bom_ref: purl(package),
        name: package.name.clone(),
        version: package.version.clone(),
        licenses: licences(package.license.as_deref()),
        purl: is_public.then(|| purl(package)),
    }
}

/// Where a crate lies on the author's disk is nobody's business.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_what_is_in_the_plugin_and_nothing_else() {
        let package = |id: &str, source: Option<&str>, license: Option<&str>| {
            let (name, version) = id.split_once('@').unwrap();
            serde_json::json!({
                "id": id, "name": name, "version": version, "license": license, "source": source,
                "manifest_path": format!("/home/ann/{name}/Cargo.toml"),
            })
        };
        let registry = Some("registry+https://registry.example/index");
        let uses = |pkg: &str, kind: Option<&str>| serde_json::json!({ "pkg": pkg, "dep_kinds": [{ "kind": kind }] });
        let metadata = serde_json::json!({
            "packages": [
                package("weather@1.2.0", None, None),
                package("serde@1.0.1+x", registry, Some("MIT/Apache-2.0")),
                package("shared@0.1.0", None, Some("MIT")),
                package("insta@1.0.0", registry, None),
                package("cc@1.0.0", registry, None),
            ],
            "resolve": { "nodes": [
                { "id": "weather@1.2.0", "deps": [uses("shared@0.1.0", None), uses("insta@1.0.0", Some("dev")), uses("cc@1.0.0", Some("build"))] },
                { "id": "shared@0.1.0", "deps": [uses("serde@1.0.1+x", None)] },
                { "id": "serde@1.0.1+x", "deps": [] },
                { "id": "insta@1.0.0", "deps": [] },
                { "id": "cc@1.0.0", "deps": [] },
            ] },
        });
        let metadata = serde_json::from_value(metadata).unwrap();
        let toml = "id = 'acme/weather'\nversion = '1.2.0'\nwit = '1.0'\ndescription = 'x'\nlicense = 'MIT'\n";
        let bill = of_crates(&Manifest::from_toml(toml).unwrap(), Path::new("/home/ann/weather"), &metadata);
        let text = serde_json::to_string_pretty(&bill).unwrap();
        assert!(!text.contains("/home/ann"), "{text}");
        insta::assert_snapshot!(text);
    }
}
