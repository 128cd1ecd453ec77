//! What a registry serves: an index, a feed of revocations, the OCI manifest of a package.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use octi_domain::ambient::{Ambient, CountingEntropy, ManualClock};
use octi_domain::limits;
use octi_registry::index::Index;
use octi_registry::package::Contents;
use octi_registry::revocation::Feed;
use octi_registry::{PublicKey, SecretKey};
use serde_json::json;

/// When the seeds of the corpus hold.
const NOW: i64 = 1_790_000_000;

static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    SecretKey::generate(&Ambient::new(Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)), Arc::new(CountingEntropy::default())))
});

/// Any bytes, as they are and signed by a registry that signs everything. Nothing unsigned is believed; what is believed keeps to the
/// limits, and signed again it is the same.
pub fn run(data: &[u8]) {
    let (now, keys) = (DateTime::from_timestamp(NOW, 0).unwrap_or_default(), [KEY.public()]);
    assert!(Index::verify(data, &keys, now).is_err() && Feed::verify_kept(data, &keys).is_err(), "nobody signed it");
    match Index::verify(&sealed("application/vnd.octi.index.v1+json", data), &keys, now) {
        Ok(index) => index_holds(&index, &keys, now),
        Err(error) => is_plain(&error.to_string()),
    }
    match Feed::verify_kept(&sealed("application/vnd.octi.revocations.v1+json", data), &keys) {
        Ok(feed) => feed_holds(&feed, &keys),
        Err(error) => is_plain(&error.to_string()),
    }
    match Contents::read(data) {
        Ok(contents) => {
            assert!(
                contents.wasm.size <= limits::PLUGIN_BYTES_MAX as u64
                    && contents.rotations.len() <= limits::REGISTRY_ROTATIONS_MAX
            );
            assert_eq!(contents.parts().wasm, contents.wasm.digest);
        }
        Err(error) => is_plain(&error.to_string()),
    }
}

fn index_holds(index: &Index, keys: &[PublicKey], now: DateTime<chrono::Utc>) {
    for (name, entry) in index.plugins() {
        is_plain(&entry.description);
        assert!(entry.versions.len() <= limits::REGISTRY_VERSIONS_MAX);
        if let Some((version, release)) = index.newest(name) {
            assert!(release.yanked.is_none() && !version.is_pre_release());
            assert_eq!(index.release(name, version), Some(release));
        }
    }
    let again = Index::seal(*index.freshness(), index.plugins(), &KEY).map(|sealed| Index::verify(&sealed, keys, now));
    match again {
        Ok(Ok(again)) => assert_eq!((again.plugins(), again.freshness()), (index.plugins(), index.freshness())),
        other => panic!("what was believed is refused: {other:?}"),
    }
}

fn feed_holds(feed: &Feed, keys: &[PublicKey]) {
    for revocation in feed.revocations() {
        is_plain(&revocation.reason);
    }
    // A feed that has expired is read all the same, and cannot be signed again when it was for too long.
    let Ok(sealed) = Feed::seal(*feed.freshness(), feed.revocations(), &KEY) else { return };
    let again = Feed::verify_kept(&sealed, keys);
    assert_eq!(again.map(|again| again.revocations().to_vec()), Ok(feed.revocations().to_vec()));
}

/// A DSSE envelope, made here from the specification.
fn sealed(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let signature = KEY.sign(&[head.as_bytes(), payload].concat()).to_string();
    let sig = signature.lines().find_map(|line| line.strip_prefix("ed25519 ")).unwrap_or_default();
    let signatures = [json!({ "keyid": KEY.public().id(), "sig": sig })];
    json!({ "payloadType": payload_type, "payload": STANDARD.encode(payload), "signatures": signatures }).to_string().into_bytes()
}

/// A person reads it in a terminal.
fn is_plain(text: &str) {
    let turns = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(turns), "{text:?}");
}
