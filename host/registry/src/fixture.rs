//! What the tests of this crate share.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::freshness::Freshness;
use crate::index::{Entry, Index, Plugins, Release};
use crate::keys::SecretKey;
use crate::package::Package;
use crate::revocation::{Feed, Revocation};
use crate::{Digest, PluginName, Statement, Version};

pub(crate) const WASM: &[u8] = b"wasm";
pub(crate) const MANIFEST: &[u8] = b"{}";

pub(crate) fn key(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

pub(crate) fn name(text: &str) -> PluginName {
    text.parse().unwrap()
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// A morning, and so many hours after it.
pub(crate) fn morning(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

pub(crate) fn statement() -> Statement {
    Statement {
        name: name("acme/weather"),
        version: version("1.2.0"),
        wasm: Digest::of(WASM),
        manifest: Digest::of(MANIFEST),
        sbom: None,
        wit: "1.0".parse().unwrap(),
        created: "2026-11-29T10:42:21Z".parse().unwrap(),
    }
}

/// The bytes with some bits of one byte changed.
pub(crate) fn flipped(bytes: &[u8], place: usize, bits: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let place = place % changed.len();
    changed[place] ^= bits.max(1);
    changed
}

pub(crate) fn freshness(sequence: u64) -> Freshness {
    Freshness { sequence, created: morning(0), expires: morning(48) }
}

pub(crate) fn plugins(names: &[&str]) -> Plugins {
    let release = |text: &str| Release {
        package: Digest::of(text.as_bytes()),
        wasm: Digest::of(WASM),
        manifest: Digest::of(MANIFEST),
        yanked: None,
    };
    let entry = Entry {
        description: "Forecasts".to_owned(),
        kinds: BTreeSet::from(["tool".to_owned()]),
        versions: ["1.2.0", "1.10.0", "2.0.0-rc.1"].map(|text| (version(text), release(text))).into(),
    };
    names.iter().map(|text| (name(text), entry.clone())).collect()
}

pub(crate) fn sealed_index(sequence: u64, names: &[&str], key: &SecretKey) -> Vec<u8> {
    Index::seal(freshness(sequence), &plugins(names), key).unwrap()
}

pub(crate) fn index(sequence: u64, names: &[&str]) -> Index {
    Index::verify(&sealed_index(sequence, names, &key(1)), &[key(1).public()], morning(1)).unwrap()
}

pub(crate) fn sealed_feed(sequence: u64, revocations: &[Revocation], key: &SecretKey) -> Vec<u8> {
    Feed::seal(freshness(sequence), revocations, key).unwrap()
}

pub(crate) fn feed(sequence: u64, revocations: &[Revocation]) -> Feed {
    Feed::verify(&sealed_feed(sequence, revocations, &key(1)), &[key(1).public()], morning(1)).unwrap()
}

pub(crate) const WEATHER: &[u8] = br#"{"id":"acme/weather","version":"1.2.0","wit":"1.0"}"#;

/// A component that does nothing, with these sections of a manifest.
pub(crate) fn component(manifests: &[&[u8]]) -> Vec<u8> {
    let leb = |number: usize| -> Vec<u8> {
        let groups = (0..5).map(|n| u8::try_from((number >> (7 * n)) & 0x7f).unwrap());
        groups.enumerate().map(|(n, group)| if n < 4 { group | 0x80 } else { group }).collect()
    };
    let name = octi_extension::manifest::SECTION.as_bytes();
    let sections = manifests.iter().map(|manifest| {
        let content = [leb(name.len()).as_slice(), name, manifest].concat();
        [&[0], leb(content.len()).as_slice(), &content].concat()
    });
    [b"\0asm\x0d\0\x01\0".to_vec()].into_iter().chain(sections).flatten().collect()
}

/// The component of `acme/weather`.
pub(crate) fn weather() -> Vec<u8> {
    component(&[WEATHER])
}

/// A package of `acme/weather` 1.2.0, signed with that key.
pub(crate) fn package(key: &SecretKey) -> Package {
    let statement = Statement { wasm: Digest::of(&weather()), manifest: Digest::of(WEATHER), ..statement() };
    Package {
        wasm: weather(),
        manifest: WEATHER.to_vec(),
        signature: statement.sign(key).to_string().into_bytes(),
        statement: statement.encode(),
        key: key.public(),
        sbom: None,
        rotations: Vec::new(),
        imports: vec!["octi:http/client@1.0.0".to_owned()],
        exports: vec!["octi:plugin/tools@1.0.0".to_owned()],
    }
}
