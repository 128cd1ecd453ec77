//! `octi plugin publish`: a signed plugin goes to a registry. Nothing is published that its publisher did not sign.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use octi_author::Project;
use octi_distribution::{Location, Place, Published};
use octi_domain::limits::REGISTRY_ROTATION_BYTES_MAX;
use octi_engine::PluginManager;
use octi_registry::{Package, section};
use serde_json::json;

use super::signing::{self, read_bounded};
use crate::command::Context;
use crate::distribution;
use crate::failure::{Failure, Outcome};
use crate::output::human_bytes;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The `.wasm` file, or the plugin's folder; its statement and signature lie beside the file
    plugin: PathBuf,
    /// Where to: a folder, or `oci://HOST[:PORT]/PREFIX`
    #[arg(long, value_name = "LOCATION")]
    registry: Location,
    /// Your public key, or a file with it; default your own
    #[arg(long)]
    key: Option<String>,
    /// Its bill of materials, where one was signed; default `FILE.cdx.json` where that is there
    #[arg(long, value_name = "FILE")]
    sbom: Option<PathBuf>,
    /// What your key before says of this one, the oldest first; for who knows you by that
    #[arg(long, value_name = "FILE")]
    rotation: Vec<PathBuf>,
}

/// Checks what is there like everybody who gets it, and pushes it.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let file = if options.plugin.is_dir() { Project::open(&options.plugin)?.packed() } else { options.plugin.clone() };
    let checked = signing::signed(context, ("do not publish", &file), options.key.as_deref(), options.sbom.as_deref());
    let signed = checked.map_err(|failure| {
        let again = format!("what was built again is signed again: `octi plugin sign {}`", super::near(&file).display());
        if failure.hints.is_empty() { failure.hint(again) } else { failure }
    })?;
    let refused = |error: &dyn std::error::Error| Failure::user(format!("cannot publish `{}`: {error}", file.display()));
    let inspection = PluginManager::inspect_packed(&signed.wasm).map_err(|error| refused(&error))?;
    let manifest = section::manifest(&signed.wasm).map_err(|error| refused(&error))?.to_vec();
    let rotations = options.rotation.iter().map(|file| read_bounded(file, REGISTRY_ROTATION_BYTES_MAX));
    let package = Package {
        manifest,
        statement: signed.statement_bytes,
        signature: signed.signature_bytes,
        key: signed.key,
        sbom: signed.sbom,
        rotations: rotations.collect::<Outcome<_>>()?,
        imports: inspection.imports,
        exports: inspection.exports,
        wasm: signed.wasm,
    };
    let digest = package.pack().map_err(|error| refused(&error))?.digest;
    let (name, version, location) = (signed.statement.name, signed.statement.version, &options.registry);
    let bytes = package.wasm.len() as u64;
    let place = Place::create(location, &distribution::access(context, location)?)?;
    let progress = distribution::progress(context.printer);
    let published = Box::pin(place.publish(&name, &version, Arc::new(package), progress)).await?;
    let is_new = published == Published::Now;
    let told = json!({ "name": name, "version": version, "registry": location.to_string(), "package": digest, "new": is_new });
    context.printer.data(&told, |printer| {
        if is_new {
            printer.note(&format!("published {name} {version} ({}) to {location}", human_bytes(bytes)));
        } else {
            printer.note(&format!("{name} {version} is in {location} already, and the very same"));
        }
        printer.line(&format!("package  {digest}"));
        printer.hint(&format!("the registry's owner lists it with `octi registry add {location} {name} {version}`"));
        printer.hint(&format!("then others install it: `octi plugin install {name}@{version}`"));
    });
    Ok(())
}
