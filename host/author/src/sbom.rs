//! What a plugin is made of, as CycloneDX: for Rust, the crates that cargo chose for it; for JavaScript, npm's packages.
//!
//! The same sources give the same bytes, so it has neither a time nor a serial number: its digest is signed.

mod crates;
mod packages;

use std::collections::{BTreeMap, BTreeSet};

use octi_domain::limits::REGISTRY_SBOM_BYTES_MAX;
use octi_extension::manifest::Manifest;
use serde::Serialize;

use crate::error::AuthorError;
use crate::project::Project;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bill {
    bom_format: &'static str,
    spec_version: &'static str,
    version: u32,
    metadata: About,
    components: Vec<Component>,
    dependencies: Vec<Uses>,
}

#[derive(Serialize)]
struct About {
    component: Component,
}

#[derive(Serialize)]
struct Component {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: String,
    version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Licence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
}

#[derive(Serialize)]
struct Licence {
    expression: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Uses {
    r#ref: String,
    depends_on: BTreeSet<String>,
}

/// The bill of materials of a project, as JSON. What is written in Python, or in no language, consists of itself.
///
/// # Errors
/// [`AuthorError`] when cargo or npm's lock file does not say what the project uses, or it is more than anybody reads.
pub async fn bill_of_materials(project: &Project) -> Result<Vec<u8>, AuthorError> {
    let (folder, manifest) = (project.folder(), project.manifest());
    let bill = if folder.join("Cargo.toml").is_file() {
        crates::bill_of(manifest, folder).await?
    } else if folder.join("package.json").is_file() {
        packages::bill_of(manifest, folder)?
    } else {
        bill(manifest, BTreeMap::new(), Vec::new())
    };
    let mut bytes = serde_json::to_vec_pretty(&bill).unwrap_or_default();
    bytes.push(b'\n');
    if bytes.len() > REGISTRY_SBOM_BYTES_MAX {
        let path = folder.display().to_string();
        return Err(AuthorError::TooMany { path, max: REGISTRY_SBOM_BYTES_MAX, what: "bytes in its bill of materials" });
    }
    Ok(bytes)
}

fn bill(manifest: &Manifest, components: BTreeMap<String, Component>, mut dependencies: Vec<Uses>) -> Bill {
    dependencies.sort_by(|one, other| one.r#ref.cmp(&other.r#ref));
    let component = Component {
        r#type: "application",
        bom_ref: own_reference(manifest),
        name: manifest.id.clone(),
        version: manifest.version.clone(),
        licenses: licences(manifest.license.as_deref()),
        purl: None,
    };
    Bill {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        version: 1,
        metadata: About { component },
        components: components.into_values().collect(),
        dependencies,
    }
}

fn own_reference(manifest: &Manifest) -> String {
    format!("octi:{}@{}", manifest.id, manifest.version)
}

/// Old crates write `MIT/Apache-2.0`, which is no expression of SPDX.
fn licences(expression: Option<&str>) -> Vec<Licence> {
    expression.map(|expression| Licence { expression: expression.replace('/', " OR ") }).into_iter().collect()
}
