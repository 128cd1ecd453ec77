//! Pushing to and pulling from registries that nobody here wrote, and from one that does everything wrong.

#![expect(clippy::unwrap_used, reason = "a test says why it cannot go on")]

mod faults;
mod faulty;
mod owner;
mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use octi_distribution::{Access, Location, Place};
use octi_domain::ambient::Ambient;
use octi_registry::freshness::Freshness;
use octi_registry::index::{Entry, Index, Release};
use octi_registry::keys::Trust;
use octi_registry::revocation::Feed;
use octi_registry::seen::Seen;
use octi_registry::{Digest, Document, Package, PluginName, Registry, RegistryError, SecretKey, Source, Statement, Version};
use octi_security::sandbox::egress::{Egress, EgressPolicy};

fn access() -> Access {
    Access::new(Egress::new(EgressPolicy::default()), Ambient::system())
}

fn location(text: &str) -> Location {
    text.parse().unwrap()
}

fn name() -> PluginName {
    "acme/weather".parse().unwrap()
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn leb(number: usize) -> Vec<u8> {
    let groups = (0..5).map(|n| u8::try_from((number >> (7 * n)) & 0x7f).unwrap());
    groups.enumerate().map(|(n, group)| if n < 4 { group | 0x80 } else { group }).collect()
}

fn section(name: &str, content: &[u8]) -> Vec<u8> {
    let body = [leb(name.len()).as_slice(), name.as_bytes(), content].concat();
    [&[0], leb(body.len()).as_slice(), &body].concat()
}

/// A component that does nothing, of so many bytes besides its manifest.
fn component(manifest: &[u8], ballast: usize) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0".to_vec(), section("octi:manifest", manifest), section("ballast", &vec![7; ballast])].concat()
}

/// A version of `acme/weather`, signed.
fn package(version: &str, key: &SecretKey, ballast: usize) -> Package {
    let manifest = format!(
        r#"{{"id":"acme/weather","version":"{version}","wit":"1.0","description":"Forecasts for everywhere","kinds":["tool"]}}"#
    );
    let manifest = manifest.into_bytes();
    let wasm = component(&manifest, ballast);
    let sbom = br#"{"bomFormat":"CycloneDX","specVersion":"1.6"}"#.to_vec();
    let statement = Statement {
        name: name(),
        version: self::version(version),
        wasm: Digest::of(&wasm),
        manifest: Digest::of(&manifest),
        sbom: Some(Digest::of(&sbom)),
        wit: "1.0".parse().unwrap(),
        created: Ambient::system().now(),
    };
    Package {
        wasm,
        manifest,
        signature: statement.sign(key).to_string().into_bytes(),
        statement: statement.encode(),
        key: key.public(),
        sbom: Some(sbom),
        rotations: Vec::new(),
        imports: Vec::new(),
        exports: vec!["octi:plugin/tools@1.0.0".to_owned()],
    }
}

fn key() -> SecretKey {
    SecretKey::generate(&Ambient::system())
}

/// Publishes a package, an index that lists it and an empty feed, all of the one key.
async fn publish_all(place: &Place, package: Package, key: &SecretKey) {
    let package = Arc::new(package);
    let release = Release {
        package: package.pack().unwrap().digest,
        wasm: Digest::of(&package.wasm),
        manifest: Digest::of(&package.manifest),
        yanked: None,
    };
    place.publish(&name(), &version("1.2.0"), package, None).await.unwrap();
    let now = Ambient::system().now();
    let freshness = Freshness { sequence: 1, created: now, expires: now + TimeDelta::days(1) };
    let entry = Entry {
        description: "Forecasts".to_owned(),
        kinds: BTreeSet::from(["tool".to_owned()]),
        versions: BTreeMap::from([(version("1.2.0"), release)]),
    };
    let index = Index::seal(freshness, &BTreeMap::from([(name(), entry)]), key).unwrap();
    place.set_document(Document::Index, index).await.unwrap();
    place.set_document(Document::Revocations, Feed::seal(freshness, &[], key).unwrap()).await.unwrap();
}

/// The file of `acme/weather` 1.2.0, checked like everything a host installs.
async fn install(source: Arc<dyn Source>, key: &SecretKey) -> Result<Vec<u8>, RegistryError> {
    let memory = tempfile::tempdir().unwrap();
    let registry = Registry::new(source, vec![key.public()], Seen::new(memory.path().join("seen.json")), Ambient::system());
    let index = registry.index().await?;
    let (feed, _) = registry.feed().await?;
    let offer = registry.offer(&index, &feed, &Trust::default(), &name(), &version("1.2.0")).await?;
    registry.wasm(&offer).await
}

/// An error and everything behind it, as a person reads it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}\n    because: {cause}");
        next = cause.source();
    }
    text
}
