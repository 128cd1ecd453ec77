//! What makes a component of a core module that follows it.

use octi_extension::contract::SOURCES;
use octi_extension::manifest::{Manifest, SECTION};
use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve, WorldId};

use super::PackError;
use crate::install::InstallError;

pub(super) fn encode_error(error: impl std::fmt::Display) -> PackError {
    PackError::Encode(error.to_string())
}

/// The parsed contract and one of its worlds.
pub(super) fn world(name: &str) -> Result<(Resolve, WorldId), PackError> {
    let mut resolve = Resolve::default();
    let mut last: Option<PackageId> = None;
    for (path, text) in SOURCES {
        last = Some(resolve.push_str(path, text).map_err(|error| encode_error(format!("{error:#}")))?);
    }
    let packages: Vec<PackageId> = last.into_iter().collect();
    let world = resolve.select_world(&packages, Some(name)).map_err(|error| encode_error(format!("{error:#}")))?;
    Ok((resolve, world))
}

/// A component of that world, such as `octi:plugin/tool-plugin`, made from a core module that has its imports and exports.
///
/// # Errors
/// [`PackError::Encode`] when the module does not fit the world.
pub(super) fn component(mut core: Vec<u8>, world_name: &str) -> Result<Vec<u8>, PackError> {
    let (resolve, world) = world(world_name)?;
    let failed = |error| encode_error(format!("{error:#}"));
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).map_err(failed)?;
    ComponentEncoder::default().validate(true).module(&core).map_err(failed)?.encode().map_err(failed)
}

/// The component with its manifest as a custom section at the end.
///
/// # Errors
/// [`PackError::Component`] when it is no component, or has a manifest already.
pub(super) fn with_manifest(mut component: Vec<u8>, manifest: &Manifest) -> Result<Vec<u8>, PackError> {
    if crate::loader::parts(&component)?.manifest.is_some() {
        return Err(PackError::Component(InstallError::Invalid(format!(
            "it has a `{SECTION}` section already; pack the component as the compiler made it"
        ))));
    }
    let data = manifest.to_section();
    let section = CustomSection { name: SECTION.into(), data: data.as_slice().into() };
    component.push(ComponentSection::id(&section));
    wasm_encoder::Encode::encode(&section, &mut component);
    Ok(component)
}
