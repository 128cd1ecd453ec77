//! Packages: what other tools see of them, and what is refused.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::fixture::{WEATHER, key, package, weather};

/// Reads the package's OCI manifest after something in it was changed.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Contents, PackageError> {
    let package = package(&key(1));
    let mut manifest: Value = serde_json::from_slice(&package.pack().unwrap().oci_manifest).unwrap();
    change(&mut manifest);
    Contents::read(&serde_json::to_vec(&manifest).unwrap())
}

fn full() -> Package {
    Package { sbom: Some(br#"{"bomFormat":"CycloneDX"}"#.to_vec()), rotations: vec![vec![1], vec![2]], ..package(&key(1)) }
}

#[test]
fn a_package_is_an_oci_artifact_whose_first_layer_is_the_component() {
    let package = full();
    let packed = package.pack().unwrap();
    let manifest: Value = serde_json::from_slice(&packed.oci_manifest).unwrap();
    insta::assert_json_snapshot!(manifest);
    let config: Value = serde_json::from_slice(packed.blobs.last().unwrap()).unwrap();
    insta::assert_json_snapshot!(config);
    assert_eq!(packed, package.clone().pack().unwrap(), "the same package has the same digest");
}

#[test]
fn what_was_packed_is_read() {
    let package = full();
    let contents = Contents::read(&package.pack().unwrap().oci_manifest).unwrap();
    assert_eq!(contents.key, key(1).public());
    assert_eq!(
        contents.parts(),
        Parts { wasm: Digest::of(&weather()), manifest: Digest::of(WEATHER), sbom: package.sbom.as_deref().map(Digest::of) }
    );
    assert_eq!(
        contents.rotations.iter().map(|rotation| rotation.digest).collect::<Vec<_>>(),
        [Digest::of(&[1]), Digest::of(&[2]),]
    );
}

#[test]
fn what_is_not_a_package_says_why() {
    let layers = |manifest: &mut Value| manifest["layers"].as_array_mut().unwrap().clone();
    let refusals = [
        Contents::read(b"{"),
        changed(|manifest| manifest["mediaType"] = "application/vnd.oci.image.index.v1+json\n".into()),
        changed(|manifest| manifest["layers"].as_array_mut().unwrap().swap(0, 1)),
        changed(|manifest| manifest["layers"] = Vec::<Value>::new().into()),
        changed(|manifest| drop(manifest["layers"].as_array_mut().unwrap().pop())),
        changed(|manifest| manifest["layers"] = [layers(manifest), layers(manifest)].concat().into()),
        changed(|manifest| manifest["layers"] = vec![layers(manifest)[0].clone(); REGISTRY_LAYERS_MAX + 1].into()),
        changed(|manifest| drop(manifest["layers"][3]["annotations"].as_object_mut().unwrap().remove(KEY))),
        changed(|manifest| manifest["layers"][3]["annotations"][KEY] = "ssh-rsa".into()),
        changed(|manifest| manifest["layers"][0]["digest"] = "sha256:../../../../etc/passwd".into()),
        changed(|manifest| manifest["layers"][0]["size"] = (PLUGIN_BYTES_MAX + 1).into()),
    ];
    let told: Vec<String> = refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_layer_of_a_kind_that_only_a_newer_octi_knows_is_passed_over() {
    let contents = changed(|manifest| {
        let mut readme = manifest["layers"][1].clone();
        readme["mediaType"] = "text/markdown".into();
        manifest["layers"].as_array_mut().unwrap().push(readme);
    });
    assert_eq!(contents, changed(|_| {}));
}

#[test]
fn each_part_of_a_package_has_its_size() {
    let with = |change: fn(&mut Package)| {
        let mut package = package(&key(1));
        change(&mut package);
        package.pack().map(drop).unwrap_err()
    };
    let too_large = [
        with(|package| package.wasm = vec![0; PLUGIN_BYTES_MAX + 1]),
        with(|package| package.manifest = vec![0; MANIFEST_BYTES_MAX + 1]),
        with(|package| package.statement = vec![0; REGISTRY_STATEMENT_BYTES_MAX + 1]),
        with(|package| package.signature = vec![0; REGISTRY_SIGNATURE_BYTES_MAX + 1]),
        with(|package| package.sbom = Some(vec![0; REGISTRY_SBOM_BYTES_MAX + 1])),
        with(|package| package.rotations = vec![vec![0; REGISTRY_ROTATION_BYTES_MAX + 1]]),
        Contents::read(&vec![b' '; REGISTRY_MANIFEST_BYTES_MAX + 1]).unwrap_err(),
    ];
    assert!(too_large.iter().all(|error| matches!(error, PackageError::TooLarge { .. })), "{too_large:?}");
    assert_eq!(with(|package| package.rotations = vec![Vec::new(); REGISTRY_ROTATIONS_MAX + 1]), PackageError::TooManyRotations);
}

proptest! {
    #[test]
    fn any_manifest_is_read_or_refused(text in r#"\{"schemaVersion":2,"layers":\[.{0,200}\]\}"#, bytes: Vec<u8>) {
        let _either = Contents::read(text.as_bytes());
        let _either = Contents::read(&bytes);
    }
}
